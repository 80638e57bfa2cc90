"""How alike two images are at places that are shifted against each other, as in FlowNet."""

from __future__ import annotations

from mo_core.build import concat, constant_like, ints
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import Abs, AvgPool, Multiply, Pad, ReduceMean, Slice, Subtract
from mo_mxnet.registry import mxnet_op

MAX_SHIFTS = 4096


@mxnet_op("Correlation")
def correlation(
    a: Value,
    b: Value,
    *,
    kernel_size: int = 1,
    max_displacement: int = 1,
    stride1: int = 1,
    stride2: int = 1,
    pad_size: int = 0,
    is_multiply: bool = True,
) -> Value:
    """One channel a shift of `b`, by rows and then by columns: the mean product (or distance) over patches of `a`."""
    if kernel_size < 1 or kernel_size % 2 == 0 or min(stride1, stride2) < 1 or min(max_displacement, pad_size) < 0:
        raise ModelError("Correlation needs an odd kernel_size, positive strides, and no negative displacement")
    reach = max_displacement // stride2
    shifts = [stride2 * i for i in range(-reach, reach + 1)]
    if len(shifts) ** 2 > MAX_SHIFTS:
        raise Unsupported(f"Correlation with {len(shifts) ** 2} shifts; {MAX_SHIFTS} are the most")
    first, second = (_padded(x, pad_size) for x in (a, b))
    middle = _moved(first, 0, 0, max_displacement)
    found = [_likeness(middle, _moved(second, y, x, max_displacement), is_multiply) for y in shifts for x in shifts]
    every = concat(found, 1)
    if kernel_size == stride1 == 1:
        return every
    window = (kernel_size, kernel_size)
    return AvgPool(
        every,
        strides=(stride1, stride1),
        pads_begin=(0, 0),
        pads_end=(0, 0),
        kernel=window,
        exclude_pad=False,
        rounding_type="floor",
    )


def _padded(x: Value, size: int) -> Value:
    if size == 0:
        return x
    edges = ints([0, 0, size, size])
    return Pad(x, edges, edges, constant_like(x, 0))


def _moved(x: Value, rows: int, columns: int, margin: int) -> Value:
    """The image without its margin, which is moved."""
    if margin == 0:
        return x
    begin = [margin + rows, margin + columns]
    end = [rows - margin or _END, columns - margin or _END]
    return Slice(x, ints(begin), ints(end), ints([1, 1]), ints([2, 3]))


_END = 1 << 31
"""Behind every axis."""


def _likeness(a: Value, b: Value, is_product: bool) -> Value:
    y = Multiply(a, b) if is_product else Abs(Subtract(a, b))
    return ReduceMean(y, ints([1]), keep_dims=True)
