"""Reading .prototxt: the same data as protobuf's own parser gives, what it does not keep, and errors by line."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from mo_caffe import caffe_pb2
from mo_caffe.prototxt import read_prototxt
from mo_caffe.schema import plain
from mo_core.errors import ModelError
from mo_core.frontend import textformat
from tests.adapters.caffe.nets import SMALL


def by_protobuf(text: str | bytes) -> Any:
    return plain(text_format.Parse(text, caffe_pb2.NetParameter()), lambda *_: None)


# The text format ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        SMALL.decode(),
        "",
        " # only a comment\n",
        'name: "a" # one\n# two\ninput: "x"',
        "name: 'single' input: 'with \"quotes\"'",
        'name: "in" "two" \'parts\'',
        r'name: "tab\t newline\n quote\" back\\ hex\x41 octal\101 short\7 u\u00e9 U\U0001F600"',
        "layer < name: 'x' convolution_param < num_output: 3 > >",
        "layer { name: 'x', type: 'Y'; top: 'z', }; layer: { name: 'w' }",
        "input_dim: [1, 3, 224, 224] input_dim: 5",
        "input_dim: [] input_dim: 0x1F input_dim: -0x10 input_dim: 017 input_dim: 0",
        "layer [{ name: 'a' }, < name: 'b' >]",
        "layer { power_param { scale: 1 shift: .5 power: 1.5e-3 } }",
        "layer { power_param { scale: 1. shift: -2.5f power: 1e3F } }",
        "layer { power_param { scale: inf shift: -inf power: 10 } }",
        "force_backward: true debug_info: 0",
        "force_backward: True debug_info: f",
        "layer { pooling_param { pool: AVE engine: CUDNN } }",
        "layer { pooling_param { pool: 1 } }",
        "input_shape { dim: -1 dim: 9223372036854775807 }",
        "layer { include { phase: TEST stage: 'a' stage: 'b' } }",
        "layers { type: CONVOLUTION layer { type: 'conv' pool: AVE } }",
        "name:'x'layer{name:'y'}",
    ],
)
def test_declared_fields_read_as_protobuf_reads_them(text: str) -> None:
    assert read_prototxt(text.encode()) == by_protobuf(text)


TEXT = st.text(max_size=8)
FLOAT = st.floats(width=32, allow_nan=False)
BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "convolution_param": st.builds(
            caffe_pb2.ConvolutionParameter,
            num_output=st.integers(0, 2**32 - 1),
            bias_term=st.booleans(),
            kernel_size=st.lists(st.integers(0, 9), max_size=3),
        ),
        "power_param": st.builds(caffe_pb2.PowerParameter, power=FLOAT, scale=FLOAT),
        "pooling_param": st.builds(caffe_pb2.PoolingParameter, pool=st.sampled_from([0, 1, 2])),
        "prior_box_param": st.builds(caffe_pb2.PriorBoxParameter, min_size=st.lists(FLOAT, max_size=3)),
        "python_param": st.builds(caffe_pb2.PythonParameter, param_str=TEXT.map(str.encode)),
    },
)


@given(st.lists(st.tuples(TEXT, st.lists(TEXT, max_size=3), BLOCKS), max_size=4))
def test_what_protobuf_writes_is_read(layers: list[tuple[str, list[str], dict[str, Any]]]) -> None:
    net = caffe_pb2.NetParameter()
    for name, bottoms, blocks in layers:
        net.layer.add(name=name.encode(), bottom=[b.encode() for b in bottoms], **blocks)
    text = text_format.MessageToString(net)
    assert read_prototxt(text.encode()) == by_protobuf(text)


def test_numbers_stay_as_they_are_written() -> None:
    (layer,) = read_prototxt(b"layer { power_param { scale: 0.1 } }")["layer"]
    assert layer["power_param"] == {"scale": 0.1}


def test_a_byte_order_mark_is_ignored() -> None:
    assert read_prototxt(b'\xef\xbb\xbfname: "x"') == {"name": "x"}


def test_names_that_are_not_utf8_stay_distinct() -> None:
    net = read_prototxt(b'input: "\xd6\xd0" input: "\xb9\xfa" input: "\\xd6"')
    assert net["input"] == [r"\xd6\xd0", r"\xb9\xfa", r"\xd6"]


# What is not declared ----------------------------------------------------------------------------------------------


def layer_of(text: str) -> Any:
    return read_prototxt(f"layer {{ {text} }}".encode())["layer"][0]


def test_an_undeclared_block_is_kept_as_plain_data() -> None:
    layer = layer_of('type: "Mine" mine_param { count: 3 scale: 0.5 name: "x" mode: FAST on: true inner { a: -1 } }')
    mine = {"count": 3, "scale": 0.5, "name": "x", "mode": "FAST", "on": True, "inner": {"a": -1}}
    assert layer == {"type": "Mine", "mine_param": mine}


def test_an_undeclared_field_in_a_declared_block_is_kept() -> None:
    assert layer_of("pooling_param { pool: MAX my_mode: 2 }")["pooling_param"] == {"pool": "MAX", "my_mode": 2}


def test_an_undeclared_field_that_repeats_is_a_list() -> None:
    assert layer_of("mine { a: 1 b: 2 a: 3 b { c: 4 } a: 5 }")["mine"] == {"a": [1, 3, 5], "b": [2, {"c": 4}]}


def test_undeclared_lists_in_brackets_are_lists() -> None:
    assert layer_of("mine { a: [1] b: [1, 2] b: 3 c: [] d { e: [1, 2] } }")["mine"] == {
        "a": 1,
        "b": [1, 2, 3],
        "c": [],
        "d": {"e": [1, 2]},
    }


def test_an_undeclared_value_of_an_enumeration_is_kept() -> None:
    assert layer_of("pooling_param { pool: MEDIAN }")["pooling_param"] == {"pool": "MEDIAN"}
    assert layer_of("pooling_param { pool: 77 }")["pooling_param"] == {"pool": 77}


def test_an_extension_is_kept_by_its_name() -> None:
    assert layer_of("[my.fork.param] { a: 1 }") == {"my.fork.param": {"a": 1}}


# Errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fact", "where"),
    [
        ('name: "x"\nlayer {\n  name 5\n}', "\":\" is expected after name, not '5'", "line 3, column 8"),
        ("layer {\n name: 5 }", "a text in quotes is expected, not '5'", "line 2, column 8"),
        ("input_dim: 1.5", "a whole number from -2147483648 to 2147483647 is expected", "line 1, column 12"),
        ("input_dim: 2147483648", "a whole number", "line 1"),
        ("input_dim: 0x", "a whole number", "line 1"),
        ("layer { pooling_param { kernel_size: -1 } }", "from 0 to 4294967295", "line 1"),
        ("layer { power_param { scale: big } }", "a number is expected, not 'big'", "line 1"),
        ("layer { power_param { scale: 1_0 } }", "a number is expected", "line 1"),
        ("layer { power_param { scale: 010 } }", "a number is expected", "line 1"),
        ("force_backward: maybe", "true or false is expected", "line 1"),
        ("layer { pooling_param { pool: -MAX } }", "a name is expected", "line 1"),
        ("layer { pooling_param: 3 }", "a message is expected, not '3'", "line 1"),
        ("name { a: 1 }", "a text in quotes is expected, not a message", "line 1"),
        ("name: 'a'\nname: 'b'", "name is given more than once", "line 2, column 1"),
        ("name: ['a', 'b']", "name is given more than once", "line 1"),
        ("layer {", "not the end of the file", "line 1, column 8"),
        ("layer { name: ", "a value is expected, not the end of the file", "line 1"),
        ("layer { name: 'x", "cannot stand here", "line 1, column 15"),
        ("}", "the name of a field is expected, not '}'", "line 1, column 1"),
        ("layer { name: 'x' >", "the name of a field is expected", "line 1"),
        ("input_dim: [1 2]", '"," or "]" is expected', "line 1"),
        ("mine: -x", "a value is expected, not '-x'", "line 1"),
        ("name: \x01", "cannot stand here", "line 1"),
        ("[a+b]: 1", "cannot stand here", "line 1"),
        ("[{]: 1", "the name of a field is expected", "line 1"),
    ],
)
def test_an_error_says_what_and_where(text: str, fact: str, where: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_prototxt(text.encode())
    assert fact in str(caught.value)
    assert where in str(caught.value)


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "git-LFS pointer"),
        (b"\r\n<!DOCTYPE html><html></html>", "HTML"),
        (b"\x0a\x05small\xa2\x06\x00\x00", "not text"),
    ],
)
def test_files_of_another_kind_are_named(content: bytes, fact: str) -> None:
    with pytest.raises(ModelError, match=fact):
        read_prototxt(content)


def test_a_huge_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textformat, "MAX_BYTES", 100)
    with pytest.raises(ModelError, match="has 101 bytes"):
        read_prototxt(b" " * 101)
    assert read_prototxt(b" " * 100) == {}


@pytest.mark.parametrize(("opening", "closing"), [("a {", "}"), ("a <", ">"), ("a: [{", "}]")])
def test_nesting_is_limited(opening: str, closing: str) -> None:
    deep = textformat.MAX_DEPTH - 1
    assert read_prototxt((opening * deep + closing * deep).encode())
    with pytest.raises(ModelError, match="nested more than 64 deep"):
        read_prototxt((opening * 100_000).encode())


def test_truncation_at_every_byte_is_a_model_error_or_a_shorter_net() -> None:
    refused = 0
    for end in range(len(SMALL)):
        try:
            read_prototxt(SMALL[:end])
        except ModelError:
            refused += 1
    assert refused > 0.9 * len(SMALL)


@given(st.binary(max_size=100))
def test_garbage_is_a_model_error_or_data(content: bytes) -> None:
    try:
        read_prototxt(content)
    except ModelError:
        pass


@given(st.text(alphabet="ab:{}<>[],;.\"'\\-#0159xefn \n", max_size=60))
def test_text_of_the_right_characters_is_a_model_error_or_data(text: str) -> None:
    try:
        read_prototxt(text.encode())
    except ModelError:
        pass


def executed_lines(content: bytes) -> int:
    lines = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        read_prototxt(content)
    finally:
        sys.settrace(previous)
    return lines


@pytest.mark.parametrize("element", [b"mine: 1 ", b"layer { name: 'x' } ", b"input_dim: 3 ", b"input: 'x' # comment\n"])
def test_cost_is_linear(element: bytes) -> None:
    assert executed_lines(element * 2000) < 10.5 * executed_lines(element * 200)
