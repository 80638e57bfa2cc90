"""Converters of Darknet's layers: the parameters are the keys of the `.cfg`, with Darknet's defaults.

Values are N, C, H, W, and N, C after `connected`. An unknown key is an error, unless training alone uses it.
"""

from __future__ import annotations

from typing import TypeAlias

from mo_core.build import (
    channel_vector,
    concat,
    constant_like,
    dim,
    dim_size,
    flatten,
    ints,
    permute,
    reshape_keeping,
    reshape_to,
    slice_axis,
    split,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import converter
from mo_core.ir import Value
from mo_core.ir.sources import read_source
from mo_core.ops import (
    Add,
    AvgPool,
    BatchNormInference,
    Convolution,
    DepthToSpace,
    Divide,
    GroupConvolution,
    Interpolate,
    MatMul,
    MaxPool,
    Multiply,
    Pad,
    ReduceMax,
    ReduceMean,
    ReorgYolo,
    Softmax,
    SpaceToDepth,
)
from mo_darknet.activations import activated

Ints: TypeAlias = "tuple[int, ...]"
TRAINING = """stopbackward train_only_bn learning_rate_scale onlyforward burnin_update wait_stream stream keep_delta_gpu
grad_centr dontloadscales flip angle saturation exposure shift hue noloss""".split()


def _strides(stride: int, stride_y: int, stride_x: int) -> Ints:
    return stride_y or stride, stride_x or stride


def _normalised(x: Value, scales: Value | None, biases: Value, mean: Value | None, variance: Value | None) -> Value:
    """The biases are added last, to what is normalised where it is."""
    if scales is None or mean is None or variance is None:
        return Add(x, channel_vector(biases, x.rank - 2))
    return BatchNormInference(x, scales, biases, mean, variance, epsilon=1e-6)


@converter("convolutional", ignore=["filters", "batch_normalize", *TRAINING])
def convolutional(
    x: Value,
    biases: Value,
    *rest: Value,
    size: int = 1,
    stride: int = 1,
    stride_x: int = 0,
    stride_y: int = 0,
    pad: bool = False,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    flipped: bool = False,
    activation: str = "logistic",
) -> Value:
    """`rest` are the scales, means and variances of a normalisation, if there is one, and the weights."""
    if flipped:
        raise Unsupported("weights that are flipped are not supported")
    *statistics, weights = rest
    dilation = dilation if size > 1 else 1
    pads = (dilation * (size // 2 if pad else padding),) * 2
    strides, kind = _strides(stride, stride_y, stride_x), Convolution if groups == 1 else GroupConvolution
    y = kind(x, weights, strides=strides, pads_begin=pads, pads_end=pads, dilations=(dilation, dilation))
    scales, mean, variance = statistics or (None, None, None)
    return activated(_normalised(y, scales, biases, mean, variance), activation)


@converter("connected", ignore=["output", "batch_normalize", *TRAINING])
def connected(
    x: Value,
    biases: Value,
    matrix: Value,
    scales: Value | None = None,
    mean: Value | None = None,
    variance: Value | None = None,
    *,
    activation: str = "logistic",
) -> Value:
    """`matrix` has a row for each output."""
    y = MatMul(flatten(x, 1), matrix, transpose_a=False, transpose_b=True)
    return activated(_normalised(y, scales, biases, mean, variance), activation)


@converter("local", ignore=["filters", *TRAINING])
def local(
    x: Value,
    biases: Value,
    weights: Value,
    *,
    size: int = 1,
    stride: int = 1,
    pad: bool = False,
    activation: str = "logistic",
) -> Value:
    """A convolution with weights of its own at every place: `weights` is places, filters, channels * size * size."""
    edge = [0, 0, int(pad), int(pad)]
    padded = Pad(x, edge, edge) if pad else x
    height, width = ((side - size) // stride + 1 for side in padded.static_shape[2:])
    rows = [slice_axis(padded, 2, i, i + stride * (height - 1) + 1, stride) for i in range(size)]
    cells = [slice_axis(row, 3, j, j + stride * (width - 1) + 1, stride) for row in rows for j in range(size)]
    patches = reshape_keeping(concat([unsqueeze(c, 2) for c in cells], 2), [0, -1, height * width])
    y = permute(MatMul(weights, permute(patches, (2, 1, 0))), (2, 1, 0))  # places, filters, N and back
    return activated(reshape_keeping(Add(y, biases), [0, 0, height, width]), activation)


# -- pooling


@converter("maxpool", ignore=TRAINING)
def maxpool(
    x: Value,
    *,
    size: int | None = None,
    stride: int = 1,
    stride_x: int = 0,
    stride_y: int = 0,
    padding: int | None = None,
    maxpool_depth: bool = False,
    out_channels: int = 1,
) -> Value:
    """`padding` is that of both sides together, size - 1 by default; the odd one is at the end."""
    if maxpool_depth:  # channels that have the same remainder by `out_channels`
        if dim(x, 1) % out_channels:
            raise Unsupported(f"the depth of {x.label} is no multiple of {out_channels}")
        height, width = dim_size(x, 2), dim_size(x, 3)
        apart = reshape_to(x, [dim_size(x, 0), -1, out_channels, height, width])
        return ReduceMax(apart, ints([1]), keep_dims=False)
    kernel, begin, end = _window(size or stride, padding)
    strides = _strides(stride, stride_y, stride_x)
    return MaxPool(x, strides=strides, kernel=kernel, pads_begin=begin, pads_end=end).results[0]


@converter("local_avgpool", ignore=TRAINING)
def local_avgpool(
    x: Value,
    *,
    size: int | None = None,
    stride: int = 1,
    stride_x: int = 0,
    stride_y: int = 0,
    padding: int | None = None,
) -> Value:
    kernel, begin, end = _window(size or stride, padding)
    strides = _strides(stride, stride_y, stride_x)
    return AvgPool(x, strides=strides, pads_begin=begin, pads_end=end, kernel=kernel, exclude_pad=True)


def _window(size: int, padding: int | None) -> tuple[Ints, Ints, Ints]:
    both = size - 1 if padding is None else padding
    return (size, size), (both // 2,) * 2, (both - both // 2,) * 2


@converter("avgpool", ignore=TRAINING)
def avgpool(x: Value) -> Value:
    return ReduceMean(x, ints([2, 3]), keep_dims=True)


# -- moving and joining


@converter("route", ignore=["layers", *TRAINING])
def route(*inputs: Value, groups: int = 1, group_id: int = 0) -> Value:
    """Layers one after the other, or of each of them one of several parts of its channels."""
    return concat([split(v, 1, groups)[group_id] for v in inputs], 1)


@converter("shortcut", ignore=["from", "weights_normalization", *TRAINING])
def shortcut(x: Value, *named: Value, activation: str = "linear", weights_type: str = "none") -> Value:
    """The sum has the size of `x`: what another layer has more is left out, what it lacks is zero."""
    if weights_type != "none":
        raise Unsupported(f"weights_type={weights_type} is not supported", "Train it without weights of shortcuts.")
    for other in named:
        x = Add(x, _fitted(other, x))
    return activated(x, activation)


def _fitted(other: Value, x: Value) -> Value:
    size, wanted = other.static_shape, x.static_shape
    steps = [have // want for have, want in zip(size[2:], wanted[2:])]
    if 0 in steps or len({*steps}) > 1:
        raise Unsupported(f"a shortcut from {list(size[1:])} to {list(wanted[1:])} is not supported")
    for axis, step in zip((2, 3), steps):
        other = slice_axis(other, axis, 0, step=step) if step > 1 else other
    more = wanted[1] - size[1]
    return Pad(other, [0] * 4, [0, more, 0, 0]) if more > 0 else slice_axis(other, 1, 0, wanted[1]) if more else other


@converter("scale_channels", ignore=["from", "scale_wh", *TRAINING])
@converter("sam", ignore=["from", *TRAINING])
def scaled(x: Value, other: Value, *, activation: str = "linear") -> Value:
    """`x` has a number for each channel, place, or element of the other layer."""
    return activated(Multiply(other, x), activation)


@converter("upsample", ignore=TRAINING)
def upsample(x: Value, *, stride: int = 2, scale: float = 1.0) -> Value:
    factors, axes = constant_like(x, [stride, stride]), ints([2, 3])
    y = Interpolate(
        x,
        factors,
        axes,
        mode="nearest",
        shape_calculation_mode="scales",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return y if scale == 1 else Multiply(y, scale)


@converter("reorg", ignore=TRAINING)
def reorg(x: Value, *, stride: int = 1, reverse: bool = False, flatten: bool = False, extra: int = 0) -> Value:
    """Darknet takes the blocks out of a wider image of fewer channels, which has the same elements in memory."""
    if flatten or extra:
        raise Unsupported("reorg with flatten or extra is not supported")
    if reverse:
        return DepthToSpace(x, mode="blocks_first", block_size=stride)
    return ReorgYolo(x, stride=(stride, stride))


@converter("reorg3d", ignore=TRAINING)
def reorg3d(x: Value, *, stride: int = 1, reverse: bool = False) -> Value:
    return (DepthToSpace if reverse else SpaceToDepth)(x, mode="blocks_first", block_size=stride)


@converter("crop", ignore=TRAINING)
def crop(x: Value, *, crop_height: int, crop_width: int, noadjust: bool = False) -> Value:
    """The middle of an image, and 0 to 1 becomes -1 to 1 unless that is switched off."""
    for axis, size in ((2, crop_height), (3, crop_width)):
        begin = (x.static_shape[axis] - size) // 2
        x = slice_axis(x, axis, begin, begin + size)
    return x if noadjust else Add(Multiply(x, 2.0), -1.0)


# -- the rest


@converter("dropout", ignore="*")
@converter("cost", ignore="*")
def same(x: Value) -> Value:
    return x


@converter("activation", ignore=TRAINING)
def activation_(x: Value, *, activation: str = "linear") -> Value:
    return activated(x, activation)


@converter("softmax", ignore=TRAINING)
def softmax(
    x: Value, *, groups: int = 1, tree: str | None = None, temperature: float = 1.0, spatial: bool = False
) -> Value:
    """Over all elements, over those of each group, over channels, or over the siblings in a tree of classes."""
    x = x if temperature == 1 else Divide(x, temperature)
    if tree is not None:
        return softmax_of_siblings(x, tree, 1)
    if spatial:
        return Softmax(x, axis=1)
    return reshape_to(Softmax(reshape_keeping(x, [0, groups, -1]), axis=2), [dim_size(x, a) for a in range(x.rank)])


def softmax_of_siblings(x: Value, path: str, axis: int) -> Value:
    """A softmax over each run of classes with one parent; a line of the file is a class and its parent's number."""
    try:
        parents = [line.split()[1] for line in read_source(path).decode().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, IndexError) as e:
        raise ModelError(f'cannot read the tree "{path}": {e}', "Run mo in the folder that its path begins at.") from e
    starts = [i for i, parent in enumerate(parents) if not i or parent != parents[i - 1]]
    lengths = [end - start for start, end in zip(starts, [*starts[1:], len(parents)])]
    return concat([Softmax(part, axis=axis) for part in split(x, axis, lengths)], axis)
