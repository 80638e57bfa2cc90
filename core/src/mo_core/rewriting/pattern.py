"""Patterns: small trees of ops with captures.

    p.Multiply(p.Convolution(any_("x"), const("w"), name="conv", uses=1), const("s"))

Names of ops, attributes and captures are checked when the pattern is made, that is, when its module is imported.
Commutativity comes from the schema of the op.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mo_core import ops
from mo_core.errors import UsageError, did_you_mean
from mo_core.ir import Constant, Foreign, Node, Value
from mo_core.ir.known import is_number


class Match:
    """What a pattern found: captures by name, and the nodes that op patterns matched (the root first)."""

    __slots__ = ("captures", "nodes")

    def __init__(self, captures: dict[str, Any] | None = None, nodes: tuple[Node, ...] = ()) -> None:
        self.captures = captures or {}
        self.nodes = nodes

    def bind(self, name: str, thing: Any) -> Match | None:
        """This match with one more capture; None when the name already stands for something else."""
        if not name:
            return self
        if name in self.captures:
            return self if self.captures[name] is thing else None
        return Match({**self.captures, name: thing}, self.nodes)


class Pattern:
    """Base: `match` gives every way in which a value fits."""

    name = ""

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        """Extensions of `match` by this pattern at `value`."""
        raise NotImplementedError

    def names(self) -> set[str]:
        """All capture names in here."""
        return {self.name} if self.name else set()

    @property
    def depth(self) -> int:
        """Levels of op patterns."""
        return 0

    @property
    def roots(self) -> tuple[type[Node], ...]:
        """The kinds of nodes that a fitting value comes from."""
        return (Node,)


class Any_(Pattern):
    """Any value, optionally one that fulfils a condition."""

    def __init__(self, name: str = "", where: Callable[[Value], bool] | None = None, uses: int | None = None) -> None:
        self.name, self._where, self._uses = name, where, uses

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        if self._uses is not None and len(value.uses) != self._uses:
            return ()
        if self._where is not None and not self._where(value):
            return ()
        found = match.bind(self.name, value)
        return () if found is None else (found,)


class Const(Pattern):
    """A constant; `value`: a scalar number it must be equal to everywhere (small constants only)."""

    def __init__(
        self, name: str = "", value: float | None = None, where: Callable[[Value], bool] | None = None
    ) -> None:
        self.name, self._value, self._where = name, value, where

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        if not isinstance(value.node, Constant) or (self._where is not None and not self._where(value)):
            return ()
        if self._value is not None and not is_number(value, self._value):
            return ()
        found = match.bind(self.name, value)
        return () if found is None else (found,)

    @property
    def roots(self) -> tuple[type[Node], ...]:
        return (Constant,)


class Op(Pattern):
    """A node of one of several ops.

    Args:
        kinds: op classes; operands: patterns for the first operands (the others are free);
        name: capture of the node; uses: number of uses that the matched result must have;
        result: which result of the node (None: any); attributes: values or predicates.
    """

    def __init__(
        self,
        kinds: tuple[type[Node], ...],
        operands: Sequence[Pattern],
        name: str = "",
        uses: int | None = None,
        result: int | None = 0,
        where: Callable[[Any], bool] | None = None,
        **attributes: Any,
    ) -> None:
        self.kinds, self.operands, self.name = kinds, tuple(operands), name
        self._uses, self._result, self._where, self._attributes = uses, result, where, attributes
        for kind in kinds:
            for attribute in attributes:
                if attribute not in kind.schema.attributes:
                    raise kind.schema.unknown(kind, attribute)
        self._commutative = len(self.operands) == 2 and all(k.commutative for k in kinds)

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        node = value.node
        if not isinstance(node, self.kinds) or len(node.operands) < len(self.operands) or not self._fits(value, node):
            return ()
        found = match.bind(self.name, node)
        if found is None:
            return ()
        found = Match(found.captures, (*found.nodes, node))
        straight = _operands(self.operands, node.operands, found)
        if not self._commutative:
            return straight
        return [*straight, *_operands(self.operands, (node.operands[1], node.operands[0]), found)]

    def _fits(self, value: Value, node: Node) -> bool:
        """The conditions beyond the kind of the node."""
        if self._result is not None and value.index != self._result:
            return False
        if self._uses is not None and len(value.uses) != self._uses:
            return False
        for attribute, wanted in self._attributes.items():
            actual = getattr(node, attribute)
            if not (wanted(actual) if callable(wanted) else actual == wanted):
                return False
        return self._where is None or bool(self._where(node))

    def may_match(self, sources: Sequence[type[Node]]) -> bool:
        """False when nodes of these kinds, which give the first operands, cannot fit."""
        wanted = [o.roots for o in self.operands]
        if len(sources) < len(wanted):
            return False
        straight = all(issubclass(s, w) for s, w in zip(sources, wanted))
        return straight or (
            self._commutative and issubclass(sources[0], wanted[1]) and issubclass(sources[1], wanted[0])
        )

    def names(self) -> set[str]:
        return super().names().union(*[o.names() for o in self.operands])

    @property
    def roots(self) -> tuple[type[Node], ...]:
        return self.kinds

    @property
    def depth(self) -> int:
        return 1 + max((o.depth for o in self.operands), default=0)


class SourceKind(NamedTuple):
    """What a source op is: by this, rules on source ops are indexed."""

    framework: str
    domain: str
    op: str


class SourceOp(Op):
    """A source op (see `src`)."""

    def __init__(
        self,
        kinds: Sequence[SourceKind],
        slots: Sequence[Pattern | None],
        name: str = "",
        uses: int | None = None,
        result: int | None = 0,
        where: Callable[[Foreign], bool] | None = None,
        commutative: bool = False,
        **attributes: Any,
    ) -> None:
        super().__init__((Foreign,), [s for s in slots if s is not None], name, uses, result, where)
        self._commutative = commutative and len(self.operands) == 2
        self.source_kinds, self._slots, self._given = tuple(kinds), tuple(slots), attributes

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        node = value.node
        if not isinstance(node, Foreign) or source_kind(node) not in self.source_kinds or not self._fits(value, node):
            return ()
        slots = node.slots[: len(self._slots)]
        slots += [None] * (len(self._slots) - len(slots))
        if any((wanted is None) != (slot is None) for wanted, slot in zip(self._slots, slots)):
            return ()
        found = match.bind(self.name, node)
        if found is None:
            return ()
        found = Match(found.captures, (*found.nodes, node))
        values = [v for v in slots if v is not None]
        straight = _operands(self.operands, values, found)
        return [*straight, *_operands(self.operands, values[::-1], found)] if self._commutative else straight

    def _fits(self, value: Value, node: Node) -> bool:
        for attribute, wanted in self._given.items():
            actual = node.attributes.get(attribute)
            if not (wanted(actual) if callable(wanted) else _alike(actual, wanted)):
                return False
        return super()._fits(value, node)

    def may_match(self, sources: Sequence[type[Node]]) -> bool:
        return len(sources) >= len(self.operands)


def source_kind(node: Node) -> Any:
    """What rules are indexed by where some are on source ops: the kind of a source op, the class of others."""
    return SourceKind(node.framework, node.domain, node.op) if isinstance(node, Foreign) else type(node)


def _alike(actual: Any, wanted: Any) -> bool:
    """Equality of attributes; lists and tuples are alike, a number never equals an array or a graph."""
    if isinstance(actual, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(actual) == len(wanted) and all(map(_alike, actual, wanted))
    return type(actual) in (bool, int, float, str, bytes, type(None)) and bool(actual == wanted)


class Either(Pattern):
    """One of several patterns, in the order given (all ways are tried)."""

    def __init__(self, *choices: Pattern) -> None:
        self.choices = choices

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        return [found for choice in self.choices for found in choice.match(value, match)]

    def names(self) -> set[str]:
        return set().union(*[c.names() for c in self.choices])

    @property
    def roots(self) -> tuple[type[Node], ...]:
        return tuple(kind for c in self.choices for kind in c.roots)

    @property
    def depth(self) -> int:
        return max(c.depth for c in self.choices)


def _operands(patterns: Sequence[Pattern], values: Sequence[Value], match: Match) -> Sequence[Match]:
    found: Sequence[Match] = (match,)
    for pattern, value in zip(patterns, values):
        if len(found) == 1:
            found = pattern.match(value, found[0])
        else:
            found = [n for m in found for n in pattern.match(value, m)]
        if not found:
            break
    return found


def any_(name: str = "", where: Callable[[Value], bool] | None = None, uses: int | None = None) -> Any_:
    """Any value."""
    return Any_(name, where, uses)


def const(name: str = "", value: float | None = None, where: Callable[[Value], bool] | None = None) -> Const:
    """A constant."""
    return Const(name, value, where)


def either(*choices: Pattern) -> Either:
    """One of several patterns."""
    return Either(*choices)


def op(*kinds: type[Node], operands: Sequence[Pattern] = (), **options: Any) -> Op:
    """A node of one of several op classes (for ops outside `mo_core.ops`, too)."""
    return Op(kinds, operands, **options)


def src(ops: str | Sequence[str], *slots: Pattern | None, domain: str = "", **options: Any) -> SourceOp:
    """A source op by framework and name, or one of several: `src("tf.Switch", any_("x"), any_("pred"), T=1)`.

    Args:
        slots: patterns for the first inputs, in the source op's own order; None: that input is left out. Inputs beyond
            those are free.
        domain: as `Foreign.domain` (`com.microsoft`).
        options: `name`, `uses`, `result` and `where` as for `op`; `commutative=True`: two inputs fit either way; all
            others are attributes as read, each with the value it must have, or a predicate (which gets None where the
            attribute is not given).
    """
    named = (ops,) if isinstance(ops, str) else ops
    kinds = []
    for text in named:
        framework, dot, name = text.partition(".")
        if not (framework and dot and name):
            raise UsageError(f'"{text}" is no source op', 'Write it as "framework.Op", such as "onnx.Conv".')
        kinds.append(SourceKind(framework, domain, name))
    return SourceOp(kinds, slots, **options)


class _Namespace:
    """`p.Add(a, b, name=…, uses=…, attribute=…)` for every op of `mo_core.ops`; for one of several ops use `op`."""

    def __getattr__(self, name: str) -> Callable[..., Op]:
        kind = getattr(ops, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Node)):
            raise UsageError(f'there is no op "{name}"', did_you_mean(name, [k for k in vars(ops) if k[:1].isupper()]))
        return lambda *operands, **options: Op((kind,), operands, **options)


p: Any = _Namespace()
