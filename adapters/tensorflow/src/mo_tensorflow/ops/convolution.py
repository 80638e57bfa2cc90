"""Convolutions of all kinds."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import permute
from mo_core.ir import Value
from mo_core.ops import Convolution
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import in_channels_first, spatial_attributes, spatial_of


@tf_op("Conv2D")
def conv2d(
    x: Value,
    w: Value,
    *,
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    explicit_paddings: Sequence[int] = (),
) -> Value:
    """Filters are laid out H, W, I, O."""
    spatial = spatial_attributes(strides, padding, data_format, explicit_paddings)
    spread = spatial_of(dilations, data_format, "dilations")
    filters = permute(w, (3, 2, 0, 1))
    return in_channels_first(x, data_format, lambda v: Convolution(v, filters, **spatial, dilations=spread))
