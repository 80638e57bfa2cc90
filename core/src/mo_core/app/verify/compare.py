"""How far two arrays are apart, and where."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

SMALL = 1e-2
"""An output whose values are all smaller than this is judged as if its largest one were this: rounding has a floor."""
_BLOCK = 1 << 20
"""Elements that are compared at a time; outputs stay files that are mapped."""


@dataclass(frozen=True)
class Difference:
    """Two arrays compared.

    Attributes:
        absolute: the greatest absolute difference; relative: that over the largest value of the reference (`SMALL` when
            all are smaller), which is what the tolerance limits.
        cosine: of the angle between the two, 1 when they point the same way; NaN when one of them is zero.
        where: the index of the greatest difference; got, want: the values there.
        differing: how many elements differ by more than the tolerance; size: how many there are.
        reason: why they do not agree, empty when they do.
    """

    absolute: float = 0.0
    relative: float = 0.0
    cosine: float = 1.0
    where: tuple[int, ...] = ()
    got: Any = None
    want: Any = None
    differing: int = 0
    size: int = 0
    reason: str = ""

    @property
    def passed(self) -> bool:
        """True when the arrays agree within the tolerance."""
        return not self.reason


def compare(got: Array, want: Array, tolerance: float) -> Difference:
    """Compare a result with what the reference computes.

    Args:
        tolerance: how far a real number may be off, as a part of the largest finite value of `want`; whole numbers,
            booleans and texts must be equal.
    """
    if got.shape != want.shape:
        return _failed(f"the shape is {list(got.shape)}, and the reference has {list(want.shape)}")
    if (got.dtype.kind in "OSU") != (want.dtype.kind in "OSU"):
        return _failed(f"the type is {got.dtype}, and the reference has {want.dtype}")
    if want.dtype.kind not in "fc" or got.dtype.kind not in "fc":
        return _exact(got, want, tolerance)
    return _real(got, want, tolerance)


def _failed(reason: str) -> Difference:
    return Difference(math.inf, math.inf, math.nan, reason=reason)


def _exact(got: Array, want: Array, tolerance: float) -> Difference:
    texts = want.dtype.kind in "OSU"
    unequal = got.astype(str) != want.astype(str) if texts else got != want
    count = int(np.count_nonzero(unequal))
    if not count:
        return Difference(size=want.size)
    if texts or want.dtype.kind == "b":
        at = int(np.argmax(unequal))
        absolute, relative, cosine = math.inf, math.inf, math.nan
    else:
        found = _real(got.astype(np.float64), want.astype(np.float64), tolerance)
        at = int(np.ravel_multi_index(found.where, want.shape)) if want.shape else 0
        absolute, relative, cosine = found.absolute, found.relative, found.cosine
    reason = f"{count} of {want.size} {'texts' if texts else 'values'} differ"
    return Difference(absolute, relative, cosine, *_place(got, want, at), count, want.size, reason)


def _place(got: Array, want: Array, at: int) -> tuple[tuple[int, ...], Any, Any]:
    where = tuple(int(i) for i in np.unravel_index(at, want.shape)) if want.shape else ()
    return where, got[where].item(), want[where].item()


def _real(got: Array, want: Array, tolerance: float) -> Difference:
    """Real arrays of one shape, block by block, in f64."""
    flat = [a.reshape(-1) for a in (got, want)]
    largest = _largest(flat[1])
    limit = tolerance * max(largest, SMALL)
    worst, at, differing, unlike, dots = -1.0, 0, 0, -1, np.zeros(3)
    for start in range(0, want.size, _BLOCK):
        a, b = (x[start : start + _BLOCK].astype(np.float64) for x in flat)
        finite = np.isfinite(a) & np.isfinite(b)
        alike = finite | (a == b) | (np.isnan(a) & np.isnan(b))
        if unlike < 0 and not alike.all():
            unlike = start + int(np.argmin(alike))
        a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
        off = np.abs(a - b)
        differing += int(np.count_nonzero(off > limit)) + int(np.count_nonzero(~alike))
        top = int(np.argmax(off))
        if off[top] > worst:
            worst, at = float(off[top]), start + top
        dots += [a @ b, a @ a, b @ b]
    worst = max(worst, 0.0)
    norm = math.sqrt(dots[1] * dots[2])
    cosine = min(1.0, float(dots[0]) / norm) if norm > 0 else 1.0 if dots[1] == dots[2] else math.nan
    relative = worst / max(largest, SMALL)
    if unlike >= 0:
        reason = "not finite where the reference is finite, or the other way round"
        return Difference(math.inf, math.inf, cosine, *_place(got, want, unlike), differing, want.size, reason)
    if not want.size:
        return Difference()
    reason = f"{differing} of {want.size} values are off by more than {limit:.3g}" if differing else ""
    return Difference(worst, relative, cosine, *_place(got, want, at), differing, want.size, reason)


def _largest(flat: Array) -> float:
    """The largest finite magnitude."""
    largest = 0.0
    for start in range(0, flat.size, _BLOCK):
        block = np.abs(flat[start : start + _BLOCK].astype(np.float64))
        largest = max(largest, float(block[np.isfinite(block)].max(initial=0.0)))
    return largest
