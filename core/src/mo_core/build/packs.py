"""Packs that always have as many values, in loops: each value is carried by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TypeGuard

from mo_core.build.sequences import Item, flat
from mo_core.ir import Foreign, Graph, Pack, Value, copy_into

_OWN = "mo"  # the domain of ops that the core converts itself


def is_fixed(item: Item | None) -> TypeGuard[Pack]:
    """True for a pack that always has as many values, such as a complex tensor."""
    return isinstance(item, Pack) and item.fixed


def by_values(initial: Sequence[Item], body: Graph) -> tuple[list[Item], Graph]:
    """What a loop carries, and a copy of its source body, with values in the place of such packs.

    The body is as `mo_core.build.loops.loop` takes it.
    """
    turned = Graph(body.name)
    mapping: dict[Value, Value] = {}
    for parameter, item in zip_longest(body.inputs, [None, None, *initial]):
        if is_fixed(item):
            parts = [turned.add_input("", *v.type) for v in item]
            mapping[parameter] = Foreign(_OWN, "Joined", parts, {"kind": type(item)}, domain=_OWN)
            turned.add(mapping[parameter].node)
        else:
            mapping[parameter] = turned.add_input(parameter.name, parameter.element_type, parameter.dimensions)
    copy_into(turned, body, mapping)
    for result, item in zip_longest(body.outputs, [None, *initial]):
        value = mapping.get(result.source, result.source)
        if is_fixed(item):
            split = Foreign(_OWN, "Parts", [value], results=len(item), domain=_OWN)
            turned.add(split)
            for part in split.results:
                turned.add_output(part)
        else:
            turned.add_output(value)
    return [v for item in initial for v in (flat([item]) if is_fixed(item) else [item])], turned


def rejoined(results: Sequence[Item], initial: Sequence[Item]) -> list[Item]:
    """The results of a loop over such values, with packs as the initial ones; what follows them stays."""
    rest = iter(results)
    items: list[Item] = []
    for item in initial:
        if is_fixed(item):
            values = [next(rest) for _ in item]
            items.append(type(item)(flat(values)))
        else:
            items.append(next(rest))
    return [*items, *rest]
