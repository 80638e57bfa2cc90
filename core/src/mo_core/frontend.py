"""Front-ends and converters: from a file to a graph of source ops, and from source ops to OpenVINO ops.

A front-end reads a file into a `Graph` of `Foreign` nodes. A converter is a function whose signature is the source
op's schema: positional parameters are inputs (default None = optional, `*rest` = variadic), keyword-only parameters are
attributes with the framework's defaults. Four keyword-only names are special and never attributes: `node` (the
`Foreign` itself), `convert` (converts a body graph in place), `options` (the conversion's options) and `note` (adds a
sentence to the report).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mo_core import types as t
from mo_core.ir import Graph, Node, Value
from mo_core.tensor import Tensor
from mo_core.types import Type

if TYPE_CHECKING:
    from mo_core.options import Option

UNKNOWN = Type(t.dynamic, None)
SPECIAL = ("node", "convert", "options", "note")


_NUMBER = (int, float, np.integer, np.floating)
_SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int, np.integer), "bool": (int, np.bool_), "float": _NUMBER, "str": (str,),
    "Tensor": (Tensor,), "Graph": (Graph,),
    "None": (type(None),),
}  # fmt: skip
_ITEMS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("Ints", "tuple[int, ...]", "Sequence[int]"), (int, np.integer)),
    **dict.fromkeys(("Reals", "tuple[float, ...]", "Sequence[float]"), _NUMBER),
    **dict.fromkeys(("Strings", "tuple[str, ...]", "Sequence[str]"), (str,)),
}
"""What the annotations of converters stand for, when an attribute of a file is checked against them."""


class Foreign(Node):
    """A source op that is not converted yet.

    Attributes:
        framework, domain, op, version: what it is (`onnx`, `com.microsoft`, `Gelu`, opset version of the domain).
        slots: the inputs in order, None where an optional one is left out; `operands` holds the present ones.
        given: attributes as read: Python numbers, texts, tuples, `Tensor`s and `Graph`s.
        result_types: types as far as the file states them.
    """

    def __init__(
        self,
        framework: str,
        op: str,
        inputs: Sequence[Value | None],
        attributes: Mapping[str, Any] | None = None,
        results: int | Sequence[Type] = 1,
        *,
        domain: str = "",
        version: int = 0,
        name: str = "",
    ) -> None:
        self.framework, self.op, self.domain, self.version = framework, op, domain, version
        self.type_name = f"{framework}.{op}"  # type: ignore[misc]
        self.given: dict[str, Any] = dict(attributes or {})
        self.result_types: Sequence[Type] = [UNKNOWN] * results if isinstance(results, int) else results
        self.graph = None
        self._prev = self._next = None
        self._order = 0
        self.name, self.origin = name, (name,) if name else ()
        self._present = [i for i, v in enumerate(inputs) if v is not None]
        self._slot_count = len(inputs)
        self.operands = tuple(v for v in inputs if v is not None)
        self._set_results(self.result_types)

    @property
    def slots(self) -> list[Value | None]:
        """The inputs in the source op's own order, None where one is left out."""
        slots: list[Value | None] = [None] * self._slot_count
        for i, v in zip(self._present, self.operands):
            slots[i] = v
        return slots

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return tuple(g for g in self.given.values() if isinstance(g, Graph))

    def infer(self) -> Sequence[Type]:
        return self.result_types

    def refresh(self) -> bool:
        return False

    def evolve(self, *operands: Value, **changed: Any) -> Foreign:
        slots: list[Value | None] = [None] * self._slot_count
        for i, v in zip(self._present, operands or self.operands):
            slots[i] = v
        return Foreign(
            self.framework, self.op, slots, {**self.given, **changed}, self.result_types,
            domain=self.domain, version=self.version, name=self.name,
        )  # fmt: skip


class Pack(tuple[Value, ...]):
    """Several values that the source framework treats as one (a sequence, an optional); never reaches the IR.

    Attributes:
        listed: the values are the elements, one by one (a subclass may hold them in another form).
    """

    listed = True
    __slots__ = ()


@dataclass(frozen=True)
class Converter:
    """How one source op becomes OpenVINO ops.

    Args:
        op: source op name; domain: its domain ("" = the framework's own); since: first opset version it is right for.
        function: the converter; ignore: attributes that may be present and do not matter ("*": all unknown ones).
        rank: converters of a higher rank override those below (0: those of the front-end itself).
        provider: the plug-in that gives it; empty for those of the front-end itself.
    """

    op: str
    function: Callable[..., Any]
    domain: str = ""
    since: int = 0
    ignore: frozenset[str] = frozenset()
    rank: int = 0
    provider: str = ""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the positional inputs, in order."""
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return tuple(p.name for p in self._parameters if p.kind in kinds)

    @cached_property
    def required_inputs(self) -> tuple[int, ...]:
        """Places of those that must be given: no default, and no None in the annotation either.

        (`x: Value | None` without a default is an optional input with required ones behind it.)
        """
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        positional = [p for p in self._parameters if p.kind in kinds]
        return tuple(i for i, p in enumerate(positional) if p.default is p.empty and "None" not in str(p.annotation))

    @cached_property
    def variadic(self) -> bool:
        """True when any number of further inputs is taken."""
        return any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in self._parameters)

    @cached_property
    def takes_gaps(self) -> bool:
        """True when one of the further inputs may be absent."""
        rest = [p for p in self._parameters if p.kind is inspect.Parameter.VAR_POSITIONAL]
        return any("None" in str(p.annotation) for p in rest)

    @cached_property
    def attributes(self) -> dict[str, inspect.Parameter]:
        """Keyword-only parameters: the attributes, without the special names."""
        kind = inspect.Parameter.KEYWORD_ONLY
        return {p.name: p for p in self._parameters if p.kind is kind and p.name not in SPECIAL}

    def fits(self, name: str, value: object) -> bool:
        """True when an attribute is of a kind that its annotation names (annotations of other kinds take anything)."""
        kinds = self._kinds.get(name)
        if kinds is None:
            return True
        scalars, items = kinds
        if isinstance(value, (tuple, list)):
            return items is not None and all(isinstance(v, items) for v in value)
        return isinstance(value, scalars)

    @cached_property
    def _kinds(self) -> dict[str, tuple[tuple[type, ...], tuple[type, ...] | None]]:
        found = {}
        for name, parameter in self.attributes.items():
            scalars: tuple[type, ...] = ()
            items: tuple[type, ...] | None = None
            for word in str(parameter.annotation).split(" | "):
                if word not in _SCALARS and word not in _ITEMS:
                    break
                scalars += _SCALARS.get(word, ())
                items = _ITEMS.get(word, items)
            else:
                found[name] = scalars, items
        return found

    @cached_property
    def special(self) -> tuple[str, ...]:
        """Which of `node`, `convert`, `options` the function wants."""
        kind = inspect.Parameter.KEYWORD_ONLY
        return tuple(p.name for p in self._parameters if p.kind is kind and p.name in SPECIAL)

    @cached_property
    def _parameters(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())


F = TypeVar("F", bound=Callable[..., object])


def converter(op: str, *, domain: str = "", since: int = 0, ignore: Iterable[str] = ()) -> Callable[[F], F]:
    """Mark a function as converter of a source op; may be given several times. Adapters wrap this (`onnx_op`)."""

    def mark(function: F) -> F:
        record = Converter(op, function, domain, since, frozenset(ignore))
        function.__dict__.setdefault("mo_converters", []).append(record)
        return function

    return mark


def converters_of(*sources: ModuleType | Callable[..., object]) -> list[Converter]:
    """The converters that functions are marked as, and all that are marked in modules, in order of definition."""
    found: list[Converter] = []
    for source in sources:
        things: Iterable[object] = (source,)
        if isinstance(source, ModuleType):
            things = (x for x in vars(source).values() if getattr(x, "__module__", None) == source.__name__)
        for thing in things:
            found.extend(getattr(thing, "mo_converters", ()))
    return found


class ConverterTable:
    """Converters by domain and op; the newest whose `since` is not above the model's version wins."""

    def __init__(self, converters: Iterable[Converter]) -> None:
        self._by_op: dict[tuple[str, str], list[Converter]] = {}
        for c in converters:
            self._by_op.setdefault((c.domain, c.op), []).append(c)
        for versions in self._by_op.values():
            versions.sort(key=lambda c: (c.rank, c.since))  # stable: a later one overrides an earlier one

    def find(self, node: Foreign) -> Converter | None:
        """The converter for a node, or None."""
        best = None
        for c in self._by_op.get((node.domain, node.op), ()):
            if c.since <= node.version:
                best = c
        return best

    def ops(self) -> list[tuple[str, str]]:
        """All (domain, op) pairs, sorted."""
        return sorted(self._by_op)

    def versions(self, domain: str, op: str) -> list[Converter]:
        """The converters of one op, oldest first."""
        return list(self._by_op.get((domain, op), ()))


@dataclass
class SourceModel:
    """What a front-end read.

    Attributes:
        graph: of `Foreign` nodes; its values carry the tensor names of the file.
        name: name of the model inside the file; metadata: free texts to keep in `rt_info`.
        names_are_tensors: a name given by the user means a tensor first, then a node (else the other way round).
        expand: turns a node that has no converter into a graph of other source ops (function bodies), or None.
        notes: warnings for the report.
    """

    graph: Graph
    name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    names_are_tensors: bool = False
    expand: Callable[[Foreign], Graph | None] | None = None
    notes: list[str] = field(default_factory=list)


class Frontend:
    """Base of the front-ends; an adapter gives one instance from the hook `mo_frontends`.

    Class attributes: `name` (as in `--framework`), `title`, `distribution` (what `pip install` brings it), `suffixes`,
    `sources` (options that name the model in the place of `--input_model`).
    """

    name = ""
    title = ""
    distribution = ""
    suffixes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def recognises(self, path: Path, head: bytes) -> bool:
        """True when the file (its first 4 KiB are in `head`; empty for a folder) looks like one of this framework."""
        return path.suffix.lower() in self.suffixes

    def accepts(self, source: object) -> bool:
        """True when an in-memory object is a model of this framework."""
        return False

    def options(self) -> Sequence[Option]:
        """Options that only this front-end has."""
        return ()

    def read(self, source: Any, options: Any) -> SourceModel:
        """Read a path or an in-memory object; weights stay windows. Raises ModelError."""
        raise NotImplementedError

    def prepare(self, converter_: Converter, node: Foreign) -> dict[str, Any]:
        """Attributes as the converter's keywords: by default as read. Frameworks with text attributes parse here."""
        return node.given

    def default_model_name(self, source: Path) -> str:
        """Stem of the output files."""
        return source.stem
