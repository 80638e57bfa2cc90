"""The networks that the page "MXNet" speaks of: an image classifier, a recurrent one, and one with a Custom operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mo_core.ir.tensor import Array
from mo_mxnet.params import write_params
from tests.adapters.mxnet.harness import Net


def _write(folder: Path, name: str, net: Any, params: dict[str, tuple[int, ...]]) -> None:
    random = np.random.default_rng(0)
    (folder / f"{name}-symbol.json").write_text(net.json(), encoding="utf-8")
    arrays = {f"arg:{key}": Array(random.normal(size=shape).astype(np.float32)) for key, shape in params.items()}
    write_params(folder / f"{name}-0000.params", arrays)


def write(folder: Path) -> None:
    """Write `resnet50` (a small stand-in), `topology.json` with `weights.bin`, and `gated`."""
    net = Net()
    data = net.var("data")
    conv = net.op("Convolution", data, net.var("w"), net.var("b"), name="conv", kernel=(3, 3), num_filter=4, pad=(1, 1))
    relu = net.op("Activation", conv, name="relu", act_type="relu")
    pool = net.op("Pooling", relu, name="pool", pool_type="avg", global_pool=True, kernel=(1, 1))
    net.op("FullyConnected", pool, net.var("fw"), net.var("fb"), name="fc", num_hidden=5)
    _write(folder, "resnet50", net, {"w": (4, 3, 3, 3), "b": (4,), "fw": (5, 4), "fb": (5,)})
    (folder / "topology.json").write_bytes((folder / "resnet50-symbol.json").read_bytes())
    (folder / "weights.bin").write_bytes((folder / "resnet50-0000.params").read_bytes())
    gated = Net()
    gated.op("Custom", gated.var("data"), name="gated", op_type="gate", factor=2.0)
    _write(folder, "gated", gated, {})
