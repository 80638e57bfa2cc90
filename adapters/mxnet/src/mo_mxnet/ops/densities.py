"""Densities of random numbers. Parameters have the first axes of the samples; `is_log` asks for the logarithm."""

from __future__ import annotations

import math
from collections.abc import Callable

from mo_core.build import constant_like, dim_size, ints, reshape_to
from mo_core.build.special import log_of_gamma
from mo_core.ir import Value
from mo_core.ops import Add, Divide, Exp, Log, Multiply, Negative, ReduceSum, Subtract
from mo_mxnet.registry import mxnet_op

Formula = Callable[..., Value]


def density(formula: Formula, name: str) -> Callable[..., Value]:
    """The converter of a density, given by its logarithm."""

    @mxnet_op(f"_random_pdf_{name}", f"random_pdf_{name}")
    def convert(sample: Value, *parameters: Value, is_log: bool = False) -> Value:
        spread = [_spread(p, sample) for p in parameters]
        y = formula(sample, *spread)
        return y if is_log else Exp(y)

    return convert


def _spread(parameter: Value, sample: Value) -> Value:
    """A parameter as something that broadcasts to the samples."""
    more = sample.rank - parameter.rank
    return reshape_to(parameter, [*(dim_size(parameter, i) for i in range(parameter.rank)), *[1] * more])


def _uniform(x: Value, low: Value, high: Value) -> Value:
    return Add(Negative(Log(Subtract(high, low))), Multiply(x, constant_like(x, 0)))


def _normal(x: Value, mean: Value, deviation: Value) -> Value:
    from_mean = Divide(Subtract(x, mean), deviation)
    bell = Multiply(Multiply(from_mean, from_mean), constant_like(x, -0.5))
    return Subtract(Subtract(bell, Log(deviation)), constant_like(x, 0.5 * math.log(2 * math.pi)))


def _gamma(x: Value, shape: Value, rate: Value) -> Value:
    """MXNet's second parameter is the rate here."""
    grown = Add(Multiply(shape, Log(rate)), Multiply(Subtract(shape, constant_like(x, 1)), Log(x)))
    return Subtract(Subtract(grown, Multiply(rate, x)), log_of_gamma(shape))


def _exponential(x: Value, rate: Value) -> Value:
    return Subtract(Log(rate), Multiply(rate, x))


def _poisson(x: Value, rate: Value) -> Value:
    return Subtract(Subtract(Multiply(x, Log(rate)), log_of_gamma(_more(x))), rate)


def _negative_binomial(x: Value, limit: Value, chance: Value) -> Value:
    ways = Subtract(log_of_gamma(Add(x, limit)), Add(log_of_gamma(_more(x)), log_of_gamma(limit)))
    failures = Log(Subtract(constant_like(chance, 1), chance))
    return Add(ways, Add(Multiply(limit, Log(chance)), Multiply(x, failures)))


def _generalized(x: Value, mean: Value, alpha: Value) -> Value:
    limit = Divide(constant_like(alpha, 1), alpha)
    chance = Divide(constant_like(alpha, 1), Add(Multiply(mean, alpha), constant_like(alpha, 1)))
    return _negative_binomial(x, limit, chance)


def _more(x: Value) -> Value:
    return Add(x, constant_like(x, 1))


uniform = density(_uniform, "uniform")
normal = density(_normal, "normal")
gamma = density(_gamma, "gamma")
exponential = density(_exponential, "exponential")
poisson = density(_poisson, "poisson")
negative_binomial = density(_negative_binomial, "negative_binomial")
generalized_negative_binomial = density(_generalized, "generalized_negative_binomial")


@mxnet_op("_random_pdf_dirichlet", "random_pdf_dirichlet")
def dirichlet(sample: Value, alpha: Value, *, is_log: bool = False) -> Value:
    """The last axis holds one sample; `alpha` has the first axes of the samples and that one."""
    last = alpha.rank - 1
    sizes = [*(dim_size(alpha, i) for i in range(last)), *[1] * (sample.rank - alpha.rank), dim_size(alpha, last)]
    spread = reshape_to(alpha, sizes)
    over = ints([-1])
    grown = ReduceSum(Multiply(Subtract(spread, constant_like(spread, 1)), Log(sample)), over, keep_dims=False)
    beta = Subtract(
        ReduceSum(log_of_gamma(spread), over, keep_dims=False),
        log_of_gamma(ReduceSum(spread, over, keep_dims=False)),
    )
    y = Subtract(grown, beta)
    return y if is_log else Exp(y)
