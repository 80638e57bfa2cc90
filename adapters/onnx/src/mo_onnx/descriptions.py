"""The ids of the descriptions of ONNX models that came with the old tool (`--transformations_config`)."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import Unsupported
from mo_core.rewriting import Replacer, SubGraph


def _refuse(found: SubGraph) -> None:
    """Not supported: the model is converted operation by operation."""
    raise Unsupported(
        f'"{found.description.id}" is not supported ({found.description.where})',
        "Leave the description out: the model is converted operation by operation, with the outputs that it has.",
    )


REPLACERS: Sequence[Replacer] = tuple(
    Replacer(f"ONNX{name}Replacement", _refuse, finds=True)
    for name in ("MaskRCNN", "FasterRCNN", "PersonDetectionCrossroad")
)
"""All of them; each names nodes of one published model, for which the runtime had operations of its own."""
