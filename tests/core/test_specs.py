from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mo_core.errors import UsageError
from mo_core.ir import types as t
from mo_core.options.inputs import UNSET, InputSpec, parse_frozen, parse_inputs, parse_outputs, parse_shapes
from mo_core.options.preparation import (
    ChannelValues,
    LayoutSpec,
    TransformSpec,
    axis_of,
    parse_channel_values,
    parse_layouts,
    parse_transforms,
)


def shown(spec: InputSpec) -> tuple[object, ...]:
    shape = "-" if spec.shape is UNSET else t.format_shape(spec.shape)
    value = None if spec.value is None else spec.value.tolist()
    return spec.text, spec.name, spec.in_port, spec.out_port, shape, spec.element, value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data", ("data", "data", None, None, "-", None, None)),
        ("name[1,3,?,224..640]{f32}", ("name", "name", None, None, "[1,3,?,224..640]", t.f32, None)),
        ("2:node[3 4]->5", ("2:node", "node", 2, None, "[3,4]", None, 5)),
        ("node:1", ("node:1", "node", None, 1, "-", None, None)),
        ("onnx::Conv_1", ("onnx::Conv_1", "onnx::Conv_1", None, None, "-", None, None)),
        ("a:b:0[1, -1]", ("a:b:0", "a:b", None, 0, "[1,?]", None, None)),
        ("x[]", ("x", "x", None, None, "[]", None, None)),
        ("x[...]", ("x", "x", None, None, "[...]", None, None)),
        ("x[..8 1.. 3..3]", ("x", "x", None, None, "[..8,1..,3]", None, None)),
        ("x{FP16}->[1.5 nan]", ("x", "x", None, None, "-", t.f16, None)),
        ("x->True", ("x", "x", None, None, "-", None, True)),
        ("x->[[1,2],[3,4]]", ("x", "x", None, None, "-", None, [[1, 2], [3, 4]])),
        ("x{string}->'a,b'", ("x", "x", None, None, "-", t.string, "a,b")),
        ("x{i32}[2]->(1 2)", ("x", "x", None, None, "[2]", t.i32, [1, 2])),
    ],
)
def test_an_input_in_all_its_forms(text: str, expected: tuple[object, ...]) -> None:
    found = shown(parse_inputs(text)[0])
    assert found[:-1] == expected[:-1]
    if "nan" in text:
        np.testing.assert_array_equal(found[-1], [1.5, np.nan])  # type: ignore[arg-type]
    else:
        assert found[-1] == expected[-1]


def test_commas_in_brackets_and_quotes_do_not_separate() -> None:
    specs = parse_inputs('a[1,2],b->[1,2], c{u8} ,d->"x,y"')
    assert [s.text for s in specs] == ["a", "b", "c", "d"]


def test_the_same_name_of_an_unknown_dimension_is_the_same_dimension() -> None:
    a, b, c = parse_inputs("a[?n,3],b[?n],c[?]")
    assert isinstance(a.shape, tuple) and isinstance(b.shape, tuple) and isinstance(c.shape, tuple)
    assert a.shape[0] is b.shape[0]
    assert a.shape[0] is not c.shape[0]


@pytest.mark.parametrize(
    ("python", "text"),
    [
        (["a", "b"], "a,b"),
        (("a", "b"), "a,b"),
        (("a", [1, -1], "f32"), "a[1,?]{f32}"),
        ([("a", np.float32, [1, None]), "b[2]"], "a[1,?]{f32},b[2]"),
        ({"a": [1, "2..4"], "b": None}, "a[1,2..4],b"),
        ([1, 3, 224, 224], "[1,3,224,224]"),
        ([[1, 3], (2,)], "[1,3],[2]"),
        (InputSpec("a", "a"), "a"),
        ([("a", bool)], "a{boolean}"),
        (None, ""),
    ],
)
def test_python_data_means_what_the_text_means(python: object, text: str) -> None:
    assert list(map(shown, parse_inputs(python))) == list(map(shown, parse_inputs(text)))


class PartialShape:
    """As openvino's prints itself."""

    rank = 2

    def __str__(self) -> str:
        return "[1..8,?]"


def test_shape_objects_are_read_by_what_they_print() -> None:
    assert t.format_shape(parse_shapes(PartialShape())[0]) == "[1..8,?]"
    assert shown(parse_inputs([("a", PartialShape())])[0])[4] == "[1..8,?]"


@pytest.mark.parametrize(
    ("text", "column", "fact"),
    [
        ("a[1,x]", 4, '"x" is not a dimension'),
        ("a[1,,2]", 4, "a dimension is missing"),
        ("a[5..2]", 2, "5..2"),
        ("a[-2]", 2, "-2"),
        ("a[1", 1, "never closed"),
        ("a]", 1, "closes nothing"),
        ("a,,b", 2, "between two commas"),
        ("a{f3}", 2, '"f3" is not an element type'),
        ("a[1][2]", 1, "shape is given twice"),
        ("a->", 0, "not one value"),
        ("a->1 2", 3, "not one value"),
        ("a->[1,[2]]", 3, "different lengths"),
        ("a->[1,b]", 3, "mix texts and numbers"),
        ("->1", -1, ""),
    ],
)
def test_mistakes_are_shown_where_they_are(text: str, column: int, fact: str) -> None:
    if column < 0:
        assert parse_inputs(text)[0].text == ""  # the next input in order
        return
    with pytest.raises(UsageError, match=fact.replace("[", r"\[")) as e:
        parse_inputs(text)
    line, caret = e.value.remedy.split("\n")[:2]
    assert line == f"  --input {text}"
    if "not one value" not in fact:
        assert caret.index("^") - len("  --input ") == column


def test_a_long_text_is_shown_around_the_mistake() -> None:
    with pytest.raises(UsageError) as e:
        parse_inputs("a[" + "1," * 5000 + "x" + ",1" * 5000 + "]")
    line, caret = e.value.remedy.split("\n")[:2]
    assert len(line) < 120
    assert line[caret.index("^")] == "x"


def test_outputs_keep_order_and_ports() -> None:
    specs = parse_outputs("prob,2:node, node:1")
    assert [(s.text, s.name, s.in_port, s.out_port) for s in specs] == [
        ("prob", "prob", None, None),
        ("2:node", "node", 2, None),
        ("node:1", "node", None, 1),
    ]
    assert parse_outputs(["a", "b"]) == [*parse_outputs("a"), *parse_outputs("b")]
    with pytest.raises(UsageError, match="takes names"):
        parse_outputs([3])


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("[1,3,224,224]", ["[1,3,224,224]"]),
        ("(1,3),[1 ?]", ["[1,3]", "[1,?]"]),
        ("[],(3,)", ["[]", "[3]"]),
        ([1, 3], ["[1,3]"]),
        ([[1, 3], "[2]"], ["[1,3]", "[2]"]),
        ((1, None, -1, "2..4"), ["[1,?,?,2..4]"]),
        (None, []),
    ],
)
def test_shapes(given_: object, expected: list[str]) -> None:
    assert list(map(t.format_shape, parse_shapes(given_))) == expected


def test_a_shape_without_brackets_is_refused() -> None:
    with pytest.raises(UsageError, match="stands in brackets"):
        parse_shapes("1,3,224,224")


def test_frozen_values_are_required() -> None:
    specs = parse_frozen("a->True,b->[1 2]")
    assert [(s.text, s.value.tolist()) for s in specs if s.value is not None] == [("a", True), ("b", [1, 2])]
    assert [(s.text, s.value.tolist()) for s in parse_frozen({"a": 1.5}) if s.value is not None] == [("a", 1.5)]
    with pytest.raises(UsageError, match='"a" has no value'):
        parse_frozen("a")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("(123,117,104)", ChannelValues({}, ((123, 117, 104),))),
        ("[1 2],[3]", ChannelValues({}, ((1, 2), (3,)))),
        ("data[1,2],info(3)", ChannelValues({"data": (1, 2), "info": (3,)})),
        ("255", ChannelValues({}, ((255,),))),
        ("1,2,3", ChannelValues({}, ((1, 2, 3),))),
        (127.5, ChannelValues({}, ((127.5,),))),
        ([1, 2, 3], ChannelValues({}, ((1, 2, 3),))),
        ([[1, 2], [3]], ChannelValues({}, ((1, 2), (3,)))),
        ({"data": [1, 2]}, ChannelValues({"data": (1, 2)})),
        (np.array([1, 2]), ChannelValues({}, ((1, 2),))),
        ("", ChannelValues()),
        ((), ChannelValues()),
    ],
)
def test_channel_values(given_: object, expected: ChannelValues) -> None:
    assert parse_channel_values(given_, "mean_values") == expected
    assert bool(expected) == (given_ not in ("", ()) if isinstance(given_, (str, tuple)) else True)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ("a[1],(2)", "mixes inputs"),
        ("a[x]", '"x" is not a number'),
        ("a", "stand in brackets"),
        ("a[]", "no values"),
        ("a[1],a[2]", "twice"),
        ("(1,0)", "holds 0"),
        ("(nan)", "finite"),
        ([None], "no list of numbers"),
        ({"a": "x"}, "not a number"),
    ],
)
def test_wrong_channel_values(given_: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_channel_values(given_, "scale_values")


NHWC, NCHW, NC = ("n", "h", "w", "c"), ("n", "c", "h", "w"), ("n", "c")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("nhwc", [LayoutSpec("", NHWC)]),
        ("nhwc->nchw,nc", [LayoutSpec("", NHWC, NCHW), LayoutSpec("", NC)]),
        ("in(nhwc->nchw),out(nc)", [LayoutSpec("in", NHWC, NCHW), LayoutSpec("out", NC)]),
        ("in[n,h,w,c]->[n,c,h,w]", [LayoutSpec("in", NHWC, NCHW)]),
        ("in([N,H,W,C])", [LayoutSpec("in", NHWC)]),
        ("[n*c,...]", [LayoutSpec("", ("n*c", "..."))]),
        ("n?...c", [LayoutSpec("", ("n", "?", "...", "c"))]),
        ("->nchw", [LayoutSpec("", None, NCHW)]),
        ("s([])", [LayoutSpec("s", ())]),
        ({"in": "nhwc->nchw"}, [LayoutSpec("in", NHWC, NCHW)]),
        (["nhwc", "nc"], [LayoutSpec("", NHWC), LayoutSpec("", NC)]),
        ((), []),
        ({"in": ("nhwc", "nchw")}, [LayoutSpec("in", NHWC, NCHW)]),
    ],
)
def test_layouts(given_: object, expected: list[LayoutSpec]) -> None:
    assert parse_layouts(given_, "layout") == expected


def test_a_target_layout_is_the_target_and_takes_no_arrow() -> None:
    assert parse_layouts("in(nchw)", "target_layout") == [LayoutSpec("in", None, NCHW)]
    with pytest.raises(UsageError, match="only --layout takes an arrow"):
        parse_layouts("nhwc->nchw", "source_layout")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nnc", "stands twice"),
        ("in(nhwc),nc", "mixes"),
        ("n-c", "no axis"),
        ("in()", "missing"),
        ("a(nc),a(nc)", "twice"),
    ],
)
def test_wrong_layouts(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_layouts(text, "layout")


def test_axis_of_a_layout() -> None:
    assert axis_of(NHWC, "c", 4) == 3
    assert axis_of(("n", "...", "c"), "c", 5) == 4
    assert axis_of(("n", "...", "c"), "n", 5) == 0
    assert axis_of(NHWC, "d", 4) is None


def test_transforms() -> None:
    assert parse_transforms("LowLatency2[use_const_initializer=False],Pruning") == [
        TransformSpec("LowLatency2", {"use_const_initializer": False}),
        TransformSpec("Pruning"),
    ]
    assert parse_transforms("MakeStateful[param_res_names={'in':'out','a':'b'}]") == [
        TransformSpec("MakeStateful", {"param_res_names": {"in": "out", "a": "b"}})
    ]
    pair = ("MakeStateful", {"param_res_names": {"in": "out"}})
    assert parse_transforms([pair]) == parse_transforms(pair) == [TransformSpec(*pair)]
    assert parse_transforms("LowLatency2[]") == [TransformSpec("LowLatency2")]
    for text, message in (
        ("LowLatency3", "LowLatency2"),
        ("LowLatency", "no longer"),
        ("Pruning[x]", "key=value"),
        ("Pruning[x=1]", "It has none"),
        ("MakeStateful[param_res_name={'a':'b'}]", "param_res_names"),
        ("Pruning,Pruning", "names Pruning twice"),
    ):
        with pytest.raises(UsageError, match=message):
            parse_transforms(text)


# Whatever is written: a result or a UsageError.

SIGNS = st.text(alphabet="ab1209:[](){}->,.?-*=;'\" \n\tfi36é\x00…", max_size=40)
PIECES = st.lists(
    st.sampled_from(
        [
            "data",
            "[1,3]",
            "{f32}",
            "->",
            "[1 2]",
            ",",
            ":",
            "0",
            "2:",
            "(",
            ")",
            "?",
            "..",
            "9" * 30,
            "nhwc",
            "[[",
            "'a'",
            "=",
            "nan",
        ]
    ),
    max_size=12,
).map("".join)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SIGNS,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(SIGNS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(SIGNS | PIECES | DATA)
def test_nothing_but_a_result_or_a_usage_error(given_: object) -> None:
    facts = []

    def attempt(parse: object, *more: object) -> None:
        try:
            parse(given_, *more)  # type: ignore[operator]
        except UsageError as e:
            facts.append(e.fact)

    for parse in (parse_inputs, parse_outputs, parse_shapes, parse_frozen, parse_transforms):
        attempt(parse)
    attempt(parse_channel_values, "scale_values")
    for option in ("layout", "source_layout", "target_layout"):
        attempt(parse_layouts, option)
    assert all(facts)
