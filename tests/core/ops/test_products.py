"""Matrix products, attention, normalisation, recurrence, state: what they infer, against table and runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Node, constant
from mo_core.ir import types as t
from mo_core.ops import matmul, normalization, recurrent, state
from tests.core.ops.runtime import (
    Build,
    check,
    check_choices,
    completeness_test,
    differences_test,
    errors_test,
    graph_of,
    param,
    read,
    types_test,
)

p = param


def product(a: str, b: str, transpose_a: bool = False, transpose_b: bool = False) -> Node:
    return ops.MatMul(p(f"f32[{a}]"), p(f"f32[{b}]"), transpose_a=transpose_a, transpose_b=transpose_b)


def einsum(equation: str, *shapes: str) -> Node:
    return ops.Einsum([p(f"f32[{s}]") for s in shapes], equation=equation)


def attention(*specs: str, **attributes: Any) -> Node:
    return ops.ScaledDotProductAttention(*map(p, specs), **attributes)


def recurrence(cls: Any, specs: Sequence[str], gates: int, biases: int, **attributes: Any) -> Node:
    """A cell or sequence of 8 units with 16 inputs."""
    directions = {"forward": "1,", "reverse": "1,", "bidirectional": "2,"}.get(attributes.get("direction", ""), "")
    weights = [f"f32[{directions}{gates * 8},16]", f"f32[{directions}{gates * 8},8]", f"f32[{directions}{biases * 8}]"]
    return cls(*map(p, [*specs, *weights]), hidden_size=8, **attributes)  # type: ignore[no-any-return]


def variable(initial: str | None, shape: t.Shape) -> Node:
    """A variable that is stored as it was read."""
    first = None if initial is None else p(initial)
    return ops.ReadValue(first, variable_id="v", variable_type=t.f32, variable_shape=shape)


TYPES: list[tuple[Build, list[str]]] = [
    (lambda: product("2,3", "3,4"), ["f32[2,4]"]),
    (lambda: product("3,2", "4,3", True, True), ["f32[2,4]"]),
    (lambda: product("3", "3"), ["f32[]"]),
    (lambda: product("3", "?,3,4"), ["f32[?,4]"]),
    (lambda: product("1,?,5,3", "?,3,4"), ["f32[1,?,5,4]"]),
    (lambda: product("?,5,?", "3", False, True), ["f32[?,5]"]),
    (lambda: product("2..4,5,3", "3..7,3,4"), ["f32[3..4,5,4]"]),
    (lambda: product("3", "4,3", True, True), ["f32[4]"]),
    (lambda: product("...", "3,4"), ["f32[...]"]),
    (lambda: einsum("ab,bc->ac", "2,3", "3,4"), ["f32[2,4]"]),
    (lambda: einsum("ab,bc", "2,3", "3,4"), ["f32[2,4]"]),
    (lambda: einsum("a...b,b...c->ac...", "2,5,1,3", "3,7,4"), ["f32[2,4,5,7]"]),
    (lambda: einsum("ii->i", "3,3"), ["f32[3]"]),
    (lambda: einsum("bij,bjk->bik", "?,3,4", "2,?,7"), ["f32[2,3,7]"]),
    (lambda: einsum("i,i->", "3", "3"), ["f32[]"]),
    (lambda: einsum("...i->...", "2,3,4"), ["f32[2,3]"]),
    (lambda: einsum("...ij", "2,3,4"), ["f32[2,3,4]"]),
    (lambda: einsum("Ab,bC->CA", "2,3", "3,4"), ["f32[4,2]"]),
    (lambda: einsum("ab,bc->ac", "2,1", "3,4"), ["f32[2,4]"]),
    (lambda: einsum("ab,bc->ac", "...", "3,4"), ["f32[?,4]"]),
    (lambda: einsum("...b,bc->...c", "...", "3,4"), ["f32[...]"]),
    (lambda: attention("f32[1,8,?,64]", "f32[1,8,10,64]", "f32[1,8,?,32]"), ["f32[1,8,?,32]"]),
    (
        lambda: attention("f32[1,8,?,64]", "f32[1,8,10,64]", "f32[1,8,?,32]", "f32[1,1,5,10]"),
        ["f32[1,8,5,32]"],
    ),
    (
        lambda: attention("f16[?,8,5,64]", "f16[1,1,10,?]", "f16[2,8,?,32]", "boolean[1,1,5,10]", "f16[]", causal=True),
        ["f16[2,8,5,32]"],
    ),
    (lambda: ops.Inverse(p("f32[?,3,?]"), adjoint=True), ["f32[?,3,?]"]),
    (
        lambda: ops.BatchNormInference(
            p("f32[1,?,8]"), p("f32[3]"), p("f32[?]"), p("f32[3]"), p("f32[?]"), epsilon=1e-5
        ),
        ["f32[1,3,8]"],
    ),
    (lambda: ops.MVN(p("f32[1,?,8]"), [1, -1], normalize_variance=True, eps=1e-5), ["f32[1,?,8]"]),
    (lambda: ops.NormalizeL2(p("f32[1,?,8]"), [1, -1], eps=1e-5), ["f32[1,?,8]"]),
    (lambda: ops.NormalizeL2(p("f32[...]"), p("i64[?]"), eps=1e-5, eps_mode="max"), ["f32[...]"]),
    (lambda: ops.LRN(p("f32[1,?,8]"), [1], alpha=1e-4, beta=0.75, bias=2, size=5), ["f32[1,?,8]"]),
    (
        lambda: ops.GroupNormalization(p("f32[1,6,?]"), p("f32[6]"), p("f32[?]"), num_groups=3, epsilon=1e-5),
        ["f32[1,6,?]"],
    ),
    (lambda: ops.GRN(p("f32[1,?,8]"), bias=1), ["f32[1,?,8]"]),
    (
        lambda: recurrence(
            ops.LSTMCell,
            ["f32[?,16]", "f32[2,8]", "f32[2,8]"],
            4,
            4,
            clip=3,
            activations_alpha=[1],
            activations_beta=[0.5, 2],
        ),
        ["f32[2,8]", "f32[2,8]"],
    ),
    (lambda: recurrence(ops.LSTMCell, ["f32[...]", "f32[...]", "f32[...]"], 4, 4), ["f32[?,8]", "f32[?,8]"]),
    (
        lambda: recurrence(ops.GRUCell, ["f32[?,16]", "f32[?,8]"], 3, 3, activations=["tanh", "relu"]),
        ["f32[?,8]"],
    ),
    (
        lambda: recurrence(ops.GRUCell, ["f32[?,16]", "f32[2..3,8]"], 3, 4, linear_before_reset=True),
        ["f32[2..3,8]"],
    ),
    (lambda: recurrence(ops.RNNCell, ["f32[?,16]", "f32[2..3,8]"], 1, 1), ["f32[2..3,8]"]),
    (
        lambda: recurrence(
            ops.LSTMSequence, ["f32[?,5,16]", "f32[2,1,8]", "f32[2,1,8]", "i64[2]"], 4, 4, direction="forward"
        ),
        ["f32[2,1,5,8]", "f32[2,1,8]", "f32[2,1,8]"],
    ),
    (
        lambda: recurrence(
            ops.LSTMSequence, ["f32[?,?,16]", "f32[?,2,8]", "f32[?,2,8]", "i64[?]"], 4, 4, direction="bidirectional"
        ),
        ["f32[?,2,?,8]", "f32[?,2,8]", "f32[?,2,8]"],
    ),
    (
        lambda: recurrence(ops.GRUSequence, ["f32[?,?,16]", "f32[?,1,8]", "i32[4]"], 3, 3, direction="reverse"),
        ["f32[4,1,?,8]", "f32[4,1,8]"],
    ),
    (
        lambda: recurrence(
            ops.GRUSequence,
            ["f32[2,7,16]", "f32[2,2,8]", "i32[2]"],
            3,
            4,
            direction="bidirectional",
            linear_before_reset=True,
        ),
        ["f32[2,2,7,8]", "f32[2,2,8]"],
    ),
    (
        lambda: recurrence(ops.RNNSequence, ["f32[...]", "f32[...]", "i32[...]"], 1, 1, direction="forward"),
        ["f32[?,1,?,8]", "f32[?,1,8]"],
    ),
]

KNOW_MORE: list[tuple[Build, list[str], list[str]]] = [
    (
        lambda: ops.GroupNormalization(p("f32[1,?,8]"), p("f32[6]"), p("f32[?]"), num_groups=3, epsilon=1e-5),
        ["f32[1,6,8]"],
        ["f32[1,?,8]"],
    ),
]

ERRORS: list[tuple[Build, str]] = [
    (lambda: product("2,3", "4,5"), "lengths of rows and columns 3 and 4"),
    (lambda: product("2,3", ""), "one operand is a scalar"),
    (lambda: product("2,1,3", "4,3,5"), "do not broadcast"),
    (lambda: ops.MatMul(p("f32[2,3]"), p("i32[3,4]")), "element types differ"),
    (lambda: einsum("ab,bc->ac", "2,3", "4,5"), 'label "b" 3 and 4'),
    (lambda: einsum("ab,bc->ac", "2,3"), "has 2 terms, and there are 1 operands"),
    (lambda: einsum("ab->ac", "2,3"), "has one that no operand has"),
    (lambda: einsum("abc->a", "2,3"), 'the term "abc" does not fit'),
    (lambda: einsum("a.b->a", "2,3"), "something else than letters"),
    (lambda: attention("f32[1,5,64]", "f32[1,10,63]", "f32[1,10,32]"), "query and key vectors 64 and 63"),
    (lambda: attention("f32[1,5,64]", "f32[1,10,64]", "f32[1,9,32]"), "keys and values 10 and 9"),
    (lambda: ops.Inverse(p("f32[2,3]")), "rows and columns"),
    (lambda: ops.NormalizeL2(p("f32[1,3,8]"), [3], eps=1e-5), "axis 3 is outside of rank 3"),
    (
        lambda: ops.GroupNormalization(p("f32[1,7]"), p("f32[7]"), p("f32[7]"), num_groups=3, epsilon=1e-5),
        "7 channels cannot be divided into 3 groups",
    ),
    (
        lambda: ops.BatchNormInference(p("f32[1,4]"), *[p("f32[3]") for _ in range(4)], epsilon=1e-5),
        "numbers of channels 4 and 3",
    ),
    (
        lambda: recurrence(ops.LSTMCell, ["f32[2,16]", "f32[3,8]", "f32[2,8]"], 4, 4),
        "batch sizes 2 and 3",
    ),
    (lambda: recurrence(ops.LSTMCell, ["f32[2,15]", "f32[2,8]", "f32[2,8]"], 4, 4), "dimensions 1 of w"),
    (lambda: recurrence(ops.GRUCell, ["f32[2,16]", "f32[2,7]"], 3, 3), "hidden state 7 and 8"),
    (lambda: recurrence(ops.GRUCell, ["f32[2,16]", "f32[2,8]"], 3, 3, linear_before_reset=True), "dimensions 0 of b"),
    (
        lambda: recurrence(ops.RNNSequence, ["f32[2,5,16]", "f32[2,1,8]", "i32[3]"], 1, 1, direction="forward"),
        "batch sizes 2 and 3",
    ),
    (lambda: variable("f32[1,?]", (1, 3)), "does not cover"),
    (lambda: variable("i32[1,3]", (1, 3)), "element types differ"),
]


test_types = types_test(TYPES)
test_types_where_the_runtime_knows_less = differences_test(KNOW_MORE)
test_errors = errors_test(ERRORS)
test_every_operation_is_in_the_table = completeness_test(TYPES, matmul, normalization, recurrent)


@pytest.mark.parametrize(
    "build",
    [
        lambda: ops.MVN(p("f32[1,3,8]"), [1], normalize_variance=True, eps=1e-5),
        lambda: ops.NormalizeL2(p("f32[1,3,8]"), [1], eps=1e-5),
    ],
)
def test_the_runtime_takes_every_way_to_add_epsilon(build: Build) -> None:
    check_choices(build, "eps_mode")


@pytest.mark.parametrize(
    ("initial", "shape", "expected"),
    [
        ("f32[1,3]", (1, 3), "f32[1,3]"),
        ("f32[1,3]", (t.Dynamic(), 3), "f32[?,3]"),
        ("f32[1,3]", None, "f32[...]"),
        (None, (t.Dynamic(), 3), "f32[?,3]"),
    ],
)
def test_a_variable_has_the_type_it_was_declared_with(initial: str | None, shape: t.Shape, expected: str) -> None:
    read_value = variable(initial, shape)
    read_value.name = "variable"
    assign = ops.Assign(ops.Add(read_value, 1.0), variable_id="v")
    assert {*state.__all__} == {type(n).__name__ for n in (read_value, assign)}
    assert str(read_value.type) == expected
    check(assign, expected)


def test_assigning_is_kept_and_reading_is_never_shared() -> None:
    assert ops.Assign.sink and not ops.Assign.pure and not ops.ReadValue.pure


def run(node: Node) -> Any:
    import openvino

    return openvino.compile_model(read(graph_of(node)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([])[0]


@pytest.mark.parametrize(
    ("a", "b", "flags"),
    [((2, 3, 4), (4, 5), {}), ((4, 3), (5, 4), {"transpose_a": True, "transpose_b": True}), ((4,), (2, 4, 3), {})],
)
def test_a_folded_product_is_what_the_runtime_computes(a: tuple[int, ...], b: tuple[int, ...], flags: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.integers(-9, 9, shape).astype(np.float32) for shape in (a, b))
    node = ops.MatMul(constant(x), constant(y), **flags)
    folded = node.fold(x, y)
    assert folded.shape == node.shape and folded.dtype == np.float32
    np.testing.assert_array_equal(folded, run(node))  # whole numbers: exact in every order of summation


@pytest.mark.parametrize(
    ("equation", "shapes"), [("abc,cd->bad", ((2, 3, 4), (4, 5))), ("i...,i->...", ((3, 2, 2), (3,)))]
)
def test_a_folded_einsum_is_what_the_runtime_computes(equation: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(-9, 9, shape).astype(np.float32) for shape in shapes]
    node = ops.Einsum([constant(a) for a in arrays], equation=equation)
    folded = node.fold(*arrays)
    assert folded.shape == node.shape
    np.testing.assert_array_equal(folded, run(node))


def test_lengths_and_batches_keep_their_identity() -> None:
    x, h = p("f32[?,?,16]"), p("f32[?,1,8]")
    weights = [p("f32[1,8,16]"), p("f32[1,8,8]"), p("f32[1,8]")]
    node = ops.RNNSequence(x, h, p("i32[?]"), *weights, hidden_size=8, direction="forward")
    assert node.dims[0] is x.dims[0] and node.dims[2] is x.dims[1]
    y = ops.MatMul(x, p("f32[16,4]"))
    assert y.dims[:2] == x.dims[:2]
