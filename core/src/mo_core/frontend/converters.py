"""Converters: functions whose signature is the source op's schema.

Positional parameters are inputs (default None = optional, `*rest` = variadic), keyword-only parameters are attributes
with the framework's defaults. Four keyword-only names are special and never attributes: `node` (the `Foreign` itself),
`convert` (converts a body graph in place), `options` (the conversion's options) and `note` (adds a sentence to the
report).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, TypeVar

from mo_core.errors import PluginError
from mo_core.frontend.attributes import ANYTHING, AttributeType, attribute_type
from mo_core.ir import Foreign

DOMAIN = "mo"
"""The domain of source ops that the core makes itself and converts for every front-end."""

SPECIAL = ("node", "convert", "options", "note")


@dataclass(frozen=True)
class Converter:
    """How one source op becomes OpenVINO ops.

    Args:
        op: source op name; domain: its domain ("" = the framework's own); since: first opset version it is right for.
        function: the converter; ignore: attributes that may be present and do not matter ("*": all unknown ones).
        overrides: it is meant to replace the front-end's own converter of the op.
        rank: converters of a higher rank override those below (0: those of the front-end itself).
        provider: the plug-in that gives it; empty for those of the front-end itself.
    """

    op: str
    function: Callable[..., Any]
    domain: str = ""
    since: int = 0
    ignore: frozenset[str] = frozenset()
    overrides: bool = False
    rank: int = 0
    provider: str = ""

    @property
    def refuses(self) -> bool:
        """True when it is there to say why the op is not supported: a function that never returns (`-> NoReturn`)."""
        return "NoReturn" in str(getattr(self.function, "__annotations__", {}).get("return", ""))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the positional inputs, in order."""
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return tuple(p.name for p in self._parameters if p.kind in kinds)

    @cached_property
    def required_inputs(self) -> tuple[int, ...]:
        """Places of those that must be given: no default, and no None in the annotation either.

        (`x: Value | None` without a default is an optional input with required ones after it.)
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

    @cached_property
    def attribute_types(self) -> dict[str, AttributeType]:
        """What each attribute may be, by its annotation; one without an annotation may be anything."""
        names = getattr(inspect.unwrap(self.function), "__globals__", {})
        return {
            name: ANYTHING if p.annotation is p.empty else attribute_type(p.annotation, names)
            for name, p in self.attributes.items()
        }

    @cached_property
    def special(self) -> tuple[str, ...]:
        """Which of `node`, `convert`, `options` the function wants."""
        kind = inspect.Parameter.KEYWORD_ONLY
        return tuple(p.name for p in self._parameters if p.kind is kind and p.name in SPECIAL)

    @cached_property
    def _parameters(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())


F = TypeVar("F", bound=Callable[..., object])


def converter(
    op: str, *, domain: str = "", since: int = 0, ignore: Iterable[str] = (), overrides: bool = False
) -> Callable[[F], F]:
    """Mark a function as converter of a source op; may be given several times. Adapters wrap this (`onnx_op`).

    A plug-in that replaces a converter of the front-end says so with `overrides`.
    """

    def mark(function: F) -> F:
        record = Converter(op, function, domain, since, frozenset(ignore), overrides)
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


def _plain(op: str) -> str:
    return op.lower().replace("_", "")


class ConverterTable:
    """Converters by domain and op; the newest whose `since` is not above the model's version wins."""

    def __init__(self, converters: Iterable[Converter]) -> None:
        self._by_op: dict[tuple[str, str], list[Converter]] = {}
        self._by_lower_case: dict[tuple[str, str], tuple[str, str]] | None = None
        for c in converters:
            self._by_op.setdefault((c.domain, c.op), []).append(c)
        for versions in self._by_op.values():
            versions.sort(key=lambda c: (c.rank, c.since))  # stable: a later one overrides an earlier one

    def check_overrides(self) -> list[str]:
        """What plug-ins override, a sentence for each; raises PluginError for what is not meant, or given twice."""
        notes = []
        for (domain, op), versions in self._by_op.items():
            from_outside = [c for c in versions if c.rank]
            shown = f"{domain}:{op}" if domain else op
            if len({c.provider for c in from_outside}) > 1:
                names = " and ".join(sorted({c.provider for c in from_outside}))
                raise PluginError(f"{names} both give a converter for {shown}", "Leave one out with --block-plugin.")
            if from_outside and any(not c.rank and not c.refuses for c in versions):
                wrong = next((c for c in from_outside if not c.overrides), None)
                if wrong is not None:
                    raise PluginError(
                        f"{wrong.provider} gives a converter for {shown}, which has one already",
                        "If it is to replace that one, its author marks it with overrides=True.",
                    )
                notes.append(f"{shown} is converted by {from_outside[0].provider} in place of the built-in converter.")
        return notes

    def find(self, node: Foreign) -> Converter | None:
        """The converter for a node, or None."""
        return self._newest((node.domain, node.op), node.version)

    def _newest(self, op: tuple[str, str], version: int) -> Converter | None:
        best = None
        for c in self._by_op.get(op, ()):
            if c.since <= version:
                best = c
        return best

    def find_any_case(self, node: Foreign) -> Converter | None:
        """As `find`, then by an op that differs in the case of its letters and in underscores only."""
        found = self.find(node)
        if found is not None:
            return found
        if self._by_lower_case is None:
            self._by_lower_case = {(domain, _plain(op)): (domain, op) for domain, op in self._by_op}
        known = self._by_lower_case.get((node.domain, _plain(node.op)))
        return None if known is None else self._newest(known, node.version)

    def ops(self) -> list[tuple[str, str]]:
        """All (domain, op) pairs, sorted."""
        return sorted(self._by_op)

    def versions(self, domain: str, op: str) -> list[Converter]:
        """The converters of one op, oldest first."""
        return list(self._by_op.get((domain, op), ()))
