"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.passes import Pass
from mo_core.transforms import (
    activations,
    amct,
    attention,
    channel_order,
    cleanup,
    groups,
    linear,
    movement,
    norms,
    precision,
    preprocess,
    pruning,
    quantization,
    shapes,
    stateful,
    strides,
    transposes,
)

PASSES: tuple[Pass, ...] = (
    cleanup.constant_folding,
    cleanup.static_shape,
    cleanup.no_ops,
    quantization.quantization,
    shapes.shape_simplification,
    preprocess.layouts,
    preprocess.preprocessing,
    stateful.make_stateful,
    stateful.low_latency,
    channel_order.channel_order,
    *activations.PASSES,
    *norms.PASSES,
    attention.attention_fusion,
    *movement.PASSES,
    *linear.PASSES,
    *amct.PASSES,
    *groups.PASSES,
    strides.stride_optimization,
    transposes.transposes,
    pruning.pruning,
    quantization.weights_compression,
    precision.fp16_weights,
    shapes.equal_shapes,
    cleanup.common_subexpressions,
    cleanup.dead_code,
    preprocess.layout_records,
)
