"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from mo_core.build import (
    arange,
    as_i64,
    const_ints,
    dim_of,
    permute,
    reshape_to,
    to_element,
    unsqueeze,
)
from mo_core.build.windows import mean_of_windows
from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, FloorMod, MaxPool, Multiply
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import in_channels_first, spatial_attributes, spatial_of


@tf_op("MaxPool", "MaxPool3D")
def max_pool(
    x: Value,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "",
    explicit_paddings: Sequence[int] = (),
) -> Value:
    layout = data_format or ("NHWC" if len(ksize) == 4 else "NDHWC")
    spatial = spatial_attributes(strides, padding, layout, explicit_paddings)
    window = spatial_of(ksize, layout, "ksize")
    return in_channels_first(x, layout, lambda v: MaxPool(v, kernel=window, **spatial).results[0])


@tf_op("MaxPoolV2")
def max_pool_v2(x: Value, ksize: Value, strides: Value, *, padding: str, data_format: str = "NHWC") -> Value:
    window, steps = const_ints(ksize, "the window of MaxPoolV2"), const_ints(strides, "the strides of MaxPoolV2")
    return max_pool(x, ksize=window, strides=steps, padding=padding, data_format=data_format)


@tf_op("AvgPool", "AvgPool3D")
def mean_pool(x: Value, *, ksize: Sequence[int], strides: Sequence[int], padding: str, data_format: str = "") -> Value:
    """Elements that are not there do not count."""
    layout = data_format or ("NHWC" if len(ksize) == 4 else "NDHWC")
    spatial = spatial_attributes(strides, padding, layout)
    window = spatial_of(ksize, layout, "ksize")
    return in_channels_first(x, layout, lambda v: mean_of_windows(v, window, spatial))


@tf_op("MaxPoolWithArgmax")
def max_pool_with_places(
    x: Value,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    Targmax: ElementType = t.i64,
    include_batch_in_index: bool = False,
) -> Sequence[Value]:
    """Places count through rows, columns and channels; through the batch, too, where that is asked for."""
    spatial = spatial_attributes(strides, padding, "NHWC")
    window = spatial_of(ksize, "NHWC", "ksize")
    data = x if x.element.is_signed else to_element(x, t.i64)  # else a zero is no more than what padding counts as
    pooled = MaxPool(permute(data, (0, 3, 1, 2)), kernel=window, axis=2, **spatial)
    height, width, channels = (reshape_to(dim_of(x, i), []) for i in (1, 2, 3))
    inside = FloorMod(permute(as_i64(pooled.results[1]), (0, 2, 3, 1)), Multiply(height, width))
    places = Add(Multiply(inside, channels), arange(dim_of(x, 3), t.i64))
    if include_batch_in_index:
        batch = unsqueeze(arange(dim_of(x, 0), t.i64), 1, 2, 3)
        places = Add(places, Multiply(batch, Multiply(Multiply(height, width), channels)))
    return to_element(permute(pooled.results[0], (0, 2, 3, 1)), x.element), to_element(places, Targmax)


@tf_op("FractionalMaxPool", "FractionalAvgPool", ignore=("*",))
def fractional(x: Value) -> NoReturn:
    raise Unsupported("the places of a fractional pooling are random")
