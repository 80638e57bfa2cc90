"""The attention family of ONNX Runtime's own domain.

Batch B, query length S, key length T, N heads of size H; states of earlier steps are B, N, length, H.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mo_core.build import (
    Size,
    arange,
    as_i64,
    concat,
    constant_like,
    convert_like,
    dim_of,
    dim_size,
    gather,
    permute,
    reshape_keeping,
    reshape_to,
    scalar,
    slice_axis,
    split,
    take,
    to_element,
    unsqueeze,
)
from mo_core.build.normalisation import rms_norm
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Divide,
    Equal,
    Gather,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Log,
    LogicalAnd,
    LogicalOr,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    ScaledDotProductAttention,
    Select,
    Softmax,
    Subtract,
    Tanh,
)
from mo_onnx.ops.attention import repeated_heads, rotated, with_heads, without_heads
from mo_onnx.registry import onnx_op

DOMAIN = "com.microsoft"
HIDDEN = -10000.0
"""What is added to the product for a hidden key, unless the node says otherwise."""


def attend(q: Value, k: Value, v: Value, bias: Value | None, scale: float | None, causal: bool = False) -> Value:
    """Softmax of the scaled product of B, N, S, H and B, N, T, H plus `bias`, times the values; B, S, N * H."""
    factor = constant_like(q, scale) if scale else None
    if bias is None and factor is not None:
        bias = constant_like(q, 0.0)  # the place of the mask cannot be left out when a scale follows
    return without_heads(ScaledDotProductAttention(q, k, v, bias, factor, causal=causal))


@dataclass(frozen=True)
class Masking:
    """What is added to the product of queries and keys."""

    padding: Value | None
    bias: Value | None
    causal: bool
    hidden: float

    def of(self, q: Value, k: Value, past: Value | None) -> Value | None:
        """All of it as one value that broadcasts to B, N, S, T; `past` is the number of keys before the first query."""
        total: Value | None = None
        if self.padding is not None:
            seen = _seen(self.padding, q, k, past)
            total = Select(seen, constant_like(q, 0.0), constant_like(q, self.hidden))
        if self.bias is not None:
            total = self.bias if total is None else Add(total, self.bias)
        if self.causal:
            places = unsqueeze(arange(dim_size(q, 2)), 1)
            seen = LessEqual(arange(dim_size(k, 2)), places if past is None else Add(places, past))
            zero = constant_like(q, 0.0) if total is None else total
            total = Select(seen, zero, constant_like(q, _lowest(q)))
        return total


def _lowest(x: Value) -> float:
    return float(np.finfo(x.element.dtype if x.element.dtype is not None else np.float32).min)


def _seen(mask: Value, q: Value, k: Value, past: Value | None) -> Value:
    """The keys that a padding mask shows, in any of its forms, so that it broadcasts to B, N, S, T."""
    if mask.rank == 1:
        batch, length = q.dims[0], mask.dims[0]
        keys = arange(dim_size(k, 2))
        if isinstance(batch, int) and length == 2 * batch:
            stop, start = (reshape_to(as_i64(part), [-1, 1, 1, 1]) for part in split(mask, 0, 2))
            return LogicalAnd(Less(keys, stop), GreaterEqual(keys, start))
        if isinstance(batch, int) and isinstance(length, int) and length != batch:
            raise Unsupported(f"a key mask of {length} numbers for {batch} sequences is not supported")
        return Less(keys, reshape_to(as_i64(mask), [-1, 1, 1, 1]))
    if mask.rank == 4:
        first: Size = 0 if past is None else past
        rows = slice_axis(
            mask, 2, first, Add(scalar(as_i64(past)), dim_of(q, 2)) if past is not None else dim_size(q, 2)
        )
        mask = slice_axis(rows, 3, 0, dim_size(k, 2))
    elif mask.rank in (2, 3):
        mask = unsqueeze(mask, *([1, 2] if mask.rank == 2 else [1]))
    else:
        raise ModelError(f"a key mask has 1 to 4 dimensions, and this one has {mask.rank}")
    return mask if mask.element is t.boolean else Greater(mask, constant_like(mask, 0))


@onnx_op("Attention", DOMAIN)
def attention(
    x: Value,
    weights: Value,
    bias: Value | None = None,
    mask_index: Value | None = None,
    past: Value | None = None,
    attention_bias: Value | None = None,
    past_sequence_length: Value | None = None,
    *,
    num_heads: int,
    qkv_hidden_sizes: Sequence[int] = (),
    unidirectional: int = 0,
    scale: float = 0.0,
    mask_filter_value: float = HIDDEN,
    do_rotary: int = 0,
    rotary_embedding_dim: int = 0,
    past_present_share_buffer: int = 0,
    node: Foreign,
) -> Sequence[Value]:
    if do_rotary or past_present_share_buffer:
        raise Unsupported("Attention with do_rotary or past_present_share_buffer is not supported")
    projected: Value = MatMul(x, weights)
    if bias is not None:
        projected = Add(projected, bias)
    parts = split(projected, -1, list(qkv_hidden_sizes) or 3)
    q, k, v = (with_heads(part, num_heads) for part in parts)
    length: Value | None = None
    if past is not None:
        length = dim_of(past, 3)
        k, v = concat([take(past, 0, 0), k], 2), concat([take(past, 1, 0), v], 2)
    masking = Masking(mask_index, attention_bias, bool(unidirectional), mask_filter_value)
    y = _masked(q, k, v, masking, length, scale)
    return [y] if len(node.results) < 2 else [y, concat([unsqueeze(k, 0), unsqueeze(v, 0)], 0)]


def _masked(q: Value, k: Value, v: Value, masking: Masking, past: Value | None, scale: float) -> Value:
    if masking.causal and masking.padding is None and masking.bias is None and past is None:
        return attend(q, k, v, None, scale, causal=True)
    return attend(q, k, v, masking.of(q, k, past), scale)


@onnx_op("QAttention", DOMAIN)
def quantized_attention(
    x: Value,
    weights: Value,
    bias: Value,
    x_scale: Value,
    weight_scale: Value,
    mask_index: Value | None = None,
    x_zero_point: Value | None = None,
    weight_zero_point: Value | None = None,
    past: Value | None = None,
    *,
    num_heads: int,
    unidirectional: int = 0,
    scale: float = 0.0,
    mask_filter_value: float = HIDDEN,
    do_rotary: int = 0,
    past_present_share_buffer: int = 0,
    node: Foreign,
) -> Sequence[Value]:
    from mo_onnx.ops.microsoft_quantized import dequantized

    return attention(
        dequantized(x, x_scale, x_zero_point),
        dequantized(weights, weight_scale, weight_zero_point),
        bias,
        mask_index,
        past,
        num_heads=num_heads,
        unidirectional=unidirectional,
        scale=scale,
        mask_filter_value=mask_filter_value,
        do_rotary=do_rotary,
        past_present_share_buffer=past_present_share_buffer,
        node=node,
    )


@onnx_op("MultiHeadAttention", DOMAIN)
def multi_head_attention(
    query: Value,
    key: Value | None = None,
    value: Value | None = None,
    bias: Value | None = None,
    key_padding_mask: Value | None = None,
    attention_bias: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    past_sequence_length: Value | None = None,
    cache_indirection: Value | None = None,
    *,
    num_heads: int,
    unidirectional: int = 0,
    scale: float = 0.0,
    mask_filter_value: float = HIDDEN,
) -> Sequence[Value]:
    if past_sequence_length is not None or cache_indirection is not None:
        raise Unsupported("MultiHeadAttention with shared buffers of past and present is not supported")
    q, k, v = _heads(query, key, value, bias, num_heads)
    past: Value | None = None
    if past_key is not None and past_value is not None:
        past = dim_of(past_key, 2)
        k, v = concat([past_key, k], 2), concat([past_value, v], 2)
    masking = Masking(key_padding_mask, attention_bias, bool(unidirectional), mask_filter_value)
    return [_masked(q, k, v, masking, past, scale), k, v]


def _heads(query: Value, key: Value | None, value: Value | None, bias: Value | None, heads: int) -> list[Value]:
    """Queries, keys and values as B, N, length, H, from any of the packings that the op takes."""
    if key is None:
        parts = [_rows(p) for p in split(query, 3, 3)] if query.rank == 5 else list(split(query, -1, 3))
    elif value is None:
        parts = [query, *[_rows(p) for p in split(key, 3, 2)]]
    else:
        parts = [query, key, value]
    if bias is not None:
        parts = [p if p.rank == 4 else Add(p, b) for p, b in zip(parts, _bias_parts(bias, parts[0]))]
    return [
        p if p.rank == 4 else with_heads(p, heads) for p in parts
    ]  # of rank 4: keys of another network, ready for use


def _rows(x: Value) -> Value:
    """B, L, N, 1, H as B, L, N * H."""
    return reshape_keeping(x, [0, 0, -1])


def _bias_parts(bias: Value, query: Value) -> Sequence[Value]:
    """The biases of queries and keys are as long as the hidden size; the rest is that of the values."""
    size, total = query.dims[-1], bias.dims[0]
    if not isinstance(size, int):
        if not isinstance(total, int):
            raise Unsupported("MultiHeadAttention with a bias needs a known hidden size")
        size = total // 3
    return split(bias, 0, [size, size, -1])


@onnx_op("DecoderMaskedMultiHeadAttention", DOMAIN)
def decoder_masked_multi_head_attention(
    query: Value,
    key: Value | None = None,
    value: Value | None = None,
    mask_index: Value | None = None,
    attention_bias: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    past_sequence_length: Value | None = None,
    beam_width: Value | None = None,
    cache_indirection: Value | None = None,
    bias: Value | None = None,
    *,
    num_heads: int,
    scale: float = 0.0,
    mask_filter_value: float = HIDDEN,
    past_present_share_buffer: int = 0,
    output_qk: int = 0,
) -> Sequence[Value]:
    if past_present_share_buffer or cache_indirection is not None:
        raise Unsupported("DecoderMaskedMultiHeadAttention with shared buffers or beams is not supported")
    return multi_head_attention(
        query,
        key,
        value,
        bias,
        mask_index,
        attention_bias,
        past_key,
        past_value,
        num_heads=num_heads,
        scale=scale,
        mask_filter_value=mask_filter_value,
    )


# -- grouped queries


@onnx_op("GroupQueryAttention", DOMAIN)
def group_query_attention(
    query: Value,
    key: Value | None,
    value: Value | None,
    past_key: Value | None,
    past_value: Value | None,
    seqlens_k: Value,
    total_sequence_length: Value,
    cos_cache: Value | None = None,
    sin_cache: Value | None = None,
    position_ids: Value | None = None,
    attention_bias: Value | None = None,
    head_sink: Value | None = None,
    k_scale: Value | None = None,
    v_scale: Value | None = None,
    q_norm_weight: Value | None = None,
    k_norm_weight: Value | None = None,
    *,
    num_heads: int,
    kv_num_heads: int,
    causal: int = 1,
    do_rotary: int = 0,
    k_quant_type: str = "NONE",
    kv_cache_bit_width: int = 0,
    local_window_size: int = -1,
    qk_norm_epsilon: float = 1e-6,
    qk_output: int = 0,
    rotary_interleaved: int = 0,
    scale: float = 0.0,
    sliding_window_cache: int = 0,
    smooth_softmax: int = 0,
    softcap: float = 0.0,
    v_quant_type: str = "NONE",
) -> Sequence[Value]:
    if k_scale is not None or v_scale is not None or {k_quant_type, v_quant_type} != {"NONE"} or sliding_window_cache:
        raise Unsupported("GroupQueryAttention with a quantised or sliding cache is not supported")
    if key is None or value is None:
        size = query.dims[-1]
        heads = num_heads + 2 * kv_num_heads
        if not isinstance(size, int) or size % heads:
            raise ModelError(f"GroupQueryAttention cannot divide {size} numbers among {heads} heads")
        each = size // heads
        query, key, value = split(query, -1, [num_heads * each, kv_num_heads * each, kv_num_heads * each])
    q, k, v = with_heads(query, num_heads), with_heads(key, kv_num_heads), with_heads(value, kv_num_heads)
    if q_norm_weight is not None and k_norm_weight is not None:
        q = Multiply(rms_norm(q, [3], qk_norm_epsilon), q_norm_weight)
        k = Multiply(rms_norm(k, [3], qk_norm_epsilon), k_norm_weight)
    cache = Cache.of(past_key, past_value, q, seqlens_k, total_sequence_length)
    if do_rotary:
        if cos_cache is None or sin_cache is None:
            raise ModelError("GroupQueryAttention with do_rotary needs its cos_cache and sin_cache")
        places = cache.places(q) if position_ids is None else position_ids
        q, k = (_turned(x, places, cos_cache, sin_cache, 0, bool(rotary_interleaved)) for x in (q, k))
    k, v = cache.extended(past_key, k), cache.extended(past_value, v)
    seen = cache.seen(q, k, bool(causal), local_window_size)
    all_k, all_v = repeated_heads(k, num_heads), repeated_heads(v, num_heads)
    if softcap == 0 and head_sink is None and smooth_softmax <= 0:
        bias = constant_like(q, 0.0) if attention_bias is None else attention_bias
        mask = Select(seen, bias, constant_like(q, _lowest(q)))
        return [attend(q, all_k, all_v, mask, scale), k, v]
    size = q.dims[-1]
    if not scale and not isinstance(size, int):
        raise Unsupported("GroupQueryAttention needs a known head size")
    product: Value = MatMul(Multiply(q, constant_like(q, scale or float(size) ** -0.5)), all_k, transpose_b=True)  # type: ignore[arg-type]
    if softcap > 0:
        limit = constant_like(q, softcap)
        product = Multiply(Tanh(Divide(product, limit)), limit)
    if attention_bias is not None:
        product = Add(product, attention_bias)
    product = Select(seen, product, constant_like(q, -math.inf))
    sink = None if head_sink is None and smooth_softmax <= 0 else _sink(head_sink, q)
    return [without_heads(MatMul(_softmax(product, sink), all_v)), k, v]


@dataclass(frozen=True)
class Cache:
    """Where the new keys go: `before` (B) keys are there already, in buffers `capacity` long; then `total` are."""

    before: Value | None
    capacity: Value | None
    total: Value
    lengths: Value

    @staticmethod
    def of(past_key: Value | None, past_value: Value | None, q: Value, seqlens_k: Value, total: Value) -> Cache:
        lengths = Add(reshape_to(as_i64(seqlens_k), [-1]), 1)
        total = scalar(as_i64(total))
        if past_key is None or past_value is None or past_key.dims[2] == 0:
            return Cache(None, None, total, lengths)
        new = dim_of(q, 2)
        # a prompt may be padded behind, so that lengths say nothing about what was there before
        before = Select(Equal(total, new), constant(0), Subtract(lengths, new))
        return Cache(before, dim_of(past_key, 2), total, lengths)

    def places(self, q: Value) -> Value:
        """The positions of the queries, B, S."""
        steps = unsqueeze(arange(dim_size(q, 2)), 0)
        if self.before is None:
            return Add(Multiply(unsqueeze(self.lengths, 1), 0), steps)
        return Add(unsqueeze(self.before, 1), steps)

    def extended(self, past: Value | None, new: Value) -> Value:
        """The buffer with the new keys in their places."""
        if past is None or self.before is None or self.capacity is None:
            return new
        both = concat([past, new], 2)
        slots = unsqueeze(arange(Maximum(self.capacity, self.total)), 0)
        before = unsqueeze(self.before, 1)
        fresh = Add(self.capacity, Subtract(slots, before))
        old = LogicalOr(Less(slots, before), GreaterEqual(slots, Add(before, dim_of(new, 2))))
        chosen = Minimum(Select(old, slots, fresh), Subtract(dim_of(both, 2), 1))
        return Gather(both, chosen, constant(2), batch_dims=1)

    def seen(self, q: Value, k: Value, causal: bool, window: int) -> Value:
        """Which keys a query sees, B, 1, S, T."""
        keys = arange(dim_size(k, 2))
        if not causal:
            return Less(keys, reshape_to(self.lengths, [-1, 1, 1, 1]))
        places = unsqueeze(unsqueeze(self.places(q), 1), 3)
        seen: Value = LessEqual(keys, places)
        return LogicalAnd(seen, Greater(keys, Subtract(places, window))) if window > 0 else seen


def _sink(head_sink: Value | None, q: Value) -> Value:
    """One more product a head, whose key has no value."""
    return constant_like(q, np.zeros([1, 1, 1, 1])) if head_sink is None else reshape_to(head_sink, [1, -1, 1, 1])


def _softmax(product: Value, sink: Value | None) -> Value:
    if sink is None:
        return Softmax(product, axis=-1)
    like = slice_axis(product, -1, 0, 1)
    column = Add(
        Select(Equal(like, like), constant_like(like, 0.0), constant_like(like, 0.0)), convert_like(sink, product)
    )
    return slice_axis(Softmax(concat([product, column], -1), axis=-1), -1, 0, -1)


# -- positions


@onnx_op("RotaryEmbedding", DOMAIN)
def rotary_embedding(
    x: Value,
    position_ids: Value,
    cos_cache: Value,
    sin_cache: Value,
    *,
    interleaved: int = 0,
    is_packed_batching: int = 0,
    num_heads: int = 0,
    rotary_embedding_dim: int = 0,
    scale: float = 1.0,
) -> Value:
    if x.rank == 4:
        heads = x
    elif num_heads:
        heads = with_heads(x, num_heads)
    else:
        half = cos_cache.dims[1]
        if not isinstance(half, int):
            raise Unsupported("RotaryEmbedding needs a cos_cache of known size")
        heads = permute(reshape_to(x, [dim_size(x, 0), dim_size(x, 1), -1, 2 * half]), (0, 2, 1, 3))
    places = as_i64(position_ids)
    if places.rank == 1:  # the position of the first
        places = Add(unsqueeze(places, 1), unsqueeze(arange(dim_size(heads, 2)), 0))
    y = _turned(heads, places, cos_cache, sin_cache, rotary_embedding_dim, bool(interleaved))
    return y if x.rank == 4 else without_heads(y)


def _turned(x: Value, places: Value, cos: Value, sin: Value, size: int, interleaved: bool) -> Value:
    """B, N, S, H rotated by the angles of the rows `places` (B, S)."""
    half = cos.dims[1]
    size = size or (2 * half if isinstance(half, int) else 0)
    return rotated(x, unsqueeze(gather(cos, places, 0), 1), unsqueeze(gather(sin, places, 0), 1), size, interleaved)


@onnx_op("RelativePositionBias", DOMAIN)
def relative_position_bias(
    table: Value, query_length: Value, key_length: Value, *, max_distance: int, is_bidirectional: int = 0
) -> Value:
    """The biases of T5: near distances have a bucket each, far ones share them on a logarithmic scale."""
    buckets = table.dims[0]
    if not isinstance(buckets, int):
        raise Unsupported("RelativePositionBias needs a table of known size")
    rows, columns = (arange(scalar(as_i64(n))) for n in (query_length, key_length))
    distance: Value = Subtract(unsqueeze(rows, 1), columns)  # how far back a key is
    base: Value = constant(0)
    if is_bidirectional:
        buckets //= 2
        base = Select(Less(distance, 0), constant(buckets), constant(0))
        distance = Maximum(distance, Multiply(distance, -1))
    else:
        distance = Maximum(distance, 0)
    exact = buckets // 2
    ratio = Log(Divide(Maximum(to_element(distance, t.f32), 1.0), float(exact)))
    spread = Multiply(ratio, (buckets - exact) / math.log(max_distance / exact))
    far = Minimum(Add(to_element(spread, t.i64), exact), buckets - 1)
    chosen = Add(base, Select(Less(distance, exact), distance, far))
    return unsqueeze(permute(gather(table, chosen, 0), (2, 0, 1)), 0)
