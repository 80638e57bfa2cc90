"""Places of maxima in data whose size is not known."""

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.located_maxima import located_maxima

DATA = np.random.default_rng(0).permutation(2 * 3 * 7 * 6).reshape(2, 3, 7, 6).astype(np.float32) - 100
KERNEL, STRIDES = (3, 2), (2, 1)


def network(auto_pad, shape="?,3,?,?", axis=2, element="f32"):
    return parse(f"""
    %x = Parameter : {element}[{shape}] "x"
    %y, %i = MaxPool(%x) {{strides = [2,1], dilations = [1,1], pads_begin = [0,0], pads_end = [0,0], kernel = [3,2],
        auto_pad = "{auto_pad}", axis = {axis}}}
    return %y, %i
    """)


def wanted(x, auto_pad, axis):
    """Maxima, and their places from an axis on."""
    pads = []
    for n, k, s in zip(x.shape[2:], KERNEL, STRIDES):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        less = total // 2
        pads.append((less, total - less) if auto_pad == "same_upper" else (total - less, less))
    where = np.pad(
        np.arange(x.size).reshape(x.shape) % np.prod(x.shape[axis:]), ((0, 0), (0, 0), *pads), constant_values=-1
    )
    padded = np.pad(x, ((0, 0), (0, 0), *pads), constant_values=-np.inf)
    most, places = [], []
    for row in range(0, padded.shape[2] - 2, 2):
        for column in range(padded.shape[3] - 1):
            window = np.s_[:, :, row : row + 3, column : column + 2]
            best = padded[window].reshape(2, 3, -1).argmax(-1)[..., None]
            most.append(np.take_along_axis(padded[window].reshape(2, 3, -1), best, -1))
            places.append(np.take_along_axis(where[window].reshape(2, 3, -1), best, -1))
    return [np.concatenate(a, -1).reshape(2, 3, 4, 6) for a in (most, places)]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("auto_pad", ["same_upper", "same_lower"])
def test_places_are_counted_without_the_padding(auto_pad, axis):
    graph = network(auto_pad, axis=axis)
    run(order([located_maxima]), graph, Context())
    for got, want in zip(evaluate(graph, DATA, engine="runtime"), wanted(DATA, auto_pad, axis)):
        np.testing.assert_array_equal(got, want)


def test_whole_numbers_are_padded_with_the_least_one():
    graph = network("same_upper", element="i32")
    run(order([located_maxima]), graph, Context())
    for got, want in zip(evaluate(graph, DATA.astype(np.int32), engine="runtime"), wanted(DATA, "same_upper", 2)):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("auto_pad", "shape"), [("same_upper", "?,3,7,6"), ("valid", "?,3,?,?")])
def test_what_the_runtime_does_right_stays(auto_pad, shape):
    text = f"""
    %x = Parameter : f32[{shape}] "x"
    %y, %i = MaxPool(%x) {{strides = [2,1], dilations = [1,1], pads_begin = [0,0], pads_end = [0,0], kernel = [3,2],
        auto_pad = "{auto_pad}", axis = 2}}
    return %y, %i
    """
    check_pass(text, None, located_maxima, inputs=[DATA])


@pytest.mark.xfail(strict=True, reason="the CPU plug-in leaves the padding out")
def test_the_runtime_pads_data_of_unknown_size():
    got, _ = evaluate(network("same_upper"), DATA, engine="runtime")
    np.testing.assert_array_equal(got, wanted(DATA, "same_upper", 2)[0])
