"""Products of small integers whose sums need more bits than a real number has."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.integer_sums import integer_sums

RNG = np.random.default_rng(0)
A = RNG.integers(200, 256, (3, 4096)).astype(np.uint8)
B = RNG.integers(-128, -60, (4096, 2)).astype(np.int8)
X = RNG.integers(200, 256, (1, 300, 4, 4)).astype(np.uint8)
W = RNG.integers(200, 256, (2, 300, 2, 2)).astype(np.uint8)


def product(a="3,4096", b="4096,2", flags="", zero="", reader=""):
    shift = "%s = Subtract(%ra, 3.0)" if zero else ""
    return f"""
    %a = Parameter : u8[{a}] "a"
    %b = Parameter : i8[{b}] "b"
    %ra = Convert(%a) {{destination_type=f32}}
    {shift}
    %rb = Convert(%b) {{destination_type=f32}}
    %p = MatMul({"%s" if zero else "%ra"}, %rb) {{{flags or "transpose_a=false"}}}
    %y = Convert(%p) {{destination_type=i32}}
    {reader or "return %y"}
    """


CONVOLUTION = """
    %x = Parameter : u8[1,300,4,4] "x"
    %w = Parameter : u8[2,300,2,2] "w"
    %rx = Convert(%x) {destination_type=f32}
    %rw = Convert(%w) {destination_type=f32}
    %p = Convolution(%rx, %rw) {strides=[1,1], pads_begin=[1,0], pads_end=[0,0], dilations=[1,1]}
    %y = Convert(%p) {destination_type=i32}
    return %y
"""


def convolved():
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(X.astype(np.int64), ((0, 0), (0, 0), (1, 0), (0, 0))), (2, 2), (2, 3)
    )
    return np.einsum("nchwyx,ocyx->nohw", windows, W.astype(np.int64))


@pytest.mark.parametrize("zero", ["", "3"])
@pytest.mark.parametrize(
    ("flags", "a", "b"),
    [
        ("", A, B),
        ("transpose_a=true", A.T.copy(), B),
        ("transpose_b=true", A, B.T.copy()),
        ("transpose_a=true, transpose_b=true", A.T.copy(), B.T.copy()),
    ],
)
def test_products_of_matrices_are_exact(flags, a, b, zero):
    graph = parse(product(",".join(map(str, a.shape)), ",".join(map(str, b.shape)), flags, zero))
    run(order([integer_sums]), graph, Context())
    (got,) = evaluate(graph, a, b, engine="runtime")
    np.testing.assert_array_equal(got, (A.astype(np.int64) - (3 if zero else 0)) @ B.astype(np.int64))


def test_convolutions_are_exact():
    graph = parse(CONVOLUTION)
    run(order([integer_sums]), graph, Context())
    (got,) = evaluate(graph, X, W, engine="runtime")
    np.testing.assert_array_equal(got, convolved())


def test_elements_may_come_in_another_order():
    turned = CONVOLUTION.replace("1,300,4,4", "1,4,4,300").replace("Convolution(%rx", "Convolution(%tx")
    graph = parse(turned.replace("%p =", "%tx = Transpose(%rx, [0, 3, 1, 2])\n    %p ="))
    run(order([integer_sums]), graph, Context())
    (got,) = evaluate(graph, np.ascontiguousarray(X.transpose(0, 2, 3, 1)), W, engine="runtime")
    np.testing.assert_array_equal(got, convolved())


FEW = product("3,256", "256,2")
REAL = product(reader="%z = Convert(%y) {destination_type=f32}\n%t = Multiply(%z, 0.5)\nreturn %t")


@pytest.mark.parametrize("text", [FEW, REAL], ids=["few terms", "made real"])
def test_what_needs_no_parts_stays(text):
    graph = parse(text)
    before = [n.type_name for n in graph]
    run(order([integer_sums]), graph, Context())
    assert [n.type_name for n in graph] == before


@pytest.mark.xfail(strict=True, reason="sums beyond 2^24 are rounded")
def test_the_runtime_multiplies_matrices_exactly():
    (got,) = evaluate(parse(product()), A, B, engine="runtime")
    np.testing.assert_array_equal(got, A.astype(np.int64) @ B.astype(np.int64))


@pytest.mark.xfail(strict=True, reason="sums beyond 2^24 are rounded")
def test_the_runtime_convolves_exactly():
    (got,) = evaluate(parse(CONVOLUTION), X, W, engine="runtime")
    np.testing.assert_array_equal(got, convolved())
