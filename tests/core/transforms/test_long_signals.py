"""Fourier transforms of more elements than there are, or of fewer."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.long_signals import long_signals

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(2, 5)).astype(np.float32)
HALF = RNG.normal(size=(2, 5, 2)).astype(np.float32)


def pairs(x):
    return np.stack([x.real, x.imag], -1)


CASES = {
    "RDFT": (REAL, 9, pairs(np.fft.rfft(REAL, 9))),
    "IRDFT": (HALF, 14, np.fft.irfft(HALF[..., 0] + 1j * HALF[..., 1], 14)),
}


def network(kind, x, length, known=True):
    sizes = f"[{length}]" if known else "%n"
    return parse(f"""
    %x = Parameter : f32[{",".join(map(str, x.shape))}] "x"
    {"" if known else '%n = Parameter : i64[1] "n"'}
    %y = {kind}(%x, [1], {sizes})
    return %y
    """)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", CASES)
def test_data_goes_on_with_zeros(kind, known):
    x, length, wanted = CASES[kind]
    graph = network(kind, x, length, known)
    run(order([long_signals]), graph, Context())
    (got,) = evaluate(graph, x, *([] if known else [np.array([length])]), engine="runtime")
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


VOLUME = RNG.normal(size=(4, 5, 6, 2)).astype(np.float32)
CUTS = [(4, 3, 10), (4, 5, 6), (2, 3, 4), (6, 3, 8)]


def inverse_of_three_axes(lengths, known=True):
    sizes = str(list(lengths)) if known else "%n"
    return parse(f"""
    %x = Parameter : f32[4,5,6,2] "x"
    {"" if known else '%n = Parameter : i64[3] "n"'}
    %y = IRDFT(%x, [0,1,2], {sizes})
    return %y
    """)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("lengths", CUTS)
def test_what_an_inverse_of_three_axes_leaves_out_is_cut_before_it(lengths, known):
    graph = inverse_of_three_axes(lengths, known)
    run(order([long_signals]), graph, Context())
    (got,) = evaluate(graph, VOLUME, *([] if known else [np.array(lengths)]), engine="runtime")
    wanted = np.fft.irfftn(VOLUME[..., 0] + 1j * VOLUME[..., 1], lengths, axes=(0, 1, 2))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.xfail(strict=True, reason="the CPU plug-in reads memory that nobody wrote")
def test_the_runtime_cuts_for_an_inverse_of_three_axes():
    (got,) = evaluate(inverse_of_three_axes((4, 3, 10)), VOLUME, engine="runtime")
    wanted = np.fft.irfftn(VOLUME[..., 0] + 1j * VOLUME[..., 1], (4, 3, 10), axes=(0, 1, 2))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_a_shorter_one_is_left_to_the_transform():
    check_pass(
        """
        %x = Parameter : f32[2,5] "x"
        %y = RDFT(%x, [1], [4])
        return %y
        """,
        None,
        long_signals,
        inputs=[REAL],
    )


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.xfail(strict=True, reason="the CPU plug-in refuses it, or reads past the end")
def test_the_runtime_goes_on_with_zeros(kind):
    x, length, wanted = CASES[kind]
    (got,) = evaluate(network(kind, x, length), x, engine="runtime")
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
