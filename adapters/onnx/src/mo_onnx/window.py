"""Strides, dilations and paddings of sliding windows, as convolution and pooling share them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mo_core.build.windows import Spatial, per_axis, require_axes
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t

Ints: TypeAlias = "Sequence[int] | None"

AUTO_PADS = {
    "NOTSET": "explicit",
    "": "explicit",
    "SAME_UPPER": "same_upper",
    "SAME_LOWER": "same_lower",
    "VALID": "valid",
}


def spatial_attributes(axes: int, auto_pad: str, dilations: Ints, pads: Ints, strides: Ints) -> Spatial:
    """The attributes for this number of spatial axes; paddings that `auto_pad` overrules become zero."""
    require_axes(axes)
    mode = auto_pad_mode(auto_pad)
    begin, end = both_pads(axes, pads if mode == "explicit" else None)
    return Spatial(
        strides=per_axis(axes, strides, 1, "strides"),
        dilations=per_axis(axes, dilations, 1, "dilations"),
        pads_begin=begin,
        pads_end=end,
        auto_pad=mode,
    )


def auto_pad_mode(auto_pad: str) -> str:
    """ONNX's word for automatic padding as the IR's."""
    if auto_pad not in AUTO_PADS:
        raise ModelError(f'auto_pad is "{auto_pad}", which is none of {", ".join(filter(None, AUTO_PADS))}')
    return AUTO_PADS[auto_pad]


def both_pads(axes: int, pads: Ints) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Paddings at both ends, from ONNX's list of all at the beginnings and then all at the ends."""
    pads = tuple(pads or [0] * 2 * axes)
    if len(pads) != 2 * axes:
        raise ModelError(f"pads has {len(pads)} numbers, and {2 * axes} are needed for {axes} spatial axes")
    return pads[:axes], pads[axes:]


def require_kernel(w: Value, kernel_shape: Ints, spatial: Sequence[int] | None = None) -> None:
    """Raise ModelError when `kernel_shape` contradicts the filters (axes `spatial`, default: from 2 on)."""
    if not kernel_shape or w.shape is None:
        return
    sizes = w.dims[2:] if spatial is None else [w.dims[a] for a in spatial]
    same = len(sizes) == len(kernel_shape)
    if not same or any(isinstance(s, int) and s != k for s, k in zip(sizes, kernel_shape)):
        raise ModelError(
            f"kernel_shape is {list(kernel_shape)}, and the filters are {t.format_shape(w.shape)}",
            "Correct the attribute, or leave it out.",
        )
