"""Recurrent layers: the runtime's sequence operations, and loops over equations where it has none.

Data is N, T, I; states are N, D, H (D: directions, 1 or 2) for sequence operations, N, H for steps. Weights have a
leading axis D and gates * H rows; the gates lie in the runtime's order (RNNSequence-5, GRUSequence-5, LSTMSequence-5),
into which `gates_in_order` brings any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mo_core.build.basics import (
    arange,
    as_i64,
    concat,
    constant_like,
    dim,
    dim_of,
    dim_size,
    filled,
    gather,
    split,
    unsqueeze,
)
from mo_core.build.loops import Step, iterate
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import Add, GRUSequence, Less, LSTMSequence, ReverseSequence, RNNSequence, Select

GATES = {"lstm": "fico", "gru": "zrh", "rnn": "h"}
"""The runtime's order: forget, input, candidate, output; update, reset, candidate."""


def gates_in_order(rows: Value, given: str, wanted: str, axis: int) -> Value:
    """Equal blocks of rows along an axis, one for each letter of `given`, in the order of `wanted`."""
    if given == wanted:
        return rows
    places = [given.index(gate) for gate in wanted]
    count = dim(rows, axis)
    if not isinstance(count, int):
        parts = split(rows, axis, len(given))
        return concat([parts[place] for place in places], axis)
    if count % len(given):
        raise ModelError(f"{count} rows cannot be divided into {len(given)} gates")
    each = count // len(given)
    return gather(rows, [place * each + i for place in places for i in range(each)], axis)


def joined_bias(own: Value, recurrent: Value, gates: int, apart: Sequence[int] = (), axis: int = 1) -> Value:
    """The biases of the input product and of the recurrent product in one.

    Those of the gates in `apart` are not added up: the recurrent ones follow after all others, as GRUSequence wants the
    candidate's when the reset gate comes after its product.
    """
    if not apart:
        return Add(own, recurrent)
    mine, others = split(own, axis, gates), split(recurrent, axis, gates)
    joined = [m if i in apart else Add(m, o) for i, (m, o) in enumerate(zip(mine, others))]
    return concat([*joined, *[others[i] for i in apart]], axis)


def layer(
    kind: str,
    x: Value,
    states: Sequence[Value],
    lengths: Value | None,
    weights: tuple[Value, Value, Value],
    *,
    hidden: int,
    direction: str = "forward",
    activations: Sequence[str] = (),
    clip: float = 0.0,
    linear_before_reset: bool = False,
) -> tuple[Value, Sequence[Value]]:
    """A layer by the runtime's operation.

    Args:
        kind: "lstm", "gru" or "rnn".
        states: the hidden state, and for an LSTM that of the cells.
        lengths: of the sequences, N; None: all are whole.
        weights: of the input, D, gates * H, I; of the state, D, gates * H, H; and the bias, D, gates * H (a GRU with
            `linear_before_reset`: (gates + 1) * H).
        direction: "forward", "reverse" or "bidirectional"; activations: none given: the runtime's own.

    Returns outputs N, D, T, H, and the last states.
    """
    own: dict[str, Any] = {"hidden_size": hidden, "direction": direction, "clip": clip}
    if activations:
        own["activations"] = list(activations)
    if kind == "gru":
        own["linear_before_reset"] = linear_before_reset
    made = {"lstm": LSTMSequence, "gru": GRUSequence, "rnn": RNNSequence}[kind]
    node = made(x, *states, whole_lengths(x) if lengths is None else lengths, *weights, **own)
    return node.results[0], node.results[1:]


def whole_lengths(x: Value) -> Value:
    """The lengths of sequences (N) that fill the axis of time of N, T, C."""
    return filled([dim_size(x, 0)], dim_of(x, 1))


def reversed_in_time(x: Value, lengths: Value | None = None) -> Value:
    """Each sequence of N, T, C from its end to its beginning; what lies after the end stays."""
    return ReverseSequence(x, whole_lengths(x) if lengths is None else lengths, batch_axis=0, seq_axis=1)


def steps(
    product: Value, step: Step, states: Sequence[Value], lengths: Value | None = None, backwards: bool = False
) -> tuple[Value, Sequence[Value]]:
    """Compute a layer of one direction step by step.

    Args:
        product: what the inputs alone give for all steps, N, T, gates * H; a step takes a piece of it, N, gates * H.
        step: gives the new states and one output, N, H.
        lengths: of the sequences, N: after the end of one the states stay, and outputs are 0. None: all are whole.

    Returns outputs N, T, H, and the last states.
    """
    data = reversed_in_time(product, lengths) if backwards else product
    slices = [(data, 1)]
    if lengths is not None:
        slices.append((arange(dim_size(product, 1)), 0))
        step = _until(step, unsqueeze(as_i64(lengths), 1))
    after, (y,) = iterate(step, slices, states, axis=1)
    return reversed_in_time(y, lengths) if backwards else y, after


def _until(step: Step, lengths: Value) -> Step:
    def masked(pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        *own, place = pieces
        after, outputs = step(own, states)
        alive = Less(place, lengths)
        kept = [Select(alive, new, old) for new, old in zip(after, states)]
        return kept, [Select(alive, y, constant_like(y, 0.0)) for y in outputs]

    return masked


def in_directions(ways: Sequence[tuple[Value, Sequence[Value]]]) -> tuple[Value, Sequence[Value]]:
    """Outputs N, T, H and states N, H of each direction as N, D, T, H and N, D, H."""
    y = concat([unsqueeze(y, 1) for y, _ in ways], 1)
    return y, [concat([unsqueeze(s, 1) for s in group], 1) for group in zip(*(states for _, states in ways))]
