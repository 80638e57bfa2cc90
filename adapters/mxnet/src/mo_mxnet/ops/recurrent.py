"""Recurrent layers. One vector holds the weights of all layers and directions, then all their biases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mo_core.build import (
    Size,
    as_i64,
    broadcast_to,
    concat,
    dim,
    dim_size,
    permute,
    recurrent,
    reshape_to,
    slice_axis,
    split,
    squeeze,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    MatMul,
    Multiply,
    Sigmoid,
    Tanh,
)
from mo_mxnet.learned import check_fit
from mo_mxnet.registry import mxnet_op

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
_ORDER = {"lstm": "ifco", "gru": "rzh"}
"""How MXNet has the gates."""


@dataclass(frozen=True)
class Weights:
    """What one direction of one layer learned; rows are gates * hidden size, in MXNet's order.

    Attributes:
        w: rows x input; r: rows x state; p: state x hidden, or None without a projection; bw, br: biases.
    """

    w: Value
    r: Value
    p: Value | None
    bw: Value
    br: Value


@dataclass(frozen=True)
class Kind:
    """What all layers have in common. `state`: size of the hidden state, which a projection makes smaller."""

    mode: str
    hidden: int
    layers: int
    directions: int
    projection: int | None

    @property
    def state(self) -> int:
        """Size of the hidden state."""
        return self.projection or self.hidden

    @property
    def rows(self) -> int:
        """Rows of the weights."""
        return GATES[self.mode] * self.hidden

    def size_without_input(self) -> int:
        """Elements of all parameters but the weights that the first layer has for the data."""
        own = self.rows * self.state + (self.projection or 0) * self.hidden + 2 * self.rows
        deeper = self.rows * self.state * self.directions
        return self.directions * (self.layers * own + (self.layers - 1) * deeper)

    def unpack(self, parameters: Value, features: t.Dim) -> list[Weights]:
        """The weights by layer, then by direction; raises ModelError when their number does not fit."""
        flat = reshape_to(parameters, [-1])
        inputs = self._input_size(parameters, flat, features)
        sizes: list[int] = []
        for layer in range(self.layers):
            width = inputs if layer == 0 else self.state * self.directions
            one = [self.rows * width, self.rows * self.state]
            sizes += [*one, *([self.projection * self.hidden] if self.projection else [])] * self.directions
        weights = len(sizes)
        sizes += [self.rows] * (2 * self.layers * self.directions)
        pieces = _pieces(flat, sizes)
        each = weights // (self.layers * self.directions)
        found = []
        for i in range(self.layers * self.directions):
            w, r, *p = pieces[i * each : (i + 1) * each]
            bw, br = pieces[weights + 2 * i : weights + 2 * i + 2]
            projection = reshape_to(p[0], [self.state, self.hidden]) if p else None
            rows = reshape_to(w, [self.rows, -1]), reshape_to(r, [self.rows, self.state])
            found.append(Weights(*rows, projection, bw, br))
        return found

    def _input_size(self, parameters: Value, flat: Value, features: t.Dim) -> int:
        count = dim(flat, 0)
        rest = self.size_without_input()
        if isinstance(features, int):
            if isinstance(count, int) and count != rest + features * self.directions * self.rows:
                needed = rest + features * self.directions * self.rows
                check_fit(parameters, [needed])
            return features
        if not isinstance(count, int):
            raise Unsupported("a recurrent layer has an unknown number of features", "Give the shape with --input.")
        size, left = divmod(count - rest, self.directions * self.rows)
        if left or size < 1:
            raise ModelError(f"the {count} parameters of the layer fit no number of features")
        return size


def _pieces(flat: Value, sizes: Sequence[int]) -> list[Value]:
    start, found = 0, []
    for size in sizes:
        found.append(slice_axis(flat, 0, start, start + size))
        start += size
    return found


@mxnet_op("RNN", "_npx_rnn", ignore=("p", "state_outputs", "lstm_state_clip_nan"))
def rnn(
    x: Value,
    parameters: Value,
    state: Value,
    *more: Value,
    mode: str,
    state_size: int,
    num_layers: int,
    bidirectional: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    use_sequence_length: bool = False,
) -> Sequence[Value]:
    """Data is T, N, C; states are layers * directions, N, H; results are the outputs and the last states."""
    if mode not in GATES:
        raise ModelError(f'mode is "{mode}", which is none of {", ".join(GATES)}')
    if min(state_size, num_layers) < 1 or num_layers > 1024:
        raise ModelError(f"a recurrent network of {num_layers} layers of {state_size} is impossible")
    if lstm_state_clip_min is not None or lstm_state_clip_max is not None:
        raise Unsupported("an LSTM with a clipped cell state is not supported; the runtime has none")
    rest = list(more)
    cell = rest.pop(0) if mode == "lstm" and rest else None
    if mode == "lstm" and cell is None:
        raise ModelError("an LSTM needs the state of its cells, and it is not given")
    lengths = as_i64(rest.pop(0)) if use_sequence_length and rest else None
    kind = Kind(mode, state_size, num_layers, 2 if bidirectional else 1, projection_size)
    weights = kind.unpack(parameters, dim(x, 2))
    batch = dim_size(x, 1)
    hidden = _state(state, kind, kind.state, batch)
    cells = None if cell is None else _state(cell, kind, kind.hidden, batch)
    y = permute(x, (1, 0, 2))
    last: list[list[Value]] = [[], []]
    for layer in range(num_layers):
        first, end = layer * kind.directions, (layer + 1) * kind.directions
        initial = [_of_layer(s, first, end) for s in (hidden, cells) if s is not None]
        y, states = _layer(kind, y, weights[first:end], initial, lengths)
        for kept, s in zip(last, states):
            kept.append(permute(s, (1, 0, 2)))
    return [permute(y, (1, 0, 2)), *(concat(kept, 0) for kept in last if kept)]


def _state(state: Value, kind: Kind, size: int, batch: Size) -> Value:
    """The states to begin with; those of zeros may have to be spread over the batch."""
    count = kind.layers * kind.directions
    if state.shape is not None and len(state.shape) == 3:
        own = state.shape[1]
        if own == batch or (not isinstance(own, int) and not isinstance(batch, int)):
            return state
    return broadcast_to(state, [count, batch, size])


def _of_layer(state: Value, first: int, end: int) -> Value:
    """N, D, H of one layer."""
    return permute(slice_axis(state, 0, first, end), (1, 0, 2))


def _layer(
    kind: Kind, x: Value, weights: Sequence[Weights], states: Sequence[Value], lengths: Value | None
) -> tuple[Value, Sequence[Value]]:
    """One layer over N, T, C; results are N, T, D * H and the last states N, D, H."""
    if kind.projection:
        return _projected(x, weights, states, lengths)
    plain = kind.mode.startswith("rnn")
    y, last = recurrent.layer(
        "rnn" if plain else kind.mode,
        x,
        states,
        lengths,
        _runtime_weights(kind, weights),
        hidden=kind.hidden,
        direction="bidirectional" if len(weights) == 2 else "forward",
        activations=[kind.mode.removeprefix("rnn_")] if plain else (),
        linear_before_reset=True,
    )
    whole = permute(y, (0, 2, 1, 3))
    return reshape_to(whole, [dim_size(x, 0), dim_size(x, 1), len(weights) * kind.hidden]), last


def _runtime_weights(kind: Kind, weights: Sequence[Weights]) -> tuple[Value, Value, Value]:
    """Weights with an axis of directions and the runtime's order of gates."""
    w = concat([unsqueeze(_ordered(kind, one.w), 0) for one in weights], 0)
    r = concat([unsqueeze(_ordered(kind, one.r), 0) for one in weights], 0)
    b = concat([unsqueeze(_bias(kind, one), 0) for one in weights], 0)
    return w, r, b


def _ordered(kind: Kind, rows: Value) -> Value:
    given = _ORDER.get(kind.mode)
    return rows if given is None else recurrent.gates_in_order(rows, given, recurrent.GATES[kind.mode], 0)


def _bias(kind: Kind, one: Weights) -> Value:
    """Both biases in one; those of the candidate of a GRU stay apart."""
    bw, br = _ordered(kind, one.bw), _ordered(kind, one.br)
    return recurrent.joined_bias(bw, br, GATES[kind.mode], [2] if kind.mode == "gru" else [], 0)


def _projected(
    x: Value, weights: Sequence[Weights], states: Sequence[Value], lengths: Value | None
) -> tuple[Value, Sequence[Value]]:
    """An LSTM whose hidden state is projected to a smaller one, step by step."""
    ways = []
    for i, one in enumerate(weights):
        product = Add(MatMul(x, one.w, transpose_b=True), Add(one.bw, one.br))
        initial = [squeeze(slice_axis(s, 1, i, i + 1), 1) for s in states]
        ways.append(recurrent.steps(product, _Step(one), initial, lengths, backwards=i == 1))
    _, last = recurrent.in_directions(ways)
    return concat([y for y, _ in ways], 2), last


class _Step:
    """The equations of one step: gates i, f, c, o from the input product and the projected state."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def __call__(self, pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        hidden, cell = states
        gates = Add(pieces[0], MatMul(hidden, self._weights.r, transpose_b=True))
        i, f, c, o = split(gates, 1, 4)
        cell = Add(Multiply(Sigmoid(f), cell), Multiply(Sigmoid(i), Tanh(c)))
        whole = Multiply(Sigmoid(o), Tanh(cell))
        assert self._weights.p is not None
        hidden = MatMul(whole, self._weights.p, transpose_b=True)
        return [hidden, cell], [hidden]
