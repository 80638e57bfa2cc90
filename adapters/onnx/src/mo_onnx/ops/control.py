"""If, Loop and Scan.

Whatever a body reads from outside becomes an operand of the runtime's operation (`close`). Inside a Loop the condition
always holds, so the body's own condition parameter is the constant true. Sequences are resolved at conversion: an If
with known condition is its branch, and a loop that carries a sequence is unrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from mo_core.build import as_i64, concat, integer, known_ints, squeeze, unsqueeze
from mo_core.build.bodies import detach, set_outputs, settled, size
from mo_core.build.loops import iterate, iteration
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Graph, Pack, Parameter, Result, Value, constant, copy_graph, release
from mo_core.ir import types as t
from mo_core.ir.types import Dynamic, Type
from mo_core.ops import (
    Concatenated,
    Equal,
    If,
    InputPort,
    Invariant,
    LastValue,
    Loop,
    Merged,
    OutputPort,
    Reshape,
    Sliced,
    Squeeze,
    Unsqueeze,
    close,
)
from mo_core.ops import Convert as Convert_
from mo_onnx.ops.sequence import Item, Stack, stack
from mo_onnx.registry import onnx_op

Convert: TypeAlias = "Callable[..., list[Any]]"

UNROLLED_NODES = 20_000
"""Loops that carry sequences are unrolled up to this many nodes."""


@onnx_op("If")
def if_(
    condition: Value, *, then_branch: Graph, else_branch: Graph, convert: Convert, note: Callable[[str], None]
) -> Sequence[Item]:
    known = condition.const
    if known is not None:
        if known.size != 1:
            raise ModelError(f"the condition of an If has {known.size} elements, and one is needed")
        return _inlined(then_branch if known.reshape(-1)[0] else else_branch, convert)
    bodies = [then_branch, else_branch]
    branches = [convert(body) for body in bodies]
    if len(branches[0]) != len(branches[1]):
        raise ModelError(f"the branches of an If have {len(branches[0])} and {len(branches[1])} outputs")
    for then, otherwise in zip(*branches):
        if _kind(then) != _kind(otherwise):
            raise Unsupported("the branches give sequences of different lengths, and the condition is not known")
    if _asks_for_a_dimension_of_one(condition) and _drops_axes(*branches):
        # The runtime has no values whose rank depends on the data. This is how PyTorch exports a squeeze of a dimension
        # that it does not know, and what follows expects it to be done.
        note("the dimension that decides about a squeeze is not known, and it is taken to be 1")
        detach(then_branch)
        return branches[0]
    inputs: dict[Value, int] = {}
    places = []
    for body, values in zip(bodies, branches):
        set_outputs(body, _flat(values))
        places.append(tuple(inputs.setdefault(v, len(inputs)) for v in close(body)))
    node = If(
        condition,
        list(inputs),
        then_body=then_branch,
        else_body=else_branch,
        then_inputs=places[0],
        else_inputs=places[1],
    )
    return _regrouped(node.results, branches[0])


def _asks_for_a_dimension_of_one(condition: Value) -> bool:
    """True for a comparison of an unknown dimension with one."""
    node = condition.node
    while isinstance(node, (Convert_, Reshape, Squeeze, Unsqueeze)):
        node = node.operands[0].node
    if not isinstance(node, Equal):
        return False
    sides = [v.known for v in node.operands]
    unknown = any(k is not None and any(isinstance(d, Dynamic) for d in k.reshape(-1)) for k in sides)
    return unknown and any(k is not None and k.size == 1 and k.reshape(-1)[0] == 1 for k in sides if k is not None)


def _drops_axes(then: Sequence[Item], otherwise: Sequence[Item]) -> bool:
    """True when the ranks of the results are known, and the first branch's are smaller where they differ."""
    pairs = [(a.shape, b.shape) for a, b in zip(then, otherwise) if isinstance(a, Value) and isinstance(b, Value)]
    known = [(len(a), len(b)) for a, b in pairs if a is not None and b is not None]
    return len(known) == len(then) and all(a <= b for a, b in known) and any(a < b for a, b in known)


@onnx_op("Loop")
def loop(
    trip_count: Value | None = None,
    condition: Value | None = None,
    *initial: Item,
    body: Graph,
    convert: Convert,
) -> Sequence[Item]:
    if len(body.inputs) != len(initial) + 2 or len(body.outputs) <= len(initial):
        raise ModelError(
            f"a Loop carries {len(initial)} values, and its body has {len(body.inputs)} inputs "
            f"and {len(body.outputs)} outputs"
        )
    limit = known_ints(trip_count)
    trips = limit[0] if limit else None
    go = condition is None or _is_true(condition)
    if (trips is not None and trips <= 0) or (condition is not None and _is_false(condition)):
        return _no_iteration(initial, body, convert)
    often = trips is None or not go or trips * size(body) > UNROLLED_NODES
    if any(isinstance(v, Pack) for v in initial) or _makes_sequences(body):
        if not often:
            assert trips is not None
            return _unrolled(trips, initial, body, convert)
        return _growing(trip_count, condition, initial, body, convert)
    tensors = [v for v in initial if isinstance(v, Value)]
    return _loop(trip_count, condition, tensors, body, convert, None if often else trips)


def _growing(
    trip_count: Value | None, condition: Value | None, initial: Sequence[Item], body: Graph, convert: Convert
) -> Sequence[Item]:
    """A loop that appends to the sequences it carries: what it appends is stacked."""
    new: list[Result] = []
    for i, item in enumerate(initial):
        if isinstance(item, Pack):
            new.append(_appended(body, i))
    tensors = [v for v in initial if isinstance(v, Value)]
    scans = len(body.outputs) - 1 - len(initial)
    for parameter in [p for p, item in zip(body.inputs[2:], initial) if isinstance(item, Pack)]:
        body.remove_input(parameter)
    body.outputs[:] = [*(r for r in body.outputs if r not in new), *new]
    results = _values(_loop(trip_count, condition, tensors, body, convert))
    carried, grown = iter(results[: len(tensors)]), iter(results[len(tensors) + scans :])
    items: list[Item] = []
    for item in initial:
        if isinstance(item, Pack):
            items.append(Stack([concat([*([stack(item)] if item else []), next(grown)], 0)]))
        else:
            items.append(next(carried))
    return [*items, *results[len(tensors) : len(tensors) + scans]]


def _appended(body: Graph, index: int) -> Result:
    """The output of a carried sequence, made to be what an iteration appends; raises Unsupported when it does else."""
    sequence, result = body.inputs[2 + index], body.outputs[1 + index]
    node = result.source.node
    if (
        isinstance(node, Foreign)
        and node.op == "SequenceInsert"
        and len([v for v in node.slots if v is not None]) == 2
        and node.slots[0] is sequence
        and list(sequence.uses) == [(node, 0)]
        and list(node.uses) == [(result, 0)]
    ):
        result.set_operand(0, node.operands[1])
        body.erase(node)
        return result
    raise Unsupported(
        "a loop does more to a sequence than append to it, and how often it runs is not known before the model does",
        "Freeze what the trip count depends on with --input NAME->VALUE.",
    )


def _loop(
    trip_count: Value | None,
    condition: Value | None,
    initial: Sequence[Value],
    body: Graph,
    convert: Convert,
    trips_to_unroll: int | None = None,
) -> Sequence[Item]:
    limit = known_ints(trip_count)
    # the largest number is the framework's way to say that the condition alone ends the loop
    trips = integer(-1) if trip_count is None or (limit and limit[0] >= 2**31 - 1) else as_i64(trip_count)
    start = constant(True) if condition is None else condition
    carried = len(initial)

    def run(copy: Graph, types: Sequence[Type]) -> Sequence[Value]:
        number, condition, *parameters = copy.inputs
        _retype(number, Type(t.i64, ()))
        for parameter, type_ in zip(parameters, types):
            _retype(parameter, type_)
        values = convert(copy, {condition: constant(True)})
        return [
            *_values(values[1 : 1 + carried]),
            values[0],
            *[unsqueeze(v, 0) for v in _values(values[1 + carried :])],
        ]

    copy, values = settled(body, [v.type for v in initial], run)
    changes_rank = any(v.shape is not None and p.shape is None for v, p in zip(initial, copy.inputs[2:]))
    if changes_rank and trips_to_unroll is not None and _is_true(values[carried]):
        release(copy)
        return _unrolled(trips_to_unroll, initial, body, convert)  # the runtime has no loops for that
    scans = len(values) - carried - 1
    set_outputs(copy, values, copy.inputs[2:])
    copy.remove_input(copy.inputs[1])
    counted = bool(copy.inputs[0].uses)
    if not counted:
        copy.remove_input(copy.inputs[0])
    first = int(counted)
    outside = close(copy)
    ports: list[InputPort] = [Merged(first + i, i) for i in range(carried)]
    ports += [Invariant(first + carried + i) for i in range(len(outside))]
    results: list[OutputPort] = [LastValue(i) for i in range(carried)]
    results += [Concatenated(carried + 1 + i, 0) for i in range(scans)]
    node = Loop(
        trips,
        start,
        [*initial, *outside],
        body=copy,
        input_ports=tuple(ports),
        output_ports=tuple(results),
        body_condition=carried,
        current_iteration=0 if counted else None,
    )
    return node.results


def _no_iteration(initial: Sequence[Item], body: Graph, convert: Convert) -> Sequence[Item]:
    """What a loop gives that never runs: the initial values, and empty stacks."""
    scans = body.outputs[1 + len(initial) :]
    if not scans:
        return initial
    parameters = dict(zip(body.inputs, [integer(0), constant(True), *initial]))
    values = _values(convert(body, parameters)[1 + len(initial) :])
    empty = []
    for v in values:
        dims = [d if isinstance(d, int) else 0 for d in v.shape or ()]
        empty.append(constant(np.zeros([0, *dims], v.element.dtype or np.float32), v.element))
    detach(body)
    return [*initial, *empty]


def _unrolled(trips: int, initial: Sequence[Item], body: Graph, convert: Convert) -> Sequence[Item]:
    """The iterations one after the other, with sequences that are known element by element."""
    carried: Sequence[Item] = list(initial)
    stacks: list[list[Value]] = [[] for _ in body.outputs[1 + len(initial) :]]
    done: list[Graph] = []
    for i in range(trips):
        copy = copy_graph(body)
        done.append(copy)
        go, *values = convert(copy, dict(zip(copy.inputs, [integer(i), constant(True), *carried])))
        carried = values[: len(initial)]
        for pieces, value in zip(stacks, _values(values[len(initial) :])):
            pieces.append(unsqueeze(value, 0))
        if _is_false(go):
            break
        if not _is_true(go):
            raise Unsupported("a loop carries a sequence, and its condition depends on the data")
    for copy in done:
        detach(copy)
    return [*carried, *[concat(pieces, 0) for pieces in stacks]]


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
    slices = [_slicing(axis, way) for axis, way in zip(axes, ways)]
    stacks = list(zip(_padded(scan_output_axes, scans), _padded(scan_output_directions, scans)))
    return _scan(values[:split], values[split:], slices, stacks, body, convert)


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
    slices = [_slicing(0, way) for way in _padded(directions, num_scan_inputs)]
    stacks = [(0, 0)] * (len(body.outputs) - split)
    if all(v.dims[0] == 1 for v in values):
        items = [squeeze(v, 0) for v in values]
        results = _scan(items[:split], items[split:], slices, stacks, body, convert)
        return [unsqueeze(r, 0) for r in results]

    def one(items: Sequence[Value], _: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        return [], _scan(items[:split], items[split:], slices, stacks, body, convert)

    return iterate(one, [(v, 0) for v in values], [], axis=0)[1]


def _scan(
    states: Sequence[Value],
    scanned: Sequence[Value],
    slices: Sequence[Mapping[str, int]],
    stacks: Sequence[tuple[int, int]],
    body: Graph,
    convert: Convert,
) -> Sequence[Value]:
    carried = len(states)

    def run(copy: Graph, types: Sequence[Type]) -> Sequence[Value]:
        bound: dict[Value, Value] = {}
        for parameter, type_ in zip(copy.inputs, types):
            _retype(parameter, type_)
        for parameter, whole, cut in zip(copy.inputs[carried:], scanned, slices):
            dims = whole.dims
            _retype(parameter, Type(whole.element, (*dims[: cut["axis"]], 1, *dims[cut["axis"] + 1 :])))
            bound[parameter] = squeeze(parameter, cut["axis"])
        values = _values(convert(copy, bound))
        return [*values[:carried], *[unsqueeze(v, axis) for v, (axis, _) in zip(values[carried:], stacks)]]

    copy, values = settled(body, [v.type for v in states], run)
    set_outputs(copy, values, copy.inputs[:carried])
    outside = close(copy)
    ports: list[InputPort] = [Merged(i, i) for i in range(carried)]
    ports += [Sliced(carried + i, **cut) for i, cut in enumerate(slices)]
    ports += [Invariant(len(states) + len(scanned) + i) for i in range(len(outside))]
    results: list[OutputPort] = [LastValue(i) for i in range(carried)]
    for i, (axis, way) in enumerate(stacks, carried):
        results.append(Concatenated(i, **_slicing(axis % values[i].rank, way)))
    return iteration([*states, *scanned, *outside], copy, ports, results).results


def _slicing(axis: int, backwards: int) -> dict[str, int]:
    return {"axis": axis, "start": -1, "end": 0, "stride": -1} if backwards else {"axis": axis}


def _padded(numbers: Sequence[int], count: int) -> Sequence[int]:
    return numbers or [0] * count


def _inlined(body: Graph, convert: Convert) -> list[Item]:
    values = convert(body)
    detach(body)
    return values


def _retype(parameter: Parameter, type_: Type) -> None:
    parameter.retype(type_.element, type_.shape)
    parameter.refresh()


def _values(items: Sequence[Item]) -> list[Value]:
    if any(isinstance(v, Pack) for v in items):
        raise Unsupported("a loop stacks or carries a sequence")
    return [v for v in items if isinstance(v, Value)]


def _is_true(v: Value) -> bool:
    known = v.const
    return known is not None and known.size == 1 and bool(known.reshape(-1)[0])


def _is_false(v: Value) -> bool:
    known = v.const
    return known is not None and known.size == 1 and not known.reshape(-1)[0]


def _makes_sequences(body: Graph) -> bool:
    """True when an output of the body is a sequence although nothing that is carried into it is one."""
    return any(isinstance(r.source.node, Foreign) and "Sequence" in r.source.node.op for r in body.outputs)


def _kind(item: Item) -> tuple[type, int]:
    return (type(item), len(item)) if isinstance(item, Pack) else (Value, 1)


def _flat(items: Sequence[Item]) -> list[Value]:
    return [v for item in items for v in (item if isinstance(item, Pack) else (item,))]


def _regrouped(results: Sequence[Value], like: Sequence[Item]) -> list[Item]:
    """Results of the runtime's operation as the packs that they came from."""
    rest = iter(results)
    return [type(item)(next(rest) for _ in item) if isinstance(item, Pack) else next(rest) for item in like]
