"""Loops that are none: a single iteration is its body, and one that works on each piece alone works on all at once."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build.basics import as_i64, concat, dim_of, dims_of, integer, move_axis, scalar, squeeze, unsqueeze
from mo_core.build.counting import Carriage, plain
from mo_core.ir import Graph, Value, constant, copy_nodes
from mo_core.ir import types as t
from mo_core.ir.known import scalar as known_scalar
from mo_core.ir.types import Dim
from mo_core.ops import Add, Broadcast, Convert
from mo_core.ops.control import Concatenated, Invariant, LastValue, Loop, Merged, Sliced, TensorIterator
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.transforms.simplify.batching import Batch, batched

_PIECE = Sliced(0, 0)
_WHOLE = (_PIECE.start, _PIECE.end, _PIECE.stride, _PIECE.part_size)


def _keeps_loops(edit: Editor) -> bool:
    """True when a loop over time is to become a step of the model, which needs the loop."""
    return edit.options is not None and bool(edit.options.transform)


@graph_pass("single-iterations", stage=Stage.NORMALIZE, after=("constant-folding",), before=("batch-loops", "no-ops"))
def single_iterations(graph: Graph, edit: Editor) -> None:
    """Put the body in the place of a loop that runs it once."""
    if _keeps_loops(edit):
        return
    changed = False
    for node in graph:
        if isinstance(node, (Loop, TensorIterator)) and _runs_once(node):
            pieces = [_only_piece(p, v) for p, v in zip(node.input_ports, node.inputs)]
            if any(piece is None for piece in pieces) or edit.excludes("single-iteration", node):
                continue
            _put_in(edit, node, [piece for piece in pieces if piece is not None])
            changed = True
    if changed:
        edit.fold()


def _runs_once(node: Loop | TensorIterator) -> bool:
    counts = [v.dims[t.normalize_axis(p.axis, v.rank)] for p, v in _sliced(node) if v.shape is not None]
    if isinstance(node, TensorIterator):
        return 1 in [n if not isinstance(n, int) else n // p.part_size for n, (p, _) in zip(counts, _sliced(node))]
    return known_scalar(node.trip_count) == 1 and _holds(node.execution_condition)


def _sliced(node: Loop | TensorIterator) -> list[tuple[Sliced, Value]]:
    return [(p, v) for p, v in zip(node.input_ports, node.inputs) if isinstance(p, Sliced)]


def _holds(condition: Value) -> bool:
    known = condition.known
    return known is not None and known.size == 1 and bool(known.reshape(-1)[0])


def _only_piece(port: Invariant | Sliced | Merged, value: Value) -> Value | None:
    """What the parameter of a port is in the first iteration, when that is all of the operand."""
    if not isinstance(port, Sliced):
        return value
    known = value.shape is not None and value.shape[t.normalize_axis(port.axis, value.rank)] == port.part_size
    return value if known else None


def _put_in(edit: Editor, node: Loop | TensorIterator, pieces: Sequence[Value]) -> None:
    mapping: dict[Value, Value] = {node.body.inputs[p.parameter]: v for p, v in zip(node.input_ports, pieces)}
    if isinstance(node, Loop) and node.current_iteration is not None:
        number = node.body.inputs[node.current_iteration]
        mapping[number] = constant([0] * len(number.dims), number.element) if number.dims else integer(0)
    copy_nodes(node.body, mapping)
    values = [mapping.get(r.source, r.source) for r in (node.body.outputs[p.result] for p in node.output_ports)]
    edit.replace(node, *values, rule="single-iteration")


# -- loops over a batch


@graph_pass("batch-loops", stage=Stage.NORMALIZE, after=("constant-folding",), before=("no-ops",))
def batch_loops(graph: Graph, edit: Editor) -> None:
    """Compute at once what a loop computes piece by piece, where no iteration depends on another."""
    if _keeps_loops(edit):
        return
    changed = False
    for node in graph:
        if not isinstance(node, (Loop, TensorIterator)) or edit.excludes("batch-loop", node):
            continue
        values = _at_once(node)
        if values is not None:
            edit.replace(node, *values, rule="batch-loop")
            changed = True
    if changed:
        edit.fold()


def _at_once(node: Loop | TensorIterator) -> list[Value | None] | None:
    """The results without the loop (None for one that nobody reads), or None where an iteration needs another."""
    size = _size(node)
    if size is None:
        return None
    count, often = size
    body, bound = node.body, dict[Value, Batch]()
    carried = [(p, v) for p, v in zip(node.input_ports, node.inputs) if isinstance(p, Merged)]
    before = [body.inputs[p.parameter] for p, _ in carried]
    carriage = Carriage(body, before, [body.outputs[p.result].source for p, _ in carried], [v for _, v in carried])
    numbers: set[Value] = set()
    for port, value in zip(node.input_ports, node.inputs):
        parameter = body.inputs[port.parameter]
        if isinstance(port, Invariant) or (isinstance(port, Merged) and _stays(body, port)):
            bound[parameter] = Batch(value, shared=True)
        elif isinstance(port, Sliced):
            axis = t.normalize_axis(port.axis, value.rank)
            bound[parameter] = Batch(unsqueeze(move_axis(value, axis, 0), axis + 1))
        elif carriage.counts_from_zero(parameter):
            numbers.add(parameter)
    if isinstance(node, Loop) and node.current_iteration is not None:
        numbers.add(body.inputs[node.current_iteration])
    found = batched(
        body,
        bound,
        lambda v: plain(v) in numbers,
        often,
        [r for i, r in _read(node) if not _is_count(node, i, carriage)],
    )
    if found is None:
        return None
    results: list[Value | None] = []
    for i, end in enumerate(node.output_ports):
        result = body.outputs[end.result].source
        if not node.results[i].uses:
            results.append(None)
        elif isinstance(end, Concatenated):
            whole = _joined(found[result], end, count, result)
            if whole is None:
                return None
            results.append(whole)
        elif _is_count(node, i, carriage):
            initial = next(v for p, v in carried if p.result == end.result)
            results.append(Add(initial, Convert(scalar(count), destination_type=initial.element)))
        elif found[result].shared and t.bounds(often)[0] > 0:
            results.append(found[result].value)
        else:
            return None
    return results


def _stays(body: Graph, port: Merged) -> bool:
    """True when no iteration changes what is carried."""
    return body.outputs[port.result].source is body.inputs[port.parameter]


def _read(node: Loop | TensorIterator) -> list[tuple[int, Value]]:
    """The results that are read, by number, with what the body gives for them."""
    ports = enumerate(node.output_ports)
    return [(i, node.body.outputs[p.result].source) for i, p in ports if node.results[i].uses]


def _is_count(node: Loop | TensorIterator, index: int, carriage: Carriage) -> bool:
    """True for a result that is what a counter, which every iteration increases by one, is in the end."""
    port = node.output_ports[index]
    if not isinstance(port, LastValue):
        return False
    after = node.body.outputs[port.result].source
    return any(v is after and carriage.step(i) == 1 for i, v in enumerate(carriage.after))


def _size(node: Loop | TensorIterator) -> tuple[Value, Dim] | None:
    """How often a loop runs: the number as a value, and as a dimension; None where a condition may end it before."""
    cuts = [p for p in (*node.input_ports, *node.output_ports) if isinstance(p, (Sliced, Concatenated))]
    if any((p.start, p.end, p.stride, p.part_size) != _WHOLE for p in cuts):
        return None
    if any(v.shape is None for _, v in _sliced(node)):
        return None
    pieces = [(dim_of(v, p.axis), v.dims[t.normalize_axis(p.axis, v.rank)]) for p, v in _sliced(node)]
    if isinstance(node, TensorIterator):
        return pieces[0] if pieces else None
    certain = _holds(node.execution_condition) and _holds(node.body.outputs[node.body_condition].source)
    trips = known_scalar(node.trip_count)
    if not certain or (trips is not None and t.bounds(trips)[0] < 0):
        return None
    if pieces:
        return pieces[0] if trips is not None and t.same_dim(trips, pieces[0][1]) else None
    return None if trips is None else (as_i64(node.trip_count), trips)


def _joined(batch: Batch, port: Concatenated, count: Value, result: Value) -> Value | None:
    """The pieces of all iterations, put together along an axis."""
    axis = t.normalize_axis(port.axis, result.rank)
    whole = batch.value
    if result.dims[axis] != 1:
        return None
    if batch.shared:
        many = [dims_of(whole, range(axis)), scalar(count), dims_of(whole, range(axis + 1, result.rank))]
        sizes = [unsqueeze(v, 0) if v.rank == 0 else v for v in many if v.shape != (0,)]
        return Broadcast(whole, concat(sizes, 0) if len(sizes) > 1 else sizes[0])
    return move_axis(squeeze(whole, axis + 1), 0, axis)
