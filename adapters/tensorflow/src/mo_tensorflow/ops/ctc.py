"""Connectionist temporal classification. Data is time, batch, classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from mo_core.build import (
    arange,
    as_i64,
    constant_like,
    dim_of,
    filled,
    integer,
    permute,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    CTCGreedyDecoderSeqLen,
    CTCLoss,
    GatherND,
    GreaterEqual,
    Less,
    Negative,
    NonZero,
    ReduceMax,
    ReduceSum,
    ScatterNDUpdate,
    Select,
    Subtract,
    Transpose,
)
from mo_tensorflow.registry import tf_op


@tf_op("CTCGreedyDecoder")
def greedy_decoder(x: Value, lengths: Value, *, merge_repeated: bool = False, blank_index: int = -1) -> Sequence[Value]:
    """The best classes as a sparse tensor (places, values, shape), and the negative sum of their logits."""
    count = dim_of(x, 2)
    blank = Add(count, blank_index) if blank_index < 0 else integer(blank_index)
    decoder = CTCGreedyDecoderSeqLen(
        permute(x, (1, 0, 2)),
        to_element(lengths, t.i32),
        to_element(blank, t.i32),
        merge_repeated=merge_repeated,
    )
    classes, found = as_i64(decoder.results[0]), as_i64(decoder.results[1])
    places = Transpose(NonZero(GreaterEqual(classes, 0)), [1, 0])
    longest = ReduceMax(found, [0], keep_dims=False)
    shape = vector([dim_of(x, 1), longest])
    return places, GatherND(classes, places), shape, _log_probability(x, lengths)


def _log_probability(x: Value, lengths: Value) -> Value:
    within = Less(unsqueeze(arange(dim_of(x, 0)), 1), as_i64(lengths))
    best = Select(within, ReduceMax(x, [2]), constant_like(x, 0))
    return unsqueeze(Negative(ReduceSum(best, [0])), 1)


@tf_op("CTCLoss")
def loss(
    x: Value,
    places: Value,
    values: Value,
    lengths: Value,
    *,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
) -> Sequence[Value]:
    """Of labels that are a sparse tensor; the last class is the blank. The gradient is not computed."""
    if ignore_longer_outputs_than_inputs:
        raise Unsupported("losses of labels that are longer than their data are not left out by the runtime")
    shape = vector([dim_of(x, 1), dim_of(x, 0)])
    zeros = filled(shape, constant_like(values, 0))
    ones = filled(vector([dim_of(values, 0)]), constant_like(values, 1))
    counts = ReduceSum(ScatterNDUpdate(zeros, places, ones), [1])
    return [
        CTCLoss(
            permute(x, (1, 0, 2)),
            to_element(lengths, t.i32),
            ScatterNDUpdate(zeros, places, values),
            counts,
            to_element(Subtract(dim_of(x, 2), 1), t.i32),
            preprocess_collapse_repeated=preprocess_collapse_repeated,
            ctc_merge_repeated=ctc_merge_repeated,
        )
    ]


@tf_op("CTCBeamSearchDecoder", "CTCLossV2", ignore=("*",))
def other(*inputs: Value) -> NoReturn:
    raise Unsupported("it is not an operation of the runtime", "Cut before it with --output.")
