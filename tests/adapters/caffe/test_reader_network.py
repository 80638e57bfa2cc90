"""The network as it runs: names resolved, phases and losses gone, blobs where they belong."""

from __future__ import annotations

from typing import Any

import pytest

from mo_caffe.network import Network, read_network
from mo_core.errors import ModelError
from tests.adapters.caffe.nets import SMALL, SMALL_BLOBS, add_blob, small_weights, trained, values

INPUT = "layer { name: 'x' type: 'Input' top: 'x' } "


def network(text: str, **options: Any) -> Network:
    return read_network(text.encode(), **options)


def types_of(net: Network) -> list[str]:
    return [layer.type for layer in net.layers]


def outputs_of(net: Network) -> list[str]:
    return [value.name for value in net.outputs]


def layer(kind: str, bottoms: str = "", tops: str = "", rest: str = "", name: str = "") -> str:
    names = "".join(f" bottom: '{b}'" for b in bottoms.split()) + "".join(f" top: '{t}'" for t in tops.split())
    return f"layer {{ name: '{name or kind.lower()}' type: '{kind}'{names} {rest} }} "


# Names -------------------------------------------------------------------------------------------------------------


def test_layers_are_connected_by_value() -> None:
    net = read_network(SMALL)
    data, conv, relu, fc = net.layers
    assert net.name == "small"
    assert conv.inputs == data.outputs
    assert relu.inputs == conv.outputs
    assert fc.inputs == relu.outputs
    assert net.outputs == [*fc.outputs]
    assert conv.fields == {"convolution_param": {"num_output": 4, "kernel_size": [3]}}


def test_a_layer_in_place_makes_a_new_value_of_the_same_name() -> None:
    _, conv, relu, _ = read_network(SMALL).layers
    assert conv.outputs[0].name == relu.outputs[0].name == "conv"
    assert conv.outputs[0] is not relu.outputs[0]
    assert (conv.outputs[0].final, relu.outputs[0].final) == (False, True)


def test_outputs_are_what_nobody_reads_in_order() -> None:
    net = network(INPUT + layer("Slice", "x", "c a b") + layer("ReLU", "a", "a"))
    assert outputs_of(net) == ["c", "b", "a"]
    assert net.outputs[2].layer.type == "ReLU"


def test_silence_keeps_a_value_from_being_an_output() -> None:
    net = network(INPUT + layer("Slice", "x", "a b") + layer("Silence", "b"))
    assert outputs_of(net) == ["a"]
    assert types_of(net) == ["Input", "Slice"]


def test_results_that_only_silence_reads_are_outputs_when_there_are_no_others() -> None:
    net = network(INPUT + layer("ReLU", "x", "a") + layer("TanH", "a", "b") + layer("Silence", "b"))
    assert outputs_of(net) == ["b"]
    unread = "layer { name: 'label' type: 'Input' top: 'label' } "
    net = network(INPUT + unread + layer("ReLU", "x", "a") + layer("Silence", "a") + layer("Silence", "a", name="more"))
    assert "a" in outputs_of(net)


def test_several_inputs_and_outputs() -> None:
    net = network("input: 'x' input: 'y' " + layer("ReLU", "x", "a") + layer("TanH", "y", "b"))
    assert [v.name for source in net.layers[:2] for v in source.outputs] == ["x", "y"]
    assert outputs_of(net) == ["a", "b"]


def test_layers_of_one_name_get_numbers() -> None:
    text = INPUT + "".join(layer("ReLU", "x", top, name=name) for top, name in zip("abcd", ("r", "r", "r_2", "r")))
    assert [part.name for part in network(text).layers] == ["x", "r", "r_2", "r_2_2", "r_3"]


def test_a_layer_without_a_name_takes_that_of_its_top() -> None:
    assert network("layer { type: 'Input' top: 'x' }").layers[0].name == "x"


def test_an_unknown_bottom_names_the_nearest() -> None:
    with pytest.raises(ModelError, match='layer "relu" reads "dta", which no layer before it makes') as caught:
        network(layer("Input", "", "data") + layer("ReLU", "dta", "y"))
    assert 'did you mean "data"?' in str(caught.value)


def test_a_bottom_of_another_phase_points_to_the_phases() -> None:
    data = "layer { name: 'data' type: 'HDF5Data' top: 'data' include { phase: TRAIN } } "
    with pytest.raises(ModelError, match='reads "data".*\\n.*--caffe_phase'):
        network(data + layer("ReLU", "data", "y"))
    assert types_of(network(data + layer("ReLU", "data", "y"), phase="TRAIN")) == ["Input", "ReLU"]


def test_a_bottom_must_come_before_its_use() -> None:
    with pytest.raises(ModelError, match="no layer before it makes"):
        network(layer("ReLU", "x", "y") + INPUT)


def test_two_layers_may_not_make_the_same_blob() -> None:
    with pytest.raises(ModelError, match='layers "relu" and "tanh" both make "y"'):
        network(INPUT + layer("ReLU", "x", "y") + layer("TanH", "x", "y"))


def test_a_layer_needs_a_type() -> None:
    with pytest.raises(ModelError, match='layer "a" has no type'):
        network("layer { name: 'a' }")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "has no layers"),
        ("name: 'x'", "has no layers"),
        ("net: 'train.prototxt' base_lr: 0.1", "describes a solver"),
        ("node { name: 'x' op: 'Placeholder' }", "TensorFlow graph"),
    ],
)
def test_a_file_that_is_no_network_is_named(text: str, fact: str) -> None:
    with pytest.raises(ModelError, match=fact):
        network(text)


def test_something_must_be_given() -> None:
    with pytest.raises(ModelError, match="neither"):
        read_network(None)


def test_a_deep_chain_is_read() -> None:
    net = network(INPUT + layer("ReLU", "x", "x") * 5000)
    assert len(net.layers) == 5001
    assert outputs_of(net) == ["x"]


# Phases and stages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("", True),
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN }", False),
        ("exclude { phase: TRAIN }", True),
        ("exclude { phase: TEST }", False),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ("include { stage: 'deploy' }", False),
        ("include { not_stage: 'deploy' }", True),
        ("exclude { stage: 'deploy' }", True),
        ("include { min_level: 1 }", False),
        ("include { max_level: 0 }", True),
        ("include {}", True),
    ],
)
def test_rules_decide_on_a_layer(rules: str, kept: bool) -> None:
    net = network(INPUT + layer("ReLU", "x", "x", rules))
    assert types_of(net) == ["Input", "ReLU"][: 1 + kept]


def test_stages_and_level_are_those_of_the_network_and_of_the_caller() -> None:
    text = INPUT + layer("ReLU", "x", "x", "include { stage: 'a' stage: 'b' min_level: 2 }")
    assert types_of(network("state { stage: 'a' level: 2 } " + text, stages=["b"])) == ["Input", "ReLU"]
    assert types_of(network("state { stage: 'a' } " + text, stages=["b"], level=2)) == ["Input", "ReLU"]
    assert types_of(network("state { stage: 'a' level: 1 } " + text, stages=["b"])) == ["Input"]
    assert types_of(network("state { stage: 'a' level: 1 } " + text, stages=["b"], level=3)) == ["Input", "ReLU"]


def test_the_caller_may_want_the_layers_of_the_training() -> None:
    text = (
        INPUT
        + layer("ReLU", "x", "x", "include { phase: TRAIN }")
        + layer("TanH", "x", "x", "exclude { phase: TRAIN }")
    )
    assert types_of(network(text, phase="TRAIN")) == ["Input", "ReLU"]
    assert types_of(network(text)) == ["Input", "TanH"]


def test_include_and_exclude_exclude_each_other() -> None:
    with pytest.raises(ModelError, match='layer "relu" has include and exclude'):
        network(INPUT + layer("ReLU", "x", "x", "include {} exclude {}"))


# Training descriptions ---------------------------------------------------------------------------------------------


def test_a_training_description_becomes_the_network_that_runs() -> None:
    net = network(
        layer("Data", "", "data label", "include { phase: TRAIN } data_param { batch_size: 64 }", "train")
        + layer(
            "Data",
            "",
            "data label",
            "include { phase: TEST } data_param { batch_size: 8 } transform_param { crop_size: 24 force_color: true }",
            "test",
        )
        + layer("InnerProduct", "data", "fc")
        + layer("Accuracy", "fc label", "accuracy", "include { phase: TEST }")
        + layer("SoftmaxWithLoss", "fc label", "loss", "softmax_param { axis: 2 }")
    )
    assert types_of(net) == ["Input", "InnerProduct", "Softmax"]
    data, _, softmax = net.layers
    assert (data.name, data.fields) == ("data", {"input_param": {"shape": [{"dim": [8, 3, 24, 24]}]}})
    assert softmax.fields == {"softmax_param": {"axis": 2}}
    assert outputs_of(net) == ["loss"]


@pytest.mark.parametrize(
    ("loss", "kind", "outputs"),
    [
        (layer("SoftmaxWithLoss", "x l", "loss prob"), "Softmax", ["prob"]),
        (layer("SoftmaxWithLoss", "x l", name="loss"), "Softmax", ["loss"]),
        (layer("SigmoidCrossEntropyLoss", "x l", "y"), "Sigmoid", ["y"]),
        (layer("InfogainLoss", "x l", "y", "infogain_loss_param { source: 'm' axis: 2 }"), "Softmax", ["y"]),
        (layer("EuclideanLoss", "x l", "y"), None, ["x"]),
        (layer("HingeLoss", "x l", "y"), None, ["x"]),
        (layer("SomeForksLoss", "x l", "y"), None, ["x"]),
    ],
)
def test_a_loss_is_what_it_computes_at_inference(loss: str, kind: str | None, outputs: list[str]) -> None:
    net = network(INPUT + layer("Data", "", "unused l") + loss)
    assert types_of(net) == (["Input", kind] if kind else ["Input"])
    assert outputs_of(net) == outputs
    if "infogain" in loss:
        assert net.layers[1].fields["softmax_param"] == {"axis": 2}


def test_a_description_without_data_may_still_have_its_loss() -> None:
    assert types_of(network(INPUT + layer("SoftmaxWithLoss", "x label", "y"))) == ["Input", "Softmax"]


def test_a_loss_that_another_layer_reads_stays() -> None:
    text = INPUT + layer("EuclideanLoss", "x x", "y") + layer("Power", "y", "z")
    assert types_of(network(text)) == ["Input", "EuclideanLoss", "Power"]


def test_a_detection_loss_leaves_its_predictions() -> None:
    net = network("input: 'a' input: 'b' input: 'c' " + layer("MultiBoxLoss", "a b c label", "loss"))
    assert outputs_of(net) == ["a", "b", "c"]


def test_what_brings_labels_to_losses_goes_with_them() -> None:
    net = network(
        layer("HDF5Data", "", "data label")
        + layer("Slice", "label", "l1 l2")
        + layer("Flatten", "l2", "flat")
        + layer("Slice", "data", "a b", name="split")
        + layer("EuclideanLoss", "a l1", "e1")
        + layer("EuclideanLoss", "b flat", "e2")
    )
    assert types_of(net) == ["Input", "Slice"]
    assert outputs_of(net) == ["a", "b"]


def test_a_python_layer_that_brings_labels_is_data() -> None:
    data = layer("Python", "", "data label", "python_param { module: 'voc' layer: 'Data' }")
    net = network(data + layer("SoftmaxWithLoss", "data label", "loss"))
    assert [(part.type, part.name) for part in net.layers] == [("Input", "data"), ("Softmax", "softmaxwithloss")]
    assert types_of(network(data + layer("Eltwise", "data label", "y"))) == ["Python", "Eltwise"]


def test_labels_that_the_network_computes_with_are_inputs() -> None:
    net = network(layer("Data", "", "data label") + layer("Eltwise", "data label", "y"))
    assert [part.name for part in net.layers] == ["data", "label", "eltwise"]


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (layer("Data", "", "x"), [-1, -1, -1, -1]),
        (layer("Data", "", "x", "transform_param { crop_size: 5 force_gray: true }"), [-1, 1, 5, 5]),
        (layer("ImageData", "", "x", "image_data_param { batch_size: 2 new_height: 6 new_width: 7 }"), [2, 3, 6, 7]),
        (layer("ImageData", "", "x", "image_data_param { batch_size: 2 is_color: false }"), [2, 1, -1, -1]),
        (layer("WindowData", "", "x", "window_data_param { batch_size: 2 crop_size: 5 }"), [2, 3, 5, 5]),
        (
            layer("MemoryData", "", "x", "memory_data_param { batch_size: 2 channels: 3 height: 4 width: 5 }"),
            [2, 3, 4, 5],
        ),
        (layer("DummyData", "", "x", "dummy_data_param { shape { dim: 2 dim: 3 } }"), [2, 3]),
        (layer("DummyData", "", "x", "dummy_data_param { num: 1 channels: 2 height: 3 width: 4 }"), [1, 2, 3, 4]),
        (layer("HDF5Data", "", "x"), None),
    ],
)
def test_a_data_layer_is_an_input_with_the_shape_it_tells(data: str, shape: list[int] | None) -> None:
    source = network(data + layer("ReLU", "x", "y")).layers[0]
    assert source.type == "Input"
    assert source.fields == ({"input_param": {"shape": [{"dim": shape}]}} if shape else {})


# Blobs -------------------------------------------------------------------------------------------------------------


def test_blobs_go_to_their_layers() -> None:
    data = small_weights()
    net = read_network(SMALL, data)
    assert [len(part.blobs) for part in net.layers] == [0, 2, 0, 2]
    conv = net.layers[1]
    assert (conv.blobs[0].array(data) == values((4, 3, 3, 3), 0)).all()
    assert (conv.blobs[1].array(data) == values((4,), 1)).all()


def test_a_network_without_weights_is_read() -> None:
    assert all(part.blobs == () for part in read_network(SMALL).layers)


def test_more_trained_layers_than_described_are_fine() -> None:
    net = trained({**SMALL_BLOBS, "more": ("InnerProduct", [(3, 3)])})
    assert len(read_network(SMALL, net.SerializeToString()).layers) == 4


def mismatch(text: bytes, blobs: dict[str, Any]) -> str:
    with pytest.raises(ModelError) as caught:
        read_network(text, trained(blobs).SerializeToString())
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind", "shapes", "fact"),
    [
        ("conv", "Convolution", [(4, 3, 3, 3)], 'layer "conv" needs 2 blobs and has 1'),
        (
            "conv",
            "Convolution",
            [(8, 3, 3, 3), (8,)],
            'layer "conv" describes num_output 4, and its filters have shape [8',
        ),
        (
            "conv",
            "Convolution",
            [(4, 3, 5, 5), (4,)],
            "describes kernel_size [3, 3], and its filters have shape [4, 3, 5",
        ),
        ("conv", "Convolution", [(4, 3, 3, 3), (5,)], "num_output 4, and its bias has 5 values"),
        ("conv", "Convolution", [(4,), (4,)], "its filters have shape [4]"),
        (
            "fc",
            "InnerProduct",
            [(6, 144), (6,)],
            'layer "fc" describes num_output 5, and its weights have shape [6, 144]',
        ),
        ("fc", "InnerProduct", [(1, 1, 10, 144), (5,)], "its weights have shape [1, 1, 10, 144]"),
        ("fc", "InnerProduct", [(5, 144), (6,)], "its bias has 6 values"),
    ],
)
def test_blobs_that_do_not_fit_name_the_layer(name: str, kind: str, shapes: Any, fact: str) -> None:
    assert fact in mismatch(SMALL, {**SMALL_BLOBS, name: (kind, shapes)})


def test_missing_blobs_name_all_layers_and_the_nearest() -> None:
    blobs = {"Conv": SMALL_BLOBS["conv"], "other": SMALL_BLOBS["fc"]}
    message = mismatch(SMALL, blobs)
    assert 'layer "conv" has no blobs in it (did you mean "Conv"?)' in message
    assert 'layer "fc" has no blobs in it' in message


def test_a_long_list_of_mismatches_is_cut() -> None:
    text = INPUT + "".join(layer("InnerProduct", "x", f"y{i}", name=f"fc{i}") for i in range(13))
    message = mismatch(text.encode(), {"a": ("InnerProduct", [(1, 1)])})
    assert message.count("has no blobs") == 10
    assert "and 3 more" in message


@pytest.mark.parametrize(
    ("kind", "rest", "shapes"),
    [
        ("Convolution", "convolution_param { num_output: 6 group: 2 bias_term: false }", [(6, 2, 3, 3)]),
        (
            "Deconvolution",
            "convolution_param { num_output: 6 group: 2 bias_term: false kernel_size: 4 }",
            [(4, 3, 4, 4)],
        ),
        ("Convolution", "convolution_param { num_output: 6 kernel_h: 1 kernel_w: 3 }", [(6, 2, 1, 3), (6,)]),
        ("Convolution", "convolution_param { num_output: 6 kernel_size: 3 }", [(6, 2, 3, 3, 3), (6,)]),
        ("InnerProduct", "inner_product_param { num_output: 5 transpose: true }", [(7, 5), (5,)]),
        ("InnerProduct", "inner_product_param { num_output: 5 }", [(1, 1, 5, 7), (1, 1, 1, 5)]),
        ("InnerProduct", "inner_product_param { num_output: 5 }", [(5, 7, 1, 1), (5,)]),
        ("BatchNorm", "", [(3,), (3,), (1,)]),
        ("BatchNorm", "", [(3,)] * 5),
        ("Scale", "", [(3,)]),
        ("Scale", "scale_param { bias_term: true }", [(3,), (3,)]),
        ("Bias", "", [(3,)]),
        ("PReLU", "", [(1,)]),
        ("Embed", "embed_param { num_output: 2 bias_term: false }", [(9, 2)]),
        ("LSTM", "", [(8, 3), (8,), (8, 2)]),
        ("RNN", "", [(8, 3), (8,), (8, 2), (4, 2), (4,)]),
        ("Parameter", "", [(2, 2)]),
        ("SomeForksLayer", "", [(2, 2)] * 7),
    ],
)
def test_blobs_that_fit_are_taken(kind: str, rest: str, shapes: list[tuple[int, ...]]) -> None:
    text = INPUT + layer(kind, "x", "y", rest)
    net = read_network(text.encode(), trained({kind.lower(): (kind, shapes)}).SerializeToString())
    assert [blob.shape for blob in net.layers[1].blobs] == shapes


def test_a_scale_of_two_bottoms_needs_no_blob() -> None:
    text = "input: 'x' input: 's' " + layer("Scale", "x s", "y")
    assert read_network(text.encode(), trained(SMALL_BLOBS).SerializeToString()).layers[2].blobs == ()


def test_layers_of_one_name_and_type_take_blobs_in_order() -> None:
    text = INPUT + "".join(layer("PReLU", "x", "x", name="p") for _ in range(2)) + layer("ReLU", "x", "x", name="p")
    net = trained({})
    for seed in range(2):
        add_blob(net.layer.add(name=b"p", type=b"PReLU"), values((3,), seed))
    net.layer.add(name=b"p", type=b"ReLU")
    data = net.SerializeToString()
    first, second, relu = read_network(text.encode(), data).layers[1:]
    assert (first.blobs[0].array(data) == values((3,), 0)).all()
    assert (second.blobs[0].array(data) == values((3,), 1)).all()
    assert relu.blobs == ()


def test_blobs_of_a_layer_do_not_go_to_another_one_of_its_name() -> None:
    text = INPUT + layer("InnerProduct", "x", "y", "inner_product_param { num_output: 2 bias_term: false }", name="a")
    data = trained({"a": ("InnerProduct", [(2, 3)])}).SerializeToString()
    net = network(text + layer("ReLU", "y", "y", name="a"), weights=data)
    assert [len(part.blobs) for part in net.layers] == [0, 1, 0]


def test_a_layer_takes_the_blobs_of_its_name_when_the_trained_type_is_another() -> None:
    text = INPUT + layer("DepthwiseConvolution", "x", "y", name="dw")
    data = trained({"dw": ("Convolution", [(3, 1, 3, 3)])}).SerializeToString()
    assert len(read_network(text.encode(), data).layers[1].blobs) == 1


SHARED = "inner_product_param { num_output: 2 bias_term: false } param { name: 'w' }"
TWINS = INPUT + layer("InnerProduct", "x", "a", SHARED, "first") + layer("InnerProduct", "x", "b", SHARED, "second")


@pytest.mark.parametrize("second", [{"second": ("InnerProduct", [(2, 3)])}, {}])
def test_shared_parameters_are_those_of_the_first_layer(second: dict[str, Any]) -> None:
    data = trained({"first": ("InnerProduct", [(2, 3)]), **second}).SerializeToString()
    first, other = read_network(TWINS.encode(), data).layers[1:]
    assert first.blobs == other.blobs
    assert (other.blobs[0].array(data) == values((2, 3), 0)).all()


def test_shared_parameters_of_different_shapes_are_refused() -> None:
    blobs = {"first": ("InnerProduct", [(2, 3)]), "second": ("InnerProduct", [(2, 4)])}
    assert 'layer "second" shares "w", which has shape [2, 3], and its own has [2, 4]' in mismatch(
        TWINS.encode(), blobs
    )


def test_permissive_sharing_keeps_the_shape() -> None:
    text = TWINS.replace("name: 'w'", "name: 'w' share_mode: PERMISSIVE")
    blobs = {"first": ("InnerProduct", [(2, 6)]), "second": ("InnerProduct", [(2, 2, 3)])}
    data = trained(blobs).SerializeToString()
    first, second = read_network(text.encode(), data).layers[1:]
    assert second.blobs[0].windows == first.blobs[0].windows
    assert second.blobs[0].shape == (2, 2, 3)


# A trained network alone -------------------------------------------------------------------------------------------


def test_a_trained_network_describes_itself() -> None:
    net = trained({})
    net.layer.add(name=b"d", type=b"Data", top=[b"data", b"label"], include=[{"phase": 0}]).data_param.batch_size = 4
    net.layer.add(name=b"data_d_0_split", type=b"Split", bottom=[b"data"], top=[b"data_0", b"data_1"])
    fc = net.layer.add(name=b"fc", type=b"InnerProduct", bottom=[b"data_1"], top=[b"fc"])
    fc.inner_product_param.num_output = 2
    add_blob(fc, values((2, 3)))
    add_blob(fc, values((2,)))
    net.layer.add(name=b"loss", type=b"SoftmaxWithLoss", bottom=[b"fc", b"label"], top=[b"loss"])
    read = read_network(None, net.SerializeToString())
    assert types_of(read) == ["Input", "InnerProduct", "Softmax"]
    assert read.layers[1].fields == {"inner_product_param": {"num_output": 2}}
    assert [blob.shape for blob in read.layers[1].blobs] == [(2, 3), (2,)]
    assert read.layers[1].inputs == read.layers[0].outputs
    assert outputs_of(read) == ["loss"]


def test_old_trained_networks_fit_new_descriptions() -> None:
    net = trained({})
    for name, kind, blobs in (("conv", 4, [(4, 3, 3, 3), (1, 1, 1, 4)]), ("fc", 14, [(1, 1, 5, 144), (1, 1, 1, 5)])):
        old = net.layers.add(name=name.encode(), type=kind)
        for shape in blobs:
            n, c, h, w = shape
            old.blobs.add(num=n, channels=c, height=h, width=w, data=values(shape).ravel())
    read = read_network(SMALL, net.SerializeToString())
    assert [blob.shape for blob in read.layers[3].blobs] == [(1, 1, 5, 144), (1, 1, 1, 5)]


def test_truncated_weights_never_give_a_network() -> None:
    data = small_weights()
    for end in range(0, len(data), 7):
        with pytest.raises(ModelError):
            read_network(SMALL, data[:end])
