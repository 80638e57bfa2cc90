"""Functions of a source model: bodies on demand, nested, with captures; recursion and runaway growth refused."""

import numpy as np
import pytest

from mo_core import ops
from mo_core.errors import ModelError, ShapeError, Unsupported
from mo_core.frontend import ConverterTable, Frontend, Function, Library, converter, converters_of
from mo_core.frontend.conversion import Conversion
from mo_core.ir import Effects, Foreign, FunctionRef, Graph, constant, copy_graph, copy_into
from mo_core.ir import types as t
from mo_core.testing import evaluate


@converter("Add")
def add(a, b=None):
    return ops.Add(a, 1.0 if b is None else b)


@converter("Apply")
def apply(x, *, f: Graph, convert):
    (value,) = convert(f, dict(zip(f.inputs, [x])))
    from mo_core.build.bodies import detach

    detach(f)
    return value


@converter("Remember")
def remember(x):
    return Effects([x], [ops.Assign(x, variable_id="kept")])


TABLE = ConverterTable(converters_of(add, apply, remember))


def node(op, *inputs, results=1, **attributes):
    return Foreign("toy", op, inputs, attributes, results, name=op.lower())


def graph_of(build, inputs=1):
    graph = Graph("g")
    values = build(*[graph.add_input(f"x{i}", t.f32, (2,)) for i in range(inputs)])
    for value in values if isinstance(values, tuple) else (values,):
        graph.add_output(value)
    return graph


def library(**bodies):
    functions = {name: Function.of(name, body) for name, body in bodies.items()}
    return Library(functions, lambda n: FunctionRef(n.op, n.given))


def converted(graph, functions):
    conversion = Conversion(TABLE, Frontend(), None, functions)
    conversion.run(graph)
    graph.verify()
    return graph


def test_a_node_without_a_converter_is_the_function_that_it_calls():
    functions = library(Twice=graph_of(lambda x: node("Add", x, x)))
    graph = converted(graph_of(lambda x: node("Twice", node("Twice", x))), functions)
    assert evaluate(graph, np.float32([1, 2]))[0].tolist() == [4, 8]
    assert [n.name for n in graph if isinstance(n, ops.Add)] == ["twice/add", "twice/add"]


def test_an_op_that_is_neither_is_not_supported():
    with pytest.raises(Unsupported, match="Thrice"):
        converted(graph_of(lambda x: node("Thrice", x)), library())


def test_functions_call_functions():
    inner, outer = graph_of(lambda x: node("Add", x, x)), graph_of(lambda x: node("F", node("F", x)))
    graph = converted(graph_of(lambda x: node("G", x)), library(F=inner, G=outer))
    assert evaluate(graph, np.float32([1, 2]))[0].tolist() == [4, 8]


def test_a_function_that_calls_itself_is_refused():
    functions = library(F=graph_of(lambda x: node("G", x)), G=graph_of(lambda x: node("F", x)))
    with pytest.raises(ModelError, match='"F" calls itself'):
        converted(graph_of(lambda x: node("F", x)), functions)


def test_functions_that_double_at_every_level_are_refused_before_memory_ends(monkeypatch):
    monkeypatch.setattr("mo_core.frontend.functions.EXPANDED_NODES", 2000)
    bodies = {f"F{i}": graph_of(lambda x, i=i: node(f"F{i + 1}", node(f"F{i + 1}", x))) for i in range(40)}
    with pytest.raises(ModelError, match="grow beyond"):
        converted(graph_of(lambda x: node("F0", x)), library(**bodies, F40=graph_of(lambda x: node("Add", x))))


def test_a_long_chain_of_functions_is_no_matter_of_recursion():
    bodies = {f"F{i}": graph_of(lambda x, i=i: node(f"F{i + 1}", x)) for i in range(600)}
    with pytest.raises(ModelError, match="more than 256 deep"):
        converted(graph_of(lambda x: node("F0", x)), library(**bodies, F600=graph_of(lambda x: node("Add", x))))


def test_a_parameter_that_the_call_leaves_out_is_left_out_inside():
    functions = library(F=graph_of(lambda x, y: node("Add", x, y), inputs=2))
    graph = converted(graph_of(lambda x: node("F", x)), functions)
    assert evaluate(graph, np.float32([1, 2]))[0].tolist() == [2, 3]


def test_a_result_that_is_a_parameter_left_out_cannot_be_read():
    functions = library(F=graph_of(lambda x, y: y, inputs=2))
    with pytest.raises(ShapeError, match="left out"):
        converted(graph_of(lambda x: node("F", x)), functions)


def test_an_attribute_that_refers_to_a_function_is_its_body_for_the_converter():
    functions = library(F=graph_of(lambda x: node("Add", x, x)))
    graph = converted(graph_of(lambda x: node("Apply", x, f=FunctionRef("F"))), functions)
    assert evaluate(graph, np.float32([1, 2]))[0].tolist() == [2, 4]


def test_an_attribute_that_refers_to_no_function_is_an_error_of_the_model():
    with pytest.raises(ModelError, match='"F", which is not in the model'):
        converted(graph_of(lambda x: node("Apply", x, f=FunctionRef("F"))), library())


def test_a_function_is_built_only_when_it_is_asked_for():
    def never(attributes):
        raise AssertionError("nobody calls it")

    converted(graph_of(lambda x: node("Add", x, x)), Library({"F": Function("F", never)}))


def test_the_attributes_of_the_call_reach_the_body():
    def body(attributes):
        return graph_of(lambda x: node("Add", x, constant(np.float32([attributes["value"]]))))

    graph = graph_of(lambda x: node("F", x, value=3))
    converted(graph, Library({"F": Function("F", body)}, lambda n: FunctionRef(n.op, n.given)))
    assert evaluate(graph, np.float32([1, 2]))[0].tolist() == [4, 5]


def test_bodies_inside_of_a_function_read_what_the_call_gives():
    def outer(x):
        inner = Graph("inner")
        inner.add_output(inner.add(node("Add", inner.add_input("i", t.f32, (2,)), x)))
        return node("Apply", x, f=inner)

    function = Graph("F")
    x = function.add_input("x", t.f32, (2,))
    function.add_output(function.add(outer(x)))
    graph = converted(graph_of(lambda x: node("F", node("Add", x, x))), library(F=function))
    assert evaluate(graph, np.float32([1, 2]))[0].tolist() == [4, 8]


def test_all_calls_of_a_graph_can_be_expanded_at_once():
    inner, outer = graph_of(lambda x: node("Add", x, x)), graph_of(lambda x: node("F", node("F", x)))
    graph = graph_of(lambda x: node("G", node("G", x)))
    functions = library(F=inner, G=outer)
    assert functions.expand(graph, lambda n: FunctionRef(n.op) if n.op in functions.functions else None) == 6
    assert [n.name for n in graph if isinstance(n, Foreign)][:2] == ["g/f/add", "g/f/add"]
    assert evaluate(converted(graph, Library()), np.float32([1, 2]))[0].tolist() == [16, 32]


def test_a_copy_of_a_graph_is_independent_of_it():
    graph = graph_of(lambda x: node("Add", x, x))
    copy = copy_graph(graph)
    copy.verify()
    converted(copy, Library())
    assert [type(n) for n in graph if isinstance(n, Foreign)] == [Foreign]
    assert not [n for n in copy if isinstance(n, Foreign)]


def test_what_a_converter_does_beside_its_values_stays_in_the_graph():
    graph = converted(graph_of(lambda x: node("Remember", x)), Library())
    (assign,) = [n for n in graph if isinstance(n, ops.Assign)]
    assert assign.name == "remember/Assign" and assign.new_value is graph.inputs[0]


def test_a_body_that_is_copied_reads_the_copy_of_what_it_read():
    graph = Graph("outer")
    read = Foreign("test", "Read", [])
    graph.add(read)
    body = Graph("body")
    body.add(inner := Foreign("test", "Inner", [read]))
    body.add_output(inner)
    graph.add(Foreign("test", "Loop", [], {"body": body}))
    copy = Graph("copy")
    copy_into(copy, graph, {})
    first, loop = copy
    assert loop.bodies[0].captures() == [first]
    assert first.graph is copy and first is not read
