from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from mo_core.errors import UsageError
from mo_core.frontend import SourceModel
from mo_core.frontend.cut import Request, cut
from mo_core.ir import Foreign, Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import Dynamic, Type
from mo_core.options import OptionTable


class Builder:
    """Source graphs of toy ops; tensors are called as ONNX files call them, or after their nodes."""

    def __init__(self, tensors: bool = True) -> None:
        self.graph, self.tensors = Graph("toy"), tensors

    def input(self, name: str, shape: t.Shape = (1, 3, 8, 8), element: t.ElementType = t.f32) -> Value:
        return self.graph.add_input(name, element, shape)

    def weights(self, name: str) -> Value:
        made = constant(np.ones((4, 3, 1, 1), np.float32))
        made.name = name
        made.names.append(name)
        return self.graph.add(made)

    def op(
        self, name: str, *inputs: Value | None, results: int = 1, stated: Type | None = None, **given: Any
    ) -> Foreign:
        types = [stated or Type(t.f32, (1, 4, 8, 8))] * results
        node = Foreign("toy", "Op", inputs, given, types, name=name)
        for i, r in enumerate(node.results):
            r.names.append(f"{name}_{i or 'y'}" if self.tensors else f"{name}:{i}")
        self.graph.add(node)
        return node

    def model(self, *outputs: Value) -> SourceModel:
        for value in outputs:
            self.graph.add_output(value)
        return SourceModel(self.graph, names_are_tensors=self.tensors)


def chain(tensors: bool = True) -> SourceModel:
    """data -> conv(weights) -> relu -> split(two results) -> add(both) -> prob"""
    b = Builder(tensors)
    conv = b.op("conv", b.input("data"), b.weights("w"))
    split = b.op("split", b.op("relu", conv), results=2)
    return b.model(b.op("prob", b.op("add", split, split.results[1])))


def apply(source: SourceModel, **given: Any) -> list[str]:
    notes = cut(source, Request.of(OptionTable().build(given)))
    source.graph.verify()
    return notes


def ops_of(source: SourceModel) -> list[str]:
    return [n.name for n in source.graph if isinstance(n, Foreign)]


def inputs_of(source: SourceModel) -> list[str]:
    return [f"{p.label} {p.type}" for p in source.graph.inputs]


def outputs_of(source: SourceModel) -> list[str]:
    return [r.source.names[0] for r in source.graph.outputs]


def test_nothing_asked_only_drops_what_nobody_reads() -> None:
    source = chain()
    b = Builder()
    b.graph = source.graph
    b.op("dead", b.op("dying", source.graph.inputs[0]))
    unread = b.input("unread", (1,))
    assert apply(source) == []
    assert ops_of(source) == ["conv", "relu", "split", "add", "prob"]
    assert unread in source.graph.inputs


def test_the_shape_and_type_of_an_input_are_overridden() -> None:
    for option in ({"input": "data[2,3,?,..64]{f16}"}, {"input": "data{f16}", "input_shape": "[2,3,?,..64]"}):
        source = chain()
        assert apply(source, **option) == []
        assert inputs_of(source) == ["data f16[2,3,?,..64]"]


def test_unknown_dimensions_keep_their_identity_where_nothing_else_is_said() -> None:
    n = Dynamic(name="n")
    b = Builder()
    source = b.model(b.op("add", b.input("a", (n, 3)), b.input("b", (n, 4))))
    apply(source, input="a[?,5],b[1..8,?]")
    a, c = source.graph.inputs
    assert a.dims[0] is n
    assert c.dims[0] is not n
    assert inputs_of(source) == ["a f32[?,5]", "b f32[1..8,?]"]


def test_another_rank_than_stated_is_taken_and_noted() -> None:
    source = chain()
    assert any("states [1,3,8,8]" in note for note in apply(source, input="data[1,3]"))
    assert inputs_of(source) == ["data f32[1,3]"]


def test_a_tensor_becomes_an_input_with_its_name_and_type() -> None:
    source = chain()
    notes = apply(source, input="relu_y")
    assert inputs_of(source) == ["relu_y f32[1,4,8,8]"]
    assert ops_of(source) == ["split", "add", "prob"]
    assert any("left out" in note and '"data"' in note for note in notes)


def test_a_node_is_cut_at_its_only_variable_input() -> None:
    source = chain()
    apply(source, input="conv[1,3,9,9]")
    (made,) = source.graph.inputs
    assert (made.name, made.names) == ("conv/placeholder_port_0", ["conv/placeholder_port_0"])
    assert made.shape == (1, 3, 9, 9)
    assert "conv" in ops_of(source)

    source = chain(tensors=False)
    apply(source, input="relu")
    (made,) = source.graph.inputs
    assert made.names == ["relu/placeholder_port_0", "conv:0"]  # nothing else read that tensor
    assert ops_of(source) == ["relu", "split", "add", "prob"]


def test_ports_say_which_side_of_a_node_is_cut() -> None:
    source = chain(tensors=False)
    apply(source, input="split:1{f16}")
    assert inputs_of(source) == ["split/placeholder_out_port_1 f16[1,4,8,8]", "data f32[1,3,8,8]"]
    source = chain(tensors=False)
    notes = apply(source, input="1:add")
    assert [p.name for p in source.graph.inputs] == ["add/placeholder_port_1", "data"]
    assert any("does not list" in note and '"data"' in note for note in notes)
    add = next(n for n in source.graph if n.name == "add")
    assert [v.names[0] for v in add.operands] == ["split:0", "add/placeholder_port_1"]


def test_ports_count_left_out_inputs() -> None:
    b = Builder()
    x = b.input("x")
    source = b.model(b.op("resize", x, None, b.weights("scales")))
    apply(source, input="2:resize[4]{i64}")
    assert inputs_of(source) == ["resize/placeholder_port_2 i64[4]", "x f32[1,3,8,8]"]
    with pytest.raises(UsageError, match=r'no input port 1\n.*"0:resize" reads "x"'):
        apply(source, input="1:resize")


def test_weights_can_become_an_input() -> None:
    source = chain()
    apply(source, input="data,w")
    assert inputs_of(source) == ["data f32[1,3,8,8]", "w f32[4,3,1,1]"]


def test_an_unnamed_node_is_found_by_its_tensor() -> None:
    b = Builder()
    node = b.op("", b.input("x"), b.input("y"))
    node.names[:] = ["out"]
    source = b.model(node)
    apply(source, input="1:out[7]")
    assert inputs_of(source) == ["out/placeholder_port_1 f32[7]", "x f32[1,3,8,8]"]


def test_what_the_file_does_not_state_is_assumed_and_noted() -> None:
    b = Builder()
    source = b.model(b.op("b", b.op("a", b.input("x"), stated=Type(t.dynamic, None))))
    notes = apply(source, input="a_y")
    assert inputs_of(source) == ["a_y f32[...]"]
    assert any("f32 is assumed" in n for n in notes) and any("shape of the new input" in n for n in notes)


def test_outputs_come_in_the_order_given_and_may_be_inside() -> None:
    source = chain()
    apply(source, output="split:1,relu_y,0:relu,data")
    assert outputs_of(source) == ["split_1", "relu_y", "conv_y", "data"]
    assert [r.name for r in source.graph.outputs] == outputs_of(source)
    assert ops_of(source) == ["conv", "relu", "split"]
    source = chain(tensors=False)
    apply(source, output="split")
    assert outputs_of(source) == ["split:0"]


def test_one_tensor_is_one_output() -> None:
    source = chain()
    notes = apply(source, output="relu_y,relu")
    assert outputs_of(source) == ["relu_y"]
    assert any("more than once" in n for n in notes)


def test_the_preferred_kind_of_name_wins() -> None:
    def model(tensors: bool) -> SourceModel:
        b = Builder(tensors)
        first = b.op("first", b.input("x"))
        first.names[:] = ["second"]
        return b.model(b.op("second", first))

    source = model(True)
    apply(source, output="second")
    assert ops_of(source) == ["first"]
    source = model(False)
    apply(source, output="second")
    assert ops_of(source) == ["first", "second"]


def test_a_name_with_colons_is_tried_as_a_whole_first() -> None:
    b = Builder()
    node = b.op("node", b.input("x"), results=2)
    node.names[:] = ["2:node:1"]
    source = b.model(node.results[1])
    apply(source, output="2:node:1")
    assert source.graph.outputs[0].source is node


def test_listed_inputs_come_first_in_their_order() -> None:
    b = Builder()
    values = [b.input(n, (2,)) for n in "abc"]
    source = b.model(b.op("sum", *values))
    notes = apply(source, input="c,a")
    assert [p.name for p in source.graph.inputs] == ["c", "a", "b"]
    assert [n.name for n in source.graph][:3] == ["c", "a", "b"]
    assert any('does not list "b"' in n for n in notes)


def test_inputs_that_are_not_needed_go() -> None:
    b = Builder()
    x, y = b.input("x"), b.input("y")
    source = b.model(b.op("last", b.op("first", x), y))
    notes = apply(source, output="first_y", input="x,y")
    assert inputs_of(source) == ["x f32[1,3,8,8]"]
    assert any('"y" is not needed' in n for n in notes)


def test_a_tensor_that_becomes_an_input_is_no_output_any_more() -> None:
    b = Builder()
    first = b.op("first", b.input("x"))
    source = b.model(first, b.op("last", first))
    notes = apply(source, input="first_y")
    assert outputs_of(source) == ["last_y"]
    assert any("no output any more" in n for n in notes)


# -- values


def test_an_input_is_frozen() -> None:
    for option in (
        {"input": "flag->True,x"},
        {"freeze_placeholder_with_value": "flag->True"},
        {"input": "x,flag", "freeze_placeholder_with_value": {"flag": True}},
    ):
        b = Builder()
        source = b.model(b.op("switch", b.input("x"), b.input("flag", (), t.boolean)))
        apply(source, **option)
        assert inputs_of(source) == ["x f32[1,3,8,8]"]
        value = next(n for n in source.graph if n.name == "switch").operands[1]
        assert (value.element, value.shape, value.names) == (t.boolean, (), ["flag"])
        assert value.const is not None
        assert value.const.item() is True


@pytest.mark.parametrize(
    ("spec", "stated", "expected"),
    [
        ("x->[1 2]", Type(t.i64, (2,)), "i64[2]"),
        ("x->3", Type(t.f16, (1, 1)), "f16[1,1]"),
        ("x->3", Type(t.i32, (Dynamic(),)), "i32[1]"),
        ("x->[1,2,3,4]", Type(t.f32, (2, 2)), "f32[2,2]"),
        ("x[4]->[1,2,3,4]", Type(t.f32, (2, 2)), "f32[4]"),
        ("x{i8}->[-128,127]", Type(t.f32, None), "f32[2]"),  # the model goes on computing with real numbers
        ("x{i8}->[-128,127]", Type(t.i64, None), "i8[2]"),
        ("x->5", Type(t.f32, (2, 3)), "f32[2,3]"),
        ("x->[a b]", Type(t.string, (2,)), "string[2]"),
        ("x->[1.5]", Type(t.dynamic, None), "f32[1]"),
        ("x->[True]", Type(t.dynamic, None), "boolean[1]"),
    ],
)
def test_a_value_takes_the_type_and_shape_that_is_known(spec: str, stated: Type, expected: str) -> None:
    b = Builder()
    source = b.model(b.op("y", b.input("x", stated.shape, stated.element)))
    apply(source, input=spec)
    assert str(next(n for n in source.graph if n.name == "y").operands[0].type) == expected


@pytest.mark.parametrize(
    ("spec", "stated", "message"),
    [
        ("x->[1 2 3]", Type(t.i64, (2,)), r"has shape \[3\], and \[2\] is needed"),
        ("x[3]->[1 2]", Type(t.i64, (2,)), r"\[3\] is needed"),
        ("x[?]->[1 2]", Type(t.i64, (2,)), "unknown shape"),
        ("x->1.5", Type(t.i64, ()), "is not whole"),
        ("x->300", Type(t.u8, ()), r"outside of 0\.\.255"),
        ("x->-1", Type(t.u8, ()), r"outside of 0\.\.255"),
        ("x->nan", Type(t.i32, ()), "not whole"),
        ("x->word", Type(t.f32, ()), "is a text"),
    ],
)
def test_values_that_do_not_fit_are_refused(spec: str, stated: Type, message: str) -> None:
    b = Builder()
    source = b.model(b.op("y", b.input("x", stated.shape, stated.element)))
    with pytest.raises(UsageError, match=message):
        apply(source, input=spec)


def test_any_tensor_or_port_can_be_frozen() -> None:
    source = chain()
    apply(source, input="relu_y->0.5[1,4,8,8]".replace("->0.5[1,4,8,8]", "[1,1]->0.5"))
    assert source.graph.inputs == []
    assert ops_of(source) == ["split", "add", "prob"]
    source = chain()
    apply(source, input="1:add[1]->2")
    add = next(n for n in source.graph if n.name == "add")
    assert add.operands[1].const is not None
    assert inputs_of(source) == ["data f32[1,3,8,8]"]


# -- batch and shapes in order


def test_batch_sets_the_first_dimension_of_every_input() -> None:
    b = Builder()
    x, y, s = b.input("x", (Dynamic(), 3)), b.input("y", (1, 5)), b.input("s", ())
    source = b.model(b.op("op", x, y, s))
    apply(source, batch=4)
    assert inputs_of(source) == ["x f32[4,3]", "y f32[4,5]", "s f32[]"]


def test_batch_follows_the_layout() -> None:
    b = Builder()
    source = b.model(b.op("op", b.input("x", (7, 1, 3)), b.input("y", (5, 6))))
    apply(source, batch=2, layout="x(tnc),y(hw)")
    assert inputs_of(source) == ["x f32[7,2,3]", "y f32[5,6]"]


def test_batch_refuses_what_is_no_batch() -> None:
    b = Builder()
    with pytest.raises(UsageError, match=r'dimension 0 of "x" \[7,3\] is 7'):
        apply(b.model(b.op("op", b.input("x", (7, 3)))), batch=2)
    b = Builder()
    with pytest.raises(UsageError, match='shape of "x" is not known'):
        apply(b.model(b.op("op", b.input("x", None))), batch=2)


def test_shapes_without_names_are_for_the_inputs_in_order() -> None:
    def model() -> SourceModel:
        b = Builder()
        return b.model(b.op("op", b.input("x", None), b.input("y", None)))

    source = model()
    apply(source, input_shape="[1,2],[3]")
    assert inputs_of(source) == ["x f32[1,2]", "y f32[3]"]
    source = model()
    apply(source, input_shape="[1,2]", freeze_placeholder_with_value="y->1")
    assert inputs_of(source) == ["x f32[1,2]"]
    source = model()
    apply(source, input=[[1, 2], "y[3]"])
    assert inputs_of(source) == ["x f32[1,2]", "y f32[3]"]
    with pytest.raises(UsageError, match=r'has 2 inputs, and --input_shape has 1 shape\n.*"x", "y"'):
        apply(model(), input_shape="[1,2]")
    with pytest.raises(UsageError, match="lists 2 inputs, and --input_shape has 1"):
        apply(model(), input="x,y", input_shape="[1,2]")


def test_static_shape_names_the_inputs_that_stay_unknown() -> None:
    b = Builder()
    source = b.model(b.op("op", b.input("x", (Dynamic(), 3))))
    assert any('"x" [?,3] has unknown dimensions' in n for n in apply(source, static_shape=True))


# -- mistakes


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"input": "dat"}, r'no "dat"\nDid you mean "data"'),
        ({"output": "nowhere"}, r'no "nowhere"\nThe model\'s outputs are "prob_y"'),
        ({"input": "data,data"}, "the same place"),
        ({"input": "add"}, r'"add" has 2 inputs\nSay which one.*"0:add" reads "split_y"'),
        ({"input": "0:data"}, "has no input port"),
        ({"input": "relu:3"}, "no output port 3"),
        ({"input": "7:relu"}, "no input port 7"),
        ({"input": "0:relu:0"}, "both an input port and an output port"),
        ({"output": "relu:3"}, "no output port 3"),
        ({"input": "data[1]", "input_shape": "[1]"}, "so does --input_shape"),
        ({"input": "data[1]", "batch": 2}, "so does --batch"),
        ({"input": "data->1", "freeze_placeholder_with_value": "data->2"}, "a value twice"),
    ],
)
def test_mistakes_name_what_is_there(option: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        apply(chain(), **option)


def test_a_name_that_several_nodes_have_is_refused() -> None:
    b = Builder()
    x = b.input("x")
    first, second = b.op("same", x), b.op("same", x)
    second.names[:] = ["other"]
    source = b.model(first, second)
    with pytest.raises(UsageError, match=r'2 things are called "same"\n.*"same_y", "other"'):
        apply(source, output="same")


def test_names_inside_of_a_body_are_pointed_out() -> None:
    inner = Builder()
    inner.model(inner.op("deep", inner.input("i")))
    b = Builder()
    source = b.model(b.op("loop", b.input("x"), body=inner.graph))
    with pytest.raises(UsageError, match='"deep_y" is inside of a sub-graph'):
        apply(source, output="deep_y")


def test_the_nearest_name_is_found_fast_among_many() -> None:
    b = Builder()
    value = b.input("x")
    for i in range(20_000):
        value = b.op(f"layer_{i}/conv", value)
    source = b.model(value)
    start = time.perf_counter()
    with pytest.raises(UsageError, match="Did you mean"):
        apply(source, output="layer_77/comv_y")
    assert time.perf_counter() - start < 5


def test_long_chains_are_cut_without_recursion() -> None:
    b = Builder()
    value = b.input("x")
    for i in range(100_000):
        value = b.op(f"n{i}", value)
    source = b.model(value)
    apply(source, input="n50000_y", output="n99000_y")
    assert len(source.graph) == 49_002


@pytest.mark.parametrize("first", [1, 0, Dynamic(), Dynamic(2, 9)])
def test_a_free_batch(first):
    graph = Graph()
    graph.add_output(graph.add_input("x", t.f32, (first, 3)), "y")
    apply(SourceModel(graph), batch=-1)
    assert t.format_shape(graph.inputs[0].shape) == ("[2..9,3]" if t.bounds(first) == (2, 9) else "[?,3]")


def test_a_batch_that_is_fixed_is_not_freed():
    graph = Graph()
    graph.add_output(graph.add_input("x", t.f32, (10, 3)), "y")
    with pytest.raises(UsageError, match="is 10, not a batch of 1"):
        apply(SourceModel(graph), batch=-1)
