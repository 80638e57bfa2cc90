"""Shapes and the movement of elements in all versions, with static and dynamic shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import mo_core
from mo_core.errors import MoError
from tests.adapters.onnx import running
from tests.adapters.onnx.nodes import check, numbers, run
from tests.adapters.onnx.running import onnxruntime

BOTH = pytest.mark.parametrize("dynamic", [(), (0,)])


def whole(*numbers_: int) -> np.ndarray:
    return np.array(numbers_, np.int64)


# -- shapes


def test_reshape_of_opset_1_has_its_shape_as_an_attribute() -> None:
    assert run("Reshape", [numbers(2, 3, 4)], {"shape": [0, -1]}, opset=1).shape == (2, 12)


@BOTH
@pytest.mark.parametrize("shape", [(0, -1), (-1,), (4, 0, 2), (1, 0, -1, 4)])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_zero_keeps_a_dimension(shape: tuple[int, ...], constants: Any, dynamic: Any) -> None:
    check("Reshape", [numbers(2, 3, 4), whole(*shape)], opset=13, dynamic=dynamic, constants=constants)


def test_zero_may_be_allowed() -> None:
    check("Reshape", [np.zeros((0, 3), np.float32), whole(3, 0)], {"allowzero": 1}, opset=14, constants=(1,))


@BOTH
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2])
def test_flatten(axis: int, dynamic: Any) -> None:
    check("Flatten", [numbers(2, 3, 4)], {"axis": axis}, opset=13, dynamic=dynamic)


def test_flatten_of_nothing() -> None:
    assert run("Flatten", [np.zeros((2, 0, 4), np.float32)], {"axis": 2}, opset=13).shape == (0, 4)


@pytest.mark.parametrize("opset", [11, 13])
def test_squeeze_without_axes_keeps_unknown_sizes_and_tells(opset: int) -> None:
    """As PyTorch 1.11 exports `x.squeeze()` of [batch, 1]."""
    node = helper.make_node("Squeeze", ["x"], ["y"], name="the squeeze")
    source = running.model([node], [running.value("x", shape=["batch", 1])], ["y"], opset=opset)
    running.check(source, {"x": numbers(3, 1)}, {"x": numbers(7, 1)})
    (note,) = mo_core.convert(source).report.notes
    assert "the squeeze" in note and "[?,1]" in note and "--input" in note


def test_squeeze_without_axes_of_known_sizes_says_nothing() -> None:
    source = running.one_node("Squeeze", {"x": numbers(2, 1, 3)})
    running.check(source, {"x": numbers(2, 1, 3)})
    assert not mo_core.convert(source).report.notes


@pytest.mark.parametrize("opset", [1, 11])
def test_squeeze_and_unsqueeze_by_attributes(opset: int) -> None:
    x = numbers(2, 1, 3, 1)
    assert run("Squeeze", [x], {"axes": [1, 3]}, opset=opset).shape == (2, 3)
    assert run("Squeeze", [x], opset=opset).shape == (2, 3)
    assert run("Unsqueeze", [x], {"axes": [0, 5]}, opset=opset).shape == (1, 2, 1, 3, 1, 1)


@BOTH
@pytest.mark.parametrize("axes", [(0,), (-1,), (2, 0), (1, 2, 4)])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_unsqueeze_at_axes_known_late(axes: tuple[int, ...], constants: Any, dynamic: Any) -> None:
    check("Unsqueeze", [numbers(2, 3), whole(*axes)], opset=13, dynamic=dynamic, constants=constants)


def test_unsqueeze_of_a_scalar_at_axes_known_late() -> None:
    check("Unsqueeze", [numbers(), whole(0, 1)], opset=13)


@BOTH
@pytest.mark.parametrize(("start", "end"), [(0, None), (1, None), (-1, None), (0, -1), (-5, 5), (2, 1)])
def test_part_of_a_shape(start: int, end: int | None, dynamic: Any) -> None:
    attributes = {"start": start} | ({} if end is None else {"end": end})
    check("Shape", [numbers(2, 3, 4)], attributes, opset=15, dynamic=dynamic)


@BOTH
def test_size_and_transpose(dynamic: Any) -> None:
    check("Size", [numbers(2, 3, 4)], opset=13, dynamic=dynamic)
    check("Transpose", [numbers(2, 3, 4)], opset=13, dynamic=dynamic)
    check("Transpose", [numbers(2, 3, 4)], {"perm": [1, 2, 0]}, opset=13, dynamic=dynamic)


@pytest.mark.parametrize("constants", [(), (1,)])
def test_expand_in_both_directions(constants: Any) -> None:
    check("Expand", [numbers(3, 1), whole(2, 1, 4)], opset=13, dynamic=(0,), constants=constants)


# -- parts and wholes


def test_concat_of_opset_1_is_along_the_channels() -> None:
    assert run("Concat", [numbers(2, 3), numbers(2, 4)], opset=1).shape == (2, 7)


@BOTH
@pytest.mark.parametrize("opset", [1, 2, 11])
def test_split_by_attribute(opset: int, dynamic: Any) -> None:
    parts = run("Split", [numbers(2, 6)], {"axis": 1, "split": [1, 5]}, opset=opset, dynamic=dynamic, outputs=2)
    assert [p.shape for p in parts] == [(2, 1), (2, 5)]


@BOTH
@pytest.mark.parametrize(("size", "count"), [(6, 3), (7, 3), (5, 1), (8, 3)])
def test_split_into_a_number_of_parts(size: int, count: int, dynamic: Any) -> None:
    x = numbers(size, 2)
    check("Split", [x], {"num_outputs": count}, opset=18, outputs=count, dynamic=dynamic, oracle=onnxruntime)


@BOTH
@pytest.mark.parametrize("constants", [(), (1,)])
def test_split_by_input(constants: Any, dynamic: Any) -> None:
    check(
        "Split",
        [numbers(2, 6), whole(1, 3, 2)],
        {"axis": -1},
        opset=13,
        outputs=3,
        dynamic=dynamic,
        constants=constants,
    )


@BOTH
def test_slice_by_attributes(dynamic: Any) -> None:
    x = numbers(4, 5, 6)
    got = run("Slice", [x], {"starts": [1, -3], "ends": [9, -1], "axes": [0, 2]}, opset=9, dynamic=dynamic)
    assert (got == x[1:9, :, -3:-1]).all()
    assert (run("Slice", [x], {"starts": [0, 1], "ends": [2, -1]}, opset=1, dynamic=dynamic) == x[:2, 1:-1]).all()


SLICES = [
    ((1,), (3,), None, None),
    ((0, -1), (100, -(2**63)), (0, 2), (2, -1)),
    ((-2, 0), (2**63 - 1, 3), (-1, 0), (1, 1)),
    ((3,), (0,), (1,), (-2,)),
]


@BOTH
@pytest.mark.parametrize("case", SLICES)
@pytest.mark.parametrize("constant", [False, True])
def test_slice_by_inputs(case: Any, constant: bool, dynamic: Any) -> None:
    if not constant:  # the runtime computes with 32 bits
        case = [None if c is None else [max(-999, min(999, n)) for n in c] for c in case]
    inputs = [numbers(4, 5, 6), *(None if c is None else whole(*c) for c in case)]
    while inputs[-1] is None:
        inputs.pop()
    constants = range(1, len(inputs)) if constant else ()
    check("Slice", inputs, opset=13, dynamic=dynamic, constants=constants)


def test_slice_with_an_unknown_number_of_axes_is_refused() -> None:
    with pytest.raises(MoError, match="unknown number of axes"):
        run("Slice", [numbers(3), whole(0), whole(2)], opset=13, dynamic=(1, 2))


@pytest.mark.parametrize("constants", [(), (1,)])
@pytest.mark.parametrize("repeats", [(3, 4, 5), (1, 2, 1), (2, 1, 1)])
@BOTH
def test_tile(repeats: tuple[int, ...], constants: Any, dynamic: Any) -> None:
    check("Tile", [numbers(2, 3, 4), whole(*repeats)], opset=13, constants=constants, dynamic=dynamic)


def test_tile_of_opset_1_repeats_one_axis() -> None:
    x = numbers(2, 3)
    got = run("Tile", [x, whole(3).reshape(()), whole(1).reshape(())], opset=1, constants=(1, 2))
    assert (got == np.tile(x, (1, 3))).all()


# -- padding


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_pad_by_attributes(mode: str) -> None:
    x = numbers(3, 4)
    options = {"constant_values": 1.5} if mode == "constant" else {}
    want = np.pad(x, ((1, 2), (0, 3)), mode, **options)
    attributes = {"mode": mode, "value": 1.5}
    assert (run("Pad", [x], {"pads": [1, 0, 2, 3], **attributes}, opset=2) == want).all()
    assert (run("Pad", [x], {"paddings": [1, 0, 2, 3], **attributes}, opset=1) == want).all()


@BOTH
@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
@pytest.mark.parametrize(
    ("axes", "constants"), [(None, ()), (None, (1,)), ((-1, 0), ()), ((-1, 0), (1,)), ((-1, 0), (1, 3))]
)
def test_pad_by_inputs(mode: str, constants: Any, axes: Any, dynamic: Any) -> None:
    pads = whole(1, 0, 2, 3, 0, 1) if axes is None else whole(1, 2, 3, 0)
    inputs = [numbers(4, 3, 5), pads, np.array(2.5, np.float32) if mode == "constant" else None]
    if axes is not None:
        inputs.append(whole(*axes))
    while inputs[-1] is None:
        inputs.pop()
    check("Pad", inputs, {"mode": mode}, opset=19, dynamic=dynamic, constants=constants)


def test_negative_pads_cut_off() -> None:
    x = numbers(4, 5)
    assert (run("Pad", [x, whole(-1, 0, 1, -2)], opset=13, constants=(1,)) == np.pad(x[1:, :3], ((0, 1), (0, 0)))).all()


@BOTH
@pytest.mark.parametrize("shape", [(3, 8, 5), (2, 4, 9), (7, 7, 7)])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_center_crop_pad(shape: tuple[int, ...], constants: Any, dynamic: Any) -> None:
    check("CenterCropPad", [numbers(4, 6, 7), whole(*shape)], opset=18, dynamic=dynamic, constants=constants)
    inputs = [numbers(4, 6, 7), whole(shape[2], shape[0])]
    check("CenterCropPad", inputs, {"axes": [2, -3]}, opset=18, dynamic=dynamic, constants=constants)


# -- selection


@BOTH
@pytest.mark.parametrize("k", [None, -1, 2])
@pytest.mark.parametrize("upper", [0, 1])
def test_triangles(k: int | None, upper: int, dynamic: Any) -> None:
    inputs = [numbers(2, 4, 5)] + ([] if k is None else [np.array(k)])
    check("Trilu", inputs, {"upper": upper}, opset=14, dynamic=dynamic)
    check("Trilu", inputs, {"upper": upper}, opset=14, dynamic=dynamic, constants=range(1, len(inputs)))


@BOTH
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_compress(axis: int | None, dynamic: Any) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check("Compress", [numbers(3, 4), np.array([False, True, True])], attributes, opset=11, dynamic=dynamic)


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(mode: str) -> None:
    check("DepthToSpace", [numbers(1, 8, 2, 3)], {"blocksize": 2, "mode": mode}, opset=13, dynamic=(0,))


@pytest.mark.parametrize(("batch_axis", "time_axis"), [(0, 1), (1, 0)])
def test_reverse_sequence(batch_axis: int, time_axis: int) -> None:
    attributes = {"batch_axis": batch_axis, "time_axis": time_axis}
    check("ReverseSequence", [numbers(3, 3, 2), whole(1, 3, 2)], attributes, opset=10, dynamic=(0,), oracle=onnxruntime)


# -- dropout


@pytest.mark.parametrize("opset", [1, 6, 7, 10, 12, 13])
def test_dropout_does_nothing_to_a_trained_model(opset: int) -> None:
    x = numbers(3, 4)
    kept, mask = run("Dropout", [x], opset=opset, outputs=2)
    assert (kept == x).all()
    assert mask.all()
    assert mask.dtype == (np.bool_ if opset >= 10 else np.float32)


@pytest.mark.parametrize("constants", [(), (1,), (1, 2)])
def test_dropout_while_training_scales_what_stays(constants: Any) -> None:
    x = numbers(40, 50, low=1)
    inputs = [x, np.array(0.25, np.float32), np.array(True)]
    kept, mask = run("Dropout", inputs, opset=13, outputs=2, constants=constants)
    np.testing.assert_allclose(kept, np.where(mask, x / 0.75, 0), rtol=1e-6)
    assert 0.7 < mask.mean() < 0.8


def test_dropout_whose_mode_is_known_late() -> None:
    x = numbers(4, 5, low=1)
    inputs = [x, np.array(0.5, np.float32), np.array(False)]
    kept, mask = run("Dropout", inputs, opset=13, outputs=2)
    assert (kept == x).all()
    assert mask.all()


def test_an_input_of_unknown_rank_is_told_and_can_be_given() -> None:
    source = running.model([helper.make_node("Relu", ["x"], ["y"])], [running.value("x", shape=None)], ["y"])
    (note,) = mo_core.convert(source).report.notes
    assert '"x" is not known' in note and '--input "x[?,3,?,?]"' in note
    assert not mo_core.convert(source, input="x[?,3]").report.notes
    running.check(source, {"x": numbers(2, 3)}, input="x[?,3]")


def test_slices_of_the_first_opsets() -> None:
    x = numbers(3, 5, 4)
    starts, ends, axes = np.array([1, 0]), np.array([4, -1]), np.array([1, 2])
    got = run("DynamicSlice", [x, starts, ends, axes], opset=9, constants=(3,))
    np.testing.assert_array_equal(got, x[:, 1:4, :-1])
    np.testing.assert_array_equal(run("DynamicSlice", [x, starts, ends], opset=9), x[1:4, :-1])


def test_whether_numbers_are_finite() -> None:
    x = np.array([1.5, -np.inf, np.inf, np.nan, 0], np.float32)
    np.testing.assert_array_equal(run("IsFinite", [x], opset=20), np.isfinite(x))


@pytest.mark.parametrize("filled", [True, False])
def test_an_optional_says_whether_it_holds_something(filled: bool) -> None:
    type_ = helper.make_tensor_type_proto(TensorProto.FLOAT, [2, 3])
    nodes = [
        helper.make_node("Optional", ["x"] if filled else [], ["o"], **({} if filled else {"type": type_})),
        helper.make_node("OptionalHasElement", ["o"], ["has"]),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    if filled:
        nodes[2] = helper.make_node("OptionalGetElement", ["o"], ["y"])
    x = numbers(2, 3)
    source = running.model(nodes, [running.value("x", np.float32, [2, 3])], ["has", "y"], opset=18)
    has, y = running.run(source, {"x": x})[0]
    assert bool(has) is filled
    np.testing.assert_array_equal(y, x if filled else np.maximum(x, 0))
