"""Declaring operations: operands and attributes are class-level fields, everything else follows from them.

    class Convolution(Node, opset="opset1"):
        data: Operand = operand()
        filters: Operand = operand()
        strides: Ints = ints()

A field is typed by a descriptor class, so that `mypy --strict` checks constructors (a plain number or a list may stand
for a constant) and attribute access (`conv.strides`). Two things are written for the type checker alone: `default=` on
every field that has one (`one_of` and `optional` included), and `kw_only=True` on a required attribute that is declared
after an optional operand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mo_core.errors import UsageError, did_you_mean
from mo_core.ir import types as t

if TYPE_CHECKING:
    from mo_core.ir import Node, Value

    Like: TypeAlias = "Value | bool | int | float | Sequence[int] | Sequence[float] | np.ndarray[Any, Any]"

Ints: TypeAlias = "tuple[int, ...]"
Reals: TypeAlias = "tuple[float, ...]"
Strings: TypeAlias = "tuple[str, ...]"


class Field:
    """A declared operand: its place among the operands follows from the order of declaration."""

    __slots__ = ("index", "like", "name", "optional", "variadic")

    def __init__(self, optional: bool = False, variadic: bool = False, like: bool = False) -> None:
        self.optional, self.variadic, self.like = optional, variadic, like
        self.name, self.index = "", -1

    def __get__(self, node: Any, owner: type) -> Any:
        if node is None:
            return self
        if self.variadic:
            return node.operands[self.index :]
        return node.operands[self.index] if self.index < len(node.operands) else None


if TYPE_CHECKING:

    class Operand:
        """A required operand; a number, list or array is turned into a constant."""

        def __get__(self, node: object, owner: type) -> Value: ...
        def __set__(self, node: object, value: Like) -> None: ...

    class OptionalOperand:
        """An operand that may be absent; those after it are then absent too."""

        def __get__(self, node: object, owner: type) -> Value | None: ...
        def __set__(self, node: object, value: Like | None) -> None: ...

    class Operands:
        """All remaining operands, given as one sequence."""

        def __get__(self, node: object, owner: type) -> tuple[Value, ...]: ...
        def __set__(self, node: object, value: Sequence[Value]) -> None: ...
else:
    Operand = OptionalOperand = Operands = Field


def operand(*, like: bool = False) -> Any:
    """A required operand; `like`: a plain number takes the element type of the other `like` operands."""
    return Field(like=like)


def optional(*, default: None = None, like: bool = False) -> Any:
    """An operand that may be absent (None)."""
    return Field(optional=True, like=like)


def variadic() -> Any:
    """All remaining operands."""
    return Field(variadic=True)


_REQUIRED: Any = object()


class Attribute:
    """A declared attribute.

    Args:
        kind: word for documentation and messages.
        normalize: turns what a converter passes into the canonical immutable form.
        xml: turns the canonical form into the text of the IR, or None for attributes that the emission treats itself.
        default: canonical default, or required.
        key: name in the IR where it differs from the Python name.
    """

    __slots__ = ("choices", "default", "key", "kind", "name", "normalize", "xml")

    def __init__(
        self,
        kind: str,
        normalize: Callable[[Any], Any],
        xml: Callable[[Any], str] | None,
        default: Any = _REQUIRED,
        key: str | None = None,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.kind, self.normalize, self.xml, self.default = kind, normalize, xml, default
        self.name, self.key, self.choices = "", key, choices

    @property
    def required(self) -> bool:
        """True when the constructor must be given a value."""
        return self.default is _REQUIRED


def _join(values: Iterable[Any]) -> str:
    return ",".join(map(str, values))


def format_real(value: float) -> str:
    """A number so that reading it as float32 gives the same number back."""
    return repr(float(np.float32(value))) if abs(value) < 3.4e38 else repr(float(value))


def _ints(value: Any) -> tuple[int, ...]:
    return tuple(map(int, value))


def _reals(value: Any) -> tuple[float, ...]:
    return tuple(map(float, value))


def ints(*, default: Sequence[int] = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """A list of whole numbers."""
    return Attribute("ints", _ints, _join, default if default is _REQUIRED else tuple(default), key)


def integer(*, default: int = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """A whole number."""
    return Attribute("integer", int, str, default, key)


def real(*, default: float = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """A real number."""
    return Attribute("real", float, format_real, default, key)


def reals(*, default: Sequence[float] = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """A list of real numbers."""
    form: Callable[[Any], str] = lambda v: ",".join(map(format_real, v))  # noqa: E731
    return Attribute("reals", _reals, form, default if default is _REQUIRED else tuple(default), key)


def boolean(*, default: bool = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """true or false."""
    return Attribute("boolean", bool, lambda v: "true" if v else "false", default, key)


def text(*, default: str = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """Free text."""
    return Attribute("text", str, str, default, key)


def texts(*, default: Sequence[str] = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """A list of texts."""
    return Attribute(
        "texts", lambda v: tuple(map(str, v)), _join, default if default is _REQUIRED else tuple(default), key
    )


def one_of(*choices: str, default: str | None = None, key: str | None = None, kw_only: bool = False) -> Any:
    """One of the words given; the first is the default unless another is named."""

    def check(value: Any) -> str:
        if value not in choices:
            raise UsageError(f'"{value}" is none of {", ".join(choices)}', did_you_mean(str(value), choices))
        return str(value)

    return Attribute(
        "one of " + "|".join(choices), check, str, choices[0] if default is None else default, key, choices
    )


def required_one_of(*choices: str, key: str | None = None, kw_only: bool = False) -> Any:
    """One of the words given, without a default."""
    attribute = one_of(*choices, key=key)
    attribute.default = _REQUIRED
    return attribute


def element(*, default: t.ElementType = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """An element type."""
    return Attribute("element type", t.element_type, lambda v: v.name, default, key)


def dims(*, default: t.Shape = _REQUIRED, key: str | None = None, kw_only: bool = False) -> Any:
    """A shape, dynamic dimensions allowed."""
    form: Callable[[Any], str] = lambda v: "..." if v is None else _join(v)  # noqa: E731
    return Attribute("shape", lambda v: None if v is None else tuple(v), form, default, key)


def hidden(*, default: Any = _REQUIRED, normalize: Callable[[Any], Any] = lambda v: v, kw_only: bool = False) -> Any:
    """Anything that the emission does not write as an attribute: tensors, bodies, port maps."""
    return Attribute("object", normalize, None, default)


class Schema:
    """What an operation declared: operand fields in order, attributes by name."""

    __slots__ = ("attributes", "needed", "operands", "required", "variadic")

    def __init__(self, operands: Sequence[Field], attributes: dict[str, Attribute]) -> None:
        self.operands, self.attributes = tuple(operands), attributes
        self.required = sum(1 for f in operands if not f.optional and not f.variadic)
        self.needed = tuple(name for name, a in attributes.items() if a.required)
        self.variadic = bool(operands) and operands[-1].variadic

    def unknown(self, node: type[Node], name: str) -> UsageError:
        """The error for an argument that was never declared."""
        known = [*self.attributes, *(f.name for f in self.operands)]
        return UsageError(
            f'{node.__name__} has no attribute "{name}"', did_you_mean(name, known) or f"It has {_join(known)}."
        )


def collect(cls: type) -> Schema:
    """Read the declarations of a class body, after those of its bases; fields keep their order."""
    operands: list[Field] = []
    attributes: dict[str, Attribute] = {}
    for base in cls.__mro__[1:]:
        inherited = base.__dict__.get("schema")
        if isinstance(inherited, Schema):
            operands, attributes = list(inherited.operands), dict(inherited.attributes)
            break
    for name, declared in list(cls.__dict__.items()):
        if isinstance(declared, Field):
            declared.name, declared.index = name, len(operands)
            operands.append(declared)
        elif isinstance(declared, Attribute):
            declared.name = name
            declared.key = declared.key or name
            attributes[name] = declared
            if declared.required:
                delattr(cls, name)
            else:
                setattr(cls, name, declared.default)
    return Schema(operands, attributes)
