"""Functions: those of the model itself, and those by which the ONNX standard defines an op."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mo_core.errors import ModelError
from mo_core.frontend import Function, Library
from mo_core.ir import Foreign, FunctionRef, Graph
from mo_core.ir import types as t
from mo_onnx.proto import domain_of, text

if TYPE_CHECKING:
    from mo_onnx.reader import Reader


class Functions:
    """The functions of a model by domain and op, those of the standard looked up when a node needs them."""

    def __init__(self, reader: Reader, protos: Iterable[Any]) -> None:
        self._reader = reader
        self._known: dict[str, Function] = {}
        for p in protos:
            self._add(f"{domain_of(p.domain)}.{text(p.name)}", p)
        self.library = Library(self._known, self.callee)

    def callee(self, node: Foreign) -> FunctionRef | None:
        """The function that a node calls: one of the model, else the one by which the standard defines the op."""
        name = f"{node.domain}.{node.op}"
        if name not in self._known:
            name = f"{name}@{node.version}"
            if name not in self._known:
                proto = _standard(node)
                if proto is None:
                    return None
                self._add(name, proto)
        return FunctionRef(name, node.given)

    def _add(self, name: str, proto: Any) -> None:
        self._known[name] = Function(name, partial(self._body, proto))

    def _body(self, proto: Any, attributes: Mapping[str, Any]) -> Graph:
        from mo_onnx.reader import Scope

        reader, scope = self._reader, Scope()
        opsets = {domain_of(o.domain): o.version for o in proto.opset_import} or dict(reader.opsets)
        for domain, version in reader.opsets.items():
            opsets.setdefault(domain, version)
        graph = Graph(text(proto.name))
        for name in map(text, proto.input):
            scope.values[name] = graph.add_input(name, t.dynamic, None)
        given = {text(a.name): reader.attribute(a, graph.name, scope, opsets, 0, None) for a in proto.attribute_proto}
        given.update(attributes)
        for inner in proto.node:
            reader.node(inner, graph, scope, opsets, 1, given)
        for name in map(text, proto.output):
            value = scope.find(name)
            if value is None:
                raise ModelError(f'nothing computes the output "{name}" of the function {graph.name}')
            graph.add_output(value)
        for made in graph:
            for result in made.results:
                result.names.clear()  # names inside a function are no names of the model
        return graph


def _standard(node: Foreign) -> Any | None:
    """The function body by which the standard defines an op, if it does; this needs the whole onnx package."""
    try:
        from onnx import defs
    except ImportError:
        return None
    try:
        schema = defs.get_schema(node.op, node.version, node.domain)
    except (defs.SchemaError, TypeError):  # TypeError: a version beyond 32 bits
        return None
    if not getattr(schema, "has_function", False):
        return None
    body = schema.function_body
    return body if len(body.node) else None
