"""Attention with queries, keys and values interleaved in one tensor: T, N, heads * (2 or 3) * size of a head."""

from __future__ import annotations

from mo_core.build import Size, constant_like, dim, dim_size, permute, reshape_to, take
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import MatMul, Multiply
from mo_mxnet.ops.shape import times
from mo_mxnet.registry import mxnet_op


def _parts(x: Value, heads: int, parts: int) -> tuple[list[Value], int]:
    """Each part as N * heads, T, size of a head; and that size."""
    width = dim(x, 2)
    if not isinstance(width, int):
        raise Unsupported("interleaved attention needs to know the width of its input", "Give it with --input.")
    if heads < 1 or width % (heads * parts):
        raise ModelError(f"a width of {width} cannot be divided into {parts} parts of {heads} heads")
    size = width // (heads * parts)
    split = reshape_to(x, [dim_size(x, 0), dim_size(x, 1), heads, parts, size])
    return [_by_head(take(split, i, 3), heads, size) for i in range(parts)], size


def _by_head(x: Value, heads: int, size: int) -> Value:
    """From T, N, heads, size to N * heads, T, size."""
    length: Size = dim_size(x, 0)
    return reshape_to(permute(x, (1, 2, 0, 3)), [times(dim_size(x, 1), heads), length, size])


def _scores(queries: Value, keys: Value, size: int) -> Value:
    return MatMul(Multiply(queries, constant_like(queries, size**-0.5)), keys, transpose_b=True)


def _weighted(attention: Value, values: Value, heads: int, size: int, batch: Size) -> Value:
    """The weighted values as T, N, heads * size."""
    y = MatMul(attention, values)
    whole = permute(reshape_to(y, [batch, heads, dim_size(attention, 1), size]), (2, 0, 1, 3))
    return reshape_to(whole, [dim_size(attention, 1), batch, heads * size])


@mxnet_op("_contrib_interleaved_matmul_selfatt_qk")
def selfatt_qk(x: Value, *, heads: int) -> Value:
    (queries, keys, _), size = _parts(x, heads, 3)
    return _scores(queries, keys, size)


@mxnet_op("_contrib_interleaved_matmul_selfatt_valatt")
def selfatt_valatt(x: Value, attention: Value, *, heads: int) -> Value:
    (_, _, values), size = _parts(x, heads, 3)
    return _weighted(attention, values, heads, size, dim_size(x, 1))


@mxnet_op("_contrib_interleaved_matmul_encdec_qk")
def encdec_qk(queries: Value, keys_values: Value, *, heads: int) -> Value:
    (alone,), size = _parts(queries, heads, 1)
    (keys, _), _ = _parts(keys_values, heads, 2)
    return _scores(alone, keys, size)


@mxnet_op("_contrib_interleaved_matmul_encdec_valatt")
def encdec_valatt(keys_values: Value, attention: Value, *, heads: int) -> Value:
    (_, values), size = _parts(keys_values, heads, 2)
    return _weighted(attention, values, heads, size, dim_size(keys_values, 1))
