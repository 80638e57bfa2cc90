"""What is known of values, and the orders of axes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mo_core.errors import ShapeError
from mo_core.ir import Graph, constant, permutations
from mo_core.ir import types as t
from mo_core.ir.known import axes_of, entries, is_number, known_ints, number, numbers, scalar
from mo_core.ir.types import Dynamic
from mo_core.ops import Concat, ReLU, ShapeOf


def test_a_shape_is_known_as_far_as_the_dimensions_are():
    x = Graph().add_input("x", t.f32, (Dynamic(), 3))
    found = entries(ShapeOf(x))
    assert isinstance(found[0], Dynamic) and found[1] == 3
    assert numbers(ShapeOf(x)) is None and known_ints(ShapeOf(x)) is None


def test_numbers_are_known_where_they_are_constant():
    assert numbers(constant([1, -1])) == known_ints(constant([1, -1])) == (1, -1)
    assert scalar(constant(3)) == 3 and axes_of(constant([-1, 0]), 3) == (2, 0)
    assert known_ints(None) is None and known_ints(constant(np.array([np.inf]))) is None


def test_a_list_of_numbers_is_one_of_whole_numbers():
    with pytest.raises(ShapeError, match="list of whole numbers"):
        entries(constant([1.5]))
    with pytest.raises(ShapeError, match="axis is given twice"):
        axes_of(constant([1, -1]), 2)


def test_the_number_in_all_elements():
    assert number(constant(np.full((2, 3), 0.5, np.float32))) == 0.5 and is_number(constant(0.5), 0.5)
    assert number(constant([1.0, 2.0])) is None and not is_number(constant([1.0, 2.0]), 1.0)
    assert number(ReLU(Graph().add_input("x", t.f32, (1,)))) is None


@pytest.mark.parametrize("rank", range(5))
def test_permutations_agree_with_transposes(rank):
    data = np.arange(np.prod(range(2, rank + 2), dtype=int)).reshape(range(2, rank + 2))
    for order in itertools.permutations(range(rank)):
        assert permutations.permuted(data.shape, order) == data.transpose(order).shape
        assert (data.transpose(order).transpose(permutations.inverse(order)) == data).all()
        assert permutations.is_identity(order) == (order == permutations.identity(rank))
        for second in itertools.permutations(range(rank)):
            one = permutations.compose(order, second)
            assert (data.transpose(order).transpose(second) == data.transpose(one)).all()


def test_what_is_no_permutation():
    assert permutations.is_permutation((1, 0, 2)) and not permutations.is_permutation((1, 1, 2))
    assert not permutations.is_permutation((1, 2))


def test_a_dimension_that_follows_from_other_operands_is_no_obstacle():
    open_ = Graph().add_input("x", t.i64, (Dynamic(), 1))
    joined = Concat([constant(np.array([[2, 3]])), open_], axis=1)
    assert joined.shape == (1, 3)
    assert [entry if isinstance(entry, int) else None for entry in joined.known.reshape(-1)] == [2, 3, None]
