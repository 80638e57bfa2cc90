"""mo-tf-replace: sub-graphs of TensorFlow found by pattern, by name scope and by a description."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openvino
import pytest

import mo_core
from mo_core.errors import Unsupported

PLUGIN = Path(__file__).resolve().parents[2] / "extensions/mo-tf-replace/src/mo_tf_replace/plugin.py"
X = np.random.default_rng(4).normal(size=(2, 4, 5, 3)).astype(np.float32)


def node(name, op, *inputs):
    listed = "".join(f' input: "{i}"' for i in inputs)
    return f'node {{ name: "{name}" op: "{op}"{listed} attr {{ key: "T" value {{ type: DT_FLOAT }} }} }}\n'


def write(path, *nodes):
    dims = "".join(f" dim {{ size: {d} }}" for d in X.shape)
    shape = f'attr {{ key: "shape" value {{ shape {{{dims} }} }} }}'
    dtype = 'attr { key: "dtype" value { type: DT_FLOAT } }'
    path.write_text(f'node {{ name: "x" op: "Placeholder" {dtype} {shape} }}\n' + "".join(nodes))
    return path


def run(model, path):
    compiled = openvino.Core().compile_model(model.save(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([X])[0]


def converted(path, **options):
    return mo_core.convert(path, framework="tensorflow", extension=PLUGIN, **options)


@pytest.mark.parametrize("operands", [("gate", "x"), ("x", "gate")])
def test_a_pattern(tmp_path, operands):
    nodes = [node("gate", "AcmeGate", "x"), node("y", "Mul", *operands)]
    model = converted(write(tmp_path / "net.pbtxt", *nodes))
    assert list(model.outputs) == ["y"]
    np.testing.assert_allclose(run(model, tmp_path / "net.xml"), X / (1 + np.exp(-X)), rtol=0, atol=2e-6)


def test_a_gate_of_another_value_is_no_such_pattern(tmp_path):
    nodes = [node("z", "Neg", "x"), node("gate", "AcmeGate", "z"), node("y", "Mul", "gate", "x")]
    with pytest.raises(Unsupported, match=r'AcmeGate \(1 node, first "gate"\)'):
        converted(write(tmp_path / "net.pbtxt", *nodes))


SCOPE = [
    node("a", "Neg", "x"),
    node("instance_norm/moments", "AcmeMoments", "a"),
    node("instance_norm/out", "AcmeNormalize", "a", "instance_norm/moments"),
    node("y", "Neg", "instance_norm/out"),
]


def test_a_name_scope(tmp_path):
    model = converted(write(tmp_path / "net.pbtxt", *SCOPE))
    want = (X - X.mean((1, 2), keepdims=True)) / np.sqrt(X.var((1, 2), keepdims=True) + 1e-3)
    np.testing.assert_allclose(run(model, tmp_path / "net.xml"), want, rtol=0, atol=1e-5)


def test_another_name_scope_stays_as_it_is(tmp_path):
    nodes = [n.replace("instance_norm", "batch_norm") for n in SCOPE]
    with pytest.raises(Unsupported, match="AcmeMoments"):
        converted(write(tmp_path / "net.pbtxt", *nodes))


POINTS = [node("first", "AcmeEncode", "x"), node("last", "AcmeDecode", "first"), node("y", "Neg", "last")]


def described(folder, **more):
    instances = {"start_points": ["first"], "end_points": ["last"]}
    entry = {
        "id": "AcmeLimits",
        "match_kind": "points",
        "instances": instances,
        "custom_attributes": {"limits": [-0.5, 1]},
    }
    (folder / "acme.json").write_text(json.dumps([entry | more]))
    return folder / "acme.json"


def test_a_description(tmp_path):
    net = write(tmp_path / "net.pbtxt", *POINTS)
    model = converted(net, transformations_config=described(tmp_path))
    np.testing.assert_array_equal(run(model, tmp_path / "net.xml"), -np.clip(X, -0.5, 1))


def test_without_the_description_nothing_is_replaced(tmp_path):
    with pytest.raises(Unsupported, match="AcmeEncode"):
        converted(write(tmp_path / "net.pbtxt", *POINTS))
