"""Kernels on stored numbers give the numbers that TensorFlow's give, with their limits."""

import numpy as np
import pytest

from mo_core.errors import Unsupported
from tests.adapters.tensorflow.ops.stored import (
    Kernel,
    Random,
    as_stored,
    check,
    close,
    converted,
)
from tests.adapters.tensorflow.running import Frozen, run, tf

RANDOM = Random(5)
RNG, u8, i8, i32 = RANDOM.generator, RANDOM.u8, RANDOM.i8, RANDOM.i32
IMAGE = u8(2, 9, 8, 5)
LIMITS = {"min_input": -1.3, "max_input": 2.9}
POOLING = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}


def products(fed):
    """Filters are fed where limits are; otherwise they are constants."""
    common = {**LIMITS, "fed": fed, "fixed": () if fed else ("filter", "b")}
    one = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    two = {"strides": [1, 2, 2, 1], "padding": "VALID"}
    matrix = {"min_a": -0.7, "max_a": 1.9, "min_b": -2.0, "max_b": 2.3, "fed": fed, "fixed": common["fixed"]}
    conv = dict(input=IMAGE, filter=u8(3, 3, 5, 4), min_filter=-0.9, max_filter=1.7, **common)
    yield Kernel("QuantizedConv2D", name="same", attributes=one, **conv)
    yield Kernel("QuantizedConv2D", name="valid", attributes=two, **conv)
    deep = {**conv, "input": u8(1, 4, 4, 300) | 128, "filter": u8(3, 3, 300, 2) | 128}
    yield Kernel("QuantizedConv2D", name="large-sums", attributes=one, **deep)
    positive = {**conv, "min_input": 0.5}
    yield Kernel("QuantizedConv2D", name="without-zero", attributes=one, **positive)
    yield Kernel("QuantizedMatMul", a=u8(6, 7), b=u8(7, 5), **matrix)
    yield Kernel("QuantizedMatMul", name="large-sums", a=u8(6, 3000) | 128, b=u8(3000, 5) | 128, **matrix)
    turned = {"transpose_a": True, "transpose_b": True}
    yield Kernel("QuantizedMatMul", name="turned", a=u8(7, 6), b=u8(5, 7), attributes=turned, **matrix)


def others(fed):
    pair = {"min_x": -0.7, "max_x": 1.9, "min_y": -2.0, "max_y": 2.3, "fed": fed}
    yield Kernel("QuantizedMul", x=u8(3, 4, 5), y=u8(3, 4, 5), **pair)
    even = {"min_x": -1.0, "max_x": 1.0, "min_y": -3.0, "max_y": 3.0, "fed": fed}
    yield Kernel("QuantizedMul", name="around-zero", x=u8(3, 4, 5), y=u8(3, 4, 5), **even)
    yield Kernel("QuantizedMul", name="vector", x=u8(5), y=u8(3, 4, 5), **pair)
    yield Kernel("QuantizedAdd", x=u8(3, 4, 5), y=u8(3, 4, 5), **pair)
    yield Kernel("QuantizedAdd", name="vector", x=u8(3, 4, 5), y=u8(5), **pair)
    sums = {
        "min_input": -0.7,
        "max_input": 1.9,
        "min_bias": -2.0,
        "max_bias": 2.3,
        "fed": fed,
        "steps": 1,
        "share": 0.01,
    }
    yield Kernel("QuantizedBiasAdd", input=u8(30, 40, 5), bias=u8(5), attributes={"out_type": tf().qint32}, **sums)
    yield Kernel(
        "QuantizedBiasAdd", name="signed", input=i8(30, 40, 5), bias=i8(5), attributes={"out_type": tf().qint32}, **sums
    )
    limits = {"min_features": -2.5, "max_features": 7.5, "fed": fed}
    wide = {"min_features": -3000.0, "max_features": 3000.0, "fed": fed}
    if fed:  # zero is between two numbers, and double precision says which
        wide |= {"steps": 1, "share": 1.0}
    for op in ("QuantizedRelu", "QuantizedRelu6"):
        yield Kernel(op, features=u8(3, 40), **limits)
        yield Kernel(op, name="i32", features=i32(3, 40), attributes={"out_type": tf().qint32}, **wide)
    yield Kernel("QuantizedMaxPool", input=IMAGE, attributes=POOLING, **LIMITS, fed=fed)
    yield Kernel("QuantizedMaxPool", name="signed", input=i8(2, 9, 8, 5), attributes=POOLING, **LIMITS, fed=fed)
    yield Kernel("QuantizedReshape", tensor=u8(2, 3, 4), shape=[3, -1], input_min=-1.0, input_max=2.0, fed=fed)
    yield Kernel("QuantizedReshape", name="i32", tensor=i32(2, 3, 4), shape=[3, -1], input_min=-1.0, input_max=2.0)
    for name, lows, highs in (("alike", [-1.0, -1.0], [2.0, 2.0]), ("", [-1.0, -3.1], [2.0, 0.43])):
        joined = {"concat_dim": 1, "input_mins": lows, "input_maxes": highs, "fed": fed}
        few = {"steps": 1, "share": 0.01} if fed else {}
        yield Kernel("QuantizedConcat", name=name, values=[u8(2, 30, 40), u8(2, 60, 40)], **joined, **few)
        near = {"steps": 256, "share": 1.0}  # real numbers of 24 bits are in between
        yield Kernel("QuantizedConcat", name=f"i32-{name}", values=[i32(2, 3, 4), i32(2, 6, 4)], **joined, **near)
    nothing = {"input": i32(3, 40), "input_min": -9.0, "input_max": 9.0, "attributes": {"out_type": tf().quint8}}
    yield Kernel("Requantize", name="empty", requested_output_min=0.0, requested_output_max=0.0, fed=fed, **nothing)
    ranges = {"input_min": -900.0, "input_max": 900.0, "fed": fed}
    yield Kernel("RequantizationRange", input=i32(3, 40), **ranges)
    yield Kernel("RequantizationRange", name="skewed", input=i32(3, 40, bits=31), input_min=-900.0, input_max=500.0)
    few = {"steps": 1, "share": 0.01}
    yield Kernel(
        "QuantizeDownAndShrinkRange", input=i32(30, 400), attributes={"out_type": tf().quint8}, **ranges, **few
    )
    asked = dict(requested_output_min=-2.0, requested_output_max=3.1, **ranges, **few)
    for out in (tf().quint8, tf().qint8):
        yield Kernel("Requantize", name=out.name, input=i32(30, 400), attributes={"out_type": out}, **asked)
    instance = {"x": IMAGE, "x_min": -1.0, "x_max": 2.0, "fed": fed, "steps": 1, "share": 0.01}
    yield Kernel("QuantizedInstanceNorm", **instance)
    given = {"output_range_given": True, "given_y_min": -1.5, "given_y_max": 1.5}
    yield Kernel("QuantizedInstanceNorm", name="given", attributes=given, **instance)
    for kind, image in (("bytes", IMAGE), ("real", RNG.standard_normal((2, 9, 8, 5), np.float32))):
        for size in ([13, 20], [4, 3], [9, 8]):
            for flag in ("", "align_corners", "half_pixel_centers"):
                how = {flag: True} if flag else {}
                name = f"{kind}-{size[0]}x{size[1]}-{flag}"
                limits = {"min": -1.0, "max": 2.0, "fed": fed, "attributes": how}
                yield Kernel("QuantizedResizeBilinear", name=name, images=image, size=size, **limits)
    statistics = {
        f"{k}{end}": v
        for k, (data, low, high) in {
            "t": (IMAGE, -1.3, 2.9),
            "m": (u8(5), -0.5, 0.6),
            "v": (u8(5), 0.1, 2.0),
            "beta": (u8(5), -1.0, 1.2),
            "gamma": (u8(5), -0.8, 1.3),
        }.items()
        for end, v in (("", data), ("_min", low), ("_max", high))
    }
    for scaled in (True, False):
        yield Kernel(
            "QuantizedBatchNormWithGlobalNormalization",
            name="scaled" if scaled else "",
            fixed=("m", "v", "beta", "gamma"),
            fed=fed,
            attributes={
                "variance_epsilon": 1e-3,
                "scale_after_normalization": scaled,
                "out_type": tf().qint32,
            },
            **statistics,
        )


KNOWN = [*products(False), *others(False)]
FED = [*products(True), *others(True)]


@pytest.mark.parametrize("kernel", KNOWN, ids=str)
def test_kernels_whose_limits_are_known(kernel):
    check(kernel)


@pytest.mark.parametrize("kernel", FED, ids=str)
def test_kernels_whose_limits_and_batch_are_free(kernel):
    check(kernel, free=True)


def convolved(x, w, pad):
    """Sums over windows of images with so many zeros around them: N, H, W, I with H, W, I, O."""
    wide = np.pad(x.astype(np.int64), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, w.shape[:2], (1, 2))
    return np.einsum("nyxchw,hwco->nyxo", windows, w.astype(np.int64))


SIGNED = {"min_input": 0.0, "max_input": 2.9, "min_filter": -0.9, "max_filter": 0.9}
LIMIT = np.float32(2.9 / 255 * 1.8 / 254 * 2**31)


def test_signed_filters_take_numbers_for_what_they_are():
    """TensorFlow has these kernels in oneDNN only, which it does not use on all processors."""
    same = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    w = i8(3, 3, 5, 4)
    got = converted(Kernel("QuantizedConv2D", input=IMAGE, filter=w, fixed=("filter",), attributes=same, **SIGNED))
    close(got, [convolved(IMAGE, w, 1).astype(np.int32), -LIMIT, LIMIT])


def test_signed_filters_of_each_channel():
    valid = {"strides": [1, 1, 1, 1], "padding": "VALID"}
    w = i8(3, 2, 5, 2)
    kernel = Kernel("QuantizedDepthwiseConv2D", input=IMAGE, filter=w, fixed=("filter",), attributes=valid, **SIGNED)
    each = [convolved(IMAGE[..., c : c + 1], w[:, :, c : c + 1], 0) for c in range(5)]
    close(converted(kernel), [np.concatenate(each, -1).astype(np.int32), -LIMIT, LIMIT])


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (Kernel("QuantizedReluX", features=IMAGE, max_value=1.0, min_features=0.0, max_features=2.0), "no kernel"),
        (Kernel("QuantizedResizeBilinear", images=i32(1, 2, 2, 1), size=[3, 3], min=0.0, max=1.0), "64 bits"),
        (
            Kernel(
                "QuantizedDepthwiseConv2D",
                input=IMAGE,
                filter=u8(3, 2, 5, 2),
                attributes={"strides": [1, 1, 1, 1], "padding": "VALID"},
                **SIGNED,
            ),
            "not signed",
        ),
    ],
    ids=lambda v: str(v).replace(" ", "-"),
)
def test_what_cannot_be_converted_is_told(kernel, said):
    with pytest.raises(Unsupported, match=said):
        converted(kernel)


def network(x):
    """What the tool of TensorFlow 1 made of a convolution, an activation, a pooling and a product."""
    raw = tf().raw_ops
    stored = raw.QuantizeV2(input=x, min_range=0.0, max_range=1.0, T=tf().quint8, mode="MIN_FIRST")
    sums = raw.QuantizedConv2D(
        input=stored[0],
        filter=as_stored(u8(3, 3, 3, 8)),
        min_input=stored[1],
        max_input=stored[2],
        min_filter=-0.9,
        max_filter=1.1,
        strides=[1, 1, 1, 1],
        padding="SAME",
    )
    limits = raw.RequantizationRange(input=sums[0], input_min=sums[1], input_max=sums[2])
    few = raw.Requantize(
        input=sums[0],
        input_min=sums[1],
        input_max=sums[2],
        requested_output_min=limits[0],
        requested_output_max=limits[1],
        out_type=tf().quint8,
    )
    active = raw.QuantizedRelu(features=few[0], min_features=few[1], max_features=few[2])
    pooled = raw.QuantizedMaxPool(
        input=active[0],
        min_input=active[1],
        max_input=active[2],
        ksize=[1, 2, 2, 1],
        strides=[1, 2, 2, 1],
        padding="SAME",
    )
    flat = raw.QuantizedReshape(tensor=pooled[0], shape=[-1, 128], input_min=pooled[1], input_max=pooled[2])
    product = raw.QuantizedMatMul(
        a=flat[0], b=as_stored(u8(128, 10)), min_a=flat[1], max_a=flat[2], min_b=-1.0, max_b=0.8
    )
    last = raw.QuantizeDownAndShrinkRange(
        input=product[0], input_min=product[1], input_max=product[2], out_type=tf().quint8
    )
    return tf().identity(
        raw.Dequantize(input=last[0], min_range=last[1], max_range=last[2], mode="MIN_FIRST"), name="result"
    )


@pytest.mark.parametrize("batch", [3, None], ids=["static", "free"])
def test_a_network_of_stored_numbers(batch):
    images = RNG.random((3, 8, 8, 3), np.float32)
    model = Frozen(network, {"x": images}, {"x": (batch, 8, 8, 3)})
    (got,) = run(model.graph, model.feeds, output=model.outputs).values()
    (want,) = model.wants.values()
    step = (want.max() - want.min()) / 255
    assert np.abs(got - want).max() <= 1.01 * step
    assert np.mean(np.abs(got - want) > step / 2) <= 0.01
