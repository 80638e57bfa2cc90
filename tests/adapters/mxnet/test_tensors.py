"""Shapes, movement, parts, places, order, sums and generated values, against MXNet."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.mxnet.harness import (
    Net,
    assert_close,
    check,
    check_op,
    integers,
    mxnet,
    one_op,
    positive,
    run,
    script,
    values,
)

X = {"x": values(2, 3, 4, 5)}

RESHAPES = [
    ({"shape": (0, -1)}),
    ({"shape": (-1,)}),
    ({"shape": (0, 0, -1)}),
    ({"shape": (-2,)}),
    ({"shape": (0, -2)}),
    ({"shape": (-3, 0, 0)}),
    ({"shape": (0, -3, -2)}),
    ({"shape": (-3, -3)}),
    ({"shape": (0, 0, -4, 2, 2, 0)}),
    ({"shape": (0, 0, -4, -1, 2, 0)}),
    ({"shape": (-4, 1, 2, -2)}),
    ({"shape": (4, 30)}),
    ({"shape": (0, 4, 3, 5)}),
    ({"shape": (-1, 0), "reverse": True}),
    ({"shape": (-1, 0, 0), "reverse": True}),
    ({"shape": (0, -3, 0), "reverse": True}),
    ({"shape": (0, 0, -1, 2, -4, 0), "reverse": True}),
]


@pytest.mark.parametrize("attributes", RESHAPES, ids=str)
def test_reshape(attributes):
    check_op("Reshape", X, **attributes)


@pytest.mark.parametrize(
    "newshape", [(-1,), (-2, -1), (-2, -4), (-5, -4), (-5, -5), (-2, -2, -6, 2, 2, -4), (-6, 1, 2, -4), (6, -1)]
)
def test_reshape_of_numpy_extension(newshape):
    check_op("_npx_reshape", X, numpy=True, newshape=newshape)


def test_reshape_drops_a_one():
    check_op("_npx_reshape", {"x": values(2, 1, 4)}, numpy=True, newshape=(-2, -3, -4), dynamic=False)


def test_reshape_of_numpy():
    check_op("_np_reshape", X, numpy=True, newshape=(6, -1))


def test_reshape_by_target_shape_of_old_versions():
    net = Net(version=700)
    net.op("Reshape", net.var("x"), target_shape=(2, 0))
    assert_close(run(net, X), [X["x"].reshape(2, 60)])


def test_flatten_and_expand_dims():
    check_op("Flatten", X)
    check_op("expand_dims", X, axis=1)
    check_op("expand_dims", X, axis=-1)


@pytest.mark.parametrize("axis", [..., None, 1, (1, 3), -3])
def test_squeeze(axis):
    check_op("squeeze", {"x": values(2, 1, 3, 1)}, axis=axis, dynamic=axis not in (..., None))


def test_squeeze_of_ones_keeps_an_axis_unless_numpy():
    check_op("squeeze", {"x": values(1, 1)}, dynamic=False)
    check_op("_np_squeeze", {"x": values(1, 1)}, numpy=True, dynamic=False)


def test_reshape_like():
    check_op("reshape_like", {"x": values(6, 4), "y": values(2, 3, 4)})
    check_op("reshape_like", {"x": values(6, 4), "y": values(2, 3, 7)}, lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=2)


def test_shape_and_size():
    check_op("shape_array", X)
    check_op("size_array", X)


def test_broadcasts():
    check_op("broadcast_to", {"x": values(2, 1, 4)}, shape=(0, 3, 0))
    check_op("_npi_broadcast_to", {"x": values(2, 1, 4)}, numpy=True, shape=(5, 2, 3, 4))
    check_op("broadcast_axis", {"x": values(2, 1, 1)}, axis=(1, 2), size=(3, 4))
    check_op("broadcast_like", {"x": values(2, 1, 4), "y": values(2, 3, 4)})
    check_op("broadcast_like", {"x": values(2, 1), "y": values(5, 7)}, lhs_axes=(1,), rhs_axes=(-1,))


def test_at_least():
    for op in ("1d", "2d", "3d"):
        check_op(f"_np_atleast_{op}", {"x": values(3)}, numpy=True, num_args=1)
        check_op(f"_np_atleast_{op}", {"x": values(3, 2)}, numpy=True, num_args=1)


def test_index_array():
    check_op("_contrib_index_array", {"x": values(2, 3)})
    check_op("_contrib_index_array", {"x": values(2, 3, 4)}, axes=(1, 0))


def test_flat_places_and_back():
    check_op("_ravel_multi_index", {"x": np.array([[0, 1, 2], [3, 0, 1]], np.float32)}, shape=(3, 4))
    check_op("_unravel_index", {"x": np.array([3, 4, 9], np.float32)}, shape=(3, 4))


@pytest.mark.parametrize("axes", [..., (), (0, 2, 3, 1), (3, 2, 1, 0)])
def test_transpose(axes):
    check_op("transpose", X, axes=axes)


def test_movements():
    check_op("SwapAxis", X, dim1=1, dim2=3)
    check_op("_np_moveaxis", X, numpy=True, source=(0, 1), destination=(-1, 0))
    check_op("_np_roll", X, numpy=True, shift=(2,), axis=(1,))
    check_op("_np_roll", X, numpy=True, shift=(7,))
    check_op("_np_roll", X, numpy=True, shift=(1, 2), axis=(1, 3))
    check_op("reverse", X, axis=(1, 3))
    check_op("_npi_flip", X, numpy=True, axis=(2,))


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_rot90(k):
    check_op("_npi_rot90", X, numpy=True, k=k, axes=(1, 2))


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect"])
def test_pad(mode):
    check_op("Pad", X, mode=mode, pad_width=(0, 0, 0, 0, 1, 2, 3, 0), constant_value=1.5)
    check_op("Pad", {"x": values(1, 2, 3, 4, 5)}, mode=mode, pad_width=(0, 0, 0, 0, 1, 2, 2, 0, 0, 1))


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_pad_of_numpy(mode):
    check_op("_npi_pad", {"x": values(4, 5)}, numpy=True, mode=mode, pad_width=((1, 2), (0, 3)))


def test_copies():
    check_op("tile", X, reps=(2, 3))
    check_op("tile", {"x": values(2, 3)}, reps=(2, 1, 3))
    check_op("repeat", X, repeats=2, axis=1)
    check_op("repeat", X, repeats=3)
    check_op("repeat", X, repeats=2, axis=-1)


def test_blocks():
    check_op("depth_to_space", {"x": values(2, 8, 3, 4)}, block_size=2)
    check_op("space_to_depth", {"x": values(2, 3, 4, 6)}, block_size=2)


PARTS = {"a": values(2, 3), "b": values(2, 3, seed=1), "c": values(2, 3, seed=2)}


def test_joins():
    check_op("Concat", PARTS, num_args=3)
    check_op("Concat", PARTS, num_args=3, dim=0)
    check_op("_rnn_param_concat", PARTS, num_args=3, dim=0)
    check_op("stack", PARTS, num_args=3, axis=1)
    for op in ("stack", "vstack", "hstack", "dstack", "column_stack", "concatenate"):
        check_op(f"_npi_{op}", PARTS, numpy=True, num_args=3)
    for op in ("vstack", "hstack", "dstack", "column_stack"):
        check_op(f"_npi_{op}", {"a": values(4), "b": values(4, seed=1)}, numpy=True, num_args=2)


@pytest.mark.parametrize("squeeze", [True, False])
def test_splits(squeeze):
    check_op("SliceChannel", X, outputs=3, num_outputs=3, squeeze_axis=squeeze)
    check_op("_split_v2", X, outputs=4, indices=(), sections=4, axis=2, squeeze_axis=squeeze)


def test_split_at_places():
    check_op("_split_v2", X, outputs=3, indices=(0, 1, 3), axis=2)
    check_op("_npi_hsplit", X, numpy=True, outputs=3, indices=(), sections=3, axis=1)


def test_only_some_parts_of_a_split_are_read():
    net = Net()
    place, _ = net.op("SliceChannel", net.var("x"), num_outputs=3)
    net.output((place, 1))
    check(net, X)


SLICES = [
    ({"begin": (0, 1), "end": (1, 3)}),
    ({"begin": (None, 1), "end": (None, None)}),
    ({"begin": (None, -2, 0), "end": (None, None, 2)}),
    ({"begin": (None, None), "end": (None, None), "step": (1, 2)}),
    ({"begin": (None, 2), "end": (None, 0), "step": (None, -1)}),
    ({"begin": (None, None), "end": (None, None), "step": (1, -1)}),
]


@pytest.mark.parametrize("attributes", SLICES, ids=str)
def test_slice(attributes):
    check_op("slice", X, **attributes)


def test_slices():
    check_op("slice_axis", X, axis=1, begin=1, end=None)
    check_op("slice_axis", X, axis=-1, begin=-3, end=-1)
    check_op("slice_like", {"x": values(4, 5, 6), "y": values(2, 3, 4)})
    check_op("slice_like", {"x": values(4, 5, 6), "y": values(2, 3, 4)}, axes=(1, -1))


def test_crop():
    check_op("Crop", {"x": values(1, 2, 8, 9), "y": values(1, 2, 5, 4)}, num_args=2, offset=(1, 2))
    check_op("Crop", {"x": values(1, 2, 8, 9), "y": values(1, 2, 5, 4)}, num_args=2, center_crop=True)
    check_op("Crop", {"x": values(1, 2, 8, 9)}, num_args=1, h_w=(3, 4), center_crop=True)


def test_slice_assign():
    where = {"begin": (0, 1), "end": (2, 3)}
    check_op("_slice_assign", {"x": values(2, 4, 3), "y": values(2, 2, 3)}, **where)
    check_op("_slice_assign_scalar", {"x": values(2, 4, 3)}, scalar=2.5, **where)


def test_embedding():
    check_op("Embedding", {"x": integers(0, 7, 2, 3)}, {"w": values(7, 4)}, input_dim=7, output_dim=4)


@pytest.mark.parametrize("mode", ["clip", "wrap"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take(mode, axis):
    check_op("take", {"x": values(4, 5, 6), "i": integers(-3, 9, 2, 3)}, axis=axis, mode=mode)


def test_places():
    check_op("batch_take", {"x": values(4, 5), "i": integers(0, 5, 4, dtype=np.int32)})
    check_op("gather_nd", {"x": values(4, 5, 6), "i": integers(0, 4, 2, 3)}, dynamic=False)
    check_op(
        "scatter_nd", {"x": values(3), "i": np.array([[0, 1, 3], [2, 0, 1]], np.float32)}, shape=(4, 5), dynamic=False
    )
    check_op("_contrib_index_copy", {"x": values(5, 2), "i": np.array([3, 0], np.float32), "y": values(2, 2)})


@pytest.mark.parametrize("mode", ["clip", "wrap"])
@pytest.mark.parametrize("keepdims", [True, False])
def test_pick(keepdims, mode):
    check_op("pick", {"x": values(4, 5), "i": integers(-2, 8, 4)}, keepdims=keepdims, mode=mode)
    check_op("pick", {"x": values(4, 5), "i": integers(0, 4, 5)}, axis=0, keepdims=keepdims, mode=mode)
    check_op("pick", {"x": values(4, 5, 3), "i": integers(0, 5, 4, 1, 3)}, axis=1, keepdims=keepdims, mode=mode)


def test_one_hot():
    check_op("one_hot", {"x": integers(0, 6, 2, 3)}, depth=5)
    check_op("one_hot", {"x": integers(0, 5, 2, 3)}, depth=5, on_value=2.5, off_value=-1, dtype="int32")


def test_other_values_at_places():
    """MXNet computes it in place only, so numpy is the reference."""
    feeds = {"x": values(4, 5), "y": values(3), "i": np.array([[0, 1, 3], [2, 0, 1]], np.float32)}
    want = feeds["x"].copy()
    want[[0, 1, 3], [2, 0, 1]] = feeds["y"]
    assert_close(run(one_op("_scatter_set_nd", feeds, shape=(4, 5)), feeds), [want])


def test_boolean_mask():
    check_op("_contrib_boolean_mask", {"x": values(5, 3), "m": np.array([1, 0, 1, 1, 0], np.float32)})


def test_nonzero():
    """An executor of MXNet has no shapes that depend on the data, so numpy is the reference."""
    data = integers(0, 2, 3, 4)
    net = one_op("_npx_nonzero", {"x": data}, numpy=True)
    assert_close(run(net, {"x": data}), [np.argwhere(data)])


@pytest.mark.parametrize("ret_typ", ["indices", "value", "mask", "both"])
@pytest.mark.parametrize("axis", [-1, 0, None])
def test_topk(ret_typ, axis):
    data = {"x": np.random.default_rng(0).permutation(20).reshape(4, 5).astype(np.float32)}
    outputs = 2 if ret_typ == "both" else 1
    check_op("topk", data, outputs=outputs, axis=axis, k=3, ret_typ=ret_typ)
    check_op("topk", data, outputs=outputs, axis=axis, k=2, ret_typ=ret_typ, is_ascend=True, dtype="int32")


@pytest.mark.parametrize("axis", [-1, 0, None])
@pytest.mark.parametrize("ascending", [True, False])
def test_order(axis, ascending):
    data = {"x": np.random.default_rng(0).permutation(20).reshape(4, 5).astype(np.float32)}
    check_op("sort", data, axis=axis, is_ascend=ascending)
    check_op("argsort", data, axis=axis, is_ascend=ascending)


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("op", ["argmax", "argmin"])
def test_place_of_the_extreme(op, keepdims):
    for axis in (0, 1, -1, ...):
        if axis is not ... or not keepdims:
            check_op(op, X, axis=axis, keepdims=keepdims)
        check_op(f"_npi_{op}", X, numpy=True, axis=axis, keepdims=keepdims)


def test_places_are_of_the_type_of_the_data():
    for dtype in (np.int32, np.uint8, np.int64):
        check_op("argmax", {"x": integers(0, 9, 3, 4, dtype=dtype)}, axis=1)


def test_place_of_the_first_of_equal_ones():
    check_op("argmax", {"x": np.array([[1, 3, 3, 2]], np.float32)}, axis=1)
    check_op("argmax_channel", {"x": values(3, 4)})


# -- reductions

REDUCTIONS = [
    {},
    {"axis": 1},
    {"axis": (0, 2)},
    {"axis": (1,), "keepdims": True},
    {"axis": (0, 1), "exclude": True},
    {"axis": ()},
]


@pytest.mark.parametrize("op", "sum mean prod max min nansum nanprod".split())
@pytest.mark.parametrize("attributes", REDUCTIONS, ids=str)
def test_reduction(op, attributes):
    data = positive(2, 3, 4)
    if op.startswith("nan"):
        data[0, 1, 2] = np.nan
    check_op(op, {"x": data}, **attributes)


@pytest.mark.parametrize("op", "_np_sum _npi_mean _np_prod _np_max _np_min _npi_var _npi_std _np_all _np_any".split())
@pytest.mark.parametrize("attributes", [{}, {"axis": (1,)}, {"axis": (0, 2), "keepdims": True}], ids=str)
def test_reduction_of_numpy(op, attributes):
    check_op(op, {"x": positive(2, 3, 4)}, numpy=True, rtol=3e-5, **attributes)


def test_variance_with_fewer_degrees_of_freedom():
    check_op("_npi_var", {"x": values(2, 3, 4)}, numpy=True, axis=(1,), ddof=1, rtol=3e-5)


@pytest.mark.parametrize("order", [1, 2])
def test_norm(order):
    for attributes in ({}, {"axis": 1}, {"axis": (1, 2), "keepdims": True}):
        check_op("norm", {"x": values(2, 3, 4)}, ord=order, **attributes)


def test_average():
    x, w = values(3, 4), positive(4)
    check_op(
        "_npi_average", {"x": x, "w": w}, numpy=True, outputs=2, axis=(1,), returned=True, weighted=True, rtol=2e-5
    )
    check_op("_npi_average", {"x": x}, numpy=True, outputs=2, axis=(0,), returned=True, weighted=False, rtol=2e-5)


def test_running_sums():
    check_op("_np_cumsum", {"x": values(3, 4)}, axis=1)
    check_op("_np_cumsum", {"x": values(3, 4)}, numpy=True)


def test_sums_of_squares_and_finiteness():
    check_op("multi_sum_sq", {"x": values(3, 4), "y": values(2)}, num_arrays=2)
    check_op("all_finite", {"x": values(3, 4)})
    check_op("multi_all_finite", {"x": values(3), "y": np.array([1, np.inf], np.float32)}, num_arrays=2)


# -- generated


def generated(op, numpy=False, rtol=1e-6, **attributes):
    net = Net(numpy=numpy)
    made = net.op(op, **attributes)
    one = net.op(
        "zeros_like", net.op("slice_axis", net.op("Reshape", net.var("x"), shape=(-1,)), axis=0, begin=0, end=1)
    )
    net.output(
        net.op(
            "_npi_add" if numpy else "broadcast_add",
            made,
            net.op("Cast", one, dtype=attributes.get("dtype", "float32")),
        )
    )
    feeds = {"x": values(2)}
    assert_close(run(net, feeds), mxnet(net, feeds), rtol)


def test_constants():
    generated("_zeros", shape=(3,))
    generated("_ones", shape=(2, 3), dtype="int32")
    generated("_full", shape=(2, 3), value=2.5)
    generated("_eye", N=3)
    generated("_eye", N=3, M=4, k=1)
    generated("_npi_eye", numpy=True, N=3, M=4, k=-1)
    generated("_npi_identity", numpy=True, shape=(3, 3))
    generated("_npi_indices", numpy=True, dimensions=(2, 3), dtype="int32")


def test_ranges():
    generated("_arange", start=1, stop=7, step=2)
    generated("_arange", start=5)
    generated("_arange", start=0, stop=3, repeat=2)
    generated("_arange", start=0, stop=1, step=0.3)
    generated("_npi_arange", numpy=True, start=7, stop=1, step=-2, dtype="int32")
    generated("_npi_logspace", numpy=True, start=0, stop=2, num=5)


def test_ranges_of_so_many_numbers():
    answer, _ = script("answer['symbol'] = (mx.sym.linspace(1, 4, 7) + mx.sym.Variable('x')).tojson()")
    feeds = {"x": values(7)}
    assert_close(run(answer["symbol"], feeds), mxnet(answer["symbol"], feeds))


@pytest.mark.parametrize("op", ["hanning", "hamming", "blackman"])
def test_windows(op):
    generated(f"_npi_{op}", numpy=True, M=7)


def test_like_another():
    check_op("zeros_like", X)
    check_op("ones_like", X)
    check_op("_npi_full_like", X, numpy=True, fill_value=2.5)
    check_op("_contrib_arange_like", X, axis=2, start=1.5, step=0.5)
    check_op("_contrib_arange_like", X)


@pytest.mark.parametrize(
    ("op", "mean", "deviation"),
    [("_random_uniform", 0.5, 0.2887), ("_random_normal", 0, 1), ("_random_exponential", 1, 1)],
)
def test_chance(op, mean, deviation):
    """Random numbers agree in their distribution."""
    net = Net()
    net.output(net.op("broadcast_add", net.op(op, shape=(10000,)), net.op("zeros_like", net.var("x"))))
    (drawn,) = run(net, {"x": values(1)})
    assert abs(drawn.mean() - mean) < 0.05 and abs(drawn.std() - deviation) < 0.05


def test_random_whole_numbers():
    net = Net()
    net.output(
        net.op(
            "broadcast_add",
            net.op("_random_randint", shape=(1000,), low=2, high=5),
            net.op("Cast", net.op("zeros_like", net.var("x")), dtype="int32"),
        )
    )
    (drawn,) = run(net, {"x": values(1)})
    assert set(drawn.tolist()) == {2, 3, 4}


def test_state_of_unknown_batch_is_broadcast():
    net = Net()
    net.output(net.op("broadcast_add", net.op("_zeros", shape=(0, 3)), net.var("x")))
    assert_close(run(net, {"x": values(2, 3)}), [values(2, 3)])
