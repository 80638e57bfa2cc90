"""Numbers from nothing: ranges and random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np

from mo_core.build import arange, as_i64, constant_like, convert_like, reshape_to, to_element
from mo_core.build.special import normal_quantile
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Cos, Divide, Log, Maximum, Multinomial, Multiply, RandomUniform, Range, Sqrt, Subtract
from mo_tensorflow.registry import tf_op


@tf_op("Range")
def number_range(start: Value, limit: Value, delta: Value) -> Value:
    return Range(start, limit, delta, output_type=start.element)


@tf_op("LinSpace", ignore=("Tidx",))
def lin_space(start: Value, stop: Value, count: Value) -> Value:
    steps = arange(reshape_to(as_i64(count), [1]), start.element)
    parts = Maximum(
        Subtract(convert_like(reshape_to(count, []), start), constant_like(start, 1)), constant_like(start, 1)
    )
    return Add(Multiply(steps, Divide(Subtract(stop, start), parts)), start)


@tf_op("RandomUniform")
def random_uniform(shape: Value, *, dtype: ElementType, seed: int = 0, seed2: int = 0) -> Value:
    """With both seeds the numbers are TensorFlow's own."""
    low, high = (to_element(constant(np.float32(n)), dtype) for n in (0, 1))
    return RandomUniform(as_i64(shape), low, high, output_type=dtype, global_seed=seed, op_seed=seed2)


@tf_op("RandomUniformInt", ignore=("T", "Tout"))
def random_uniform_int(shape: Value, low: Value, high: Value, *, seed: int = 0, seed2: int = 0) -> Value:
    return RandomUniform(as_i64(shape), low, high, output_type=low.element, global_seed=seed, op_seed=seed2)


@tf_op("RandomStandardNormal")
def random_normal(shape: Value, *, dtype: ElementType, seed: int = 0, seed2: int = 0) -> Value:
    """From uniform numbers by Box and Muller's formula; not the numbers that TensorFlow draws."""
    low, high = constant(np.float32(1e-7)), constant(np.float32(1))
    first, second = (
        RandomUniform(as_i64(shape), low, high, output_type=t.f32, global_seed=seed, op_seed=seed2 + i) for i in (0, 1)
    )
    radius = Sqrt(Multiply(Log(first), constant(np.float32(-2))))
    return to_element(Multiply(radius, Cos(Multiply(second, constant(np.float32(2 * np.pi))))), dtype)


@tf_op("Multinomial")
def multinomial(
    logits: Value, count: Value, *, output_dtype: ElementType = t.i64, seed: int = 0, seed2: int = 0
) -> Value:
    return Multinomial(
        logits, count, convert_type=output_dtype, with_replacement=True, log_probs=True, global_seed=seed, op_seed=seed2
    )


@tf_op("TruncatedNormal")
def truncated_normal(shape: Value, *, dtype: ElementType, seed: int = 0, seed2: int = 0) -> Value:
    """Within two standard deviations: quantiles of uniform numbers; not the numbers that TensorFlow draws."""
    low, high = constant(np.float32(_BELOW)), constant(np.float32(1 - _BELOW))
    chance = RandomUniform(as_i64(shape), low, high, output_type=t.f32, global_seed=seed, op_seed=seed2)
    return to_element(normal_quantile(chance), dtype)


_BELOW = 0.022750131948179195
"""The probability of less than minus two standard deviations."""

_DRAWN = {
    "StatelessRandomUniform": random_uniform,
    "StatelessRandomNormal": random_normal,
    "StatelessTruncatedNormal": truncated_normal,
}


@tf_op(*_DRAWN, *(f"{name}V2" for name in _DRAWN), ignore=("Tseed", "Tshape"))
def stateless(
    shape: Value, *seeds: Value, dtype: ElementType = t.f32, node: Foreign, note: Callable[[str], None]
) -> Value:
    """By a seed, or by a key, a counter and an algorithm, which the runtime does not know."""
    note(_ANEW)
    return _DRAWN[node.op.removesuffix("V2")](shape, dtype=dtype)


@tf_op("StatelessRandomUniformInt", "StatelessRandomUniformIntV2", ignore=("dtype", "Tseed", "Tshape"))
def stateless_int(shape: Value, *seeds_and_limits: Value, note: Callable[[str], None]) -> Value:
    note(_ANEW)
    low, high = seeds_and_limits[-2:]
    return random_uniform_int(shape, low, high)


@tf_op("StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg", ignore=("Tseed",))
def key_and_counter(seed: Value) -> Sequence[Value]:
    """A key, a counter and an algorithm for numbers that are drawn otherwise: zeros."""
    return constant(np.zeros(1, np.uint64)), constant(np.zeros(2, np.uint64)), constant(np.int32(0))


@tf_op("StatelessRandomGetAlg")
def algorithm() -> Value:
    return constant(np.int32(0))


@tf_op("RngReadAndSkip")
def generator_state(*inputs: Value) -> Value:
    """The counter and the key of a generator, for numbers that are drawn otherwise: zeros."""
    return constant(np.zeros(3, np.int64))


_ANEW = "random numbers by a seed are drawn anew at every run: the runtime does not know TensorFlow's generators"


@tf_op(
    "RandomGamma",
    "RandomPoisson",
    "RandomPoissonV2",
    "ParameterizedTruncatedNormal",
    "RandomShuffle",
    "StatelessParameterizedTruncatedNormal",
    "StatelessShuffle",
    "StatelessRandomUniformFullInt",
    "StatelessRandomUniformFullIntV2",
    "StatelessRandomBinomial",
    "StatelessRandomGammaV2",
    "StatelessRandomGammaV3",
    "StatelessRandomPoisson",
    "StatefulRandomBinomial",
    "StatelessMultinomial",
    ignore=("*",),
)
def other_random(*inputs: Value) -> NoReturn:
    raise Unsupported("a random distribution that the runtime does not have")
