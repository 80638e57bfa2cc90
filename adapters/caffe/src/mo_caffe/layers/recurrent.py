"""Recurrent layers: T, N, ... data, and for each step and stream whether it goes on (`cont`, 0 at the start of one)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mo_caffe.layers.inner_product import as_vectors, product
from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import shape_from, sizes
from mo_core.build import constant_like, filled, reshape_to, split, unsqueeze
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Tensor, reshaped
from mo_core.ops import Add, Concatenated, LastValue, MatMul, Merged, Multiply, Sigmoid, Sliced, Tanh, TensorIterator

MAX_STEPS = 1 << 12


@caffe_layer("LSTM", "recurrent_param", ignore=("debug_info",))
def lstm(
    x: Value, cont: Value, *rest: Value, bottoms: int, num_output: int, expose_hidden: bool = False
) -> Sequence[Value]:
    """Gates lie i, f, o, g. Blobs: of the input, bias, of the static input if there is one, of the hidden state."""
    static, states, blobs = _sorted(rest, bottoms - 2, 2 if expose_hidden else 0)
    if len(blobs) != 3 + (static is not None):
        raise ModelError(f"the layer has {len(blobs)} blobs, and {3 + (static is not None)} are needed")
    drive = _drive(x, static, blobs, 4 * num_output)
    body = Graph("step")
    gates, goes_on, hidden, cell = _parameters(body, drive, cont, num_output, 2)
    kept = Multiply(hidden, goes_on)
    whole = Add(gates, MatMul(kept, _weights(blobs[-1], 4 * num_output, num_output), transpose_b=True))
    i, f, o, g = split(whole, 2, 4)
    new_cell = Add(Multiply(Multiply(goes_on, Sigmoid(f)), cell), Multiply(Sigmoid(i), Tanh(g)))
    new_hidden = Multiply(Sigmoid(o), Tanh(new_cell))
    return _run(body, [drive, cont], states or _zeros(x, num_output, 2), [new_hidden, new_hidden, new_cell])


@caffe_layer("RNN", "recurrent_param", ignore=("debug_info",))
def rnn(
    x: Value, cont: Value, *rest: Value, bottoms: int, num_output: int, expose_hidden: bool = False
) -> Sequence[Value]:
    """The hidden state and the output both are a tanh. Blobs: as those of LSTM, then matrix and bias of the output."""
    static, states, blobs = _sorted(rest, bottoms - 2, 1 if expose_hidden else 0)
    if len(blobs) != 5 + (static is not None):
        raise ModelError(f"the layer has {len(blobs)} blobs, and {5 + (static is not None)} are needed")
    drive = _drive(x, static, blobs, num_output)
    body = Graph("step")
    inner, goes_on, hidden = _parameters(body, drive, cont, num_output, 1)
    square = (num_output, num_output)
    new_hidden = Tanh(Add(inner, MatMul(Multiply(hidden, goes_on), _weights(blobs[-3], *square), transpose_b=True)))
    bias = constant(_tensor(blobs[-1], num_output))
    output = Tanh(Add(MatMul(new_hidden, _weights(blobs[-2], *square), transpose_b=True), bias))
    return _run(body, [drive, cont], states or _zeros(x, num_output, 1), [output, new_hidden])


def _sorted(rest: Sequence[Value], bottoms: int, states: int) -> tuple[Value | None, list[Value], list[Value]]:
    """The static input, the initial states and the blobs, from what follows `cont`."""
    if bottoms - states not in (0, 1):
        raise ModelError(f"the layer has {bottoms + 2} bottoms, and {2 + states} or {3 + states} are needed")
    static = rest[0] if bottoms > states else None
    return static, list(rest[bottoms - states : bottoms]), list(rest[bottoms:])


def _drive(x: Value, static: Value | None, blobs: Sequence[Value], size: int) -> Value:
    """What the inputs alone give for all steps: T, N, size."""
    if x.rank < 3:
        raise ModelError(f"the layer needs T, N, ... data, and its first bottom has {x.rank} axes")
    drive: Value = Add(product(as_vectors(x, 2), blobs[0], size), reshape_to(blobs[1], [-1]))
    return drive if static is None else Add(drive, product(as_vectors(static, 1), blobs[2], size))


def _zeros(x: Value, size: int, count: int) -> list[Value]:
    return [filled(shape_from([1, sizes(x, [1]), size]), constant_like(x, 0.0))] * count


def _parameters(body: Graph, drive: Value, cont: Value, size: int, states: int) -> list[Value]:
    """The values of one step: the inputs' share, 1 or 0 as 1, N, 1, and the states."""
    images = drive.dims[1]
    given = body.add_input("drive", t.f32, (1, *drive.dims[1:]))
    goes_on = body.add_input("cont", t.f32, (1, images))
    carried = [body.add_input(f"state{i}", t.f32, (1, images, size)) for i in range(states)]
    return [given, unsqueeze(goes_on, 2), *carried]


@caffe_layer("ContinuationIndicator", "continuation_indicator_param")
def continuation_indicator(*, time_step: int = 0, batch_size: int = 0) -> Value:
    """What `cont` is for sequences that all begin at the first step: T, N, 0 there and 1 behind it."""
    if not (0 < time_step <= MAX_STEPS and 0 < batch_size <= MAX_STEPS):
        raise ModelError(f"{time_step} steps of {batch_size} sequences are impossible")
    goes_on = np.ones((time_step, batch_size), np.float32)
    goes_on[0] = 0
    return constant(Array(goes_on))


def _run(body: Graph, inputs: Sequence[Value], states: Sequence[Value], results: Sequence[Value]) -> Sequence[Value]:
    """All steps: the first of `results` for each step, and the last values of the others, which are the states."""
    for number, result in enumerate(results):
        body.add_output(result, f"result{number}")
    sliced = [Sliced(parameter=i, axis=0) for i in range(len(inputs))]
    merged = [Merged(parameter=len(inputs) + i, result=1 + i) for i in range(len(states))]
    iterator = TensorIterator(
        (*inputs, *states),
        body=body,
        input_ports=(*sliced, *merged),
        output_ports=(Concatenated(result=0, axis=0), *(LastValue(result=1 + i) for i in range(len(states)))),
    )
    return list(iterator.results)


def _tensor(blob: Value, *shape: int) -> Tensor:
    if blob.tensor is None:
        raise Unsupported("what the layer learned must be constant", "Do not cut or freeze its blobs.")
    if blob.tensor.size != math.prod(shape):
        raise ModelError(f"a blob has shape {list(blob.tensor.shape)}, and {list(shape)} is needed")
    return reshaped(blob.tensor, shape)


def _weights(blob: Value, *shape: int) -> Value:
    return unsqueeze(constant(_tensor(blob, *shape)), 0)
