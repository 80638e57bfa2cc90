"""The offsets of Crop layers of the first fully convolutional networks (V1 type `CROP`), which do not state them.

There the two bottoms are aligned by what the layers between them and a common ancestor do to coordinates: place i of
the top of a convolution sees place `stride * i + (kernel - 1) / 2 - pad` of its bottom.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from mo_caffe.network import Layer, Value
from mo_caffe.window import per_axis
from mo_core.errors import ModelError

MAX_CROPS = 64
_SANE = 1 << 40
_BLOCKS = {"Convolution": "convolution_param", "Deconvolution": "convolution_param", "Pooling": "pooling_param"}
_KEEPING = frozenset(
    (
        "AbsVal",
        "BatchNorm",
        "Bias",
        "BNLL",
        "Concat",
        "Dropout",
        "Eltwise",
        "ELU",
        "Exp",
        "Log",
        "LRN",
        "MVN",
        "Power",
        "PReLU",
        "ReLU",
        "Scale",
        "Sigmoid",
        "Softmax",
        "Split",
        "TanH",
        "Threshold",
    )
)


class Map(NamedTuple):
    """Place i of one blob lies at `scale * i + shift` of another, for height and width."""

    scale: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1))
    shift: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def then(self, other: Map) -> Map:
        """First this map, then the other."""
        (a, b), (c, d) = other.scale, other.shift
        (e, f), (g, h) = self.scale, self.shift
        return Map((a * e, b * f), (a * g + c, b * h + d))

    @property
    def is_sane(self) -> bool:
        """False beyond what any image has; numbers could grow without limit otherwise."""
        return all(abs(n.numerator) < _SANE and n.denominator < _SANE for n in (*self.scale, *self.shift))

    def inverse(self) -> Map:
        """The way back."""
        (a, b), (c, d) = self.scale, self.shift
        return Map((1 / a, 1 / b), (-c / a, -d / b))


def state_offsets(layers: Iterable[Layer]) -> None:
    """Write the offsets into those crops (in the order of execution) that lack them; raises ModelError."""
    lacking = [layer for layer in layers if layer.type == "CROP" and "crop_param" not in layer.fields]
    if len(lacking) > MAX_CROPS:
        raise ModelError(f"{len(lacking)} layers of the type CROP are too many")
    for layer in lacking:
        try:
            layer.fields["crop_param"] = {"axis": 2, "offset": list(_offsets(layer))}
        except ModelError as e:
            raise e.note(f'layer "{layer.name}" (CROP)') from None


def _offsets(layer: Layer) -> tuple[int, int]:
    """Where the first bottom of a crop begins to be the second one; raises ModelError when nothing aligns them."""
    if len(layer.inputs) != 2:
        raise ModelError(f"there are {len(layer.inputs)} bottoms, and a crop needs two")
    first, second = (_ancestors(v) for v in layer.inputs)
    for value, to_ancestor in second.items():
        if value in first:
            aligned = to_ancestor.then(first[value].inverse())
            whole = [s.numerator for s in aligned.shift if s.denominator == 1 and s >= 0]
            if any(s != 1 for s in aligned.scale) or len(whole) != 2:
                raise ModelError("the bottoms cannot be aligned by a crop", "Give the offsets with crop_param.")
            return whole[0], whole[1]
    raise ModelError("the bottoms have no common ancestor by which they could be aligned")


def _ancestors(value: Value) -> dict[Value, Map]:
    """All values that `value` is computed from place by place, nearest first, with the way to their coordinates."""
    found = {value: Map()}
    waiting = deque([value])
    while waiting:
        current = waiting.popleft()
        step = _step(current.layer)
        if step is None or not found[current].is_sane:
            continue
        for bottom in current.layer.inputs[:1] if current.layer.type in ("Crop", "CROP") else current.layer.inputs:
            if bottom not in found:
                found[bottom] = found[current].then(step)
                waiting.append(bottom)
    return found


def _step(layer: Layer) -> Map | None:
    """From the coordinates of the top of a layer to those of its bottoms."""
    if layer.type in _KEEPING:
        return Map()
    if layer.type in ("Crop", "CROP"):
        given = layer.fields.get("crop_param", {}).get("offset") or [0]
        return Map(shift=(Fraction(given[0]), Fraction(given[-1])))
    if layer.type not in _BLOCKS:
        return None
    fields = layer.fields.get(_BLOCKS[layer.type], {})

    def of(name: str, default: int) -> tuple[int, ...]:
        many = fields.get(name if name != "kernel" else "kernel_size", ())
        given = (many,) if isinstance(many, int) else tuple(many)
        return per_axis(2, given, fields.get(f"{name}_h"), fields.get(f"{name}_w"), default, name)

    stride, pad, kernel, dilation = of("stride", 1), of("pad", 0), of("kernel", 1), of("dilation", 1)
    shift = [Fraction((k - 1) * d, 2) - p for k, d, p in zip(kernel, dilation, pad)]
    if min(stride) < 1:
        raise ModelError(f'the stride of "{layer.name}" is 0')
    seen = Map((Fraction(stride[0]), Fraction(stride[1])), (shift[0], shift[1]))
    return seen.inverse() if layer.type == "Deconvolution" else seen
