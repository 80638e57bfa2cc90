"""Fourier transforms of more elements than there are, or of fewer.

The CPU plug-in of OpenVINO (seen in 2026.4) reads past the end of the data of RDFT and IRDFT, or refuses the model,
when `signal_size` is larger than the axis, which is to be continued with zeros. Where an IRDFT over three axes or more
is to leave elements out, it reads memory that nobody wrote. `test_long_signals` tells when that is mended.
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
    """Continue data with zeros to the length that a Fourier transform takes, and cut what is longer."""
    for node in list(graph):
        if isinstance(node, (RDFT, IRDFT)):
            needed = _needed(node)
            data = _continued(node.data, needed)
            if isinstance(node, IRDFT) and len(needed) > 2:
                data = _cut(data, needed)
            if data is not node.data:
                edit.set_operand(node, 0, data, name=f"{node.name}/fitted")
                edit.fire("fitted", origins([node]), node.name)


def _needed(node: RDFT | IRDFT) -> dict[int, Value]:
    """How many elements it takes along each axis; empty where that is not known."""
    axes = known_ints(node.axes)
    if axes is None or node.signal_size is None or node.data.shape is None:
        return {}
    rank = node.data.rank - isinstance(node, IRDFT)  # the axis of real and imaginary parts is not counted
    needed: dict[int, Value] = {}
    for i, axis in enumerate(t.normalize_axes(axes, rank)):
        needed[axis] = slice_axis(node.signal_size, 0, i, i + 1)
        if isinstance(node, IRDFT) and i == len(axes) - 1:
            needed[axis] = Add(Divide(needed[axis], 2), 1)  # of the frequencies the other half is known
    return needed


def _continued(data: Value, needed: dict[int, Value]) -> Value:
    """The data with zeros after it, itself where it is long enough."""
    missing: dict[int, Value] = {}
    for axis, size in needed.items():
        more = Maximum(Subtract(size, dims_of(data, [axis])), 0)
        if known_ints(more) != (0,):
            missing[axis] = more
    if not missing:
        return data
    after = vector([missing.get(a, 0) for a in range(data.rank)])
    return Pad(data, ints([0] * data.rank), after, constant_like(data, 0.0))


def _cut(data: Value, needed: dict[int, Value]) -> Value:
    """The first elements of the data along each axis, itself where there are no more."""
    for axis, size in needed.items():
        if known_ints(size) != (data.dims[axis],):
            data = slice_axis(data, axis, 0, size)
    return data
