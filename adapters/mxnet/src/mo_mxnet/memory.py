"""Models in memory: `mx.sym` symbols and Gluon blocks, where MXNet is installed (`mo-mxnet[mxnet]`)."""

from __future__ import annotations

from typing import Any

from mo_core.errors import UsageError
from mo_core.ir.tensor import Array, Tensor
from mo_mxnet.files import Files
from mo_mxnet.symbol import parse_symbol


def from_memory(source: Any) -> Files:
    """The symbol and the parameters of an object; raises UsageError for a block that was never run."""
    block = hasattr(source, "collect_params")
    symbol = _traced(source) if block else source
    params = _params(source) if block else {}
    return Files(parse_symbol(symbol.tojson()), params, f"the {type(source).__name__} in memory")


def _traced(block: Any) -> Any:
    cached = getattr(block, "_cached_graph", ())
    if not cached:
        raise UsageError(
            f"the block {type(block).__name__} has no graph yet", "Call hybridize() and run it once on data."
        )
    return cached[1]


def _params(block: Any) -> dict[str, Tensor]:
    return {name: Array(p.data().asnumpy()) for name, p in block.collect_params().items()}
