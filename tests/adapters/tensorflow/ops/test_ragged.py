"""Ragged tensors, and sparse ones with rows that are empty."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.tensorflow.running import Frozen, check, random, tf

VALUES = random(8)
SPLITS = np.array([0, 1, 1, 5, 8], np.int64)
ROWS = np.array([0, 2, 2, 2, 2, 5, 5, 5], np.int64)


def dense(shape, kinds, dtype=np.float32):
    def build(values, *partitions):
        return tf().raw_ops.RaggedTensorToTensor(
            shape=np.array(shape, np.int64),
            values=values,
            default_value=np.array(-1, dtype),
            row_partition_tensors=list(partitions),
            row_partition_types=kinds,
        )

    return build


@pytest.mark.parametrize("shape", [-1, [-1, -1], [4, -1], [-1, 3], [2, 2], [7, 6]], ids=str)
class TestDense:
    def test_by_splits(self, shape):
        check(dense(shape, ["ROW_SPLITS"]), values=VALUES, splits=SPLITS)
        check(dense(shape, ["ROW_SPLITS"]), values=VALUES, splits=SPLITS, shapes={"values": [None], "splits": [None]})

    def test_by_rows(self, shape):
        kinds = ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]
        check(dense(shape, kinds), values=VALUES, count=np.int64(6), rows=ROWS)
        check(dense(shape, kinds), values=VALUES, count=np.int64(6), rows=ROWS, shapes={"rows": [None]})

    def test_by_known_splits(self, shape):
        def build(values):
            return dense(shape, ["ROW_SPLITS"], np.int32)(values, SPLITS.astype(np.int32))

        check(build, values=np.arange(12, dtype=np.int32))


def test_two_ragged_axes_and_values_that_are_rows():
    outer, inner = np.array([0, 2, 2, 4], np.int64), SPLITS
    check(
        dense([-1, -1, -1, 3], ["ROW_SPLITS", "ROW_SPLITS"]),
        values=random(8, 3),
        outer=outer,
        inner=inner,
    )


def test_no_values_at_all():
    empty = np.zeros(0, np.float32)
    splits = np.array([0, 0, 0], np.int64)
    check(dense([-1, 3], ["ROW_SPLITS"]), values=empty, splits=splits, shapes={"values": [None], "splits": [None]})


@pytest.mark.parametrize("splits", [[SPLITS], [np.array([0, 2, 2, 4], np.int64), SPLITS]], ids=["one", "two"])
def test_sparse(splits):
    def build(values, *given):
        return list(tf().raw_ops.RaggedTensorToSparse(rt_nested_splits=list(given), rt_dense_values=values))

    check(build, values=VALUES, **{f"splits{i}": s for i, s in enumerate(splits)})


def test_rows_of_numbers_do_not_become_sparse():
    def build(values, splits):
        return list(tf().raw_ops.RaggedTensorToSparse(rt_nested_splits=[splits], rt_dense_values=values))

    model = Frozen(build, {"values": random(8, 2), "splits": SPLITS})
    with pytest.raises(Unsupported, match="rows that are no numbers"):
        mo_core.convert(model.graph, output=model.outputs)


@pytest.mark.parametrize("places", [[[0, 1], [0, 5], [3, 2]], np.zeros((0, 2))], ids=["some", "none"])
def test_empty_rows_are_filled(places):
    def build(places, values, shape, default):
        return list(
            tf().raw_ops.SparseFillEmptyRows(indices=places, values=values, dense_shape=shape, default_value=default)
        )

    places = np.array(places, np.int64)
    feeds = {"values": random(len(places)), "shape": np.array([5, 6], np.int64), "default": np.float32(9)}
    check(build, places=places, **feeds)
    check(build, places=places, **feeds, shapes={"places": [None, None], "values": [None], "shape": [None]})


@pytest.mark.parametrize("shapes", [{}, {"places": [None, 3], "values": [None]}], ids=["static", "dynamic"])
def test_values_are_put_in_order(shapes):
    def build(places, values):
        return list(tf().raw_ops.SparseReorder(input_indices=places, input_values=values, input_shape=[4, 2, 3]))

    places = np.array([[3, 0, 1], [0, 1, 2], [0, 1, 0], [3, 0, 0], [1, 0, 2]], np.int64)
    check(build, places=places, values=random(5), shapes=shapes)


def test_empty_rows_of_more_axes_are_filled():
    def build(places, values):
        return list(
            tf().raw_ops.SparseFillEmptyRows(
                indices=places, values=values, dense_shape=np.array([4, 2, 3], np.int64), default_value=np.int32(7)
            )
        )

    check(build, places=np.array([[1, 0, 2], [1, 1, 0], [3, 1, 1]], np.int64), values=np.array([3, 4, 5], np.int32))
