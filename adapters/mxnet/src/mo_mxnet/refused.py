"""Operators that are not converted, by the reason."""

from __future__ import annotations

from collections.abc import Mapping

from mo_mxnet.registry import Refusal, refusal

REASONS: Mapping[str, str] = {}
"""Names separated by blanks, by the reason."""

REFUSALS: tuple[Refusal, ...] = tuple(
    refusal(name, reason) for reason, names in REASONS.items() for name in names.split()
)
