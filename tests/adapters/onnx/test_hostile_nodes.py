"""Nodes that contradict themselves: an error of the user's with the fact, in bounded time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, ShapeError, Unsupported
from tests.adapters.onnx.running import one_node

X = np.zeros((1, 1, 4, 4), np.float32)
HEADS = np.zeros((1, 2, 4, 8), np.float32)
QKV = {"q": HEADS, "k": HEADS, "v": HEADS}
NAN = np.array([np.nan], np.float32)


def i64(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def lstm(hidden: int) -> dict:
    return {
        "feeds": {"x": np.zeros((1, 1, 3), np.float32)},
        "constants": {"w": np.zeros((1, 16, 3), np.float32), "r": np.zeros((1, 16, 4), np.float32)},
        "hidden_size": hidden,
    }


@pytest.mark.parametrize(
    ("op", "given", "error", "told"),
    [
        ("Conv", {"feeds": {"x": X}, "constants": {"w": X}, "group": 0}, ModelError, "0 groups"),
        ("Attention", {"feeds": QKV, "outputs": 4, "qk_matmul_output_mode": 4, "opset": 23}, ModelError, "is 4"),
        ("Attention", {"feeds": {**QKV, "v": np.float32(1)}, "opset": 23}, ModelError, "N, heads, L, E"),
        ("Attention", {"feeds": {**QKV, "k": HEADS[:, :0]}, "opset": 23}, ModelError, "0 key"),
        ("Attention", {"feeds": QKV, "outputs": 4, "scale": -1.0, "opset": 23}, Unsupported, "scale of -1"),
        ("CumProd", {"feeds": {"x": np.float32(1)}, "constants": {"a": i64(0)}, "opset": 26}, ModelError, "one axis"),
        ("LSTM", lstm(4) | {"feeds": {"x": np.float32(1)}}, ModelError, "three axes"),
        ("LSTM", lstm(0), ModelError, "hidden_size is 0"),
        ("LSTM", lstm(2**31 - 1), ModelError, "hidden_size is 2147483647"),
        ("Pad", {"feeds": {"x": X}, "constants": {"p": i64(1, 1)}, "opset": 18}, ModelError, "has 2 pads"),
        (
            "Pad",
            {"feeds": {"x": X}, "constants": {"p": i64(1, 1), "a": i64(9)}, "inputs": ["x", "p", "", "a"], "opset": 18},
            ShapeError,
            "axis 9",
        ),
        ("Resize", {"feeds": {"x": X}, "constants": {"s": i64(4)}, "inputs": ["x", "", "", "s"]}, ModelError, "4 axes"),
        ("ReduceSum", {"feeds": {"x": X}, "constants": {"a": NAN}}, ShapeError, "axis"),
        ("Squeeze", {"feeds": {"x": np.float32(1)}, "constants": {"a": i64(0)}}, ShapeError, "scalar"),
        ("SplitToSequence", {"feeds": {"x": np.float32(1)}}, ModelError, "needs an axis"),
        ("Reshape", {"feeds": {"x": X}, "constants": {"s": NAN}}, ShapeError, "whole numbers"),
        ("AffineGrid", {"feeds": {"t": X[0], "s": np.int64(4)}, "opset": 20}, ModelError, "size of AffineGrid"),
        ("LpPool", {"feeds": {"x": X}, "kernel_shape": [2, 2], "p": 0}, ModelError, "p of LpPool"),
        (
            "Momentum",
            {
                "feeds": {"r": np.float32(1), "t": i64(1), "x": NAN, "g": NAN},
                "inputs": ["r", "t", "x", "", "g"],
                "domain": "ai.onnx.preview.training",
                "alpha": 0.5,
                "beta": 0.5,
                "mode": "standard",
                "norm_coefficient": 0.1,
                "outputs": 2,
            },
            ModelError,
            "number 4 is not given",
        ),
    ],
)
def test_it_is_refused(op, given, error, told):
    with pytest.raises(error, match=told):
        mo_core.convert(one_node(op, **given))


def test_what_would_take_terabytes_is_left_to_the_runtime():
    mask = np.zeros((1, 2**20), np.float32)
    model = one_node("Trilu", {"x": mask})
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**40
    assert mo_core.convert(model).outputs["y0"].shape == (1, 2**40)


@pytest.mark.skipif(sys.platform == "win32", reason="the limits are those of POSIX")
@pytest.mark.parametrize(("seed", "count"), [(1, 250), pytest.param(2, 4000, marks=pytest.mark.slow)])
def test_mutated_models_end_as_a_model_or_an_error_of_the_user(seed, count):
    """Seeded damage to the node cases of the onnx package, converted in a process with bounded memory."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.adapters.onnx.mutations", str(seed), str(count)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
