"""A sequence that a loop carries: how its elements get into the body, and what the loop makes of them."""

from __future__ import annotations

from collections.abc import Callable

from mo_core.build.basics import (
    concat,
    dim_of,
    dims_of,
    filled,
    integer,
    reshape_to,
    scalar,
    slice_axis,
    unsqueeze,
    vector,
)
from mo_core.build.sequences import (
    ONLY_APPENDS,
    Item,
    Reserved,
    Stack,
    Tail,
    blank,
    length,
    overwritten,
    stacked,
)
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Pack, Parameter, Result, Type, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import known_ints
from mo_core.ops import Maximum, Subtract

__all__ = ["CarriedSequence"]


class CarriedSequence:
    """One sequence, carried in the cheapest way that what the body does with it allows.

    What iterations append, or write at the number of the iteration, is put together by the loop (`piece`). Whatever
    else the body does needs all elements, stacked, from one iteration to the next (`after`).

    Attributes:
        parameter: stands for it in the body; reads: the body reads elements, so that the parameter is needed.
        piece: what an iteration adds, of one index of axis 0; after: all elements after an iteration.
    """

    def __init__(self, initial: Pack) -> None:
        self.initial = initial
        self.whole = _whole(initial)
        self._overwrites = self._several = self._last = False
        self.piece: Value | None = None
        self.after: Value | None = None
        self.parameter: Parameter

    def enter(self, parameter: Parameter) -> Tail:
        """What stands for the sequence in a body that is about to be converted."""
        self.parameter, self.piece, self.after = parameter, None, None
        if self.whole is not None:
            self._retype(self.whole.type)
        return Tail.of(parameter, self.whole is not None)

    def leave(self, item: Item, counts: Callable[[Value], bool]) -> None:
        """Take what the body, now converted, makes of it. `counts`: whether a value is the number of the iteration.

        Raises Unsupported when the runtime has no way to do this.
        """
        if isinstance(item, Tail) and item.parameter is self.parameter:
            self._last = bool(item) and self._is_all(item.at)
            if item and (self.reads or (item.at is not None and not self._last and not counts(item.at))):
                self._carry(self._added(item))
            elif item:
                self.piece = unsqueeze(item[0] if len(item) == 1 else concat([unsqueeze(v, 0) for v in item], 0), 0)
                self._several = len(item) > 1
                self._overwrites = item.at is not None
        elif isinstance(item, Pack) and self.whole is not None and not isinstance(item, (Tail, Reserved)):
            self._carry(stacked(item))
        else:
            raise Unsupported(*ONLY_APPENDS)

    @property
    def reads(self) -> bool:
        return any(not isinstance(u, (Foreign, Result)) for u in self.parameter.users())

    def result(self, computed: Value | None) -> Pack:
        """The sequence after the loop, from what the loop computed: `after`, or the pieces put together."""
        if computed is None:
            return self.initial
        if self.after is not None:
            return Stack([computed])
        if self._several:  # [iterations, elements of each, ...]
            computed = reshape_to(computed, vector([-1, dims_of(computed, range(2, computed.rank))]))
        if self._last:
            return Stack([slice_axis(computed, 0, -1)])
        if not self._overwrites:
            known = [self.whole] if self.whole is not None else []
            return Stack([concat([*known, computed], 0)])
        return Stack([self._with_rest(computed)])

    def _is_all(self, at: Value | None) -> bool:
        """True when an array of one element is written: what the last iteration writes is all that is left."""
        return isinstance(self.initial, Reserved) and known_ints(at) == (0,) and known_ints(self.initial[0]) == (1,)

    def _with_rest(self, grown: Value) -> Value:
        """Elements written from the first on, then those that were not; an array grows with what is written to it."""
        count = dim_of(grown, 0)
        if self.whole is not None:
            return concat([grown, slice_axis(self.whole, 0, scalar(count))], 0)
        size = length(self.initial)
        known = size.known.reshape(-1)[0] if size.known is not None else None
        number = known if known is None or isinstance(known, t.Dynamic) else int(known)
        if number == 0 or (number is not None and grown.shape is not None and t.same_dim(number, grown.shape[0])):
            return grown
        if grown.shape is None or not t.is_static(grown.shape[1:]):
            raise Unsupported(
                "a loop writes part of an array whose elements have a shape that is not known",
                "Give the shapes of the inputs with --input_shape.",
            )
        missing = Maximum(Subtract(size, scalar(count)), integer(0))
        rest = filled([missing, *t.static(grown.shape[1:])], constant(0, grown.element))
        return concat([grown, rest], 0)

    def _added(self, item: Tail) -> Value:
        if item.at is None:
            if self.whole is None:
                raise Unsupported(*ONLY_APPENDS)
            return concat([self.parameter, *[unsqueeze(v, 0) for v in item]], 0)
        if self.whole is None and isinstance(self.initial, Reserved):
            self.whole = blank(self.initial, item[0].type)
            self._retype(self.whole.type)
        return overwritten(self.parameter, item.at, item[0])

    def _carry(self, after: Value) -> None:
        if self.whole is None:
            raise Unsupported(*ONLY_APPENDS)
        self.after = after

    def _retype(self, type_: Type) -> None:
        """The elements, of a number that may change."""
        shape = None if type_.shape is None else (t.Dynamic(), *type_.shape[1:])
        self.parameter.retype(type_.element, shape)
        self.parameter.refresh()


def _whole(initial: Pack) -> Value | None:
    """The elements, stacked, where they are of one shape."""
    if isinstance(initial, (Reserved, Tail)) or not initial:
        return None
    try:
        return stacked(initial)
    except Unsupported:
        return None
