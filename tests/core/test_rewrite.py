"""Patterns, rules and the driver."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import Decline, InternalError, UsageError
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Multiply, ReLU, Sigmoid, Subtract
from mo_core.rewriting.passes import Context, Stage, rewrites, run
from mo_core.rewriting.pattern import any_, const, either, op, p
from mo_core.rewriting.record import Exclusion, Record
from mo_core.rewriting.rewrite import Driver, rule


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def x(graph):
    return graph.add_input("x", t.f32, (2, 3))


def kinds(graph):
    return [n.type_name for n in graph if n.type_name not in ("Parameter", "Const", "Result")]


@rule(p.Add(p.Add(any_("x"), const("a"), uses=1), const("b")))
def merge_adds(x, a, b):
    return Add(x, Add(a, b))


def apply(graph, *rules, exclusion=None):
    record = Record()
    changed = Driver([("test", r) for group in rules for r in group], record, exclusion).run(graph)
    graph.verify()
    return changed, record


def test_a_rule_fires_until_nothing_is_left(graph, x):
    y = x
    for i in range(10):
        y = Add(y, float(i))
    graph.add_output(y, "y")
    changed, record = apply(graph, merge_adds)
    assert changed and kinds(graph) == ["Add"] and len(record.firings) == 9
    assert graph.outputs[0].source.operands[1].const == 45
    assert graph.outputs[0].source.names == ["y"]


def test_commutative_operands_match_in_both_orders(graph, x):
    graph.add_output(Add(2.0, Add(1.0, x)), "y")
    assert apply(graph, merge_adds)[0]


def test_uses_guards_shared_values(graph, x):
    inner = Add(x, 1.0)
    graph.add_output(Add(inner, 2.0), "y")
    graph.add_output(inner, "z")
    assert not apply(graph, merge_adds)[0] and kinds(graph) == ["Add", "Add"]


def test_a_reason_for_declining_is_kept_once(graph, x):
    @rule(p.ReLU(any_("x"), name="node"))
    def never(x, node):
        raise Decline("it would be wrong")

    graph.add_output(ReLU(x), "y")
    changed, record = apply(graph, never, merge_adds)
    assert not changed and [d.reason for d in record.declined] == ["it would be wrong"]


def test_provenance(graph, x):
    first, second = Add(x, 1.0), Add(x, 1.0)
    second = Add(first, 2.0)
    for node, name in ((first, "one"), (second, "two")):
        node.name, node.origin = name, (name,)
    graph.add_output(second, "y")
    _, record = apply(graph, merge_adds)
    left = graph.outputs[0].source.node
    assert left.name == "two" and set(left.origin) == {"one", "two"}
    assert record.firings[0].gone == ("one",) and record.firings[0].kept == "two"


def test_excluded_names_are_left_alone(graph, x):
    first = Add(x, 1.0)
    first.name, first.origin = "block/one", ("block/one",)
    graph.add_output(Add(first, 2.0), "y")
    changed, record = apply(graph, merge_adds, exclusion=Exclusion(("block/.*",)))
    assert not changed and "excluded by --finegrain_fusing" in record.declined[0].reason


def test_the_same_name_must_mean_the_same_value(graph, x):
    @rule(p.Subtract(any_("x"), any_("x")))
    def zero(x):
        return constant(np.zeros((2, 3), np.float32))

    graph.add_output(Subtract(x, ReLU(x)), "differs")
    assert not apply(graph, zero)[0]
    graph.add_output(Subtract(x, x), "same")
    assert apply(graph, zero)[0] and kinds(graph) == ["ReLU", "Subtract"]


def test_either_and_op_match_alternatives(graph, x):
    @rule(op(ReLU, Sigmoid, operands=[either(p.ReLU(any_("x")), p.Sigmoid(any_("x")))]))
    def strip(x):
        return x

    graph.add_output(ReLU(Sigmoid(x)), "y")
    assert apply(graph, strip)[0] and kinds(graph) == []


def test_rules_work_in_bodies_and_on_attributes(graph, x):
    @rule(p.Multiply(any_("x"), const("s", value=1.0), auto_broadcast="numpy"))
    def times_one(x):
        return x

    graph.add_output(Multiply(x, 1.0), "y")
    graph.add_output(Multiply(x, 2.0), "z")
    assert apply(graph, times_one)[0] and kinds(graph) == ["Multiply"]


def test_rewriting_that_does_not_end_names_the_busiest_rule(graph, x):
    @rule(p.ReLU(any_("x")))
    def forth(x):
        return Sigmoid(x)

    @rule(p.Sigmoid(any_("x")))
    def back(x):
        return ReLU(x)

    graph.add_output(ReLU(x), "y")
    with pytest.raises(InternalError, match="test/forth"):
        apply(graph, forth, back)


def test_mistakes_are_found_when_the_rule_is_made():
    with pytest.raises(UsageError, match='did you mean "Convolution"'):
        p.Convolutoin(any_("x"))
    with pytest.raises(UsageError, match="has no attribute"):
        p.Add(any_("x"), any_("y"), axis=1)
    with pytest.raises(UsageError, match='wants "z"'):

        @rule(p.ReLU(any_("x")))
        def wrong(z):
            return z


def test_a_rule_that_raises_is_blamed(graph, x):
    @rule(p.ReLU(any_("x")))
    def broken(x):
        return x.no_such_thing

    graph.add_output(ReLU(x), "y")
    with pytest.raises(InternalError, match="test/broken"):
        apply(graph, broken)


def test_work_is_linear_in_the_graph(graph, x):
    visits = []

    @rule(p.Add(p.Add(any_("x"), const("a"), uses=1), const("b"), name="root"))
    def counted(root, x, a, b):
        visits.append(root)
        raise Decline("no")

    y = x
    for i in range(2000):
        y = Add(y, float(i))
    graph.add_output(y, "y")
    apply(graph, counted)
    assert len(visits) == 1999


def test_passes_of_a_group_share_a_fixed_point(graph, x):
    @rule(p.ReLU(p.Sigmoid(any_("x"))))
    def first(x):
        return Add(Add(x, 1.0), 1.0)

    passes = [rewrites(name, r, stage=Stage.NORMALIZE, group="g") for name, r in (("a", merge_adds), ("b", first))]
    graph.add_output(ReLU(Sigmoid(x)), "y")
    run(passes, graph, Context())
    assert kinds(graph) == ["Add"]
