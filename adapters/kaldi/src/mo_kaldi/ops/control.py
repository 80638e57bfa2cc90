"""The recurrence of a network, which the front-end finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mo_core.build.bodies import set_outputs
from mo_core.build.loops import iteration
from mo_core.ir import Graph, Value
from mo_core.ops import Concatenated, InputPort, Invariant, LastValue, Merged, OutputPort, Sliced, close
from mo_kaldi.registry import kaldi_component


@kaldi_component("Recurrence")
def recurrence(
    *values: Value, body: Graph, sliced: int, carried: int, backwards: bool, convert: Callable[..., Sequence[Any]]
) -> Sequence[Value]:
    results = convert(body)
    set_outputs(body, results, body.inputs[sliced : sliced + carried])
    outside = close(body)
    way = {"start": -1, "end": 0, "stride": -1} if backwards else {}
    ports: list[InputPort] = [Sliced(i, 0, **way) for i in range(sliced)]
    ports += [Merged(sliced + i, i) for i in range(carried)]
    ports += [Invariant(i) for i in range(sliced + carried, len(values) + len(outside))]
    ends: list[OutputPort] = [LastValue(i) for i in range(carried)]
    ends += [Concatenated(i, 0, **way) for i in range(carried, len(body.outputs))]
    return iteration([*values, *outside], body, ports, ends).results
