"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.rewriting.passes import Pass
from mo_core.transforms.layout import transposes
from mo_core.transforms.linear import channel_order
from mo_core.transforms.linear import fusion as linear
from mo_core.transforms.quantise import amct
from mo_core.transforms.quantise import pairs as quantization
from mo_core.transforms.recognise import activations, attention, groups, movement, norms, pointwise, resizing
from mo_core.transforms.requested import legacy_ir, precision, preprocess, pruning, stateful, target
from mo_core.transforms.simplify import cleanup, shapes, strides
from mo_core.transforms.workarounds import (
    assigned_inputs,
    gather_batches,
    lrn_bias,
    pieces_in_place,
    sequence_reductions,
    tied_filters,
)

PASSES: tuple[Pass, ...] = (
    cleanup.constant_folding,
    cleanup.static_shape,
    cleanup.no_ops,
    quantization.quantization,
    cleanup.recurrent_weights,
    shapes.shape_simplification,
    shapes.shape_lists,
    preprocess.layouts,
    preprocess.preprocessing,
    stateful.make_stateful,
    stateful.low_latency,
    channel_order.channel_order,
    *activations.PASSES,
    *norms.PASSES,
    attention.attention_fusion,
    *movement.PASSES,
    resizing.resize_fusion,
    pointwise.pointwise_fusion,
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
    cleanup.separate_constants,
    assigned_inputs.assigned_inputs,
    tied_filters.tied_filters,
    sequence_reductions.sequence_reductions,
    lrn_bias.lrn_bias,
    gather_batches.gather_batches,
    pieces_in_place.pieces_in_place,
    target.target_release,
    cleanup.dead_code,
    preprocess.layout_records,
    legacy_ir.ir_v10_names,
)
