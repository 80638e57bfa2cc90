"""ModelProto to a graph of `Foreign` nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import SourceModel
from mo_core.ir import Constant, Foreign, Graph, Value, copy_graph
from mo_core.ir import types as t
from mo_core.ir.tensor import MappedFile
from mo_core.ir.types import Dim, Dynamic, Shape, Type
from mo_onnx.functions import Functions
from mo_onnx.proto import domain_of, load, text
from mo_onnx.tensors import ELEMENTS, Tensors, element_of

MAX_NESTING = 32
UNKNOWN = Type(t.dynamic, None)


def read(source: Any) -> SourceModel:
    """Read a path or an in-memory `onnx.ModelProto`.

    Raises ModelError for damaged files, names that nothing computes, names that are computed twice.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        file = MappedFile(path)
        try:
            model, found = load(file)
            tensors = Tensors(file, found, path.parent)
            return Reader(model, tensors).model()
        except (ModelError, Unsupported) as e:
            e.note(f'file "{path}"')
            raise
    return Reader(source, Tensors(None, None, None)).model()


class Scope:
    """Tensor names that are visible at a place: those of this graph, then those of the graphs around it."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.values: dict[str, Value] = {}
        self.outer = outer

    def find(self, name: str) -> Value | None:
        """The value of a name, or None."""
        scope: Scope | None = self
        while scope is not None:
            value = scope.values.get(name)
            if value is not None:
                return value
            scope = scope.outer
        return None


class Reader:
    """Reads one model."""

    def __init__(self, model: Any, tensors: Tensors) -> None:
        self._model, self.tensors = model, tensors
        self._symbols: dict[str, Dynamic] = {}
        self.opsets: dict[str, int] = {"": 1}
        if not model.opset_import and model.ir_version >= 3:
            raise ModelError(
                "the model does not say which opset it uses, so it is not complete",
                "Get the file again from where it came.",
            )
        for entry in model.opset_import:
            self.opsets[domain_of(entry.domain)] = entry.version
        self.functions = Functions(self, model.functions)

    def model(self) -> SourceModel:
        """The whole model."""
        proto = self._model
        graph = self.graph(proto.graph, Scope(), self.opsets, 0)
        metadata = {text(p.key): text(p.value) for p in proto.metadata_props}
        for key in ("producer_name", "producer_version", "domain", "doc_string"):
            if getattr(proto, key):
                metadata.setdefault(key, text(getattr(proto, key)))
        return SourceModel(
            graph,
            name=text(proto.graph.name),
            metadata=metadata,
            names_are_tensors=True,
            functions=self.functions.library,
            facts=self._facts(),
        )

    def _facts(self) -> dict[str, str]:
        proto = self._model
        opsets = [f"{domain} {version}".strip() for domain, version in self.opsets.items()]
        producer = f"{text(proto.producer_name)} {text(proto.producer_version)}".strip()
        return {"producer": producer, "opset": ", ".join(opsets), "IR version": str(proto.ir_version)}

    def graph(
        self,
        proto: Any,
        scope: Scope,
        opsets: Mapping[str, int],
        depth: int,
        attributes: Mapping[str, Any] | None = None,
    ) -> Graph:
        """A GraphProto; `attributes` are those of the function call that it is in."""
        if depth > MAX_NESTING:
            raise ModelError(f"sub-graphs are nested more than {MAX_NESTING} deep")
        graph = Graph(text(proto.name))
        types = {text(v.name): v for v in (*proto.value_info, *proto.output)}
        constants = {text(i.name) for i in proto.initializer}
        constants |= {text(s.values.name) for s in proto.sparse_initializer}
        for item in proto.input:
            name = text(item.name)
            if name not in constants:
                # types inside a body are settled when its node is converted; sequences are possible there
                element, shape = self._stated(item) if depth else self.type(item.type, f'input "{name}"')
                _define(scope, name, graph.add_input(name, element, shape))
        self._initializers(proto, graph, scope)
        for node in self._in_order(proto.node, scope):
            self.node(node, graph, scope, opsets, depth, attributes, types)
        for item in proto.output:
            name = text(item.name)
            value = scope.find(name)
            if value is None:
                raise ModelError(f'nothing computes the output "{name}"')
            graph.add_output(value, name)
        return graph

    def _initializers(self, proto: Any, graph: Graph, scope: Scope) -> None:
        for item in proto.initializer:
            name = text(item.name)
            self._constant(graph, scope, name, Constant(value=self.tensors.tensor(item, f'initializer "{name}"')))
        for item in proto.sparse_initializer:
            name = text(item.values.name)
            tensor = self.tensors.sparse(item, f'sparse initializer "{name}"')
            self._constant(graph, scope, name, Constant(value=tensor))

    def _constant(self, graph: Graph, scope: Scope, name: str, node: Constant) -> None:
        node.name, node.origin = name, (name,)
        graph.add(node)
        node.names.append(name)
        _define(scope, name, node)

    def node(
        self,
        proto: Any,
        graph: Graph,
        scope: Scope,
        opsets: Mapping[str, int],
        depth: int = 0,
        attributes: Mapping[str, Any] | None = None,
        types: Mapping[str, Any] | None = None,
    ) -> Foreign:
        """Append a NodeProto to the graph, and its outputs to the scope."""
        op, domain, outputs = text(proto.op_type), domain_of(proto.domain), [text(o) for o in proto.output]
        name = text(proto.name) or next((o for o in outputs if o), op)
        what = f'{op} "{name}"'
        slots = [self._input(text(i), scope, what) for i in proto.input]
        given: dict[str, Any] = {}
        for a in proto.attribute:
            value = self.attribute(a, what, scope, opsets, depth, attributes)
            if value is not None:
                given[text(a.name)] = value
        known = types or {}
        results = [self._stated(known.get(output)) for output in outputs] or [UNKNOWN]
        node = Foreign("onnx", op, slots, given, results, domain=domain, version=opsets.get(domain, 1), name=name)
        graph.add(node)
        for result, output in zip(node.results, outputs):
            if output:
                result.names.append(output)
                _define(scope, output, result)
        return node

    def _input(self, name: str, scope: Scope, what: str) -> Value | None:
        if not name:
            return None
        value = scope.find(name)
        if value is None:
            raise ModelError(f'{what} reads "{name}", which nothing computes')
        return value

    def _in_order(self, nodes: Iterable[Any], scope: Scope) -> list[Any]:
        """The nodes so that each comes after what it reads (files have them so, as a rule)."""
        nodes = list(nodes)
        producer = {o: i for i, n in enumerate(nodes) for o in n.output if o}
        reads = [_reads(n) for n in nodes]
        if all(producer.get(r, -1) < i for i, names in enumerate(reads) for r in names):
            return nodes
        waiting = [sum(1 for r in names if r in producer) for names in reads]
        readers: dict[int, list[int]] = {}
        for i, names in enumerate(reads):
            for r in names:
                if r in producer:
                    readers.setdefault(producer[r], []).append(i)
        ready = [i for i, n in enumerate(waiting) if n == 0]
        order: list[int] = []
        for i in ready:
            order.append(i)
            for reader in readers.get(i, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    ready.append(reader)
        if len(order) < len(nodes):
            stuck = next(n for i, n in enumerate(nodes) if waiting[i])
            raise ModelError(f'the graph has a cycle through {text(stuck.op_type)} "{text(stuck.name)}"')
        return [nodes[i] for i in order]

    # -- types

    def type(self, proto: Any, what: str) -> Type:
        """A TypeProto as a type; raises Unsupported for anything but a tensor."""
        kind = proto.WhichOneof("value")
        if kind == "optional_type":
            return self.type(proto.optional_type.elem_type, what)
        if kind not in ("tensor_type", None):
            raise Unsupported(f"{what} is a {str(kind).removesuffix('_type')}, and the runtime has tensors only")
        if kind is None:
            return UNKNOWN
        tensor = proto.tensor_type
        element = element_of(tensor.elem_type, what) if tensor.elem_type else t.dynamic
        return Type(element, self._shape(tensor, what))

    def _shape(self, tensor: Any, what: str) -> Shape:
        if not tensor.HasField("shape"):
            return None
        dims: list[Dim] = []
        for d in tensor.shape.dim:
            if d.WhichOneof("value") == "dim_value" and d.dim_value >= 0:
                dims.append(int(d.dim_value))
            elif d.WhichOneof("value") == "dim_param" and d.dim_param:
                name = text(d.dim_param)
                dims.append(self._symbols.setdefault(name, Dynamic(name=name)))
            else:
                dims.append(Dynamic())
        return tuple(dims)

    def _stated(self, info: Any) -> Type:
        """What the file states about an inner tensor (only cutting needs it, so that nothing is an error)."""
        if info is None or info.type.WhichOneof("value") != "tensor_type":
            return UNKNOWN
        tensor = info.type.tensor_type
        return Type(ELEMENTS.get(tensor.elem_type, t.dynamic), self._shape(tensor, info.name))

    # -- attributes

    def attribute(
        self, a: Any, what: str, scope: Scope, opsets: Mapping[str, int], depth: int, outer: Mapping[str, Any] | None
    ) -> Any:
        """The Python value of an AttributeProto; None for a reference to an attribute that the call leaves out."""
        if a.ref_attr_name:
            value = (outer or {}).get(text(a.ref_attr_name))
            return copy_graph(value) if isinstance(value, Graph) else value
        kind = a.type or _guess(a)
        if kind == 1:
            return a.f
        if kind == 2:
            return a.i
        if kind == 3:
            return _text(a.s)
        if kind == 4:
            return self.tensors.tensor(a.t, f"attribute {text(a.name)} of {what}")
        if kind == 5:
            return self.graph(a.g, Scope(scope), opsets, depth + 1, outer)
        if kind in (6, 7):
            return tuple(a.floats if kind == 6 else a.ints)
        if kind == 8:
            return tuple(map(_text, a.strings))
        if kind == 9:
            return tuple(self.tensors.tensor(x, f"attribute {text(a.name)} of {what}") for x in a.tensors)
        if kind == 11:
            return self.tensors.sparse(a.sparse_tensor, f"attribute {text(a.name)} of {what}")
        if kind == 13:
            return a.tp
        raise Unsupported(f"attribute {text(a.name)} of {what} is of kind {kind}, which is not known")


def _define(scope: Scope, name: str, value: Value) -> None:
    if name in scope.values:
        raise ModelError(
            f'the tensor "{name}" is computed twice', "Every tensor of an ONNX graph has one name of its own."
        )
    scope.values[name] = value


def _text(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _guess(a: Any) -> int:
    """The kind of an attribute in files that are older than the field `type`."""
    for kind, field in ((4, "t"), (5, "g"), (3, "s"), (1, "f"), (2, "i")):
        if a.HasField(field):
            return kind
    return 6 if len(a.floats) else 8 if len(a.strings) else 7


def _reads(node: Any) -> list[str]:
    """Names that a node reads, those that its bodies read from outside included."""
    names = [n for n in node.input if n]
    for a in node.attribute:
        if a.type == 5 or a.HasField("g"):
            names.extend(_captures(a.g))
    return names


def _captures(graph: Any) -> list[str]:
    """Names that a body reads and does not define."""
    own = {o for n in graph.node for o in n.output} | {i.name for i in (*graph.input, *graph.initializer)}
    read = [r for n in graph.node for r in _reads(n)] + [o.name for o in graph.output]
    return [r for r in dict.fromkeys(read) if r not in own]
