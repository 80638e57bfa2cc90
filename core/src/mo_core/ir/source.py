"""Source ops, which are nodes too: what a front-end reads, and what front passes and converters work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mo_core.ir import types as t
from mo_core.ir.graph import Graph
from mo_core.ir.node import Node, Value
from mo_core.ir.types import Type

UNKNOWN = Type(t.dynamic, None)


@dataclass(frozen=True, eq=False)
class FunctionRef:
    """An attribute that names a function of the source model, and binds attributes of that function."""

    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Foreign(Node):
    """A source op that is not converted yet.

    Attributes:
        framework, domain, op, version: what it is (`onnx`, `com.microsoft`, `Gelu`, opset version of the domain).
        slots: the inputs in order, None where an optional one is left out; `operands` holds the present ones.
        given: attributes as read: Python numbers, texts, tuples, `Tensor`s, `Graph`s and `FunctionRef`s.
        result_types: types as far as the file states them.
        effect: it matters although nobody may read it (an assignment, an assertion, a print).
        state: the variable that it reads or, as an effect, writes; empty when it has none.
        calls: the functions it came out of, the innermost first; None for a node of the model itself.
    """

    calls: tuple[str, Any] | None = None

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
        effect: bool = False,
        state: str = "",
    ) -> None:
        self.framework, self.op, self.domain, self.version = framework, op, domain, version
        self.type_name = f"{framework}.{op}"  # type: ignore[misc]
        self.given: dict[str, Any] = dict(attributes or {})
        self.nests = any(isinstance(v, Graph) for v in self.given.values())
        self.result_types: Sequence[Type] = [UNKNOWN] * results if isinstance(results, int) else results
        self.effect, self.state = effect, state
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
    def attributes(self) -> dict[str, Any]:
        return self.given

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return () if not self.nests else tuple(g for g in self.given.values() if isinstance(g, Graph))

    @property
    def is_live(self) -> bool:
        return self.effect or super().is_live

    def infer(self) -> Sequence[Type]:
        return self.result_types

    def refresh(self) -> bool:
        return False

    def evolve(self, *operands: Value, **changed: Any) -> Foreign:
        return self.relinked(self._slots_of(operands or self.operands), **changed)

    def relinked(self, slots: Sequence[Value | None], **changed: Any) -> Foreign:
        """The same op with other inputs (None: left out) and, where named, other attributes; a new node."""
        made = Foreign(
            self.framework,
            self.op,
            slots,
            {**self.given, **changed},
            self.result_types,
            domain=self.domain,
            version=self.version,
            name=self.name,
            effect=self.effect,
            state=self.state,
        )
        made.calls = self.calls
        return made

    def retype(self, index: int, type_: Type) -> None:
        """Say what type a result has, where the file does not state it."""
        self.result_types = [*self.result_types[:index], type_, *self.result_types[index + 1 :]]
        self.results[index].element, self.results[index].shape = type_

    def leave_out(self, index: int) -> None:
        """Drop the operand at `index`: its slot is empty from now on."""
        if self.graph is not None:
            for i, v in enumerate(self.operands):
                v.uses.pop((self, i), None)
        self.operands = (*self.operands[:index], *self.operands[index + 1 :])
        del self._present[index]
        if self.graph is not None:
            for i, v in enumerate(self.operands):
                v.uses[self, i] = None

    def _slots_of(self, operands: Sequence[Value]) -> list[Value | None]:
        slots: list[Value | None] = [None] * self._slot_count
        for i, v in zip(self._present, operands):
            slots[i] = v
        return slots


class Pack(tuple[Value, ...]):
    """Several values that the source framework treats as one (a sequence, an optional); never reaches the IR.

    Attributes:
        listed: the values are the elements, one by one (a subclass may hold them in another form).
        what: it is, for messages, where the values are not listed.
        fixed: there are always as many values, whose meaning depends on their places.
    """

    listed = True
    fixed = False
    what = "a sequence whose length is not known"
    __slots__ = ()


@dataclass(frozen=True)
class Effects:
    """What a converter returns that gives more than values.

    Attributes:
        values: as a converter without effects returns them.
        nodes: nodes that are there although nobody reads them, such as `Assign`.
    """

    values: Any
    nodes: Sequence[Node]
