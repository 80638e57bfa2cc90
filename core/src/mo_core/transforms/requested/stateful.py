"""Models that keep their state between inferences (--transform LowLatency2, MakeStateful)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mo_core.build.states import assigned, state
from mo_core.build.states import zeros as zeros_of
from mo_core.errors import UsageError, nearest_first
from mo_core.ir import Constant, Graph, Node, Parameter, Value, constant, copy_nodes
from mo_core.ir import types as t
from mo_core.ops import GRUSequence, Loop, LSTMSequence, ReadValue, RNNSequence, TensorIterator
from mo_core.ops.control import LastValue, Merged, Sliced
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins
from mo_core.transforms.requested.ports import Ports

if TYPE_CHECKING:
    from mo_core.options import Options


def asked(options: Options | None, name: str) -> Mapping[str, Any] | None:
    """The options of a transformation when `--transform` names it."""
    specs = options.transform if options is not None else ()
    return next((spec.options for spec in specs if spec.name == name), None)


def wanted(name: str) -> Callable[[Any], bool]:
    """Whether `--transform` names it."""
    return lambda options: asked(options, name) is not None


# -- MakeStateful


@graph_pass(
    "make-stateful",
    stage=Stage.PREPROCESS,
    wanted=wanted("MakeStateful"),
    after=("preprocessing",),
    outermost="states are those of the model",
)
def make_stateful(graph: Graph, edit: Editor) -> None:
    """Turn pairs of input and output into variables (--transform MakeStateful)."""
    pairs = (asked(edit.options, "MakeStateful") or {}).get("param_res_names")
    if not isinstance(pairs, Mapping) or not pairs:
        raise UsageError(
            "--transform: MakeStateful does not know what the state is",
            "Write MakeStateful[param_res_names={'input name':'output name'}].",
        )
    for source, target in pairs.items():
        _join(edit, str(source), str(target))


def _join(edit: Editor, source: str, target: str) -> None:
    graph = edit.graph
    ports = Ports(graph)
    parameter, result = ports.input(source, "transform"), ports.outputs.get(target)
    if result is None:
        fact = f'--transform: the model has no output "{target}"'
        raise UsageError(fact, nearest_first(target, ports.outputs, ports.outputs_listed))
    if not parameter.is_static:
        raise UsageError(
            f'--transform: the state "{source}" has the shape {t.format_shape(parameter.shape)}, which must be known',
            f'Give it: --input "{source}[1,64]", or --batch 1.',
        )
    new = result.source
    if new.element is not parameter.element or not _may_be(new.shape, parameter.static_shape):
        raise UsageError(
            f'--transform: the output "{target}" {new.type} cannot be the next state "{source}" {parameter.type}',
            "Name pairs of one type and shape.",
        )
    readers = list(parameter.uses)
    read = state(f"{source}{target}", parameter.type, _zeros(parameter))
    edit.put(read, next(n for n in graph if not isinstance(n, Parameter)), parameter, parameter.name)
    edit.move_names(parameter, read)
    edit.redirect(readers, read)
    edit.put(assigned(read, result.source), None, parameter)
    edit.fire("state", origins([parameter, result.source.node]), read.name)
    edit.remove_output(result)
    edit.remove_input(parameter)


def _may_be(shape: t.Shape, wanted_shape: tuple[int, ...]) -> bool:
    if shape is None:
        return True
    bounds = [t.bounds(d) for d in shape]
    return len(bounds) == len(wanted_shape) and all(lo <= n <= hi for (lo, hi), n in zip(bounds, wanted_shape))


def _zeros(like: Value) -> Constant:
    if like.element.is_packed:
        raise UsageError(f'--transform: "{like.label}" is {like.element}, which no state can have', "Leave it out.")
    return zeros_of(like.type, like.label)


# -- LowLatency2

_STATES: Mapping[type[Node], tuple[int, ...]] = {LSTMSequence: (1, 2), GRUSequence: (1,), RNNSequence: (1,)}
"""Places of the initial states among the operands, which are also those of the last ones among the results."""


@graph_pass(
    "low-latency",
    stage=Stage.PREPROCESS,
    wanted=wanted("LowLatency2"),
    after=("make-stateful",),
    outermost="states are those of the model",
)
def low_latency(graph: Graph, edit: Editor) -> None:
    """Let recurrent layers and loops go on where the last inference ended (--transform LowLatency2)."""
    setting = (asked(edit.options, "LowLatency2") or {}).get("use_const_initializer", True)
    if not isinstance(setting, bool):
        raise UsageError(f"--transform: use_const_initializer is {setting}", "Write True or False.")
    count, read = 0, [p for p in graph.inputs if p.uses]
    for node in list(graph):
        operands = list(node.operands)
        if type(node) in _STATES:
            count += _keep_sequence(edit, node, setting)
        elif isinstance(node, (TensorIterator, Loop)):
            count += _keep_loop(edit, node, setting)
        else:
            continue
        edit.erase_dead([v.node for v in operands])  # what computed the first states
    for parameter in [p for p in read if not p.uses]:
        edit.context.notes.append(f'LowLatency2: the first state "{parameter.label}" is zero, and no input any more.')
        edit.remove_input(parameter)
    if not count:
        edit.context.notes.append(
            "LowLatency2: the model has no recurrent layer or loop with a state; nothing changed."
        )


def _keep_sequence(edit: Editor, node: Any, zeros: bool) -> int:
    if node.direction != "forward":
        edit.context.notes.append(f'LowLatency2: "{node.label}" reads sequences from their end, and keeps no state.')
        return 0
    places = _STATES[type(node)]
    for place in places:
        edit.set_operand(node, place, _state(edit, node, node.operands[place], place - 1, zeros))
    for place in places:
        edit.put(assigned(cast(ReadValue, node.operands[place].node), node.results[place]), None, node)
    edit.fire("states-of-sequence", origins([node]), node.name)
    return len(places)


def _state(edit: Editor, node: Node, initial: Value, number: int, zeros: bool) -> Node:
    if zeros and initial.is_static:
        first: Value = _zeros(initial)
    else:
        first = initial
        if zeros:
            note = f'LowLatency2: the shape of a state of "{node.label}" is unknown; it begins as in the model.'
            edit.context.notes.append(note)
    read = state(f"{node.name}/variable_{number}", initial.type, first)
    edit.put(read, node, node, f"{node.name}/state_{number}")
    return read


def _keep_loop(edit: Editor, node: Any, zeros: bool) -> int:
    leading = len(node.operands) - len(node.inputs)
    states = [
        (leading + i, port)
        for i, port in enumerate(node.input_ports)
        if isinstance(port, Merged) and node.operands[leading + i].element.is_real
    ]
    if not states:
        return 0
    operands, reads = list(node.operands), []
    for number, (place, _) in enumerate(states):
        reads.append(_state(edit, node, operands[place], number, zeros))
        operands[place] = reads[-1]
    ports = (*node.output_ports, *(LastValue(port.result) for _, port in states))
    kept = node.evolve(*operands, output_ports=ports)
    results = list(kept.results)
    if _runs_once(kept):
        results = _unrolled(kept)
    count = len(node.results)
    edit.replace(node, *results[:count], rule="states-of-loop")
    for read, value in zip(reads, results[count:]):
        edit.put(assigned(cast(ReadValue, read), edit.put(value, None, node)), None, read)
    return len(states)


def _runs_once(node: Any) -> bool:
    """True when a loop has exactly one iteration."""
    leading = len(node.operands) - len(node.inputs)
    sliced = [(v, p) for v, p in zip(node.operands[leading:], node.input_ports) if isinstance(p, Sliced)]
    if any(v.shape is None or v.shape[p.axis] != p.part_size for v, p in sliced):
        return False
    if isinstance(node, TensorIterator):
        return bool(sliced)
    trips, start = node.trip_count.const, node.execution_condition.const
    return trips is not None and trips.item() == 1 and start is not None and bool(start.item())


def _unrolled(node: Any) -> list[Value]:
    """The results of a loop of one iteration, without the loop."""
    leading = len(node.operands) - len(node.inputs)
    body, mapping = node.body, dict[Value, Value]()
    for v, port in zip(node.operands[leading:], node.input_ports):
        mapping[body.inputs[port.parameter]] = v
    if isinstance(node, Loop) and node.current_iteration is not None:
        number = body.inputs[node.current_iteration]
        mapping[number] = constant(np.zeros(t.static(number.shape), number.element.dtype), number.element)

    for copy in copy_nodes(body, mapping):
        copy.name, copy.origin = f"{node.name}/{copy.name}", node.origin
    return [mapping[body.outputs[port.result].source] for port in node.output_ports]
