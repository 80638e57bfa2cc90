"""Arithmetic on 8-bit integers."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.byte_arithmetic import byte_arithmetic

A, B = [7, -7, 7, -7, 3, 100], [2, 2, -2, -2, 4, 9]


def operands(element):
    kind = np.int8 if element == "i8" else np.uint8
    return [np.abs(x).astype(kind) if kind is np.uint8 else np.array(x, kind) for x in (A, B)]


def network(element):
    return parse(f"""
    %a = Parameter : {element}[?] "a"
    %b = Parameter : {element}[?] "b"
    %y = Divide(%a, %b) {{m_pythondiv=false}}
    return %y
    """)


def expected(element):
    a, b = (x.astype(np.float64) for x in operands(element))
    return np.trunc(a / b)


@pytest.mark.parametrize("element", ["i8", "u8"])
def test_quotients_are_rounded_towards_zero(element):
    graph = network(element)
    run(order([byte_arithmetic]), graph, Context())
    np.testing.assert_array_equal(evaluate(graph, *operands(element), engine="runtime")[0], expected(element))


def test_wider_integers_stay():
    check_pass(
        """
        %a = Parameter : i32[3] "a"
        %y = Divide(%a, 2) {m_pythondiv=false}
        return %y
        """,
        None,
        byte_arithmetic,
        inputs=[np.int32([7, -7, 3])],
    )


@pytest.mark.parametrize("element", ["i8", "u8"])
@pytest.mark.xfail(strict=True, reason="the CPU plug-in rounds to the nearest")
def test_the_runtime_rounds_towards_zero(element):
    graph = network(element)
    np.testing.assert_array_equal(evaluate(graph, *operands(element), engine="runtime")[0], expected(element))


OPERATIONS = {
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Negative": lambda a, _: np.negative(a),
    "ReduceSum": lambda a, _: np.add.reduce(a, dtype=a.dtype, keepdims=True),
}
"""What they compute in numpy, whose bytes begin anew."""


def modular(operation, element):
    operands = {"Negative": "%a", "ReduceSum": "%a, [0]"}.get(operation, "%a, %b")
    return parse(f"""
    %a = Parameter : {element}[?] "a"
    %b = Parameter : {element}[?] "b"
    %y = {operation}({operands}) {"{keep_dims=true}" if operation == "ReduceSum" else ""}
    %z = Concat(%y, %b) {{axis=0}}
    return %z
    """)


def bytes_of(element):
    if element == "u8":
        return [np.uint8([200, 3, 250, 1]), np.uint8([100, 5, 2, 1])]
    return [np.int8([100, 120, -128, 100]), np.int8([100, 100, 1, 7])]


def numbers(operation, element):
    a, b = bytes_of(element)
    return np.concatenate([OPERATIONS[operation](a, b), b])


@pytest.mark.parametrize("element", ["i8", "u8"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_does_not_fit_begins_anew(operation, element):
    graph = modular(operation, element)
    run(order([byte_arithmetic]), graph, Context())
    found = evaluate(graph, *bytes_of(element), engine="runtime")[0]
    np.testing.assert_array_equal(found, numbers(operation, element))


@pytest.mark.parametrize("element", ["i8", "u8"])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.xfail(strict=True, reason="the CPU plug-in ends at the greatest or the least byte")
def test_the_runtime_begins_anew(operation, element):
    found = evaluate(modular(operation, element), *bytes_of(element), engine="runtime")[0]
    np.testing.assert_array_equal(found, numbers(operation, element))
