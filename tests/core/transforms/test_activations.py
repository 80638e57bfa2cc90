"""Activation functions from small ops: every spelling becomes the one op, what only looks like it stays."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest

from mo_core import ops
from mo_core.ir import Graph, Node, Value, constant
from mo_core.ir import types as t
from mo_core.rewriting.passes import Context, order
from mo_core.rewriting.record import Exclusion
from mo_core.transforms.recognise import activations
from tests.core.transforms import harness as h

Build = Callable[[Value], Value]


def c(number: float) -> Value:
    return constant(number, t.f32)


def mul(a: Value, b: Value) -> Value:
    return ops.Multiply(a, b)


def half_of_one_plus(v: Value) -> Value:
    return mul(ops.Add(v, c(1.0)), c(0.5))


def erf_of(x: Value) -> Value:
    return ops.Erf(ops.Divide(x, c(math.sqrt(2))))


def tanh_of(x: Value) -> Value:
    cube = ops.Power(x, c(3.0))
    return ops.Tanh(mul(c(math.sqrt(2 / math.pi)), ops.Add(x, mul(cube, c(0.044715)))))


def relu6(x: Value) -> Value:
    return ops.Clamp(x, min=0, max=6)


def minmax6(x: Value) -> Value:
    return ops.Minimum(ops.Maximum(x, c(0.0)), c(6.0))


def exp_softmax(x: Value, shift: bool = False) -> Value:
    e = ops.Exp(ops.Subtract(x, ops.ReduceMax(x, [-1], keep_dims=True)) if shift else x)
    return ops.Divide(e, ops.ReduceSum(e, [-1], keep_dims=True))


def log_softmax(x: Value) -> Value:
    y = ops.Subtract(x, ops.ReduceMax(x, [1], keep_dims=True))
    return ops.Subtract(y, ops.Log(ops.ReduceSum(ops.Exp(y), [1], keep_dims=True)))


def x_minus_log_sum_exp(x: Value) -> Value:
    return ops.Subtract(x, ops.Log(ops.ReduceSum(ops.Exp(x), [1], keep_dims=True)))


def relus(x: Value, slope: object) -> Value:
    return ops.Subtract(ops.ReLU(x), ops.Multiply(constant(slope, t.f32), ops.ReLU(ops.Negative(x))))


def expm1(x: Value, alpha: float = 1.0) -> Value:
    return mul(c(alpha), ops.Subtract(ops.Exp(x), c(1.0)))


def least(x: Value) -> Value:
    return ops.Minimum(x, c(0.0))


SPELLINGS: list[tuple[str, str, Build]] = [
    ("Gelu", "factors ahead", lambda x: mul(mul(x, c(0.5)), ops.Add(erf_of(x), c(1.0)))),
    ("Gelu", "half last", lambda x: mul(mul(x, ops.Add(c(1.0), erf_of(x))), c(0.5))),
    ("Gelu", "half inside", lambda x: mul(half_of_one_plus(erf_of(x)), x)),
    ("Gelu", "divided by two", lambda x: ops.Divide(mul(x, ops.Add(erf_of(x), c(1.0))), c(2.0))),
    ("Gelu", "inverse root", lambda x: mul(x, half_of_one_plus(ops.Erf(mul(x, c(math.sqrt(0.5))))))),
    ("Gelu", "multiplied out", lambda x: ops.Add(mul(x, c(0.5)), mul(mul(x, c(0.5)), erf_of(x)))),
    (
        "Gelu",
        "one minus minus",
        lambda x: mul(mul(x, c(0.5)), ops.Subtract(c(1.0), ops.Erf(mul(x, c(-math.sqrt(0.5)))))),
    ),
    ("Gelu", "tanh", lambda x: mul(mul(x, c(0.5)), ops.Add(tanh_of(x), c(1.0)))),
    ("Gelu", "tanh, half inside", lambda x: mul(x, half_of_one_plus(tanh_of(x)))),
    (
        "Gelu",
        "tanh of products",
        lambda x: mul(
            x,
            half_of_one_plus(
                ops.Tanh(mul(mul(x, c(math.sqrt(2 / math.pi))), ops.Add(c(1.0), mul(mul(c(0.044715), x), x))))
            ),
        ),
    ),
    ("Swish", "sigmoid", lambda x: mul(x, ops.Sigmoid(x))),
    ("Swish", "sigmoid first", lambda x: mul(ops.Sigmoid(x), x)),
    ("Swish", "with beta", lambda x: mul(x, ops.Sigmoid(mul(c(1.702), x)))),
    ("Swish", "from exp", lambda x: ops.Divide(x, ops.Add(ops.Exp(ops.Negative(x)), c(1.0)))),
    ("Sigmoid", "quotient", lambda x: ops.Divide(c(1.0), ops.Add(c(1.0), ops.Exp(ops.Negative(x))))),
    ("Sigmoid", "power", lambda x: ops.Power(ops.Add(ops.Exp(mul(x, c(-1.0))), c(1.0)), c(-1.0))),
    ("HSwish", "product over six", lambda x: ops.Divide(mul(x, relu6(ops.Add(x, c(3.0)))), c(6.0))),
    ("HSwish", "sixth of limits", lambda x: mul(mul(minmax6(ops.Add(x, c(3.0))), c(1 / 6)), x)),
    ("HSwish", "HSigmoid", lambda x: mul(ops.HSigmoid(x), x)),
    ("HSwish", "HardSigmoid", lambda x: mul(x, ops.HardSigmoid(x, c(1 / 6), c(0.5)))),
    ("HSwish", "unit limits", lambda x: mul(x, ops.Clamp(ops.Add(mul(x, c(1 / 6)), c(0.5)), min=0, max=1))),
    ("HSigmoid", "sixth", lambda x: mul(relu6(ops.Add(x, c(3.0))), c(1 / 6))),
    ("HSigmoid", "limits", lambda x: ops.Divide(minmax6(ops.Add(x, c(3.0))), c(6.0))),
    ("HSigmoid", "relu and minimum", lambda x: ops.Divide(ops.Minimum(ops.ReLU(ops.Add(x, c(3.0))), c(6.0)), c(6.0))),
    ("HSigmoid", "unit limits", lambda x: ops.Clamp(ops.Divide(ops.Add(x, c(3.0)), c(6.0)), min=0, max=1)),
    ("SoftPlus", "log of exp", lambda x: ops.Log(ops.Add(c(1.0), ops.Exp(x)))),
    ("Mish", "tanh of softplus", lambda x: mul(x, ops.Tanh(ops.SoftPlus(x)))),
    ("Mish", "all small", lambda x: mul(ops.Tanh(ops.Log(ops.Add(ops.Exp(x), c(1.0)))), x)),
    ("SoftSign", "quotient", lambda x: ops.Divide(x, ops.Add(ops.Abs(x), c(1.0)))),
    ("SoftMax", "exp over sum", exp_softmax),
    ("SoftMax", "without maximum", lambda x: exp_softmax(x, shift=True)),
    ("LogSoftmax", "without maximum", log_softmax),
    ("LogSoftmax", "x minus log", x_minus_log_sum_exp),
    ("PReLU", "maximum", lambda x: ops.Maximum(x, mul(x, c(0.1)))),
    ("PReLU", "minimum", lambda x: ops.Minimum(mul(x, c(3.0)), x)),
    ("PReLU", "select", lambda x: ops.Select(ops.Greater(x, c(0.0)), x, mul(x, c(0.2)))),
    ("PReLU", "select of negatives", lambda x: ops.Select(ops.Less(x, c(0.0)), mul(c(-0.2), x), x)),
    ("PReLU", "two relus", lambda x: relus(x, 0.3)),
    ("PReLU", "two relus by channel", lambda x: relus(x, [[[0.1]], [[0.2]], [[-0.3]], [[0.4]]])),
    ("PReLU", "half sums", lambda x: ops.Add(mul(c(0.6), x), mul(c(0.4), ops.Abs(x)))),
    ("PReLU", "relu and |x|", lambda x: ops.Add(ops.ReLU(x), mul(mul(ops.Subtract(x, ops.Abs(x)), c(0.5)), c(0.25)))),
    ("Clamp", "limits", lambda x: ops.Minimum(ops.Maximum(x, c(-1.0)), c(0.5))),
    ("Clamp", "limits the other way", lambda x: ops.Maximum(c(-1.0), ops.Minimum(x, c(0.5)))),
    ("Clamp", "relu first", lambda x: ops.Minimum(ops.ReLU(x), c(0.5))),
    ("Clamp", "twice", lambda x: ops.Clamp(ops.Clamp(x, min=-1, max=1), min=-2, max=0.5)),
    ("Clamp", "apart", lambda x: ops.Clamp(ops.Clamp(x, min=-1, max=0), min=0.25, max=0.5)),
    ("ReLU", "maximum", lambda x: ops.Maximum(x, c(0.0))),
    ("ReLU", "twice", lambda x: ops.ReLU(ops.ReLU(x))),
    ("Elu", "select", lambda x: ops.Select(ops.Greater(x, c(0.0)), x, expm1(x, 0.7))),
    ("Elu", "select of negatives", lambda x: ops.Select(ops.Less(x, c(0.0)), ops.Subtract(ops.Exp(x), c(1.0)), x)),
    ("Elu", "select of limits", lambda x: ops.Select(ops.GreaterEqual(x, c(0.0)), x, expm1(least(x), 2.0))),
    ("Elu", "relu and limited", lambda x: ops.Add(ops.ReLU(x), expm1(least(x), 0.7))),
    ("Elu", "relu and mirrored", lambda x: ops.Add(expm1(ops.Negative(ops.ReLU(ops.Negative(x))), -0.7), ops.ReLU(x))),
    ("Elu", "multiplied out", lambda x: ops.Subtract(ops.Add(ops.ReLU(x), mul(ops.Exp(least(x)), c(3.0))), c(3.0))),
    ("Elu", "two limits", lambda x: ops.Add(ops.Maximum(x, c(0.0)), least(expm1(x, 0.7)))),
    ("Selu", "scaled", lambda x: mul(c(1.0507009873554805), ops.Elu(x, alpha=1.6732632423543772))),
    ("Selu", "all small", lambda x: mul(ops.Add(ops.ReLU(x), expm1(least(x), 1.6732632423543772)), c(1.05070098))),
    ("Sqrt", "power", lambda x: ops.Power(ops.Abs(x), c(0.5))),
]


@pytest.mark.parametrize(("kind", "build"), [pytest.param(k, b, id=f"{k}: {n}") for k, n, b in SPELLINGS])
def test_spelling(kind: str, build: Build) -> None:
    graph, (x,) = h.inputs((2, 4, 3, 5))
    graph.add_output(build(x), "y")
    h.check(graph, *activations.PASSES)
    assert h.kinds(graph) == (["Abs", "Sqrt"] if kind == "Sqrt" else [kind])


@pytest.mark.parametrize(("kind", "build"), [pytest.param(k, b, id=f"{k}: {n}") for k, n, b in SPELLINGS[::4]])
def test_spelling_of_dynamic_shape(kind: str, build: Build) -> None:
    graph, (x,) = h.inputs((None, 4, None, None))
    graph.add_output(build(x), "y")
    h.check(graph, *activations.PASSES)
    assert kind in h.kinds(graph)


OTHERS: list[tuple[str, Build]] = [
    ("another root", lambda x: mul(mul(x, c(0.5)), ops.Add(ops.Erf(ops.Divide(x, c(1.5))), c(1.0)))),
    ("no half", lambda x: mul(x, ops.Add(erf_of(x), c(1.0)))),
    ("erf of something else", lambda x: mul(mul(x, c(0.5)), ops.Add(erf_of(ops.Sin(x)), c(1.0)))),
    (
        "another cube",
        lambda x: mul(
            mul(x, c(0.5)),
            ops.Add(ops.Tanh(mul(ops.Add(x, mul(ops.Power(x, c(3.0)), c(0.05))), c(math.sqrt(2 / math.pi)))), c(1.0)),
        ),
    ),
    ("sigmoid of something else", lambda x: mul(x, ops.Sigmoid(ops.Sin(x)))),
    ("sigmoid with shift", lambda x: mul(x, ops.Sigmoid(ops.Add(x, c(1.0))))),
    ("two plus exp", lambda x: ops.Divide(c(1.0), ops.Add(c(2.0), ops.Exp(ops.Negative(x))))),
    ("exp of a sum", lambda x: ops.Divide(c(1.0), ops.Add(c(1.0), ops.Exp(ops.Add(x, c(1.0)))))),
    ("limits of another width", lambda x: ops.Divide(mul(x, relu6(ops.Add(x, c(2.0)))), c(6.0))),
    ("log of two plus exp", lambda x: ops.Log(ops.Add(c(2.0), ops.Exp(x)))),
    ("tanh of exp", lambda x: mul(x, ops.Tanh(ops.Exp(x)))),
    ("slope above one", lambda x: ops.Maximum(x, mul(x, c(1.5)))),
    ("negative slope", lambda x: ops.Maximum(x, mul(x, c(-0.5)))),
    ("select above one", lambda x: ops.Select(ops.Greater(x, c(1.0)), x, mul(x, c(0.2)))),
    ("select the other way", lambda x: ops.Select(ops.Less(x, c(0.0)), x, mul(x, c(0.2)))),
    ("relus that do not mirror", lambda x: ops.Subtract(ops.ReLU(x), mul(c(0.1), ops.ReLU(ops.Sin(x))))),
    ("slopes along another axis", lambda x: relus(x, [0.1, 0.2, 0.3, 0.4, 0.5])),
    ("parts that are not one", lambda x: ops.Add(mul(c(0.6), x), mul(c(0.5), ops.Abs(x)))),
    ("exp without one", lambda x: ops.Select(ops.Greater(x, c(0.0)), x, mul(c(0.7), ops.Exp(x)))),
    ("exp of another value", lambda x: ops.Select(ops.Greater(x, c(0.0)), x, expm1(ops.Sin(x)))),
    ("exp that is not limited", lambda x: ops.Add(ops.ReLU(x), expm1(x))),
    ("exp limited from below", lambda x: ops.Add(ops.ReLU(x), expm1(ops.ReLU(x)))),
    ("a falling limit", lambda x: ops.Add(ops.ReLU(x), least(expm1(x, -0.7)))),
    ("another factor", lambda x: mul(c(1.5), ops.Elu(x, alpha=1.6732632423543772))),
    ("sum over two axes", lambda x: ops.Divide(ops.Exp(x), ops.ReduceSum(ops.Exp(x), [1, 2], keep_dims=True))),
    ("one limit by channel", lambda x: ops.Maximum(x, constant([[[0.5]], [[1.0]], [[2.0]], [[3.0]]], t.f32))),
    ("one limit", lambda x: ops.Maximum(ops.Maximum(x, c(0.5)), c(1.0))),
    ("third root", lambda x: ops.Power(ops.Abs(x), c(1 / 3))),
]


@pytest.mark.parametrize("build", [pytest.param(b, id=n) for n, b in OTHERS])
def test_what_only_looks_alike_stays(build: Build) -> None:
    graph, (x,) = h.inputs((2, 4, 3, 5))
    graph.add_output(build(x), "y")
    h.unchanged(graph, *activations.PASSES)


def test_softmax_stays_when_the_sum_goes_over_two_axes() -> None:
    graph, (x,) = h.inputs((2, 4, 3))
    e = ops.Exp(x)
    graph.add_output(ops.Divide(e, ops.ReduceSum(e, [1, 2], keep_dims=True)), "y")
    h.unchanged(graph, *activations.PASSES)


def test_inner_values_that_others_read_keep_the_small_ops() -> None:
    graph, (x,) = h.inputs((2, 3))
    inner = ops.Sigmoid(x)
    graph.add_output(ops.Multiply(x, inner), "y")
    graph.add_output(inner, "z")
    context = h.unchanged(graph, *activations.PASSES)
    assert h.reasons(context) == ['"z" is read by others, too']


def test_excluded_inner_node_keeps_the_small_ops() -> None:
    graph, (x,) = h.inputs((2, 3))
    total = graph.add(ops.Add(erf_of(x), c(1.0)))
    total.name, total.origin = "total", ("total",)
    graph.add_output(mul(mul(x, c(0.5)), total), "y")
    context = h.unchanged(graph, *activations.PASSES, context=Context(exclusion=Exclusion(("total",))))
    assert h.reasons(context) == ['"total" is excluded by --finegrain_fusing']


def test_whole_numbers_are_left_alone() -> None:
    graph, (x,) = h.inputs((2, 3), element=t.i32)
    three, six = constant(3, t.i32), constant(6, t.i32)
    graph.add_output(ops.Minimum(ops.Maximum(x, three), six), "y")
    h.unchanged(graph, *activations.PASSES)


def test_a_constant_that_adds_an_axis_is_kept() -> None:
    graph, (x,) = h.inputs((3,))
    graph.add_output(ops.Multiply(ops.Multiply(x, ops.Sigmoid(x)), constant([[1.0]])), "y")
    h.check(graph, *activations.PASSES)
    assert h.kinds(graph) == ["Swish", "Multiply"]


def test_an_unknown_rank_is_left_alone() -> None:
    graph = Graph()
    x = graph.add_input("x", t.f32, None)
    graph.add_output(ops.Multiply(x, ops.Sigmoid(x)), "y")
    h.unchanged(graph, *activations.PASSES)


def test_fp16_numbers_are_compared_as_such() -> None:
    graph, (x,) = h.inputs((2, 3), element=t.f16)
    root, one, half = (constant(v, t.f16) for v in (math.sqrt(2), 1.0, 0.5))
    graph.add_output(mul(mul(x, half), ops.Add(ops.Erf(ops.Divide(x, root)), one)), "y")
    h.optimise(graph, *activations.PASSES)
    assert h.kinds(graph) == ["Gelu"]


def test_many_rules_on_many_nodes_are_cheap() -> None:
    graph, (x,) = h.inputs((1, 8))
    y: Node = x
    for _ in range(500):
        y = ops.Add(ops.Multiply(y, c(0.5)), ops.ReLU(y))
    graph.add_output(y, "y")
    context = Context()
    h.optimise(graph, *activations.PASSES, context=context)
    assert sum(context.seconds.values()) < 1.0
    assert [p.name for p in order(activations.PASSES)]


def product(random: Random, factors: list[Value]) -> Value:
    """The product of the factors in some order, put together in some way."""
    factors = list(factors)
    while len(factors) > 1:
        a, b = (factors.pop(random.randrange(len(factors))) for _ in range(2))
        factors.append(ops.Multiply(a, b))
    return factors[0]


def times(random: Random, x: Value, number: float) -> Value:
    """A multiple of a value, by Multiply, Divide, or two steps."""
    choice = random.randrange(4)
    if choice == 0:
        return ops.Divide(x, c(1 / number))
    if choice == 1:
        return ops.Negative(ops.Multiply(c(-number), x))
    if choice == 2:
        return ops.Multiply(ops.Divide(x, c(4.0)), c(4 * number))
    return ops.Multiply(c(number), x)


def cubed(random: Random, x: Value) -> Value:
    return random.choice([lambda: ops.Power(x, c(3.0)), lambda: product(random, [x, x, x])])()


@pytest.mark.parametrize("seed", range(24))
def test_gelu_in_random_spellings(seed: int) -> None:
    random = Random(seed)
    graph, (x,) = h.inputs((2, 3))
    if seed % 2:
        bell = ops.Erf(times(random, x, math.sqrt(0.5)))
    else:
        cube = times(random, cubed(random, x), 0.044715)
        bell = ops.Tanh(times(random, ops.Add(*random.sample([x, cube], 2)), math.sqrt(2 / math.pi)))
    one_more = ops.Add(*random.sample([c(1.0), bell], 2))
    if random.random() < 0.5:
        graph.add_output(product(random, [x, times(random, one_more, 0.5)]), "y")
    else:
        graph.add_output(times(random, product(random, [x, one_more]), 0.5), "y")
    h.check(graph, *activations.PASSES)
    assert h.kinds(graph) == ["Gelu"]
