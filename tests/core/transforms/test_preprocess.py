"""Options that make a model ready for raw images: exact, folded where possible, refused where unclear."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.core.transforms.command import Command, Converted, largest_difference

TOLERANCE = 1e-5
MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def convolution(pad: int = 0, shape: str = "1,3,8,8", element: str = "f32") -> str:
    out = 8 if pad else 6
    cast = f'%f = Convert(%x) {{destination_type=f32}} : f32[{shape}] "cast"' if element != "f32" else ""
    window = f"strides=[1,1], pads_begin=[{pad},{pad}], pads_end=[{pad},{pad}], dilations=[1,1]"
    return f"""
        %x = Parameter : {element}[{shape}] "data"
        {cast}
        %w = Constant random(7) : f32[4,3,3,3] "weights"
        %c = Convolution({"%f" if cast else "%x"}, %w) {{{window}}} : f32[1,4,{out},{out}] "conv"
        %r = ReLU(%c) "relu" <"y">
        return %r
    """


LAST = """
    %x = Parameter : f32[1,8,8,3] "data"
    %t = Transpose(%x, [0,3,1,2]) "turned"
    %w = Constant random(7) : f32[4,3,3,3] "weights"
    %c = Convolution(%t, %w) {strides=[1,1], pads_begin=[0,0], pads_end=[0,0], dilations=[1,1]} "conv"
    %r = Transpose(%c, [0,2,3,1]) "back" <"y">
    return %r
"""
TWO = """
    %a = Parameter : f32[1,3,4,4] "image"
    %b = Parameter : f32[1,3] "info"
    %s = ReduceSum(%a, [2,3]) {keep_dims=false} "sum"
    %y = Multiply(%s, %b) "product" <"y">
    return %y
"""


def raw(*shape: int, element: type = np.float32) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, shape).astype(element)


def ready(x: np.ndarray, axis: int, reverse: bool = False, mean=(0.0,), scale=(1.0,)) -> np.ndarray:
    """The formula."""
    shape = [-1 if i == axis else 1 for i in range(x.ndim)]
    x = np.flip(x, axis) if reverse else x
    return ((x.astype(np.float64) - np.reshape(mean, shape)) / np.reshape(scale, shape)).astype(np.float32)


def exact(model: Converted, original: Converted, x: np.ndarray, prepared: np.ndarray) -> None:
    (got,), (wanted,) = model.run({"data": x}), original.run({"data": prepared})
    assert largest_difference(got, wanted) <= TOLERANCE


ALL = [
    "--mean_values",
    "[123.675,116.28,103.53]",
    "--scale_values",
    "(58.395,57.12,57.375)",
    "--reverse_input_channels",
]


def test_everything_goes_into_a_convolution_without_padding(command):
    original = command.convert(convolution())
    model = command.convert(convolution(), *ALL)
    assert model.layers == ["Convolution", "Add", "ReLU"]
    x = raw(1, 3, 8, 8)
    exact(model, original, x, ready(x, 1, True, MEAN, SCALE))


def test_the_mean_stays_ahead_of_padding(command):
    original = command.convert(convolution(pad=1))
    model = command.convert(convolution(pad=1), *ALL)
    assert model.layers == ["Add", "Convolution", "ReLU"]
    x = raw(1, 3, 8, 8)
    exact(model, original, x, ready(x, 1, True, MEAN, SCALE))


def test_scale_and_order_alone_vanish_in_spite_of_padding(command):
    original = command.convert(convolution(pad=1))
    model = command.convert(convolution(pad=1), "--scale", "255", "--reverse_input_channels")
    assert model.layers == ["Convolution", "ReLU"]
    x = raw(1, 3, 8, 8)
    exact(model, original, x, ready(x, 1, True, scale=(255.0,)))


def test_without_fusing_everything_stays_visible_in_order(command):
    original = command.convert(convolution())
    model = command.convert(convolution(), *ALL, "--disable_fusing")
    assert model.layers == ["Gather", "Subtract", "Divide", "Convolution", "ReLU"]
    x = raw(1, 3, 8, 8)
    exact(model, original, x, ready(x, 1, True, MEAN, SCALE))


def test_channels_last(command):
    original = command.convert(LAST)
    model = command.convert(LAST, *ALL)
    assert model.layers == ["Transpose", "Convolution", "Add", "Transpose"]
    x = raw(1, 8, 8, 3)
    exact(model, original, x, ready(x, 3, True, MEAN, SCALE))


def test_whole_numbers_become_real_first(command):
    original = command.convert(convolution(element="u8"), "--input", "data[1,3,8,8]{f32}")
    model = command.convert(convolution(element="u8"), *ALL)
    assert model.layers == ["Convert", "Convolution", "Add", "ReLU"]
    assert command.convert(convolution(element="u8"), *ALL[:-1]).layers == ["Convert", "Convolution", "Add", "ReLU"]
    x = raw(1, 3, 8, 8, element=np.uint8)
    exact(model, original, x, ready(x, 1, True, MEAN, SCALE))


def test_an_input_may_take_pixels_though_the_model_computes_with_real_numbers(command):
    original = command.convert(convolution())
    model = command.convert(convolution(), "--input", "data{u8}", *ALL)
    assert model.layers == ["Convert", "Convolution", "Add", "ReLU"]
    x = raw(1, 3, 8, 8, element=np.uint8)
    exact(model, original, x, ready(x, 1, True, MEAN, SCALE))
    assert model.compiled().input("data").element_type.get_type_name() == "u8"


def test_pixels_may_come_in_another_layout(command):
    original = command.convert(convolution())
    model = command.convert(convolution(), "--input", "data{u8}", "--layout", "data(nchw->nhwc)", *ALL)
    x = raw(1, 8, 8, 3, element=np.uint8)
    exact(model, original, x, ready(x, 3, True, MEAN, SCALE).transpose(0, 3, 1, 2))
    assert model.compiled().input("data").element_type.get_type_name() == "u8"


def test_a_cut_may_take_pixels_too(command):
    text = """
        %x = Parameter : f32[1,3,8,8] "data"
        %a = ReLU(%x) "first" <"a">
        %b = Elu(%a) {alpha=1.0} "second" <"b">
        return %b
    """
    model = command.convert(text, "--input", "a{u8}", "--scale", "255")
    x = raw(1, 3, 8, 8, element=np.uint8)
    assert largest_difference(model.run({"a": x})[0], x / np.float32(255)) <= TOLERANCE


def test_whole_numbers_that_stay_so_have_no_mean(command, capsys):
    text = """
        %x = Parameter : u8[1,3] "data"
        %y = Add(%x, %x) "sum" <"y">
        return %y
    """
    assert command(text, "--mean_values", "[1,2,3]") == 2
    error = capsys.readouterr().err
    assert "whole numbers" in error and "data{f32}" in error


def test_the_name_of_the_input_stays_at_the_input(command):
    model = command.convert(convolution(), *ALL, "--disable_fusing")
    port = model.layer("data").find("output/port")
    assert port is not None and port.get("names") == "data"
    assert all(p.get("names") != "data" for layer in model.layers[:3] for p in model.net.iter("port") if p is not port)


def test_several_inputs_by_name(command):
    model = command.convert(TWO, "--mean_values", "info[1,2,3],image[4,5,6]", "--scale_values", "image[2]")
    image, info = raw(1, 3, 4, 4), raw(1, 3)
    (got,) = model.run({"image": image, "info": info})
    wanted = ready(image, 1, mean=(4, 5, 6), scale=(2,)).sum((2, 3)) * ready(info, 1, mean=(1, 2, 3))
    assert largest_difference(got, wanted) <= TOLERANCE


def test_several_inputs_in_order(command):
    model = command.convert(TWO, "--mean_values", "(4,5,6),(1,2,3)")
    image, info = raw(1, 3, 4, 4), raw(1, 3)
    (got,) = model.run({"image": image, "info": info})
    wanted = ready(image, 1, mean=(4, 5, 6)).sum((2, 3)) * ready(info, 1, mean=(1, 2, 3))
    assert largest_difference(got, wanted) <= TOLERANCE


def test_only_images_are_reversed(command):
    model = command.convert(TWO, "--reverse_input_channels", "--scale", "2")
    image, info = raw(1, 3, 4, 4), raw(1, 3)
    (got,) = model.run({"image": image, "info": info})
    assert largest_difference(got, ready(image, 1, True, scale=(2,)).sum((2, 3)) * info / 2) <= TOLERANCE


def test_shapes_are_read_from_the_input_itself(command):
    text = """
        %x = Parameter : f32[?,3,8,8] "data"
        %s = ShapeOf(%x) "shape" <"s">
        %r = ReLU(%x) "relu" <"y">
        return %s, %r
    """
    model = command.convert(text, "--mean_values", "[1,2,3]")
    x = raw(2, 3, 8, 8)
    shape, y = model.run({"data": x})
    assert list(shape) == [2, 3, 8, 8]
    assert largest_difference(y, np.maximum(ready(x, 1, mean=(1, 2, 3)), 0)) <= TOLERANCE


# -- layouts


def test_the_target_layout_is_that_of_the_model_input(command):
    original = command.convert(convolution())
    model = command.convert(convolution(), "--layout", "data(nchw->nhwc),y(nchw->nhwc)", *ALL)
    x = raw(1, 8, 8, 3)
    prepared = ready(x, 3, True, MEAN, SCALE).transpose(0, 3, 1, 2)
    (got,), (wanted,) = model.run({"data": x}), original.run({"data": np.ascontiguousarray(prepared)})
    assert largest_difference(got, wanted.transpose(0, 2, 3, 1)) <= TOLERANCE
    compiled = model.compiled()
    assert compiled.inputs[0].get_node().layout.to_string() == "[N,H,W,C]"
    assert compiled.output("y").get_any_name() == "y"
    assert model.info("layouts") == "data: nchw to nhwc; y: nchw to nhwc"
    attributes = [a.get("layout") for a in model.net.iter("attribute") if a.get("name") == "layout"]
    assert attributes == ["[N,H,W,C]", "[N,H,W,C]"]


def test_source_and_target_layout_in_options_of_their_own(command):
    both = command.convert(convolution(), "--source_layout", "data[n,c,h,w]", "--target_layout", "data(nhwc)")
    one = command.convert(convolution(), "--layout", "nchw->nhwc")
    assert both.layers == one.layers == ["Transpose", "Convolution", "ReLU"]


def test_axes_without_a_meaning_keep_their_order(command):
    text = """
        %x = Parameter : f32[2,3,4,5] "data"
        %y = ReLU(%x) "relu" <"y">
        return %y
    """
    model = command.convert(text, "--layout", "data(n?c?->c??n)")
    x = raw(4, 3, 5, 2)
    (got,) = model.run({"data": x})
    assert np.array_equal(got, x.transpose(3, 1, 0, 2))
    model = command.convert(text, "--layout", "data(n...c->nc...)")
    x = raw(2, 5, 3, 4)
    assert np.array_equal(model.run({"data": x})[0], x.transpose(0, 2, 3, 1))


def test_a_layout_alone_is_recorded_and_changes_nothing(command):
    model = command.convert(convolution(), "--layout", "nchw")
    assert model.layers == ["Convolution", "ReLU"]
    assert [a.get("layout") for a in model.net.iter("attribute")] == ["[N,C,H,W]"]


def test_the_layout_decides_where_the_channels_are(command, capsys):
    text = '%x = Parameter : f32[1,3,4,3] "data"\n%y = ReLU(%x) "relu" <"y">\nreturn %y\n'
    assert command(text, "--mean_values", "[1,2,3]") == 2
    assert "axes 1 and 3" in capsys.readouterr().err
    model = command.convert(text, "--mean_values", "[1,2,3]", "--layout", "nhwc")
    x = raw(1, 3, 4, 3)
    assert largest_difference(model.run({"data": x})[0], np.maximum(ready(x, 3, mean=(1, 2, 3)), 0)) <= TOLERANCE


def test_a_layout_makes_up_for_an_unknown_number_of_channels(command, capsys):
    text = '%x = Parameter : f32[1,?,4,4] "data"\n%y = ReLU(%x) "relu" <"y">\nreturn %y\n'
    assert command(text, "--mean_values", "[1,2,3]") == 2
    assert "no axis" in capsys.readouterr().err
    model = command.convert(text, "--mean_values", "[1,2,3]", "--layout", "nchw")
    x = raw(1, 3, 4, 4)
    assert largest_difference(model.run({"data": x})[0], np.maximum(ready(x, 1, mean=(1, 2, 3)), 0)) <= TOLERANCE


def test_guesses_are_told_and_statements_are_not(command, capsys):
    command.convert(convolution(), "--mean_values", "[1,2,3]")
    assert "are taken to be axis 1" in capsys.readouterr().out
    command.convert(convolution(), "--mean_values", "[1,2,3]", "--layout", "nchw")
    assert "are taken to be" not in capsys.readouterr().out
    command.convert(convolution(), "--mean_values", "[127.5]", "--scale", "127.5")
    assert "are taken to be" not in capsys.readouterr().out


def test_the_formula_is_told(command, capsys, tmp_path):
    formula = "data: (reverse(x) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375], channels are axis 1"
    report = tmp_path / "report.json"
    model = command.convert(convolution(), *ALL, "--report", str(report))
    assert formula in capsys.readouterr().out
    assert model.info("preprocessing") == formula
    assert json.loads(report.read_text())["info"]["preprocessing"] == formula


@pytest.mark.parametrize(
    ("text", "argv", "words"),
    [
        (TWO, ["--mean_values", "imaeg[1,2,3]"], ['no input "imaeg"', 'mean "image"', '"info"']),
        (TWO, ["--mean_values", "[1,2,3]"], ["values for 1 input", "has 2"]),
        (TWO, ["--mean_values", "image[1,2,3],[4]"], ["with and without names"]),
        (TWO, ["--scale_values", "image[1,2]"], ["no axis", "2 channels", "--layout"]),
        (TWO, ["--mean_values", "image[1,2]", "--layout", "image(nchw)"], ["2 channels are given", "has 3"]),
        (TWO, ["--mean_values", "image[1,2,3]", "--layout", "image(n?hw)"], ["has no channels"]),
        (TWO, ["--scale_values", "(1,2,3),(4)", "--scale", "2"], ["exclude each other"]),
        (TWO, ["--layout", "nchw"], ["1 layout", "2 inputs"]),
        (TWO, ["--layout", "image(nchw),image(nhwc)"], ["given twice"]),
        (TWO, ["--layout", "iamge(nchw)"], ['no input or output "iamge"', 'mean "image"']),
        (TWO, ["--layout", "image(nhw)"], ["has 3 axes", "[1,3,4,4]"]),
        (TWO, ["--layout", "image(nchw->nchd)"], ["do not name the same axes"]),
        (TWO, ["--target_layout", "image(nhwc)"], ["--source_layout"]),
        (TWO, ["--layout", "image(nchw)", "--source_layout", "image(nchw)"], ["exclude each other"]),
        (TWO, ["--mean_values", "image[1,two,3]"], ['"two" is not a number', "^"]),
        (TWO, ["--scale_values", "image[1,0,3]"], ["holds 0"]),
    ],
)
def test_contradictions_are_refused(command, capsys, text, argv, words):
    assert command(text, *argv) == 2
    error = capsys.readouterr().err
    assert [w for w in words if w not in error] == []


def test_no_image_is_there_to_reverse(command, capsys):
    text = '%x = Parameter : f32[1,3] "data"\n%y = ReLU(%x) "relu" <"y">\nreturn %y\n'
    assert command(text, "--reverse_input_channels") == 2
    assert "data [1,3]" in capsys.readouterr().err


def test_names_are_those_of_the_inputs_after_cutting(command, capsys):
    text = """
        %x = Parameter : f32[1,3,8,8] "data"
        %a = ReLU(%x) "first" <"a">
        %b = Elu(%a) {alpha=1.0} "second" <"b">
        return %b
    """
    model = command.convert(text, "--input", "a", "--mean_values", "a[1,2,3]")
    x = raw(1, 3, 8, 8)
    prepared = ready(x, 1, mean=(1, 2, 3)).astype(np.float64)
    assert largest_difference(model.run({"a": x})[0], np.where(prepared > 0, prepared, np.expm1(prepared))) <= TOLERANCE
    assert command(text, "--input", "a", "--mean_values", "data[1,2,3]") == 2
    assert 'no input "data"' in capsys.readouterr().err
