"""ai.onnx.preview.training: one step of an optimiser, for any number of tensors at once.

The inputs are the rate, the number of updates so far, then all tensors, all gradients, and all of each state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mo_core.build import constant_like, convert_like
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import Add, Divide, Greater, Multiply, Power, Select, Sqrt, Subtract
from mo_onnx.registry import onnx_op

DOMAIN = "ai.onnx.preview.training"


def each(values: Sequence[Value], states: int, step: Callable[..., tuple[Value, ...]]) -> list[Value]:
    """`step(x, gradient, *states)` for each tensor; all new tensors first, then all of each new state."""
    kinds = 2 + states
    if len(values) % kinds:
        raise ModelError(f"an optimiser has {len(values)} tensors, gradients and states, which come {kinds} at a time")
    count = len(values) // kinds
    results = [step(*values[i::count]) for i in range(count)]
    return [new for column in zip(*results) for new in column]


def scaled(x: Value, factor: float) -> Value:
    """`x * factor`."""
    return Multiply(x, constant_like(x, factor))


def regularized(x: Value, gradient: Value, norm_coefficient: float) -> Value:
    """The gradient, with that of a penalty on large numbers."""
    return Add(scaled(x, norm_coefficient), gradient) if norm_coefficient else gradient


@onnx_op("Adagrad", DOMAIN)
def adagrad(
    rate: Value,
    updates: Value,
    *values: Value,
    decay_factor: float = 0.0,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
) -> Sequence[Value]:
    decay = Add(scaled(convert_like(updates, rate), decay_factor), constant_like(rate, 1.0))

    def step(x: Value, gradient: Value, squares: Value) -> tuple[Value, ...]:
        slope = regularized(x, gradient, norm_coefficient)
        new = Add(squares, Multiply(slope, slope))
        size = Add(Sqrt(new), constant_like(new, epsilon))
        return Subtract(x, Divide(Multiply(Divide(rate, decay), slope), size)), new

    return each(values, 1, step)


@onnx_op("Adam", DOMAIN)
def adam(
    rate: Value,
    updates: Value,
    *values: Value,
    alpha: float = 0.9,
    beta: float = 0.999,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
    norm_coefficient_post: float = 0.0,
) -> Sequence[Value]:
    count, one = convert_like(updates, rate), constant_like(rate, 1.0)
    unbiased = [Subtract(one, Power(constant_like(rate, b), count)) for b in (alpha, beta)]
    adjusted = Select(
        Greater(count, constant_like(count, 0.0)), Multiply(rate, Divide(Sqrt(unbiased[1]), unbiased[0])), rate
    )

    def step(x: Value, gradient: Value, mean: Value, squares: Value) -> tuple[Value, ...]:
        slope = regularized(x, gradient, norm_coefficient)
        new_mean = Add(scaled(mean, alpha), scaled(slope, 1 - alpha))
        new_squares = Add(scaled(squares, beta), scaled(Multiply(slope, slope), 1 - beta))
        size = Add(Sqrt(new_squares), constant_like(x, epsilon))
        new = Subtract(x, Divide(Multiply(adjusted, new_mean), size))
        return scaled(new, 1 - norm_coefficient_post), new_mean, new_squares

    return each(values, 2, step)


@onnx_op("Momentum", DOMAIN)
def momentum(
    rate: Value, updates: Value, *values: Value, alpha: float, beta: float, mode: str, norm_coefficient: float
) -> Sequence[Value]:
    if mode not in ("standard", "nesterov"):
        raise ModelError(f'the mode of Momentum is "{mode}", and it is one of standard, nesterov')
    started = Greater(updates, constant_like(updates, 0))
    share = Select(started, constant_like(rate, beta), constant_like(rate, 1.0))

    def step(x: Value, gradient: Value, velocity: Value) -> tuple[Value, ...]:
        slope = regularized(x, gradient, norm_coefficient)
        new = Add(scaled(velocity, alpha), Multiply(share, slope))
        move = Add(slope, scaled(new, alpha)) if mode == "nesterov" else new
        return Subtract(x, Multiply(rate, move)), new

    return each(values, 1, step)
