"""Sizes of layers, which say how many weights each of them takes from the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from mo_core.errors import ModelError, Unsupported, did_you_mean
from mo_darknet.cfg import Section


class Size(NamedTuple):
    """Channels, height and width of what a layer gives for one image."""

    channels: int
    height: int
    width: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        return self.channels * self.height * self.width


class Found(NamedTuple):
    """The size of a layer, and the weights that it takes, in the order of the file."""

    size: Size
    weights: list[tuple[str, tuple[int, ...]]] = []


Rule: TypeAlias = "Callable[[Section, Size, list[Size]], Found]"
"""From the section, the size of the layer before, and those of the layers that it names."""


def of_input(net: Section) -> Size:
    """The size of the input."""
    if "inputs" in net.keys and "height" not in net.keys:
        return Size(net.whole("inputs", least=1), 1, 1)
    return Size(net.whole("channels", 3, 1), net.whole("height", least=1), net.whole("width", least=1))


def windows(s: Section, x: Size, size: int, padding: int, channels: int) -> Size:
    """Places of a window of `size`; `padding` is that of both sides together."""
    stride = s.whole("stride", 1, 1)
    down, across = s.whole("stride_y", stride, 1), s.whole("stride_x", stride, 1)
    return Size(channels, (x.height + padding - size) // down + 1, (x.width + padding - size) // across + 1)


def _convolutional(s: Section, x: Size, named: list[Size]) -> Found:
    filters, size, groups = s.whole("filters", 1, 1), s.whole("size", 1, 1), s.whole("groups", 1, 1)
    if filters % groups or x.channels % groups:
        raise ModelError(f"{x.channels} channels and {filters} filters cannot be divided into {groups} groups")
    padding = size // 2 if s.whole("pad", 0) else s.whole("padding", 0)
    kernel = (filters // groups, x.channels // groups, size, size)
    weights = ("weights", (groups, *kernel) if groups > 1 else kernel)
    return Found(windows(s, x, size, 2 * padding, filters), [*_biases(s, filters), weights])


def _biases(s: Section, count: int) -> list[tuple[str, tuple[int, ...]]]:
    names = ("biases", "scales", "mean", "variance") if s.whole("batch_normalize", 0) else ("biases",)
    return [(name, (count,)) for name in names]


def _connected(s: Section, x: Size, named: list[Size]) -> Found:
    outputs = s.whole("output", 1, 1)
    first, *normalised = _biases(s, outputs)
    return Found(Size(outputs, 1, 1), [first, ("matrix", (outputs, x.elements)), *normalised])


def _local(s: Section, x: Size, named: list[Size]) -> Found:
    filters, size, pad = s.whole("filters", 1, 1), s.whole("size", 1, 1), int(s.whole("pad", 0) > 0)
    if pad and size != 3:
        raise Unsupported(f"local with pad and size {size} is not supported", "Darknet itself is right for size 3.")
    y = windows(s, x, size, 2 * pad, filters)
    places = y.height * y.width
    return Found(y, [("biases", (filters, places)), ("weights", (places, filters, x.channels * size * size))])


def _pooling(s: Section, x: Size, named: list[Size]) -> Found:
    size = s.whole("size", s.whole("stride", 1, 1), 1)
    deep = s.whole("maxpool_depth", 0)
    if deep:
        return Found(x._replace(channels=s.whole("out_channels", 1, 1)))
    return Found(windows(s, x, size, s.whole("padding", size - 1), x.channels))


def _route(s: Section, x: Size, named: list[Size]) -> Found:
    groups, first = s.whole("groups", 1, 1), named[0]
    if any(n[1:] != first[1:] or n.channels % groups for n in named) or s.whole("group_id", 0) >= groups:
        raise ModelError(f"layers of sizes {[tuple(n) for n in named]} cannot be joined as {groups} groups")
    return Found(first._replace(channels=sum(n.channels // groups for n in named)))


def _upsample(s: Section, x: Size, named: list[Size]) -> Found:
    stride = s.whole("stride", 2, 1)
    return Found(Size(x.channels, x.height * stride, x.width * stride))


def _reorg(s: Section, x: Size, named: list[Size]) -> Found:
    stride, back = s.whole("stride", 1, 1), s.whole("reverse", 0)
    channels, height, width = (s.kind == "reorg" or bool(back)) and x.channels % stride**2, x.height, x.width
    if channels or (not back and (height % stride or width % stride)):
        raise ModelError(f"a layer of size {tuple(x)} cannot be rearranged by {stride}")
    if back:
        return Found(Size(x.channels // stride**2, height * stride, width * stride))
    return Found(Size(x.channels * stride**2, height // stride, width // stride))


def _crop(s: Section, x: Size, named: list[Size]) -> Found:
    y = Size(x.channels, s.whole("crop_height", least=1), s.whole("crop_width", least=1))
    if y.height > x.height or y.width > x.width:
        raise ModelError(f"{y.height} x {y.width} cannot be cut out of {x.height} x {x.width}")
    return Found(y)


def _same(s: Section, x: Size, named: list[Size]) -> Found:
    return Found(x)


_RULES: dict[str, Rule] = {
    "convolutional": _convolutional,
    "connected": _connected,
    "local": _local,
    "maxpool": _pooling,
    "local_avgpool": _pooling,
    "avgpool": lambda s, x, named: Found(Size(x.channels, 1, 1)),
    "route": _route,
    "upsample": _upsample,
    "reorg": _reorg,
    "reorg3d": _reorg,
    "crop": _crop,
    "scale_channels": lambda s, x, named: Found(named[0]),
    **dict.fromkeys(
        ("dropout", "softmax", "cost", "activation", "shortcut", "sam", "region", "yolo", "detection"), _same
    ),
}
_NAMES = {"conv": "convolutional", "conn": "connected", "max": "maxpool", "avg": "avgpool", "soft": "softmax"}
"""Short names that Darknet knows as well."""
_REFUSED = (
    "rnn gru lstm crnn conv_lstm deconvolutional contrastive gaussian_yolo iseg l2norm logxent normalization batchnorm"
)
_REFUSED_KEYS = (
    "xnor binary antialiasing share_index deform rotate stretch sway stretch_sway assisted_excitation dontload"
)


def rule(s: Section) -> Rule:
    """The rule for a section, whose kind gets its long name; refuses what is not supported."""
    s.kind = _NAMES.get(s.kind, s.kind)
    if s.kind in _REFUSED.split():
        raise Unsupported(f"the layer {s.kind} is not supported", "Cut it off the .cfg.").note(s.place())
    if s.kind not in _RULES:
        raise ModelError(
            f'there is no layer "{s.kind[:40]}"', did_you_mean(s.kind, [*_RULES]) or "Correct the .cfg."
        ).note(s.place())
    for key in _REFUSED_KEYS.split():
        if s.keys.get(key):
            raise Unsupported(f"{key}={s.keys[key]} of {s.kind} is not supported", where=s.place(key))
    return _RULES[s.kind]
