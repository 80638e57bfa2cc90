"""What each section says of its layer: the size, and the weights that it takes from the file."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from mo_core.errors import ModelError, Unsupported, did_you_mean
from mo_darknet.cfg import Section


class Size(NamedTuple):
    """Channels, height and width of what a layer gives for one image."""

    channels: int
    height: int
    width: int


class Layer(NamedTuple):
    """The size of a layer, and the weights that it takes, in the order of the file."""

    size: Size
    weights: list[tuple[str, tuple[int, ...]]] = []


Rule = Callable[[Section, Size, list[Size]], Layer]
"""From the section, the size of the layer before, and those of the layers that it names."""


def of_input(net: Section) -> Size:
    """The size of the input."""
    if "inputs" in net.keys and "height" not in net.keys:
        return Size(net.whole("inputs", least=1), 1, 1)
    return Size(net.whole("channels", 3, 1), net.whole("height", least=1), net.whole("width", least=1))


def _windows(s: Section, x: Size, channels: int, size: int, padding: int) -> Size:
    """Places of a window of `size`; `padding` is that of both sides together."""
    stride = s.whole("stride", 1, 1)
    down, across = s.whole("stride_y", stride, 1), s.whole("stride_x", stride, 1)
    s.keys.update(strides=(down, across), padding=padding)
    return Size(channels, (x.height + padding - size) // down + 1, (x.width + padding - size) // across + 1)


def _biases(s: Section, count: int) -> list[tuple[str, tuple[int, ...]]]:
    names = ("biases", "scales", "mean", "variance") if s.whole("batch_normalize", 0) else ("biases",)
    return [(name, (count,)) for name in names]


def _convolutional(s: Section, x: Size, named: list[Size]) -> Layer:
    filters, size, groups = s.whole("filters", 1, 1), s.whole("size", 1, 1), s.whole("groups", 1, 1)
    if filters % groups or x.channels % groups:
        raise ModelError(f"{x.channels} channels and {filters} filters are no {groups} groups", "Correct the .cfg.")
    pad, padding = s.whole("pad", 0), s.whole("padding", 0)
    kernel = (filters // groups, x.channels // groups, size, size)
    weights = ("weights", (groups, *kernel) if groups > 1 else kernel)
    y = _windows(s, x, filters, size, 2 * (size // 2 if pad else padding))
    return Layer(y, [*_biases(s, filters), weights])


def _connected(s: Section, x: Size, named: list[Size]) -> Layer:
    outputs = s.whole("output", 1, 1)
    first, *normalised = _biases(s, outputs)
    return Layer(Size(outputs, 1, 1), [first, ("matrix", (outputs, prod(x))), *normalised])


def _local(s: Section, x: Size, named: list[Size]) -> Layer:
    filters, size, pad = s.whole("filters", 1, 1), s.whole("size", 1, 1), s.whole("pad", 0)
    if pad and size != 3:  # Darknet pads by 1, and counts places as if that were enough
        raise Unsupported(f"local with pad and size {size} is not supported", "Give it size 3.")
    y = _windows(s, x, filters, size, 2 if pad else 0)
    places = y.height * y.width
    return Layer(y, [("biases", (filters, places)), ("weights", (places, filters, x.channels * size * size))])


def _pooling(s: Section, x: Size, named: list[Size]) -> Layer:
    size = s.whole("size", s.keys.get("stride", 1), 1)
    return Layer(_windows(s, x, x.channels, size, s.whole("padding", size - 1)))


def _route(s: Section, x: Size, named: list[Size]) -> Layer:
    groups, group, first = s.whole("groups", 1, 1), s.whole("group_id", 0), named[0]
    if any(n[1:] != first[1:] or n.channels % groups for n in named) or group >= groups:
        raise ModelError(f"{[tuple(n) for n in named]} do not fit each other in {groups} groups", "Correct the .cfg.")
    return Layer(first._replace(channels=sum(n.channels // groups for n in named)))


def _upsample(s: Section, x: Size, named: list[Size]) -> Layer:
    stride = s.whole("stride", 2, 1)
    return Layer(Size(x.channels, x.height * stride, x.width * stride))


def _reorg(s: Section, x: Size, named: list[Size]) -> Layer:
    stride, back = s.whole("stride", 1, 1), s.whole("reverse", 0)
    y = Size(x.channels * stride**2, x.height // stride, x.width // stride)
    y = Size(x.channels // stride**2, x.height * stride, x.width * stride) if back else y
    if prod(x) != prod(y) or (s.kind == "reorg" and x.channels % stride**2):
        raise ModelError(f"a layer of size {tuple(x)} cannot be rearranged by {stride}", "Correct the .cfg.")
    return Layer(y)


def _crop(s: Section, x: Size, named: list[Size]) -> Layer:
    height, width = s.whole("crop_height", least=1), s.whole("crop_width", least=1)
    if height > x.height or width > x.width:
        raise ModelError(f"{height} x {width} cannot be cut out of {x.height} x {x.width}", "Correct the .cfg.")
    return Layer(Size(x.channels, height, width))


def _boxes(s: Section, x: Size, named: list[Size]) -> Layer:
    boxes, classes = len(s.keys.get("mask", ())) or s.whole("num", 1, 1), s.whole("classes", least=1)
    if x.channels != boxes * (5 + classes):
        raise ModelError(f"{x.channels} channels are no {boxes} boxes with {classes} classes", "Correct the .cfg.")
    return Layer(x)


_SAME_SIZE = "dropout softmax cost activation shortcut sam detection".split()
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME_SIZE, lambda s, x, named: Layer(x)),
    "convolutional": _convolutional,
    "connected": _connected,
    "local": _local,
    "maxpool": _pooling,
    "avgpool": lambda s, x, named: Layer(Size(x.channels, 1, 1)),
    "route": _route,
    "upsample": _upsample,
    "reorg": _reorg,
    "reorg3d": _reorg,
    "crop": _crop,
    "region": _boxes,
    "yolo": _boxes,
    "scale_channels": lambda s, x, named: Layer(named[0]),
}
_SHORT = {"conv": "convolutional", "conn": "connected", "max": "maxpool", "avg": "avgpool", "soft": "softmax"}
_REFUSED = """rnn gru lstm crnn conv_lstm deconvolutional contrastive gaussian_yolo iseg l2norm logxent normalization
batchnorm local_avgpool""".split()
_REFUSED_KEYS = """xnor binary antialiasing share_index deform rotate stretch sway stretch_sway assisted_excitation
dontload flipped maxpool_depth flatten extra background""".split()
_ONLY = {**dict.fromkeys(_REFUSED_KEYS, 0), "coords": 4, "weights_type": "none"}
"""Keys that would change the result, and the only value of each that is supported."""


def rule(s: Section) -> Rule:
    """The rule for a section, whose kind gets its long name; raises Unsupported for what is not supported."""
    s.kind = _SHORT.get(s.kind, s.kind)
    if s.kind in _REFUSED:
        raise Unsupported(f"the layer {s.kind} is not supported", "Cut it off the .cfg.", where=s.place())
    for key, only in _ONLY.items():
        if s.keys.pop(key, only) != only:
            raise Unsupported(f"{key} is supported as {only} only", "Train with that.", where=s.place(key))
    if s.kind not in _RULES:
        remedy = did_you_mean(s.kind, _RULES) or "Correct the .cfg."
        raise ModelError(f'there is no layer "{s.kind[:40]}"', remedy, where=s.place())
    return _RULES[s.kind]
