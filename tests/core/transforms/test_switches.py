"""Switch files, configurations, and the options that switch passes."""

from __future__ import annotations

import json

import pytest

from mo_core.errors import UsageError
from mo_core.ops import Multiply
from mo_core.options import OptionTable
from mo_core.rewriting import switches
from mo_core.rewriting.passes import order
from mo_core.transforms import PASSES
from tests.core.transforms.harness import inputs, kinds, optimise, weights
from tests.core.transforms.layers import conv

ORDERED = order(PASSES)


def options(**given):
    return OptionTable().build(given)


def running(**given):
    """Names of the passes that run, and of the rules of those that run in part."""
    chosen = switches.select(options(**given), ORDERED).switches.choose(ORDERED, options(**given))
    whole = {p.name: p for p in ORDERED}
    names = set()
    for p in chosen:
        if len(p.rules) == len(whole[p.name].rules):
            names.add(p.name)
        else:
            names.update(f"{p.name}/{r.name}" for r in p.rules)
    return names


def write(tmp_path, text):
    path = tmp_path / "fusion_switch.cfg"
    path.write_text(text)
    return str(path)


def test_lines_of_names(tmp_path):
    path = write(tmp_path, "# mine\nbatch-norm:off\nRequantFusionPass : OFF\n\nF15:off\nlinear-merge:on\n")
    assert {"batch-norm", "requantization", "shared-quantization"}.isdisjoint(running(fusion_switch_file=path))
    assert "linear-merge" in running(fusion_switch_file=path)


def test_json_of_names(tmp_path):
    content = {"Switch": {"GraphFusion": {"ConvBatchnormFusionPass": "off"}, "UBFusion": {"ALL": "off"}}}
    names = running(fusion_switch_file=write(tmp_path, json.dumps(content)))
    assert "linear-fusion/factor-into-convolution" not in names and "linear-fusion" not in names
    assert "linear-fusion/factor-into-matmul" in names and "batch-norm/into-matmul" in names


def test_all_off_but_one(tmp_path):
    content = {"Switch": {"GraphFusion": {"ALL": "off", "grouped-convolution": "on"}}}
    names = running(fusion_switch_file=write(tmp_path, json.dumps(content)))
    assert {p.name for p in ORDERED if p.fusion and p.name in names} == {"grouped-convolution"}
    assert "constant-folding" in names


def test_what_is_off_by_default_can_be_switched_on(tmp_path):
    assert "horizontal-fusion" not in running()
    assert "horizontal-fusion" in running(fusion_switch_file=write(tmp_path, "SameInputConv2dPass:on"))
    assert "horizontal-fusion" in running(enable_pass="horizontal-fusion")


def test_the_command_line_wins_over_the_file(tmp_path):
    path = write(tmp_path, "grouped-convolution:on\nstride-optimization:on\n")
    names = running(fusion_switch_file=path, disable_gfusing=True, disable_pass="stride-optimization")
    assert {"grouped-convolution", "stride-optimization"}.isdisjoint(names)


def test_flags_of_the_old_tool():
    assert "grouped-convolution" not in running(disable_gfusing=True)
    assert "stride-optimization" not in running(disable_resnet_optimization=True)
    assert not any(p.fusion and p.name in running(disable_fusing=True) for p in ORDERED)


def test_single_rules():
    names = running(disable_pass="linear-fusion/shift-into-next,linear-merge")
    assert "linear-fusion/factor-into-next" in names and "linear-fusion/shift-into-next" not in names
    assert "linear-merge" not in names
    fusions = {p.name for p in ORDERED if p.fusion}
    chosen = running(only_passes="batch-norm/into-convolution")
    assert {n for n in chosen if n.split("/")[0] in fusions} == {"batch-norm/into-convolution"}


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "do_fusion": false, "skip_fusion_layers": [], "conv1": {"quant_enable": true}}',
        "batch_num : 2\nactivation_offset : true\ndo_fusion : false\ncommon_config : {\n  arq_quantize : { }\n}\n",
    ],
)
def test_do_fusion(tmp_path, text):
    names = running(fusion_switch_file=write(tmp_path, text))
    assert {"requantization", "grouped-convolution", "linear-merge"}.isdisjoint(names)
    assert "linear-fusion/factor-into-convolution" not in names


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "do_fusion": true, "skip_fusion_layers": ["conv1", "a/b[c"]}',
        'do_fusion: true\nskip_fusion_layers: "conv1"\nskip_fusion_layers: "a/b[c"  # two\nskip_layers: "x"\n',
    ],
)
def test_skip_fusion_layers(tmp_path, text):
    selection = switches.select(options(fusion_switch_file=write(tmp_path, text), finegrain_fusing="fc.*"), ORDERED)
    assert selection.skipped == ("conv1", "a/b[c")
    assert selection.excluded == ("fc.*", "conv1", r"a/b\[c")


def test_skipped_layers_must_exist():
    graph, (x,) = inputs((1, 4, 6, 6))
    layer = conv(x, 8)
    layer.name = "conv1"
    graph.add_output(layer, "y")
    switches.check_layers(("conv1",), graph)
    with pytest.raises(UsageError, match='skip_fusion_layers names "conv2"'):
        switches.check_layers(("conv1", "conv2"), graph)


def test_unknown_fusions_of_the_device_are_noted(tmp_path):
    selection = switches.select(options(fusion_switch_file=write(tmp_path, "TbePool2dQuantFusionPass:off")), ORDERED)
    assert "TbePool2dQuantFusionPass" in selection.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "batch-nrm:off",
        "batch-norm:maybe",
        "batch-norm off",
        '{"Switch": []',
        "[" * 100000,
        "{" * 100000,
        '{"Switch": {"GraphFusion": 3}}',
        '{"Switch": {"GraphFusion": {"batch-norm": 7}}}',
        '{"some": 1}',
        '{"do_fusion": true, "skip_fusion_layers": 3}',
        "\x00",
    ],
)
def test_bad_files_are_refused(tmp_path, text):
    with pytest.raises(UsageError):
        switches.select(options(fusion_switch_file=write(tmp_path, text)), ORDERED)


def test_files_that_cannot_be_read(tmp_path):
    for path in (str(tmp_path / "none.cfg"), str(tmp_path)):
        with pytest.raises(UsageError):
            switches.read(path)
    (tmp_path / "large.cfg").write_bytes(b"#" * (2 << 20))
    with pytest.raises(UsageError, match="too large"):
        switches.read(tmp_path / "large.cfg")
    (tmp_path / "binary.cfg").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not a text"):
        switches.read(tmp_path / "binary.cfg")


@pytest.mark.parametrize("option", ["disable_pass", "enable_pass", "only_passes"])
def test_a_misspelt_name_is_an_error(option):
    with pytest.raises(UsageError, match='there is no pass "linear-fusoin"'):
        running(**{option: "linear-fusoin"})


def test_every_name_in_the_tables_is_a_pass_or_rule():
    known = {name for p in ORDERED for name in (p.name, *(f"{p.name}/{r.name}" for r in p.rules))}
    named = {n for names in (*switches.AMCT.values(), *switches.OPTION_PASSES.values()) for n in names}
    assert named <= known
    assert {f"F{i}" for i in range(1, 16)} <= switches.AMCT.keys()


@pytest.mark.parametrize("name", sorted(switches.AMCT))
def test_every_amct_name_switches_something_off(name):
    assert running(disable_pass=name) != running() or name == "SameInputConv2dPass"


def test_a_rule_that_is_off_does_not_fire():
    graph, (x,) = inputs((1, 4, 6, 6))
    graph.add_output(Multiply(conv(x, 8), weights(8, 1, 1)), "y")
    given = options(disable_pass="F1", compress_to_fp16=False)
    optimise(graph, *[p for p in switches.select(given, ORDERED).switches.choose(ORDERED, given) if p.fusion])
    assert kinds(graph) == ["Convolution", "Multiply"]
