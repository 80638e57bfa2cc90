"""Recurrent layers: the runtime's sequence operations where they can express the layer, else loops over equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mo_core.build import (
    constant_like,
    dim_size,
    filled,
    permute,
    recurrent,
    slice_axis,
    split,
    take,
    vector,
)
from mo_core.build.loops import Step
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Clamp,
    Elu,
    Greater,
    MatMul,
    Multiply,
    PReLU,
    ReLU,
    Select,
    Sigmoid,
    SoftPlus,
    SoftSign,
    Subtract,
    Tanh,
)
from mo_onnx.ops.activation import hard_sigmoid
from mo_onnx.registry import onnx_op

Reals = Sequence[float]
Function = Callable[[Value], Value]

PLAIN: dict[str, Function] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "softsign": SoftSign,
    "softplus": SoftPlus,
}
NATIVE = ("sigmoid", "tanh", "relu")
"""What the sequence operations of the runtime can compute by themselves."""

SCALED: dict[str, tuple[tuple[float, ...], Callable[..., Value]]] = {
    "affine": ((1.0, 0.0), lambda x, alpha, beta: Add(Multiply(x, constant_like(x, alpha)), constant_like(x, beta))),
    "leakyrelu": ((0.01,), lambda x, alpha: PReLU(x, constant_like(x, alpha))),
    "thresholdedrelu": ((1.0,), lambda x, alpha: Select(Greater(x, constant_like(x, alpha)), x, constant_like(x, 0.0))),
    "scaledtanh": (
        (1.0, 1.0),
        lambda x, alpha, beta: Multiply(Tanh(Multiply(x, constant_like(x, beta))), constant_like(x, alpha)),
    ),
    "hardsigmoid": ((0.2, 0.5), lambda x, alpha, beta: hard_sigmoid(x, alpha=alpha, beta=beta)),
    "elu": ((1.0,), lambda x, alpha: Elu(x, alpha=alpha)),
}
"""Activations with parameters: their defaults (alpha, or alpha and beta), and what they compute."""


@dataclass(frozen=True)
class Activation:
    """An activation function with its parameters."""

    name: str
    parameters: tuple[float, ...] = ()

    def __call__(self, x: Value) -> Value:
        return PLAIN[self.name](x) if self.name in PLAIN else SCALED[self.name][1](x, *self.parameters)


def activations_of(names: Sequence[str], alphas: Reals, betas: Reals) -> list[Activation]:
    """Names with parameters; only functions that have a parameter take the next one of the list."""
    alpha, beta, found = list(alphas), list(betas), []
    for given_name in names:
        name = given_name.lower()
        if name not in PLAIN and name not in SCALED:
            raise ModelError(f'"{given_name}" is not an activation of recurrent layers')
        parameters = SCALED[name][0] if name in SCALED else ()
        given = [values.pop(0) if values else default for values, default in zip((alpha, beta), parameters)]
        found.append(Activation(name, tuple(given)))
    return found


@dataclass(frozen=True)
class Layer:
    """A recurrent layer in the runtime's layout: x is N, T, I; states N, D, H; weights have a leading axis D.

    Attributes:
        b: biases of the input, then of the recurrent product. lengths: of the sequences (N), or None.
        activations: for each direction those of its functions.
    """

    x: Value
    w: Value
    r: Value
    b: Value | None
    lengths: Value | None
    states: tuple[Value, ...]
    activations: tuple[tuple[Activation, ...], ...]
    direction: str
    hidden: int
    clip: float

    @property
    def is_native(self) -> bool:
        """True when the runtime has the activations, both directions have the same, and lengths are heeded.

        The runtime (2026.4) takes all sequences for whole ones when the time axis of the data is unknown.
        """
        if self.lengths is not None and not isinstance(self.x.dims[1], int):
            return False
        return all(a == self.activations[0] for a in self.activations) and all(
            f.name in NATIVE for f in self.activations[0]
        )

    def bias(self, keep: Sequence[int] = ()) -> Value:
        """Both biases in one: D, gates * H; those of the gates in `keep` stay apart: the recurrent one comes after."""
        rows = self.w.dims[1]
        if not isinstance(rows, int):
            raise Unsupported("the weights of a recurrent layer have an unknown shape")
        if self.b is None:
            return constant_like(self.x, np.zeros((len(self.activations), rows + len(keep) * self.hidden)))
        own, other = split(self.b, 1, 2)
        return recurrent.joined_bias(own, other, rows // self.hidden, keep)

    def native(self, kind: str, w: Value, r: Value, bias: Value, **more: bool) -> tuple[Value, Sequence[Value]]:
        """The layer by the runtime's operation."""
        return recurrent.layer(
            kind,
            self.x,
            self.states,
            self.lengths,
            (w, r, bias),
            hidden=self.hidden,
            direction=self.direction,
            activations=[f.name for f in self.activations[0]],
            clip=self.clip,
            **more,
        )

    def one_way(self, index: int) -> Layer:
        """One direction of the layer, as a layer."""
        rows = [None if v is None else slice_axis(v, 0, index, index + 1) for v in (self.w, self.r, self.b)]
        ways = ("forward", "reverse") if self.direction == "bidirectional" else (self.direction,)
        assert rows[0] is not None and rows[1] is not None
        return replace(
            self,
            w=rows[0],
            r=rows[1],
            b=rows[2],
            direction=ways[index],
            activations=(self.activations[index],),
            states=tuple(slice_axis(s, 1, index, index + 1) for s in self.states),
        )

    def limited(self, x: Value) -> Value:
        """What goes into an activation, clipped."""
        return Clamp(x, min=-self.clip, max=self.clip) if self.clip > 0 else x


def read_layer(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None,
    lengths: Value | None,
    states: Sequence[Value | None],
    *,
    layout: int,
    activations: Sequence[str] | None,
    defaults: Sequence[str],
    alpha: Reals,
    beta: Reals,
    clip: float,
    direction: str,
    hidden_size: int | None,
) -> Layer:
    """The layer that ONNX's inputs and attributes describe."""
    if direction not in ("forward", "reverse", "bidirectional"):
        raise ModelError(f'direction is "{direction}", which is none of forward, reverse, bidirectional')
    ways = 2 if direction == "bidirectional" else 1
    for v in (x, w, r):
        if v.rank != 3:
            raise ModelError(f"a recurrent layer reads {t.format_shape(v.shape)}, and three axes are needed")
    hidden = r.dims[-1] if hidden_size is None else hidden_size
    if not isinstance(hidden, int):
        raise Unsupported("a recurrent layer has an unknown hidden size", "Give the shape of its weights.")
    stated = r.dims[-1]
    if hidden < 1 or (isinstance(stated, int) and stated != hidden):
        raise ModelError(f"hidden_size is {hidden}, and the recurrent weights are {t.format_shape(r.shape)}")
    names = list(activations or [*defaults] * ways)
    if len(names) != ways * len(defaults):
        raise ModelError(f"a recurrent layer has {len(names)} activations, and {ways * len(defaults)} are needed")
    functions = activations_of(names, alpha, beta)
    each = len(defaults)
    data = x if layout else permute(x, (1, 0, 2))
    zeros = filled(vector([dim_size(data, 0), ways, hidden]), constant_like(x, 0.0))
    return Layer(
        data,
        w,
        r,
        b,
        lengths,
        tuple(zeros if s is None else s if layout else permute(s, (1, 0, 2)) for s in states),
        tuple(tuple(functions[i : i + each]) for i in range(0, len(functions), each)),
        direction,
        hidden,
        clip,
    )


def in_source_layout(y: Value, states: Sequence[Value], layout: int) -> Sequence[Value]:
    """Outputs as ONNX has them, from N, D, T, H and N, D, H."""
    if layout:
        return [permute(y, (0, 2, 1, 3)), *states]
    return [permute(y, (2, 1, 0, 3)), *[permute(s, (1, 0, 2)) for s in states]]


Equations = Callable[[Layer], "tuple[Value, Step]"]
"""Gives the input product (N, T, gates * H) of a layer of one direction, and the step from that and the states."""


def loop_over(layer: Layer, equations: Sequence[Equations]) -> tuple[Value, Sequence[Value]]:
    """Compute the layer step by step, each direction by its equations; results are N, D, T, H and states N, D, H."""
    return recurrent.in_directions([_loop_one_way(layer.one_way(i), e) for i, e in enumerate(equations)])


def _loop_one_way(layer: Layer, equations: Equations) -> tuple[Value, Sequence[Value]]:
    product, step = equations(layer)
    states = [take(s, 0, 1) for s in layer.states]
    return recurrent.steps(product, step, states, layer.lengths, layer.direction == "reverse")


def input_product(layer: Layer, bias: Value) -> Value:
    """`x @ w^T + bias` for all steps at once."""
    return Add(MatMul(layer.x, take(layer.w, 0, 0), transpose_b=True), bias)


# -- the three kinds


@onnx_op("RNN", ignore=("output_sequence",))
def rnn(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    sequence_lens: Value | None = None,
    initial_h: Value | None = None,
    *,
    activation_alpha: Reals = (),
    activation_beta: Reals = (),
    activations: Sequence[str] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
) -> Sequence[Value]:
    if activations is not None and direction != "bidirectional":
        activations = activations[:1]  # the default of the specification has two, whatever the direction
    layer = read_layer(
        x,
        w,
        r,
        b,
        sequence_lens,
        [initial_h],
        layout=layout,
        activations=activations,
        defaults=["Tanh"],
        alpha=activation_alpha,
        beta=activation_beta,
        clip=clip,
        direction=direction,
        hidden_size=hidden_size,
    )
    if layer.is_native:
        return in_source_layout(*layer.native("rnn", w, r, layer.bias()), layout)
    return in_source_layout(*loop_over(layer, [rnn_equations] * len(layer.activations)), layout)


def rnn_equations(layer: Layer) -> tuple[Value, Step]:
    """H' = f(x W + H R + b)."""
    (f,) = layer.activations[0]
    own = take(layer.r, 0, 0)

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        h = f(layer.limited(Add(pieces[0], MatMul(states[0], own, transpose_b=True))))
        return [h], [h]

    return input_product(layer, take(layer.bias(), 0, 0)), step


@onnx_op("GRU", ignore=("output_sequence",))
def gru(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    sequence_lens: Value | None = None,
    initial_h: Value | None = None,
    *,
    activation_alpha: Reals = (),
    activation_beta: Reals = (),
    activations: Sequence[str] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
    linear_before_reset: int = 0,
) -> Sequence[Value]:
    layer = read_layer(
        x,
        w,
        r,
        b,
        sequence_lens,
        [initial_h],
        layout=layout,
        activations=activations,
        defaults=["Sigmoid", "Tanh"],
        alpha=activation_alpha,
        beta=activation_beta,
        clip=clip,
        direction=direction,
        hidden_size=hidden_size,
    )
    linear = bool(linear_before_reset)
    if layer.is_native:
        bias = layer.bias(keep=[2] if linear else [])
        return in_source_layout(*layer.native("gru", w, r, bias, linear_before_reset=linear), layout)
    equations = [lambda one: gru_equations(one, linear)] * len(layer.activations)
    return in_source_layout(*loop_over(layer, equations), layout)


def gru_equations(layer: Layer, linear: bool) -> tuple[Value, Step]:
    """z, r = f(...); candidate g(x W + r * (H R + b)) when `linear`, else g(x W + (r * H) R + b)."""
    f, g = layer.activations[0]
    bias, extra = take(layer.bias(keep=[2] if linear else []), 0, 0), None
    if linear:
        size = layer.hidden
        bias, extra = split(bias, 0, [3 * size, size])
    gates, candidate = split(take(layer.r, 0, 0), 0, [2 * layer.hidden, layer.hidden])

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        h = states[0]
        given, given_candidate = split(pieces[0], 1, [2 * layer.hidden, layer.hidden])
        z, r = split(f(layer.limited(Add(given, MatMul(h, gates, transpose_b=True)))), 1, 2)
        if extra is not None:
            inner: Value = Multiply(r, Add(MatMul(h, candidate, transpose_b=True), extra))
        else:
            inner = MatMul(Multiply(r, h), candidate, transpose_b=True)
        new = g(layer.limited(Add(given_candidate, inner)))
        h = Add(Multiply(Subtract(constant_like(z, 1.0), z), new), Multiply(z, h))
        return [h], [h]

    return input_product(layer, bias), step


@onnx_op("LSTM", ignore=("output_sequence",))
def lstm(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    sequence_lens: Value | None = None,
    initial_h: Value | None = None,
    initial_c: Value | None = None,
    p: Value | None = None,
    *,
    activation_alpha: Reals = (),
    activation_beta: Reals = (),
    activations: Sequence[str] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
) -> Sequence[Value]:
    layer = read_layer(
        x,
        w,
        r,
        b,
        sequence_lens,
        [initial_h, initial_c],
        layout=layout,
        activations=activations,
        defaults=["Sigmoid", "Tanh", "Tanh"],
        alpha=activation_alpha,
        beta=activation_beta,
        clip=clip,
        direction=direction,
        hidden_size=hidden_size,
    )
    if p is not None and p.const is not None and not p.const.any():
        p = None
    if layer.is_native and p is None and not input_forget:
        rows = [recurrent.gates_in_order(v, "iofc", recurrent.GATES["lstm"], 1) for v in (w, r, layer.bias())]
        return in_source_layout(*layer.native("lstm", *rows), layout)
    peepholes = [None if p is None else take(p, i, 0) for i in range(len(layer.activations))]
    equations = [_bound(peephole, bool(input_forget)) for peephole in peepholes]
    return in_source_layout(*loop_over(layer, equations), layout)


def _bound(peephole: Value | None, coupled: bool) -> Equations:
    return lambda layer: lstm_equations(layer, peephole, coupled)


def lstm_equations(layer: Layer, peephole: Value | None, coupled: bool) -> tuple[Value, Step]:
    """The LSTM with peepholes (3 * H: i, o, f) from the cell state to the gates, and f = 1 - i when `coupled`."""
    activate, g, h = layer.activations[0]
    own = take(layer.r, 0, 0)
    peeps = None if peephole is None else split(peephole, 0, 3)

    def gate(x: Value, which: int, cell: Value) -> Value:
        return activate(layer.limited(x if peeps is None else Add(x, Multiply(peeps[which], cell))))

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        hidden, cell = states
        xi, xo, xf, xc = split(Add(pieces[0], MatMul(hidden, own, transpose_b=True)), 1, 4)
        i = gate(xi, 0, cell)
        f = Subtract(constant_like(i, 1.0), i) if coupled else gate(xf, 2, cell)
        cell = Add(Multiply(f, cell), Multiply(i, g(layer.limited(xc))))
        hidden = Multiply(gate(xo, 1, cell), h(cell))
        return [hidden, cell], [hidden]

    return input_product(layer, take(layer.bias(), 0, 0)), step
