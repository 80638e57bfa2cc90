"""Values that come from attributes, from shapes, or from chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from mo_core.build import (
    arange as count_up,
)
from mo_core.build import (
    constant_like,
    dim_size,
    dims_of,
    filled,
    ints,
    reshape_to,
    shape_of,
    to_element,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Cos, Divide, Gather, Log, Multiply, Power, RandomUniform, Sqrt, Subtract
from mo_mxnet.attributes import Ints, element
from mo_mxnet.ops.gather import sorted_along
from mo_mxnet.registry import mxnet_op

LARGEST = 1 << 28
"""Elements of the largest constant that attributes may ask for."""


def _limited(count: float, what: str) -> int:
    if not 0 <= count <= LARGEST:
        raise ModelError(f"{what} has {count:g} elements, and at most {LARGEST} are reasonable")
    return int(count)


def full(shape: Sequence[int], number: float, kind: ElementType) -> Value:
    """A constant of one number; it is stored once."""
    _limited(math.prod(shape), "a constant")
    one = constant(number if kind.is_real else int(number), kind)
    return filled(ints(shape), one) if shape else one


def _open(shape: Ints | None) -> tuple[int, ...]:
    """Sizes that were unknown when the network was made (0) are 1, which broadcasts to what they become."""
    return tuple(d if d > 0 else 1 for d in shape or (1,))


@mxnet_op("_zeros")
def zeros(*, shape: Ints = (), dtype: str = "float32") -> Value:
    return full(_open(shape), 0, element(dtype))


@mxnet_op("_zeros_without_dtype")
def zeros_of_any_type(*, shape: Ints | None = None, dtype: int = -1) -> Value:
    from mo_mxnet.attributes import CODES

    return full(_open(shape), 0, CODES.get(dtype, t.f32))


@mxnet_op("_ones")
def ones(*, shape: Ints = (), dtype: str = "float32") -> Value:
    return full(_open(shape), 1, element(dtype))


@mxnet_op("_npi_zeros")
def np_zeros(*, shape: Ints = (), dtype: str = "float32") -> Value:
    return full(shape, 0, element(dtype))


@mxnet_op("_npi_ones")
def np_ones(*, shape: Ints = (), dtype: str = "float32") -> Value:
    return full(shape, 1, element(dtype))


@mxnet_op("_full", "_npi_full")
def full_of(*, shape: Ints | None = None, dtype: str = "float32", value: float) -> Value:
    return full(shape or (), value, element(dtype))


@mxnet_op("zeros_like", "_sparse_zeros_like", ignore=("dtype",))
def zeros_like(x: Value) -> Value:
    return filled(shape_of(x), constant_like(x, 0))


@mxnet_op("ones_like", ignore=("dtype",))
def ones_like(x: Value) -> Value:
    return filled(shape_of(x), constant_like(x, 1))


@mxnet_op("_npi_full_like")
def full_like(x: Value, *, fill_value: float, dtype: str | None = None) -> Value:
    kind = x.element if dtype is None else element(dtype)
    return filled(shape_of(x), constant(fill_value if kind.is_real else int(fill_value), kind))


@mxnet_op("_arange", "_npi_arange", ignore=("infer_range",))
def arange(
    *, start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, dtype: str = "float32"
) -> Value:
    """Numbers from `start` to below `stop`, each so many times."""
    first, last = (0.0, start) if stop is None else (start, stop)
    if step == 0 or repeat < 1:
        raise ModelError(f"a range with the step {step:g} and {repeat} repetitions is impossible")
    count = _limited(max(0.0, math.ceil((last - first) / step)) * repeat, "a range")
    numbers = first + step * (np.arange(count) // repeat)
    return constant(numbers, element(dtype))


@mxnet_op("_contrib_arange_like", "_npx_arange_like")
def arange_like(x: Value, *, start: float = 0.0, step: float = 1.0, repeat: int = 1, axis: int | None = None) -> Value:
    """As many numbers as an axis is long, or as there are elements."""
    if repeat != 1:
        raise Unsupported("arange_like with repetitions is not supported")
    if axis is None:
        from mo_core.build import element_count

        line = reshape_to(count_up(math.prod(x.static_shape) if x.is_static else element_count(x)), shape_of(x))
    else:
        line = count_up(dim_size(x, axis))
    numbers = to_element(line, x.element)
    return Add(Multiply(numbers, constant_like(x, step)), constant_like(x, start))


@mxnet_op("_linspace", "_npi_linspace")
def linspace(
    *,
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    num: int | None = None,
    endpoint: bool = True,
    dtype: str = "float32",
) -> Value:
    """So many numbers, evenly spaced."""
    count = _limited(step if num is None else num, "a range")
    last = start if stop is None else stop
    return constant(np.linspace(start, last, count, endpoint=endpoint), element(dtype))


@mxnet_op("_npi_logspace")
def logspace(
    *, start: float, stop: float, num: int, endpoint: bool = True, base: float = 10.0, dtype: str = "float32"
) -> Value:
    count = _limited(num, "a range")
    return constant(np.logspace(start, stop, count, endpoint=endpoint, base=base), element(dtype))


@mxnet_op("_eye")
def eye(*, N: int, M: int = 0, k: int = 0, dtype: str = "float32") -> Value:
    _limited(N * max(M, N), "a matrix")
    return constant(np.eye(N, M or None, k), element(dtype))


@mxnet_op("_npi_eye")
def np_eye(*, N: int, M: int | None = None, k: int = 0, dtype: str = "float32") -> Value:
    return eye(N=N, M=M or 0, k=k, dtype=dtype)


@mxnet_op("_npi_identity")
def identity(*, shape: Ints = (), dtype: str = "float32") -> Value:
    return eye(N=shape[0] if shape else 0, dtype=dtype)


@mxnet_op("_npi_indices")
def indices(*, dimensions: Ints, dtype: str = "int32") -> Value:
    _limited(math.prod(dimensions) * len(dimensions), "a grid")
    return constant(np.indices(dimensions), element(dtype))


def _window(weights: Sequence[float], M: int | None, dtype: str) -> Value:
    """A sum of cosines over M points, with alternating signs."""
    count = _limited(M or 0, "a window")
    at = 2 * np.pi * np.arange(count) / max(count - 1, 1)
    numbers = sum((-1) ** i * w * np.cos(i * at) for i, w in enumerate(weights))
    return constant(np.ones(count) if count == 1 else np.asarray(numbers), element(dtype))


@mxnet_op("_npi_hanning")
def hanning(*, M: int | None = None, dtype: str = "float32") -> Value:
    return _window((0.5, 0.5), M, dtype)


@mxnet_op("_npi_hamming")
def hamming(*, M: int | None = None, dtype: str = "float32") -> Value:
    return _window((0.54, 0.46), M, dtype)


@mxnet_op("_npi_blackman")
def blackman(*, M: int | None = None, dtype: str = "float32") -> Value:
    return _window((0.42, 0.5, 0.08), M, dtype)


def uniform(shape: Value, low: float, high: float, kind: ElementType) -> Value:
    """Random numbers from `low` to below `high`."""
    wide = kind if kind in (t.f32, t.f16) else t.f32
    y = RandomUniform(shape, constant(low, wide), constant(high, wide), output_type=wide)
    return to_element(y, kind)


def normal(shape: Value, mean: float, deviation: float, kind: ElementType) -> Value:
    """Normally distributed random numbers, by the transform of Box and Muller."""
    radius = Sqrt(Multiply(Log(uniform(shape, 1e-7, 1.0, t.f32)), constant(-2.0, t.f32)))
    angle = Cos(Multiply(uniform(shape, 0.0, 1.0, t.f32), constant(2 * math.pi, t.f32)))
    y = Add(Multiply(Multiply(radius, angle), constant(deviation, t.f32)), constant(mean, t.f32))
    return to_element(y, kind)


def _real(dtype: str | None) -> ElementType:
    return t.f32 if dtype in (None, "None") else element(dtype)


@mxnet_op("_random_uniform", "random_uniform", "uniform")
def random_uniform(
    *, low: float = 0.0, high: float = 1.0, shape: Ints | None = None, dtype: str | None = None
) -> Value:
    return uniform(ints(shape or (1,)), low, high, _real(dtype))


@mxnet_op("_random_normal", "random_normal", "normal")
def random_normal(
    *, loc: float = 0.0, scale: float = 1.0, shape: Ints | None = None, dtype: str | None = None
) -> Value:
    return normal(ints(shape or (1,)), loc, scale, _real(dtype))


@mxnet_op("_random_exponential", "random_exponential")
def random_exponential(*, lam: float = 1.0, shape: Ints | None = None, dtype: str | None = None) -> Value:
    drawn = Log(uniform(ints(shape or (1,)), 1e-7, 1.0, t.f32))
    return to_element(Divide(drawn, constant(-lam, t.f32)), _real(dtype))


@mxnet_op("_random_randint", "random_randint", "_npi_random_randint")
def random_randint(*, low: int, high: int, shape: Ints | None = None, dtype: str | None = None) -> Value:
    kind = t.i32 if dtype in (None, "None") else element(dtype)
    y = RandomUniform(ints(shape or (1,)), constant(low, t.i32), constant(high, t.i32), output_type=t.i32)
    return to_element(y, kind)


@mxnet_op("_random_uniform_like")
def random_uniform_like(x: Value, *, low: float = 0.0, high: float = 1.0) -> Value:
    return uniform(shape_of(x), low, high, x.element)


@mxnet_op("_random_normal_like")
def random_normal_like(x: Value, *, loc: float = 0.0, scale: float = 1.0) -> Value:
    return normal(shape_of(x), loc, scale, x.element)


def drawn(inverse: Callable[[Value], Value], *names: str) -> Callable[..., Value]:
    """The converter of a distribution that is made from an even one by the inverse of its cumulative function."""

    @mxnet_op(*names)
    def convert(
        *, loc: float | None = 0.0, scale: float | None = 1.0, a: float | None = 1.0, size: Ints | None = None
    ) -> Value:
        y = inverse(uniform(ints(size or ()), 1e-7, 1.0 - 1e-7, t.f32))
        exponent = 1.0 if a is None else a
        if exponent != 1.0:
            y = Power(y, constant(1.0 / exponent, t.f32))
        scaled = Multiply(y, constant(1.0 if scale is None else scale, t.f32))
        return Add(scaled, constant(0.0 if loc is None else loc, t.f32))

    return convert


def _negative_log(x: Value) -> Value:
    return Multiply(Log(x), constant(-1.0, t.f32))


def _odds(x: Value) -> Value:
    return Log(Divide(x, Subtract(constant(1.0, t.f32), x)))


exponential = drawn(_negative_log, "_npi_exponential", "_npi_weibull")
gumbel = drawn(lambda x: _negative_log(_negative_log(x)), "_npi_gumbel")
logistic = drawn(_odds, "_npi_logistic")
rayleigh = drawn(lambda x: Sqrt(Multiply(_negative_log(x), constant(2.0, t.f32))), "_npi_rayleigh")
power_distribution = drawn(lambda x: x, "_npi_powerd")


@mxnet_op("_npi_uniform")
def np_uniform(
    *, low: float | None = 0.0, high: float | None = 1.0, size: Ints | None = None, dtype: str = "float32"
) -> Value:
    if low is None or high is None:
        raise ModelError("the limits of random numbers are missing")
    return uniform(ints(size or ()), low, high, element(dtype))


@mxnet_op("_npi_normal")
def np_normal(
    *, loc: float | None = 0.0, scale: float | None = 1.0, size: Ints | None = None, dtype: str = "float32"
) -> Value:
    if loc is None or scale is None:
        raise ModelError("the mean and the deviation of random numbers are missing")
    return normal(ints(size or ()), loc, scale, element(dtype))


@mxnet_op("_random_exponential_like")
def random_exponential_like(x: Value, *, lam: float = 1.0) -> Value:
    return to_element(Divide(Log(uniform(shape_of(x), 1e-7, 1.0, t.f32)), constant(-lam, t.f32)), x.element)


@mxnet_op("_shuffle", "shuffle", "_npi_shuffle")
def shuffle(x: Value) -> Value:
    """The rows in a random order."""
    order = sorted_along(uniform(dims_of(x, [0]), 0.0, 1.0, t.f32), 0, dim_size(x, 0), True)[1]
    return Gather(x, order, constant(0, t.i64))
