"""Attention of a frame to those near it. Source: `nnet3/nnet-attention-component.h`."""

from __future__ import annotations

import numpy as np

from mo_core.build import concat, reshape_to, slice_axis
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ops import Add, Multiply, ReduceSum, Softmax
from mo_kaldi.registry import Frames, kaldi_component


@kaldi_component("RestrictedAttentionComponent", ignore=("NumLeftInputsRequired", "NumRightInputsRequired"))
def restricted_attention(
    x: Value,
    *,
    NumHeads: int,
    KeyDim: int,
    ValueDim: int,
    NumLeftInputs: int,
    NumRightInputs: int,
    TimeStride: int,
    OutputContext: bool,
    KeyScale: float,
    frames: Frames,
) -> Value:
    """Keys and values of frames that are not defined are zeros."""
    context = NumLeftInputs + NumRightInputs + 1
    width = 2 * KeyDim + ValueDim + context
    if x.dims[1] != NumHeads * width:
        raise ModelError(f"{NumHeads} heads of attention need {NumHeads * width} columns, and there are {x.dims[1]}")
    start, more, first = frames
    reach = TimeStride * NumLeftInputs, TimeStride * NumRightInputs
    padded = _with_zeros(x, start - (first - reach[0]), reach[1] - more)
    heads = reshape_to(padded, [-1, NumHeads, width])
    keys, values = slice_axis(heads, 2, 0, KeyDim), slice_axis(heads, 2, KeyDim, KeyDim + ValueDim)
    queries = _part(slice_axis(heads, 2, KeyDim + ValueDim, width), reach[0], reach[1])
    scaled = Multiply(slice_axis(queries, 2, 0, KeyDim), KeyScale)
    offsets = [i * TimeStride for i in range(context)]
    last = offsets[-1]
    products = [ReduceSum(Multiply(scaled, _part(keys, o, last - o)), [2], keep_dims=True) for o in offsets]
    weights = Softmax(Add(concat(products, 2), slice_axis(queries, 2, KeyDim)), axis=2)
    total: Value | None = None
    for i, o in enumerate(offsets):
        part = Multiply(slice_axis(weights, 2, i, i + 1), _part(values, o, last - o))
        total = part if total is None else Add(total, part)
    assert total is not None
    y = concat([total, weights], 2) if OutputContext else total
    return reshape_to(y, [-1, NumHeads * (ValueDim + context * OutputContext)])


def _part(x: Value, before: int, after: int) -> Value:
    """Rows without some of the first and of the last."""
    return slice_axis(x, 0, before, -after) if after else slice_axis(x, 0, before)


def _with_zeros(x: Value, before: int, after: int) -> Value:
    """Rows with rows of zeros around them."""
    parts = [x]
    width = x.dims[1]
    if before:
        parts.insert(0, _zeros(before, width))
    if after:
        parts.append(_zeros(after, width))
    return concat(parts, 0) if len(parts) > 1 else x


def _zeros(count: int, width: object) -> Value:
    return constant(np.zeros((count, int(width)), np.float32))  # type: ignore[call-overload]
