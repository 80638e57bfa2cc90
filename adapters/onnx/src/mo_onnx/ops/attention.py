"""Attention and what goes with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mo_core.build import (
    arange,
    as_i64,
    concat,
    constant_like,
    convert_like,
    dim,
    dim_of,
    dim_size,
    filled,
    gather,
    ints,
    permute,
    reshape_keeping,
    reshape_to,
    slice_axis,
    split,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.bodies import detach
from mo_core.build.loops import iterate
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import same_dim
from mo_core.ops import (
    Add,
    Broadcast,
    Divide,
    Exp,
    Greater,
    Less,
    LessEqual,
    LogicalAnd,
    MatMul,
    Multiply,
    Pad,
    ReduceLogicalOr,
    ScaledDotProductAttention,
    Select,
    Softmax,
    Sqrt,
    Subtract,
    Tanh,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of

RAW, CAPPED, BIASED, NORMALIZED = range(4)
"""What the fourth output of Attention is: the product of queries and keys at different stages."""


@onnx_op("Attention", since=23)
def attention(
    q: Value,
    k: Value,
    v: Value,
    attn_mask: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    nonpad_kv_seqlen: Value | None = None,
    *,
    is_causal: int = 0,
    kv_num_heads: int | None = None,
    left_window_size: int = -1,
    q_num_heads: int | None = None,
    qk_matmul_output_mode: int = RAW,
    right_window_size: int = -1,
    scale: float | None = None,
    softcap: float = 0.0,
    softmax_precision: int | None = None,
    node: Foreign,
) -> Sequence[Value | None]:
    packed = q.rank == 3
    if packed:
        if not q_num_heads or not kv_num_heads:
            raise ModelError("Attention on three-dimensional inputs needs q_num_heads and kv_num_heads")
        q, k, v = with_heads(q, q_num_heads), with_heads(k, kv_num_heads), with_heads(v, kv_num_heads)
    _check_heads(q, k, v)
    offset: Value | None = None
    if past_key is not None and past_value is not None:
        offset = dim_of(past_key, 2)
        k, v = concat([past_key, k], 2), concat([past_value, v], 2)
    present = (k, v)
    if nonpad_kv_seqlen is not None:
        nonpad_kv_seqlen = reshape_to(as_i64(nonpad_kv_seqlen), [-1, 1, 1, 1])
        offset = Subtract(nonpad_kv_seqlen, dim_of(q, 2))
    left, right = left_window_size, right_window_size
    only_causal = bool(is_causal) and attn_mask is None and offset is None and left < 0 and right < 0
    wants_product = len(node.results) > 3 and bool(node.results[3].uses)
    plain = softcap == 0 and not wants_product
    mask = (
        Mask()
        if plain and only_causal
        else mask_of(q, k, attn_mask, nonpad_kv_seqlen, offset, bool(is_causal), left, right)
    )
    k, v = repeated_heads(k, dim(q, 1)), repeated_heads(v, dim(q, 1))
    product: Value | None = None
    if plain:
        y = _fused(q, k, v, mask, scale, causal=only_causal)
    else:
        element = q.element if softmax_precision is None else element_of(softmax_precision, "softmax_precision")
        stages = _stages(q, k, mask, scale, softcap, element)
        if not 0 <= qk_matmul_output_mode < len(stages):
            raise ModelError(f"qk_matmul_output_mode is {qk_matmul_output_mode}, and it is one of 0 to 3")
        product, y = stages[qk_matmul_output_mode], MatMul(stages[NORMALIZED], v)
    return [without_heads(y) if packed else y, *present, product]


def _check_heads(*tensors: Value) -> None:
    """Raise ModelError unless all are N, heads, L, E with something in the last axis."""
    for x in tensors:
        if x.rank != 4 or x.dims[3] == 0:
            raise ModelError(f"Attention has an input {t.format_shape(x.shape)} in the place of N, heads, L, E")


def with_heads(x: Value, heads: int) -> Value:
    """N, L, heads * E as N, heads, L, E."""
    return permute(reshape_keeping(x, [0, 0, heads, -1]), (0, 2, 1, 3))


def without_heads(x: Value) -> Value:
    """N, heads, L, E as N, L, heads * E."""
    return reshape_keeping(permute(x, (0, 2, 1, 3)), [0, 0, -1])


def repeated_heads(x: Value, heads: t.Dim) -> Value:
    """N, H, L, E with each head as often in a row as it takes to have `heads` of them."""
    own = x.dims[1]
    if not isinstance(own, int) or not isinstance(heads, int):
        raise Unsupported("Attention needs a known number of heads", "Give the shapes of its inputs with --input.")
    if own == heads:
        return x
    if not own or heads % own:
        raise ModelError(f"{heads} query heads cannot share {own} key and value heads")
    each = Broadcast(unsqueeze(x, 2), ints([1, 1, heads // own, 1, 1]), mode="bidirectional")
    size = x.dims[3]
    if isinstance(size, int):
        return reshape_keeping(each, [0, heads, -1, size])
    return reshape_to(each, [dim_size(x, 0), heads, dim_size(x, 2), dim_size(x, 3)])


@dataclass(frozen=True)
class Mask:
    """Which keys a query sees: those `allowed` (boolean), with a number added to each product (`bias`).

    Both broadcast to N, heads, queries, keys. `may_hide_all`: a query may see nothing; its row of the result is zero.
    """

    allowed: Value | None = None
    bias: Value | None = None
    may_hide_all: bool = False

    def operand(self) -> Value | None:
        """The mask as the runtime takes it: boolean, or numbers to add."""
        if self.bias is None or self.allowed is None:
            return self.allowed if self.bias is None else self.bias
        return Select(self.allowed, self.bias, constant_like(self.bias, -math.inf))

    def applied(self, product: Value) -> Value:
        """The masked product."""
        masked = product if self.bias is None else Add(product, self.bias)
        return masked if self.allowed is None else Select(self.allowed, masked, constant_like(masked, -math.inf))

    def guarded(self, x: Value) -> Value:
        """Zeros in the rows of queries that see nothing."""
        mask = self.operand()
        if mask is None or not self.may_hide_all:
            return x
        if mask.element is not t.boolean:  # the runtime's maximum of nothing but -inf is the lowest finite number
            mask = Greater(mask, constant_like(mask, -math.inf))
        return Select(ReduceLogicalOr(mask, ints([-1]), keep_dims=True), x, constant_like(x, 0.0))


def mask_of(
    q: Value,
    k: Value,
    given: Value | None,
    lengths: Value | None,
    offset: Value | None,
    causal: bool,
    left: int,
    right: int,
) -> Mask:
    """The mask made of all that restricts what a query sees; `offset` is the position of the first query."""
    rules: list[Value] = []
    bias: Value | None = None
    keys = arange(dim_size(k, 2))
    if given is not None:
        if given.rank < 2:
            given = reshape_to(given, [1, -1])
        given = _as_long_as(given, k)
        if given.element is t.boolean:
            rules.append(given)
        else:
            bias = convert_like(given, q)
    if causal or left >= 0 or right >= 0:
        places = unsqueeze(arange(dim_size(q, 2)), 1)
        places = places if offset is None else Add(places, offset)
        if causal:
            rules.append(LessEqual(keys, places))
        if left >= 0:
            rules.append(LessEqual(Subtract(places, keys), left))
        if right >= 0:
            rules.append(LessEqual(Subtract(keys, places), right))
    if lengths is not None:
        rules.append(Less(keys, lengths))
    allowed: Value | None = None
    for rule in rules:
        allowed = rule if allowed is None else LogicalAnd(allowed, rule)
    hides = given is not None or lengths is not None or left >= 0 or right >= 0
    return Mask(allowed, bias, hides)


def _as_long_as(mask: Value, k: Value) -> Value:
    """A mask that ends early hides the other keys."""
    if same_dim(mask.dims[-1], k.dims[2]):
        return mask
    missing = vector([Subtract(dim_of(k, 2), dim_of(mask, -1))])
    zeros = ints([0] * mask.rank)
    behind = vector([*[0] * (mask.rank - 1), missing])
    if mask.element is t.boolean:
        padded = Pad(to_element(mask, t.u8), zeros, behind, constant(0, t.u8))
        return to_element(padded, t.boolean)
    return Pad(mask, zeros, behind, constant_like(mask, -math.inf))


def _fused(q: Value, k: Value, v: Value, mask: Mask, scale: float | None, causal: bool) -> Value:
    operand = mask.operand()
    factor = None if scale is None else constant_like(q, scale)
    if operand is None and factor is not None:
        operand = constant_like(q, 0.0)  # the place of the mask cannot be left out when a scale follows
    return mask.guarded(ScaledDotProductAttention(q, k, v, operand, factor, causal=causal))


def _stages(q: Value, k: Value, mask: Mask, scale: float | None, softcap: float, element: t.ElementType) -> list[Value]:
    """The product of queries and keys: raw, capped, biased, normalised."""
    root = _root_of_scale(q, scale)
    raw: Value = MatMul(Multiply(q, root), Multiply(k, root), transpose_b=True)
    capped = raw
    if softcap > 0:
        limit = constant_like(raw, softcap)
        capped = Multiply(Tanh(Divide(raw, limit)), limit)
    biased = mask.applied(capped)
    normalized = mask.guarded(Softmax(to_element(biased, element), axis=-1))
    return [raw, capped, biased, convert_like(normalized, q)]


def _root_of_scale(q: Value, scale: float | None) -> Value:
    """What queries and keys are multiplied with, so that the product is scaled without overflow on the way."""
    if scale is not None:
        if not 0 <= scale < math.inf:
            raise Unsupported(f"Attention with a scale of {scale:g}")
        return constant_like(q, math.sqrt(scale))
    size = q.dims[-1]
    if isinstance(size, int):
        return constant_like(q, size**-0.25)
    whole = convert_like(dim_of(q, -1), q)
    return Divide(constant_like(q, 1.0), Sqrt(Sqrt(whole)))


@onnx_op("FlexAttention", domain="ai.onnx.preview")
def flex_attention(
    q: Value,
    k: Value,
    v: Value,
    *,
    prob_mod: Graph | None = None,
    scale: float | None = None,
    score_mod: Graph | None = None,
    softmax_precision: int | None = None,
    convert: Callable[..., list[Any]],
) -> Value:
    """Attention with graphs that change the products of queries and keys, and what softmax makes of them."""
    _check_heads(q, k, v)
    k, v = repeated_heads(k, dim(q, 1)), repeated_heads(v, dim(q, 1))
    if score_mod is None and prob_mod is None and softmax_precision is None:
        return _fused(q, k, v, Mask(), scale, causal=False)
    exact = t.f64 if q.element is t.f64 else t.f32
    if softmax_precision is not None:
        exact = element_of(softmax_precision, "softmax_precision")
    root = _root_of_scale(q, scale)
    scores = to_element(MatMul(Multiply(q, root), Multiply(k, root), transpose_b=True), exact)
    probabilities = _modified(Softmax(_modified(scores, score_mod, convert), axis=-1), prob_mod, convert)
    return convert_like(MatMul(probabilities, to_element(v, exact)), v)


def _modified(x: Value, body: Graph | None, convert: Callable[..., list[Any]]) -> Value:
    """What the body makes of the value; itself without one."""
    if body is None:
        return x
    if len(body.inputs) != 1 or len(body.outputs) != 1:
        raise ModelError("a graph that modifies attention needs one input and one output")
    (y,) = convert(body, {body.inputs[0]: x})
    detach(body)
    return cast(Value, y)


@onnx_op("RotaryEmbedding", since=23)
def rotary_embedding(
    x: Value,
    cos_cache: Value,
    sin_cache: Value,
    position_ids: Value | None = None,
    *,
    interleaved: int = 0,
    num_heads: int | None = None,
    rotary_embedding_dim: int = 0,
) -> Value:
    packed = x.rank == 3
    if packed:
        if not num_heads:
            raise ModelError("RotaryEmbedding on a three-dimensional input needs num_heads")
        data = reshape_keeping(x, [0, 0, num_heads, -1])
    else:
        data = x
    angles = [c if position_ids is None else gather(c, position_ids, 0) for c in (cos_cache, sin_cache)]
    cos, sin = (unsqueeze(a, 2 if packed else 1) for a in angles)
    y = rotated(data, cos, sin, rotary_embedding_dim, bool(interleaved))
    return reshape_keeping(y, [0, 0, -1]) if packed else y


def rotated(x: Value, cos: Value, sin: Value, size: int, interleaved: bool) -> Value:
    """The first `size` numbers (0: all) of the last axis, in pairs rotated by the angles; the others as they are."""
    rest: Value | None = None
    if size and x.dims[-1] != size:
        x, rest = split(x, -1, [size, -1])
    if interleaved:
        a, b = slice_axis(x, -1, 0, t.INF, 2), slice_axis(x, -1, 1, t.INF, 2)
    else:
        a, b = split(x, -1, 2)
    real, imaginary = Subtract(Multiply(cos, a), Multiply(sin, b)), Add(Multiply(sin, a), Multiply(cos, b))
    if interleaved:
        y = reshape_keeping(concat([unsqueeze(real, -1), unsqueeze(imaginary, -1)], -1), [0, 0, 0, -1])
    else:
        y = concat([real, imaginary], -1)
    return y if rest is None else concat([y, rest], -1)


@onnx_op("LinearAttention", since=27, ignore=("chunk_size",))
def linear_attention(
    q: Value,
    k: Value,
    v: Value,
    past_state: Value | None = None,
    decay: Value | None = None,
    beta: Value | None = None,
    *,
    kv_num_heads: int,
    q_num_heads: int,
    scale: float = 0.0,
    update_rule: str = "gated_delta",
) -> Sequence[Value]:
    """The recurrence is computed in f32, whatever the type of the data."""
    gated, corrected = update_rule in ("gated", "gated_delta"), update_rule in ("delta", "gated_delta")
    if not gated and not corrected and update_rule != "linear":
        raise ModelError(f'update_rule is "{update_rule}", which is none of linear, gated, delta, gated_delta')
    if kv_num_heads < 1 or q_num_heads % kv_num_heads:
        raise ModelError(f"{q_num_heads} query heads cannot share {kv_num_heads} key and value heads")
    if (gated and decay is None) or (corrected and beta is None):
        raise ModelError(
            f"LinearAttention with update_rule {update_rule} needs its {'decay' if decay is None else 'beta'}"
        )
    groups = q_num_heads // kv_num_heads
    queries = reshape_keeping(to_element(q, t.f32), [0, 0, kv_num_heads, groups, -1])
    keys, values = (_heads_last(x, kv_num_heads) for x in (k, v))
    key_size, value_size = keys.dims[-1], values.dims[-1]
    if not isinstance(key_size, int) or not isinstance(value_size, int):
        raise Unsupported(
            "LinearAttention needs known sizes of its heads", "Give the shapes of its inputs with --input."
        )
    slices = [(queries, 1), (keys, 1), (values, 1)]
    if gated and decay is not None:
        slices.append((_heads_last(decay, kv_num_heads), 1))
    if corrected and beta is not None:
        slices.append((unsqueeze(to_element(beta, t.f32), -1), 1))
    if past_state is None:
        start = filled(vector([dim_size(q, 0), kv_num_heads, key_size, value_size]), constant(0.0, t.f32))
    else:
        start = to_element(past_state, t.f32)
    factor = constant(scale or key_size**-0.5, t.f32)

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        query, key, value, *more = pieces
        state = states[0]
        if gated:
            state = Multiply(state, unsqueeze(Exp(more[0]), -1))
        if corrected:
            known = MatMul(unsqueeze(key, 2), state)
            value = Multiply(more[-1], Subtract(value, reshape_keeping(known, [0, 0, -1])))
        state = Add(state, Multiply(unsqueeze(key, -1), unsqueeze(value, 2)))
        return [state], [Multiply(MatMul(query, state), factor)]

    (last,), (y,) = iterate(step, slices, [start], axis=1)
    return convert_like(reshape_keeping(y, [0, 0, -1]), q), convert_like(last, q if past_state is None else past_state)


def _heads_last(x: Value, heads: int) -> Value:
    """N, T, heads * E as N, T, heads, E in f32."""
    return reshape_keeping(to_element(x, t.f32), [0, 0, heads, -1])
