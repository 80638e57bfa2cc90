"""The recurrence of a network, which the front-end finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mo_core.build import broadcast_to, concat, convert_like, dim_of, slice_axis
from mo_core.build.bodies import set_outputs
from mo_core.build.loops import iteration
from mo_core.ir import Graph, Value, constant
from mo_core.ops import (
    Concatenated,
    FloorMod,
    InputPort,
    Invariant,
    LastValue,
    Merged,
    OutputPort,
    Sliced,
    Subtract,
    close,
)
from mo_kaldi.registry import kaldi_component


@kaldi_component("Recurrence")
def recurrence(
    *values: Value,
    body: Graph,
    sliced: int,
    carried: int,
    backwards: bool,
    block: int,
    whole: bool,
    convert: Callable[..., Sequence[Any]],
) -> Sequence[Value]:
    """A loop over blocks of rows; `whole`: the rows are a multiple of the block, and what is carried comes out, too."""
    rows = dim_of(values[0], 0)
    if block > 1 and not whole:
        values = (*[_filled_up(v, rows, block, backwards) for v in values[:sliced]], *values[sliced:])
    results = convert(body)
    set_outputs(body, results, body.inputs[sliced : sliced + carried])
    outside = close(body)
    way = {"start": -1, "end": 0, "stride": -block} if backwards else {"stride": block}
    ports: list[InputPort] = [Sliced(i, 0, **way, part_size=block) for i in range(sliced)]
    ports += [Merged(sliced + i, i) for i in range(carried)]
    ports += [Invariant(i) for i in range(sliced + carried, len(values) + len(outside))]
    ends: list[OutputPort] = [LastValue(i) for i in range(carried)]
    ends += [Concatenated(i, 0, **way, part_size=block) for i in range(carried, len(body.outputs))]
    made = iteration([*values, *outside], body, ports, ends).results
    if block == 1 or whole:
        return made
    filled = dim_of(made[carried], 0)
    start, stop = (Subtract(filled, rows), filled) if backwards else (constant(np.zeros(1, np.int64)), rows)
    return [*made[:carried], *[slice_axis(v, 0, start, stop) for v in made[carried:]]]


def _filled_up(x: Value, rows: Value, block: int, backwards: bool) -> Value:
    """Rows of anything where the loop ends, so that they make whole blocks."""
    missing = FloorMod(Subtract(0, rows), block)
    more = broadcast_to(convert_like(constant(0.0), x), [missing, dim_of(x, 1)])
    return concat([more, x] if backwards else [x, more], 0)
