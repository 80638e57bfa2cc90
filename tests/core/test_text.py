from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mo_core import ops
from mo_core.errors import InternalError, MoError, UsageError
from mo_core.ir import Constant, Foreign, Graph
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Lazy, Mapped, MappedFile
from mo_core.ir.text import Dumper, Random, Unread, excerpt, format_graph
from mo_core.ir.types import Dynamic
from mo_core.testing import parse

SAMPLE = """\
graph "toy \\"net\\"" {
  %0 = Parameter : f32[?n,3,?a=8..,?b] "data"
  %1 = Parameter : f32[2] "second" <"second", "alias">
  %2 = Constant random(7) : f32[3,1,1] "weights"
  %3 = Multiply(%0, %2) : f32[?n,3,?a,?b] "scale" <"scaled">
  %4 = Elu(%3) {alpha=0.5} : f32[?n,3,?a,?b] "elu" <"elu_out">
  %5 = ShapeOf(%4) : i64[4] "shape"
  %6 = Constant 1 : i64[]
  %7, %8 = TopK(%4, %6) {axis=1, mode=max, sort=value} : f32[?n,1,?a,?b], i32[?n,1,?a,?b] "top k" <> <"i", "j">
  %9 = Constant [[1.0, -2.5], [nan, 0.1]] as f16 : f32[2,2]
  %10 = Constant ["a", "b\\n"] : string[2]
  %11 = Constant [] : i64[0] "none"
  return %4 "prob", %8, %5, %9, %10
}
"""

CONTROL = """\
graph "control" {
  %0 = Parameter : boolean[] "condition"
  %1 = Parameter : f32[4,5] "x"
  %2 = If(%0, %1) {then_body=graph "yes" {
    %3 = Parameter : f32[4,5] "inner"
    %4 = ReLU(%3) : f32[4,5]
    return %4
  }, else_body=graph "no" {
    %5 = Parameter : f32[4,5]
    %6 = Negative(%5) : f32[4,5]
    return %6
  }, then_inputs=[0], else_inputs=[0]} : f32[4,5] "if"
  %7 = TensorIterator(%2) {body=graph "step" {
    %8 = Parameter : f32[1,5]
    %9 = Exp(%8) : f32[1,5]
    return %9
  }, input_ports=[Sliced(parameter=0, axis=0, start=0, end=-1, stride=1, part_size=1)], \
output_ports=[Concatenated(result=0, axis=0, start=0, end=-1, stride=1, part_size=1)]} : f32[4,5] "loop"
  return %7
}
"""

SOURCE = """\
graph "source" {
  %0 = Parameter : f32[?n] "x"
  %1, %2 = toy."my op"@13 of "some domain"(%0, _, %0) {"a b"=[1, 2.5, "x"], t=tensor i32[2] [1, 2], n=none, \
raw=bytes("00ff"), d={"k": true}, body=graph "inner" {
    %3 = Parameter : f32[?n] "p"
    %4 = toy.Plain(%3, %0) : f32[...] "plain"
    return %4
  }} : f32[?n,1..3], dynamic[...] "foreign"
  return %1
}
"""


@pytest.mark.parametrize("text", [SAMPLE, CONTROL, SOURCE], ids=["ops", "bodies", "foreign"])
def test_what_is_printed_is_read_back(text: str) -> None:
    graph = parse(text)
    graph.verify()
    assert format_graph(graph) == text


def test_reading_builds_the_graph_that_is_described() -> None:
    graph = parse(SAMPLE)
    data, second = graph.inputs
    assert (data.name, data.names, second.names) == ("data", ["data"], ["second", "alias"])
    nodes = {n.name: n for n in graph}
    assert isinstance(nodes["elu"], ops.Elu)
    assert nodes["elu"].alpha == 0.5
    assert nodes["elu"].dims[0] is data.dims[0]
    assert nodes["top k"].results[1].names == ["i", "j"]
    constants = [n for n in graph if isinstance(n, Constant)]
    assert constants[2].stored_as is t.f16
    np.testing.assert_array_equal(constants[2].value.numpy(), np.float32([[1, -2.5], [np.nan, 0.1]]))
    assert graph.outputs[0].name == "prob"


def test_attributes_and_slots_of_source_ops_keep_their_kinds() -> None:
    node = next(n for n in parse(SOURCE) if isinstance(n, Foreign))
    assert (node.framework, node.op, node.version, node.domain) == ("toy", "my op", 13, "some domain")
    assert [v is None for v in node.slots] == [False, True, False]
    given_ = node.given
    assert given_["a b"] == (1, 2.5, "x")
    assert (given_["n"], given_["raw"], given_["d"]) == (None, b"\x00\xff", {"k": True})
    np.testing.assert_array_equal(given_["t"].numpy(), np.int32([1, 2]))
    inner = next(n for n in given_["body"] if isinstance(n, Foreign))
    assert inner.operands[1] is node.operands[0]


def test_handwritten_text_may_be_short() -> None:
    graph = parse(
        """
        %x = Parameter : f32[2,?] "x"     // an input
        %y = Multiply(Add(%x, 1), 2)      // no nesting
        return %y
    """.replace("Multiply(Add(%x, 1), 2)", "Multiply(%x, [2.0])")
    )
    assert format_graph(graph) == (
        'graph "" {\n  %0 = Parameter : f32[2,?a] "x"\n  %1 = Constant [2.0] : f32[1]\n'
        "  %2 = Multiply(%0, %1) : f32[2,?a]\n  return %2\n}\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("%0 = Parametr : f32[1]", r'line 1 .*no operation "Parametr"; did you mean "Parameter"'),
        ("%0 = Parameter", "needs its type"),
        ("\n%0 = Parameter : f32[x]", 'line 2 .*"x" is not a dimension'),
        ("%0 = Parameter : f23[1]", 'no element type "f23"'),
        ("%0 = ReLU(%x)", "%x is not defined above"),
        ("%0 = Parameter : f32[2]\n%0 = ReLU(%0)", "%0 is defined twice"),
        ("%0 = Parameter : f32[2]\n%1 = ReLU(%0) : f32[3]", r"line 2 .*type is f32\[2\], and the text says f32\[3\]"),
        ("%0 = Parameter : f32[?a,?b]\n%1 = ReLU(%0) : f32[?b,?a]", "the text says"),
        ("%0 = Parameter : f32[2]\n%1, %2 = ReLU(%0)", "has 1 results, and 2 are named"),
        ("%0 = Parameter : f32[2]\n%1 = Elu(%0) {beta=1}", 'no attribute "beta"'),
        ("%0 = Parameter : f32[2]\n%1 = Elu(%0)", 'needs attribute "alpha"'),
        ("%0 = Parameter : f32[2]\n%1 = Add(%0, %0", "is expected"),
        ("%0 = Constant [1, 2] : f32[3]", "2 numbers are given"),
        ("%0 = Constant [1, 2]", "needs its type"),
        ("%0 = Constant [x] : f32[1]", "no values of type f32"),
        ("graph {} rest", "nothing is expected"),
        ("%0 = Constant " + "[" * 200, "nested more than 64 deep"),
    ],
)
def test_mistakes_name_their_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(text)


def test_random_tensors_are_the_same_every_time() -> None:
    a, b = (parse("%0 = Constant random(3) : f32[4,5]\nreturn %0") for _ in range(2))
    x, y = (g.outputs[0].source.const for g in (a, b))
    assert x is not None and y is not None
    np.testing.assert_array_equal(x, y)
    assert np.abs(x).max() < 1
    assert Random(1, t.u8, (100,)).numpy().max() == 4
    assert Random(1, t.i4, (100,)).numpy().min() == -4


def test_large_constants_are_shown_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(400))
    mapped = Mapped(MappedFile(tmp_path / "w.bin"), 0, t.f32, (100,))

    def never(_: object) -> object:
        raise AssertionError("weights must not be evaluated to be looked at")

    graph = Graph("g")
    for tensor in (mapped, Array(np.zeros(64, np.float32)), Lazy(never, (mapped,), t.f32, (100,))):
        graph.add_output(graph.add(Constant(value=tensor)))
    text = format_graph(graph)
    assert 'Constant window("w.bin", 0) : f32[100]' in text
    assert 'Constant checksum("0d968558") : f32[64]' in text
    assert 'Constant recipe("never") : f32[100]' in text
    again = parse(text)
    assert format_graph(again) == text
    unread = again.outputs[0].source.tensor
    assert isinstance(unread, Unread)
    with pytest.raises(InternalError, match="does not hold the weights"):
        unread.numpy()


def test_unknown_dimensions_have_names_only_where_that_says_something() -> None:
    n = Dynamic(name="batch size")
    graph = Graph("g")
    a = graph.add_input("a", t.f32, (n, Dynamic(), Dynamic(1, 4)))
    b = graph.add_input("b", t.f32, (n, 2))
    graph.add_output(a)
    graph.add_output(b)
    assert "f32[?batch_size,?,1..4]" in format_graph(graph)
    assert "f32[?batch_size,2]" in format_graph(graph)


def test_runtime_information_is_kept() -> None:
    text = SAMPLE.replace(
        '"elu" <"elu_out">', '"elu" <"elu_out"> rt {"mark": {"value": "1"}} ports {"0": {"layout": {"value": "nc"}}}'
    )
    graph = parse(text)
    elu = next(n for n in graph if n.name == "elu")
    assert elu.rt_info == {"mark": {"value": "1"}}
    assert elu.port_info == {0: {"layout": {"value": "nc"}}}
    assert format_graph(graph) == text


def test_an_excerpt_marks_the_node_among_its_neighbours() -> None:
    graph = parse(SAMPLE)
    lines = excerpt(graph, next(n for n in graph if n.name == "elu"), radius=1).split("\n")
    assert [line[:2] for line in lines] == ["  ", "> ", "  "]
    assert "Elu(%3)" in lines[1]


def test_the_dumper_writes_only_what_changed(tmp_path: Path) -> None:
    graph = parse(SAMPLE)
    dumper = Dumper(tmp_path / "dump")
    dumper.before("nothing", graph)
    dumper.after("nothing", graph, True)
    dumper.before("a pass+another/one", graph)
    graph.remove_output(graph.outputs[0])
    dumper.after("a pass+another/one", graph, True)
    assert sorted(p.name for p in (tmp_path / "dump").iterdir()) == [
        "001-a_pass+another_one.after.txt",
        "001-a_pass+another_one.before.txt",
    ]
    assert (tmp_path / "dump" / "001-a_pass+another_one.before.txt").read_text() == SAMPLE
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make"):
        Dumper(tmp_path / "file" / "dump")


def test_a_long_graph_is_printed_and_read_in_linear_time() -> None:
    text = (
        '%0 = Parameter : f32[4] "x"\n' + "".join(f"%{i + 1} = ReLU(%{i})\n" for i in range(10_000)) + "return %10000"
    )
    graph = parse(text)
    assert len(graph) == 10_002
    assert len(format_graph(graph).split("\n")) == 10_005


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(SAMPLE) - 1),
    st.sampled_from(["", '"', "{", "[", "(", "%", "}", "x", "9" * 30, "\n", "=", "inf", "?a"]),
)
def test_damaged_text_gives_a_graph_or_an_error_of_ours(at: int, put: str) -> None:
    facts = []
    for text in (SAMPLE, CONTROL, SOURCE):
        at %= len(text)
        for damaged in (text[:at] + put + text[at + 1 :], text[:at] + put):
            try:
                parse(damaged).verify()
            except MoError as e:
                facts.append(e.fact)
    assert all(facts)
