"""Sums, products and powers of whole blobs."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.caffe.harness import close, convert, inputs_of, layer, positive, run, same_as_opencv, values

A, B, C = (values(2, 3, 4, 5, seed=i) for i in range(3))
X = {"a": A}
ABC = {"a": A, "b": B, "c": C}

# -- Eltwise


@pytest.mark.parametrize("operation", ["SUM", "PROD", "MAX"])
@pytest.mark.parametrize("bottoms", ["a b", "a b c", "a a"])
def test_eltwise(operation: str, bottoms: str) -> None:
    feeds = {name: ABC[name] for name in bottoms.split()}
    same_as_opencv(layer("Eltwise", bottoms, "y", f"eltwise_param {{ operation: {operation} }}"), feeds)


def test_eltwise_weighs_its_terms() -> None:
    rest = "eltwise_param { operation: SUM coeff: 0.5 coeff: -1 coeff: 1 stable_prod_grad: false }"
    same_as_opencv(layer("Eltwise", "a b c", "y", rest), ABC)


def test_eltwise_with_one_coefficient_for_two_bottoms_is_refused() -> None:
    with pytest.raises(ModelError, match="1 coeff for 2 bottoms"):
        run(layer("Eltwise", "a b", "y", "eltwise_param { coeff: 0.5 }"), {"a": A, "b": B})


# -- Power, Exp, Log


@pytest.mark.parametrize(
    "rest",
    ["", "power_param { scale: 2 }", "power_param { shift: -1 scale: 0.5 }", "power_param { power: 3 shift: 0.1 }"],
)
def test_power(rest: str) -> None:
    same_as_opencv(layer("Power", "a", "y", rest), X)


def test_exp() -> None:
    close(run(layer("Exp", "a", "y"), X)["y"], np.exp(A))
    rest = "exp_param { base: 2 scale: 0.5 shift: 1 }"
    close(run(layer("Exp", "a", "y", rest), X)["y"], 2 ** (0.5 * A + 1))


def test_log() -> None:
    x = positive(2, 3)
    close(run(layer("Log", "x", "y"), {"x": x})["y"], np.log(x))
    rest = "log_param { base: 10 scale: 3 shift: 2 }"
    close(run(layer("Log", "x", "y", rest), {"x": x})["y"], np.log10(3 * x + 2))


def test_a_logarithm_needs_a_positive_base() -> None:
    with pytest.raises(ModelError, match="the base is 0"):
        run(layer("Log", "x", "y", "log_param { base: 0 }"), {"x": A})


# -- Scale, Bias, Axpy


def test_scale_per_channel() -> None:
    same_as_opencv(layer("Scale", "a", "y"), X, {"y": [values(3)]})
    blobs = [values(3), values(3, seed=1)]
    same_as_opencv(layer("Scale", "a", "y", "scale_param { bias_term: true }"), X, {"y": blobs})


@pytest.mark.parametrize(
    ("axis", "num_axes", "shape", "aligned"),
    [
        (0, 1, (2,), (2, 1, 1, 1)),
        (2, 1, (4,), (4, 1)),
        (-1, 1, (5,), (5,)),
        (1, 2, (3, 4), (3, 4, 1)),
        (1, -1, (3, 4, 5), (3, 4, 5)),
        (0, -1, (2, 3, 4, 5), (2, 3, 4, 5)),
        (1, 0, (), ()),
    ],
)
def test_scale_and_bias_along_any_axes(
    axis: int, num_axes: int, shape: tuple[int, ...], aligned: tuple[int, ...]
) -> None:
    factor, term = values(*shape, seed=3), values(*shape, seed=4)
    fields = f"axis: {axis} num_axes: {num_axes}"
    got = run(layer("Scale", "a", "y", f"scale_param {{ {fields} bias_term: true }}"), X, {"y": [factor, term]})
    close(got["y"], A * factor.reshape(aligned) + term.reshape(aligned))
    got = run(layer("Bias", "a", "y", f"bias_param {{ {fields} }}"), X, {"y": [term]})
    close(got["y"], A + term.reshape(aligned))


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 3, 1, 1)])
def test_a_vector_may_be_stored_with_four_axes(shape: tuple[int, ...]) -> None:
    factor = values(*shape)
    close(run(layer("Scale", "a", "y"), X, {"y": [factor]})["y"], A * factor.reshape(1, 3, 1, 1))


@pytest.mark.parametrize(("axis", "shape"), [(0, (2, 3)), (0, (2,)), (1, (3, 4)), (2, (4, 5)), (0, (2, 3, 4, 5))])
def test_scale_and_bias_by_a_second_bottom(axis: int, shape: tuple[int, ...]) -> None:
    b, c = values(*shape, seed=5), values(*shape, seed=6)
    aligned = (*shape, *[1] * (4 - axis - len(shape)))
    feeds = {"a": A, "b": b}
    got = run(layer("Scale", "a b", "y", f"scale_param {{ axis: {axis} }}"), feeds)
    close(got["y"], A * b.reshape(aligned))
    got = run(layer("Scale", "a b", "y", f"scale_param {{ axis: {axis} bias_term: true }}"), feeds, {"y": [c]})
    close(got["y"], A * b.reshape(aligned) + c.reshape(aligned))
    got = run(layer("Bias", "a b", "y", f"bias_param {{ axis: {axis} }}"), feeds)
    close(got["y"], A + b.reshape(aligned))


def test_scale_works_on_vectors() -> None:
    x, factor = values(4, 6), values(6, seed=1)
    close(run(layer("Scale", "x", "y"), {"x": x}, {"y": [factor]})["y"], x * factor)


def test_a_scale_of_the_wrong_length_names_the_layer() -> None:
    with pytest.raises(Exception, match="y"):
        run(layer("Scale", "a", "y"), X, {"y": [values(4)]})


def test_a_layer_without_its_blobs_says_so() -> None:
    with pytest.raises(ModelError, match="factor") as caught:
        convert(inputs_of(X) + layer("Scale", "a", "y"))
    assert 'Scale "y"' in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1, 1)])
def test_axpy(shape: tuple[int, ...]) -> None:
    a = values(*shape, seed=9)
    got = run(layer("Axpy", "a x y", "z"), {"a": a, "x": A, "y": B})
    close(got["z"], a.reshape(2, 3, 1, 1) * A + B)
