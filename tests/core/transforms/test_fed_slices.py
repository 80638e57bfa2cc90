"""StridedSlice at places that are not known before the model runs, with axes that go away and new ones."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ops import StridedSlice
from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.fed_slices import fed_slices

DATA = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
CASES = [  # a letter for each number: part, single element, new axis, ellipsis
    ("s", DATA[1]),
    ("ss", DATA[1, 1]),
    ("sss", DATA[1, 1, 1]),
    ("n", DATA[None]),
    ("nn", DATA[None, None]),
    ("ns", DATA[None, 1]),
    ("sn", DATA[1, None]),
    ("npns", DATA[None, 1:3, None, 1]),
    ("en", DATA[..., None]),
    ("ens", DATA[..., None, 1]),
    ("nep", DATA[None, ..., 1:3]),
    ("spe", DATA[1, 1:3, ...]),
]


def sliced(letters, size="[3,4,5]", fed=True, strides=None, masks=""):
    count = len(letters)
    names = {"n": "new_axis_mask", "s": "shrink_axis_mask", "e": "ellipsis_mask"}
    given = [f"{name}={[int(at == letter) for at in letters]}" for letter, name in names.items()]
    places = [
        f'%{v} = Parameter : i64[{count}] "{v}"' if fed else f"%{v} = Constant {n} : i64[{count}]"
        for v, n in (("b", [1] * count), ("e", [3] * count))
    ]
    return parse(f"""
        %x = Parameter : f32{size} "x"
        {places[0]}
        {places[1]}
        %y = StridedSlice(%x, %b, %e, {strides or [1] * count}) {{{", ".join(given)}{masks}}}
        return %y
    """)


def result(graph, letters):
    ends = [np.full(len(letters), n, np.int64) for n in (1, 3)]
    return evaluate(graph, DATA, *ends, engine="runtime")[0]


@pytest.mark.parametrize(("letters", "wanted"), CASES, ids=[c[0] for c in CASES])
@pytest.mark.parametrize("size", ["[3,4,5]", "[?,?,?]"])
def test_the_same_elements(letters, wanted, size):
    graph = sliced(letters, size)
    run(order([fed_slices]), graph, Context())
    assert not any(isinstance(node, StridedSlice) for node in graph)
    np.testing.assert_array_equal(result(graph, letters), wanted)


def test_masks_and_steps_backwards():
    graph = sliced("psp", strides=[-1, 1, 2], masks=", begin_mask=[1,0,0], end_mask=[1,0,1]")
    run(order([fed_slices]), graph, Context())
    np.testing.assert_array_equal(result(graph, "psp"), DATA[::-1, 1, 1::2])


@pytest.mark.parametrize(("letters", "fed"), [("pp", True), ("sn", False)], ids=["same-axes", "known-places"])
def test_others_stay(letters, fed):
    graph = sliced(letters, fed=fed)
    run(order([fed_slices]), graph, Context())
    assert any(isinstance(node, StridedSlice) for node in graph)


@pytest.mark.xfail(strict=True, reason="the CPU plug-in puts the new axis before the last one")
def test_the_runtime_puts_new_axes_after_an_ellipsis():
    np.testing.assert_array_equal(result(sliced("en"), "en"), DATA[..., None])
