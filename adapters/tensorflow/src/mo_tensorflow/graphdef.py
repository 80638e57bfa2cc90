"""GraphDef and its functions to a graph of source ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import Any, Protocol

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import Function, Library
from mo_core.frontend.frames import without_frames
from mo_core.frontend.structure import Edge, Record, build
from mo_core.ir import UNKNOWN, Constant, Foreign, FunctionRef, Graph, Node, Type, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import ElementType, Shape
from mo_tensorflow.attributes import Attributes, shape
from mo_tensorflow.elements import data_type
from mo_tensorflow.outputs import Output, declared, of_signature, type_numbers
from mo_tensorflow.states import UPDATES, States
from mo_tensorflow.tensors import Tensors

PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
_SWITCHES = ("Switch", "RefSwitch")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "TPUPartitionedCall", "RemoteCall")
_SHAPES_OF_OUTPUTS = "_output_shapes"
_VALUE = "constant"  # the op of records that become constants: no op of TensorFlow begins with a small letter
_IDENTITIES = 100  # so many may stand between a Switch and what depends on it
_NO_EMPTY_SHAPES = 24
"""Up to this version of GraphDef an empty shape of a placeholder means that nothing is known."""


class Values(Protocol):
    """What variables and tables hold."""

    def find(self, node: Any) -> Tensor | None:
        """The content of a variable by its NodeDef, or None for a node that is none, or has no value."""

    def table(self, node: Any) -> tuple[Tensor, Tensor] | None:
        """Keys and values of a table by its NodeDef, or None for a node that is none, or whose content is not known."""

    def imported(self, node: Any) -> Sequence[str]:
        """The inputs with the keys and values of a table by its NodeDef; empty where they are not in the graph."""


class NoValues:
    """The graph is frozen."""

    def find(self, node: Any) -> Tensor | None:
        """Nothing holds anything."""
        return None

    def table(self, node: Any) -> tuple[Tensor, Tensor] | None:
        """Nothing holds anything."""
        return None

    def imported(self, node: Any) -> Sequence[str]:
        """Nothing holds anything."""
        return ()


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

    def graph(self, roots: Iterable[str], inputs: Mapping[str, Mapping[int, Type]] | None = None) -> Graph:
        """The graph of the nodes that `roots` depend on.

        Args:
            inputs: nodes that are inputs of the model whatever their op is, with the types of their outputs by number.
                Nothing that they depend on is read.
        """
        graph = Graph()
        part = _Part(self, graph, self.nodes, self.locate, inputs=inputs)
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
        part.read(self.locate_in_function(nodes, reference)[0] for reference in wanted)
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
    """One graph in the making: the nodes of a GraphDef or of a function."""

    def __init__(
        self,
        reader: GraphDefReader,
        graph: Graph,
        nodes: Mapping[str, Any],
        locate: Callable[[str], tuple[str, int]],
        attributes: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Mapping[int, Type]] | None = None,
    ) -> None:
        self.reader, self.graph, self.nodes = reader, graph, nodes
        self._locate = cache(locate)  # each reference is asked for again and again
        self._attributes = Attributes(reader.tensors, attributes)
        self._read_by: dict[str, tuple[list[Edge], list[str]]] = {}
        self.values: dict[str, Sequence[Value]] = {}
        self.inputs: Mapping[str, Mapping[int, Type]] = inputs or {}
        self._states = States(nodes, self._locate, self.inputs)

    def value(self, reference: str, what: str) -> Value:
        """The value that a reference means; its node has been read."""
        name, index = self._locate(reference)
        results = self.values.get(name, ())
        if index >= len(results):
            raise ModelError(f'{what} reads "{reference}", which nothing computes')
        found: Value = results[index]
        return found

    def read(self, roots: Iterable[str]) -> None:
        """Put the nodes that `roots` depend on into the graph, each after what it reads."""
        needed = self._needed(roots)
        ports = self._ports(needed)
        records = []
        for name in needed:
            node = self.nodes[name]
            if name in self.inputs:
                self.values[name] = self._inputs(node, self.inputs[name])
            elif node.op in PLACEHOLDERS and self.reader.values.find(node) is None:
                self.values[name] = self._inputs(node, {0: self._stated(node)})
            else:
                records.append(self._record(node, ports.get(name, 1)))
        self.values = build(self.graph, without_frames(records), self._made, self.values)

    def _needed(self, roots: Iterable[str]) -> list[str]:
        """The nodes that `roots` depend on, in the order of the file."""
        seen: set[str] = set()
        work = [(root, "") for root in roots if root not in self.values]
        while work:
            name, reader = work.pop()
            if name in seen:
                continue
            if name not in self.nodes:
                by = f'"{reader}" reads' if reader else "the outputs are"
                raise ModelError(f'{by} "{name}", which nothing computes')
            seen.add(name)
            work += [(source, name) for source in self._sources(name) if source not in self.values]
        return [name for name in self.nodes if name in seen]

    def _sources(self, name: str) -> list[str]:
        """The nodes whose values a node reads, and those that tell in which branch of an old condition it is."""
        if name in self.inputs:
            return []
        edges, controls = self._reads(name)
        return [*(e.source for e in edges), *(c for c in controls if self._is_pivot(c))]

    def _reads(self, name: str) -> tuple[list[Edge], list[str]]:
        """The inputs of a node, and the nodes that it only waits for."""
        found = self._read_by.get(name)
        if found is None:
            node = self.nodes[name]
            content = self.reader.values.imported(node) if self.nodes is self.reader.nodes else ()
            edges = [*self._states.edges(node), *(Edge(*self._locate(r)) for r in content)]
            found = self._read_by[name] = edges, [r[1:] for r in node.input if r.startswith("^")]
        return found

    def _is_pivot(self, name: str) -> bool:
        """True for the identity of a Switch, on which all in one branch depends."""
        node = self.nodes.get(name)
        for _ in range(_IDENTITIES):
            if node is None or node.op != "Identity" or not len(node.input):
                break
            node = self.nodes.get(self._locate(node.input[0])[0])
        return node is not None and node.op in _SWITCHES

    def _ports(self, names: Iterable[str]) -> dict[str, int]:
        """How many outputs of each node are read at least."""
        ports: dict[str, int] = {}
        for name in names:
            for source, index, _ in self._reads(name)[0]:
                if index >= ports.get(source, 1):
                    ports[source] = index + 1
        return ports

    # -- nodes

    def _record(self, node: Any, ports: int) -> Record:
        what = f'{node.op} "{node.name}"'
        inputs, controls = self._reads(node.name)
        content = self.reader.values.find(node)
        if content is not None:
            kind = data_type(node.attr["dtype"].type)
            op = _VALUE if isinstance(kind, ElementType) else "Const"
            return Record(node.name, op, attributes={"value": content, "dtype": kind}, controls=controls)
        if node.op == "Const":
            return Record(node.name, *self._const(node, what), controls=controls)
        if node.op in UPDATES:
            return Record(node.name, UPDATES[node.op], inputs, controls=controls)
        given = self._attributes.read(node.attr, what)
        table = self.reader.values.table(node)
        if table is not None:
            given["keys"], given["values"] = table
        count = sum(len(type_numbers(output, node.attr)) for output in self.reader.outputs(node))
        return Record(node.name, node.op, inputs, given, controls, results=max(count, ports))

    def _const(self, node: Any, what: str) -> tuple[str, Sequence[Edge], dict[str, Any]]:
        """The op of the record, its inputs (none), and its attributes."""
        value = node.attr.get("value")
        if value is None or value.WhichOneof("value") != "tensor":
            raise ModelError(f"{what} has no value")
        try:
            if isinstance(data_type(value.tensor.dtype), ElementType):
                return _VALUE, (), {"value": self.reader.tensors.tensor(value.tensor, what)}
            return node.op, (), self._attributes.read(node.attr, what)
        except Unsupported:  # of a type that no tensor has: an error when something needs it
            return node.op, (), {}

    def _inputs(self, node: Any, types: Mapping[int, Type]) -> Sequence[Value]:
        """Inputs in the place of the outputs of a node; other outputs are not there any more."""
        made: list[Value] = []
        for i in range(max(types) + 1):
            if i in types:
                name = f"{node.name}:{i}" if i else node.name
                made.append(self.graph.add_input(name, *types[i]))
                made[-1].names += [f"{node.name}:0"] if not i else []
            else:
                made.append(Foreign("tensorflow", node.op, [], name=node.name))
        return made

    def _stated(self, node: Any) -> Type:
        """The type of a placeholder."""
        kind = data_type(node.attr["dtype"].type) if "dtype" in node.attr else t.dynamic
        dims = self._stated_shape(node)
        if dims is None and node.name in self._conditions:
            dims = ()
        return Type(kind if isinstance(kind, ElementType) else t.dynamic, dims)

    def _stated_shape(self, node: Any) -> Shape:
        if "shape" in node.attr:
            stated = node.attr["shape"].shape
            if len(stated.dim) or self.reader.proto.versions.producer >= _NO_EMPTY_SHAPES:
                return shape(stated)
        shapes = self._output_shapes(node)
        return shape(shapes[0]) if len(shapes) else None

    @cached_property
    def _conditions(self) -> frozenset[str]:
        """The nodes that say which way a Switch goes: scalars, whether that is stated or not."""
        switches = (node for node in self.nodes.values() if node.op in _SWITCHES and len(node.input) > 1)
        return frozenset(self._locate(node.input[1])[0] for node in switches)

    def _made(self, record: Record, slots: list[Value | None]) -> Node:
        """The node of a record: what structuring needs it for."""
        if record.op == _VALUE:
            made: Node = Constant(value=record.attributes["value"])
            made.name, made.origin = record.name, (record.name,)
        else:
            types = self._result_types(record)
            given = record.attributes
            made = Foreign("tensorflow", record.op, slots, given, types, domain=record.domain, name=record.name)
        for i, result in enumerate(made.results):
            result.names[:] = [f"{record.name}:{i}"] if i else [record.name, f"{record.name}:0"]
        return made

    def _result_types(self, record: Record) -> list[Type]:
        """Types as far as the node states them."""
        node = self.nodes.get(record.name)
        if record.domain or node is None:
            return [UNKNOWN] * record.results
        numbers = [n for output in self.reader.outputs(node) for n in type_numbers(output, node.attr)]
        numbers += [0] * (record.results - len(numbers))
        shapes = self._output_shapes(node)
        types = []
        for i, number in enumerate(numbers):
            kind = data_type(number)
            element = kind if isinstance(kind, ElementType) else t.dynamic
            types.append(Type(element, shape(shapes[i]) if i < len(shapes) else None))
        return types

    @staticmethod
    def _output_shapes(node: Any) -> Sequence[Any]:
        return node.attr[_SHAPES_OF_OUTPUTS].list.shape if _SHAPES_OF_OUTPUTS in node.attr else []
