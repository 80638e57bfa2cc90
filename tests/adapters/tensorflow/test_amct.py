"""The fusions F1 to F10 of the Ascend model compression toolkit on graphs that TensorFlow makes.

Each graph holds the pattern as Keras or the functions of TensorFlow write it; afterwards it is gone, and the results are
TensorFlow's. `tests/core/transforms/test_amct.py` has the conditions and their opposites.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import mo_core
from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf

FORMS = {"static": {}, "free batch": {"shapes": {"x": [None, 6, 8, 4]}}}
free = pytest.mark.parametrize("form", FORMS)


def positive(*shape, seed=0):
    return np.abs(random(*shape, seed=seed)) + 0.5


def layers(model: Frozen, **options) -> list[str]:
    """The layers that compute something of a converted graph."""
    plain = (
        "Parameter",
        "Const",
        "Result",
        "Transpose",
        "Reshape",
        "Unsqueeze",
        "Squeeze",
        "ShapeOf",
        "Gather",
        "Concat",
    )
    kinds = [n.type_name for n in mo_core.convert(model.graph, output=model.outputs, **options).graph]
    return [k for k in kinds if k not in plain]


def check(build, expected, shapes=None, **feeds):
    """TensorFlow's results, from these layers only, which are others with the fusions switched off."""
    model = Frozen(build, feeds, shapes)
    got = run(model.graph, model.feeds, output=model.outputs)
    compare([*got.values()], [*model.wants.values()], rtol=1e-4, atol=1e-4)
    assert layers(model) == expected
    assert layers(model, disable_fusing=True) != expected


def small_batch_norm(x, channels, center=True, scale=True, axis=-1):
    """As Keras writes `BatchNormalization(fused=False)` for inference: variance, scale and shift in single operations."""
    shape = [1] * len(x.shape)
    shape[axis] = channels
    mean, variance = (
        tf().reshape(tf().constant(v), shape) for v in (random(channels, seed=1), positive(channels, seed=2))
    )
    factor = tf().math.rsqrt(variance + 0.001)
    if scale:
        factor *= tf().reshape(tf().constant(positive(channels, seed=3)), shape)
    offset = -mean * factor
    if center:
        offset = tf().reshape(tf().constant(random(channels, seed=4)), shape) + offset
    return x * tf().cast(factor, x.dtype) + offset


def fused(x, channels, version=3, data_format="NHWC"):
    """FusedBatchNorm in one of its versions."""
    raw = tf().raw_ops
    kind = {1: raw.FusedBatchNorm, 2: raw.FusedBatchNormV2, 3: raw.FusedBatchNormV3}[version]
    statistics = {"mean": random(channels, seed=1), "variance": positive(channels, seed=2)}
    return kind(
        x=x,
        scale=positive(channels, seed=3),
        offset=random(channels, seed=4),
        **statistics,
        is_training=False,
        data_format=data_format,
    )[0]


def conv(x, filters=6, kernel=3, **options):
    w = random(kernel, kernel, int(x.shape[-1]), filters, seed=7)
    return tf().nn.conv2d(x, w, 1, "SAME", **options)


def bias(x, seed=8):
    return tf().nn.bias_add(x, random(int(x.shape[-1]), seed=seed))


X = {"x": random(2, 6, 8, 4)}


@free
@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("biased", [False, True])
def test_f1_convolution_and_batch_norm(form, version, biased):
    def build(x):
        y = conv(x)
        return fused(bias(y) if biased else y, 6, version)

    check(build, ["Convolution", "Add"], **FORMS[form], **X)


def test_f1_convolution_in_three_dimensions():
    def build(x):
        y = tf().nn.conv3d(x, random(2, 3, 3, 3, 5, seed=7), [1] * 5, "SAME")
        return small_batch_norm(y, 5)

    check(build, ["Convolution", "Add"], x=random(1, 4, 5, 6, 3))


def test_f2_transposed_convolution_and_batch_norm():
    def build(x):
        y = tf().nn.conv2d_transpose(x, random(3, 3, 5, 4, seed=7), [2, 12, 16, 5], 2)
        return fused(y, 5)

    check(build, ["ConvolutionBackpropData", "Add"], **X)


@free
def test_f3_batch_to_space_between_convolution_and_batch_norm(form):
    """A dilated convolution as TensorFlow 1 writes it."""

    def build(x):
        y = tf().space_to_batch(x, [2, 2], [[2, 2], [2, 2]])
        y = tf().nn.conv2d(y, random(3, 3, 4, 6, seed=7), 1, "VALID")
        return fused(tf().raw_ops.BatchToSpaceND(input=y, block_shape=[2, 2], crops=[[0, 0], [0, 0]]), 6)

    check(build, ["Convolution", "Add"], **FORMS[form], **X)


@free
@pytest.mark.parametrize("multiplier", [1, 3])
def test_f4_depthwise_convolution_and_batch_norm(form, multiplier):
    def build(x):
        y = tf().nn.depthwise_conv2d(x, random(3, 3, 4, multiplier, seed=7), [1] * 4, "SAME")
        return fused(y, 4 * multiplier)

    check(build, ["GroupConvolution", "Add"], **FORMS[form], **X)


FACTORS = {"scalar": np.float32(0.3), "channels": positive(6, seed=9)}
OPERATIONS = {
    "Convolution": conv,
    "GroupConvolution": lambda x: tf().nn.depthwise_conv2d(conv(x), random(3, 3, 6, 1, seed=6), [1] * 4, "SAME"),
    "ConvolutionBackpropData": lambda x: tf().nn.conv2d_transpose(x, random(2, 2, 6, 4, seed=7), [2, 12, 16, 6], 2),
    "MatMul": lambda x: tf().linalg.matmul(tf().reshape(x, [2, 192]), random(192, 6, seed=7)),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("biased", [False, True])
def test_f5_operation_bias_and_factor(operation, factor, biased):
    def build(x):
        y = OPERATIONS[operation](x)
        return (bias(y) if biased else y) * FACTORS[factor]

    expected = ["Convolution"] * (operation == "GroupConvolution") + [operation] + ["Add"] * biased
    check(build, expected, **X)


def grouped(x, norm, biased=False, groups=2):
    parts = []
    for i, part in enumerate(tf().split(x, groups, -1)):
        y = tf().nn.conv2d(part, random(3, 3, 4 // groups, 3, seed=20 + i), 1, "SAME")
        parts.append(tf().nn.bias_add(y, random(3, seed=30 + i)) if biased else y)
    return norm(tf().concat(parts, -1), 3 * groups)


@free
@pytest.mark.parametrize("norm", [fused, small_batch_norm])
@pytest.mark.parametrize("biased", [False, True])
def test_f6_group_convolution_and_batch_norm(form, norm, biased):
    check(lambda x: grouped(x, norm, biased), ["GroupConvolution", "Add"], **FORMS[form], **X)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("batch", "fixed"), [(3, True), (3, False), (None, False)])  # a fixed shape fixes the batch
def test_f7_matrix_product_and_batch_norm_between_reshapes(data_format, biased, fixed, batch):
    """As `tf.contrib.layers.batch_norm` of two dimensions wrote it."""

    def build(x):
        y = tf().linalg.matmul(x, random(5, 6, seed=7))
        y = bias(y) if biased else y
        wide = tf().reshape(y, [-1, 1, 1, 6] if data_format == "NHWC" else [-1, 6, 1, 1])
        # TensorFlow itself has no kernel of the other layout for the processor: the same in single operations
        z = fused(wide, 6) if data_format == "NHWC" else small_batch_norm(wide, 6, axis=1)
        return tf().reshape(z, [3, 6] if fixed else tf().shape(y))

    check(build, ["MatMul", "Add"], shapes={"x": [batch, 5]}, x=random(3, 5))


@free
@pytest.mark.parametrize(("center", "scale"), [*itertools.product([True, False], repeat=2)])
@pytest.mark.parametrize("biased", [False, True])
def test_f8_batch_norm_in_small_operations(form, center, scale, biased):
    def build(x):
        y = conv(x)
        return small_batch_norm(bias(y) if biased else y, 6, center, scale)

    check(build, ["Convolution", "Add"], **FORMS[form], **X)


@pytest.mark.parametrize(("center", "scale"), [*itertools.product([True, False], repeat=2)])
@pytest.mark.parametrize("biased", [False, True])
def test_f8_batch_norm_of_keras(center, scale, biased, tmp_path):
    keras = tf().keras
    keras.utils.set_random_seed(1)
    source = keras.Input((6, 8, 4))
    y = keras.layers.Conv2D(6, 3, padding="same", use_bias=biased)(source)
    model = keras.Model(source, keras.layers.BatchNormalization(center=center, scale=scale)(y))
    rng = np.random.default_rng(2)
    model.set_weights([rng.uniform(0.2, 1, w.shape).astype(np.float32) for w in model.get_weights()])
    model.export(tmp_path / "m", verbose=False)
    compare([*run(tmp_path / "m", {model.inputs[0].name: X["x"]}).values()], [np.asarray(model(X["x"]))], 1e-4, 1e-4)
    kinds = [n.type_name for n in mo_core.convert(tmp_path / "m").graph]
    assert [k for k in kinds if k in ("Convolution", "Add", "Multiply", "Divide", "Sqrt", "Power")] == [
        "Convolution",
        "Add",
    ]


def test_f9_relu6_ahead_of_quantisation():
    """The largest number that is quantised is below 6, and the smallest is 0: the limits of ReLU6 cut nothing off."""

    def build(x):
        y = tf().nn.relu6(conv(x))
        return tf().quantization.fake_quant_with_min_max_args(y, 0.0, 5.1)

    check(build, ["Convolution", "FakeQuantize"], **X)


@pytest.mark.parametrize("shape", [(), (6,), (1, 1, 1, 6), (1, 6)])
def test_f10_a_sum_with_a_constant_is_a_bias(shape):
    """The bias goes into that of the batch norm behind it."""

    def build(x):
        return fused(conv(x) + random(*shape, seed=9).astype(np.float32), 6)

    check(build, ["Convolution", "Add"], **X)


def test_f10_a_sum_behind_a_matrix_product_is_a_bias():
    def build(x):
        return (tf().linalg.matmul(x, random(5, 6, seed=7)) + random(1, 6, seed=9)) * np.float32(0.5)

    check(build, ["MatMul", "Add"], x=random(3, 5))
