"""Converters for the records that structuring makes: source ops of the domain `mo`, the same for every front-end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mo_core.build.bodies import Convert
from mo_core.build.branches import branch
from mo_core.build.loops import recurrence, while_loop
from mo_core.build.sequences import Item
from mo_core.errors import ModelError
from mo_core.frontend.converters import DOMAIN, ConverterTable, converter, converters_of
from mo_core.ir import Effects, Graph, Pack, Value, constant

if TYPE_CHECKING:
    from typing import Any


@converter("While", domain=DOMAIN)
def while_(*initial: Item, cond: Graph, body: Graph, convert: Convert) -> Sequence[Item]:
    return while_loop(initial, cond, body, convert)


@converter("If", domain=DOMAIN)
def if_(
    condition: Value, *, then_branch: Graph, else_branch: Graph, convert: Convert, note: Callable[[str], None]
) -> Sequence[Item] | Effects:
    return branch(condition, then_branch, else_branch, convert, note)


@converter("Recurrence", domain=DOMAIN)
def recurrence_(
    *values: Value, body: Graph, sliced: int, carried: int, backwards: bool = False, convert: Convert
) -> Sequence[Value]:
    end = sliced + carried
    return recurrence(values[:sliced], values[sliced:end], values[end:], body, convert, backwards)


@converter("Same", domain=DOMAIN)
def same(*values: Item) -> Sequence[Item]:
    return values


@converter("Number", domain=DOMAIN)
def number(*, value: int) -> Value:
    return constant(np.array(value, np.int32))


@converter("Joined", domain=DOMAIN)
def joined(*values: Value, kind: Any) -> Pack:
    pack: Pack = kind(values)
    return pack


@converter("Parts", domain=DOMAIN)
def parts(pack: Value | Pack) -> Sequence[Value]:
    if isinstance(pack, Value):
        raise ModelError("a loop carries a pack of values that the next iteration makes a single one")
    return list(pack)


@cache
def structured() -> ConverterTable:
    """The converters of these ops."""
    return ConverterTable(converters_of(while_, if_, recurrence_, same, number, joined, parts))
