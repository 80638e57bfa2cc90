"""Random numbers whose distribution depends on other values: they are drawn anew at every inference."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mo_core.build import (
    concat,
    dim_size,
    filled,
    integer,
    ints,
    move_axis,
    reshape_to,
    shape_of,
    to_element,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Divide,
    Gather,
    Less,
    Log,
    Multiply,
    Negative,
    OneHot,
    Power,
    ReduceSum,
    Sigmoid,
    Subtract,
)
from mo_mxnet.attributes import Ints, element
from mo_mxnet.ops import generate
from mo_mxnet.ops.gather import sorted_along
from mo_mxnet.registry import mxnet_op

LEAST = 1e-7
"""The smallest random number whose logarithm is taken."""


def _even(shape: Value) -> Value:
    return generate.uniform(shape, LEAST, 1.0 - LEAST, t.f32)


def sampled(formula: Callable[..., Value], name: str) -> Callable[..., Value]:
    """The converter of a distribution: `formula(shape, *parameters)`; so many numbers for each of the parameters."""

    @mxnet_op(f"_sample_{name}", f"sample_{name}")
    def convert(*parameters: Value, shape: Ints = (), dtype: str | None = None) -> Value:
        first = parameters[0]
        sizes = [dim_size(first, i) for i in range(first.rank)]
        spread = [reshape_to(p, [*sizes, *[1] * len(shape)]) for p in parameters]
        whole = concat([shape_of(first), ints(shape)], 0) if shape else shape_of(first)
        return to_element(formula(whole, *spread), t.f32 if dtype in (None, "None") else element(str(dtype)))

    return convert


def _uniform(shape: Value, low: Value, high: Value) -> Value:
    return Add(low, Multiply(generate.uniform(shape, 0.0, 1.0, t.f32), Subtract(high, low)))


def _normal(shape: Value, mean: Value, deviation: Value) -> Value:
    return Add(mean, Multiply(generate.normal(shape, 0.0, 1.0, t.f32), deviation))


def _exponential(shape: Value, rate: Value) -> Value:
    return Divide(Negative(Log(_even(shape))), rate)


sample_uniform = sampled(_uniform, "uniform")
sample_normal = sampled(_normal, "normal")
sample_exponential = sampled(_exponential, "exponential")


# -- numpy's: parameters are inputs or numbers


def _shape(parameters: Sequence[Value], size: Ints | None, behind: bool) -> Value:
    """`size` numbers in all, or (`behind`) for each of the parameters."""
    if not parameters:
        return ints(size or ())
    both: Value = parameters[0]
    for other in parameters[1:]:
        both = Add(both, other)
    if size is None:
        return shape_of(both)
    return concat([ints(size), shape_of(both)], 0) if behind and both.rank else ints(size)


def _parameters(inputs: Sequence[Value], *numbers: float | None) -> list[Value]:
    given = iter(inputs)
    found = [next(given, None) if n is None else constant(n, t.f32) for n in numbers]
    present = [v for v in found if v is not None]
    if len(present) != len(numbers):
        raise ModelError("a parameter of random numbers is missing")
    return present


@mxnet_op("_npi_uniform_n")
def uniform_n(
    *inputs: Value, low: float | None, high: float | None, size: Ints | None = None, dtype: str = "float32"
) -> Value:
    """So many numbers for each of the parameters."""
    a, b = _parameters(inputs, low, high)
    return to_element(_uniform(_shape(inputs, size, True), a, b), element(dtype))


@mxnet_op("_npi_normal_n")
def normal_n(
    *inputs: Value, loc: float | None, scale: float | None, size: Ints | None = None, dtype: str = "float32"
) -> Value:
    """So many numbers for each of the parameters."""
    mean, deviation = _parameters(inputs, loc, scale)
    return to_element(_normal(_shape(inputs, size, True), mean, deviation), element(dtype))


@mxnet_op("_npi_bernoulli")
def bernoulli(
    *inputs: Value,
    prob: float | None,
    logit: float | None,
    is_logit: bool,
    size: Ints | None = None,
    dtype: str = "float32",
) -> Value:
    """Ones with a probability, or with the odds that a logit stands for."""
    (chance,) = _parameters(inputs, logit if is_logit else prob)
    drawn = generate.uniform(_shape(inputs, size, False), 0.0, 1.0, t.f32)
    return to_element(Less(drawn, Sigmoid(chance) if is_logit else chance), element(dtype))


@mxnet_op("_npi_pareto")
def pareto(*inputs: Value, a: float | None = None, size: Ints | None = None) -> Value:
    (exponent,) = _parameters(inputs, a)
    drawn = Power(_even(_shape(inputs, size, False)), Divide(constant(-1.0, t.f32), exponent))
    return Subtract(drawn, constant(1.0, t.f32))


# -- classes by their probabilities


def _classes(chances: Value, count: int, replace: bool) -> Value:
    """So many classes (..., count) by their probabilities (..., K): the largest of random numbers that favour them."""
    logs = Log(chances)
    if not replace:
        return sorted_along(Add(logs, _gumbel(shape_of(logs))), -1, count, False)[1]
    every = concat([ints([count]), shape_of(logs)], 0)
    best = sorted_along(Add(logs, _gumbel(every)), -1, 1, False)[1]
    rows = reshape_to(best, [count, *(dim_size(logs, i) for i in range(logs.rank - 1))])
    return move_axis(rows, 0, -1)


def _gumbel(shape: Value) -> Value:
    return Negative(Log(Negative(Log(_even(shape)))))


@mxnet_op("_sample_multinomial", "sample_multinomial")
def sample_multinomial(
    chances: Value, *, shape: Ints = (), get_prob: bool = False, dtype: str = "int32"
) -> list[Value]:
    """Classes by their probabilities; and the logarithms of these, when asked for."""
    drawn = _classes(chances, math.prod(shape), True)
    sizes = [*(dim_size(chances, i) for i in range(chances.rank - 1)), *shape]
    wanted = reshape_to(drawn, sizes or [1])
    if not get_prob:
        return [to_element(wanted, element(dtype))]
    logs = Log(Gather(chances, drawn, integer(-1), batch_dims=chances.rank - 1))
    return [to_element(wanted, element(dtype)), reshape_to(logs, sizes or [1])]


@mxnet_op("_npi_multinomial")
def multinomial(chances: Value | None = None, *, n: int, pvals: Ints | None = None, size: Ints | None = None) -> Value:
    """How often each class comes in n draws."""
    if chances is None or n < 1:
        raise Unsupported("draws by probabilities that are attributes are not supported")
    classes = dim_size(chances, 0)
    drawn = reshape_to(_classes(chances, math.prod(size or ()) * n, True), [*(size or ()), n])
    depth = integer(classes) if isinstance(classes, int) else reshape_to(to_element(classes, t.i64), [])
    marks = OneHot(drawn, depth, constant(1, t.i64), constant(0, t.i64), axis=-1)
    return ReduceSum(marks, ints([-2]), keep_dims=False)


@mxnet_op("_npi_choice")
def choice(*inputs: Value, a: int | None, size: Ints | None, replace: bool = True, weighted: bool = False) -> Value:
    """Some of the numbers below `a`, or of the elements of the first input."""
    given = list(inputs)
    source = given.pop(0) if a is None and given else None
    pool = dim_size(source, 0) if source is not None else a
    if pool is None or (weighted and not given):
        raise ModelError("there is nothing to choose from")
    chances = given[0] if weighted else filled(vector([pool]), constant(1.0, t.f32))
    places = reshape_to(_classes(chances, math.prod(size or ()), replace), size or [])
    return places if source is None else Gather(source, places, integer(0))
