"""How converters of TensorFlow ops are marked.

    @tf_op("Conv2D")
    def conv2d(x, w, *, strides, padding, data_format="NHWC", dilations=(1, 1, 1, 1), explicit_paddings=()): ...

Inputs arrive in the op's own order. Keyword-only parameters are the op's attributes with TensorFlow's defaults:
numbers, texts, tuples, `ElementType`s (an `OtherType` for a type that the runtime does not have), shapes, `Tensor`s,
and graphs for functions. Attributes that give the type or the number of inputs need no parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from mo_core.frontend import Converter, converter
from mo_core.ir import Foreign
from mo_core.ir.types import ElementType
from mo_tensorflow.elements import OtherType

F = TypeVar("F", bound=Callable[..., object])

COUNTS = ("N", "use_cudnn_on_gpu", "use_locking", "validate_shape", "validate_indices", "container", "shared_name")
"""Attributes on which no result depends: how many inputs there are, and how TensorFlow is to compute."""


def tf_op(*ops: str, ignore: Iterable[str] = (), overrides: bool = False) -> Callable[[F], F]:
    """Mark a function as converter of TensorFlow ops."""

    def mark(function: F) -> F:
        for op in ops:
            converter(op, ignore=(*COUNTS, *ignore), overrides=overrides)(function)
        return function

    return mark


def keywords(converter_: Converter, node: Foreign) -> dict[str, Any]:
    """The attributes of a node for its converter: without the types that it does not ask for."""
    return {k: v for k, v in node.given.items() if k in converter_.attributes or not _is_type(v)}


def _is_type(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_type, value))
    return isinstance(value, (ElementType, OtherType))
