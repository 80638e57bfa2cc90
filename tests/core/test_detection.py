"""Suppression of boxes, as adapters build it, on the runtime."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build.detection import LOWEST, suppressed, survivors
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.testing import evaluate

BOXES = np.float32([[[0, 0, 2, 1], [0, 0, 1, 1], [0, 0, 2, 1], [5, 5, 6, 6], [5, 5, 7, 6]]])
SCORES = np.float32([[[0.9, 0.8, 0.7, 0.6, -0.5]]])


def computed(build):
    graph = Graph("g")
    boxes, scores = graph.add_input("b", t.f32, BOXES.shape), graph.add_input("s", t.f32, SCORES.shape)
    graph.add_output(build(boxes, scores), "y")
    return evaluate(graph, BOXES, SCORES, engine="runtime")[0]


@pytest.mark.parametrize(("strict", "left"), [(True, [0, 1, 3, 4]), (False, [0, 3])])
def test_an_overlap_of_exactly_the_threshold_is_too_much_or_not(strict, left):
    """The second box and the first share half of their union, and so do the last two."""
    half = constant(0.5, t.f32)
    found = computed(lambda b, s: suppressed(b, s, constant(5), half, strict=strict).results[0])
    assert [row[2] for row in found.tolist() if row[0] >= 0] == left


@pytest.mark.parametrize(("least", "left"), [(None, [0, 1, 3, 4]), (0.7, [0, 1])])
def test_scores_below_the_least_do_not_count(least, left):
    lowest = None if least is None else constant(least, t.f32)
    found = computed(lambda b, s: suppressed(b, s, constant(5), constant(0.5, t.f32), lowest).results[0])
    assert [row[2] for row in found.tolist() if row[0] >= 0] == left


def test_survivors_are_ones_in_the_places_of_the_scores():
    def build(boxes, scores):
        return survivors(suppressed(boxes, scores, constant(5), constant(0.5, t.f32)), scores)

    np.testing.assert_array_equal(computed(build), np.float32([[[1, 1, 0, 1, 1]]]))


def test_the_lowest_number_is_that_of_f32():
    assert np.finfo(np.float32).min == np.float32(LOWEST)
