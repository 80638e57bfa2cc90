"""Q/DQ pairs become FakeQuantize; quantised weights are stored as small integers; both exactly."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import Constant, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import EAGER_BYTES, Lazy
from mo_core.ops import (
    Convert,
    Convolution,
    FakeQuantize,
    GroupConvolution,
    MatMul,
    Multiply,
    ReLU,
    Reshape,
    Subtract,
    Transpose,
)
from mo_core.transforms.quantise.pairs import quantization, weights_compression
from tests.core.transforms.command import Command, largest_difference
from tests.core.transforms.harness import check, inputs, kinds, only, reasons, unchanged, weights
from tests.core.transforms.layers import max_pool

PLAIN = {"strides": (1, 1), "pads_begin": (0, 0), "pads_end": (0, 0), "dilations": (1, 1)}


def quantised(x, low=-128, high=127, scale=0.01, zero=None, element=t.i8):
    """x as whole numbers."""
    offset = 0 if zero is None else zero
    limits = [np.float32((v - offset) * scale) for v in (low, high)]
    fake = FakeQuantize(x, *limits, np.float32(low), np.float32(high), levels=high - low + 1)
    return Convert(fake, destination_type=element)


def returned(q, scale=0.01, zero=None):
    """Whole numbers as what they stand for."""
    x = Convert(q, destination_type=t.f32)
    if zero is not None:
        x = Subtract(x, np.float32(zero))
    return Multiply(x, np.asarray(scale, np.float32))


# -- pairs


@pytest.mark.parametrize(("low", "high", "zero", "element"), [(-128, 127, None, t.i8), (0, 255, 113, t.u8)])
def test_a_pair_is_one_fake_quantize(low, high, zero, element):
    graph, (x,) = inputs((2, 3, 4, 4))
    graph.add_output(returned(quantised(x, low, high, zero=zero, element=element), zero=zero), "y")
    check(graph, quantization)
    assert kinds(graph) == ["FakeQuantize"]


def choices():
    yield "maxima", lambda q: max_pool(q, pad=1)
    yield "moved", lambda q: Transpose(q, np.array([0, 2, 3, 1]))
    yield "flat", lambda q: Reshape(max_pool(q), np.array([0, -1]), special_zero=True)


CHOICES = [pytest.param(build, id=name) for name, build in choices()]


@pytest.mark.parametrize("build", CHOICES)
@pytest.mark.parametrize(("low", "high", "zero", "element"), [(-128, 127, None, t.i8), (0, 255, 113, t.u8)])
def test_a_pair_around_a_choice_of_elements(build, low, high, zero, element):
    graph, (x,) = inputs((2, 3, 4, 4))
    chosen = build(quantised(x, low, high, zero=zero, element=element))
    graph.add_output(returned(chosen, zero=zero), "y")
    graph.add_output(ReLU(returned(chosen, zero=zero)), "z")
    check(graph, quantization)
    assert not {"Convert", "Subtract", "Multiply"} & set(kinds(graph))


@pytest.mark.parametrize("fault", ["negative scale", "scales", "windows of padding", "whole numbers are an output"])
def test_a_pair_around_a_choice_stays(fault):
    graph, (x,) = inputs((2, 3, 5, 5))
    pool = max_pool(quantised(x), kernel=2, stride=3, pad=1)
    chosen = pool.evolve(rounding_type="ceil") if fault == "windows of padding" else pool
    scale = {"negative scale": -0.01, "scales": np.float32([0.01, 0.02, 0.03]).reshape(3, 1, 1)}.get(fault, 0.01)
    graph.add_output(returned(chosen, scale), "y")
    if fault == "whole numbers are an output":
        graph.add_output(chosen, "z")
    unchanged(graph, quantization)


def test_a_pair_with_scales_for_each_channel():
    graph, (x,) = inputs((2, 3, 4, 4))
    scale = np.float32([0.01, 0.02, 0.005]).reshape(3, 1, 1)
    limits = [-128 * scale, 127 * scale]
    fake = FakeQuantize(x, *limits, np.float32(-128), np.float32(127), levels=256)
    graph.add_output(returned(Convert(fake, destination_type=t.i8), scale), "y")
    check(graph, quantization)
    assert kinds(graph) == ["FakeQuantize"]


def test_other_scales_on_the_way_back():
    graph, (x,) = inputs((2, 3))
    graph.add_output(returned(quantised(x), scale=0.5), "y")
    check(graph, quantization)
    assert kinds(graph) == ["FakeQuantize"]


def test_several_ways_back_from_the_same_numbers():
    graph, (x,) = inputs((2, 3))
    q = quantised(x)
    graph.add_output(returned(q), "y")
    graph.add_output(returned(q, scale=0.02, zero=1), "z")
    check(graph, quantization)
    assert kinds(graph) == ["FakeQuantize", "FakeQuantize"]


def test_the_whole_numbers_stay_when_they_are_an_output():
    graph, (x,) = inputs((2, 3))
    q = quantised(x)
    graph.add_output(returned(q), "y")
    graph.add_output(q, "q")
    context = unchanged(graph, quantization)
    assert any("read by others" in r for r in reasons(context))


def test_numbers_that_the_type_does_not_hold_are_no_pair():
    graph, (x,) = inputs((2, 3))
    graph.add_output(returned(quantised(x, element=t.u8)), "y")
    unchanged(graph, quantization)


def test_levels_between_whole_numbers_are_no_pair():
    graph, (x,) = inputs((2, 3))
    fake = FakeQuantize(x, np.float32(-1), np.float32(1), np.float32(-1), np.float32(1), levels=256)
    graph.add_output(returned(Convert(fake, destination_type=t.i8)), "y")
    unchanged(graph, quantization)


# -- what moves the axes of quantised weights


def integers(*shape):
    return constant(np.random.default_rng(3).integers(-127, 128, shape).astype(np.int8))


def test_reshape_of_quantised_filters_and_their_scales():
    graph, (x,) = inputs((1, 8, 6, 6))
    w = returned(integers(8, 2, 3, 3), np.linspace(0.01, 0.08, 8).reshape(8, 1, 1, 1))
    grouped = Reshape(w, np.array([4, 2, 2, 3, 3]), special_zero=False)
    graph.add_output(GroupConvolution(x, grouped, **PLAIN), "y")
    check(graph, quantization)
    assert kinds(graph) == ["Convert", "Multiply", "GroupConvolution"]
    assert only(graph, Convert).data.shape == (4, 2, 2, 3, 3)
    assert only(graph, Multiply).b.shape == (4, 2, 1, 1, 1)


def test_transpose_of_quantised_filters_with_zero_points():
    graph, (x,) = inputs((1, 3, 6, 6))
    w = Convert(integers(3, 3, 3, 8), destination_type=t.f32)
    w = Multiply(Subtract(w, np.arange(8, dtype=np.float32)), np.linspace(0.01, 0.08, 8).astype(np.float32))
    graph.add_output(Convolution(x, Transpose(w, [3, 2, 0, 1]), **PLAIN), "y")
    check(graph, quantization)
    assert kinds(graph) == ["Convert", "Subtract", "Multiply", "Convolution"]


def test_filters_that_are_read_elsewhere_keep_their_order():
    graph, (x,) = inputs((1, 3, 6, 6))
    w = returned(integers(3, 3, 3, 8))
    graph.add_output(Convolution(x, Transpose(w, [3, 2, 0, 1]), **PLAIN), "y")
    graph.add_output(w, "w")
    assert any("stored twice" in r for r in reasons(unchanged(graph, quantization)))


# -- weights


def faked(w, low, high, first=None, last=None, levels=256):
    limits = [
        np.asarray(v, np.float32) for v in (low, high, low if first is None else first, high if last is None else last)
    ]
    return FakeQuantize(w, *limits, levels=levels)


def product(weights_):
    graph, (x,) = inputs((2, 16))
    graph.add_output(MatMul(x, weights_), "y")
    return graph


@pytest.mark.parametrize(
    ("low", "high", "levels", "element", "steps"),
    [
        (-0.9, 0.9, 255, t.i8, ["Convert", "Multiply"]),
        (-0.9, 0.9 * 127 / 128, 256, t.i8, ["Convert", "Multiply"]),
        (-0.3, 0.8, 256, t.i8, ["Convert", "Subtract", "Multiply"]),
        (-0.7, 0.7, 15, t.i4, ["Convert", "Multiply"]),
        (-0.8, 0.7, 16, t.i4, ["Convert", "Multiply"]),
        (-0.3, 0.8, 16, t.u4, ["Convert", "Subtract", "Multiply"]),
        (0.0, 0.8, 16, t.u4, ["Convert", "Multiply"]),
        (-0.5, 0.5, 2, t.u1, ["Convert", "Subtract", "Multiply"]),
    ],
)
def test_weights_are_stored_in_as_few_bits_as_the_levels_need(low, high, levels, element, steps):
    graph = product(faked(weights(16, 8), low, high, levels=levels))
    check(graph, weights_compression)
    assert kinds(graph) == [*steps, "MatMul"]
    assert only(graph, Convert).data.element is element


def test_limits_for_each_channel_one_of_them_all_zero():
    w = weights(16, 4)
    limits = np.float32([0.5, 0.25, 0.0, 1.0])
    graph = product(faked(w, -limits, limits, levels=255))
    check(graph, weights_compression)
    assert kinds(graph) == ["Convert", "Multiply", "MatMul"]


def test_another_range_of_the_result():
    graph = product(faked(weights(16, 8), -1, 1, -3, 2, levels=255))
    check(graph, weights_compression)
    assert only(graph, Convert).data.element is t.i8


@pytest.mark.parametrize(
    ("limits", "levels", "reason"),
    [
        ((-1, 1), 65536, "65536 levels"),
        ((1, -1), 255, "above the upper one"),
        ((-1, 1, 0.5, 0.5), 255, "not zero"),
    ],
)
def test_what_does_not_fit_stays(limits, levels, reason):
    context = unchanged(product(faked(weights(16, 8), *limits, levels=levels)), weights_compression)
    assert any(reason in r for r in reasons(context))


def test_a_fake_quantize_of_data_stays():
    graph, (x,) = inputs((2, 16))
    graph.add_output(faked(x, -1, 1), "y")
    unchanged(graph, weights_compression)


def test_large_weights_are_not_computed_before_they_are_written():
    graph, (x,) = inputs((1, 512, 2, 2))
    graph.add_output(Convolution(x, faked(weights(512, 512, 1, 1), -1, 1, levels=255), **PLAIN), "y")
    check(graph, weights_compression)
    stored = only(graph, Convert).data.node
    assert isinstance(stored, Constant) and stored.value.size > EAGER_BYTES and isinstance(stored.value, Lazy)


MODEL = """
    %x = Parameter : f32[1,3,8,8] "data"
    %q = FakeQuantize(%x, -1.0, 1.0, -1.0, 1.0) {levels=255} : f32[1,3,8,8] "data/fq"
    %w = Constant random(7) : f32[4,3,3,3] "weights"
    %f = FakeQuantize(%w, -1.0, 1.0, -1.0, 1.0) {levels=255} : f32[4,3,3,3] "weights/fq"
    %c = Convolution(%q, %f) {strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]} "conv" <"y">
    return %c
"""


def test_the_runtime_computes_with_whole_numbers(tmp_path):
    command = Command(tmp_path)
    small, real = command.convert(MODEL), command.convert(MODEL, "--disable_weights_compression")
    assert small.layers == ["FakeQuantize", "Convert", "Multiply", "Convolution"]
    assert real.layers == ["FakeQuantize", "FakeQuantize", "Convolution"]
    assert small.xml.with_suffix(".bin").stat().st_size < 4 * 27 * 2
    operations = small.compiled().get_runtime_model().get_ops()
    found = {n.get_rt_info()["layerType"].get(): n.get_rt_info()["runtimePrecision"].get() for n in operations}
    assert found["Convolution"] in ("i8", "u8")  # which of both depends on the instructions of the CPU
    x = np.random.default_rng(1).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    assert largest_difference(small.run({"data": x})[0], real.run({"data": x})[0]) <= 1e-5
