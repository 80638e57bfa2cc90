"""Layouts, strides, dilations and paddings of sliding windows, as convolution and pooling share them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mo_core.build.windows import Spatial, channels_first
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value


def channels_last(data_format: str) -> bool:
    """True for NHWC, NDHWC and NWC; raises ModelError for what is no layout of TensorFlow's."""
    if data_format in ("NHWC", "NDHWC", "NWC"):
        return True
    if data_format in ("NCHW", "NCDHW", "NCW"):
        return False
    raise ModelError(f'data_format is "{data_format}", which is none of NHWC, NCHW, NDHWC, NCDHW')


def in_channels_first(x: Value, data_format: str, compute: Callable[[Value], Value]) -> Value:
    """Let `compute` see N, C, <spatial>, and give its result back in the layout of `x`."""
    return channels_first(x, compute, channels_last(data_format))


def spatial_of(numbers: Sequence[int], data_format: str, what: str) -> tuple[int, ...]:
    """The numbers of the spatial axes, from one for each axis; those of batch and channels have to be 1."""
    if len(numbers) != len(data_format):
        raise ModelError(f"{what} has {len(numbers)} numbers, and {len(data_format)} are needed for {data_format}")
    pairs = list(zip(data_format, numbers))
    if any(axis in "NC" and number != 1 for axis, number in pairs):
        raise Unsupported(f"{what} {list(numbers)} over batch or channels is not supported")
    found = tuple(number for axis, number in pairs if axis not in "NC")
    if min(found, default=1) < 1:
        raise ModelError(f"{what} has the number {min(found)}, and positive ones are needed")
    return found


def spatial_attributes(
    strides: Sequence[int],
    padding: str,
    data_format: str,
    explicit_paddings: Sequence[int] = (),
    dilations: Sequence[int] = (),
) -> Spatial:
    """The attributes for the runtime; `explicit_paddings` has a pair for each axis of the layout."""
    steps = spatial_of(strides, data_format, "strides")
    spread = spatial_of(dilations or (1,) * len(data_format), data_format, "dilations")
    begin = end = (0,) * len(steps)
    modes = {"SAME": "same_upper", "VALID": "valid", "EXPLICIT": "explicit"}
    if padding not in modes:
        raise ModelError(f'padding is "{padding}", which is none of {", ".join(modes)}')
    if padding == "EXPLICIT":
        if len(explicit_paddings) != 2 * len(data_format):
            raise ModelError(f"explicit_paddings has {len(explicit_paddings)} numbers, and each axis needs two")
        pairs = zip(data_format, explicit_paddings[::2], explicit_paddings[1::2])
        both = [(b, e) for axis, b, e in pairs if axis not in "NC"]
        begin, end = tuple(b for b, _ in both), tuple(e for _, e in both)
    return Spatial(strides=steps, dilations=spread, pads_begin=begin, pads_end=end, auto_pad=modes[padding])
