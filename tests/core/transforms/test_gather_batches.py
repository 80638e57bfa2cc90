"""Rows gathered batch by batch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.gather_batches import gather_batches

DATA = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)


def gather(rows, batches=1, axis=1):
    return parse(f"""
    %x = Parameter : f32{rows} "x"
    %i = Parameter : i64[2,4] "i"
    %axis = Constant {axis} : i64[]
    %y = Gather(%x, %i, %axis) {{batch_dims={batches}}} "y"
    return %y
    """)


def kinds(graph):
    run(order([gather_batches]), graph, Context())
    return [n.type_name for n in graph if n.type_name not in ("Parameter", "Const", "Result")]


@pytest.mark.parametrize("places", [[[0, 4, 4, 1], [2, 2, 3, 0]], [[-1, 0, -5, 1], [2, -2, 3, 0]]])
def test_rows_are_gathered_by_places_of_one_number(places):
    graph = gather("[2,5,3]")
    assert kinds(graph)[-1] == "GatherND"
    want = np.take_along_axis(DATA, (np.array(places) % 5)[..., None], 1)
    np.testing.assert_array_equal(evaluate(graph, DATA, np.array(places), engine="runtime")[0], want)


def test_single_elements_and_whole_tensors_stay():
    assert kinds(gather("[2,5]")) == ["Gather"]
    assert kinds(gather("[2,5,3]", batches=0)) == ["Gather"]
    assert kinds(gather("[2,6,5]", axis=2)) == ["Gather"]


CRASH = """
import numpy as np, openvino as ov
from openvino import opset8 as ops
x, i = ops.parameter([1, 400, 6], np.float32), ops.parameter([1, 400], np.int64)
model = ov.Model([ops.gather(x, i, np.int64(1), 1)], [x, i])
compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32"})
rng = np.random.default_rng(0)
for _ in range(20):
    data, places = rng.normal(size=(1, 400, 6)).astype(np.float32), rng.integers(0, 400, (1, 400))
    assert np.array_equal(compiled([data, places])[0], np.take_along_axis(data, places[..., None], 1))
"""


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go. It takes two processors to see the defect."""
    assert subprocess.run([sys.executable, "-c", CRASH], capture_output=True).returncode != 0
