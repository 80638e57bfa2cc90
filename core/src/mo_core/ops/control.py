"""Control flow: operations whose bodies are graphs, and how values cross the border of a body.

A body reads nothing but its parameters and its own nodes (`close` makes it so). The port maps say how operands become
parameters and how results of the body become results of the operation. Parameters and results of a body are named by
their place in `body.inputs` and `body.outputs`, operands by their place in `inputs` (the trip count and the conditions
do not count).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mo_core.errors import ShapeError
from mo_core.ir import Constant, Graph, Node, Parameter, PortMap, Value
from mo_core.ir import types as t
from mo_core.ir.known import scalar
from mo_core.ir.schema import Ints, Operand, Operands, hidden, operand, variadic
from mo_core.ir.types import Dim, Dynamic, Shape, Type
from mo_core.ops._dims import agree, unknown

__all__ = [
    "Concatenated",
    "If",
    "InputPort",
    "Invariant",
    "LastValue",
    "Loop",
    "Merged",
    "OutputPort",
    "Sliced",
    "TensorIterator",
    "close",
]


@dataclass(frozen=True)
class Invariant:
    """The parameter has the operand's value in every iteration."""

    parameter: int


@dataclass(frozen=True)
class Sliced:
    """The parameter has one piece of the operand in each iteration: `part_size` indices of `axis`.

    The pieces lie from index `start` to index `end`, both included; negative ones are counted from the end. `stride` is
    `part_size`, or its negative when the pieces go backwards (`start=-1, end=0, stride=-1`).
    """

    parameter: int
    axis: int
    start: int = 0
    end: int = -1
    stride: int = 1
    part_size: int = 1


@dataclass(frozen=True)
class Merged:
    """The parameter has the operand's value at first, then that of the body's `result` in the iteration before."""

    parameter: int
    result: int


@dataclass(frozen=True)
class LastValue:
    """The body's result in the last iteration."""

    result: int


@dataclass(frozen=True)
class Concatenated:
    """The body's results of all iterations, put together along `axis`; the numbers mean what they mean in `Sliced`."""

    result: int
    axis: int
    start: int = 0
    end: int = -1
    stride: int = 1
    part_size: int = 1


InputPort: TypeAlias = "Invariant | Sliced | Merged"
OutputPort: TypeAlias = "LastValue | Concatenated"


_NOTHING: Mapping[str, object] = {}


def _fed(node: Loop | TensorIterator, leading: int) -> list[tuple[int, int, Mapping[str, object]]]:
    """Where the operands go, after the leading ones that are for the loop itself."""
    return [(leading + i, port.parameter, _slicing(port)) for i, port in enumerate(node.input_ports)]


def _taken(node: Loop | TensorIterator) -> list[tuple[int, int, Mapping[str, object]]]:
    first = len(node.operands)
    return [(first + i, port.result, _slicing(port)) for i, port in enumerate(node.output_ports)]


def _back_edges(node: Loop | TensorIterator) -> list[tuple[int, int]]:
    return [(port.result, port.parameter) for port in node.input_ports if isinstance(port, Merged)]


def _slicing(port: object) -> Mapping[str, object]:
    """How a tensor is cut into pieces or put together from them."""
    if not isinstance(port, (Sliced, Concatenated)):
        return _NOTHING
    return {key: getattr(port, key) for key in ("axis", "start", "end", "stride", "part_size")}


class TensorIterator(Node, opset="opset1"):
    """TensorIterator-1: run the body once for each piece of the sliced operands.

    Attributes:
        body: the graph of one iteration; its parameters take the types of the operands.
        input_ports: one for each of `inputs`; output_ports: one for each result.
    """

    inputs: Operands = variadic()
    body: Graph = hidden()
    input_ports: tuple[InputPort, ...] = hidden(normalize=tuple)
    output_ports: tuple[OutputPort, ...] = hidden(normalize=tuple)

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.body,)

    @property
    def port_maps(self) -> list[PortMap]:
        return [PortMap(self.body, _fed(self, 0), _taken(self), back_edges=_back_edges(self))]

    def infer(self) -> list[Type]:
        _check_ports(self, [p.parameter for p in self.input_ports])
        _settle(self)
        counts = _iterations(self)
        if not counts:
            raise ShapeError("nothing says how often a TensorIterator runs: none of its operands is sliced")
        count = agree("numbers of iterations", *counts)
        return _output_types(self, count, always=t.bounds(count)[0] > 0)


class Loop(Node, opset="opset5"):
    """Loop-5: run the body `trip_count` times at most (-1: no limit), while the condition holds.

    Attributes:
        body: the graph of one iteration; its parameters take the types of the operands.
        input_ports: one for each of `inputs`; output_ports: one for each result.
        body_condition: the result of the body (boolean, one element) that says whether to go on.
        current_iteration: the parameter of the body that holds the number of the iteration, if there is one.
    """

    trip_count: Operand = operand()
    execution_condition: Operand = operand()
    inputs: Operands = variadic()
    body: Graph = hidden()
    input_ports: tuple[InputPort, ...] = hidden(normalize=tuple)
    output_ports: tuple[OutputPort, ...] = hidden(normalize=tuple)
    body_condition: int = hidden()
    current_iteration: int | None = hidden(default=None)

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.body,)

    @property
    def port_maps(self) -> list[PortMap]:
        inputs, outputs = _fed(self, 2), _taken(self)
        if self.current_iteration is not None:
            inputs.append((-1, self.current_iteration, {"purpose": "current_iteration"}))
        outputs.insert(0, (-1, self.body_condition, {"purpose": "execution_condition"}))
        return [PortMap(self.body, inputs, outputs, back_edges=_back_edges(self))]

    def infer(self) -> list[Type]:
        number = [] if self.current_iteration is None else [self.current_iteration]
        _check_ports(self, [*(p.parameter for p in self.input_ports), *number])
        if not 0 <= self.body_condition < len(self.body.outputs):
            raise ShapeError(f"the body of a Loop has no result {self.body_condition} for the condition")
        _settle(self)
        count = self._count()
        return _output_types(self, count, always=t.bounds(count)[0] > 0)

    def _count(self) -> Dim:
        """How often the body runs, as far as this is known."""
        start = _truth(self.execution_condition)
        if start is False:
            return 0
        trips = scalar(self.trip_count)
        limit = t.INF if not isinstance(trips, int) or trips < 0 else trips
        for sliced in _iterations(self):
            limit = min(limit, t.bounds(sliced)[1])
        certain = start is True and _truth(self.body.outputs[self.body_condition].source) is True
        if certain and limit < t.INF:
            return limit
        if certain and isinstance(trips, Dynamic) and t.bounds(trips)[0] >= 0 and not _iterations(self):
            return trips
        return unknown(self, "count", 0, limit)


class If(Node, opset="opset8"):
    """If-8: the results of `then_body` when the condition (boolean, one element) holds, else those of `else_body`.

    Attributes:
        then_body, else_body: graphs with the same number of results; their parameters take the types of the operands.
        then_inputs, else_inputs: for each parameter of that body, the place in `inputs` of its value.
    """

    condition: Operand = operand()
    inputs: Operands = variadic()
    then_body: Graph = hidden()
    else_body: Graph = hidden()
    then_inputs: Ints = hidden(normalize=tuple)
    else_inputs: Ints = hidden(normalize=tuple)

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.then_body, self.else_body)

    @property
    def port_maps(self) -> list[PortMap]:
        maps = []
        for prefix, body, places in (
            ("then_", self.then_body, self.then_inputs),
            ("else_", self.else_body, self.else_inputs),
        ):
            inputs = [(1 + port, place, _NOTHING) for place, port in enumerate(places)]
            outputs = [(len(self.operands) + i, i, _NOTHING) for i in range(len(body.outputs))]
            maps.append(PortMap(body, inputs, outputs, prefix))
        return maps

    def infer(self) -> list[Type]:
        branches = []
        for body, places in ((self.then_body, self.then_inputs), (self.else_body, self.else_inputs)):
            if len(places) != len(body.inputs) or not all(0 <= i < len(self.inputs) for i in places):
                raise ShapeError(f"a branch of an If has {len(body.inputs)} parameters, fed by inputs {list(places)}")
            _retype(body, {p: self.inputs[i].type for p, i in zip(body.inputs, places)})
            branches.append([r.source.type for r in body.outputs])
        if len(branches[0]) != len(branches[1]):
            raise ShapeError(f"the branches of an If have {len(branches[0])} and {len(branches[1])} results")
        taken = _truth(self.condition)
        if taken is not None:
            return branches[0 if taken else 1]
        return [_either(self, i, a, b) for i, (a, b) in enumerate(zip(*branches))]


Iteration: TypeAlias = "Loop | TensorIterator"

ROUNDS = 16
"""How often a body is typed to find what changes from one iteration to the next, before all that is carried counts."""


def close(body: Graph) -> list[Value]:
    """Cut a body off from the graphs around it; returns the outer values that it needs, in order.

    Each of these gets a new parameter after those that are there already; constants are copied into the body.
    """
    inside = {body, *(b for node in body.walk() for b in node.bodies)}
    needed: list[Value] = []
    for value in body.captures():
        inner: Node
        if isinstance(value.node, Constant):
            inner = value.node.evolve()
            inner.name, inner.origin = value.node.name, value.node.origin
            body.splice([inner], next(iter(body), None))
        else:
            inner = body.add_input("", value.element, value.shape)
            inner.name, inner.origin, inner.known = value.label, value.node.origin, value.known
            needed.append(value)
        for node, index in list(value.uses):
            if node.graph in inside:
                node.set_operand(index, inner)
    return needed


def _check_ports(node: Iteration, fed: Sequence[int]) -> None:
    """Raise ShapeError unless every operand has its port, and every parameter exactly one value."""
    inputs, outputs = len(node.body.inputs), len(node.body.outputs)
    if len(node.input_ports) != len(node.inputs):
        raise ShapeError(f"{len(node.inputs)} values go into the body, and there are {len(node.input_ports)} ports")
    if sorted(fed) != list(range(inputs)):
        raise ShapeError(f"the body has {inputs} parameters, and the ports feed {sorted(fed)}")
    ports = (*node.input_ports, *node.output_ports)
    read = [p.result for p in ports if isinstance(p, (Merged, LastValue, Concatenated))]
    if any(not 0 <= r < outputs for r in read):
        raise ShapeError(f"the body has {outputs} results, and the ports read {sorted(read)}")


def _retype(body: Graph, types: dict[Parameter, Type]) -> None:
    """Give the parameters of a body these types, and let what follows from them follow."""
    changed = False
    for parameter, (element, shape) in types.items():
        element = parameter.element if element is t.dynamic else element
        if parameter.element is not element or not _same(parameter.shape, shape):
            parameter.retype(element, shape)
            changed = parameter.refresh() or changed
    if changed:
        for node in body:
            if not isinstance(node, Parameter):
                node.refresh()


def _same(a: Shape, b: Shape) -> bool:
    return (a is None and b is None) or t.same_shape(a, b)


def _settle(node: Iteration) -> None:
    """Type the body so that it holds for every iteration: what an iteration changes about a carried shape is unknown.

    An axis that was once found to change counts as unknown for good, so that nested bodies settle in bounded time.
    """
    carried = [p for p in node.input_ports if isinstance(p, Merged)]
    for _ in range(ROUNDS):
        _retype_body(node)
        loosened = [_loosen(node, p) for p in carried]
        if not any(loosened):
            return
    _loose(node).update((p.parameter, None) for p in carried)
    _retype_body(node)


def _retype_body(node: Iteration) -> None:
    ports = zip(node.input_ports, node.inputs)
    _retype(node.body, {node.body.inputs[p.parameter]: _parameter_type(node, p, v) for p, v in ports})


def _loose(node: Iteration) -> set[tuple[int, int | None]]:
    """Parameters with the axes that change from one iteration to the next (None: the rank changes)."""
    found: set[tuple[int, int | None]] = node.__dict__.setdefault("_loose_axes", set())
    return found


def _parameter_type(node: Iteration, port: InputPort, value: Value) -> Type:
    element, shape = value.type
    if shape is None:
        return value.type
    if isinstance(port, Sliced):
        axis = t.normalize_axis(port.axis, len(shape))
        return Type(element, (*shape[:axis], port.part_size, *shape[axis + 1 :]))
    if isinstance(port, Merged):
        loose, p = _loose(node), port.parameter
        if (p, None) in loose:
            return Type(element, None)
        shape = tuple(unknown(node, ("merged", p, i)) if (p, i) in loose else d for i, d in enumerate(shape))
    return Type(element, shape)


def _loosen(node: Iteration, port: Merged) -> bool:
    """Mark the axes in which the body changes what it carries; True when there was a new one."""
    before, after = node.body.inputs[port.parameter], node.body.outputs[port.result].source
    if after.element is not before.element and t.dynamic not in (before.element, after.element):
        raise ShapeError(f"a value carried from one iteration to the next is {before.element}, then {after.element}")
    if before.shape is None:
        return False
    loose, p = _loose(node), port.parameter
    if after.shape is None or len(after.shape) != len(before.shape):
        loose.add((p, None))
        return True
    pairs = enumerate(zip(before.shape, after.shape))
    new = {(p, i) for i, (b, a) in pairs if not t.same_dim(b, a) and (p, i) not in loose}
    loose |= new
    return bool(new)


def _iterations(node: Iteration) -> list[Dim]:
    """How many pieces each sliced operand has, where its rank is known."""
    counts: list[Dim] = []
    for i, (port, value) in enumerate(zip(node.input_ports, node.inputs)):
        if isinstance(port, Sliced):
            if port.part_size < 1:
                raise ShapeError(f"a sliced operand is cut into pieces of {port.part_size}")
            if value.shape is None:
                counts.append(unknown(node, ("pieces", i)))
                continue
            size = value.shape[t.normalize_axis(port.axis, len(value.shape))]
            counts.append(_span(node, i, size, port.start, port.end) // port.part_size)
    return counts


def _span(node: Node, key: int, size: Dim, start: int, end: int) -> Dim:
    """Number of indices from `start` to `end`, both included and negative ones counted from the end."""
    if {start, end} == {0, -1}:
        return size
    if (start < 0) == (end < 0):
        return abs(end - start) + 1
    if isinstance(size, int):
        return abs(end % size - start % size) + 1 if size else 0
    return unknown(node, ("span", key))


def _output_types(node: Iteration, count: Dim, always: bool) -> list[Type]:
    """Types of the results; `always`: the body surely runs once, so that no initial value comes out."""
    initial = {p.result: v for p, v in zip(node.input_ports, node.inputs) if isinstance(p, Merged)}
    types = []
    for i, port in enumerate(node.output_ports):
        value = node.body.outputs[port.result].source
        if isinstance(port, Concatenated):
            types.append(Type(value.element, _stacked(value.shape, port, count)))
        elif always or port.result not in initial:
            types.append(value.type)
        else:
            types.append(_either(node, i, value.type, initial[port.result].type))
    return types


def _stacked(shape: Shape, port: Concatenated, count: Dim) -> Shape:
    if shape is None:
        return None
    axis = t.normalize_axis(port.axis, len(shape))
    return (*shape[:axis], count * shape[axis], *shape[axis + 1 :])


def _either(node: Node, key: int, a: Type, b: Type) -> Type:
    """The type that covers both."""
    element = t.promote([a.element, b.element])
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return Type(element, None)
    dims: list[Dim] = []
    for axis, (x, y) in enumerate(zip(a.shape, b.shape)):
        (xlo, xhi), (ylo, yhi) = t.bounds(x), t.bounds(y)
        dims.append(x if t.same_dim(x, y) else unknown(node, ("either", key, axis), min(xlo, ylo), max(xhi, yhi)))
    return Type(element, tuple(dims))


def _truth(condition: Value) -> bool | None:
    """The only element of a boolean value, where it is known."""
    known = condition.const
    return bool(known.reshape(-1)[0]) if known is not None and known.size == 1 else None
