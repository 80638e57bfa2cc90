"""The statistics that Kaldi makes up for batch normalisation that never saw data.

Kaldi draws them with the generators of the C library, whose state every program starts with alike, so a network that
was not trained gives the same result in every run of its tools. Here are the same numbers.

Source: `nnet3/nnet-normalize-component.h`, `base/kaldi-math.h`; the generators are those of the GNU C library (additive
feedback for `rand`, a linear congruence taken three times for `rand_r`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Array_
from mo_kaldi.network import Component, Network
from mo_kaldi.stream import Number

_LARGEST = 2147483647


def make_up_statistics(network: Network) -> None:
    """Give statistics to the batch normalisations that have none, in the order of the file, and say so in a note."""
    numbers = _rand()
    first = ""
    for name, outer in network.components.items():
        for component in _with_parts(outer):
            count = component.tokens.get("Count")
            if component.kind != "BatchNormComponent" or not isinstance(count, Number) or count.real:
                continue
            size = component.integer("BlockDim", component.integer("Dim"))
            total = _gaussians(size, next(numbers))
            squares = _gaussians(size, next(numbers)) + total * total
            component.tokens["StatsMean"] = Array(total, t.f32)
            component.tokens["StatsVar"] = Array(np.maximum(squares - total * total, 0), t.f32)
            first = first or name
    if first:
        network.notes.append(
            f'"{first}" normalises by statistics of a training that never was: Kaldi makes them up, and so does the IR.'
        )


def _with_parts(component: Component) -> Iterator[Component]:
    stack = [component]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(found.parts))


def _rand() -> Iterator[int]:
    """What `rand()` gives in a program that did not seed it."""
    state = [1]
    for _ in range(30):
        state.append(16807 * state[-1] % _LARGEST)
    state += state[:3]
    discarded = 310
    while True:
        state.append((state[-3] + state[-31]) & 0xFFFFFFFF)
        del state[0]
        if discarded:
            discarded -= 1
        else:
            yield state[-1] >> 1


def _gaussians(count: int, seed: int) -> Array_:
    """Normally distributed numbers, two from each pair of uniform ones. f32 `[count]`."""
    uniform = _uniform(seed + 27437)
    found = np.zeros(count + count % 2, np.float32)
    for i in range(0, len(found), 2):
        radius = np.sqrt(np.float32(-2) * np.log(next(uniform)))
        angle = np.float32(2 * math.pi * float(next(uniform)))
        found[i], found[i + 1] = radius * np.cos(angle), radius * np.sin(angle)
    return found[:count]


def _uniform(state: int) -> Iterator[np.float32]:
    """Numbers between 0 and 1 from `rand_r`, which takes three steps for each."""
    while True:
        drawn = 0
        for bits in (11, 10, 10):
            state = (state * 1103515245 + 12345) & 0xFFFFFFFF
            drawn = drawn << 10 ^ (state >> 16) % (1 << bits)
        yield np.float32((drawn + 1.0) / (_LARGEST + 2.0))
