"""The non-linear part of recurrent layers: gates on rows. The recurrence itself is the network's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mo_core.build import concat, slice_axis, split
from mo_core.errors import ModelError
from mo_core.ir import Constant, Value
from mo_core.ir import tensor as tensors_
from mo_core.ir.tensor import Tensor
from mo_core.ops import Add, Clamp, MatMul, Multiply, Sigmoid, Subtract, Tanh
from mo_kaldi.ops.matmul import product, row
from mo_kaldi.registry import kaldi_component, tensors
from mo_kaldi.stream import Raw


def line(matrix: Tensor, index: int) -> Constant:
    """One row of a matrix."""
    shape = (1, matrix.shape[1])
    return Constant(value=tensors_.lazy(lambda m: m[index : index + 1], matrix, shape=shape))


@kaldi_component("LstmNonlinearityComponent")
def lstm_nonlinearity(x: Value, *, Params: Tensor, UseDropout: bool = False) -> Value:
    """Gates i, f, c, o and the cell of the frame before in, the cell and the output out; peepholes are diagonal."""
    if len(Params.shape) != 2 or Params.shape[0] != 3:
        raise ModelError(f"the peepholes of an LSTM are {list(Params.shape)}, expected 3 rows")
    cells = Params.shape[1]
    i, f, c, o, before = (slice_axis(x, 1, n * cells, (n + 1) * cells) for n in range(5))
    masks: Sequence[Value | None] = (None, None, None)
    if UseDropout:
        masks = [slice_axis(x, 1, 5 * cells + n, 5 * cells + n + 1) for n in range(3)]
    input_gate = _masked(Sigmoid(Add(i, Multiply(before, line(Params, 0)))), masks[0])
    forget_gate = _masked(Sigmoid(Add(f, Multiply(before, line(Params, 1)))), masks[1])
    cell = Add(Multiply(forget_gate, before), Multiply(input_gate, Tanh(c)))
    output_gate = _masked(Sigmoid(Add(o, Multiply(cell, line(Params, 2)))), masks[2])
    return concat([cell, Multiply(output_gate, Tanh(cell))], 1)


def _masked(x: Value, mask: Value | None) -> Value:
    return x if mask is None else Multiply(x, mask)


@kaldi_component("GruNonlinearityComponent", ignore=("RecurrentDim",))
def gru_nonlinearity(x: Value, *, CellDim: int, w_h: Tensor) -> Value:
    """Gates z and r, the new part, the cell before and (when it is projected) the state before in; h and c out."""
    cells, states = CellDim, w_h.shape[1]
    at = [0, cells, cells + states, 2 * cells + states, 3 * cells + states]
    z, r, new, before = (slice_axis(x, 1, a, b) for a, b in pairwise(at))
    state = before if states == cells else slice_axis(x, 1, at[4], at[4] + states)
    return _gru(z, Add(new, product(Multiply(r, state), w_h)), before)


@kaldi_component("OutputGruNonlinearityComponent")
def output_gru_nonlinearity(x: Value, *, CellDim: int, w_h: Tensor) -> Value:
    z, new, before = split(x, 1, 3)
    return _gru(z, Add(new, Multiply(before, row(w_h))), before)


def _gru(z: Value, new: Value, before: Value) -> Value:
    h = Tanh(new)
    cell = Add(Multiply(Subtract(1.0, z), h), Multiply(z, before))
    return concat([h, cell], 1)


@kaldi_component("LstmProjectedStep")
def lstm_projected_step(x: Value, *, values: tuple[Raw, ...], CellDim: int, CellClip: float = 0.0) -> Value:
    """One frame of nnet1's LSTM: gates g, i, f, o with peepholes, and a projection; its result and its cell out."""
    weights, recurrent, bias, peep_i, peep_f, peep_o, projection = tensors(values, 7)
    inputs, states = weights.shape[1], recurrent.shape[1]
    frame = slice_axis(x, 1, 0, inputs)
    past = slice_axis(x, 1, inputs, inputs + states)
    before = slice_axis(x, 1, inputs + states)
    gates = Add(product(frame, weights, bias), MatMul(past, Constant(value=recurrent), transpose_b=True))
    g, i, f, o = split(gates, 1, 4)
    input_gate = Sigmoid(Add(i, Multiply(before, row(peep_i))))
    forget_gate = Sigmoid(Add(f, Multiply(before, row(peep_f))))
    cell: Value = Add(Multiply(input_gate, Tanh(g)), Multiply(forget_gate, before))
    if CellClip > 0:
        cell = Clamp(cell, min=-CellClip, max=CellClip)
    output_gate = Sigmoid(Add(o, Multiply(cell, row(peep_o))))
    return concat([product(Multiply(output_gate, Tanh(cell)), projection), cell], 1)


@kaldi_component("RecurrentStep")
def recurrent_step(x: Value, *, values: tuple[Raw, ...]) -> Value:
    """One frame of nnet1's simple recurrent layer."""
    weights, recurrent, bias = tensors(values, 3)
    inputs = weights.shape[1]
    present = product(slice_axis(x, 1, 0, inputs), weights, bias)
    return Tanh(Add(present, product(slice_axis(x, 1, inputs), recurrent)))
