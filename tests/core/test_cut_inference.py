"""A tensor that becomes an input has the type and shape that the part which is cut away determines."""

import numpy as np
import pytest

from mo_core import ops
from mo_core.errors import Unsupported
from mo_core.frontend import ConverterTable, Frontend, SourceModel, converter, converters_of
from mo_core.frontend.conversion import Conversion
from mo_core.frontend.cut import Request, cut
from mo_core.ir import UNKNOWN, Foreign, Graph, constant
from mo_core.ir import types as t
from mo_core.options import OptionTable


@converter("Flatten")
def flatten(x):
    return ops.Reshape(x, [0, -1], special_zero=True)


@converter("Shape")
def shape(x):
    return ops.ShapeOf(x)


@converter("Add")
def add(a, b):
    return ops.Add(a, b)


@converter("Odd")
def odd(x):
    raise Unsupported("it is odd")


TABLE = ConverterTable(converters_of(flatten, shape, add, odd))


@pytest.fixture
def model():
    """data[?,3,8,8] -> flatten -> rows -> sum -> out; data -> shape -> size; data -> odd -> strange -> more."""
    graph = Graph("g")
    data = graph.add_input("data", t.f32, (t.Dynamic(), 3, 8, 8))

    def node(op, name, *inputs):
        made = graph.add(Foreign("toy", op, inputs, name=name))
        made.names.append(f"{name}_t")
        return made

    rows = node("Flatten", "rows", data)
    graph.add_output(node("Add", "sum", rows, graph.add(constant(np.float32([1])))))
    graph.add_output(node("Add", "twice", *[node("Shape", "size", data)] * 2))
    graph.add_output(node("Flatten", "more", node("Odd", "strange", data)))
    return SourceModel(graph, names_are_tensors=True)


def inputs(model, text, **more):
    seen = []

    def types(part):
        seen.append([n.name for n in part if isinstance(n, Foreign)])
        return Conversion(TABLE, Frontend()).types(part)

    notes = cut(model, Request.of(OptionTable().build({"input": text, **more})), types)
    model.graph.verify()
    return {p.label: (str(p.element), t.format_shape(p.shape)) for p in model.graph.inputs}, notes, seen


def test_shape_and_type_follow_from_what_is_cut_away(model):
    found, notes, seen = inputs(model, "rows_t", output="sum")
    assert found == {"rows_t": ("f32", "[?,192]")}
    assert seen == [["rows"]] and not any("assumed" in note for note in notes)


def test_whole_numbers_stay_whole_numbers(model):
    assert inputs(model, "size_t", output="twice")[0] == {"size_t": ("i64", "[4]")}


def test_what_the_user_says_wins(model):
    assert inputs(model, "rows_t[5,192]{f16}", output="sum")[0] == {"rows_t": ("f16", "[5,192]")}


def test_nothing_is_asked_when_the_user_says_all_of_it(model):
    assert inputs(model, "rows_t[5,192]{f16}", output="sum")[2] == []


def test_a_shape_given_for_an_input_upstream_counts(model):
    found, _, _ = inputs(model, "data[2,3,8,8],rows_t", output="sum,twice")
    assert found["rows_t"] == ("f32", "[2,192]")


def test_a_frozen_tensor_takes_the_type_that_is_inferred(model):
    inputs(model, "size_t->[1 2 3 4]", output="twice")
    (frozen,) = [n for n in model.graph if n.name == "size"]
    assert frozen.element is t.i64 and frozen.known.tolist() == [1, 2, 3, 4]


def test_what_cannot_be_converted_is_not_known_and_no_error(model):
    found, notes, _ = inputs(model, "strange_t[1,2]", output="more")
    assert found == {"strange_t": ("f32", "[1,2]")}
    assert any("is not known; f32 is assumed" in note for note in notes)


def test_the_types_of_a_part_leave_the_model_as_it_is(model):
    before = [n.name for n in model.graph]
    inputs(model, "rows_t", output="sum")
    kept = [n for n in model.graph if isinstance(n, Foreign)]
    assert {n.name for n in model.graph} < {*before, "rows_t"}
    assert all(n.result_types == [UNKNOWN] for n in kept)
