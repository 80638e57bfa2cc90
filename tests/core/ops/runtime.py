"""What the runtime infers for an operation, to compare with what we infer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, TypeAlias

import pytest

from mo_core.emit import serialize
from mo_core.errors import ShapeError
from mo_core.ir import Graph, Node, Parameter, Value
from mo_core.ir import types as t

Build: TypeAlias = Callable[[], Node]
"""Makes a node of the operation that a row of a table is about."""


def param(spec: str) -> Parameter:
    """A parameter from text: `f32[1,?,3..5]`, `i64[]`, `f32[...]`; every dynamic dimension is a new unknown."""
    element, _, rest = spec.partition("[")
    inner = rest.rstrip("]")
    shape = None if inner == "..." else tuple(map(_dim, inner.split(","))) if inner else ()
    return Parameter(element_type=t.element_type(element), dimensions=shape)


def _dim(text: str) -> t.Dim:
    if text == "?":
        return t.Dynamic()
    low, dots, high = text.partition("..")
    return t.Dynamic(int(low or 0), int(high) if high else t.INF) if dots else int(text)


def graph_of(*values: Value) -> Graph:
    """A graph of these values and what they depend on; all their nodes' results are outputs."""
    graph = Graph()
    graph.splice(values, None)
    graph.inputs = [node for node in graph if isinstance(node, Parameter)]
    for value in values:
        for result in value.node.results:
            graph.add_output(result)
    return graph


def read(graph: Graph) -> Any:
    """The runtime's model of an emitted graph; raises RuntimeError when it refuses the graph."""
    import openvino

    xml, weights = serialize(graph)
    return openvino.Core().read_model(xml.encode(), weights)


def runtime_types(model: Any) -> list[str]:
    """The types of a model's outputs, in the form `f32[1,?,3..5]`."""
    return [f"{r.get_element_type().get_type_name()}{_shape(r.get_output_partial_shape(0))}" for r in model.results]


def _shape(shape: Any) -> str:
    if shape.rank.is_dynamic:
        return "[...]"
    return "[" + ",".join(str(_from_runtime(d)) for d in shape) + "]"


def _from_runtime(d: Any) -> t.Dim:
    if d.is_static:
        return int(d.get_length())
    return t.Dynamic(d.get_min_length(), t.INF if d.get_max_length() in (-1, t.INF) else d.get_max_length())


def our_types(node: Node) -> list[str]:
    """The types that we inferred, in the same form."""
    return [str(r.type) for r in node.results]


def check(node: Node, *expected: str, runtime: Sequence[str] | None = None) -> None:
    """Assert that we infer what is expected (if given) and what the runtime infers, and that it knows our attributes.

    `runtime` is what the runtime infers where we differ on purpose: we know more than it does.
    """
    node.name = node.name or "it"
    model = read(graph_of(node))
    if expected:
        assert our_types(node) == list(expected)
    assert runtime_types(model) == (our_types(node) if runtime is None else list(runtime))
    theirs = next(op for op in model.get_ops() if op.get_friendly_name() == node.name)
    names = {a.key for a in node.schema.attributes.values() if a.xml is not None}
    assert names <= set(theirs.get_attributes()), "attributes that the runtime does not know, and silently ignores"


def check_choices(build: Callable[[], Node], name: str) -> None:
    """Assert that the runtime takes every word that we allow for an attribute, and keeps it."""
    for choice in build().schema.attributes[name].choices:
        model = read(graph_of(node := build().evolve(**{name: choice})))
        theirs = next(op for op in model.get_ops() if op.get_type_name() == node.type_name)
        assert str(theirs.get_attributes()[node.schema.attributes[name].key]).lower() == choice.lower()


# -- tests of the tables that the modules have: `test_types = types_test(TYPES)`


def types_test(table: Sequence[tuple[Build, str | Sequence[str]]]) -> Callable[..., None]:
    """Each node has the types (one as a text, or several) of its row, with the runtime, too."""

    @pytest.mark.parametrize(("build", "expected"), table)
    def test(build: Build, expected: str | Sequence[str]) -> None:
        check(build(), *([expected] if isinstance(expected, str) else expected))

    return test


def differences_test(table: Sequence[tuple[Build, Sequence[str], Sequence[str]]]) -> Callable[..., None]:
    """Each node has the types of its row with us, and others with the runtime."""

    @pytest.mark.parametrize(("build", "expected", "runtime"), table)
    def test(build: Build, expected: Sequence[str], runtime: Sequence[str]) -> None:
        check(build(), *expected, runtime=runtime)

    return test


def errors_test(table: Sequence[tuple[Build, str]]) -> Callable[..., None]:
    """No row can be built, and the error says why."""

    @pytest.mark.parametrize(("build", "message"), table)
    def test(build: Build, message: str) -> None:
        with pytest.raises(ShapeError, match=message):
            build()

    return test


def completeness_test(table: Sequence[tuple[Any, ...]], *modules: ModuleType) -> Callable[[], None]:
    """Every operation of the modules is in the table, and no other."""

    def test() -> None:
        assert {type(build()).__name__ for build, *_ in table} == {name for m in modules for name in m.__all__}

    return test
