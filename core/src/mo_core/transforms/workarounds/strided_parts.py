"""1x1 convolutions with strides of what was computed from a part, written as a convolution of the elements they read.

OpenVINO (seen in 2026.4) moves the strides of a 1x1 convolution up through element-wise operations. Where it comes to
one with several results, as VariadicSplit, it fails to compile the model. A strided part keeps the strides down.
`test_strided_parts` tells when that is mended.
"""

from __future__ import annotations

from mo_core.ir import Node, Value
from mo_core.ops import Convolution, Split
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.workarounds.padded_pointwise import every_nth

_FAR = 64


@rule(p.Convolution(any_("x"), any_("filters"), name="node"))
def elements_of_a_part(node: Convolution, x: Value, filters: Value) -> Value | None:
    """Take each stride-th element first: a 1x1 convolution looks at no others."""
    if max(node.strides) == 1 or any((*node.pads_begin, *node.pads_end)) or node.auto_pad not in ("explicit", "valid"):
        return None
    if filters.shape is None or any(d != 1 for d in filters.shape[2:]) or not _comes_from_a_part(x):
        return None
    return node.evolve(every_nth(x, node.strides), filters, strides=(1,) * len(node.strides))


def _comes_from_a_part(x: Value) -> bool:
    """True when element-wise operations, one at least, lead up to an operation with several results."""
    if not x.node.element_trait.pointwise:
        return False
    seen: set[Node] = set()
    waiting = [x.node]
    while waiting and len(seen) < _FAR:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for value in node.operands:
            if value.node.element_trait.pointwise:
                waiting.append(value.node)
            elif len(value.node.results) > 1 and not isinstance(value.node, Split):
                return True
    return False


strided_parts = rewrites(
    "strided-parts",
    elements_of_a_part,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="A 1x1 convolution with strides of a part, which the runtime fails to compile, reads a strided part of that.",
)
