"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.passes import Pass
from mo_core.transforms import cleanup, transposes

PASSES: tuple[Pass, ...] = (
    cleanup.constant_folding,
    cleanup.no_ops,
    transposes.transposes,
    cleanup.common_subexpressions,
    cleanup.dead_code,
)
