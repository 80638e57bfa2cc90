"""Rules on source ops, regions of source graphs, scopes of names, passes of one framework."""

import numpy as np
import pytest

from mo_core import ops
from mo_core.errors import Decline, UsageError
from mo_core.ir import Foreign, Graph, constant
from mo_core.ir import types as t
from mo_core.rewriting import Context, Stage, any_, const, in_scope, p, replace_region, rewrites, rule, run, src


def node(op, *inputs, framework="toy", results=1, name="", domain="", effect=False, **attributes):
    return Foreign(framework, op, inputs, attributes, results, domain=domain, name=name or op.lower(), effect=effect)


def graph_of(build, inputs=1):
    graph = Graph("g")
    values = build(*[graph.add_input(f"x{i}", t.f32, (2,)) for i in range(inputs)])
    for value in values if isinstance(values, tuple) else (values,):
        graph.add_output(value)
    return graph


def rewritten(graph, *patterns):
    """The ops left after a rule that puts Relu in the place of what matches, reading its capture x."""

    @rule(*patterns)
    def to_relu(x):
        return ops.ReLU(x)

    run([rewrites("to-relu", to_relu, stage=Stage.FRONT)], graph, Context())
    graph.verify()
    return [
        n.op if isinstance(n, Foreign) else n.type_name for n in graph if not isinstance(n, (ops.Result, ops.Parameter))
    ]


def test_a_rule_on_a_source_op_fires_on_that_op_only():
    graph = graph_of(lambda x: node("Swish", node("Abs", x)))
    assert rewritten(graph, src("toy.Swish", any_("x"))) == ["Abs", "ReLU"]
    assert graph.outputs[0].source.node.name == "swish"


@pytest.mark.parametrize("other", [{"framework": "other"}, {"domain": "acme"}])
def test_framework_and_domain_are_part_of_what_an_op_is(other):
    graph = graph_of(lambda x: node("Swish", x, **other))
    assert rewritten(graph, src("toy.Swish", any_("x"))) == ["Swish"]


def test_an_op_of_a_domain():
    graph = graph_of(lambda x: node("Swish", x, domain="acme"))
    assert rewritten(graph, src("toy.Swish", any_("x"), domain="acme")) == ["ReLU"]


def test_one_of_several_ops():
    graph = graph_of(lambda x: node("Swish", node("SiLU", x)))
    assert rewritten(graph, src(("toy.Swish", "toy.SiLU"), any_("x"))) == ["ReLU", "ReLU"]


def test_source_ops_above_source_ops_and_openvino_ops():
    graph = graph_of(lambda x: node("Mul", x, node("Sigmoid", x)))
    assert rewritten(graph, src("toy.Mul", any_("x"), src("toy.Sigmoid", any_("x")))) == ["ReLU"]
    graph = graph_of(lambda x: node("Mul", x, ops.Sigmoid(x)))
    assert rewritten(graph, src("toy.Mul", any_("x"), p.Sigmoid(any_("x")))) == ["ReLU"]
    graph = graph_of(lambda x, y: node("Mul", x, node("Sigmoid", y)), inputs=2)
    assert rewritten(graph, src("toy.Mul", any_("x"), src("toy.Sigmoid", any_("x")))) == ["Sigmoid", "Mul"]


def test_two_inputs_fit_in_either_order_when_that_is_asked_for():
    swapped = lambda x: node("Mul", node("Sigmoid", x), x)  # noqa: E731
    slots = (any_("x"), src("toy.Sigmoid", any_("x")))
    assert rewritten(graph_of(swapped), src("toy.Mul", *slots)) == ["Sigmoid", "Mul"]
    assert rewritten(graph_of(swapped), src("toy.Mul", *slots, commutative=True)) == ["ReLU"]
    assert rewritten(
        graph_of(lambda x: node("Mul", x, node("Sigmoid", x))), src("toy.Mul", *slots, commutative=True)
    ) == ["ReLU"]


def test_an_openvino_op_above_a_source_op():
    graph = graph_of(lambda x: ops.Abs(node("Sqrt", node("Swish", x))))
    assert rewritten(graph, p.Abs(src("toy.Sqrt", any_("x")))) == ["Swish", "ReLU"]


def test_inputs_are_slots():
    clip = lambda x, y: node("Clip", x, None, y)  # noqa: E731
    assert rewritten(graph_of(clip, 2), src("toy.Clip", any_("x"), None, any_("high"))) == ["ReLU"]
    assert rewritten(graph_of(clip, 2), src("toy.Clip", any_("x"), any_("low"))) == ["Clip"]
    assert rewritten(graph_of(clip, 2), src("toy.Clip", any_("x"), None, None)) == ["Clip"]
    assert rewritten(graph_of(clip, 2), src("toy.Clip", any_("x"), None, const("high"))) == ["Clip"]


def test_inputs_beyond_the_pattern_are_free_and_absent_ones_may_be_named():
    assert rewritten(graph_of(lambda x, y: node("F", x, y), 2), src("toy.F", any_("x"))) == ["ReLU"]
    assert rewritten(graph_of(lambda x: node("F", x)), src("toy.F", any_("x"), None)) == ["ReLU"]


def test_attributes_have_the_value_named_or_fulfil_the_condition():
    build = lambda x: node("Swish", x, beta=2.0, axes=(1, 2))  # noqa: E731
    assert rewritten(graph_of(build), src("toy.Swish", any_("x"), beta=2.0, axes=[1, 2])) == ["ReLU"]
    assert rewritten(graph_of(build), src("toy.Swish", any_("x"), beta=1.0)) == ["Swish"]
    assert rewritten(graph_of(build), src("toy.Swish", any_("x"), beta=lambda b: b > 1)) == ["ReLU"]
    assert rewritten(graph_of(build), src("toy.Swish", any_("x"), gamma=None)) == ["ReLU"]
    assert rewritten(graph_of(build), src("toy.Swish", any_("x"), axes=(1,))) == ["Swish"]


def test_a_node_may_be_captured_and_a_rule_may_decline():
    reasons = Context()

    @rule(src("toy.Swish", any_("x"), name="swish"))
    def only_small(swish, x):
        if swish.given["beta"] > 1:
            raise Decline("beta is large")
        return ops.ReLU(x)

    graph = graph_of(lambda x: node("Swish", node("Swish", x, beta=1), beta=2))
    run([rewrites("p", only_small, stage=Stage.FRONT)], graph, reasons)
    assert [d.reason for d in reasons.record.declined] == ["beta is large"]
    assert [type(n) for n in graph][1:3] == [ops.ReLU, Foreign]


def test_rules_reach_into_bodies_of_source_ops():
    body = graph_of(lambda x: node("Swish", x))
    graph = graph_of(lambda x: node("Loop", x, body=body))
    assert rewritten(graph, src("toy.Swish", any_("x"))) == ["Loop"]
    assert [type(n) for n in body][1] is ops.ReLU


def test_a_name_without_a_framework_is_refused():
    with pytest.raises(UsageError, match='"Swish" is no source op'):
        src("Swish", any_("x"))


# -- regions


def test_a_region_with_several_inputs_and_outputs_is_replaced():
    graph = Graph("g")
    x, y = (graph.add_input(n, t.f32, (2,)) for n in "xy")
    a = graph.add(node("A", x, y, name="block/a"))
    b = graph.add(node("B", a, results=2, name="block/b"))
    c = graph.add(node("C", b, b.results[1], name="c"))
    graph.add_output(c, "c")
    graph.add_output(a, "a")
    total = ops.Add(x, y)
    gone = replace_region(graph, [x, y], [b, b.results[1]], [total, ops.ReLU(total)])
    graph.verify()
    assert [n.name for n in gone] == ["block/b"]  # a is read outside
    assert [n.name for n in graph if isinstance(n, (ops.Add, ops.ReLU))] == ["block/b", "block/b/ReLU"]
    assert c.operands == (total, total.users()[0]) and total.origin == ("block/a", "block/b")


def test_a_region_whose_input_comes_late_moves_its_readers():
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (2,))
    a = graph.add(node("A", x))
    early = graph.add(node("Early", a))
    late = graph.add(node("Late", x))
    b = graph.add(node("B", a, late))
    for v in (early, b):
        graph.add_output(v)
    new = ops.Add(late, 1.0)
    replace_region(graph, [x, late], [a], [new])
    graph.verify()
    assert early.operands == (new,) and b.operands == (new, late)


def test_a_region_that_would_depend_on_itself_is_refused():
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (2,))
    a = graph.add(node("A", x))
    b = graph.add(node("B", a))
    graph.add_output(b)
    with pytest.raises(UsageError, match='"b" would depend on itself'):
        replace_region(graph, [b], [a], [ops.ReLU(b)])


def test_what_is_built_on_an_output_goes_on_reading_it():
    graph = Graph("g")
    a = graph.add(node("A", graph.add_input("x", t.f32, (2,))))
    graph.add_output(a, "y")
    new = ops.ReLU(a)
    replace_region(graph, [], [a], [new])
    graph.verify()
    assert graph.outputs[0].source is new and new.operands == (a,)


def test_a_region_may_become_a_constant_or_a_value_of_the_graph():
    graph = graph_of(lambda x: (node("A", node("B", x)), node("C", x)))
    a, c = (r.source for r in graph.outputs)
    replace_region(graph, [], [a, c], [constant(np.float32([1, 2])), graph.inputs[0]])
    graph.verify()
    assert not [n for n in graph if isinstance(n, Foreign)]


def test_effects_inside_of_a_region_stay_with_what_they_read():
    graph = graph_of(lambda x: node("A", node("B", x)))
    a = graph.outputs[0].source.node
    graph.add(node("Assert", a.operands[0], results=0, effect=True))
    gone = replace_region(graph, [graph.inputs[0]], [a], [ops.ReLU(graph.inputs[0])])
    assert [n.op for n in gone] == ["A"]
    assert [n.op for n in graph if isinstance(n, Foreign)] == ["B", "Assert"]


def test_as_many_values_as_outputs():
    graph = graph_of(lambda x: node("A", x))
    with pytest.raises(UsageError, match="1 outputs, and 0 values"):
        replace_region(graph, [], [graph.outputs[0].source], [])


def test_nodes_are_found_by_scope():
    graph = graph_of(lambda x: node("A", node("B", node("C", x, name="block2/c"), name="block/in/b"), name="block"))
    assert [n.name for n in in_scope(graph, "block")] == ["block/in/b", "block"]
    assert [n.name for n in in_scope(graph, "block/in/")] == ["block/in/b"]
    assert in_scope(graph, "bl") == []
