"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.rewriting.passes import Pass
from mo_core.transforms.layout import orders, transposes
from mo_core.transforms.linear import channel_order, shape_readers
from mo_core.transforms.linear import fusion as linear
from mo_core.transforms.quantise import amct
from mo_core.transforms.quantise import pairs as quantization
from mo_core.transforms.recognise import (
    activations,
    attention,
    groups,
    movement,
    norms,
    pointwise,
    recurrence,
    resizing,
)
from mo_core.transforms.requested import described, legacy_ir, precision, preprocess, pruning, stateful, target
from mo_core.transforms.simplify import cleanup, loops, shapes, strides
from mo_core.transforms.workarounds import (
    assigned_inputs,
    byte_arithmetic,
    cell_states,
    counted_padding,
    gather_batches,
    hard_sigmoids,
    infinite_divisors,
    integer_sums,
    located_maxima,
    long_signals,
    lrn_bias,
    narrow_results,
    padded_pointwise,
    pieces_in_place,
    pooled_activations,
    positive_axes,
    quantised_padding,
    reduced_infinities,
    reduced_quotients,
    reduced_unsqueezes,
    reshaped_reductions,
    sequence_reductions,
    strided_parts,
    tied_filters,
    unknown_borders,
    unknown_repeats,
    unread_pieces,
    unread_states,
)

PASSES: tuple[Pass, ...] = (
    # FRONT
    described.described_sub_graphs,
    # NORMALIZE
    cleanup.constant_folding,
    loops.single_iterations,
    loops.batch_loops,
    recurrence.recurrent_loops,
    quantization.quantization,
    cleanup.recurrent_weights,
    cleanup.static_shape,
    cleanup.no_ops,
    shapes.shape_simplification,
    shapes.shape_lists,
    shape_readers.shape_readers,
    # PREPROCESS
    preprocess.layouts,
    preprocess.preprocessing,
    stateful.make_stateful,
    stateful.low_latency,
    orders.axis_orders,
    quantised_padding.quantised_padding,
    # FUSE, the group "recognise"
    activations.activation_fusion,
    attention.attention_fusion,
    activations.clamp_fusion,
    movement.dilated_fusion,
    activations.elu_fusion,
    norms.normalisation_fusion,
    movement.pad_fusion,
    pointwise.pointwise_fusion,
    activations.powers,
    activations.prelu_fusion,
    resizing.resize_fusion,
    movement.shuffle_fusion,
    activations.softmax_fusion,
    movement.parts_fusion,
    # FUSE, the group "linear"
    linear.batch_norm,
    amct.batch_to_space,
    amct.concat,
    groups.grouped,
    linear.linear_fusion,
    linear.linear_merge_,
    linear.linear_motion_,
    amct.matmul_batch_norm,
    movement.reduction_fusion,
    amct.requantization,
    amct.shared_quantization,
    # FUSE, what is done when these have come to an end
    channel_order.channel_order,
    strides.stride_optimization,
    groups.horizontal,
    # LAYOUT
    transposes.transposes,
    # PRECISION
    pruning.pruning,
    quantization.weights_compression,
    precision.fp16_weights,
    # CLEANUP
    shapes.equal_shapes,
    cleanup.common_subexpressions,
    assigned_inputs.assigned_inputs,
    unread_pieces.unread_pieces,
    unread_states.unread_states,
    lrn_bias.lrn_bias,
    narrow_results.narrow_results,
    byte_arithmetic.byte_arithmetic,
    infinite_divisors.infinite_divisors,
    located_maxima.located_maxima,
    long_signals.long_signals,
    unknown_repeats.unknown_repeats,
    unknown_borders.unknown_borders,
    counted_padding.counted_padding,
    hard_sigmoids.hard_sigmoids,
    integer_sums.integer_sums,
    pooled_activations.pooled_activations,
    reduced_infinities.reduced_infinities,
    reduced_quotients.reduced_quotients,
    reduced_unsqueezes.reduced_unsqueezes,
    reshaped_reductions.reshaped_reductions,
    positive_axes.positive_axes,
    padded_pointwise.padded_pointwise,
    strided_parts.strided_parts,
    cell_states.cell_states,
    gather_batches.gather_batches,
    pieces_in_place.pieces_in_place,
    cleanup.separate_constants,
    sequence_reductions.sequence_reductions,
    target.target_release,
    tied_filters.tied_filters,
    cleanup.dead_code,
    preprocess.layout_records,
    legacy_ir.ir_v10_names,
)
"""All of them in running order: a pass without `after` and `before` runs where it stands here."""
