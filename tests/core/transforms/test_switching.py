"""Switches and explanations, through the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.core.transforms.command import Command

MODEL = """
    %x = Parameter : f32[1,3,8,8] "data"
    %w = Constant random(1) : f32[4,3,3,3] "w1"
    %c = Convolution(%x, %w) {strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]} "conv1"
    %m = Multiply(%c, [[[[1.5]], [[0.5]], [[2.0]], [[3.0]]]]) "scale1"
    %r = ReLU(%m) "relu1"
    %n = Multiply(%r, [[[[1.5]], [[-0.5]], [[2.0]], [[3.0]]]]) "scale2"
    %v = Constant random(2) : f32[5,4,3,3] "w2"
    %d = Convolution(%n, %v) {strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]} "conv2" <"y">
    %e = Elu(%n) {alpha=1.0} "elu" <"z">
    return %d, %e
"""
FOLDED = 'linear-fusion/factor-into-convolution joined "scale1" into "conv1"'
KEPT = '"scale2" is read by others, which need the factor'


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def explained(command, capsys, *argv):
    capsys.readouterr()
    command.convert(MODEL, "--silent", *argv)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("conv1", FOLDED),
        ("scale1", FOLDED),
        ("linear-fusion@conv1", FOLDED),
        ("factor-into-convolution@conv1", FOLDED),
        ("linear-fusion/factor-into-convolution@conv1", FOLDED),
        ("conv2", KEPT),
        ("scale2", KEPT),
        ("linear-merge@conv1", 'no rule matched at "linear-merge@conv1"'),
    ],
)
def test_explanations_name_rules_and_reasons(command, capsys, query, told):
    assert told in explained(command, capsys, "--explain", query)


def test_a_misspelt_pass_is_no_pass(command, capsys):
    assert command(MODEL, "--explain", "linear-fusoin@conv1") == 2
    assert 'Did you mean "linear-fusion"' in capsys.readouterr().err


def test_a_pass_that_is_none_is_refused_before_a_node_that_is_there(command, capsys):
    assert command(MODEL, "--explain", "something@conv1") == 2
    assert 'there is no pass or rule "something"' in capsys.readouterr().err


def test_a_pass_that_is_switched_off_is_known(command, capsys):
    told = explained(command, capsys, "--explain", "linear-fusion@conv1", "--disable-pass", "linear-fusion")
    assert 'no rule matched at "linear-fusion@conv1"' in told


def test_a_node_that_is_not_there_is_told_from_one_that_no_rule_matched(command, capsys):
    assert command(MODEL, "--explain", "conv11") == 2
    err = capsys.readouterr().err
    assert 'the model has no node "conv11"' in err and 'did you mean "conv1"' in err


def test_a_name_may_hold_the_sign(command, capsys):
    text = MODEL.replace('"conv1"', '"a@b"')
    capsys.readouterr()
    command.convert(text, "--silent", "--explain", "a@b")
    assert 'joined "scale1" into "a@b"' in capsys.readouterr().out


def test_the_report_has_the_fusion_record(command, tmp_path):
    command.convert(MODEL, "--report", str(tmp_path / "report.json"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert {
        "pass_name": "linear-fusion",
        "rule": "factor-into-convolution",
        "gone": ["scale1"],
        "kept": "conv1",
    } in report["firings"]
    declined = [d for d in report["declines"] if d["rule"] == "factor-into-next"]
    assert [(d["node"], d["reason"]) for d in declined] == [("conv2", KEPT)]
    assert report["rewrites"]["linear-fusion/factor-into-convolution"] == 1


@pytest.mark.parametrize(
    "argv",
    [
        ["--disable_fusing"],
        ["--disable-pass", "linear-fusion"],
        ["--disable_passes", "linear-fusion/factor-into-convolution"],
        ["--disable-pass", "F1"],
        ["--only-passes", "linear-merge"],
        ["--finegrain_fusing", "conv1"],
        ["--finegrain_fusing", "other,scale."],
    ],
)
def test_a_fusion_can_be_switched_off(command, argv):
    assert command.convert(MODEL).layers.count("Multiply") == 1
    assert command.convert(MODEL, *argv).layers.count("Multiply") == 2


@pytest.mark.parametrize(
    "content",
    [
        "linear-fusion:off\n",
        "ALL:off\n",
        '{"Switch": {"GraphFusion": {"linear-fusion": "off"}, "UBFusion": {"ALL": "off"}}}',
        '{"Switch": {"GraphFusion": {"ALL": "off", "linear-merge": "on"}}}',
        '{"version": 1, "do_fusion": false}',
        '{"version": 1, "do_fusion": true, "skip_fusion_layers": ["conv1"]}',
        'version: 1\ndo_fusion: true\nskip_fusion_layers: "conv1"\n',
        'do_fusion: true\nskip_fusion_layers: ["conv1", "conv2"]\n',
    ],
)
def test_a_switch_file_in_every_syntax(command, tmp_path, content):
    (tmp_path / "switches").write_text(content)
    assert command.convert(MODEL, "--fusion_switch_file", str(tmp_path / "switches")).layers.count("Multiply") == 2


@pytest.mark.parametrize("content", ['{"do_fusion": "maybe"}', "do_fusion: maybe\n"])
def test_a_state_that_is_neither_on_nor_off_is_refused(command, tmp_path, capsys, content):
    (tmp_path / "switches").write_text(content)
    assert command(MODEL, "--fusion_switch_file", str(tmp_path / "switches")) == 2
    assert 'do_fusion is "maybe"' in capsys.readouterr().err


def test_what_is_called_by_no_name_is_told(command, capsys):
    command.convert(MODEL, "--finegrain_fusing", "conv[,nothing.*")
    told = capsys.readouterr().out
    assert 'nothing in the model is called "conv["' in told and 'is called "nothing.*"' in told


def test_an_excluded_node_is_explained(command, capsys):
    told = explained(command, capsys, "--explain", "conv1", "--finegrain_fusing", "conv.*")
    assert '"conv1" is excluded by --finegrain_fusing' in told


@pytest.mark.parametrize("option", ["--disable-pass", "--only-passes", "--enable-pass"])
def test_an_unknown_pass_is_refused_with_the_nearest(command, capsys, option):
    assert command(MODEL, option, "linear-fusoin") == 2
    assert 'Did you mean "linear-fusion"' in capsys.readouterr().err


def test_graphs_are_dumped_around_what_changed_them(command, tmp_path):
    command.convert(MODEL, "--dump-passes", str(tmp_path / "dump"))
    files = sorted(p.name for p in (tmp_path / "dump").iterdir())
    stems = sorted({name.rsplit(".", 2)[0] for name in files})
    assert files == sorted(f"{stem}.{part}.txt" for stem in stems for part in ("before", "after"))
    found = next(stem for stem in stems if "linear-fusion" in stem)
    before, after = ((tmp_path / "dump" / f"{found}.{part}.txt").read_text() for part in ("before", "after"))
    assert before.count("Multiply") == 2 and after.count("Multiply") == 1


# -- shapes computed now

SHAPES = """
    %x = Parameter : f32[SHAPE] "data"
    %s = ShapeOf(%x) "shape"
    %b = Gather(%s, [0], 0) "batch"
    %p = Concat(%b, [-1]) {axis=0} "pattern"
    %t = Tile(%x, %b) "tiled"
    %y = Reshape(%t, %p) {special_zero=false} "flat" <"y">
    return %y
"""


def test_static_shapes_are_computed_now(command):
    text = SHAPES.replace("SHAPE", "2,3,4")
    model = command.convert(text, "--static_shape")
    assert not {"ShapeOf", "Gather", "Concat"} & set(model.layers)
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert np.array_equal(model.run({"data": x})[0], np.tile(x, (1, 1, 2)).reshape(2, -1))


def test_without_the_option_what_reads_the_shape_follows_it(command):
    model = command.convert(SHAPES.replace("SHAPE", "2,3,4"))
    assert "ShapeOf" in model.layers


def test_what_depends_on_an_unknown_size_stays(command, capsys):
    model = command.convert(SHAPES.replace("SHAPE", "?,3,4"), "--static_shape")
    assert "ShapeOf" in model.layers
    assert "unknown dimensions" in capsys.readouterr().out
    x = np.arange(36, dtype=np.float32).reshape(3, 3, 4)
    assert np.array_equal(model.run({"data": x})[0], np.tile(x, (1, 1, 3)).reshape(3, -1))
