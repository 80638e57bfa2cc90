"""Normalisations from small ops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.transforms.recognise import norms
from tests.core.transforms import harness as h

Build = Callable[[Value], Value]
EPS = 1e-3


def c(number: float) -> Value:
    return constant(number, t.f32)


def mean(x: Value, axes: list[int] | None = None) -> Value:
    return ops.ReduceMean(x, axes or [-1], keep_dims=True)


def centred(x: Value) -> Value:
    return ops.Subtract(x, mean(x))


def square(x: Value) -> Value:
    return ops.Power(x, c(2.0))


def variance(x: Value) -> Value:
    return mean(square(centred(x)))


def deviation(x: Value, eps: float = EPS) -> Value:
    return ops.Sqrt(ops.Add(variance(x), c(eps)))


def inverse(x: Value) -> Value:
    return ops.Power(ops.Add(variance(x), c(EPS)), c(-0.5))


def shared(x: Value) -> Value:
    y = centred(x)
    return ops.Divide(y, ops.Sqrt(ops.Add(mean(ops.Multiply(y, y)), c(EPS))))


def unfolded(x: Value) -> Value:
    """x f + (shift - mean f), f = factor / deviation: how batch norms of moments are written."""
    m = mean(x)
    factor = ops.Multiply(ops.Power(ops.Add(mean(ops.SquaredDifference(x, m)), c(EPS)), c(-0.5)), h.weights(8))
    return ops.Add(ops.Multiply(x, factor), ops.Subtract(h.weights(8, seed=2), ops.Multiply(m, factor)))


MEAN_VARIANCE: list[tuple[str, Build]] = [
    ("quotient", lambda x: ops.Divide(centred(x), deviation(x))),
    ("shared difference", shared),
    ("power of minus a half", lambda x: ops.Multiply(centred(x), inverse(x))),
    ("inverse of the root", lambda x: ops.Multiply(centred(x), ops.Divide(c(1.0), deviation(x)))),
    ("power of minus one", lambda x: ops.Multiply(ops.Power(deviation(x), c(-1.0)), centred(x))),
    ("power of a half", lambda x: ops.Divide(centred(x), ops.Power(ops.Add(variance(x), c(EPS)), c(0.5)))),
    (
        "squared difference",
        lambda x: ops.Divide(centred(x), ops.Sqrt(ops.Add(mean(ops.SquaredDifference(x, mean(x))), c(EPS)))),
    ),
    ("negated difference", lambda x: ops.Divide(ops.Negative(ops.Subtract(mean(x), x)), deviation(x))),
    ("apart", lambda x: ops.Subtract(ops.Divide(x, deviation(x)), ops.Divide(mean(x), deviation(x)))),
    ("eps outside", lambda x: ops.Divide(centred(x), ops.Add(ops.Sqrt(variance(x)), c(EPS)))),
    ("no eps", lambda x: ops.Divide(centred(x), ops.Sqrt(variance(x)))),
]


@pytest.mark.parametrize("build", [pytest.param(b, id=n) for n, b in MEAN_VARIANCE if n != "apart"])
@pytest.mark.parametrize("shape", [(2, 3, 8), (None, None, 8)])
def test_mean_and_variance(build: Build, shape: tuple[int | None, ...]) -> None:
    graph, (x,) = h.inputs(shape)
    graph.add_output(build(x), "y")
    h.check(graph, *norms.PASSES)
    assert h.kinds(graph) == ["MVN"]


def test_factor_and_shift_stay_behind() -> None:
    graph, (x,) = h.inputs((2, 3, 8))
    graph.add_output(ops.Add(ops.Multiply(shared(x), h.weights(8)), h.weights(8, seed=1)), "y")
    h.check(graph, *norms.PASSES)
    assert h.kinds(graph) == ["MVN", "Multiply", "Add"]


def test_factor_and_shift_that_were_multiplied_out() -> None:
    graph, (x,) = h.inputs((2, 3, 8))
    graph.add_output(unfolded(x), "y")
    h.check(graph, *norms.PASSES)
    assert h.kinds(graph) == ["MVN", "Multiply", "Add"]


def test_instance_norm_over_spatial_axes() -> None:
    graph, (x,) = h.inputs((2, 3, 4, 5))
    y = ops.Subtract(x, mean(x, [2, 3]))
    graph.add_output(ops.Divide(y, ops.Sqrt(ops.Add(mean(square(y), [2, 3]), c(EPS)))), "y")
    h.check(graph, *norms.PASSES)
    assert h.kinds(graph) == ["MVN"]
    assert h.only(graph, ops.MVN).axes.const.tolist() == [2, 3]


OTHERS: list[tuple[str, Build]] = [
    (
        "variance over another axis",
        lambda x: ops.Divide(centred(x), ops.Sqrt(ops.Add(mean(square(centred(x)), [1]), c(EPS)))),
    ),
    ("third power", lambda x: ops.Divide(centred(x), ops.Sqrt(ops.Add(mean(ops.Power(centred(x), c(3.0))), c(EPS))))),
    ("not centred", lambda x: ops.Divide(x, ops.Sqrt(ops.Add(mean(square(x)), c(EPS))))),
    (
        "scaled variance",
        lambda x: ops.Divide(centred(x), ops.Sqrt(ops.Add(ops.Multiply(variance(x), c(1.25)), c(EPS)))),
    ),
    ("another numerator", lambda x: ops.Divide(ops.Sin(x), deviation(x))),
    ("negative eps", lambda x: ops.Divide(centred(x), deviation(x, -1e-3))),
    (
        "mean without axes kept",
        lambda x: ops.Divide(
            centred(x), ops.Sqrt(ops.Add(ops.ReduceMean(square(centred(x)), [-1], keep_dims=False), c(EPS)))
        ),
    ),
    (
        "mean of squares minus squared mean",
        lambda x: ops.Divide(centred(x), ops.Sqrt(ops.Add(ops.Subtract(mean(square(x)), square(mean(x))), c(EPS)))),
    ),
]


@pytest.mark.parametrize("build", [pytest.param(b, id=n) for n, b in OTHERS])
def test_what_only_looks_like_a_norm_stays(build: Build) -> None:
    graph, (x,) = h.inputs((8, 8, 8))
    graph.add_output(build(x), "y")
    h.unchanged(graph, *norms.PASSES)


def test_a_deviation_that_others_read_keeps_the_small_ops() -> None:
    graph, (x,) = h.inputs((2, 8))
    std = deviation(x)
    graph.add_output(ops.Divide(centred(x), std), "y")
    graph.add_output(std, "std")
    context = h.unchanged(graph, *norms.PASSES)
    assert h.reasons(context) == ['"std" is read by others, too']


def length(x: Value) -> Value:
    return ops.ReduceL2(x, [1], keep_dims=True)


def squares(x: Value) -> Value:
    return ops.ReduceSum(ops.Multiply(x, x), [1], keep_dims=True)


LENGTHS: list[tuple[str, Build]] = [
    ("eps added", lambda x: ops.Divide(x, ops.Sqrt(ops.Add(squares(x), c(EPS))))),
    ("eps added, power", lambda x: ops.Multiply(x, ops.Power(ops.Add(squares(x), c(EPS)), c(-0.5)))),
    ("eps at least", lambda x: ops.Divide(x, ops.Sqrt(ops.Maximum(squares(x), c(EPS))))),
    ("length at least", lambda x: ops.Divide(x, ops.Maximum(ops.Sqrt(squares(x)), c(1.5)))),
    ("clamped", lambda x: ops.Divide(x, ops.Clamp(length(x), min=1.5, max=np.finfo(np.float32).max))),
    ("maximum of length", lambda x: ops.Divide(x, ops.Maximum(length(x), c(1e-12)))),
    ("inverse", lambda x: ops.Multiply(x, ops.Divide(c(1.0), ops.Sqrt(ops.Add(squares(x), c(EPS)))))),
]


@pytest.mark.parametrize("build", [pytest.param(b, id=n) for n, b in LENGTHS])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 8), (None, 3, None)])
def test_length(build: Build, shape: tuple[int | None, ...]) -> None:
    graph, (x,) = h.inputs(shape)
    graph.add_output(build(x), "y")
    h.check(graph, *norms.PASSES)
    assert h.kinds(graph) == ["NormalizeL2"]


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: ops.Divide(x, ops.Add(length(x), c(EPS))), id="eps added to the length"),
        pytest.param(lambda x: ops.Divide(x, length(x)), id="no eps"),
        pytest.param(lambda x: ops.Divide(ops.Sin(x), ops.Maximum(length(x), c(EPS))), id="another numerator"),
        pytest.param(lambda x: ops.Divide(x, ops.Clamp(length(x), min=EPS, max=2.0)), id="limited above"),
        pytest.param(
            lambda x: ops.Divide(x, ops.Sqrt(ops.Add(ops.ReduceSum(ops.Abs(x), [1], keep_dims=True), c(EPS)))),
            id="no squares",
        ),
    ],
)
def test_what_only_looks_like_a_length_stays(build: Build) -> None:
    graph, (x,) = h.inputs((2, 3, 4))
    graph.add_output(build(x), "y")
    h.unchanged(graph, *norms.PASSES)


def grouped(graph: Graph, x: Value, scale: Value | float, shift: Value | float, axes: list[int] | None = None) -> None:
    apart = ops.Reshape(x, [0, 2, -1], special_zero=True)
    y: Value = ops.MVN(apart, axes or [2], normalize_variance=True, eps=EPS, eps_mode="inside_sqrt")
    y = ops.Add(ops.Multiply(y, constant(np.ones((1, 2, 1), np.float32))), constant(np.zeros((1, 2, 1), np.float32)))
    y = ops.Reshape(y, ops.ShapeOf(x), special_zero=False)
    graph.add_output(ops.Add(ops.Multiply(y, scale), shift), "y")


def test_group_norm() -> None:
    graph, (x,) = h.inputs((2, 6, 4, 5))
    grouped(graph, x, h.weights(6, 1, 1), h.weights(1, 6, 1, 1, seed=3))
    h.check(graph, *norms.PASSES)
    assert h.kinds(graph) == ["GroupNormalization"]


def test_group_norm_with_one_shift_for_all_and_dynamic_sizes() -> None:
    graph, (x,) = h.inputs((None, 6, None))
    grouped(graph, x, h.weights(6, 1), c(0.5))
    h.check(graph, *norms.PASSES, size=4)
    assert h.kinds(graph) == ["GroupNormalization"]


def test_group_norm_stays_when_scales_vary_in_space() -> None:
    graph, (x,) = h.inputs((2, 6, 4, 5))
    grouped(graph, x, h.weights(6, 1, 5), c(0.5))
    h.unchanged(graph, *norms.PASSES)


def test_group_norm_stays_when_the_statistics_cross_groups() -> None:
    graph, (x,) = h.inputs((2, 6, 4, 5))
    grouped(graph, x, h.weights(6, 1, 1), c(0.5), axes=[1, 2])
    h.unchanged(graph, *norms.PASSES)
