"""The order of passes, and the switches."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from mo_core.errors import PluginError, UsageError
from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.ops import Abs, ReLU
from mo_core.rewriting import any_, observers, p, rewrites, rule, run
from mo_core.rewriting.passes import Context, Pass, Stage, Switches, order


def step(name, stage=Stage.FUSE, **rest):
    return Pass(name, stage, run=lambda graph, context: False, **rest)


def names(passes):
    return [one.name for one in order(passes)]


def test_the_order_does_not_depend_on_the_order_of_installation():
    given = {
        "mo-core": [step("d", after=("a",)), step("a", before=("b",)), step("b")],
        "one": [step("z"), step("c", Stage.CLEANUP)],
        "two": [step("e", Stage.FRONT), step("f", before=("d",))],
    }
    orders = set()
    for some in itertools.permutations(given):
        passes = [p for provider in some for p in (replace(q, provider=provider) for q in given[provider])]
        orders.add(tuple(names(passes)))
    assert orders == {("e", "a", "b", "z", "f", "d", "c")}


def test_the_order_does_not_depend_on_names():
    called = [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]]
    assert [names([step(name) for name in some]) for some in called] == called


def test_a_pass_or_group_that_is_not_there_is_an_error():
    with pytest.raises(PluginError, match=r'"a" of one wants to run after "lineer".*\n.*"linear"'):
        order([step("a", after=("lineer",), provider="one"), step("linear")], complete=True)
    with pytest.raises(PluginError, match='before "b", and there is no such pass or group'):
        order([step("a", before=("b",))], complete=True)
    assert names([step("a", after=("linear",)), step("linear")]) == ["linear", "a"]


def test_of_some_passes_alone_the_others_are_not_missed():
    assert names([step("a", after=("linear",))]) == ["a"]


def test_the_end_of_a_stage_is_after_all_that_do_not_want_it():
    given = [step("z", after=("*",)), step("y", Stage.CLEANUP), step("a", provider="one"), step("b", after=("*", "z"))]
    assert names(given) == ["a", "z", "b", "y"]
    with pytest.raises(PluginError, match="contradicts itself"):
        names([step("z", after=("*",), before=("a",)), step("a")])


def test_observers_see_the_graph_at_the_end_of_every_stage():
    seen = []

    def look(stage, graph, options):
        """Look."""
        seen.append((stage, [n.type_name for n in graph], options))

    late = rewrites("late", twice, stage=Stage.CLEANUP)
    passes = order([*observers("seen", look, wanted=lambda options: options == "some"), late])
    graph = Graph()
    graph.add_output(ReLU(ReLU(graph.add_input("x", t.f32, (2,)))), "y")
    run(Switches().choose(passes, "none"), graph, Context(options="none"))
    assert not seen
    graph.add_output(ReLU(ReLU(graph.inputs[0])), "z")
    run(Switches().choose(passes, "some"), graph, Context(options="some"))
    assert [s for s, _, _ in seen] == list(Stage) and {o for _, _, o in seen} == {"some"}
    counts = [kinds.count("ReLU") for _, kinds, _ in seen]
    assert counts[-1] < counts[-2]
    assert [p.doc for p in passes if p.name == "seen-front"] == ["Look."]


# -- groups


@rule(p.ReLU(p.ReLU(any_("x"))))
def twice(x):
    """ReLU of ReLU."""
    return ReLU(x)


@rule(p.Abs(any_("x")))
def known_sign(x):
    """Abs of what is not negative."""
    return x if x.node.type_name == "ReLU" else None


def rules(name, *given, **rest):
    return rewrites(name, *given, stage=Stage.FUSE, **rest)


def left_of(*passes):
    graph = Graph()
    y = ReLU(Abs(ReLU(Abs(ReLU(graph.add_input("x", t.f32, (2,)))))))
    graph.add_output(y, "y")
    run(order(passes), graph, Context())
    return [n.type_name for n in graph if n.type_name not in ("Parameter", "Result")]


def test_passes_of_a_group_share_a_fixed_point():
    assert left_of(rules("a", twice, group="g"), rules("b", known_sign, group="g")) == ["ReLU"]


def test_passes_without_a_group_run_one_by_one():
    assert left_of(rules("a", twice), rules("b", known_sign)) == ["ReLU", "ReLU", "ReLU"]


def test_a_group_runs_where_its_first_pass_stands_and_is_ordered_as_a_whole():
    grouped = [rules("a", twice, group="g"), rules("b", known_sign, group="g")]
    assert names([grouped[0], step("x"), grouped[1]]) == ["a", "b", "x"]
    assert names([*grouped, step("x", before=("g",))]) == ["x", "a", "b"]
    assert names([*grouped, step("x", before=("b",))]) == ["x", "a", "b"]
    assert names([step("x", after=("g",)), *grouped]) == ["a", "b", "x"]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ([rules("a", twice, group="g"), rules("b", twice, group="g", after=("a",))], "in its own group"),
        ([rules("a", twice, group="g"), rules("b", twice, group="g", fusion=False)], 'does not fit into the group "g"'),
        ([rules("g", twice), rules("b", twice, group="g")], "both a pass and a group"),
    ],
)
def test_a_group_that_cannot_be(wrong, fault):
    with pytest.raises(PluginError, match=fault):
        order(wrong)


def test_a_cycle_names_all_that_are_in_it():
    with pytest.raises(PluginError, match='"a" of one, "b" of two'):
        order([step("a", after=("b",), provider="one"), step("b", after=("a",), provider="two")])


def test_a_duplicate_names_both_distributions():
    with pytest.raises(PluginError, match="both one and two"):
        order([step("a", provider="one"), step("a", provider="two")])


def test_an_edge_against_the_stages_is_an_error():
    with pytest.raises(PluginError, match="against the order of the stages"):
        order([step("a", Stage.FRONT, after=("b",)), step("b", Stage.CLEANUP)])


def test_switches():
    fusion, other, off = step("f", fusion=True), step("o"), step("x", fusion=True, default=False)

    def allowed(**switches):
        s = Switches(**{k: frozenset(v) if isinstance(v, list) else v for k, v in switches.items()})
        return [one.name for one in (fusion, other, off) if s.allows(one, None)]

    assert allowed() == ["f", "o"]
    assert allowed(fusing=False) == ["o"]
    assert allowed(disabled=["o"]) == ["f"]
    assert allowed(enabled=["x"]) == ["f", "o", "x"]
    assert allowed(only=["x"]) == ["o", "x"]


def test_a_switch_for_no_pass_names_the_nearest():
    with pytest.raises(UsageError, match='did you mean "linear-fusion"'):
        Switches(disabled=frozenset(("linear-fusoin",))).check([step("linear-fusion")])
