"""Element types, dimensions, shapes and broadcasting.

A shape is a tuple of dimensions, or None when not even the rank is known. A dimension is an `int` or a `Dynamic`: an
unknown number with bounds and an identity, so that two tensors which come from the same `?` are known to be equal
there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mo_core.errors import ShapeError, UsageError, did_you_mean

INF = 2**63 - 1


class ElementType:
    """An element type of the IR.

    Attributes:
        name: as in `element_type="f32"`.
        precision: as in the port attribute `precision="FP32"`.
        bits: storage of one element; below 8 the elements are packed.
        dtype: the numpy type to compute with, or None when numpy has none (then `storage` holds the raw bits).
        storage: the numpy type of the stored elements (`uint8` for packed and 8-bit float types, `uint16` for bf16).
    """

    __slots__ = ("bits", "dtype", "name", "precision", "storage")

    def __init__(self, name: str, precision: str, bits: int, dtype: Any = None, storage: Any = None) -> None:
        self.name, self.precision, self.bits = name, precision, bits
        self.dtype: np.dtype[Any] | None = np.dtype(dtype) if dtype is not None else None
        self.storage: np.dtype[Any] = np.dtype(
            storage if storage is not None else dtype if dtype is not None else np.uint8
        )

    def __repr__(self) -> str:
        return self.name

    @property
    def is_real(self) -> bool:
        """True for every floating-point type, the 4- and 8-bit ones included."""
        return self.name[0] in "fbn" and self.name != "boolean"

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers of every width; boolean is none of them."""
        return self.name[0] in "iu"

    @property
    def is_signed(self) -> bool:
        """True where negative values exist."""
        return self.name[0] == "i" or self.is_real

    @property
    def is_packed(self) -> bool:
        """True when several elements share a byte."""
        return 0 < self.bits < 8

    def nbytes(self, count: int) -> int:
        """Bytes that `count` elements take when stored."""
        return (count * self.bits + 7) // 8


dynamic = ElementType("dynamic", "DYNAMIC", 0)
f64 = ElementType("f64", "FP64", 64, np.float64)
f32 = ElementType("f32", "FP32", 32, np.float32)
f16 = ElementType("f16", "FP16", 16, np.float16)
bf16 = ElementType("bf16", "BF16", 16, None, np.uint16)
i64 = ElementType("i64", "I64", 64, np.int64)
i32 = ElementType("i32", "I32", 32, np.int32)
i16 = ElementType("i16", "I16", 16, np.int16)
i8 = ElementType("i8", "I8", 8, np.int8)
i4 = ElementType("i4", "I4", 4)
u64 = ElementType("u64", "U64", 64, np.uint64)
u32 = ElementType("u32", "U32", 32, np.uint32)
u16 = ElementType("u16", "U16", 16, np.uint16)
u8 = ElementType("u8", "U8", 8, np.uint8)
u4 = ElementType("u4", "U4", 4)
u2 = ElementType("u2", "U2", 2)
u1 = ElementType("u1", "BIN", 1)
boolean = ElementType("boolean", "BOOL", 8, np.bool_)
nf4 = ElementType("nf4", "NF4", 4)
f8e4m3 = ElementType("f8e4m3", "F8E4M3", 8)
f8e5m2 = ElementType("f8e5m2", "F8E5M2", 8)
f8e8m0 = ElementType("f8e8m0", "F8E8M0", 8)
f4e2m1 = ElementType("f4e2m1", "F4E2M1", 4)
string = ElementType("string", "STRING", 0, np.object_)

ELEMENT_TYPES: dict[str, ElementType] = {
    t.name: t
    for t in (
        dynamic,
        f64,
        f32,
        f16,
        bf16,
        i64,
        i32,
        i16,
        i8,
        i4,
        u64,
        u32,
        u16,
        u8,
        u4,
        u2,
        u1,
        boolean,
        nf4,
        f8e4m3,
        f8e5m2,
        f8e8m0,
        f4e2m1,
        string,
    )
}
_BY_DTYPE = {t.dtype: t for t in ELEMENT_TYPES.values() if t.dtype is not None}


def element_type(name: str | ElementType) -> ElementType:
    """Look an element type up by its IR name (`f32`, `i64`, …); raises UsageError with the nearest names."""
    if isinstance(name, ElementType):
        return name
    found = ELEMENT_TYPES.get(name)
    if found is None:
        raise UsageError(f'unknown element type "{name}"', did_you_mean(name, ELEMENT_TYPES))
    return found


def from_dtype(dtype: Any) -> ElementType:
    """Return the element type of a numpy dtype; raises ShapeError for one the IR does not have."""
    dtype = np.dtype(dtype)
    found = _BY_DTYPE.get(dtype)
    if found is None:
        if dtype.kind in "SU":
            return string
        found = _BY_DTYPE.get(dtype.newbyteorder("="))
    if found is None:
        raise ShapeError(f"numpy type {dtype} has no element type in the IR")
    return found


class Dynamic:
    """An unknown whole number with bounds and identity.

    Arithmetic gives further `Dynamic`s with bounds derived by interval arithmetic; the same expression on the same
    unknown gives the same object, so identities survive shape computations.
    """

    __slots__ = ("_derived", "hi", "lo", "name")

    def __init__(self, lo: int = 0, hi: int = INF, name: str = "") -> None:
        self.lo, self.hi, self.name = lo, hi, name
        self._derived: dict[Any, int | Dynamic] = {}

    def __repr__(self) -> str:
        if self.lo <= 0 and self.hi >= INF:
            return "?"
        return f"{self.lo if self.lo > 0 else ''}..{self.hi if self.hi < INF else ''}"

    def _derive(self, key: Any, lo: float, hi: float) -> int | Dynamic:
        found = self._derived.get(key)
        if found is None:
            low, high = int(max(lo, -INF)), int(min(hi, INF))
            found = self._derived[key] = low if low == high else Dynamic(low, high)
        return found

    def __add__(self, other: Any) -> Any:
        if isinstance(other, (int, np.integer)):
            n = int(other)
            return self if n == 0 else self._derive(("+", n), _add(self.lo, n), _add(self.hi, n))
        if isinstance(other, Dynamic):
            return self._derive(("+", other), _add(self.lo, other.lo), _add(self.hi, other.hi))
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, (int, np.integer)):
            return self + (-int(other))
        if isinstance(other, Dynamic):
            if other is self:
                return 0
            return self._derive(("-", other), _add(self.lo, -other.hi), _add(self.hi, -other.lo))
        return NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __neg__(self) -> Any:
        return self * -1

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, (int, np.integer)):
            if other == 1:
                return self
            ends = [_mul(self.lo, int(other)), _mul(self.hi, int(other))]
            return self._derive(("*", int(other)), min(ends), max(ends))
        if isinstance(other, Dynamic):
            ends = [_mul(a, b) for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
            return self._derive(("*", other), min(ends), max(ends))
        if isinstance(other, (float, np.floating)):
            if other == 1:
                return self
            ends = [_scale(self.lo, float(other)), _scale(self.hi, float(other))]
            return self._derive(("*.", float(other)), min(ends), max(ends))
        return NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        if isinstance(other, (int, np.integer)) and other > 0:
            if other == 1:
                return self
            other = int(other)
            return self._derive(("//", other), self.lo // other, INF if self.hi >= INF else self.hi // other)
        return Dynamic(-INF, INF)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, (float, np.floating)) and other > 0:
            return self * (1.0 / float(other))
        return self // other

    def __mod__(self, other: Any) -> Any:
        if isinstance(other, (int, np.integer)) and other > 0:
            return self._derive(("%", int(other)), 0, int(other) - 1)
        return Dynamic(-INF, INF)

    def at_least(self, other: Any) -> Any:
        """The larger of the two; one of them where the bounds tell."""
        (lo, hi), own = bounds(other), (self.lo, self.hi)
        if other is self or self.lo >= hi:
            return self
        return other if lo >= self.hi else self._derive(("max", other), max(own[0], lo), max(own[1], hi))

    def at_most(self, other: Any) -> Any:
        """The smaller of the two; one of them where the bounds tell."""
        (lo, hi), own = bounds(other), (self.lo, self.hi)
        if other is self or self.hi <= lo:
            return self
        return other if hi <= self.lo else self._derive(("min", other), min(own[0], lo), min(own[1], hi))

    def as_dim(self) -> Dim:
        """This number where a dimension is meant: the lower bound is not below zero."""
        return self if self.lo >= 0 else self._derive("dim", 0, max(self.hi, 0))


def _add(a: int, b: int) -> float:
    return INF if a >= INF or b >= INF else -INF if a <= -INF or b <= -INF else a + b


def _mul(a: int, b: int) -> int:
    if a == 0 or b == 0:
        return 0
    return max(-INF, min(INF, a * b))


def _scale(a: int, factor: float) -> int:
    return a if abs(a) >= INF else math.floor(a * factor)


Dim: TypeAlias = "int | Dynamic"
Shape: TypeAlias = "tuple[Dim, ...] | None"


class Type(NamedTuple):
    """Element type and shape of a value."""

    element: ElementType
    shape: Shape

    def __str__(self) -> str:
        return f"{self.element}{format_shape(self.shape)}"


def format_shape(shape: Shape) -> str:
    """`[1,3,?,224..640]`; `[...]` when the rank is unknown."""
    return "[...]" if shape is None else "[" + ",".join(map(str, shape)) + "]"


def is_static(shape: Shape) -> bool:
    """True when every dimension is a number."""
    return shape is not None and all(type(d) is int for d in shape)


def static(shape: Shape, what: str = "the tensor") -> tuple[int, ...]:
    """Return the shape as plain numbers; raises ShapeError when a dimension is unknown."""
    if shape is None or not is_static(shape):
        raise ShapeError(f"{what} has shape {format_shape(shape)}, and all its dimensions are needed")
    return tuple(d for d in shape if isinstance(d, int))


def size_of(shape: Shape) -> Dim:
    """Number of elements; `Dynamic` when a dimension is unknown (zero dimensions win)."""
    if shape is None:
        return Dynamic()
    total: Any = 1
    for d in shape:
        total = total * d
    return total  # type: ignore[no-any-return]


def bounds(d: Dim) -> tuple[int, int]:
    """Lowest and highest value of a dimension (INF for no limit)."""
    return (d.lo, d.hi) if isinstance(d, Dynamic) else (d, d)


def same_dim(a: Dim, b: Dim) -> bool:
    """True when the two are known to be equal."""
    return a is b or (isinstance(a, int) and isinstance(b, int) and a == b)


def same_shape(a: Shape, b: Shape) -> bool:
    """True when the two shapes are known to be equal, dynamic dimensions by identity."""
    return a is not None and b is not None and len(a) == len(b) and all(map(same_dim, a, b))


def merge_dim(a: Dim, b: Dim, what: str = "dimensions") -> Dim:
    """The one dimension that both stand for; raises ShapeError when they contradict each other."""
    if a is b:
        return a
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    lo, hi = max(alo, blo), min(ahi, bhi)
    if lo > hi:
        raise ShapeError(f"{what} {a} and {b} contradict each other")
    if lo == hi:
        return lo
    return a if (lo, hi) == (alo, ahi) else b if (lo, hi) == (blo, bhi) else Dynamic(lo, hi)


def merge_shape(a: Shape, b: Shape, what: str = "shapes") -> Shape:
    """The one shape that both stand for; raises ShapeError when they contradict each other."""
    if a is None or b is None:
        return b if a is None else a
    if len(a) != len(b):
        raise ShapeError(f"{what} {format_shape(a)} and {format_shape(b)} have different ranks")
    return tuple(merge_dim(x, y, what) for x, y in zip(a, b))


def union_dim(a: Dim, b: Dim) -> Dim:
    """A dimension that covers both (the join of two branches)."""
    if same_dim(a, b):
        return a
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    return Dynamic(min(alo, blo), max(ahi, bhi))


def union_shape(a: Shape, b: Shape) -> Shape:
    """A shape that covers both; None when the ranks differ."""
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(map(union_dim, a, b))


def broadcast_dim(a: Dim, b: Dim) -> Dim:
    """One dimension of a numpy broadcast; raises ShapeError when the two do not fit."""
    if same_dim(a, b):
        return a
    if a == 1:
        return b
    if b == 1:
        return a
    if isinstance(a, int) and isinstance(b, int):
        raise ShapeError(f"dimensions {a} and {b} do not broadcast")
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    if alo > 1 and blo > 1:
        return merge_dim(a, b)
    if isinstance(a, int) or alo > 1:  # the other one is this or 1
        return a
    if isinstance(b, int) or blo > 1:
        return b
    return Dynamic(max(alo, blo), max(ahi, bhi))


def broadcast(*shapes: Shape) -> Shape:
    """The numpy broadcast of shapes; None when a rank is unknown. Raises ShapeError when they do not fit."""
    known = [s for s in shapes if s is not None]
    if len(known) < len(shapes):
        return None
    if len(known) == 2:
        if not (known[0] and known[1]):  # a scalar changes nothing
            return known[0] or known[1]
        if len(known[0]) == len(known[1]):
            return tuple(map(broadcast_dim, *known))
    rank = max((len(s) for s in known), default=0)
    result: list[Dim] = []
    for axis in range(-rank, 0):
        dim: Dim = 1
        for s in known:
            if len(s) >= -axis:
                dim = broadcast_dim(dim, s[axis])
        result.append(dim)
    return tuple(result)


def normalize_axis(axis: int, rank: int, what: str = "axis") -> int:
    """A negative axis counted from the end; raises ShapeError when outside `[-rank, rank)`."""
    if not -rank <= axis < rank and not (rank == 0 and axis in (0, -1)):
        raise ShapeError(f"{what} {axis} is outside of rank {rank}")
    return int(axis % rank) if rank else 0


def normalize_axes(axes: Iterable[int], rank: int) -> tuple[int, ...]:
    """`normalize_axis` for several."""
    return tuple(normalize_axis(int(a), rank) for a in axes)


def promote(types: Sequence[ElementType]) -> ElementType:
    """The element type all operands share; `dynamic` ones are ignored. Raises ShapeError when they differ."""
    if len(types) == 2 and types[0] is types[1]:
        return types[0]
    known = [t for t in types if t is not dynamic]
    if not known:
        return dynamic
    if any(t is not known[0] for t in known[1:]):
        raise ShapeError(f"element types differ: {', '.join(t.name for t in types)}")
    return known[0]
