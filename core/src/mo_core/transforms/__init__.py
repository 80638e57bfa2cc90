"""The shared passes, one file a theme."""

from __future__ import annotations

from mo_core.passes import Pass
from mo_core.transforms import cleanup

PASSES: tuple[Pass, ...] = (
    cleanup.constant_folding,
    cleanup.no_ops,
    cleanup.common_subexpressions,
    cleanup.dead_code,
)
