"""`mo_core.verify` asks the dnn module of OpenCV."""

from __future__ import annotations

import numpy as np

import mo_core
from tests.adapters.caffe.harness import inputs_of, layer, values, write

TEXT = inputs_of({"data": values(1, 3, 8, 8)}) + (
    layer("Convolution", "data", "conv", "convolution_param { num_output: 4 kernel_size: 3 }")
    + layer("ReLU", "conv", "conv", name="relu")
    + layer("InnerProduct", "conv", "fc", "inner_product_param { num_output: 5 }", name="product")
    + layer("Softmax", "fc", "prob", name="softmax")
)
BLOBS = {
    "conv": [values(4, 3, 3, 3, seed=1), values(4, seed=2)],
    "product": [values(5, 144, seed=3) / 12, values(5, seed=4)],
}


def test_opencv_computes_the_network_and_its_cuts(tmp_path):
    source = write(tmp_path, TEXT, BLOBS)
    for options in ({}, {"output": "conv"}, {"output": "fc"}):
        found = mo_core.verify(source, **options)
        assert found.passed and found.reference.startswith("OpenCV"), found.notes
    assert [o.name for o in mo_core.verify(source).outputs] == ["prob"]


def test_an_input_in_the_middle_is_left_to_the_evaluator(tmp_path):
    found = mo_core.verify(write(tmp_path, TEXT, BLOBS), input="fc", output="prob")
    assert found.passed and found.reference.startswith("mo's own evaluator")


def test_a_layer_that_opencv_does_not_have_is_left_to_the_evaluator(tmp_path):
    text = TEXT + layer("Threshold", "prob", "high", "threshold_param { threshold: 0.2 }")
    found = mo_core.verify(write(tmp_path, text, BLOBS))
    assert found.passed and found.reference.startswith("mo's own evaluator")
    assert "OpenCV does not compute the model" in found.notes[0]


def test_a_damaged_weight_is_found(tmp_path):
    source = write(tmp_path, TEXT, BLOBS)
    ir = mo_core.convert(source).save(tmp_path / "net.xml")
    weights = np.fromfile(ir.with_suffix(".bin"), np.float32)
    weights[7] += 0.1
    weights.tofile(ir.with_suffix(".bin"))
    found = mo_core.verify(source, ir)
    assert [o.name for o in found.outputs if not o.passed] == ["prob"]
