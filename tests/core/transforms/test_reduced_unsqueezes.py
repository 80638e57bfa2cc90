"""Reductions of data with an axis more, and axes that are counted from the back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.positive_axes import positive_axes
from mo_core.transforms.workarounds.reduced_unsqueezes import reduced_unsqueezes

DATA = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
NEW = [(0,), (1,), (2,), (3,), (0, 4), (3, 4)]
CASES = [(new, axes) for new in NEW for n in (1, 2) for axes in itertools.combinations(range(3 + len(new)), n)]


def network(new, axes, kind="ReduceMean", keep=True, reshape=False):
    shape = ",".join(map(str, np.expand_dims(DATA, new).shape))
    longer = f"Reshape(%x, [{shape}]) {{special_zero=false}}" if reshape else f"Unsqueeze(%x, {list(new)})"
    return parse(f"""
    %x = Parameter : f32[2,3,4] "x"
    %u = {longer}
    %y = {kind}(%u, {list(axes)}) {{keep_dims={str(keep).lower()}}} "y"
    return %y
    """)


KINDS = {
    "ReduceMean": np.mean,
    "ReduceSum": np.sum,
    "ReduceMax": np.max,
    "ReduceL1": lambda x, axes, keepdims: np.abs(x).sum(axes, keepdims=keepdims),
}


def is_right(graph, new, axes, kind="ReduceMean", keep=True):
    (got,) = evaluate(graph, DATA, engine="runtime")
    wanted = KINDS[kind](np.expand_dims(DATA, new), tuple(axes), keepdims=keep)
    return got.shape == wanted.shape and np.allclose(got, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reshape", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_kept_axes_stay_in_their_place(kind, reshape):
    for new, axes in CASES if kind == "ReduceMean" else CASES[::6]:
        graph = network(new, axes, kind, reshape=reshape)
        run(order([reduced_unsqueezes]), graph, Context())
        assert is_right(graph, new, axes, kind), (new, axes)


def test_negative_axes_count_from_the_front():
    for new, axes in CASES[::2]:
        rank = 3 + len(new)
        for keep in (False, True):
            graph = network([a - rank for a in new], [a - rank for a in axes], keep=keep)
            run(order([reduced_unsqueezes, positive_axes]), graph, Context())
            assert is_right(graph, new, axes, keep=keep), (new, axes, keep)


def test_one_that_drops_its_axes_stays():
    text = """
    %x = Parameter : f32[2,3,4] "x"
    %u = Unsqueeze(%x, [3])
    %y = ReduceMean(%u, [1]) {keep_dims=false}
    return %y
    """
    check_pass(text, None, reduced_unsqueezes, inputs=[DATA])


@pytest.mark.xfail(strict=True, reason="the runtime exchanges both, and counts axes as if they were dropped")
def test_the_runtime_keeps_axes_in_their_place():
    assert all(is_right(network(new, axes), new, axes) for new, axes in CASES)
