"""Models with fixed sizes, changed in the IR: what follows from a size follows the new one.

The oracle is ONNX Runtime on the same model with free sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from onnx import ModelProto, helper

import mo_core
from tests.adapters.onnx import running
from tests.adapters.onnx.nodes import numbers

BATCHES = (1, 2, 5)
IMAGES = ((8, 8), (12, 8), (9, 15))
Nodes = Sequence[Any]


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def check_reshaped(
    tmp_path: Path,
    nodes: Nodes,
    shapes: Sequence[Sequence[int]],
    constants: running.Feeds | None = None,
    opset: int = 17,
    outputs: Sequence[str] = ("y",),
) -> None:
    """Converted at the first of `shapes` (of the input x), the IR is right at all of them."""
    fixed = running.model(nodes, [running.value("x", shape=shapes[0])], outputs, constants, opset)
    free = running.model(nodes, [running.value("x", shape=["?"] * len(shapes[0]))], outputs, constants, opset)
    for i, dim in enumerate(free.graph.input[0].type.tensor_type.shape.dim):
        dim.dim_param = f"d{i}"
    xml = mo_core.convert(fixed).save(tmp_path / "model.xml")
    core = openvino.Core()
    for shape in shapes:
        read = core.read_model(xml)
        read.reshape({"x": openvino.PartialShape(list(shape))})
        compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        x = numbers(*shape)
        compare(list(compiled(x).values()), free, x)


def compare(results: Sequence[Any], oracle: ModelProto, x: Any) -> None:
    wanted = running.onnxruntime(oracle, {"x": x})
    assert len(results) == len(wanted)
    for got, want in zip(results, wanted):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def batches(*rest: int) -> list[tuple[int, ...]]:
    return [(n, *rest) for n in BATCHES]


def images(batch: int = 1, channels: int = 4) -> list[tuple[int, ...]]:
    return [(batch, channels, *size) for size in IMAGES]


def the_batch_then_the_rest() -> Nodes:
    """What PyTorch writes for `x.view(x.size(0), -1)`."""
    return [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n at", "n1"),
        node("Concat", "n1 rest", "pattern", axis=0),
        node("Reshape", "x pattern", "y"),
    ]


LIST = {"zero": np.array(0), "at": np.array([0]), "rest": np.array([-1])}


def test_a_view_by_the_batch_follows_the_batch(tmp_path: Path) -> None:
    check_reshaped(tmp_path, the_batch_then_the_rest(), batches(3, 4, 4), LIST)


def test_static_shape_computes_it_once_and_for_all(tmp_path: Path) -> None:
    model = running.model(the_batch_then_the_rest(), [running.value("x", shape=(1, 3, 4, 4))], ["y"], LIST)
    xml = mo_core.convert(model, static_shape=True).save(tmp_path / "model.xml")
    read = openvino.Core().read_model(xml)
    read.reshape({"x": openvino.PartialShape([2, 3, 4, 4])})
    assert list(read.outputs[0].shape) == [1, 96]


def test_a_number_that_the_source_gives_stays(tmp_path: Path) -> None:
    model = running.one_node("Reshape", {"x": numbers(2, 6)}, {"s": np.array([4, 3])}, inputs=["x", "s"])
    xml = mo_core.convert(model).save(tmp_path / "model.xml")
    read = openvino.Core().read_model(xml)
    with pytest.raises(RuntimeError):
        read.reshape({"x": openvino.PartialShape([3, 6])})


@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4, -1])
def test_flatten(tmp_path: Path, axis: int) -> None:
    nodes = [node("Flatten", "x", "y", axis=axis)]
    check_reshaped(tmp_path, nodes, [*batches(4, 8, 8), *images()])


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax_of_opset_11(tmp_path: Path, op: str, axis: int) -> None:
    check_reshaped(tmp_path, [node(op, "x", "y", axis=axis)], [*batches(4, 8, 8), *images()], opset=11)


@pytest.mark.parametrize("upper", [0, 1])
def test_trilu(tmp_path: Path, upper: int) -> None:
    nodes = [node("Trilu", "x k", "y", upper=upper)]
    check_reshaped(tmp_path, nodes, [*batches(4, 8, 8), *images()], {"k": np.array(1)})


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_recurrent_layers(tmp_path: Path, op: str, direction: str) -> None:
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 2 if direction == "bidirectional" else 1
    weights = {"w": numbers(ways, gates * 4, 3), "r": numbers(ways, gates * 4, 4)}
    nodes = [node(op, "x w r", "y h", hidden_size=4, direction=direction)]
    shapes = [(5, 1, 3), (5, 2, 3), (5, 5, 3), (1, 1, 3), (7, 3, 3)]
    check_reshaped(tmp_path, nodes, shapes, weights, outputs=("y", "h"))


@pytest.mark.parametrize(
    "made",
    [
        [node("Identity", "s", "t"), node("ConstantOfShape", "t", "c"), node("Add", "x c", "y")],
        [node("Mul", "s two", "t"), node("Expand", "one s", "e"), node("Mul", "e x", "y")],
        [node("Slice", "s i2 i4", "hw"), node("Slice", "x i0 hw i23", "y")],
        [node("ReduceProd", "s", "p", keepdims=1), node("Reshape", "x p", "y")],
        [node("Cast", "s", "f", to=1), node("ReduceMax", "f", "m", keepdims=0), node("Div", "x m", "y")],
        [node("Gather", "s i23", "hw", axis=0), node("Div", "hw two", "h"), node("Slice", "x i0 h i23", "y")],
        [node("Concat", "one4 two2", "t", axis=0), node("Tile", "x t4", "y")],
    ],
    ids=["constant-of-shape", "expand", "slice-to-size", "all-in-a-row", "by-the-largest", "half", "tile"],
)
def test_what_is_made_of_a_shape(tmp_path: Path, made: Nodes) -> None:
    constants = {
        "one": np.float32([1]),
        "two": np.array([2]),
        "i0": np.array([0, 0]),
        "i2": np.array([2]),
        "i4": np.array([4]),
        "i23": np.array([2, 3]),
        "one4": np.array([1, 1]),
        "two2": np.array([2, 2]),
        "t4": np.array([1, 1, 2, 2]),
    }
    used = {name for n in made for name in n.input}
    chosen = {k: v for k, v in constants.items() if k in used}
    check_reshaped(tmp_path, [node("Shape", "x", "s"), *made], [*batches(4, 8, 8), *images()], chosen)


def test_resize_to_the_size_of_another_tensor(tmp_path: Path) -> None:
    nodes = [
        node("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Shape", "x", "s"),
        node("Resize", "p   s", "y", mode="nearest"),
    ]
    nodes[2] = helper.make_node("Resize", ["p", "", "", "s"], ["y"], mode="nearest")
    check_reshaped(tmp_path, nodes, [*batches(4, 8, 8), *images()])


def test_channel_shuffle(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("Split", "s", "n c h w", axis=0),
        node("Concat", "n two half h w", "five", axis=0),
        node("Reshape", "x five", "r"),
        node("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "t s", "y"),
    ]
    constants = {"two": np.array([2]), "half": np.array([2])}
    check_reshaped(tmp_path, nodes, [*batches(4, 8, 8), *images()], constants)


def test_windows_of_attention(tmp_path: Path) -> None:
    """Heads split off, a product scaled by the length, and joined again."""
    nodes = [
        node("Shape", "x", "s"),
        node("Split", "s", "n l e", axis=0),
        node("Concat", "n l heads minus", "four", axis=0),
        node("Reshape", "x four", "r"),
        node("Transpose", "r", "q", perm=[0, 2, 1, 3]),
        node("Transpose", "r", "k", perm=[0, 2, 3, 1]),
        node("MatMul", "q k", "qk"),
        node("Softmax", "qk", "p", axis=-1),
        node("MatMul", "p q", "pv"),
        node("Transpose", "pv", "o", perm=[0, 2, 1, 3]),
        node("Reshape", "o s", "y"),
    ]
    constants = {"heads": np.array([2]), "minus": np.array([-1])}
    check_reshaped(tmp_path, nodes, [(1, 5, 8), (2, 5, 8), (3, 9, 8)], constants)


def test_a_broadcast_that_changes_nothing_now_may_do_so_later(tmp_path: Path) -> None:
    """At a batch of one the parameter is broadcast to the shape that it has."""
    nodes = [
        node("Shape", "x", "s"),
        node("Expand", "c s", "e"),
        node("Neg", "e", "y"),
    ]
    check_reshaped(tmp_path, nodes, batches(3), {"c": numbers(1, 3)})


def test_a_slice_that_takes_all_there_is_may_take_less_later(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("Slice", "s i0 i1", "n"),
        node("Slice", "c i0 n", "part"),
        node("Neg", "part", "y"),
    ]
    check_reshaped(
        tmp_path, nodes, [(5, 3), (2, 3), (1, 3)], {"c": numbers(5, 3), "i0": np.array([0]), "i1": np.array([1])}
    )


def test_a_slice_of_data_that_takes_all_there_is_may_take_less_later(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMean", "x", "m", axes=[0], keepdims=1),
        node("Shape", "x", "s"),
        node("Slice", "s i0 i1", "n"),
        node("Slice", "m i0 n i1", "y"),
    ]
    check_reshaped(tmp_path, nodes, [(2, 4), (3, 4), (1, 4)], {"i0": np.array([0]), "i1": np.array([1])})


def test_a_pad_of_nothing_may_pad_later(tmp_path: Path) -> None:
    """Padded to a multiple of four, as segmentation networks do."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s last", "w", axis=0),
        node("Neg", "w", "negative"),
        node("Mod", "negative four", "missing"),
        node("Concat", "zeros3 zeros3 zero missing", "all", axis=0),
        node("Concat", "zeros3 zero zeros3 missing", "pads", axis=0),
        node("Pad", "x pads", "y"),
    ]
    constants = {"last": np.array([3]), "four": np.array([4]), "zeros3": np.array([0, 0, 0]), "zero": np.array([0])}
    check_reshaped(tmp_path, nodes, images(), constants)


def test_axes_exchanged_at_a_batch_of_one_are_exchanged_later(tmp_path: Path) -> None:
    """While one of the two axes has size 1 a Transpose changes the shape only."""
    nodes = [node("Transpose", "x", "t", perm=[1, 0, 2]), node("Reshape", "t rows", "y")]
    check_reshaped(tmp_path, nodes, [(5, 1, 4), (5, 2, 4), (3, 3, 4)], {"rows": np.array([-1, 4])})


def test_an_expansion_to_the_batch_stays_beside_what_broadcasts(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "s"),
        node("Expand", "c s", "e"),
        node("Add", "e c", "y"),
    ]
    check_reshaped(tmp_path, nodes, batches(3), {"c": numbers(1, 3)})


@pytest.mark.parametrize("count", [2, 3])
def test_an_uneven_split(tmp_path: Path, count: int) -> None:
    names = [f"y{i}" for i in range(count)]
    nodes = [node("Split", "x", " ".join(names), axis=0, num_outputs=count)]
    check_reshaped(tmp_path, nodes, [(5, 2), (8, 2), (11, 2)], opset=18, outputs=names)
