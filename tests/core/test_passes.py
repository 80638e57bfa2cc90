"""The order of passes, and the switches."""

from __future__ import annotations

import itertools

import pytest

from mo_core.errors import PluginError, UsageError
from mo_core.rewriting.passes import Pass, Stage, Switches, order


def step(name, stage=Stage.FUSE, **rest):
    return Pass(name, stage, run=lambda graph, context: False, **rest)


def names(passes):
    return [p.name for p in order(passes)]


def test_the_order_does_not_depend_on_the_order_of_installation():
    passes = [
        step("d", after=("a",)),
        step("a", before=("b",)),
        step("c", Stage.CLEANUP),
        step("b"),
        step("e", Stage.FRONT),
    ]
    assert {tuple(names(list(some))) for some in itertools.permutations(passes)} == {("e", "a", "b", "d", "c")}


def test_an_order_against_a_pass_that_is_not_there_is_no_constraint():
    assert names([step("a", after=("missing",))]) == ["a"]


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
        return [p.name for p in (fusion, other, off) if s.allows(p, None)]

    assert allowed() == ["f", "o"]
    assert allowed(fusing=False) == ["o"]
    assert allowed(disabled=["o"]) == ["f"]
    assert allowed(enabled=["x"]) == ["f", "o", "x"]
    assert allowed(only=["x"]) == ["o", "x"]


def test_a_switch_for_no_pass_names_the_nearest():
    with pytest.raises(UsageError, match='did you mean "linear-fusion"'):
        Switches(disabled=frozenset(("linear-fusoin",))).check([step("linear-fusion")])
