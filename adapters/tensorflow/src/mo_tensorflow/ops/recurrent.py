"""Cells of recurrent networks, one step or all."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import arange, as_i64, concat, constant_like, dim_of, known_ints, slice_axis, split, unsqueeze
from mo_core.build.loops import iterate
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, Clamp, Concat, Less, MatMul, Multiply, Select, Sigmoid, Subtract, Tanh
from mo_tensorflow.registry import tf_op


class _Gates:
    """The arithmetic of one step of TensorFlow's fused LSTM.

    Args:
        order: of the gates in the weights; peepholes: w_ci, w_cf, w_co, or None.
    """

    def __init__(
        self, w: Value, b: Value, peepholes: Sequence[Value] | None, forget: float, clip: float, order: str
    ) -> None:
        self._w, self._b, self._peepholes = w, b, peepholes
        self._forget, self._clip, self._order = forget, clip, order

    def step(self, x: Value, c: Value, h: Value) -> tuple[Value, ...]:
        """i, cs, f, o, ci, co, h of one step (or of many that are rows)."""
        parts = dict(zip(self._order, split(Add(MatMul(concat([x, h], -1), self._w), self._b), -1, 4)))
        i, o = parts["i"], parts["o"]
        f: Value = Add(parts["f"], constant_like(x, self._forget))
        if self._peepholes is not None:
            i, f = Add(i, Multiply(c, self._peepholes[0])), Add(f, Multiply(c, self._peepholes[1]))
        i, f, ci = Sigmoid(i), Sigmoid(f), Tanh(parts["c"])
        cs: Value = Add(Multiply(ci, i), Multiply(c, f))
        if self._clip > 0:
            cs = Clamp(cs, min=-self._clip, max=self._clip)
        if self._peepholes is not None:
            o = Add(o, Multiply(cs, self._peepholes[2]))
        o, co = Sigmoid(o), Tanh(cs)
        return i, cs, f, o, ci, co, Multiply(co, o)


@tf_op("LSTMBlockCell")
def lstm_cell(
    x: Value,
    c: Value,
    h: Value,
    w: Value,
    wci: Value,
    wcf: Value,
    wco: Value,
    b: Value,
    *,
    forget_bias: float = 1.0,
    cell_clip: float = 3.0,
    use_peephole: bool = False,
) -> Sequence[Value]:
    gates = _Gates(w, b, (wci, wcf, wco) if use_peephole else None, forget_bias, cell_clip, "icfo")
    return gates.step(x, c, h)


@tf_op("BlockLSTM")
def lstm(
    length: Value,
    x: Value,
    c: Value,
    h: Value,
    w: Value,
    wci: Value,
    wcf: Value,
    wco: Value,
    b: Value,
    *,
    forget_bias: float = 1.0,
    cell_clip: float = 3.0,
    use_peephole: bool = False,
) -> Sequence[Value]:
    gates = _Gates(w, b, (wci, wcf, wco) if use_peephole else None, forget_bias, cell_clip, "icfo")
    return _all_steps(gates, length, x, c, h)


@tf_op("BlockLSTMV2")
def lstm_v2(
    length: Value,
    x: Value,
    c: Value,
    h: Value,
    w: Value,
    wci: Value,
    wcf: Value,
    wco: Value,
    b: Value,
    *,
    cell_clip: float = 0.0,
    use_peephole: bool = False,
) -> Sequence[Value]:
    gates = _Gates(w, b, (wci, wcf, wco) if use_peephole else None, 0.0, cell_clip, "ifco")
    return _all_steps(gates, length, x, c, h)


def _all_steps(gates: _Gates, length: Value, x: Value, c: Value, h: Value) -> Sequence[Value]:
    """The loop gives cells and outputs; the gates of all steps follow from these. Steps beyond the length are zeros."""

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        made = gates.step(pieces[0], *states)
        return (made[1], made[6]), (made[1], made[6])

    _, (cells, outputs) = iterate(step, [(x, 0)], [c, h], axis=0)
    before = [concat([unsqueeze(s, 0), slice_axis(v, 0, 0, -1)], 0) for s, v in ((c, cells), (h, outputs))]
    i, _, f, o, ci, co, _ = gates.step(x, *before)
    results = [i, cells, f, o, ci, co, outputs]
    return [_until(v, length, x) for v in results]


def _until(v: Value, length: Value, x: Value) -> Value:
    known, steps = known_ints(length), x.dims[0]
    if known is not None and isinstance(steps, int) and known[0] >= steps:
        return v
    inside = Less(unsqueeze(arange(dim_of(v, 0), t.i64), 1, 2), as_i64(length))
    return Select(inside, v, constant_like(v, 0))


@tf_op("GRUBlockCell")
def gru_cell(x: Value, h: Value, w_ru: Value, w_c: Value, b_ru: Value, b_c: Value) -> Sequence[Value]:
    """r, u, c and the new h."""
    both = Sigmoid(Add(MatMul(Concat([x, h], axis=1), w_ru), b_ru))
    r, u = split(both, 1, 2)
    c = Tanh(Add(MatMul(Concat([x, Multiply(r, h)], axis=1), w_c), b_c))
    new = Add(Multiply(u, h), Multiply(Subtract(constant_like(u, 1), u), c))
    return r, u, c, new
