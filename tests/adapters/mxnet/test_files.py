"""Symbols and parameters of all generations, files that belong together or do not, and damaged ones."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, MoError, Unsupported, UsageError
from mo_core.ir.tensor import Array, Mapped
from mo_mxnet.params import read_params, write_params
from mo_mxnet.symbol import parse_symbol
from tests.adapters.mxnet.harness import (
    PYTHON,
    Net,
    assert_close,
    convert,
    mxnet,
    one_op,
    run,
    run_model,
    script,
    values,
    worker,
    write,
)

NAME = struct.pack("<QQ", 1, 1) + b"a"
HEAD = struct.pack("<QQQ", 0x112, 0, 1)
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DATA = np.arange(6, dtype=np.float32).reshape(2, 3)


def dense(generation, array=DATA, code=0):
    """One array in the form of a generation."""
    shape = array.shape
    if generation == 0:
        head = struct.pack(f"<I{len(shape)}I", len(shape), *shape)
    elif generation == 1:
        head = struct.pack(f"<Ii{len(shape)}q", V1, len(shape), *shape)
    else:
        head = struct.pack(f"<Iii{len(shape)}q", {2: V2, 3: V3}[generation], 0, len(shape), *shape)
    return HEAD + head + struct.pack("<iii", 1, 0, code) + array.tobytes() + NAME


def row_sparse(rows=(0, 2), shape=(4, 3)):
    kept = np.arange(len(rows) * shape[1], dtype=np.float32)
    head = struct.pack("<Iii2qi2q", V2, 1, 2, len(rows), shape[1], 2, *shape)
    aux = struct.pack("<iiiiq", 1, 0, 0, 6, 0)[:12] + struct.pack("<iiq", 6, 1, len(rows))
    return HEAD + head + aux + kept.tobytes() + np.array(rows, np.int64).tobytes() + NAME


def csr():
    values_, ends, columns = (
        np.array([1, 2, 3], np.float32),
        np.array([0, 1, 3], np.int64),
        np.array([2, 0, 1], np.int64),
    )
    head = struct.pack("<Iii1qi2q", V2, 2, 1, 3, 2, 2, 3)
    aux = struct.pack("<iii", 1, 0, 0) + struct.pack("<iiq", 6, 1, 3) + struct.pack("<iiq", 6, 1, 3)
    return HEAD + head + aux + values_.tobytes() + ends.tobytes() + columns.tobytes() + NAME


def read(folder, content):
    path = Path(folder, "x.params")
    path.write_bytes(content)
    return read_params(path)


@pytest.mark.parametrize("generation", [0, 1, 2, 3])
def test_arrays_of_every_generation_stay_in_the_file(tmp_path, generation):
    tensor = read(tmp_path, dense(generation))["a"]
    assert isinstance(tensor, Mapped)
    np.testing.assert_array_equal(tensor.numpy(), DATA)


TYPES = [(0, "f4"), (1, "f8"), (2, "f2"), (3, "u1"), (4, "i4"), (5, "i1"), (6, "i8"), (7, "?")]


@pytest.mark.parametrize(("code", "dtype"), TYPES)
def test_element_types(tmp_path, code, dtype):
    tensor = read(tmp_path, dense(2, DATA.astype(dtype), code))["a"]
    np.testing.assert_array_equal(tensor.numpy(), DATA.astype(dtype))


def test_half_of_another_kind(tmp_path):
    halves = (DATA.view(np.uint32) >> 16).astype(np.uint16)
    np.testing.assert_array_equal(read(tmp_path, dense(2, halves, 12))["a"].numpy(), DATA)


def test_sparse_arrays_are_expanded(tmp_path):
    want = np.zeros((4, 3), np.float32)
    want[[0, 2]] = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(read(tmp_path, row_sparse())["a"].numpy(), want)
    np.testing.assert_array_equal(read(tmp_path, csr())["a"].numpy(), [[0, 0, 1], [2, 3, 0]])


def test_scalars_are_arrays_since_numpy_shapes_and_nothing_before(tmp_path):
    assert read(tmp_path, dense(3, np.float32(3)[()].reshape(())))["a"].shape == ()


def test_files_of_mxnet_itself(tmp_path):
    worker()
    data = np.array([[0, 1, 2], [0, 0, 0], [3, 0, 4]], np.float32)
    code = f"""
import numpy as np
for name, kind in (("bool", bool), ("int", int), ("float", float), ("object", object)):
    setattr(np, name, np.__dict__.get(name, kind))
import mxnet as mx
a = mx.nd.array({data.tolist()})
kinds = {{'arg:d': a, 'aux:r': a.tostype('row_sparse'), 'c': a.tostype('csr'), 'h': a.astype('float16')}}
for kind in kinds.values():
    kind.wait_to_read()
mx.nd.save({str(tmp_path / "x.params")!r}, kinds)
"""
    subprocess.run([PYTHON, "-c", code], check=True, capture_output=True)
    found = read_params(tmp_path / "x.params")
    assert list(found) == ["arg:d", "aux:r", "c", "h"]
    for tensor in found.values():
        np.testing.assert_array_equal(tensor.numpy().astype(np.float32), data)


def test_writing_and_reading_again(tmp_path):
    arrays = {"arg:a": Array(DATA), "aux:b": Array(np.arange(4, dtype=np.int64))}
    write_params(tmp_path / "x.params", arrays)
    found = read_params(tmp_path / "x.params")
    assert list(found) == list(arrays)
    np.testing.assert_array_equal(found["aux:b"].numpy(), np.arange(4))


@pytest.mark.parametrize("content", [dense(0), dense(2), dense(3), row_sparse(), csr()])
def test_truncation_at_every_byte(tmp_path, content):
    for length in range(len(content)):
        with pytest.raises(ModelError):
            read(tmp_path, content[:length])


def test_changed_bytes_are_read_or_refused(tmp_path):
    for content in (dense(2), row_sparse(), csr()):
        for place in range(len(content)):
            for byte in (0x00, 0x7F, 0xFF):
                damaged = content[:place] + bytes([byte]) + content[place + 1 :]
                try:
                    for tensor in read(tmp_path, damaged).values():
                        assert tensor.nbytes < 1 << 30
                except ModelError:
                    pass


def test_a_pointer_of_git_lfs(tmp_path):
    with pytest.raises(ModelError, match="git lfs pull"):
        read(tmp_path, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    path = write(tmp_path, small())
    (tmp_path / "net-symbol.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ModelError, match="git lfs pull"):
        mo_core.convert(path)


# -- symbols


def small():
    net = Net()
    net.op("FullyConnected", net.var("data"), net.var("w"), net.var("b"), name="fc", num_hidden=2)
    return net


PARAMS = {"w": values(2, 3), "b": values(2)}
FEEDS = {"data": values(4, 3)}


def older(kind):
    """The symbol in the words of an earlier generation."""
    document = json.loads(small().json())
    for node in document["nodes"]:
        attributes = node.pop("attrs", {})
        if kind == "param":
            node.update(param=attributes, attr={"lr_mult": "2.0", "ctx_group": "x"}, backward_source_id=-1)
        else:
            node["attr"] = {**attributes, "weight_lr_mult": "1.0"}
        node["inputs"] = [i[:2] for i in node["inputs"]]
    document["heads"] = [h[:2] for h in document["heads"]]
    document["attrs"] = {"mxnet_version": ["int", 905]}
    return json.dumps(document)


@pytest.mark.parametrize("kind", ["param", "attr"])
def test_symbols_of_older_generations(kind):
    assert_close(run(older(kind), FEEDS, PARAMS), [FEEDS["data"] @ PARAMS["w"].T + PARAMS["b"]], 1e-5)


BAD = [
    "",
    "[]",
    "{}",
    '{"nodes": []}',
    '{"nodes": [], "heads": []}',
    '{"nodes": {}, "heads": [[0, 0]]}',
    '{"nodes": [1], "heads": [[0, 0]]}',
    '{"nodes": [{"op": "null"}], "heads": [[0, 0]]}',
    '{"nodes": [{"op": "relu", "name": "a", "inputs": [[0, 0, 0]]}], "heads": [[0, 0]]}',
    '{"nodes": [{"op": "relu", "name": "a", "inputs": [[-1, 0]]}], "heads": [[0, 0]]}',
    '{"nodes": [{"op": "relu", "name": "a", "inputs": 3}], "heads": [[0, 0]]}',
    '{"nodes": [{"op": "null", "name": "a", "attrs": {"x": 1}}], "heads": [[0, 0]]}',
    '{"nodes": [{"op": "null", "name": "a"}], "heads": [[5, 0]]}',
    '{"nodes": [{"op": "null", "name": "a"}], "heads": [[true, 0]]}',
    "[" * 100000,
]


@pytest.mark.parametrize("text", BAD, ids=lambda t: t[:40])
def test_symbols_that_are_none(text):
    with pytest.raises(ModelError):
        parse_symbol(text)


def test_truncated_symbols():
    text = small().json()
    for length in range(0, len(text), 3):
        with pytest.raises(ModelError):
            parse_symbol(text[:length])


def test_subgraphs_that_never_end():
    inner = {"nodes": [{"op": "null", "name": "a"}], "heads": [[0, 0]]}
    for _ in range(60):
        inner = {"nodes": [{"op": "_foreach", "name": "a", "subgraphs": [inner]}], "heads": [[0, 0]]}
    with pytest.raises(ModelError, match="nested"):
        parse_symbol(json.dumps(inner))


def test_attributes_that_cannot_be_read():
    net = Net()
    net.op("Pooling", net.var("x"), kernel="(2, two)")
    with pytest.raises(ModelError, match='"kernel" is "\\(2, two\\)", and it is a list of whole numbers'):
        convert(net, input="x[1,1,4,4]")


def test_an_unknown_attribute():
    net = Net()
    net.op("relu", net.var("x"), sharpness=3)
    with pytest.raises(MoError, match="sharpness"):
        convert(net, input="x[1,4]")


# -- files that belong together


def test_parameters_of_another_shape():
    with pytest.raises(ModelError) as caught:
        convert(small(), {"w": values(7, 3), "b": values(2)})
    assert "shape [7,3], and the symbol needs [2,?]" in str(caught.value) and 'variable "w"' in str(caught.value)


FITTING = {
    "Convolution": ({"kernel": (3, 3), "num_filter": 4, "no_bias": True}, [(4, 3, 3, 3)], "[?,5,?,?]"),
    "FullyConnected": ({"num_hidden": 4, "no_bias": True, "flatten": False}, [(4, 7)], "[?,8]"),
    "BatchNorm": ({}, [(5,), (4,), (5,), (5,)], "[5]"),
    "InstanceNorm": ({}, [(5,), (4,)], "[5]"),
    "LayerNorm": ({}, [(8,), (4,)], "[8]"),
    "LeakyReLU": ({"act_type": "prelu"}, [(4,)], "[5]"),
}


@pytest.mark.parametrize("op", FITTING)
def test_parameters_that_do_not_fit_the_data(op):
    """The error names the parameter, what shape it has, and what shape the data need."""
    attributes, shapes, needed = FITTING[op]
    params = {f"p{i}": values(*shape) for i, shape in enumerate(shapes)}
    wrong = f"p{1 if len(shapes) > 1 else 0}"
    found = ",".join(map(str, params[wrong].shape))
    with pytest.raises(ModelError) as e:
        convert(one_op(op, {"x": None}, params, **attributes), params, input="x[1,5,8,8]")
    assert f'parameter "{wrong}" has the shape [{found}], and the data need {needed}' in str(e.value)
    assert f'{op} "y"' in str(e.value) and ".params file" in str(e.value)


def test_parameters_of_a_recurrent_layer_that_do_not_fit():
    net = Net()
    net.op("RNN", *map(net.var, "xpsc"), mode="lstm", state_size=4, num_layers=1, name="lstm")
    with pytest.raises(ModelError, match=r'parameter "p" has the shape \[100\], and the data need \[144\]'):
        convert(net, {"p": values(100)}, input="x[5,2,3]")


def test_an_unknown_custom_operator_tells_its_type_and_how_to_write_a_converter():
    net = Net()
    net.op("Custom", net.op("Custom", net.var("x"), op_type="gate"), op_type="valve")
    with pytest.raises(Unsupported) as e:
        convert(net, input="x[2,3]")
    assert 'its type "gate"' in str(e.value) and '"Custom.gate"' in str(e.value)
    assert "--extension FILE.py" in str(e.value)


def test_the_operator_that_needs_a_shape_is_named():
    net = Net()
    net.op("LayerNorm", *map(net.var, "xgb"), name="norm")
    with pytest.raises(MoError, match='"x" is unknown.*LayerNorm "norm"') as e:
        convert(net, {"g": values(4), "b": values(4)})
    assert "--input" in str(e.value)


def test_parameters_that_are_missing():
    with pytest.raises(ModelError, match='no "b", which FullyConnected "fc" reads'):
        convert(small(), {"w": values(2, 3)})


def test_parameters_saved_by_another_function():
    with pytest.raises(ModelError, match="export"):
        convert(small(), {"0.weight": values(2, 3), "0.bias": values(2)})


def test_a_learned_input_that_the_user_gives():
    feeds = {**FEEDS, "b": values(2)}
    assert_close(run(small(), feeds, {"w": PARAMS["w"]}), mxnet(small(), feeds, {"w": PARAMS["w"]}), 1e-5)


def test_the_symbol_beside_the_parameters_and_the_other_way_round(tmp_path):
    write(tmp_path, small(), PARAMS)
    want = FEEDS["data"] @ PARAMS["w"].T + PARAMS["b"]
    for name in ("net-0000.params", "net-symbol.json"):
        assert_close(run_model(mo_core.convert(tmp_path / name, input="data[4,3]"), FEEDS)[0], [want], 1e-5)


def test_files_of_any_name(tmp_path):
    write(tmp_path, small(), PARAMS)
    (tmp_path / "net-symbol.json").rename(tmp_path / "topology.txt")
    (tmp_path / "net-0000.params").rename(tmp_path / "numbers.bin")
    model = mo_core.convert(tmp_path / "numbers.bin", input_symbol=tmp_path / "topology.txt", input="data[4,3]")
    assert_close(run_model(model, FEEDS)[0], [FEEDS["data"] @ PARAMS["w"].T + PARAMS["b"]], 1e-5)


def test_parameters_replaced_by_others(tmp_path):
    path = write(tmp_path, small(), PARAMS)
    write_params(tmp_path / "tuned_args.nd", {"b": Array(values(2, seed=9))})
    write_params(tmp_path / "tuned_auxs.nd", {})
    options = {
        "input_symbol": tmp_path / "net-symbol.json",
        "pretrained_model_name": str(path.with_suffix("")),
        "nd_prefix_name": str(tmp_path / "tuned"),
        "input": "data[4,3]",
    }
    model = mo_core.convert(path, **options, save_params_from_nd=True, output_dir=str(tmp_path))
    assert_close(run_model(model, FEEDS)[0], [FEEDS["data"] @ PARAMS["w"].T + values(2, seed=9)], 1e-5)
    np.testing.assert_array_equal(read_params(tmp_path / "net-merged.params")["b"].numpy(), values(2, seed=9))
    with pytest.raises(UsageError, match="Give all three"):
        mo_core.convert(path, nd_prefix_name="tuned")


def test_a_missing_symbol(tmp_path):
    path = write(tmp_path, small(), PARAMS)
    (tmp_path / "net-symbol.json").unlink()
    with pytest.raises(UsageError, match="--input_symbol"):
        mo_core.convert(path)


def test_labels_of_losses_are_left_out():
    net = Net()
    net.op("SoftmaxOutput", net.var("data"), net.var("softmax_label"), name="softmax")
    model = convert(net, input="data[2,3]")
    assert list(model.inputs) == ["data"] and any("softmax_label" in note for note in model.report.notes)


def test_labels_that_the_user_lists_are_no_mistake():
    net = Net()
    net.op("SoftmaxOutput", net.var("data"), net.var("softmax_label"), name="softmax")
    model = convert(net, input="data[2,3],softmax_label[2]")
    assert list(model.inputs) == ["data"] and any("softmax_label" in note for note in model.report.notes)


def test_inputs_without_a_shape_get_what_the_weights_tell():
    net = Net()
    net.op(
        "Convolution",
        net.op("_mul_scalar", net.var("data"), scalar=2.0),
        net.var("w"),
        kernel=(3, 3),
        num_filter=5,
        no_bias=True,
    )
    model = convert(net, {"w": values(5, 4, 3, 3)})
    assert [str(t) for t in model.inputs.values()] == ["f32[?,4,?,?]"]


def test_names_of_outputs_are_those_that_mxnet_lists():
    net = Net()
    place, _ = net.op("SliceChannel", net.var("x"), name="parts", num_outputs=2)
    net.output((place, 0), (place, 1), net.op("relu", (place, 0), name="last"))
    model = convert(net, input="x[2,4]")
    names = [set(r.source.names) for r in model.graph.outputs]
    assert {"parts_output0"} <= names[0] and {"parts_output1"} <= names[1] and {"last", "last_output"} <= names[2]


def test_partitions_are_undone():
    inner = Net()
    inner.op("relu", inner.op("FullyConnected", inner.var("data"), inner.var("w"), inner.var("b"), num_hidden=2))
    net = Net()
    net.op("_TensorRT", net.var("data"), net.var("w"), net.var("b"), name="trt", subgraphs=[inner])
    want = np.maximum(FEEDS["data"] @ PARAMS["w"].T + PARAMS["b"], 0)
    assert_close(run(net, FEEDS, PARAMS), [want], 1e-5)


def test_partitions_of_the_processor_back_end_are_undone():
    code = """
d, w, b = (mx.sym.Variable(n) for n in 'dwb')
c = mx.sym.Convolution(d, w, b, kernel=(3, 3), num_filter=4, name='c')
net = mx.sym.Activation(mx.sym.BatchNorm(c, name='bn', fix_gamma=False), act_type='relu')
answer['plain'], answer['symbol'] = net.tojson(), net.optimize_for('MKLDNN').tojson()
"""
    answer, _ = script(code)
    assert "_sg_mkldnn_conv" in answer["symbol"]
    params = {
        "w": values(4, 3, 3, 3),
        "b": values(4),
        **{
            f"bn_{k}": np.abs(values(4, seed=i)) + 0.5
            for i, k in enumerate(("gamma", "beta", "moving_mean", "moving_var"))
        },
    }
    feeds = {"d": values(1, 3, 6, 6)}
    assert_close(run(answer["symbol"], feeds, params), mxnet(answer["plain"], feeds, params), 2e-5)
