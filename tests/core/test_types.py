"""Dimensions with identity and bounds, broadcasting."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ShapeError, UsageError
from mo_core.ir import types as t
from mo_core.ir.types import INF, Dynamic


def test_the_same_expression_on_the_same_unknown_is_the_same_unknown():
    d = Dynamic()
    assert d + 1 is d + 1
    assert d * 4 is d * np.int64(4)
    assert d + 0 is d and d * 1 is d and d // 1 is d and d - d == 0
    assert d + 1 is not Dynamic() + 1


def test_bounds_follow_arithmetic():
    d = Dynamic(2, 10)
    assert [(x.lo, x.hi) for x in (d + 3, d * 2, d // 4, d * -1, d - 2)] == [
        (5, 13),
        (4, 20),
        (0, 2),
        (-10, -2),
        (0, 8),
    ]
    assert (Dynamic(1) * 8).hi == INF
    assert (Dynamic(0, 10) // 4).as_dim().lo == 0


def test_a_dimension_is_never_negative():
    assert (Dynamic(0, 10) - 4).as_dim().lo == 0
    assert (Dynamic(2, 3) - 5).as_dim() == 0


@pytest.mark.parametrize(
    ("shapes", "want"),
    [
        ([(3, 1), (1, 4)], (3, 4)),
        ([(5,), (2, 3, 5)], (2, 3, 5)),
        ([(), (2,)], (2,)),
        ([(0,), (1,)], (0,)),
        ([None, (1,)], None),
    ],
)
def test_broadcasting_of_numbers(shapes, want):
    assert t.broadcast(*shapes) == want


def test_broadcasting_of_unknowns():
    a, b = Dynamic(), Dynamic()
    assert t.broadcast((a, 3), (a, 1)) == (a, 3)
    assert t.broadcast((a,), (7,)) == (7,)
    assert t.broadcast((a,), (1,)) == (a,)
    assert t.broadcast((a,), (b,))[0] not in (a, b)
    assert t.broadcast((Dynamic(2, 5),), (b,))[0].lo == 2


def test_what_does_not_broadcast_is_a_shape_error():
    with pytest.raises(ShapeError, match="2 and 3"):
        t.broadcast((2,), (3,))


def test_merging_narrows_and_refuses_contradictions():
    a = Dynamic(1, 8)
    assert t.merge_dim(a, 4) == 4
    assert t.merge_dim(a, Dynamic()) is a
    with pytest.raises(ShapeError, match="contradict"):
        t.merge_dim(a, 9)


def test_an_unknown_element_type_names_the_nearest():
    with pytest.raises(UsageError, match='did you mean "f32"'):
        t.element_type("fp32")
