"""The editor: names, origins and runtime attributes are kept, types follow, and what happened is recorded."""

from __future__ import annotations

import pytest

from mo_core.errors import InternalError
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import LRN, Abs, Add, If, Multiply, ReLU, Sigmoid, Split, Tanh
from mo_core.rewriting import Context, Editor, Stage, any_, graph_pass, p, rewrites, rule, run
from mo_core.rewriting.record import Exclusion

INFO = {"mark": {"value": "1"}}
PORT = {"layout": {"layout": "[N,C]"}}


@pytest.fixture
def graph():
    made = Graph("g")
    relu = ReLU(made.add_input("x", t.f32, (2, 4)))
    relu.name, relu.origin, relu.rt_info, relu.port_info = "relu", ("source",), INFO, {0: PORT}
    relu.names.append("inner")
    made.add_output(Sigmoid(relu), "y")
    return made


@pytest.fixture
def edit(graph):
    return Editor(graph, "mine", Context())


def only(graph, kind):
    (found,) = [n for n in graph if isinstance(n, kind)]
    return found


def test_a_node_that_is_replaced_leaves_name_origin_and_runtime_attributes(graph, edit):
    relu = only(graph, ReLU)
    edit.replace(relu, Tanh(Add(graph.inputs[0], 1.0)), rule="other")
    new, added = only(graph, Tanh), only(graph, Add)
    assert (new.name, new.origin, new.names) == ("relu", ("source",), ["inner"])
    assert new.rt_info == INFO and new.port_info == {0: PORT}
    assert (added.name, added.origin, added.rt_info) == ("relu/Add", ("source",), {})
    assert relu.graph is None and edit.changed
    (firing,) = edit.context.record.firings
    assert (firing.pass_name, firing.rule, firing.gone, firing.kept) == ("mine", "other", ("source",), "relu")


def test_runtime_attributes_of_a_result_go_with_the_result(graph, edit):
    edit.replace(
        only(graph, ReLU), Split(Multiply(graph.inputs[0], 2.0), constant(1), num_splits=1).results[0], rule="r"
    )
    assert only(graph, Split).port_info == {0: PORT}


def test_a_rule_keeps_runtime_attributes_and_those_that_the_new_node_has_win(graph):
    @rule(p.ReLU(any_("x")))
    def turned(x):
        made = Tanh(x)
        made.rt_info = {"mark": {"value": "2"}}
        return made

    run([rewrites("p", turned, stage=Stage.NORMALIZE)], graph, Context())
    assert only(graph, Tanh).rt_info == {"mark": {"value": "2"}} and only(graph, Tanh).port_info == {0: PORT}


def test_a_value_that_was_there_before_keeps_its_own_attributes(graph, edit):
    edit.replace(only(graph, ReLU), graph.inputs[0], rule="gone")
    assert graph.inputs[0].rt_info == {} and graph.inputs[0].names == ["x"]


def test_constants_that_are_folded_keep_runtime_attributes():
    graph = Graph()
    sum_ = Add(constant(1.0), constant(2.0))
    sum_.rt_info = INFO
    graph.add_output(Add(graph.add_input("x", t.f32, (2,)), sum_), "y")
    editor = Editor(graph, "mine", Context())
    editor.fold()
    assert only(graph, Add).operands[1].node.rt_info == INFO and editor.changed
    again = Editor(graph, "mine", Context())
    again.fold()
    assert not again.changed


def test_equal_nodes_with_different_runtime_attributes_stay_apart():
    from mo_core.transforms.simplify.cleanup import common_subexpressions

    for info, kept in (({}, 1), (INFO, 2)):
        graph = Graph()
        x = graph.add_input("x", t.f32, (2,))
        first, second = ReLU(x), ReLU(x)
        second.rt_info = info
        graph.add_output(Add(first, second), "y")
        run([common_subexpressions], graph, Context())
        assert sum(isinstance(n, ReLU) for n in graph) == kept


def test_an_operand_is_exchanged_and_the_old_one_goes(graph, edit):
    sigmoid, old = only(graph, Sigmoid), only(graph, ReLU)
    edit.set_operand(sigmoid, 0, Abs(graph.inputs[0]), name="abs")
    assert only(graph, Abs).name == "abs" and old.graph is None and edit.changed
    graph.verify()


def test_attributes_change_and_types_follow_when_they_are_refreshed():
    graph = Graph()
    split = Split(graph.add_input("x", t.f32, (2, 4)), constant(1), num_splits=2)
    graph.add_output(ReLU(split.results[0]), "y")
    editor = Editor(graph, "mine", Context())
    with pytest.raises(InternalError, match="has no attribute parts"):
        editor.update(split, parts=1)
    lrn = LRN(graph.inputs[0], constant([1]), size=3, alpha=1.0, beta=1.0, bias=1.0)
    editor.update(lrn, size=5)
    assert lrn.size == 5 and editor.changed


def test_names_that_go_are_told(graph, edit):
    edit.drop_names([only(graph, ReLU)], "thinned")
    assert only(graph, ReLU).names == []
    (gone,) = edit.context.record.unnamed
    assert (gone.pass_name, gone.rule, gone.name) == ("mine", "thinned", "inner")


def test_looking_changes_nothing(graph, edit):
    edit.decline("rule", only(graph, ReLU), "no")
    edit.erase_dead()
    edit.drop_names([constant(1.0)], "rule")
    edit.rename(only(graph, ReLU), "relu")
    assert not edit.changed and edit.context.record.declined[0].reason == "no"


def test_excluded_nodes_are_told(graph):
    context = Context(exclusion=Exclusion(("sour.*",)))
    editor = Editor(graph, "mine", context)
    assert editor.excludes("rule", only(graph, ReLU)) and not editor.excludes("rule", only(graph, Sigmoid))
    assert "excluded by --finegrain_fusing" in context.record.declined[0].reason


def branches():
    graph = Graph()
    c, x = graph.add_input("c", t.boolean, ()), graph.add_input("x", t.f32, (2,))
    bodies = []
    for offset in (1.0, 2.0):
        body = Graph()
        inner = body.add_input("a", t.f32, (2,))
        body.add_output(Add(inner, Multiply(constant(offset), constant(3.0))), "b")
        bodies.append(body)
    made = If(c, [x], then_body=bodies[0], else_body=bodies[1], then_inputs=(0,), else_inputs=(0,))
    graph.add_output(made, "y")
    return graph, made


def test_passes_go_into_bodies_unless_they_say_why_not():
    seen = []

    def look(graph, edit):
        """Note how many inputs there are."""
        seen.append(len(graph.inputs))
        edit.update(graph.inputs[0])

    graph, _ = branches()
    run([graph_pass("inner", stage=Stage.NORMALIZE)(look)], graph, Context())
    assert seen == [1, 1, 2]
    seen.clear()
    run([graph_pass("outer", stage=Stage.NORMALIZE, outermost="names are those of the model")(look)], graph, Context())
    assert seen == [2]


def test_constants_inside_a_branch_fold():
    from mo_core.transforms.simplify.cleanup import constant_folding

    graph, made = branches()
    changed = []
    run([constant_folding], graph, Context(after_pass=lambda name, graph, yes: changed.append(yes)))
    assert changed == [True]
    assert [[n.type_name for n in body if n.type_name == "Multiply"] for body in made.bodies] == [[], []]
