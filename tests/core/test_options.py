from __future__ import annotations

import numpy as np
import pytest

from mo_core.app.arguments import parse_arguments
from mo_core.errors import PluginError, UsageError
from mo_core.frontend import Frontend
from mo_core.options import Option, Options, OptionTable
from mo_core.options.common import COMMON
from mo_core.options.frameworks import FRAMEWORKS
from mo_core.options.inputs import UNSET
from mo_core.options.preparation import ChannelValues

OWNED = {name for f in FRAMEWORKS for name in f.options}


class Toy(Frontend):
    name, title = "toy", "Toy"

    def options(self) -> list[Option]:
        return [Option("toy_file", "path", "Another file.", aliases=("-d",)), Option("shared", "flag", "Both.", False)]


class Other(Frontend):
    name, title = "other", "Other"

    def options(self) -> list[Option]:
        return [Option("shared", "flag", "Both.", False)]


def options_of(line: str, table: OptionTable | None = None) -> tuple[Options, list[str]]:
    table = table or OptionTable()
    arguments = parse_arguments(line.split(), table)
    return table.build(arguments.given), arguments.words


def test_both_spellings_and_short_forms_mean_the_same_option() -> None:
    for line in ("--input_model m --batch 4", "--input-model=m -b 4", "-m m -b4", "-w=m -b=4"):
        options, words = options_of(line)
        assert (options.input_model, options.batch, words) == ("m", 4, []), line


def test_positional_words_are_kept_in_order_and_two_dashes_end_the_options() -> None:
    assert options_of("m.onnx --silent n.onnx")[1] == ["m.onnx", "n.onnx"]
    assert options_of("inspect m.onnx --silent")[1] == ["m.onnx"]
    assert options_of("-- --silent")[1] == ["--silent"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("--silent", True),
        ("--silent=True", True),
        ("--silent=false", False),
        ("--silent False", False),
        ("--silent=0", False),
        ("--silent m.onnx", True),
    ],
)
def test_flags_are_bare_or_true_or_false(line: str, value: bool) -> None:
    assert options_of(line)[0].silent is value


def test_a_value_may_start_with_a_dash_but_not_be_an_option() -> None:
    assert options_of("--mean_values -1")[0].mean_values.unnamed == ((-1.0,),)
    with pytest.raises(UsageError, match="--output_dir needs a value"):
        options_of("--output_dir --silent")
    with pytest.raises(UsageError, match="--input needs a value"):
        options_of("--input")


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no option --input_shap\n.*--input_shape"):
        options_of("--input_shap [1]")
    with pytest.raises(UsageError, match="no option -q"):
        options_of("-q")
    with pytest.raises(UsageError, match="no option --meen_values"):
        OptionTable().build({"meen_values": 1})


def test_an_array_says_the_same_as_a_list() -> None:
    options = OptionTable().build({"mean_values": np.array([1.0, 2.0]), "input_shape": np.array([1, 3])})
    assert options.mean_values == ChannelValues({}, ((1.0, 2.0),))
    assert options.input_shape == ((1, 3),)
    assert options.values() == {"mean_values": "(1,2)", "input_shape": "[1,3]"}


def test_lists_may_be_given_several_times_and_single_values_may_not() -> None:
    options, _ = options_of("--disable_pass a,b --disable-pass c --input x --input y[1,2]")
    assert options.disable_pass == ("a", "b", "c")
    assert [(spec.text, spec.shape) for spec in options.input] == [("x", UNSET), ("y", (1, 2))]
    assert options.values()["input"] == "x,y[1,2]"
    with pytest.raises(UsageError, match="--batch is given twice"):
        options_of("--batch 1 --batch 2")


def test_keywords_take_typed_values() -> None:
    options = OptionTable().build(
        {"batch": 2, "silent": True, "extension": ["a.py"], "data_type": "half", "scale": "2.5"}
    )
    assert (options.batch, options.silent, options.extension, options.data_type) == (2, True, ("a.py",), "f16")
    assert options.scale == 2.5
    assert options.fp16
    assert set(options.given) == {"batch", "silent", "extension", "data_type", "scale"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch": "x"}, "--batch takes a whole number"),
        ({"batch": 1.5}, "--batch takes a whole number"),
        ({"batch": 0}, "--batch is 0"),
        ({"batch": -2}, r"Give a positive number below 2\*\*31, or -1 for any"),
        ({"batch": 10**20}, "--batch is 100000000000000000000"),
        ({"silent": "maybe"}, "--silent takes True or False"),
        ({"data_type": "int8"}, "--data_type takes one of"),
        ({"scale": "a"}, "--scale takes a number"),
        ({"scale": 0}, "divided by it"),
        ({"scale": "inf"}, "finite number"),
        ({"scale": 2, "scale_values": "[1]"}, "exclude each other"),
        ({"batch": 2, "input_shape": "[1]"}, "exclude each other"),
        ({"layout": "nc", "source_layout": "nc"}, "exclude each other"),
        ({"use_new_frontend": True, "use_legacy_frontend": True}, "exclude each other"),
        ({"data_type": "FP32", "compress_to_fp16": True}, "contradict"),
        ({"disable_pass": 3}, "a list of names"),
    ],
)
def test_wrong_and_contradicting_values_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        OptionTable().build(given)


def test_former_options_are_noted_or_refused_with_a_replacement() -> None:
    options, _ = options_of("--keep_shape_ops --use_legacy_frontend")
    assert [n.split(":")[0] for n in options.notes] == ["--keep_shape_ops", "--use_legacy_frontend"]
    assert not options_of("--keep_shape_ops=False")[0].notes
    with pytest.raises(UsageError, match=r"--extensions is no longer there\n.*--extension FILE.py"):
        options_of("--extensions dir")
    for option in COMMON:
        assert bool(option.help) != bool(option.note or option.gone), option.name


def test_a_small_scale_is_noted() -> None:
    assert any("larger" in n for n in options_of("--scale 0.5")[0].notes)


def test_options_of_front_ends_belong_to_their_frameworks() -> None:
    table = OptionTable((), [Toy(), Other()])
    options, _ = options_of("-d x --shared", table)
    assert (options.toy_file, options.shared) == ("x", True)
    options.check_framework("toy")
    with pytest.raises(UsageError, match="--toy_file is an option for toy models, and this is a model of other"):
        options.check_framework("other")
    assert table.options["shared"].frameworks == ("toy", "other")
    assert table.options["toy_file"].group == "Toy models"


def test_options_of_adapters_that_are_not_there_name_the_adapter() -> None:
    for name in OWNED:
        with pytest.raises(UsageError, match=f"--{name} is an option for .* models\n.*pip install mo-"):
            OptionTable().build({name: "x"})


FORMER = """
    framework input_model model_name output_dir input_shape input output mean_values scale_values scale
    reverse_input_channels layout source_layout target_layout data_type compress_to_fp16 transform batch
    freeze_placeholder_with_value static_shape transformations_config extensions log_level silent progress stream_output
    disable_fusing disable_gfusing finegrain_fusing disable_resnet_optimization enable_concat_optimization
    disable_weights_compression move_to_preprocess generate_deprecated_IR_V7 keep_shape_ops legacy_ir_generation
    use_new_frontend use_legacy_frontend example_input example_output share_weights input_model_is_text input_checkpoint
    input_meta_graph saved_model_dir saved_model_tags tensorflow_custom_operations_config_update
    tensorflow_use_custom_operations_config tensorflow_object_detection_api_pipeline_config tensorboard_logdir
    tensorflow_custom_layer_libraries disable_nhwc_to_nchw tensorflow_subgraph_patterns tensorflow_operation_patterns
    offload_unsupported_operations_to_tf generate_deprecated_IR_V2 steps input_proto caffe_parser_path k mean_file
    mean_file_offsets disable_omitting_optional enable_flattening_nested_params input_symbol nd_prefix_name
    pretrained_model_name save_params_from_nd legacy_mxnet_model enable_ssd_gluoncv counts remove_output_softmax
    remove_memory
"""


def test_every_option_of_the_former_tool_is_known() -> None:
    table = OptionTable()
    for name in FORMER.split():
        assert (table.find(name) is None) == (name in OWNED), name
    for short in ("-w", "-m", "-n", "-o", "-ms", "-s", "-b"):
        assert table.find(short) is not None, short
    for short in ("-k", "-d", "-mf", "-mo"):
        with pytest.raises(UsageError, match="option for Caffe models"):
            options_of(f"{short} file")


def test_two_plugins_cannot_declare_one_option() -> None:
    mine = Option("mine", "flag", "Mine.")
    with pytest.raises(PluginError, match="--mine is declared twice"):
        OptionTable((mine, mine))
    with pytest.raises(PluginError, match="-m is short for both"):
        OptionTable((Option("mine", "flag", "Mine.", aliases=("-m",)),))


def test_defaults_are_there_without_a_command_line() -> None:
    options = Options()
    assert (options.ir_version, options.silent, options.disable_pass, options.given) == ("11", False, (), {})
    assert options.get("input_proto", "none") == "none"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean_values", "(1,a)"),
        ("scale_values", "(0)"),
        ("layout", "n(("),
        ("transform", "Unknown"),
        ("input", "x[1,a]"),
        ("input_shape", "1,3"),
        ("freeze_placeholder_with_value", "x"),
        ("output", [3]),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_when_it_is_given(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"--{name}"):
        OptionTable().build({name: value})
