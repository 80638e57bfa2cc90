"""Complex numbers, which the runtime does not have.

A complex tensor is two tensors while a model is converted: `Complex`. What treats both alike (`_BY_PARTS`) is converted
twice, once for each; what only asks for the shape (`_OF_SHAPE`) reads the first; other converters that a complex tensor
gets to are marked with `complex_op`, or have a parameter of type `Complex`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import Converter, ConverterTable, converter
from mo_core.ir import Foreign, Pack, Value
from mo_tensorflow.elements import OtherType
from mo_tensorflow.registry import COUNTS

F = TypeVar("F", bound=Callable[..., object])

_DOMAIN = "complex"
_TYPES = ("T", "Tparams", "SrcT", "DstT", "dtype", "element_dtype")
"""Attributes that give the type of what an operation computes with."""

_BY_PARTS = frozenset(
    """
    AccumulateNV2 Add AddN AddV2 BatchToSpace BatchToSpaceND BiasAdd BroadcastTo Concat ConcatV2 Cumsum
    DynamicPartition DynamicStitch EnsureShape ExpandDims Fill Gather GatherNd GatherV2 Identity IdentityN
    MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
    MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Mean MirrorPad Neg Pack Pad PadV2 ParallelConcat
    ParallelDynamicStitch PlaceholderWithDefault PreventGradient Reshape Reverse ReverseSequence ReverseV2
    Roll ScatterNd SegmentMean SegmentSum Select SelectV2 Slice Snapshot SpaceToBatch SpaceToBatchND Split
    SplitV Squeeze StopGradient StridedSlice Sub Sum TensorScatterAdd TensorScatterSub TensorScatterUpdate
    Tile Transpose Unpack UnsortedSegmentSum ZerosLike
    """.split()
)
_OF_SHAPE = frozenset(("Rank", "Shape", "ShapeN", "Size"))


class Complex(Pack):
    """A complex tensor: its real and its imaginary part, two tensors of one shape. f32 or f64."""

    listed = False
    fixed = True
    what = "complex"
    __slots__ = ()


def parts_of(x: Value | Pack) -> tuple[Value, Value]:
    """The real and the imaginary part. Raises ModelError for a tensor that is not complex."""
    if isinstance(x, Complex):
        return x[0], x[1]
    raise ModelError("a complex tensor is needed, and the one given is not")


def complex_op(*ops: str, ignore: Iterable[str] = ()) -> Callable[[F], F]:
    """Mark a function as converter of TensorFlow ops for complex numbers."""

    def mark(function: F) -> F:
        for op in ops:
            converter(op, domain=_DOMAIN, ignore=(*COUNTS, *ignore))(function)
        return function

    return mark


def find(table: ConverterTable, node: Foreign) -> Converter | None:
    """The converter for a node: where it computes with complex numbers, one that can do so, or one that says no."""
    plain = table.find(node)
    if plain is None or plain.provider or not _computes_complex(node.given):
        return plain
    own = table.versions(_DOMAIN, node.op)
    if own:
        return own[-1]
    if node.op in _BY_PARTS:
        return replace(plain, function=_by_parts(plain.function))
    if node.op in _OF_SHAPE:
        return replace(plain, function=_of_first(plain.function))
    takes = any("Complex" in str(a) for a in plain.function.__annotations__.values())
    return plain if takes or plain.refuses else replace(plain, function=_refusal(node.op), ignore=frozenset("*"))


def _computes_complex(attributes: Mapping[str, Any]) -> bool:
    kinds = [attributes.get(name) for name in _TYPES]
    return any(isinstance(kind, OtherType) and kind.startswith(_DOMAIN) for kind in kinds)


def _part(inputs: Sequence[Any], which: int) -> list[Any]:
    return [x[which] if isinstance(x, Complex) else x for x in inputs]


def _by_parts(function: Callable[..., Any]) -> Callable[..., Any]:
    """The converter that converts the real and the imaginary parts, each by itself."""

    @wraps(function)
    def convert(*inputs: Any, **attributes: Any) -> Any:
        made = [function(*_part(inputs, which), **attributes) for which in (0, 1)]
        return Complex(made) if isinstance(made[0], Value) else [Complex(pair) for pair in zip(*made)]

    return convert


def _of_first(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def convert(*inputs: Any, **attributes: Any) -> Any:
        return function(*_part(inputs, 0), **attributes)

    return convert


def _refusal(op: str) -> Callable[..., Any]:
    def refuse(*inputs: Any) -> Any:
        raise Unsupported(f"{op} of complex numbers is not supported")

    return refuse
