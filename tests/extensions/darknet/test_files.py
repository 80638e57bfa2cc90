"""The files of Darknet: what is found, what is refused, and that weights are not loaded to be looked at."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from mo_core.errors import ModelError, MoError, Unsupported, UsageError
from mo_core.ir import Constant
from mo_core.ir.tensor import Lazy, Mapped
from tests.extensions.darknet.networks import Network, convert, write, write_weights, yolo_v4_tiny
from tests.extensions.darknet.test_networks import assert_same, by_opencv, picture, run
from tools.size import code_lines

SOURCES = "extensions/mo-darknet/src/mo_darknet"


def small():
    net = Network(8)
    net.conv(4)
    net.add("connected", output=3, activation="linear")
    return net


# -- found


@pytest.mark.parametrize("name", ["net.cfg", "net.weights"])
def test_either_file_names_the_model(tmp_path, name):
    write(tmp_path, small())
    assert list(convert(tmp_path / name).outputs) == ["connected_1"]


def test_the_weights_may_lie_elsewhere(tmp_path):
    cfg, _ = write(tmp_path, small())
    elsewhere = cfg.with_suffix(".weights").rename(tmp_path / "final.weights")
    assert convert(cfg, input_weights=elsewhere).outputs
    with pytest.raises(UsageError, match=r'there is no file ".*net\.weights"') as e:
        convert(cfg)
    assert "--input_weights" in e.value.remedy


def test_another_cfg_is_not_taken_for_a_network(tmp_path):
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = x\n")
    with pytest.raises(UsageError, match="looks like no model"):
        convert(tmp_path / "setup.cfg")


@pytest.mark.parametrize("version", [(0, 1, 0), (0, 2, 0), (0, 2, 5), (1, 0, 0), (3, 1, 4)])
def test_the_header_of_every_version(tmp_path, version):
    """The number of images is 32 bits wide before version 0.2, and 64 since."""
    cfg, arrays = write(tmp_path, small(), version=version)
    header = cfg.with_suffix(".weights").stat().st_size - sum(a.nbytes for a in arrays)
    assert header == (16 if version < (0, 2) else 20)
    x = picture(1, 3, 8, 8)
    (y,) = run(convert(cfg), tmp_path / "net.xml", x).values()
    assert_same(y, by_opencv(cfg, x)[0])


def test_layers_are_called_as_route_counts_them(tmp_path):
    cfg, _ = write(tmp_path, yolo_v4_tiny())
    model = convert(cfg, output="route_3")
    assert list(model.outputs) == ["route_3"] and list(model.inputs) == ["data"]
    model = convert(cfg, input="convolutional_4", output="convolutional_5")
    assert list(model.inputs) == ["convolutional_4/placeholder_port_0"]


def test_comments_may_be_of_any_encoding_and_a_mark_may_begin_the_file(tmp_path):
    cfg, _ = write(tmp_path, small())
    cfg.write_bytes(b"\xef\xbb\xbf# \xb4\xf3\xd0\xa1\n" + cfg.read_bytes())
    assert convert(cfg).outputs


def test_comments_spaces_and_short_names_do_not_matter(tmp_path):
    net = Network(8)
    net.text += "\n; a remark\n[conv]\n filters=4 # four\nsize = 3\r\n\tactivation= linear\n[max]\nsize=2\nstride=2\n"
    cfg, _ = write(tmp_path, net)
    assert next(iter(convert(cfg).outputs.values())).shape == (1, 4, 3, 3)


def test_weights_stay_in_the_file_until_they_are_written(tmp_path, monkeypatch):
    net = Network(8)
    net.conv(512)
    net.conv(512, 1)
    net.conv(512, 1, batch_normalize=0)
    cfg, _ = write(tmp_path, net)
    load = Mapped.numpy
    large = 64 * 1024
    monkeypatch.setattr(Mapped, "numpy", lambda self: load(self) if self.nbytes < large else pytest.fail("loaded"))
    model = convert(cfg)
    windows = [n.value for n in model.graph if isinstance(n, Constant) and n.value.nbytes > large]
    assert [type(w) for w in windows] == [Lazy, Mapped]  # one has a normalisation folded into it


# -- refused


def refused(folder, text, kind=ModelError):
    (folder / "net.cfg").write_text(text)
    try:
        write_weights(folder / "net.cfg", folder / "net.weights")
    except (MoError, MemoryError):
        (folder / "net.weights").write_bytes(struct.pack("<iiiq", 0, 2, 5, 0) + bytes(4000))
    with pytest.raises(kind) as e:
        convert(folder / "net.cfg")
    assert e.value.exit_code in (3, 4) and e.value.remedy, e.value
    return str(e.value)


NET = "[net]\nwidth=8\nheight=8\nchannels=3\n"
HEAD = "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n"
CONV = "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (NET + CONV + "[convolutionl]\nfilters=4\n", ['no layer "convolutionl"', "[convolutionl], layer 1, line 9", "did you"]),
        (NET + CONV + "[route]\n", ['"layers" is missing', "[route], layer 1, line 9"]),
        (NET + CONV + "[shortcut]\nactivation=linear\n", ['"from" is missing', "[shortcut], layer 1, line 9"]),
        (NET + CONV + "[shortcut]\nfrom=-5\n", ['"from" names -4', "line 10"]),
        (NET + CONV + "[route]\nlayers=-1,7\n", ['"layers" names 7', "line 10"]),
        (NET + CONV + "[route]\nlayers=a\n", ['"layers" names a', "line 10"]),
        (NET + CONV + "[route]\nlayers=-1\ngroups=3\n", ["do not fit each other in 3 groups", "line 9"]),
        (NET + CONV.replace("size=1", "size=one"), ['"size" is one', "[convolutional], layer 0, line 7"]),
        (NET + CONV.replace("size=1", "size=0"), ['"size" is 0', "line 7"]),
        (NET + CONV.replace("size=1", "size=9"), ["the size is (4, 0, 0)", "layer 0, line 5"]),
        (NET + CONV + "groups=2\n", ["3 channels and 4 filters are no 2 groups", "line 5"]),
        (NET + CONV.replace("linear", "linaer"), ['no activation "linaer"', 'did you mean "linear"', "convolutional_0"]),
        (NET + "[maxpool]\nsize=2\nstride=0\n", ['"stride" is 0', "line 7"]),
        (NET + "[reorg]\nstride=3\n", ["(3, 8, 8) cannot be rearranged by 3", "line 5"]),
        (NET + "[crop]\ncrop_width=9\ncrop_height=2\n", ["2 x 9 cannot be cut out of 8 x 8", "line 5"]),
        (NET + HEAD + "[yolo]\nclasses=2\nnum=2\nmask=3\nanchors=1,2,3,4\n", ["4 numbers of anchors", "yolo_1"]),
        (NET + "[yolo]\nclasses=2\nnum=2\n", ["3 channels are no 2 boxes with 2 classes", "layer 0, line 5"]),
        (NET + f"[region]\nclasses={10**17}\n", ["3 channels are no 1 boxes", "layer 0, line 5"]),
        (NET + HEAD + "[yolo]\nnum=1\n", ['"classes" is missing', "layer 1, line 9"]),
        (NET + "[softmax]\ntree=none.tree\n", ['cannot read the tree "none.tree"']),
        ("[net]\nwidth=8\n" + CONV, ['"height" is missing', "[net], line 1"]),
        ("[net]\nwidth=8\nheight=x\n" + CONV, ['"height" is x', "[net], line 3"]),
        (NET + "filters\n", ['"filters" is neither', "line 5"]),
        ("filters=3\n[net]\n", ["is neither a [section] nor key=value", "line 1"]),
        (CONV + "[net]\n", ["does not begin with [net]"]),
        (f"[net]\nwidth={10**9}\nheight={10**9}\n" + CONV.replace("4", str(10**17)), ["bytes", "layer 0, line 4"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_layer_and_line(tmp_path, text, told):
    message = refused(tmp_path, text)
    assert all(part in message for part in told), message


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "crnn", "contrastive", "Gaussian_yolo", "deconvolutional"])
def test_layers_that_are_not_supported_are_named(tmp_path, kind):
    message = refused(tmp_path, NET + f"[{kind}]\noutput=3\n", Unsupported)
    assert f"the layer {kind.lower()} is not supported" in message and "layer 0, line 5" in message


@pytest.mark.parametrize("key", ["xnor=1", "binary=1", "antialiasing=1", "flipped=1", "dontload=1"])
def test_keys_that_would_change_the_result_are_named(tmp_path, key):
    assert f"{key[:-2]} is supported as 0 only" in refused(tmp_path, NET + CONV + key, Unsupported)


def test_weights_of_a_shortcut_are_refused(tmp_path):
    text = NET + CONV + CONV + "[shortcut]\nfrom=-2\nweights_type=per_channel\n"
    assert "weights_type is supported as none only" in refused(tmp_path, text, Unsupported)


def test_a_key_that_nobody_knows_is_named(tmp_path):
    text = NET + CONV.replace("filters", "batch_normalise=1\nfilters")
    (tmp_path / "net.cfg").write_text(text)
    write_weights(tmp_path / "net.cfg", tmp_path / "net.weights")
    with pytest.raises(MoError, match='attribute "batch_normalise" of convolutional is not known'):
        convert(tmp_path / "net.cfg")


# -- damaged


def test_weights_cut_off_anywhere(tmp_path):
    cfg, _ = write(tmp_path, small())
    path = cfg.with_suffix(".weights")
    data = path.read_bytes()
    for length in [*range(140), *range(140, len(data), 97), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(ModelError) as e:
            convert(cfg)
        assert "truncated" in e.value.remedy
        assert length < 20 or "], layer " in str(e.value)


def test_weights_that_are_too_long(tmp_path):
    cfg, _ = write(tmp_path, small())
    path = cfg.with_suffix(".weights")
    path.write_bytes(path.read_bytes() + bytes(8))
    with pytest.raises(ModelError, match=r"has 8 bytes more than the layers need"):
        convert(cfg)


@pytest.mark.parametrize(
    "head", [b"PK\x03\x04" + bytes(40), struct.pack("<iii", -1, 2, 5), struct.pack("<iii", 0, 10**6, 0)]
)
def test_a_header_that_is_none(tmp_path, head):
    cfg, _ = write(tmp_path, small())
    cfg.with_suffix(".weights").write_bytes(head + bytes(100))
    with pytest.raises(ModelError, match="has version"):
        convert(cfg)


@pytest.mark.parametrize("name", ["net.cfg", "net.weights"])
def test_a_pointer_of_git_lfs(tmp_path, name):
    cfg, _ = write(tmp_path, small())
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 33554432\n")
    with pytest.raises(ModelError, match="pointer of git-LFS") as e:
        convert(cfg, framework="darknet")
    assert "git lfs pull" in e.value.remedy


def test_a_cfg_cut_off_anywhere_or_changed_is_never_a_crash(tmp_path):
    cfg, _ = write(tmp_path, small())
    text, random = cfg.read_bytes(), np.random.default_rng(5)
    for i in range(len(text) + 100):
        data = bytearray(text[:i] if i < len(text) else text)
        if i >= len(text):
            data[random.integers(len(text))] = random.integers(256)
        cfg.write_bytes(data)
        try:
            convert(cfg, framework="darknet")
        except MoError as e:
            assert e.exit_code in (3, 4), e


# -- how much it takes


def test_the_front_end_has_at_most_500_lines():
    from pathlib import Path

    files = (Path(__file__).resolve().parents[3] / SOURCES).glob("*.py")
    assert sum(code_lines(p.read_text(encoding="utf-8")) for p in files) <= 500
