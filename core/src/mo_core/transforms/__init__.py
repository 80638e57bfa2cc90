"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.passes import Pass
from mo_core.transforms import amct, cleanup, groups, linear, precision, strides, transposes

PASSES: tuple[Pass, ...] = (
    cleanup.constant_folding,
    cleanup.no_ops,
    *linear.PASSES,
    *amct.PASSES,
    *groups.PASSES,
    strides.stride_optimization,
    transposes.transposes,
    precision.fp16_weights,
    cleanup.common_subexpressions,
    cleanup.dead_code,
)
