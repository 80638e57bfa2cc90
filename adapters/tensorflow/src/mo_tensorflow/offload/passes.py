"""The front pass that leaves operations to TensorFlow (--offload_unsupported_operations_to_tf and its like)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mo_core.errors import Unsupported, UsageError
from mo_core.ir import Custom, Foreign, FunctionRef, Graph, Node, Type, Value
from mo_core.ir import types as t
from mo_core.ir.types import Dynamic
from mo_tensorflow.offload import OPERATION, SET
from mo_tensorflow.offload.groups import grouped
from mo_tensorflow.offload.program import program
from mo_tensorflow.registry import tf_op

if TYPE_CHECKING:
    from mo_core.options import Options
    from mo_core.rewriting import Context, Editor


def wanted(options: Any) -> bool:
    """True when an option asks for it."""
    return bool(
        options.get("offload_unsupported_operations_to_tf")
        or options.get("tensorflow_operation_patterns")
        or options.get("tensorflow_subgraph_patterns")
    )


def offload(graph: Graph, editor: Editor, context: Context) -> None:
    """Put one node for each group of those that TensorFlow is to compute."""
    options = context.options
    assert options is not None and context.model is not None
    context.inline_calls(graph)
    alone, together = _chosen(graph, options, context)
    for group in grouped(graph, alone, together):
        _replace(graph, group, editor)


def _chosen(graph: Graph, options: Options, context: Context) -> tuple[set[Node], list[set[Node]]]:
    """The nodes that stand alone, and the sets of those that are merged. Raises UsageError for patterns of nothing."""
    nodes = [n for n in graph if isinstance(n, Foreign)]
    alone: set[Node] = set()
    together: list[set[Node]] = []
    for pattern in options.get("tensorflow_subgraph_patterns", ()):
        together.append({n for n in nodes if _compiled(pattern).search(n.name)})
        _some(pattern, together[-1], "node")
    for pattern in options.get("tensorflow_operation_patterns", ()):
        found: set[Node] = {n for n in nodes if _compiled(pattern).fullmatch(n.op)}
        _some(pattern, found, "operation")
        alone |= found
    if options.get("offload_unsupported_operations_to_tf"):
        together.append({n for n in nodes if not context.converts(n) and not context.model.functions.calls(n)})  # type: ignore[union-attr]
    return alone, together


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as e:
        raise UsageError(
            f'"{pattern}" is no regular expression: {e}', "Give patterns as Python's re reads them."
        ) from e


def _some(pattern: str, found: set[Node], what: str) -> None:
    if not found:
        raise UsageError(f'no {what} of the model fits the pattern "{pattern}"', "mo inspect MODEL --nodes lists them.")


def _replace(graph: Graph, group: Sequence[Foreign], editor: Editor) -> None:
    """One node in the place of a group; what reads it comes after it."""
    for node in group:
        if node.bodies or any(isinstance(v, FunctionRef) for v in node.given.values()):
            raise Unsupported(f'{node.op} "{node.name}" calls functions, and cannot be left to TensorFlow')
    members: set[Node] = set(group)
    inputs = list(dict.fromkeys(v for n in group for v in n.operands if v.node not in members))
    outputs = [r for n in group for r in n.results if r in _read_outside(n, members)]
    if not outputs:
        return
    text = program(group, inputs, outputs)
    name, types = f"{group[-1].name}/tensorflow", [r.type for r in outputs]
    made = Foreign("tensorflow", OPERATION, inputs, {"program": text}, types, name=name)
    editor.replace_region(inputs, outputs, made.results, rule="offload")


def _read_outside(node: Foreign, members: set[Node]) -> set[Value]:
    return {r for r in node.results if any(user not in members for user, _ in r.uses)}


@tf_op(OPERATION)
def tf_custom_subgraph(*inputs: Value, program: str) -> Sequence[Value]:
    """What TensorFlow computes, with the types that it infers."""
    from mo_tensorflow.offload.execution import ELEMENTS, dtype, output_specs, tf

    given: list[Any] = []
    for v in inputs:
        if v.known is not None and v.known.dtype != object:
            given.append(v.known)
            continue
        dims = None if v.shape is None else [d if isinstance(d, int) else None for d in v.shape]
        given.append(tf.TensorSpec(dims, dtype(v.element.name)))
    types = []
    for spec in output_specs(program, given):
        element = ELEMENTS.get(spec.dtype)
        if element is None:
            raise Unsupported(f"what is left to TensorFlow gives {spec.dtype.name}, which OpenVINO does not have")
        types.append(Type(getattr(t, element), _shape(spec.shape)))
    kinds = ",".join(v.element.name for v in inputs)
    attributes = (("program", program), ("input_types", kinds))
    made = Custom(inputs, op=OPERATION, operation_set=SET, given=attributes, result_types=tuple(types))
    return made.results


def _shape(shape: Any) -> Any:
    return None if shape.rank is None else tuple(Dynamic() if d is None else d for d in shape.as_list())
