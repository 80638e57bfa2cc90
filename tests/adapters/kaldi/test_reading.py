"""Files in all their forms, and files that are damaged."""

import random

import numpy as np
import pytest

import mo_core
from mo_core.errors import InternalError, ModelError, MoError, Unsupported, UsageError
from mo_kaldi.reader import read_network
from tests.adapters.kaldi import files
from tests.adapters.kaldi.files import Part
from tests.adapters.kaldi.running import assert_close, command, whole
from tests.adapters.kaldi.test_options import CONFIG, PARTS, X, logits, row
from tests.adapters.kaldi.test_time import affine, frames

SMALL = [
    "input-node name=input dim=2",
    "component-node name=a component=a input=Append(Offset(input, -1), input)",
    "output-node name=output input=a objective=linear",
]
SMALL_PARTS = {"a": affine(np.random.default_rng(0), 2, 4)}
CHAIN = [
    Part("SpliceComponent", [("InputDim", 4), ("Context", [-1, 0, 2]), ("ConstComponentDim", 1)]),
    affine(np.random.default_rng(1), 5, 10, "AffineComponentPreconditionedOnline"),
    Part("SoftmaxComponent", [("Dim", 5)]),
]


def spliced(x):
    padded = np.concatenate([x[:1], x, np.repeat(x[-1:], 2, 0)])
    rows = [np.concatenate([*(padded[t + 1 + o, :3] for o in (-1, 0, 2)), padded[t, 3:]]) for t in range(len(x))]
    return np.stack(rows)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
def test_a_chain_of_nnet2(binary, tmp_path):
    x = frames(6, 4)
    y = spliced(x) @ CHAIN[1]["LinearParams"].T + CHAIN[1]["BiasParams"]
    want = np.exp(y) / np.exp(y).sum(1, keepdims=True)
    assert_close(whole(tmp_path, files.nnet2(CHAIN, binary), x, suffix="mdl"), want)
    priors = np.float32([0.1, 0.2, 0.3, 0.2, 0.2])
    data = files.nnet2(CHAIN, binary, priors)
    got = whole(tmp_path, data, x, suffix="mdl", counts="", remove_output_softmax=True)
    assert_close(got, y - np.log(priors))


def test_older_spellings_of_splicing(tmp_path):
    old = Part("SpliceComponent", [("InputDim", 4), ("LeftContext", 1), ("RightContext", 1), ("ConstComponentDim", 0)])
    x = frames(5, 4)
    padded = np.concatenate([x[:1], x, x[-1:]])
    want = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], 1)
    assert_close(whole(tmp_path, files.nnet2([old]), x, suffix="mdl"), want)


def test_the_greatest_of_several_frames(tmp_path):
    part = Part("SpliceMaxComponent", [("InputDim", 4), ("Context", [-1, 0, 2])])
    x = frames(5, 4)
    padded = np.concatenate([x[:1], x, np.repeat(x[-1:], 2, 0)])
    want = np.max([padded[1 + o : 1 + o + 5] for o in (-1, 0, 2)], 0)
    assert_close(whole(tmp_path, files.nnet2([part]), x, suffix="mdl"), want)


@pytest.mark.parametrize("suffix", ["mdl", "raw", "nnet", "anything"])
def test_what_a_file_is_follows_from_its_content(suffix, tmp_path):
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(files.nnet3(CONFIG, PARTS, transitions=True))
    assert command(path, "--output_dir", tmp_path).returncode == 0
    model = mo_core.convert(str(path), utterance=True)
    assert list(model.inputs) == ["input"] and list(model.outputs) == ["output"]


@pytest.mark.parametrize("kind", [b"CM ", b"CM2 ", b"CM3 "])
def test_compressed_matrices(kind, tmp_path):
    rng, shape = np.random.default_rng(4), (2, 4)
    head = np.float32([-1.5, 3]).tobytes() + np.int32(shape).tobytes()
    if kind == b"CM2 ":
        codes = rng.integers(0, 65536, shape).astype(np.uint16)
        want, body = -1.5 + codes * (3 / 65535), codes.tobytes()
    elif kind == b"CM3 ":
        codes = rng.integers(0, 256, shape).astype(np.uint8)
        want, body = -1.5 + codes * (3 / 255), codes.tobytes()
    else:
        marks = np.sort(rng.integers(0, 65536, (4, 4)), 1).astype(np.uint16)
        codes = rng.integers(0, 256, (4, 2)).astype(np.uint8)
        levels = -1.5 + marks * (3 / 65535)
        want = np.stack([np.interp(c, [0, 64, 192, 255], v) for c, v in zip(codes, levels)], 1)
        body = marks.tobytes() + codes.tobytes()
    weights = kind + head + body
    plain = files.nnet3(SMALL, SMALL_PARTS)
    matrix = SMALL_PARTS["a"]["LinearParams"]
    stored = b"FM \4\2\0\0\0\4\4\0\0\0" + matrix.tobytes()
    assert plain.count(stored) == 1
    x = frames(3, 2)
    both = np.concatenate([np.concatenate([x[:1], x[:-1]]), x], 1)
    assert_close(
        whole(tmp_path, plain.replace(stored, weights), x), both @ want.T + SMALL_PARTS["a"]["BiasParams"], 1e-4
    )


def test_weights_are_windows_and_not_loaded(tmp_path):
    from mo_core.ir.tensor import Mapped

    path = tmp_path / "net.raw"
    path.write_bytes(files.nnet3(CONFIG, PARTS))
    assert isinstance(read_network(path).components["affine"].tokens["LinearParams"], Mapped)


UNKNOWN = Part("WarpComponent", [("Dim", 4), ("Odd", "word"), ("Table", [1, 2, 3]), ("Factor", 2.0)])


def unknown(tmp_path):
    config = [
        "input-node name=input dim=4",
        "component-node name=w component=w input=input",
        "output-node name=output input=w objective=linear",
    ]
    path = tmp_path / "net.raw"
    path.write_bytes(files.nnet3(config, {"w": UNKNOWN}))
    return path


def test_an_unknown_component_is_skipped_and_named(tmp_path):
    with pytest.raises(Unsupported, match="WarpComponent"):
        mo_core.convert(str(unknown(tmp_path)), utterance=True)


def test_an_extension_gives_a_component(tmp_path):
    extension = tmp_path / "warp.py"
    extension.write_text(
        "from mo_core import hookimpl\n"
        "from mo_core.frontend import converters_of\n"
        "from mo_core.ops import Multiply\n"
        "from mo_kaldi.registry import kaldi_component\n\n"
        '@kaldi_component("WarpComponent", ignore=("Dim", "Odd", "Table"))\n'
        "def warp(x, *, Factor: float):\n    return Multiply(x, Factor)\n\n"
        "@hookimpl\ndef mo_converters(framework):\n    return converters_of(warp) if framework == 'kaldi' else []\n"
    )
    model = mo_core.convert(str(unknown(tmp_path)), utterance=True, extension=[str(extension)])
    import openvino

    compiled = openvino.Core().compile_model(openvino.Core().read_model(str(model.save(tmp_path / "m.xml"))), "CPU")
    assert_close(compiled(frames(3, 4))[0], 2 * frames(3, 4), 1e-2)


# -- damage


def convert_damaged(path):
    try:
        mo_core.convert(str(path), framework="kaldi", utterance=True).save(path.with_suffix(".xml"))
    except InternalError:
        raise
    except MoError as e:
        return e
    return None


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_file_cut_anywhere_is_refused(generation, binary, tmp_path):
    small = [
        Part("AffineTransform", [("", 2), ("", 2), ("", np.eye(2, dtype=np.float32)), ("", np.ones(2, np.float32))])
    ]
    data = {
        1: lambda: files.nnet1(small, binary),
        2: lambda: files.nnet2(CHAIN[1:], binary),
        3: lambda: files.nnet3(SMALL, SMALL_PARTS, binary),
    }[generation]()
    path = tmp_path / "net.raw"
    end = len(data.rstrip()) - len("</Nnet>") * (generation == 1)
    for stop in range(end):
        path.write_bytes(data[:stop])
        error = convert_damaged(path)
        assert isinstance(error, (ModelError, Unsupported)), (stop, data[:stop][-40:], error)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
def test_stray_bytes_never_end_in_a_bug(binary, tmp_path):
    whole_file = files.nnet3(CONFIG, PARTS, binary, transitions=True)
    chance, path = random.Random(3), tmp_path / "net.raw"
    refused = 0
    for _ in range(300):
        data = bytearray(whole_file)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(2, len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data))
        refused += convert_damaged(path) is not None
    assert refused > 30


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("component-node name=x component=missing input=input", "no such component"),
        ("component-node name=x component=affine input=nobody", "no such node"),
        ("component-node name=hidden component=affine input=input", 'two nodes called "hidden"'),
        ("component-node name=x component=affine input=Append(input", "cannot be read"),
        ("component-node name=x component=affine input=Twist(input)", "cannot be read"),
        ("component-node name=x component=affine input=Offset(input)", "cannot be read"),
        ("dim-range-node name=x input-node=input dim-offset=0", "cannot be read"),
        ("what is this", "cannot be read"),
        ("component-node name=x component=affine input=" + "Sum(" * 200 + "input" + ")" * 200, "cannot be read"),
    ],
)
def test_a_config_that_makes_no_sense_is_told(line, told, tmp_path):
    (tmp_path / "net.raw").write_bytes(files.nnet3([*CONFIG, line], PARTS))
    with pytest.raises(ModelError, match=told):
        mo_core.convert(str(tmp_path / "net.raw"))


def test_damage_is_told_with_its_place_and_what_was_expected(tmp_path):
    data = files.nnet3(CONFIG, PARTS).replace(b"</Nnet3>", b"</Nmet3>")
    (tmp_path / "net.raw").write_bytes(data)
    with pytest.raises(ModelError, match=f"byte {data.index(b'</Nmet3>')}: expected </Nnet3>, found </Nmet3>"):
        mo_core.convert(str(tmp_path / "net.raw"))


def test_a_gaussian_mixture_is_no_network(tmp_path):
    w = files.Writer(True).token("<TransitionModel>").token("</TransitionModel>").token("<DIMENSION>").value(39)
    (tmp_path / "final.mdl").write_bytes(bytes(w.data))
    with pytest.raises(ModelError, match="Gaussian mixture"):
        mo_core.convert(str(tmp_path / "final.mdl"))


def test_a_huge_size_is_refused_at_once(tmp_path):
    data = files.nnet3(SMALL, SMALL_PARTS).replace(b"FM \4\2\0\0\0", b"FM \4\xff\xff\xff\x7f")
    (tmp_path / "net.raw").write_bytes(data)
    with pytest.raises(ModelError, match="2147483647"):
        mo_core.convert(str(tmp_path / "net.raw"))


def test_many_layers_in_a_row_meet_no_limit(tmp_path):
    count = 3000
    config = ["input-node name=input dim=2"]
    for i in range(count):
        config.append(f"component-node name=n{i} component=c input={f'n{i - 1}' if i else 'input'}")
    config.append(f"output-node name=output input=n{count - 1} objective=linear")
    (tmp_path / "net.raw").write_bytes(files.nnet3(config, {"c": Part("TanhComponent", [("Dim", 2)])}))
    assert mo_core.convert(str(tmp_path / "net.raw")).report.ops["Tanh"] == count


def test_a_missing_file_is_the_user_s_mistake(tmp_path):
    with pytest.raises(UsageError):
        mo_core.convert(str(tmp_path / "no.mdl"), framework="kaldi")


def test_a_model_of_the_command_gives_what_the_api_gives(tmp_path):
    (tmp_path / "net.raw").write_bytes(files.nnet3(CONFIG, PARTS))
    assert not command(tmp_path / "net.raw", "--utterance", "--output_dir", tmp_path).returncode
    import openvino

    model = openvino.Core().read_model(str(tmp_path / "net.xml"))
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert_close(compiled(X)[0], row(logits(X)[1]))


@pytest.mark.parametrize("place", ["[ -1 nan 1 ]", "[ -1 inf ]", "[ 0.5 ]", "0.5", "nan", "7"])
def test_a_place_that_is_no_whole_number_is_damage(place, tmp_path):
    text = f"<Nnet> <NumComponents> 1 <Components> <SpliceComponent> <InputDim> 4 <Context> {place} "
    (tmp_path / "m.mdl").write_text(text + "<ConstComponentDim> 0 </SpliceComponent> </Components> </Nnet> ")
    with pytest.raises(ModelError, match="<Context> of <SpliceComponent>"):
        mo_core.convert(tmp_path / "m.mdl")
