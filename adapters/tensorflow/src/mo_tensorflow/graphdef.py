"""GraphDef and its functions to a graph of source ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import Function, Library
from mo_core.ir import Constant, Foreign, FunctionRef, Graph, Parameter, Type, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import ElementType, Shape
from mo_tensorflow.attributes import Attributes, shape
from mo_tensorflow.elements import data_type
from mo_tensorflow.outputs import Output, declared, of_signature, type_numbers
from mo_tensorflow.tensors import Tensors

PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "TPUPartitionedCall", "RemoteCall")
_SHAPES_OF_OUTPUTS = "_output_shapes"
_NO_EMPTY_SHAPES = 24
"""Up to this version of GraphDef an empty shape of a placeholder means that nothing is known."""


class Values(Protocol):
    """What variables hold."""

    def find(self, node: Any) -> Tensor | None:
        """The content of a variable by its NodeDef, or None for a node that is none, or has no value."""


class NoValues:
    """The graph is frozen."""

    def find(self, node: Any) -> Tensor | None:
        """Nothing holds anything."""
        return None


class GraphDefReader:
    """Reads one GraphDef.

    Args:
        proto: the GraphDef; tensors: makes its tensors; values: what its variables hold (may be set later).

    Attributes:
        nodes, functions: the NodeDefs and FunctionDefs by name; library: the functions as calls find them.
        results: the values of the nodes that `graph` has read.
    """

    def __init__(self, proto: Any, tensors: Tensors, values: Values | None = None) -> None:
        self.proto, self.tensors, self.values = proto, tensors, values or NoValues()
        self.results: Mapping[str, Sequence[Value]] = {}
        self.functions = {f.signature.name: f for f in proto.library.function}
        known = {name: Function(name, partial(self._body, f)) for name, f in self.functions.items()}
        self.library = Library(known, self._callee)
        self.nodes: dict[str, Any] = {}
        for node in proto.node:
            if node.name in self.nodes:
                raise ModelError(f'the model has two nodes called "{node.name}"', "Every node has a name of its own.")
            self.nodes[node.name] = node

    def graph(self, roots: Iterable[str], inputs: Iterable[str] = ()) -> Graph:
        """The graph of the nodes that `roots` depend on.

        Args:
            inputs: nodes that are inputs of the model whatever their op is. Nothing that they depend on is read.
        """
        graph = Graph()
        part = _Part(self, graph, self.nodes, self.locate)
        part.inputs.update(inputs)
        part.read(roots)
        self.results = part.values
        return graph

    def outputs(self, node: Any) -> tuple[Output, ...]:
        """The outputs that the op of a node declares; those of a function when it is one."""
        function = self.functions.get(node.op)
        return of_signature(function.signature) if function is not None else declared(node.op)

    # -- functions

    def _callee(self, node: Foreign) -> FunctionRef | None:
        """A call op names the function in an attribute; in old models the function's name is the op."""
        if node.op in _CALLS:
            ref = node.given.get("f")
            return ref if isinstance(ref, FunctionRef) else None
        return FunctionRef(node.op, node.given) if node.op in self.functions else None

    def _body(self, function: Any, attributes: Mapping[str, Any]) -> Graph:
        name = function.signature.name
        graph = Graph(name)
        nodes = {n.name: n for n in function.node_def}
        part = _Part(self, graph, nodes, partial(self.locate_in_function, nodes), attributes)
        for argument in function.signature.input_arg:
            kind = attributes.get(argument.type_attr) if argument.type_attr else data_type(argument.type)
            element = kind if isinstance(kind, ElementType) else t.dynamic
            part.values[argument.name] = graph.add_input(argument.name, element, None).results
        wanted = []
        for argument in function.signature.output_arg:
            if argument.name not in function.ret:
                raise ModelError(f'the function "{name}" says not what its output "{argument.name}" is')
            wanted.append(function.ret[argument.name])
        part.read(part.node_of(reference) for reference in wanted)
        for reference in wanted:
            graph.add_output(part.value(reference, f'the function "{name}"'))
        for node in graph:
            for result in node.results:
                result.names.clear()  # names inside a function are no names of the model
        return graph

    # -- references

    def locate(self, reference: str) -> tuple[str, int]:
        """The node and output that an input of a node of the graph means: `node` or `node:index`."""
        name, _, index = reference.rpartition(":")
        return (name, int(index)) if name and index.isdecimal() else (reference, 0)

    def locate_in_function(self, nodes: Mapping[str, Any], reference: str) -> tuple[str, int]:
        """The same in a function: `argument`, `node:output` or `node:output:index`."""
        name, _, rest = reference.partition(":")
        if not rest:
            return name, 0
        output, _, index = rest.partition(":")
        node = nodes.get(name)
        offset = int(index) if index.isdecimal() else 0
        if node is not None:
            for declared_ in self.outputs(node):
                if declared_.name == output:
                    return name, offset
                offset += len(type_numbers(declared_, node.attr))
        if output.isdecimal():
            return name, int(output)
        raise ModelError(f'a function reads "{reference}", which is not there')

    def called(self, node: Any) -> str:
        """The name of the function that a node calls; empty for an op."""
        if node.op in self.functions:
            return str(node.op)
        return str(node.attr["f"].func.name) if node.op in _CALLS and "f" in node.attr else ""


class _Part:
    """One graph in the making: the nodes of a GraphDef or of a function, and the values read so far."""

    def __init__(
        self,
        reader: GraphDefReader,
        graph: Graph,
        nodes: Mapping[str, Any],
        locate: Callable[[str], tuple[str, int]],
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.reader, self.graph, self.nodes, self._locate = reader, graph, nodes, locate
        self._attributes = Attributes(reader.tensors, attributes)
        self.values: dict[str, Sequence[Value]] = {}
        self.inputs: set[str] = set()

    def node_of(self, reference: str) -> str:
        """The name of the node (or argument) that a reference means."""
        name: str = self._locate(reference)[0]
        return name

    def value(self, reference: str, what: str) -> Value:
        """The value that a reference means; its node has been read."""
        name, index = self._locate(reference)
        results = self.values.get(name, ())
        if index >= len(results):
            raise ModelError(f'{what} reads "{reference}", which nothing computes')
        found: Value = results[index]
        return found

    def read(self, roots: Iterable[str]) -> None:
        """Put nodes into the graph, each after what it reads."""
        ports = self._ports(needed := self._needed(roots))
        for name in needed:
            self._node(self.nodes[name], ports.get(name, 0))

    def _needed(self, roots: Iterable[str]) -> list[str]:
        """The nodes that `roots` depend on, each after what it reads."""
        order: list[str] = []
        state: dict[str, bool] = dict.fromkeys(self.values, True)  # False: being visited
        for root in roots:
            stack = [(root, "")]
            while stack:
                name, reader = stack[-1]
                if state.get(name):
                    stack.pop()
                    continue
                if name in state:
                    state[name] = True
                    order.append(name)
                    stack.pop()
                    continue
                if name not in self.nodes:
                    raise ModelError(f'"{reader}" reads "{name}", which nothing computes')
                state[name] = False
                for source in self._sources(name):
                    if state.get(source) is False:
                        raise ModelError(f'the graph has a cycle through "{source}"')
                    if source not in state:
                        stack.append((source, name))
        return order

    def _sources(self, name: str) -> list[str]:
        """The nodes whose values a node reads, the first one last."""
        if name in self.inputs:
            return []
        return [self.node_of(r) for r in reversed(self.nodes[name].input) if not r.startswith("^")]

    def _ports(self, names: Iterable[str]) -> dict[str, int]:
        """How many outputs of each node are read at least."""
        ports: dict[str, int] = {}
        for name in names:
            for reference in self.nodes[name].input:
                if not reference.startswith("^"):
                    source, index = self._locate(reference)
                    ports[source] = max(ports.get(source, 0), index + 1)
        return ports

    # -- nodes

    def _node(self, node: Any, ports: int) -> None:
        content = self.reader.values.find(node)
        if node.op in PLACEHOLDERS or node.name in self.inputs:
            made: Any = self._input(node)
        elif content is not None:
            made = self._constant(node.name, content)
        elif node.op == "Const":
            made = self._const(node)
        else:
            made = self._foreign(node, ports)
        self.values[node.name] = made.results
        made.results[0].names[:] = [node.name, f"{node.name}:0"]
        for i, result in enumerate(made.results[1:], 1):
            result.names.append(f"{node.name}:{i}")

    def _input(self, node: Any) -> Parameter:
        kind = data_type(node.attr["dtype"].type) if "dtype" in node.attr else t.dynamic
        element = kind if isinstance(kind, ElementType) else t.dynamic
        return self.graph.add_input(node.name, element, self._stated_shape(node))

    def _stated_shape(self, node: Any) -> Shape:
        if "shape" in node.attr:
            stated = node.attr["shape"].shape
            if len(stated.dim) or self.reader.proto.versions.producer >= _NO_EMPTY_SHAPES:
                return shape(stated)
        shapes = node.attr[_SHAPES_OF_OUTPUTS].list.shape if _SHAPES_OF_OUTPUTS in node.attr else []
        return shape(shapes[0]) if len(shapes) else None

    def _constant(self, name: str, content: Tensor) -> Constant:
        made = Constant(value=content)
        made.name, made.origin = name, (name,)
        self.graph.add(made)
        return made

    def _const(self, node: Any) -> Constant | Foreign:
        what = f'Const "{node.name}"'
        if "value" not in node.attr or node.attr["value"].WhichOneof("value") != "tensor":
            raise ModelError(f"{what} has no value")
        if isinstance(data_type(node.attr["value"].tensor.dtype), ElementType):
            return self._constant(node.name, self.reader.tensors.tensor(node.attr["value"].tensor, what))
        return self._foreign(node, 1)

    def _foreign(self, node: Any, ports: int) -> Foreign:
        what = f'{node.op} "{node.name}"'
        slots = [self.value(r, what) for r in node.input if not r.startswith("^")]
        try:
            given = self._attributes.read(node.attr, what)
        except Unsupported:
            if node.op != "Const":
                raise
            given = {}  # a constant of a type that no tensor can have
        made = Foreign("tensorflow", node.op, slots, given, self._result_types(node, ports), name=node.name)
        self.graph.add(made)
        return made

    def _result_types(self, node: Any, ports: int) -> list[Type]:
        """Types as far as the node states them; no node without results, since each stands for a value here."""
        numbers = [n for output in self.reader.outputs(node) for n in type_numbers(output, node.attr)]
        numbers += [0] * (max(ports, 1) - len(numbers))
        shapes = node.attr[_SHAPES_OF_OUTPUTS].list.shape if _SHAPES_OF_OUTPUTS in node.attr else []
        types = []
        for i, number in enumerate(numbers):
            kind = data_type(number)
            element = kind if isinstance(kind, ElementType) else t.dynamic
            types.append(Type(element, shape(shapes[i]) if i < len(shapes) else None))
        return types
