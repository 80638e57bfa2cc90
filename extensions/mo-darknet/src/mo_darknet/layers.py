"""Converters of Darknet's layers: the parameters are the keys of the `.cfg`, with Darknet's defaults.

`strides` and `padding` are what the section says of windows: down and across, and both sides together.
Values are N, C, H, W, and N, C after `connected`.
"""

from collections.abc import Callable

from mo_core import build, ops
from mo_core.errors import ModelError, Unsupported, did_you_mean
from mo_core.frontend import converter
from mo_core.ir import Foreign, Value
from mo_core.ir.sources import read_source
from mo_core.ops import Add, Clamp, Multiply, Pad, PReLU, ReLU, Softmax

Ints = tuple[int, ...]
Reals = tuple[float, ...]


# -- activations


def _outside(x: Value, low: float, high: float, slope: float) -> Value:
    """x inside of the bounds, with a slope outside of them."""
    inside = Clamp(x, min=low, max=high)
    return Add(inside, Multiply(ops.Subtract(x, inside), slope))


_ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda x: x,
    "relu": ReLU,
    "leaky": lambda x: PReLU(x, build.constant_like(x, [0.1])),
    "relie": lambda x: PReLU(x, build.constant_like(x, [0.01])),
    "ramp": lambda x: Add(ReLU(x), Multiply(x, 0.1)),
    "relu6": lambda x: Clamp(x, min=0.0, max=6.0),
    "elu": lambda x: ops.Elu(x, alpha=1.0),
    "selu": lambda x: ops.Selu(x, build.constant_like(x, [1.6732]), build.constant_like(x, [1.0507])),
    "gelu": lambda x: ops.Gelu(x, approximation_mode="TANH"),
    "logistic": ops.Sigmoid,
    "loggy": lambda x: ops.Subtract(Multiply(ops.Sigmoid(x), 2.0), 1.0),
    "tanh": ops.Tanh,
    "swish": ops.Swish,
    "mish": ops.Mish,
    "hard_mish": lambda x: Multiply(x, ops.HardSigmoid(x, build.constant_like(x, 0.5), build.constant_like(x, 1.0))),
    "hardtan": lambda x: Clamp(x, min=-1.0, max=1.0),
    "lhtan": lambda x: _outside(x, 0.0, 1.0, 0.001),
    "plse": lambda x: _outside(Add(Multiply(x, 0.125), 0.5), 0.0, 1.0, 0.08),
    "normalize_channels": lambda x: ops.Divide(
        ReLU(x), Add(ops.ReduceSum(ReLU(x), build.ints([1]), keep_dims=True), 1e-4)
    ),
    "normalize_channels_softmax": lambda x: ops.Softmax(x, axis=1),
}


def activated(x: Value, name: str) -> Value:
    """x (any shape; channels are axis 1) after an activation; raises ModelError for a name that Darknet has not."""
    if name not in _ACTIVATIONS:
        raise ModelError(f'there is no activation "{name}"', did_you_mean(name, [*_ACTIVATIONS]) or "Correct the .cfg.")
    return _ACTIVATIONS[name](x)


# -- with weights


def _normalised(y: Value, biases: Value, statistics: tuple[Value, ...]) -> Value:
    """`statistics` are scales, means and variances, or nothing; the biases come last in any case."""
    if statistics:
        scales, mean, variance = statistics
        return ops.BatchNormInference(y, scales, biases, mean, variance, epsilon=1e-6)
    return Add(y, build.channel_vector(biases, y.rank - 2))


_WINDOW = ("size", "stride", "stride_x", "stride_y", "pad")


@converter("convolutional", ignore=["filters", "groups", "batch_normalize", *_WINDOW])
def convolutional(
    x: Value, biases: Value, *rest: Value, strides: Ints, padding: int, dilation: int = 1, activation: str = "logistic"
) -> Value:
    """`rest` are the statistics of a normalisation, if there is one, and the weights."""
    *statistics, weights = rest
    spread = dilation if weights.dims[-1] != 1 else 1
    pads, kind = (spread * padding // 2,) * 2, ops.Convolution if weights.rank == 4 else ops.GroupConvolution
    y = kind(x, weights, strides=strides, pads_begin=pads, pads_end=pads, dilations=(spread, spread))
    return activated(_normalised(y, biases, tuple(statistics)), activation)


@converter("connected", ignore=["output", "batch_normalize"])
def connected(x: Value, biases: Value, matrix: Value, *statistics: Value, activation: str = "logistic") -> Value:
    """`matrix` has a row for each output."""
    y = ops.MatMul(build.flatten(x, 1), matrix, transpose_b=True)
    return activated(_normalised(y, biases, statistics), activation)


@converter("local", ignore=["filters", *_WINDOW])
def local(
    x: Value, biases: Value, weights: Value, *, size: int, strides: Ints, padding: int, activation: str = "logistic"
) -> Value:
    """A convolution with weights of its own at every place: `weights` is places, filters, channels * size * size."""
    edge, kernel = [0, 0, padding // 2, padding // 2], (size, size)
    x = Pad(x, edge, edge) if padding else x
    patches = ops.ExtractImagePatches(x, sizes=kernel, strides=strides, rates=(1, 1), auto_pad="valid")
    _, depth, height, width = patches.static_shape
    # the file has the channels outside of the kernel, patches have them inside
    filters = build.reshape_to(weights, [height * width, -1, depth // size**2, size**2])
    filters = build.reshape_keeping(build.permute(filters, (0, 1, 3, 2)), [0, 0, -1])
    columns = build.reshape_to(build.permute(patches, (2, 3, 1, 0)), [height * width, depth, -1])
    y = build.permute(ops.MatMul(filters, columns), (2, 1, 0))
    return activated(build.reshape_keeping(Add(y, biases), [0, 0, height, width]), activation)


@converter("maxpool", ignore=_WINDOW)
def maxpool(x: Value, *, size: int, strides: Ints, padding: int) -> Value:
    """The odd one of the padding is at the end."""
    begin, end = (padding // 2,) * 2, (padding - padding // 2,) * 2
    return ops.MaxPool(x, strides=strides, pads_begin=begin, pads_end=end, kernel=(size, size)).results[0]


@converter("avgpool")
def avgpool(x: Value) -> Value:
    return ops.ReduceMean(x, build.ints([2, 3]), keep_dims=True)


# -- joining and moving


@converter("route", ignore=["layers"])
def route(*inputs: Value, groups: int, group_id: int) -> Value:
    """Layers one after the other, or of each of them one of several parts of its channels."""
    return build.concat([build.split(v, 1, groups)[group_id] for v in inputs], 1)


@converter("shortcut", ignore=["from"])
def shortcut(x: Value, *named: Value, activation: str = "linear") -> Value:
    """The sum has the size of `x`: what another layer has more is left out, what it lacks is zero."""
    for other in named:
        x = Add(x, _fitted(other, x))
    return activated(x, activation)


def _fitted(other: Value, x: Value) -> Value:
    (_, channels, *size), (_, wanted, *places) = other.static_shape, x.static_shape
    step = size[0] // places[0]
    if not step or step != size[1] // places[1]:
        raise Unsupported(f"a shortcut from {size} to {places} is not supported")
    for axis in (2, 3) if step > 1 else ():
        other = build.slice_axis(other, axis, 0, step=step)
    return Pad(other, [0] * 4, [0, wanted - channels, 0, 0]) if channels != wanted else other


@converter("scale_channels", ignore=["from", "scale_wh"])
@converter("sam", ignore=["from"])
def scaled(x: Value, other: Value, *, activation: str = "linear") -> Value:
    """`x` has a number for each channel, place, or element of the other layer."""
    return activated(Multiply(other, x), activation)


@converter("upsample")
def upsample(x: Value, *, stride: int, scale: float = 1.0) -> Value:
    factors = build.constant_like(x, [stride, stride])
    y = ops.Interpolate(x, factors, build.ints([2, 3]), mode="nearest", shape_calculation_mode="scales")
    y = y.evolve(coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return y if scale == 1 else Multiply(y, scale)


@converter("reorg")
@converter("reorg3d")
def reorg(x: Value, *, stride: int, reverse: bool, node: Foreign) -> Value:
    """reorg takes the blocks out of a wider image of fewer channels, which has the same elements in memory."""
    if reverse:
        return ops.DepthToSpace(x, mode="blocks_first", block_size=stride)
    if node.op == "reorg3d":
        return ops.SpaceToDepth(x, mode="blocks_first", block_size=stride)
    return ops.ReorgYolo(x, stride=(stride, stride))


@converter("crop")
def crop(x: Value, *, crop_height: int, crop_width: int, noadjust: bool = False) -> Value:
    """The middle of an image, and 0 to 1 becomes -1 to 1 unless that is switched off."""
    for axis, size in ((2, crop_height), (3, crop_width)):
        begin = (x.static_shape[axis] - size) // 2
        x = build.slice_axis(x, axis, begin, begin + size)
    return x if noadjust else Add(Multiply(x, 2.0), -1.0)


# -- the rest


@converter("dropout", ignore="*")
@converter("cost", ignore="*")
def same(x: Value) -> Value:
    return x


@converter("activation")
def activation_(x: Value, *, activation: str = "linear") -> Value:
    return activated(x, activation)


@converter("softmax")
def softmax(x: Value, *, groups: int = 1, tree: str = "", temperature: float = 1.0, spatial: bool = False) -> Value:
    """Over all elements, over those of each group, over channels, or over the siblings in a tree of classes."""
    x = ops.Divide(x, temperature)
    if tree:
        return softmax_of_siblings(x, tree, 1)
    if spatial:
        return Softmax(x, axis=1)
    y = Softmax(build.reshape_keeping(x, [0, groups, -1]), axis=2)
    return build.reshape_to(y, [build.dim_size(x, axis) for axis in range(x.rank)])


def softmax_of_siblings(x: Value, path: str, axis: int) -> Value:
    """A softmax over each run of classes with one parent; a line of the file is a class and its parent's number."""
    try:
        parents = [line.split()[1] for line in read_source(path).decode().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, IndexError) as e:
        raise ModelError(f'cannot read the tree "{path}": {e}', "Run mo in the folder that its path begins at.") from e
    starts = [i for i, parent in enumerate(parents) if not i or parent != parents[i - 1]]
    lengths = [end - start for start, end in zip(starts, [*starts[1:], len(parents)])]
    return build.concat([Softmax(part, axis=axis) for part in build.split(x, axis, lengths)], axis)
