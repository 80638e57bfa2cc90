"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.passes import Pass
from mo_core.transforms import (
    activations, amct, channel_order, cleanup, groups, linear, norms, precision, preprocess, shapes, strides, transposes,
)  # fmt: skip

PASSES: tuple[Pass, ...] = (
    cleanup.constant_folding,
    cleanup.no_ops,
    shapes.shape_simplification,
    preprocess.layouts,
    preprocess.preprocessing,
    channel_order.channel_order,
    *activations.PASSES,
    *norms.PASSES,
    *linear.PASSES,
    *amct.PASSES,
    *groups.PASSES,
    strides.stride_optimization,
    transposes.transposes,
    precision.fp16_weights,
    cleanup.common_subexpressions,
    cleanup.dead_code,
    preprocess.layout_records,
)
