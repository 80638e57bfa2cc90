"""Connectionist temporal classification."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.tensorflow.running import Frozen, check, random, tf

DATA = random(8, 3, 5) * 2
LENGTHS = np.array([8, 5, 3], np.int32)
SHAPES = [(8, 3, 5), (None, None, None)]
PLACES, LABELS = [[0, 0], [0, 1], [0, 2], [1, 0], [2, 0]], [0, 1, 1, 2, 3]


@pytest.mark.parametrize("shape", SHAPES, ids=["static", "dynamic"])
@pytest.mark.parametrize("blank", [-1, 0, 2])
@pytest.mark.parametrize("merge", [False, True])
def test_greedy_decoder(shape, blank, merge):
    def build(x, lengths):
        return list(
            tf().raw_ops.CTCGreedyDecoder(inputs=x, sequence_length=lengths, merge_repeated=merge, blank_index=blank)
        )

    check(build, x=DATA, lengths=LENGTHS, shapes={"x": shape})


def test_what_was_decoded_becomes_dense():
    def build(x):
        places, values, shape, _ = tf().raw_ops.CTCGreedyDecoder(inputs=x, sequence_length=LENGTHS)
        return tf().raw_ops.SparseToDense(
            sparse_indices=places, output_shape=shape, sparse_values=values, default_value=np.int64(-1)
        )

    check(build, x=DATA)


@pytest.mark.parametrize("shape", SHAPES, ids=["static", "dynamic"])
@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("merge", [False, True])
def test_loss(shape, collapse, merge):
    def build(x):
        return tf().raw_ops.CTCLoss(
            inputs=x,
            labels_indices=PLACES,
            labels_values=LABELS,
            sequence_length=LENGTHS,
            preprocess_collapse_repeated=collapse,
            ctc_merge_repeated=merge,
        )[0]

    check(build, x=DATA, shapes={"x": shape}, rtol=1e-4)


def test_labels_that_are_longer_than_their_data():
    def build(x):
        return tf().raw_ops.CTCLoss(
            inputs=x,
            labels_indices=PLACES,
            labels_values=LABELS,
            sequence_length=LENGTHS,
            ignore_longer_outputs_than_inputs=True,
        )[0]

    with pytest.raises(Unsupported, match="longer than their data"):
        mo_core.convert(Frozen(build, {"x": DATA}).graph)
