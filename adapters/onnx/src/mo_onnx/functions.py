"""Functions: those of the model itself, and those by which the ONNX standard defines an op."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mo_core.errors import ModelError
from mo_core.ir import Foreign, Graph
from mo_core.ir import types as t

if TYPE_CHECKING:
    from mo_onnx.reader import Reader


class Functions:
    """Turns a call into the graph of the function's body."""

    def __init__(self, reader: Reader, protos: Iterable[Any]) -> None:
        self._reader = reader
        self._local = {(p.domain if p.domain != "ai.onnx" else "", p.name): p for p in protos}
        self._depth = 0

    def expand(self, node: Foreign) -> Graph | None:
        """The body with the call's attributes put in, its parameters standing for the call's slots; None if unknown."""
        if node.name.count("/") > 256:
            raise ModelError(f'the function {node.op} calls itself ("{node.name[:80]}…")')
        proto = self._local.get((node.domain, node.op)) or _standard(node)
        if proto is None:
            return None
        return self._instance(proto, node)

    def _instance(self, proto: Any, node: Foreign) -> Graph:
        from mo_onnx.reader import Scope, domain_of

        reader, scope = self._reader, Scope()
        opsets = {domain_of(o.domain): o.version for o in proto.opset_import} or dict(reader.opsets)
        for domain, version in reader.opsets.items():
            opsets.setdefault(domain, version)
        graph = Graph(proto.name)
        for name in proto.input:
            scope.values[name] = graph.add_input(name, t.dynamic, None)
        given = {a.name: reader.attribute(a, proto.name, scope, opsets, 0, None) for a in proto.attribute_proto}
        given.update(node.given)
        for inner in proto.node:
            reader.node(inner, graph, scope, opsets, 1, given)
        for name in proto.output:
            value = scope.find(name)
            if value is None:
                raise ModelError(f'nothing computes the output "{name}" of the function {proto.name}')
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
