"""Fourier transforms of more elements than there are.

The CPU plug-in of OpenVINO (seen in 2026.4) reads past the end of the data of RDFT and IRDFT, or refuses the model,
when `signal_size` is larger than the axis, which is to be continued with zeros. `test_long_signals` tells when that
is mended.
"""

from __future__ import annotations

from mo_core.build import constant_like, dims_of, ints, known_ints, slice_axis, vector
from mo_core.ir import Graph, Value
from mo_core.ir import types as t
from mo_core.ops import IRDFT, RDFT, Add, Divide, Maximum, Pad, Subtract
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins


@graph_pass("long-signals", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def long_signals(graph: Graph, edit: Editor) -> None:
    """Continue data with zeros to the length that a Fourier transform takes."""
    for node in list(graph):
        if isinstance(node, (RDFT, IRDFT)) and node.signal_size is not None and node.data.shape is not None:
            longer = _continued(node)
            if longer is not None:
                edit.set_operand(node, 0, longer, name=f"{node.name}/continued")
                edit.fire("continued", origins([node]), node.name)


def _continued(node: RDFT | IRDFT) -> Value | None:
    """The data with zeros after it; None where it is long enough, or the axes are not known."""
    data, axes = node.data, known_ints(node.axes)
    if axes is None or node.signal_size is None:
        return None
    rank = data.rank - isinstance(node, IRDFT)  # the axis of real and imaginary parts is not counted
    missing: dict[int, Value] = {}
    for i, axis in enumerate(t.normalize_axes(axes, rank)):
        needed: Value = slice_axis(node.signal_size, 0, i, i + 1)
        if isinstance(node, IRDFT) and i == len(axes) - 1:
            needed = Add(Divide(needed, 2), 1)  # of the frequencies the other half is known
        more = Maximum(Subtract(needed, dims_of(data, [axis])), 0)
        if known_ints(more) != (0,):
            missing[axis] = more
    if not missing:
        return None
    after = vector([missing.get(a, 0) for a in range(data.rank)])
    return Pad(data, ints([0] * data.rank), after, constant_like(data, 0.0))
