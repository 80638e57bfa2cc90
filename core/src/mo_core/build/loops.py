"""Loops: a step of a recurrence for every index of an axis, and the loops of source frameworks.

The bodies of source loops are graphs of source ops; `convert` is what converters get under that name. Whatever a body
reads from outside becomes an operand of the runtime's operation (`close`). Inside of a loop its condition always holds,
so that the body's own condition parameter is the constant true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from mo_core.build.basics import as_i64, concat, dim_of, integer, squeeze, unsqueeze
from mo_core.build.bodies import Convert, detach, refuse_effects, set_outputs, settled, size
from mo_core.build.carried import CarriedSequence
from mo_core.build.counting import Carriage, plain
from mo_core.build.packs import by_values, is_fixed, rejoined
from mo_core.build.sequences import Item
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Constant, Graph, Node, Pack, Parameter, Value, constant, copy_graph, copy_into, release
from mo_core.ir import types as t
from mo_core.ir.known import known_ints
from mo_core.ir.types import Type
from mo_core.ops.control import (
    Concatenated,
    InputPort,
    Invariant,
    LastValue,
    Loop,
    Merged,
    OutputPort,
    Sliced,
    TensorIterator,
    close,
)

Step: TypeAlias = "Callable[[Sequence[Value], Sequence[Value]], tuple[Sequence[Value], Sequence[Value]]]"

UNROLLED_NODES = 20_000
"""Loops that carry sequences are unrolled up to this many nodes."""


def iterate(
    step: Step, slices: Sequence[tuple[Value, int]], states: Sequence[Value], axis: int
) -> tuple[Sequence[Value], Sequence[Value]]:
    """Run `step(pieces, states) -> (new states, outputs)` for every index of the axes to slice along.

    Args:
        step: may read any other value, which has the same content in all steps.
        slices: values, each with the axis along which it is sliced; pieces come without that axis.
        states: initial values; a step gives the new ones in the same order and of the same types.
        axis: where the outputs of all steps are stacked.

    Returns the last states and the stacked outputs.
    """
    body = Graph("step")
    pieces: list[Value] = []
    for value, along in slices:
        dims = value.dims
        pieces.append(squeeze(body.add_input("", value.element, (*dims[:along], 1, *dims[along + 1 :])), along))
    before = [body.add_input("", v.element, v.shape) for v in states]
    after, outputs = step(pieces, before)
    ends = [*after, *[unsqueeze(v, axis) for v in outputs]]
    first = len(body.inputs)
    outside = _separate(body, ends)
    for value in ends:
        body.add_output(value)
    outside += close(body)
    ports: list[InputPort] = [Sliced(i, along) for i, (_, along) in enumerate(slices)]
    ports += [Merged(len(slices) + i, i) for i in range(len(states))]
    ports += [Invariant(first + i) for i in range(len(outside))]
    results: list[OutputPort] = [LastValue(i) for i in range(len(states))]
    results += [Concatenated(len(states) + i, axis) for i in range(len(outputs))]
    values = [*(v for v, _ in slices), *states, *outside]
    node = iteration(values, body, ports, results)
    return node.results[: len(states)], node.results[len(states) :]


def iteration(values: Sequence[Value], body: Graph, ports: Sequence[InputPort], results: Sequence[OutputPort]) -> Node:
    """The operation that runs a closed body over the pieces of its sliced operands.

    A TensorIterator, which the runtime turns into recurrent layers where it can; but it has none inside of another one,
    and then it is a Loop.
    """
    if not any(isinstance(node, TensorIterator) for node in body.walk()):
        return TensorIterator(values, body=body, input_ports=tuple(ports), output_ports=tuple(results))
    sliced, axis = next((v, p.axis) for v, p in zip(values, ports) if isinstance(p, Sliced))
    return counted(dim_of(sliced, axis), values, body, ports, results)


def counted(
    trips: Value, values: Sequence[Value], body: Graph, ports: Sequence[InputPort], results: Sequence[OutputPort]
) -> Loop:
    """The Loop that runs a closed body so often; the body gets the condition that it goes on, always."""
    body.add_output(constant(True))
    return Loop(
        trips,
        constant(True),
        values,
        body=body,
        input_ports=tuple(ports),
        output_ports=tuple(results),
        body_condition=len(body.outputs) - 1,
    )


def loop(
    trip_count: Value | None,
    condition: Value | None,
    initial: Sequence[Item],
    body: Graph,
    convert: Convert,
    one_condition: bool = False,
) -> Sequence[Item]:
    """A loop over a source body that takes `(number, condition, *carried)` and gives `(condition, *carried, *stacks)`.

    Args:
        trip_count: how often at most (integer, one element; None: without limit); condition: whether it runs at all
            (boolean; None: yes). The number of the iteration is an i64 scalar.
        one_condition: `condition` is what the body would give for what is carried at first.
        initial: what is carried at first, sequences included. A loop that carries sequences is unrolled when its trip
            count is known, else it may only append to them.
        convert: as a converter gets it.

    Returns what is carried in the end, then what the iterations give, stacked along a new axis 0. Raises Unsupported
    for what the runtime has no loop for.
    """
    if len(body.inputs) != len(initial) + 2 or len(body.outputs) <= len(initial):
        raise ModelError(
            f"a loop carries {len(initial)} values, and its body has {len(body.inputs)} inputs "
            f"and {len(body.outputs)} outputs"
        )
    if any(is_fixed(item) for item in initial):
        carried, turned = by_values(initial, body)
        try:
            return rejoined(loop(trip_count, condition, carried, turned, convert, one_condition), initial)
        finally:
            release(turned)
    limit = known_ints(trip_count)
    trips = limit[0] if limit else None
    go = condition is None or _truth(condition) is True
    if (trips is not None and trips <= 0) or (condition is not None and _truth(condition) is False):
        return _no_iteration(initial, body, convert)
    often = trips is None or not go or trips * size(body) > UNROLLED_NODES
    if any(isinstance(v, Pack) for v in initial) and not often:
        assert trips is not None
        return _unrolled(trips, initial, body, convert)
    try:
        return _loop(trip_count, condition, initial, body, convert, None if often else trips, one_condition)
    except _CarriesSequence:
        if often:
            raise
        assert trips is not None
        return _unrolled(trips, initial, body, convert)


class _CarriesSequence(Unsupported):
    """The runtime's loop cannot carry what the body makes; unrolling may help."""


def _loop(
    trip_count: Value | None,
    condition: Value | None,
    initial: Sequence[Item],
    body: Graph,
    convert: Convert,
    trips_to_unroll: int | None = None,
    one_condition: bool = False,
) -> Sequence[Item]:
    limit = known_ints(trip_count)
    # the largest number is the frameworks' way to say that the condition alone ends the loop
    trips = integer(-1) if trip_count is None or (limit and limit[0] >= 2**31 - 1) else as_i64(trip_count)
    start = constant(True) if condition is None else condition
    places = [i for i, item in enumerate(initial) if isinstance(item, Value)]
    tensors = [v for v in initial if isinstance(v, Value)]
    sequences = {i: CarriedSequence(item) for i, item in enumerate(initial) if isinstance(item, Pack)}
    scans = len(body.outputs) - 1 - len(initial)

    def run(copy: Graph, types: Sequence[Type]) -> Sequence[Value]:
        number, condition, *parameters = copy.inputs
        retype(number, Type(t.i64, ()))
        for i, type_ in zip(places, types):
            retype(parameters[i], type_)
        bound: dict[Value, Value | Pack] = {condition: constant(True)}
        bound.update((parameters[i], sequence.enter(parameters[i])) for i, sequence in sequences.items())
        go, *values = convert(copy, bound)
        after = _tensors([values[i] for i in places])
        carriage = Carriage(copy, [parameters[i] for i in places], after, tensors)
        for i, sequence in sequences.items():
            sequence.leave(values[i], lambda at: plain(at) is number or carriage.counts_from_zero(at))
        wholes = [s.after for s in sequences.values() if s.after is not None]
        stacks = [unsqueeze(v, 0) for v in _tensors(values[len(initial) :])]
        return [*after, *wholes, go, *stacks, *[s.piece for s in sequences.values() if s.piece is not None]]

    copy, values = settled(body, [v.type for v in tensors], run)
    refuse_effects(copy)
    changes_rank = any(v.shape is not None and copy.inputs[2 + i].shape is None for i, v in zip(places, tensors))
    carried = len(values) - 1 - scans - sum(1 for s in sequences.values() if s.piece is not None)
    if changes_rank and trips_to_unroll is not None and _truth(values[carried]) is True:
        release(copy)
        return _unrolled(trips_to_unroll, initial, body, convert)  # the runtime has no loops for that
    before = [copy.inputs[2 + i] for i in places]
    if trip_count is None:
        count = Carriage(copy, before, values[: len(before)], tensors).trips(values[carried])
        if count is not None:
            trips, values = count, [*values[:carried], constant(True), *values[carried + 1 :]]
            known = known_ints(count)
            start = constant(True) if one_condition or (known is not None and known[0] > 0) else start
    dense = [s for s in sequences.values() if s.after is not None]
    set_outputs(copy, values, [*before, *(s.parameter for s in dense)])
    read = [s for s in sequences.values() if s.after is None and s.reads]
    needed = {*before, *(s.parameter for s in (*dense, *read))}
    counted = bool(copy.inputs[0].uses)
    for parameter in [p for p in copy.inputs[0 if not counted else 1 :] if p not in needed]:
        copy.remove_input(parameter)
    place = {p: i for i, p in enumerate(copy.inputs)}
    outside = close(copy)
    operands = [*tensors, *(s.whole for s in (*dense, *read) if s.whole is not None)]
    ports: list[InputPort] = [Merged(place[p], i) for i, p in enumerate([*before, *(s.parameter for s in dense)])]
    ports += [Invariant(place[s.parameter]) for s in read]
    ports += [Invariant(len(place) + i) for i in range(len(outside))]
    results: list[OutputPort] = [LastValue(i) for i in range(carried)]
    results += [Concatenated(i, 0) for i in range(carried + 1, len(values))]
    node = Loop(
        trips,
        start,
        [*operands, *outside],
        body=copy,
        input_ports=tuple(ports),
        output_ports=tuple(results),
        body_condition=carried,
        current_iteration=0 if counted else None,
    )
    last, wholes = iter(node.results[: len(tensors)]), iter(node.results[len(tensors) : carried])
    pieces = iter(node.results[carried + scans :])
    items: list[Item] = []
    for i in range(len(initial)):
        if i not in sequences:
            items.append(next(last))
        else:
            sequence = sequences[i]
            made = wholes if sequence.after is not None else pieces if sequence.piece is not None else None
            items.append(sequence.result(None if made is None else next(made)))
    return [*items, *node.results[carried : carried + scans]]


def _no_iteration(initial: Sequence[Item], body: Graph, convert: Convert) -> Sequence[Item]:
    """What a loop gives that never runs: the initial values, and empty stacks."""
    scans = body.outputs[1 + len(initial) :]
    if not scans:
        return initial
    parameters: dict[Value, Item] = dict(zip(body.inputs, [integer(0), constant(True), *initial]))
    values = _tensors(convert(body, parameters)[1 + len(initial) :])
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
        for pieces, value in zip(stacks, _tensors(values[len(initial) :])):
            pieces.append(unsqueeze(value, 0))
        if _truth(go) is False:
            break
        if _truth(go) is not True:
            raise Unsupported("a loop carries a sequence, and its condition depends on the data")
    for copy in done:
        detach(copy)
    return [*carried, *[concat(pieces, 0) for pieces in stacks]]


def scan(
    states: Sequence[Value],
    scanned: Sequence[Value],
    slices: Sequence[Mapping[str, int]],
    stacks: Sequence[tuple[int, int]],
    body: Graph,
    convert: Convert,
) -> Sequence[Value]:
    """A loop over the pieces of `scanned`, for a source body `(*states, *pieces) -> (*states, *outs)`.

    Args:
        slices: for each of `scanned` how it is cut, as `slicing` gives it; the pieces come without that axis.
        stacks: for each of the outs the axis along which it is stacked, and whether backwards (0 or 1).

    Returns the last states, then the stacked outs.
    """
    carried = len(states)

    def run(copy: Graph, types: Sequence[Type]) -> Sequence[Value]:
        bound: dict[Value, Value] = {}
        for parameter, type_ in zip(copy.inputs, types):
            retype(parameter, type_)
        for parameter, whole, cut in zip(copy.inputs[carried:], scanned, slices):
            dims = whole.dims
            retype(parameter, Type(whole.element, (*dims[: cut["axis"]], 1, *dims[cut["axis"] + 1 :])))
            bound[parameter] = squeeze(parameter, cut["axis"])
        values = _tensors(convert(copy, bound))
        return [*values[:carried], *[unsqueeze(v, axis) for v, (axis, _) in zip(values[carried:], stacks)]]

    copy, values = settled(body, [v.type for v in states], run)
    refuse_effects(copy)
    set_outputs(copy, values, copy.inputs[:carried])
    outside = close(copy)
    ports: list[InputPort] = [Merged(i, i) for i in range(carried)]
    ports += [Sliced(carried + i, **cut) for i, cut in enumerate(slices)]
    ports += [Invariant(len(states) + len(scanned) + i) for i in range(len(outside))]
    results: list[OutputPort] = [LastValue(i) for i in range(carried)]
    for i, (axis, way) in enumerate(stacks, carried):
        results.append(Concatenated(i, **slicing(axis % values[i].rank, way)))
    return iteration([*states, *scanned, *outside], copy, ports, results).results


def while_loop(initial: Sequence[Item], cond: Graph, body: Graph, convert: Convert) -> Sequence[Item]:
    """A loop that runs the source body `(*carried) -> (*carried)` while `(*carried) -> condition` holds.

    Returns what is carried in the end. Raises as `loop`.
    """
    if not len(cond.inputs) == len(body.inputs) == len(body.outputs) == len(initial) or len(cond.outputs) != 1:
        raise ModelError(
            f"a loop carries {len(initial)} values, its condition takes {len(cond.inputs)}, and its body has "
            f"{len(body.inputs)} inputs and {len(body.outputs)} outputs"
        )
    first = copy_graph(cond)
    start = convert(first, dict(zip(first.inputs, initial)))[0]
    detach(first)
    turned = Graph(body.name)  # the body, then the condition on what it gives
    turned.add_input("", t.i64, ())
    turned.add_input("", t.boolean, ())
    parameters = [turned.add_input(p.name, p.element_type, p.dimensions) for p in body.inputs]
    mapping: dict[Value, Value] = dict(zip(body.inputs, parameters))
    copy_into(turned, body, mapping)
    after = [mapping.get(r.source, r.source) for r in body.outputs]
    mapping = dict(zip(cond.inputs, after))
    copy_into(turned, cond, mapping)
    (go,) = (r.source for r in cond.outputs)
    for value in (mapping.get(go, go), *after):
        turned.add_output(value)
    try:
        return loop(None, start, initial, turned, convert, one_condition=True)
    finally:
        release(turned)


def recurrence(
    sliced: Sequence[Value],
    carried: Sequence[Value],
    invariant: Sequence[Value],
    body: Graph,
    convert: Convert,
    backwards: bool = False,
) -> Sequence[Value]:
    """A source body `(*pieces, *carried, *invariant) -> (*carried, *outs)` for every index of axis 0 of `sliced`.

    Pieces and outs keep axis 0, of one index; `backwards`: from the last index to the first. Returns what is carried in
    the end, then the outs put together along axis 0.
    """
    values = [*sliced, *carried, *invariant]
    if len(body.inputs) != len(values) or len(body.outputs) < len(carried) or not sliced:
        raise ModelError(f"a recurrence has {len(values)} inputs, and its body {len(body.inputs)}")
    way = slicing(0, backwards)

    def run(copy: Graph, types: Sequence[Type]) -> Sequence[Value]:
        for parameter, value in zip(copy.inputs, sliced):
            retype(parameter, Type(value.element, (1, *value.dims[1:])))
        for parameter, type_ in zip(copy.inputs[len(sliced) :], types):
            retype(parameter, type_)
        for parameter, value in zip(copy.inputs[len(sliced) + len(carried) :], invariant):
            retype(parameter, value.type)
        return _tensors(convert(copy, {}))

    copy, results = settled(body, [v.type for v in carried], run)
    refuse_effects(copy)
    set_outputs(copy, results, copy.inputs[len(sliced) : len(sliced) + len(carried)])
    outside = close(copy)
    ports: list[InputPort] = [Sliced(i, **way) for i in range(len(sliced))]
    ports += [Merged(len(sliced) + i, i) for i in range(len(carried))]
    ports += [Invariant(i) for i in range(len(sliced) + len(carried), len(values) + len(outside))]
    ends: list[OutputPort] = [LastValue(i) for i in range(len(carried))]
    ends += [Concatenated(i, **way) for i in range(len(carried), len(copy.outputs))]
    return iteration([*values, *outside], copy, ports, ends).results


def slicing(axis: int, backwards: int) -> dict[str, int]:
    """How a loop cuts along an axis, as keywords of `Sliced` and `Concatenated`."""
    return {"axis": axis, "start": -1, "end": 0, "stride": -1} if backwards else {"axis": axis}


def retype(parameter: Parameter, type_: Type) -> None:
    """Give the parameter of a source body its type."""
    parameter.retype(type_.element, type_.shape)
    parameter.refresh()


def _tensors(items: Sequence[Item]) -> list[Value]:
    if any(isinstance(v, Pack) for v in items):
        raise _CarriesSequence("a loop stacks or carries a sequence")
    return [v for v in items if isinstance(v, Value)]


def _truth(v: Value) -> bool | None:
    """The only element of a boolean value, where it is known."""
    known = v.const
    return bool(known.reshape(-1)[0]) if known is not None and known.size == 1 else None


def _separate(body: Graph, ends: list[Value]) -> list[Value]:
    """Let new nodes that do not depend on parameters of `body` stay outside; `ends` are the values the body computes.

    What the body reads of them comes through parameters (constants: copies of its own). Returns the values for those.
    """
    inside: set[Node] = set()
    stand_ins: dict[Value, Value] = {}
    outside: list[Value] = []

    def within(value: Value) -> Value:
        if value.node.graph is not None or value.node in inside:
            return value
        if value not in stand_ins:
            if isinstance(value.node, Constant):
                stand_ins[value] = Constant(value=value.node.value)
            else:
                stand_ins[value] = parameter = body.add_input("", value.element, value.shape)
                parameter.known = value.known
                outside.append(value)
        return stand_ins[value]

    for node in _new_nodes(ends):
        if any(v.node in inside or v.node.graph is body for v in node.operands):
            inside.add(node)
            for i, v in enumerate(node.operands):
                node.set_operand(i, within(v))
    ends[:] = map(within, ends)
    return outside


def _new_nodes(ends: Sequence[Value]) -> list[Node]:
    """The nodes in no graph that these values depend on, in order of computation."""
    order: dict[Node, None] = {}
    stack = [(v.node, False) for v in reversed(ends)]
    while stack:
        node, ready = stack.pop()
        if node.graph is not None or node in order:
            continue
        if ready:
            order[node] = None
        else:
            stack.append((node, True))
            stack.extend((v.node, False) for v in reversed(node.operands))
    return list(order)
