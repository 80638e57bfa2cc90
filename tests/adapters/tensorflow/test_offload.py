"""Operations that are left to TensorFlow: converted, and computed inside OpenVINO by the companion of the runtime."""

from __future__ import annotations

import json

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf

import mo_core
from mo_core.ir import Foreign, Graph
from mo_core.ir import types as t
from mo_tensorflow.offload.groups import grouped
from mo_tensorflow.offload.program import program


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Two functions of Bessel in the middle of a network, with a supported op between and around them."""

    class Network(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32), tf.TensorSpec([None, 4], tf.int64)])
        def __call__(self, x, k):
            y = tf.nn.relu(x) + 0.5
            z = tf.raw_ops.BesselI0e(x=y)
            both = tf.raw_ops.BesselI1e(x=z * 2.0 + 5.0) + z
            split = tf.raw_ops.SplitV(value=both, size_splits=[1, 3], axis=1, num_split=2)
            return {
                "main": tf.nn.relu(tf.concat(split[::-1], 1)) - 1.0,
                "whole": tf.raw_ops.BesselI0e(x=tf.cast(k, tf.float32)),
            }

    folder = str(tmp_path_factory.mktemp("saved") / "network")
    network = Network()
    tf.saved_model.save(network, folder)
    return folder, network


def compiled(model, path):
    from mo_tensorflow.offload.runtime import TFCustomSubgraph

    core = ov.Core()
    core.add_extension(TFCustomSubgraph)
    return core.compile_model(core.read_model(model.save(path)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"offload_unsupported_operations_to_tf": True}, 3),
        ({"tensorflow_operation_patterns": ["BesselI0e", "BesselI1e"]}, 3),
        ({"tensorflow_operation_patterns": "BesselI0e,BesselI1e,SplitV,Concat.*"}, 5),
        ({"tensorflow_subgraph_patterns": ["."]}, 1),
        ({"tensorflow_subgraph_patterns": ["essel"], "offload_unsupported_operations_to_tf": True}, 3),
    ],
)
def test_the_network_computes_what_tensorflow_does(saved, tmp_path, options, calls):
    folder, network = saved
    model = mo_core.convert(folder, **options)
    if calls != 1:
        assert model.report.ops["TFCustomSubgraph"] == calls
    assert str(model.outputs["main"]).startswith("f32[?")
    runnable = compiled(model, tmp_path / "m.xml")
    for batch in (3, 5):
        x = np.random.default_rng(batch).standard_normal((batch, 4)).astype(np.float32)
        k = np.arange(1, 4 * batch + 1).reshape(batch, 4)
        wanted = network(x, k)
        found = runnable({"x": x, "k": k})
        for name in ("main", "whole"):
            np.testing.assert_allclose(found[name], wanted[name].numpy(), rtol=1e-6, atol=1e-6)


def test_without_the_option_the_operations_are_named(saved):
    with pytest.raises(mo_core.Unsupported, match="BesselI0e"):
        mo_core.convert(saved[0])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tensorflow_operation_patterns": "BesselI"}, 'no operation of the model fits the pattern "BesselI"'),
        ({"tensorflow_subgraph_patterns": "nowhere"}, 'no node of the model fits the pattern "nowhere"'),
        ({"tensorflow_subgraph_patterns": "("}, "is no regular expression"),
    ],
)
def test_patterns_of_nothing(saved, options, told):
    with pytest.raises(mo_core.UsageError, match=told):
        mo_core.convert(saved[0], **options)


def node(graph, name, *operands):
    made = Foreign("tensorflow", "Odd", operands, {"to": t.f32}, [graph.inputs[0].type], name=name)
    graph.splice([made], None)
    return made


def test_a_group_never_depends_on_itself():
    graph = Graph()
    x = graph.add_input("x", t.f32, (2,))
    a = node(graph, "a", x)
    b = node(graph, "b", a)  # not left to TensorFlow
    c = node(graph, "c", a, b)
    d = node(graph, "d", a)
    e = node(graph, "e", c, d)
    f = node(graph, "f", d, c)
    groups = [[n.name for n in g] for g in grouped(graph, set(), [{a, c, d, e, f}])]
    assert groups == [["a", "d"], ["c", "e", "f"]]
    assert [[n.name for n in g] for g in grouped(graph, {a, c}, [])] == [["a"], ["c"]]


def test_two_groups_that_would_need_each_other_stay_apart():
    graph = Graph()
    x = graph.add_input("x", t.f32, (2,))
    a, b = node(graph, "a", x), node(graph, "b", x)
    a_out, b_out = node(graph, "a_out", a), node(graph, "b_out", b)  # supported ones between
    a2 = node(graph, "a2", a, b_out)
    b2 = node(graph, "b2", b, a_out)
    groups = [[n.name for n in g] for g in grouped(graph, set(), [{a, b, a2, b2}])]
    assert groups == [["a", "a2"], ["b"], ["b2"]]


def test_the_program_is_plain():
    graph = Graph()
    x = graph.add_input("x", t.f32, (2,))
    given = {"T": t.f32, "axes": (1, 2), "shape": (t.Dynamic(), 3), "shapes": (None, (1,)), "name": "n", "rank": None}
    made = Foreign("tensorflow", "Odd", [x], given, [x.type], name="a")
    written = json.loads(program([made], [x], [made]))
    assert written["outputs"] == [[0, 0]]
    assert written["nodes"][0]["inputs"] == [[-1, 0]]
    assert written["nodes"][0]["attributes"] == {
        "T": ["type", "f32"],
        "axes": ["value", [1, 2]],
        "shape": ["shape", [-1, 3]],
        "shapes": ["shapes", [None, [1]]],
        "name": ["value", "n"],
        "rank": ["shape", None],
    }
    with pytest.raises(mo_core.Unsupported, match="cannot be given to TensorFlow"):
        program([Foreign("tensorflow", "Odd", [], {"f": {}}, [x.type], name="a")], [], [])
