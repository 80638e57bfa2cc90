from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.errors import UsageError
from mo_core.frontend import converter
from mo_core.ir import Graph, Value
from mo_core.rewriting.passes import Context, Stage, graph_pass, rewrites
from mo_core.rewriting.pattern import any_, const, p
from mo_core.rewriting.rewrite import rule
from mo_core.testing import assert_close, check_converter, check_pass, evaluate, outline, parse, random_inputs

CHAIN = """
    %x = Parameter : f32[2,3] "x"
    %a = Constant 1.0 : f32[]
    %y = Add(%x, %a) "first"
    %b = Constant 2.0 : f32[]
    %z = Add(%y, %b) "second" <"out">
    return %z
"""
MERGED = """
    %x = Parameter : f32[2,3]
    %c = Constant 3.0 : f32[]
    %z = Add(%x, %c)
    return %z
"""
CONVOLUTION = """
    %x = Parameter : f32[1,2,4,4] "x"
    %w = Constant random(1) : f32[3,2,1,1]
    %y = Convolution(%x, %w) {strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]}
    return %y
"""


@rule(p.Add(p.Add(any_("x"), const("a"), uses=1), const("b")))
def merge(x: Value, a: Value, b: Value) -> Value:
    return ops.Add(x, ops.Add(a, b))


@rule(p.Add(any_("x"), const("a")))
def double(x: Value, a: Value) -> Value | None:
    return None if a.const is not None and a.const > 4 else ops.Add(x, ops.Add(a, 3.0))


merge_adds = rewrites("merge", merge, stage=Stage.FUSE)
wrong = rewrites("wrong", double, stage=Stage.FUSE)


def test_a_right_pass_is_accepted_and_its_record_returned() -> None:
    record = check_pass(CHAIN, MERGED, merge_adds)
    assert record.counts == {"merge/merge": 1}
    check_pass(MERGED, None, merge_adds)


def test_another_graph_than_expected_is_shown_as_a_difference() -> None:
    with pytest.raises(AssertionError, match=r"(?s)another graph.*-  %1 = Constant 3.0.*\+  %1 = Constant 1.0"):
        check_pass(CHAIN, MERGED)
    with pytest.raises(AssertionError, match="another graph"):
        check_pass(CHAIN, None, merge_adds)


def test_a_pass_that_changes_results_is_caught_even_when_the_graph_looks_as_expected() -> None:
    with pytest.raises(AssertionError, match="values differ"):
        check_pass(MERGED, MERGED.replace("3.0", "6.0"), wrong)


def test_a_pass_that_loses_the_name_of_an_output_is_caught() -> None:
    @graph_pass("forget", stage=Stage.CLEANUP)
    def forget(graph: Graph, context: Context) -> bool:
        graph.outputs[0].source.names.clear()
        return False

    with pytest.raises(AssertionError, match=r"lost the names \['out'\]"):
        check_pass(CHAIN, None, forget)


def test_the_outline_depends_on_structure_alone() -> None:
    reordered = """
        %b = Constant 2.0 : f32[]
        %a = Constant 1.0 : f32[]
        %x = Parameter : f32[2,3] "other"
        %y = Add(%x, %a)
        %unread = ReLU(%y)
        %z = Add(%y, %b)
        return %z "out"
    """
    assert outline(parse(CHAIN)) == outline(parse(reordered))
    assert outline(parse(CHAIN)) != outline(parse(CHAIN.replace("%x, %a", "%a, %x")))


def test_evaluation_in_numpy_and_on_the_runtime_agree() -> None:
    pytest.importorskip("openvino")
    graph = parse(CHAIN)
    x = np.float32([[1, 2, 3], [4, 5, 6]])
    in_numpy, on_runtime = (evaluate(graph, x, engine=engine) for engine in ("numpy", "runtime"))
    np.testing.assert_array_equal(in_numpy[0], x + 3)
    assert_close(on_runtime, in_numpy)


def test_operations_that_do_not_fold_go_to_the_runtime() -> None:
    pytest.importorskip("openvino")
    graph = parse(CONVOLUTION)
    with pytest.raises(UsageError, match="Convolution cannot be computed by numpy"):
        evaluate(graph, *random_inputs(graph), engine="numpy")
    (x,) = random_inputs(graph)
    weights = next(n for n in graph if isinstance(n, ops.Constant)).value.numpy()
    assert_close(evaluate(graph, x), [np.einsum("ncyx,ocij->noyx", x, weights)])


def test_random_inputs_are_seeded_and_agree_on_shared_dimensions() -> None:
    graph = parse('%a = Parameter : f32[?n,3] "a"\n%b = Parameter : i64[?n,..2] "b"\n%c = Parameter : boolean[] "c"')
    a, b, c = random_inputs(graph)
    again = random_inputs(graph)
    assert a.shape[0] == b.shape[0]
    assert b.shape[1] <= 2
    assert (a.dtype, b.dtype, c.dtype) == (np.float32, np.int64, np.bool_)
    assert all(np.array_equal(x, y) for x, y in zip((a, b, c), again))
    with pytest.raises(UsageError, match='rank of "x" is unknown'):
        random_inputs(parse('%x = Parameter : f32[...] "x"'))


@pytest.mark.parametrize(
    ("actual", "expected", "message"),
    [
        ([[1.0]], [[1.0], [2.0]], "1 outputs, and 2"),
        ([[1.0]], [1.0], "has shape"),
        ([[1.0, 2.0]], [[1.0, 2.1]], "1 of 2 values differ"),
        ([[1.0, np.nan]], [[1.0, 0.0]], "1 of 2 values differ"),
        ([[True]], [[False]], "1 of 1 values differ"),
        ([["a"]], [["b"]], "1 of 1 values differ"),
    ],
)
def test_differences_are_told(actual: list[object], expected: list[object], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_close([np.array(a) for a in actual], [np.array(e) for e in expected])


def test_what_is_close_is_accepted() -> None:
    assert_close([np.float32([1, 100.0005])], [np.float32([1, 100])])
    assert_close([np.float32([np.nan, np.inf])], [np.float32([np.nan, np.inf])])


@converter("Scale")
def scale(x: Value, w: Value | None = None, *, factor: float = 1.0) -> Value:
    y = ops.Multiply(x, factor)
    return y if w is None else ops.Add(y, w)


@converter("Both")
def both(x: Value) -> list[Value]:
    return [ops.ReLU(x), ops.Negative(x)]


def test_a_converter_is_compared_with_what_is_expected() -> None:
    x, w = np.float32([[1, -2]]), np.float32([3, 4])
    check_converter(scale, "Scale", [x], x * 2, attributes={"factor": 2.0})
    graph = check_converter([scale], "Scale", [x, w], lambda x, w: x + w, weights=[1])
    assert [p.label for p in graph.inputs] == ["input0"]
    check_converter([both], "Both", [x], lambda x: (np.maximum(x, 0), -x))
    with pytest.raises(AssertionError, match="values differ"):
        check_converter(scale, "Scale", [x], x * 3, attributes={"factor": 2.0})
    with pytest.raises(UsageError, match="not marked"):
        check_converter(lambda x: x, "Scale", [x], x)
