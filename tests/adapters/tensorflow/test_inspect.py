"""`mo inspect` of SavedModels: functions are looked into, and missing variables are a note."""

from __future__ import annotations

import mo_core
from tests.adapters.tensorflow.exports import module
from tests.adapters.tensorflow.running import random, tf


def test_functions_are_looked_into_and_variables_need_not_be_there(tmp_path):
    made = module(lambda x, w: tf().tanh(x @ w), random(4, 3))
    signature = made.__call__.get_concrete_function(tf().TensorSpec([None, 4], tf().float32, "x"))
    tf().saved_model.save(made, str(tmp_path / "saved"), signatures=signature)
    found = mo_core.inspect(tmp_path / "saved", nodes="matmul")
    assert found.ops["Tanh"] == 1 and found.ops["MatMul"] == 1 and not found.missing
    assert next(n for n in found.nodes if n.op == "MatMul").results[0].shape == "[?,3]"
    assert found.weights_bytes >= 48 and found.facts["TensorFlow"].startswith("2.")
    next((tmp_path / "saved" / "variables").glob("variables.data-*")).unlink()
    found = mo_core.inspect(tmp_path / "saved")
    assert found.ops["Tanh"] == 1 and found.weights_bytes >= 48
    assert any("with variables of the model is missing" in note for note in found.notes)
