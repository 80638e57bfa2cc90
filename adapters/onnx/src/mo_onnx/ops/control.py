"""If, Loop and Scan (see `mo_core.build.loops` and `mo_core.build.branches`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mo_core.build import known_ints, loops, squeeze, unsqueeze
from mo_core.build.bodies import Convert
from mo_core.build.branches import branch
from mo_core.build.loops import iterate, slicing
from mo_core.build.loops import scan as scan_over
from mo_core.build.sequences import Item
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Effects, Graph, Value
from mo_onnx.registry import onnx_op


@onnx_op("If")
def if_(
    condition: Value, *, then_branch: Graph, else_branch: Graph, convert: Convert, note: Callable[[str], None]
) -> Sequence[Item] | Effects:
    return branch(condition, then_branch, else_branch, convert, note)


@onnx_op("Loop")
def loop(
    trip_count: Value | None = None,
    condition: Value | None = None,
    *initial: Item,
    body: Graph,
    convert: Convert,
) -> Sequence[Item]:
    return loops.loop(trip_count, condition, initial, body, convert)


@onnx_op("Scan", since=9)
def scan(
    *values: Value,
    body: Graph,
    num_scan_inputs: int,
    scan_input_axes: Sequence[int] = (),
    scan_input_directions: Sequence[int] = (),
    scan_output_axes: Sequence[int] = (),
    scan_output_directions: Sequence[int] = (),
    convert: Convert,
) -> Sequence[Value]:
    split = len(values) - num_scan_inputs
    if num_scan_inputs < 1 or split < 0 or len(body.inputs) != len(values) or len(body.outputs) < split:
        raise ModelError(
            f"a Scan has {len(values)} inputs, {num_scan_inputs} of them scanned, and its body has "
            f"{len(body.inputs)} inputs and {len(body.outputs)} outputs"
        )
    scans = len(body.outputs) - split
    axes = [a % v.rank for a, v in zip(_padded(scan_input_axes, num_scan_inputs), values[split:])]
    ways = _padded(scan_input_directions, num_scan_inputs)
    slices = [slicing(axis, way) for axis, way in zip(axes, ways)]
    stacks = list(zip(_padded(scan_output_axes, scans), _padded(scan_output_directions, scans)))
    return scan_over(values[:split], values[split:], slices, stacks, body, convert)


@onnx_op("Scan", since=8)
def scan_8(
    lengths: Value | None = None,
    *values: Value,
    body: Graph,
    num_scan_inputs: int,
    directions: Sequence[int] = (),
    convert: Convert,
) -> Sequence[Value]:
    split = len(values) - num_scan_inputs
    if num_scan_inputs < 1 or split < 0:
        raise ModelError(f"a Scan has {len(values)} inputs, and {num_scan_inputs} of them are to be scanned")
    if lengths is not None:
        steps = values[split].dims[1]
        if known_ints(lengths) is None or any(n != steps for n in known_ints(lengths) or ()):
            raise Unsupported("sequences of different lengths in a Scan")
    slices = [slicing(0, way) for way in _padded(directions, num_scan_inputs)]
    stacks = [(0, 0)] * (len(body.outputs) - split)
    if all(v.dims[0] == 1 for v in values):
        items = [squeeze(v, 0) for v in values]
        results = scan_over(items[:split], items[split:], slices, stacks, body, convert)
        return [unsqueeze(r, 0) for r in results]

    def one(items: Sequence[Value], _: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        return [], scan_over(items[:split], items[split:], slices, stacks, body, convert)

    return iterate(one, [(v, 0) for v in values], [], axis=0)[1]


def _padded(numbers: Sequence[int], count: int) -> Sequence[int]:
    return numbers or [0] * count
