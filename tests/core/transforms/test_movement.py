"""Ops that only move elements: merged, taken into windows, recognised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.rewriting.passes import Context
from mo_core.transforms.recognise import movement
from tests.core.transforms import harness as h

Build = Callable[[Value], Value]
LOWEST = float(np.finfo(np.float32).min)


def c(number: float) -> Value:
    return constant(number, t.f32)


def pad(x: Value, begin: Sequence[int], end: Sequence[int], fill: float | None = None, mode: str = "constant") -> Value:
    extra = [] if fill is None else [constant(fill, t.f32)]
    return ops.Pad(x, constant(list(begin)), constant(list(end)), *extra, pad_mode=mode)


def spatial_pad(x: Value, fill: float | None = None) -> Value:
    return pad(x, [0, 0, 1, 0], [0, 0, 2, 1], fill)


def conv(
    x: Value, pads: tuple[int, int] = (0, 0), auto_pad: str = "explicit", strides: tuple[int, int] = (1, 1)
) -> Value:
    return ops.Convolution(
        x, h.weights(5, 4, 3, 3), strides=strides, pads_begin=pads, pads_end=pads, dilations=(1, 1), auto_pad=auto_pad
    )


def pool(kind: type, x: Value, pads: tuple[int, int] = (0, 0), **more: object) -> Value:
    if kind is ops.AvgPool:
        more.setdefault("exclude_pad", True)
    return kind(x, kernel=(3, 3), strides=(2, 2), pads_begin=pads, pads_end=pads, **more)


def one_output(graph: Graph, y: Value) -> None:
    graph.add_output(y, "y")


# -- padding


TAKEN: list[tuple[str, Build, list[str]]] = [
    ("convolution", lambda x: conv(spatial_pad(x)), ["Convolution"]),
    ("convolution with pads", lambda x: conv(spatial_pad(x, 0.0), (1, 1), strides=(2, 2)), ["Convolution"]),
    ("valid convolution", lambda x: conv(spatial_pad(x), auto_pad="valid"), ["Convolution"]),
    (
        "group convolution",
        lambda x: ops.GroupConvolution(
            spatial_pad(x),
            h.weights(2, 3, 2, 3, 3),
            strides=(1, 1),
            pads_begin=(0, 1),
            pads_end=(0, 0),
            dilations=(1, 1),
        ),
        ["GroupConvolution"],
    ),
    (
        "two pads",
        lambda x: ops.Sigmoid(pad(pad(x, [0, 1, 0, 2], [0] * 4, 2.0), [0, 0, 1, 1], [0, 1, 1, 0], 2.0)),
        ["Pad", "Sigmoid"],
    ),
    ("mean", lambda x: pool(ops.AvgPool, spatial_pad(x)), ["AvgPool"]),
    (
        "mean that counts its padding",
        lambda x: pool(ops.AvgPool, spatial_pad(x), (1, 1), exclude_pad=False),
        ["AvgPool"],
    ),
    ("maximum of what is not negative", lambda x: pool(ops.MaxPool, spatial_pad(ops.ReLU(x))), ["ReLU", "MaxPool"]),
    ("maximum with the lowest number", lambda x: pool(ops.MaxPool, spatial_pad(x, LOWEST)), ["MaxPool"]),
]


@pytest.mark.parametrize(("build", "kinds"), [pytest.param(b, k, id=n) for n, b, k in TAKEN])
@pytest.mark.parametrize("shape", [(2, 4, 7, 6), (None, 4, None, None)])
def test_pads_are_taken_in(build: Build, kinds: list[str], shape: tuple[int | None, ...]) -> None:
    graph, (x,) = h.inputs(shape)
    one_output(graph, build(x))
    h.check(graph, movement.pad_fusion, size=6)
    assert h.kinds(graph) == kinds


LEFT: list[tuple[str, Build, str]] = [
    (
        "another number",
        lambda x: conv(spatial_pad(x, 1.0)),
        "a convolution pads with zeros, and this is another number",
    ),
    (
        "same padding",
        lambda x: conv(spatial_pad(x), auto_pad="same_upper"),
        "the padding depends on the size of what is padded",
    ),
    ("batch", lambda x: conv(pad(x, [1, 0, 0, 0], [0] * 4)), "batch or channels are padded"),
    ("taken away", lambda x: conv(pad(x, [0, 0, -1, 0], [0] * 4)), "the Pad takes elements away"),
    (
        "mean without padding",
        lambda x: pool(ops.AvgPool, spatial_pad(x), (1, 1)),
        "the mean counts these elements, and would count them otherwise as its own padding",
    ),
    (
        "mean rounded up",
        lambda x: pool(ops.AvgPool, spatial_pad(x), rounding_type="ceil"),
        "the mean counts these elements, and would count them otherwise as its own padding",
    ),
    (
        "mean of quantised numbers",
        lambda x: pool(ops.AvgPool, spatial_pad(ops.FakeQuantize(x, c(-2.0), c(2.0), c(-2.0), c(2.0), levels=256))),
        "the runtime's integer kernels would take their own padding for the number that stands for 0",
    ),
    (
        "maximum of anything",
        lambda x: pool(ops.MaxPool, spatial_pad(x)),
        "the maximum takes its own padding for the lowest number, and this is another one",
    ),
    (
        "nothing but padding",
        lambda x: pool(ops.MaxPool, pad(ops.ReLU(x), [0, 0, 4, 0], [0] * 4)),
        "a window may hold nothing but padding",
    ),
]


@pytest.mark.parametrize(("build", "reason"), [pytest.param(b, r, id=n) for n, b, r in LEFT])
def test_pads_that_stay(build: Build, reason: str) -> None:
    graph, (x,) = h.inputs((2, 4, 7, 6))
    one_output(graph, build(x))
    context = h.unchanged(graph, movement.pad_fusion)
    assert h.reasons(context) == [reason]


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: conv(pad(x, [0, 0, 1, 1], [0] * 4, mode="edge")), id="mirror"),
        pytest.param(
            lambda x: ops.Sigmoid(pad(pad(x, [0, 0, 1, 1], [0] * 4, 2.0), [0, 0, 1, 1], [0] * 4, 3.0)), id="two numbers"
        ),
        pytest.param(lambda x: pad(pad(x, [0, 0, -1, 1], [0] * 4), [0, 0, 1, 1], [0] * 4), id="away and on"),
    ],
)
def test_pads_of_other_kinds_stay(build: Build) -> None:
    graph, (x,) = h.inputs((2, 4, 7, 6))
    one_output(graph, build(x))
    h.unchanged(graph, movement.pad_fusion)


# -- dilated convolutions


def dilated(
    x: Value,
    pads: Sequence[int] = (0, 0, 2, 2),
    crops: Sequence[int] = (0, 0, 0, 1),
    bias: Value | None = None,
    inner: tuple[int, int] = (0, 0),
    back: Sequence[int] = (1, 1, 2, 2),
    strides: tuple[int, int] = (1, 1),
) -> Value:
    zeros = [0] * 4
    y = ops.SpaceToBatch(x, [1, 1, 2, 2], list(pads), [0, 0, 3, 2])
    y = conv(y, inner, strides=strides)
    y = y if bias is None else ops.Add(y, bias)
    return ops.BatchToSpace(y, list(back), zeros, list(crops))


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(dilated, id="plain"),
        pytest.param(lambda x: dilated(x, bias=h.weights(1, 5, 1, 1)), id="bias"),
        pytest.param(lambda x: dilated(x, crops=(0, 0, 3, 2)), id="crops"),
    ],
)
def test_dilated_convolution(build: Build) -> None:
    graph, (x,) = h.inputs((2, 4, 7, 6))
    one_output(graph, build(x))
    h.check(graph, movement.dilated_fusion)
    assert [k for k in h.kinds(graph) if k != "Add"] == ["Convolution"]
    assert h.only(graph, ops.Convolution).dilations == (2, 2)


def test_dilated_convolution_that_pads_inside_of_the_blocks() -> None:
    graph, (x,) = h.inputs((2, 4, 7, 6))
    one_output(graph, dilated(x, inner=(1, 1)))
    h.optimise(graph, movement.dilated_fusion)
    assert h.kinds(graph) == ["Convolution"]
    apart, (x,) = h.inputs((2, 4, 7, 6))
    y = dilated(x, inner=(1, 1))
    one_output(apart, y.node.operands[0])  # the last step is done here: the runtime's own fusion forgets the padding
    data = h.feed(graph)
    blocks, *rest = (v.const for v in y.node.operands[1:])
    expected = y.node.fold(h.evaluate(apart, data)[0], blocks, *rest)
    h.close([expected], h.evaluate(graph, data))


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: dilated(x, strides=(2, 2)), id="strides"),
        pytest.param(lambda x: dilated(x, back=(1, 1, 2, 1)), id="other blocks"),
        pytest.param(lambda x: dilated(x, crops=(0, 0, 4, 0)), id="cropped more"),
        pytest.param(lambda x: dilated(x, bias=h.weights(1, 1, 1, 3)), id="bias in space"),
    ],
)
def test_blocks_that_are_no_dilation_stay(build: Build) -> None:
    graph, (x,) = h.inputs((2, 4, 7, 6))
    one_output(graph, build(x))
    h.unchanged(graph, movement.dilated_fusion)


# -- channels and blocks


def rearranged(x: Value, apart: list[int], order: list[int], together: list[int]) -> Value:
    y = ops.Transpose(ops.Reshape(x, apart, special_zero=True), order)
    return ops.Reshape(y, together, special_zero=True)


REARRANGED: list[tuple[str, list[int], list[int], list[int], str]] = [
    ("shuffle", [0, 3, 12, 4, 6], [0, 2, 1, 3, 4], [0, 36, 4, 6], "ShuffleChannels"),
    ("shuffle of flat images", [0, 2, 18, -1], [0, 2, 1, 3], [0, 36, 4, 6], "ShuffleChannels"),
    ("depth to space, blocks first", [0, 2, 2, 9, 4, 6], [0, 3, 4, 1, 5, 2], [0, 9, 8, 12], "DepthToSpace"),
    ("depth to space, depth first", [0, 4, 3, 3, 4, 6], [0, 1, 4, 2, 5, 3], [0, 4, 12, 18], "DepthToSpace"),
    ("space to depth, blocks first", [0, 36, 2, 2, 3, 2], [0, 3, 5, 1, 2, 4], [0, 144, 2, 3], "SpaceToDepth"),
    ("space to depth, depth first", [0, 36, 2, 2, 3, 2], [0, 1, 3, 5, 2, 4], [0, 144, 2, 3], "SpaceToDepth"),
]


@pytest.mark.parametrize(("apart", "order", "together", "kind"), [pytest.param(*r[1:], id=r[0]) for r in REARRANGED])
def test_exchange(apart: list[int], order: list[int], together: list[int], kind: str) -> None:
    graph, (x,) = h.inputs((None, 36, 4, 6))
    one_output(graph, rearranged(x, apart, order, together))
    h.check(graph, movement.shuffle_fusion)
    assert h.kinds(graph) == [kind]


def test_depth_to_space_of_dynamic_images() -> None:
    graph, (x,) = h.inputs((None, 8, None, None))
    size = [ops.Gather(ops.ShapeOf(x), [i], 0) for i in (0, 2, 3)]
    two = constant([2])
    y = ops.Reshape(x, ops.Concat([size[0], constant([2, 2, 2]), size[1], size[2]], axis=0), special_zero=False)
    target = ops.Concat([size[0], two, ops.Multiply(size[1], two), ops.Multiply(size[2], two)], axis=0)
    one_output(graph, ops.Reshape(ops.Transpose(y, [0, 1, 4, 2, 5, 3]), target, special_zero=False))
    h.check(graph, movement.shuffle_fusion)
    assert h.kinds(graph) == ["DepthToSpace"]


@pytest.mark.parametrize(
    ("apart", "order", "together"),
    [
        pytest.param([0, 3, 12, 4, 6], [0, 2, 1, 4, 3], [0, 36, 4, 6], id="space turned, too"),
        pytest.param([0, 3, 12, 4, 6], [0, 2, 1, 3, 4], [0, 12, 12, 6], id="another shape"),
        pytest.param([0, 2, 2, 9, 4, 6], [0, 3, 4, 2, 5, 1], [0, 9, 8, 12], id="blocks exchanged"),
        pytest.param([0, 2, 2, 9, 4, 6], [0, 3, 4, 1, 5, 2], [0, 9, 12, 8], id="other sizes"),
        pytest.param([0, 2, 3, 6, 4, 6], [0, 3, 4, 1, 5, 2], [0, 6, 8, 18], id="blocks not square"),
    ],
)
def test_other_rearrangements_stay(apart: list[int], order: list[int], together: list[int]) -> None:
    graph, (x,) = h.inputs((None, 36, 4, 6))
    one_output(graph, rearranged(x, apart, order, together))
    h.unchanged(graph, movement.shuffle_fusion)


# -- parts and wholes


def test_nested_concats() -> None:
    graph, (x, y) = h.inputs((2, 3, 4), (2, 5, 4))
    one_output(graph, ops.Concat([x, ops.Concat([y, ops.Abs(x)], axis=1), y], axis=-2))
    h.check(graph, movement.parts_fusion)
    assert h.kinds(graph) == ["Abs", "Concat"] and len(h.only(graph, ops.Concat).operands) == 4


def test_concat_along_another_axis_stays() -> None:
    graph, (x,) = h.inputs((2, 3, 4))
    one_output(graph, ops.Concat([x, ops.Concat([x], axis=0)], axis=1))
    h.unchanged(graph, movement.parts_fusion)


def test_concat_that_others_read_stays() -> None:
    graph, (x,) = h.inputs((2, 3, 4))
    inner = ops.Concat([x, x], axis=1)
    graph.add_output(ops.Concat([x, inner], axis=1), "y")
    graph.add_output(inner, "z")
    h.unchanged(graph, movement.parts_fusion)


def test_parts_put_together_again() -> None:
    graph, (x,) = h.inputs((2, 6, 4))
    y = ops.Concat(ops.Split(x, constant(1), num_splits=3).results, axis=-2)
    y = ops.Concat(ops.VariadicSplit(y, constant(-1), constant([1, -1])).results, axis=2)
    one_output(graph, ops.Sigmoid(y))
    h.check(graph, movement.parts_fusion)
    assert h.kinds(graph) == ["Sigmoid"]


def test_parts_in_another_order_stay() -> None:
    graph, (x,) = h.inputs((2, 6, 6))
    parts = ops.Split(x, constant(1), num_splits=2).results
    graph.add_output(ops.Concat(parts[::-1], axis=1), "y")
    graph.add_output(ops.Concat(parts, axis=2), "z")
    graph.add_output(ops.Concat(parts[:1], axis=1), "w")
    h.unchanged(graph, movement.parts_fusion)


def part(x: Value, start: int, stop: int, axis: int = 1) -> Value:
    return ops.Slice(x, [start], [stop], [1], [axis])


def test_slices_that_share_an_axis_out() -> None:
    graph, (x,) = h.inputs((None, 6, 4))
    parts = [part(x, 4, 2**31), part(x, 0, 1), part(x, 1, -2, -2), part(x, 0, 1)]
    for i, v in enumerate(parts):
        graph.add_output(ops.Sigmoid(v), f"y{i}")
    h.check(graph, movement.parts_fusion)
    assert h.kinds(graph).count("VariadicSplit") == 1 and "Slice" not in h.kinds(graph)


@pytest.mark.parametrize("ranges", [[(0, 3), (2, 6)], [(0, 2), (3, 6)], [(0, 3), (3, 5)], [(0, 6)]])
def test_slices_with_gaps_or_overlaps_stay(ranges: list[tuple[int, int]]) -> None:
    graph, (x,) = h.inputs((None, 6, 4))
    for i, (a, b) in enumerate(ranges):
        graph.add_output(part(x, a, b), f"y{i}")
    h.unchanged(graph, movement.parts_fusion)


# -- reductions


REDUCTIONS: list[tuple[str, Build, list[str]]] = [
    ("squeezed", lambda x: ops.Squeeze(ops.ReduceMax(x, [1, 3], keep_dims=True), [3, 1]), ["ReduceMax"]),
    (
        "flattened",
        lambda x: ops.Reshape(ops.ReduceMean(x, [2, 3], keep_dims=True), [0, -1], special_zero=True),
        ["ReduceMean"],
    ),
    ("put in again", lambda x: ops.Unsqueeze(ops.ReduceSum(x, [1], keep_dims=False), [1]), ["ReduceSum"]),
    (
        "one by one",
        lambda x: ops.ReduceMean(ops.ReduceMean(x, [3], keep_dims=True), [2], keep_dims=True),
        ["ReduceMean"],
    ),
    (
        "one by one, dropped",
        lambda x: ops.ReduceSum(ops.ReduceSum(x, [1], keep_dims=False), [1], keep_dims=False),
        ["ReduceSum"],
    ),
    ("lengths", lambda x: ops.ReduceL2(ops.ReduceL2(x, [1], keep_dims=True), [3], keep_dims=True), ["ReduceL2"]),
]


@pytest.mark.parametrize(("build", "kinds"), [pytest.param(b, k, id=n) for n, b, k in REDUCTIONS])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (None, 3, None, None)])
def test_reductions(build: Build, kinds: list[str], shape: tuple[int | None, ...]) -> None:
    graph, (x,) = h.inputs(shape)
    one_output(graph, build(x))
    h.check(graph, movement.reduction_fusion)
    assert h.kinds(graph) == kinds


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: ops.Squeeze(ops.ReduceMax(x, [1, 3], keep_dims=True), [1]), id="one axis left"),
        pytest.param(lambda x: ops.Unsqueeze(ops.ReduceSum(x, [1], keep_dims=False), [2]), id="another place"),
        pytest.param(
            lambda x: ops.ReduceMax(ops.ReduceMin(x, [1], keep_dims=True), [2], keep_dims=True), id="two kinds"
        ),
        pytest.param(
            lambda x: ops.ReduceSum(ops.ReduceSum(x, [1], keep_dims=True), [1], keep_dims=True), id="twice the same"
        ),
        pytest.param(
            lambda x: ops.ReduceSum(ops.ReduceSum(x, [1], keep_dims=True), [1], keep_dims=False), id="kept, then not"
        ),
    ],
)
def test_other_reductions_stay(build: Build) -> None:
    graph, (x,) = h.inputs((2, 3, 4, 5))
    one_output(graph, build(x))
    h.unchanged(graph, movement.reduction_fusion)


def test_all_together_keep_a_network_as_it_is() -> None:
    graph, (x,) = h.inputs((2, 4, 8, 8))
    y = ops.ReLU(conv(spatial_pad(x)))
    y = pool(ops.MaxPool, spatial_pad(y))
    parts = [part(y, 0, 2), part(y, 2, 5)]
    one_output(
        graph,
        ops.Reshape(
            ops.ReduceMean(ops.Concat(parts[::-1], axis=1), [2, 3], keep_dims=True), [2, 5], special_zero=False
        ),
    )
    context = h.check(graph, *movement.PASSES, context=Context())
    assert context.record.firings
