"""Loops that are none: a single iteration is its body, and one that works on each piece alone works on all at once."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build.basics import integer
from mo_core.ir import Graph, Value, constant, copy_nodes
from mo_core.ir import types as t
from mo_core.ir.known import scalar as known_scalar
from mo_core.ops.control import Invariant, Loop, Merged, Sliced, TensorIterator
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.transforms.simplify.iterated import Iterated, Iteration, holds, sliced


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


def _runs_once(node: Iteration) -> bool:
    counts = [v.dims[t.normalize_axis(p.axis, v.rank)] for p, v in sliced(node) if v.shape is not None]
    if isinstance(node, TensorIterator):
        return 1 in [n if not isinstance(n, int) else n // p.part_size for n, (p, _) in zip(counts, sliced(node))]
    return known_scalar(node.trip_count) == 1 and holds(node.execution_condition)


def _only_piece(port: Invariant | Sliced | Merged, value: Value) -> Value | None:
    """What the parameter of a port is in the first iteration, when that is all of the operand."""
    if not isinstance(port, Sliced):
        return value
    known = value.shape is not None and value.shape[t.normalize_axis(port.axis, value.rank)] == port.part_size
    return value if known else None


def _put_in(edit: Editor, node: Iteration, pieces: Sequence[Value]) -> None:
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
        loop = Iterated.of(node)
        values = loop.results() if loop is not None else None
        if values is not None:
            edit.replace(node, *values, rule="batch-loop")
            changed = True
    if changed:
        edit.fold()
