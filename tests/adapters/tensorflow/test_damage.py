"""Damaged and hostile files: refused with a sentence, in bounded time and memory."""

from __future__ import annotations

import random as chance
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mo_core
from mo_core.errors import InternalError, ModelError, MoError, UsageError
from mo_tensorflow import snappy
from mo_tensorflow.proto import tensorflow_pb2 as pb
from tests.adapters.tensorflow.exports import Trained
from tests.adapters.tensorflow.running import Frozen, tf


def tiny() -> bytes:
    """A graph of few bytes, with weights."""
    v = Frozen(lambda x: tf().nn.relu(x * np.arange(1, 4, dtype=np.float32), name="y"), {"x": np.ones(3, np.float32)})
    v.graph.ClearField("library")
    return v.graph.SerializeToString()


def outcome(source: Path, **options: object) -> str:
    """`converted`, or the class of the error; anything but a MoError is a failure, and so is a bug."""
    try:
        mo_core.convert(source, framework="tensorflow", **options)
    except InternalError as e:
        raise AssertionError(f"a bug: {e}") from e
    except MoError as e:
        return type(e).__name__
    return "converted"


def prefixes(content: bytes) -> Iterator[bytes]:
    return (content[:i] for i in range(len(content)))


@pytest.mark.parametrize("suffix", [".pb", ".pbtxt"])
def test_a_graph_truncated_at_every_byte(tmp_path, suffix):
    content = tiny()
    if suffix == ".pbtxt":
        content = str(pb.GraphDef.FromString(content)).encode()
    file, seen = tmp_path / f"model{suffix}", []
    for part in prefixes(content):
        file.write_bytes(part)
        seen.append(outcome(file, output="y"))
    # a file that ends between two nodes is one with fewer nodes; only its output is not there
    complete = seen.index("converted") if "converted" in seen else len(seen)
    assert set(seen[:complete]) <= {"ModelError", "UsageError"}
    assert complete > len(seen) - 40  # then only the version of the graph is missing
    assert seen.count("ModelError") > len(seen) * 0.8


@pytest.mark.parametrize("version", [1, 2])
def test_a_checkpoint_truncated_at_every_byte(tmp_path, version):
    trained = Trained()
    prefix = trained.checkpoint(tmp_path, version)
    (tmp_path / "graph.pb").write_bytes(trained.graph.as_graph_def().SerializeToString())
    files = [prefix] if version == 1 else [f for f in tmp_path.iterdir() if f.suffix == ".index" or ".data-" in f.name]
    for file in files:
        content = file.read_bytes()
        for part in prefixes(content):
            file.write_bytes(part)
            assert outcome(tmp_path / "graph.pb", output="y", input_checkpoint=prefix) == "ModelError", len(part)
        file.write_bytes(content)
    assert outcome(tmp_path / "graph.pb", output="y", input_checkpoint=prefix) == "converted"


def test_a_saved_model_truncated_at_every_50th_byte(tmp_path):
    folder = Trained().saved_model(tmp_path / "model")
    file = folder / "saved_model.pb"
    content = file.read_bytes()
    for size in range(0, len(content), 50):
        file.write_bytes(content[:size])
        assert outcome(folder) in ("ModelError", "UsageError")


@pytest.mark.parametrize("seed", range(4))
def test_files_with_changed_bytes_are_converted_or_refused(tmp_path, seed):
    dice = chance.Random(seed)
    folder = Trained().saved_model(tmp_path / "model")
    files = [folder / "saved_model.pb", folder / "variables" / "variables.index"]
    whole = {f: f.read_bytes() for f in files}
    for _ in range(100):
        for file, content in whole.items():
            changed = bytearray(content)
            for _ in range(dice.choice([1, 1, 4])):
                changed[dice.randrange(len(changed))] = dice.randrange(256)
            file.write_bytes(changed)
            outcome(folder)
            file.write_bytes(content)


def graph_of(*nodes: pb.NodeDef) -> bytes:
    return pb.GraphDef(node=nodes, versions=pb.VersionDef(producer=1000)).SerializeToString()


def const(shape: list[int], dtype: int = 1, **content: object) -> pb.NodeDef:
    dims = [pb.TensorShapeProto.Dim(size=n) for n in shape]
    tensor = pb.TensorProto(dtype=dtype, tensor_shape=pb.TensorShapeProto(dim=dims), **content)
    attr = {"value": pb.AttrValue(tensor=tensor), "dtype": pb.AttrValue(type=dtype)}
    return pb.NodeDef(name="c", op="Const", attr=attr)


def identity() -> pb.NodeDef:
    return pb.NodeDef(name="y", op="Identity", input=["c"], attr={"T": pb.AttrValue(type=1)})


@pytest.mark.parametrize(
    "node",
    [
        const([1 << 30, 1 << 30]),
        const([-1]),
        const([1 << 35], float_val=[1.0]),
        const([2], float_val=[1.0, 2.0, 3.0]),
        const([2], tensor_content=b"123"),
        const([1 << 30], 7, string_val=[b"x"]),
        const([2], 99),
        pb.NodeDef(name="c", op="Const"),
    ],
    ids=["huge", "negative", "repeated", "too many", "too short", "texts", "no type", "no value"],
)
def test_constants_that_cannot_be(tmp_path, node):
    (tmp_path / "model.pb").write_bytes(graph_of(node, identity()))
    assert outcome(tmp_path / "model.pb") in ("ModelError", "Unsupported")


def test_a_cycle_that_is_no_loop_is_refused(tmp_path):
    kind = {"T": pb.AttrValue(type=1)}
    a = pb.NodeDef(name="a", op="Add", input=["b", "b"], attr=kind)
    b = pb.NodeDef(name="b", op="Relu", input=["a"], attr=kind)
    (tmp_path / "model.pb").write_bytes(graph_of(a, b))
    with pytest.raises(ModelError, match="has a cycle through"):
        mo_core.convert(tmp_path / "model.pb", output="b")


def calling(name: str, callee: str) -> pb.FunctionDef:
    argument = pb.OpDef.ArgDef(name="x", type=1)
    node = pb.NodeDef(name="call", op="PartitionedCall", input=["x"])
    node.attr["f"].func.name = callee
    node.attr["Tout"].list.type.append(1)
    signature = pb.OpDef(name=name, input_arg=[argument], output_arg=[pb.OpDef.ArgDef(name="y", type=1)])
    return pb.FunctionDef(signature=signature, node_def=[node], ret={"y": "call:output:0"})


@pytest.mark.parametrize("functions", [{"f": "f"}, {"f": "g", "g": "f"}], ids=["of itself", "of another"])
def test_functions_that_call_themselves_are_refused(tmp_path, functions):
    graph = pb.GraphDef(versions=pb.VersionDef(producer=1000))
    graph.node.add(name="x", op="Placeholder").attr["dtype"].type = 1
    call = graph.node.add(name="call", op="PartitionedCall", input=["x"])
    call.attr["f"].func.name = "f"
    call.attr["Tout"].list.type.append(1)
    graph.library.function.extend(calling(*item) for item in functions.items())
    (tmp_path / "model.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError, match="calls itself"):
        mo_core.convert(tmp_path / "model.pb")


def test_a_chain_of_many_nodes_meets_no_limit(tmp_path):
    kind = {"T": pb.AttrValue(type=1)}
    nodes = [pb.NodeDef(name="n0", op="Placeholder", attr={"dtype": pb.AttrValue(type=1)})]
    nodes += [pb.NodeDef(name=f"n{i}", op="Tanh", input=[f"n{i - 1}"], attr=kind) for i in range(1, 5000)]
    (tmp_path / "model.pb").write_bytes(graph_of(*reversed(nodes)))
    assert list(mo_core.convert(tmp_path / "model.pb").outputs) == ["n4999"]


def test_a_checkpoint_state_leads_to_no_other_folder(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    trained = Trained()
    trained.checkpoint(tmp_path / "there")
    (tmp_path / "here" / "graph.pb").write_bytes(trained.graph.as_graph_def().SerializeToString())
    (tmp_path / "here" / "checkpoint").write_text('model_checkpoint_path: "../there/model.ckpt"\n')
    with pytest.raises(UsageError, match="there is no checkpoint"):
        mo_core.convert(tmp_path / "here" / "graph.pb", output="y", input_checkpoint=tmp_path / "here")
    for file in (tmp_path / "there").iterdir():
        shutil.copy(file, tmp_path / "here")
    assert mo_core.convert(tmp_path / "here" / "graph.pb", output="y", input_checkpoint=tmp_path / "here").outputs


@pytest.mark.parametrize(
    ("packed", "content"),
    [
        (b"\x05\x10hello", b"hello"),
        (b"\x0a\x00a" + bytes([(9 - 1) << 2 | 2, 1, 0]), b"a" * 10),
        (b"\x46\xf0\x3f" + b"x" * 64 + bytes([(6 - 4) << 2 | 1, 64]), b"x" * 70),
    ],
    ids=["a text", "a copy of what it makes itself", "a long text and a copy"],
)
def test_snappy(packed, content):
    assert snappy.decompress(memoryview(packed)) == content
    for part in prefixes(packed):
        with pytest.raises(ValueError):
            snappy.decompress(memoryview(part))


def test_noise_is_refused(tmp_path):
    folder = Trained().saved_model(tmp_path / "model")
    for seed in range(20):
        (folder / "saved_model.pb").write_bytes(chance.Random(seed).randbytes(1000))
        assert outcome(folder) == "ModelError"


def test_functions_that_call_others_twice_and_assign_end_in_time(tmp_path):
    graph = pb.GraphDef(versions=pb.VersionDef(producer=1000))
    graph.node.add(name="v", op="VarHandleOp").attr["dtype"].type = 1
    graph.node.add(name="y", op="ReadVariableOp", input=["v"]).attr["dtype"].type = 1
    graph.node.add(name="call", op="PartitionedCall", input=["v"]).attr["f"].func.name = "f0"
    for i in range(40):
        signature = pb.OpDef(name=f"f{i}", input_arg=[pb.OpDef.ArgDef(name="v", type=20)])
        function = graph.library.function.add(signature=signature)
        for place in range(2):
            function.node_def.add(name=f"c{place}", op="PartitionedCall", input=["v"]).attr["f"].func.name = f"f{i + 1}"
    signature = pb.OpDef(name="f40", input_arg=[pb.OpDef.ArgDef(name="v", type=20)])
    last = graph.library.function.add(signature=signature)
    last.node_def.add(name="assign", op="AssignVariableOp", input=["v", "v"])
    (tmp_path / "model.pb").write_bytes(graph.SerializeToString())
    assert outcome(tmp_path / "model.pb", output="y") == "Unsupported"
