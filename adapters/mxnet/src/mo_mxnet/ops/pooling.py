"""Pooling over windows and over whole images."""

from __future__ import annotations

import math

from mo_core.build import constant_like, dim, ints
from mo_core.build.windows import (
    Spatial,
    channels_first,
    mean_of_windows,
    padded,
    per_axis,
    powered,
    require_axes,
    root,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import (
    AdaptiveAvgPool,
    MaxPool,
    Multiply,
    ReduceMax,
    ReduceMean,
    ReduceSum,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.registry import mxnet_op
from mo_mxnet.window import channels_last


@mxnet_op("Pooling", "Pooling_v1", "_npx_pooling")
def pooling(
    x: Value,
    *,
    kernel: Ints = (),
    pool_type: str = "max",
    global_pool: bool = False,
    pooling_convention: str = "valid",
    stride: Ints = (),
    pad: Ints = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: str | None = None,
) -> Value:
    if pool_type not in ("max", "avg", "sum", "lp"):
        raise ModelError(f'pool_type is "{pool_type}", which is none of max, avg, sum, lp')
    if pool_type == "lp" and (p_value is None or p_value < 1):
        raise ModelError("Pooling with pool_type lp needs a p_value of at least 1")
    last = channels_last(layout)
    if global_pool:
        return channels_first(x, lambda data: _whole(data, pool_type, p_value or 1), last)
    strides = per_axis(len(kernel), stride, 1, "stride")
    pads = per_axis(len(kernel), pad, 0, "pad")
    window = _Window(kernel, strides, pads, pooling_convention)
    counted = count_include_pad is None or count_include_pad
    return channels_first(x, lambda data: _pooled(data, window, pool_type, p_value or 1, counted), last)


class _Window:
    """A sliding window; `convention` says how the number of windows is rounded: valid, full or same."""

    def __init__(self, kernel: Ints, strides: Ints, pads: Ints, convention: str) -> None:
        require_axes(len(kernel))
        if min(kernel) < 1:
            raise ModelError(f"the kernel {list(kernel)} of a pooling is impossible")
        if convention not in ("valid", "full", "same"):
            raise ModelError(f'pooling_convention is "{convention}", which is none of valid, full, same')
        self.kernel, self.strides, self.pads, self.convention = kernel, strides, pads, convention

    @property
    def rounding(self) -> str:
        """Rounding of the number of windows."""
        return "floor" if self.convention == "valid" else "ceil"

    def behind(self, x: Value) -> Ints:
        """Padding after the data, so that rounding down gives the number of windows that MXNet computes."""
        if self.convention == "valid":
            return self.pads
        sizes = [dim(x, 2 + axis) for axis in range(len(self.kernel))]
        found: list[int] = []
        for size, k, s, p in zip(sizes, self.kernel, self.strides, self.pads):
            if not isinstance(size, int):
                raise Unsupported(
                    f"this pooling with the convention {self.convention} needs images of known size",
                    "Give the shape with --input.",
                )
            room = size + 2 * p
            count = -(-room // s) if self.convention == "same" else -(-(room - k) // s) + 1
            found.append(p + max(0, (count - 1) * s + k - room))
        return tuple(found)


def _whole(x: Value, pool_type: str, p: int) -> Value:
    axes = ints(range(2, x.rank))
    if pool_type == "max":
        return ReduceMax(x, axes, keep_dims=True)
    if pool_type == "avg":
        return ReduceMean(x, axes, keep_dims=True)
    if pool_type == "sum":
        return ReduceSum(x, axes, keep_dims=True)
    return root(ReduceSum(powered(x, p), axes, keep_dims=True), p)


def _pooled(x: Value, window: _Window, pool_type: str, p: int, counted: bool) -> Value:
    if pool_type == "max":
        begin, end, rounding = window.pads, window.pads, window.rounding
        if window.convention == "same":
            end, rounding = window.behind(x), "floor"
        return MaxPool(
            x,
            strides=window.strides,
            dilations=(1,) * len(window.kernel),
            pads_begin=begin,
            pads_end=end,
            kernel=window.kernel,
            rounding_type=rounding,
        )
    if pool_type == "avg":
        return _mean(x, window, counted)
    area = math.prod(window.kernel)
    if pool_type == "sum":
        return Multiply(_padded_mean(x, window), constant_like(x, float(area)))
    return root(Multiply(_padded_mean(powered(x, p), window), constant_like(x, float(area))), p)


def _mean(x: Value, window: _Window, counted: bool) -> Value:
    """The mean over windows; padding counts if `counted`, but never what rounding up adds behind it."""
    if window.convention == "valid":
        return _average(x, window, window.pads, window.pads, "floor", not counted or not any(window.pads))
    if window.convention == "same":
        raise Unsupported("a mean over windows with the convention same is not supported: MXNet leaves it undefined")
    if not counted or not any(window.pads):
        return _average(x, window, window.pads, window.pads, "ceil", True)
    if _fits_exactly(x, window):
        return _average(x, window, window.pads, window.pads, "floor", False)
    none = (0,) * len(window.kernel)
    return _average(padded(x, window.pads, window.pads), window, none, none, "ceil_torch", True)


def _padded_mean(x: Value, window: _Window) -> Value:
    """The mean over windows in which padding of every kind counts as zeros."""
    if window.convention == "valid":
        return _average(x, window, window.pads, window.pads, "floor", False)
    none = (0,) * len(window.kernel)
    return _average(padded(x, window.pads, window.behind(x)), window, none, none, "floor", False)


def _fits_exactly(x: Value, window: _Window) -> bool:
    """True when no window reaches beyond the padding, whichever way their number is rounded."""
    for axis, (k, s, p) in enumerate(zip(window.kernel, window.strides, window.pads)):
        size = dim(x, 2 + axis)
        if not isinstance(size, int) or (size + 2 * p - k) % s:
            return False
    return True


def _average(x: Value, window: _Window, begin: Ints, end: Ints, rounding: str, exclude_pad: bool) -> Value:
    # The runtime puts a Pad into a mean of the older operation that rounds up, and counts too many elements then.
    spatial = Spatial(strides=window.strides, dilations=(1,) * len(window.kernel), pads_begin=begin, pads_end=end)
    return mean_of_windows(x, window.kernel, spatial, rounding=rounding, count_padding=not exclude_pad)


@mxnet_op("_contrib_AdaptiveAvgPooling2D")
def adaptive_average_pooling(x: Value, *, output_size: Ints = ()) -> Value:
    """The mean over as many windows as the output has places; none given: over the whole image."""
    size = output_size or (1, 1)
    if len(size) > 2 or min(size) < 1:
        raise ModelError(f"output_size is {list(output_size)}, and one or two positive numbers are needed")
    height, width = size if len(size) == 2 else (size[0], size[0])
    if (height, width) == (1, 1):
        return ReduceMean(x, ints([2, 3]), keep_dims=True)
    rows, columns = dim(x, 2), dim(x, 3)
    if isinstance(rows, int) and isinstance(columns, int) and not rows % height and not columns % width:
        step = (rows // height, columns // width)
        window = _Window(step, step, (0, 0), "valid")
        return _average(x, window, (0, 0), (0, 0), "floor", True)
    return AdaptiveAvgPool(x, ints([height, width]))
