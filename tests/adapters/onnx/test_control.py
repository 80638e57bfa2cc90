"""If, Loop and Scan: bodies that read outer values, nesting, changing shapes, sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino
import pytest
from onnx import TensorProto, helper

from mo_core.errors import ModelError, Unsupported

from .running import check, model, reference, run, value

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    """`inputs` and `outputs` are names with blanks between them; "-" leaves an input out."""
    names = ["" if n == "-" else n for n in inputs.split()]
    return helper.make_node(op, names, outputs.split(), **attributes)


def graph(nodes: list[Any], inputs: list[Any], outputs: str, constants: dict[str, Any] | None = None) -> Any:
    from onnx import numpy_helper

    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    infos = [helper.make_empty_tensor_value_info(o) for o in outputs.split()]
    return helper.make_graph(nodes, "body", inputs, infos, tensors)


def untyped(*names: str) -> list[Any]:
    return [helper.make_empty_tensor_value_info(n) for n in names]


def typed(*names: str) -> list[Any]:
    """Inputs of a loop's body: number, condition, then f32 values of unknown rank."""
    kinds = [TensorProto.INT64, TensorProto.BOOL]
    infos = [helper.make_tensor_value_info(n, k, []) for n, k in zip(names, kinds)]
    return [*infos, *[helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names[2:]]]


# -- If


def _if() -> list[Any]:
    then = graph([node("Add", "x one", "t")], [], "t", {"one": np.float32(1)})
    otherwise = graph([node("Mul", "x x", "square"), node("Sub", "square outer", "e")], [], "e")
    return [node("Neg", "x", "outer"), node("If", "c", "y", then_branch=then, else_branch=otherwise)]


@pytest.mark.parametrize("condition", [True, False])
def test_if_takes_its_branch(condition: bool) -> None:
    source = model(_if(), [value("c", np.bool_, []), value("x", np.float32, ["n", 3])], ["y"])
    check(source, {"c": np.array(condition), "x": X}, {"c": np.array(condition), "x": X[:1]})


@pytest.mark.parametrize("condition", [True, False])
def test_if_with_known_condition_is_its_branch(condition: bool) -> None:
    source = model(_if(), [value("x", np.float32, [2, 3])], ["y"], {"c": np.array(condition)})
    check(source, {"x": X})
    types = {n.type_name for n in _converted(source).graph}
    assert "If" not in types


def _converted(source: Any, **options: Any) -> Any:
    import mo_core

    return mo_core.convert(source, **options)


def test_branches_may_have_different_shapes() -> None:
    then = graph([node("Concat", "x x", "t", axis=0)], [], "t")
    otherwise = graph([node("Identity", "x", "e")], [], "e")
    nodes = [node("If", "c", "y", then_branch=then, else_branch=otherwise), node("Relu", "y", "z")]
    source = model(nodes, [value("c", np.bool_, [1]), value("x", np.float32, [2, 3])], ["z"])
    check(source, {"c": np.array([True]), "x": X}, {"c": np.array([False]), "x": X})


def test_nested_ifs_read_values_of_all_levels() -> None:
    inner_then = graph([node("Add", "middle x", "it")], [], "it")
    inner_else = graph([node("Sub", "middle x", "ie")], [], "ie")
    then = graph(
        [node("Mul", "x two", "middle"), node("If", "d", "t", then_branch=inner_then, else_branch=inner_else)],
        [],
        "t",
        {"two": np.float32(2)},
    )
    otherwise = graph([node("Neg", "x", "e")], [], "e")
    nodes = [node("If", "c", "y", then_branch=then, else_branch=otherwise)]
    source = model(nodes, [value("c", np.bool_, []), value("d", np.bool_, []), value("x", np.float32, ["n", 3])], ["y"])
    check(source, *[{"c": np.array(c), "d": np.array(d), "x": X} for c in (True, False) for d in (True, False)])


def test_squeeze_of_an_unknown_dimension_is_done() -> None:
    """As PyTorch exports it; the runtime has no values whose rank depends on the data."""
    then = graph([node("Squeeze", "x axes", "t")], [], "t", {"axes": np.array([1])})
    otherwise = graph([node("Identity", "x", "e")], [], "e")
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape place", "size"),
        node("Equal", "size one", "c"),
        node("If", "c", "y", then_branch=then, else_branch=otherwise),
        node("Relu", "y", "z"),
    ]
    constants = {"place": np.array(1), "one": np.array(1)}
    source = model(nodes, [value("x", np.float32, ["a", "b", 3])], ["z"], constants)
    check(source, {"x": X[:, None]}, {"x": X[:1, None]})
    other = np.stack([X, X], 1)
    with pytest.raises(RuntimeError, match="must match the length"):  # and no result of another shape
        openvino.compile_model(_converted(source).to_openvino(), "CPU")({"x": other})
    with pytest.raises(RuntimeError, match="must match the length"):
        _converted(source).to_openvino().reshape(list(other.shape))
    converted = _converted(source)
    assert len(converted.outputs["z"].shape) == 2
    assert any("taken to be 1: the model refuses" in note for note in converted.report.notes)
    # both ways, as soon as the dimension is given
    for shape in ((2, 1, 3), (2, 2, 3)):
        given = _converted(source, input_shape=str(list(shape)))
        assert given.outputs["z"].shape == ((2, 3) if shape[1] == 1 else (2, 2, 3))
        assert not any("taken to be 1" in note for note in given.report.notes)


# -- Loop


def _sum_loop(inputs: str, *, stops: bool = False, scans: bool = True) -> list[Any]:
    """s = s + x * i, with the sums stacked; ends when the first element passes 7."""
    body_nodes = [
        node("Cast", "i", "f", to=TensorProto.FLOAT),
        node("Mul", "x f", "term"),
        node("Add", "s_in term", "s_out"),
    ]
    constants = {}
    if stops:
        constants = {"zero": np.array([0, 0]), "limit": np.float32(7)}
        body_nodes += [node("GatherND", "s_out zero", "first"), node("Less", "first limit", "go")]
    else:
        body_nodes.append(node("Identity", "c_in", "go"))
    if scans:
        body_nodes.append(node("Identity", "s_out", "stacked"))
    outputs = "go s_out stacked" if scans else "go s_out"
    body = graph(body_nodes, typed("i", "c_in", "s_in"), outputs, constants)
    return [node("Loop", inputs, "last all" if scans else "last", body=body)]


LOOP_INPUTS = [
    value("n", np.int64, []),
    value("c", np.bool_, []),
    value("s", np.float32, [2, 3]),
    value("x", np.float32, [2, 3]),
]
LOOP_FEEDS = {"s": np.ones([2, 3], np.float32), "x": X + 1}


def test_loop_with_trip_count_and_condition() -> None:
    source = model(_sum_loop("n c s", stops=True), LOOP_INPUTS, ["last", "all"])
    check(source, *[{"n": np.array(n), "c": np.array(True), **LOOP_FEEDS} for n in (1, 2, 10)])


def test_loop_with_trip_count_alone() -> None:
    source = model(_sum_loop("n - s"), [LOOP_INPUTS[0], *LOOP_INPUTS[2:]], ["last", "all"])
    check(source, *[{"n": np.array(n), **LOOP_FEEDS} for n in (1, 4)])


def test_loop_with_condition_alone() -> None:
    source = model(_sum_loop("- c s", stops=True), LOOP_INPUTS[1:], ["last", "all"])
    check(source, {"c": np.array(True), **LOOP_FEEDS})


def test_loop_with_neither() -> None:
    source = model(_sum_loop("- - s", stops=True), LOOP_INPUTS[2:], ["last", "all"])
    check(source, LOOP_FEEDS)


def test_loop_without_iterations_gives_the_initial_values() -> None:
    source = model(_sum_loop("n c s", scans=False), LOOP_INPUTS, ["last"])
    check(
        source,
        {"n": np.array(0), "c": np.array(True), **LOOP_FEEDS},
        {"n": np.array(3), "c": np.array(False), **LOOP_FEEDS},
    )


def test_loop_without_iterations_stacks_nothing() -> None:
    source = model(_sum_loop("n c s", stops=True), LOOP_INPUTS, ["last", "all"])
    feeds = [{"n": np.array(n), "c": np.array(c), **LOOP_FEEDS} for n, c in ((0, True), (2, False))]
    check(source, *feeds, oracle=lambda *_: [LOOP_FEEDS["s"], np.zeros([0, 2, 3], np.float32)])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float64])
def test_condition_that_compares_a_carried_number(dtype: Any) -> None:
    body = graph(
        [node("Add", "s_in one", "s_out"), node("Less", "s_out limit", "go")],
        [*typed("i", "c_in"), value("s_in", dtype, [])],
        "go s_out",
        {"one": np.array(1, dtype)},
    )
    inputs = [value("c", np.bool_, []), value("s", dtype, []), value("limit", dtype, [])]
    source = model([node("Loop", "- c s", "y", body=body)], inputs, ["y"])
    check(source, *[{"c": np.array(c), "s": np.array(0, dtype), "limit": np.array(5, dtype)} for c in (True, False)])


def test_carried_value_may_be_boolean() -> None:
    body = graph(
        [node("Not", "s_in", "s_out"), node("Identity", "c_in", "go")],
        [*typed("i", "c_in"), value("s_in", np.bool_, [3])],
        "go s_out",
    )
    source = model(
        [node("Loop", "n - s", "y", body=body)], [value("n", np.int64, [1]), value("s", np.bool_, [3])], ["y"]
    )
    check(source, *[{"n": np.array([n]), "s": np.array([True, False, True])} for n in (0, 1, 2)])


def test_loop_that_changes_the_rank_is_unrolled() -> None:
    body = graph(
        [node("Unsqueeze", "s_in axes", "s_out"), node("Identity", "c_in", "go")],
        typed("i", "c_in", "s_in"),
        "go s_out",
        {"axes": np.array([0])},
    )
    source = model(
        [node("Loop", "n - s", "y", body=body)], [value("s", np.float32, ["b", 3])], ["y"], {"n": np.array(3)}
    )
    check(source, {"s": X}, {"s": X[:1]})


def test_loop_of_known_count_has_known_shape() -> None:
    source = model(_sum_loop("n - s"), LOOP_INPUTS[2:], ["last", "all"], {"n": np.array(4)})
    check(source, LOOP_FEEDS)
    assert _converted(source).outputs["all"].shape == (4, 2, 3)


@pytest.mark.parametrize("count", [0, 3])
def test_loop_that_never_runs_is_removed(count: int) -> None:
    constants = {"n": np.array(count), "c": np.array(False)}
    source = model(_sum_loop("n c s"), LOOP_INPUTS[2:], ["last", "all"], constants)
    check(source, LOOP_FEEDS, oracle=lambda *_: [LOOP_FEEDS["s"], np.zeros([0, 2, 3], np.float32)])


def test_the_largest_trip_count_means_no_limit() -> None:
    constants = {"n": np.array(2**63 - 1)}
    source = model(_sum_loop("n c s", stops=True), LOOP_INPUTS[1:], ["last", "all"], constants)
    check(source, {"c": np.array(True), **LOOP_FEEDS})


def test_carried_value_may_grow() -> None:
    body = graph(
        [node("Concat", "s_in x", "s_out", axis=0), node("Identity", "c_in", "go")],
        typed("i", "c_in", "s_in"),
        "go s_out",
    )
    inputs = [value("n", np.int64, []), value("s", np.float32, [1, 3]), value("x", np.float32, [2, 3])]
    source = model([node("Loop", "n - s", "y", body=body), node("Neg", "y", "z")], inputs, ["z"])
    feeds = {"s": X[:1], "x": X}
    check(source, *[{"n": np.array(n), **feeds} for n in (1, 2, 5)])


def test_nested_loops_read_outer_values_and_numbers() -> None:
    inner = graph(
        [
            node("Add", "i j", "sum"),
            node("Cast", "sum", "f", to=TensorProto.FLOAT),
            node("Mul", "x f", "term"),
            node("Add", "term outer", "more"),
            node("Add", "t_in more", "t_out"),
            node("Identity", "d_in", "go_in"),
        ],
        typed("j", "d_in", "t_in"),
        "go_in t_out",
    )
    outer = graph(
        [
            node("Mul", "s_in half", "outer"),
            node("Loop", "m - s_in", "s_out", body=inner),
            node("Identity", "c_in", "go"),
            node("Identity", "outer", "seen"),
        ],
        typed("i", "c_in", "s_in"),
        "go s_out seen",
        {"half": np.float32(0.5), "m": np.array(2)},
    )
    inputs = [value("n", np.int64, []), value("s", np.float32, ["b", 3]), value("x", np.float32, ["b", 3])]
    source = model([node("Loop", "n - s", "y all", body=outer)], inputs, ["y", "all"])
    check(source, {"n": np.array(3), "s": X, "x": X}, {"n": np.array(2), "s": X[:1], "x": X[:1]})


def test_if_inside_a_loop() -> None:
    then = graph([node("Add", "s_in x", "t")], [], "t")
    otherwise = graph([node("Sub", "s_in x", "e")], [], "e")
    body = graph(
        [
            node("Mod", "i two", "rest"),
            node("Cast", "rest", "odd", to=TensorProto.BOOL),
            node("If", "odd", "s_out", then_branch=then, else_branch=otherwise),
            node("Identity", "c_in", "go"),
            node("Mul", "s_out s_out", "scan"),
        ],
        typed("i", "c_in", "s_in"),
        "go s_out scan",
        {"two": np.array(2)},
    )
    inputs = [value("n", np.int64, []), value("s", np.float32, [None, 3]), value("x", np.float32, [None, 3])]
    source = model([node("Loop", "n - s", "y all", body=body)], inputs, ["y", "all"])
    check(source, {"n": np.array(5), "s": X, "x": X + 1}, {"n": np.array(2), "s": X[:1], "x": X[1:]})


@pytest.mark.parametrize(
    "outputs", ["s t", "t s", "outer t", "s outer", "outer inner", "t inner", "t s s", "s t outer", "inner t s"]
)
def test_body_may_pass_values_on_without_computing(outputs: str) -> None:
    names = outputs.split()
    made = {"outer": "x", "inner": "sum", "s": "s_in", "t": "t_in"}
    nodes = [node("Identity", made[name], f"o{i}") for i, name in enumerate(names)]
    body = graph(
        [node("Identity", "c_in", "go"), node("Add", "s_in t_in", "sum"), *nodes],
        typed("i", "c_in", "s_in", "t_in"),
        " ".join(["go", *(f"o{i}" for i in range(len(names)))]),
    )
    inputs = [value("n", np.int64, []), *[value(k, np.float32, [2, 3]) for k in ("s", "t", "x")]]
    results = [f"y{i}" for i in range(len(names))]
    source = model(
        [node("Loop", "n - s t", " ".join(results), body=body), node("Neg", "x", "z")], inputs, [*results, "z"]
    )
    feeds = {"s": X, "t": X + 10, "x": X - 2}
    check(source, *[{"n": np.array(n), **feeds} for n in (1, 2, 3)])


def test_element_type_that_changes_is_an_error() -> None:
    body = graph(
        [node("Cast", "s_in", "s_out", to=TensorProto.INT32), node("Identity", "c_in", "go")],
        typed("i", "c_in", "s_in"),
        "go s_out",
    )
    source = model(
        [node("Loop", "n - s", "y", body=body)], [value("n", np.int64, []), value("s", np.float32, [2])], ["y"]
    )
    with pytest.raises(ModelError, match="changes its element type"):
        _converted(source)


def test_loop_with_the_wrong_number_of_body_inputs_is_an_error() -> None:
    body = graph([node("Identity", "c_in", "go")], typed("i", "c_in"), "go s")
    source = model(
        [node("Loop", "n - s", "y", body=body)], [value("n", np.int64, []), value("s", np.float32, [2])], ["y"]
    )
    with pytest.raises(ModelError, match="its body has 2 inputs"):
        _converted(source)


# -- sequences in control flow


def _appending(count: Any) -> Any:
    body = graph(
        [
            node("Cast", "i", "f", to=TensorProto.FLOAT),
            node("Add", "x f", "new"),
            node("SequenceInsert", "q_in new", "q_out"),
            node("Identity", "c_in", "go"),
        ],
        [*typed("i", "c_in"), helper.make_tensor_sequence_value_info("q_in", TensorProto.FLOAT, None)],
        "go q_out",
    )
    return [node("SequenceEmpty", "", "empty"), node("Loop", "n - empty", "q", body=body)]


@pytest.mark.parametrize("concat", [{"axis": 0}, {"axis": 1}, {"axis": 0, "new_axis": 1}, {"axis": 2, "new_axis": 1}])
def test_loop_that_appends_to_a_sequence(concat: dict[str, int]) -> None:
    nodes = [*_appending(None), node("ConcatFromSequence", "q", "y", **concat)]
    source = model(nodes, [value("n", np.int64, []), value("x", np.float32, ["b", 3])], ["y"])

    def wanted(_: Any, feeds: Any) -> list[Any]:
        join = np.stack if concat.get("new_axis") else np.concatenate
        return [join([feeds["x"] + np.float32(i) for i in range(feeds["n"])], axis=concat["axis"])]

    check(source, {"n": np.array(3), "x": X}, {"n": np.array(1), "x": X[:1]}, oracle=wanted)


def test_loop_that_appends_a_known_number_of_times_is_unrolled() -> None:
    nodes = [*_appending(None), node("SequenceAt", "q at", "y"), node("SequenceLength", "q", "z")]
    source = model(nodes, [value("x", np.float32, ["b", 3])], ["y", "z"], {"n": np.array(3), "at": np.array(-2)})
    check(source, {"x": X}, {"x": X[:1]}, oracle=lambda _, f: [f["x"] + 1, np.array(3)])
    assert "Loop" not in {n.type_name for n in _converted(source).graph}


def test_loop_that_erases_from_a_sequence_carries_all_of_it_when_its_count_is_not_known() -> None:
    body = graph(
        [node("SequenceErase", "q_in at", "q_out"), node("Identity", "c_in", "go")],
        [*typed("i", "c_in"), helper.make_tensor_sequence_value_info("q_in", TensorProto.FLOAT, None)],
        "go q_out",
    )
    nodes = [
        node("SequenceConstruct", "a b a", "q0"),
        node("Loop", "n - q0", "q", body=body),
        node("ConcatFromSequence", "q", "y", axis=0),
    ]
    named = [value("a", np.float32, [2]), value("b", np.float32, [2])]
    source = model(nodes, [value("n", np.int64, []), value("at", np.int64, []), *named], ["y"])
    a, b = np.float32([1, 2]), np.float32([3, 4])
    for at, wanted in ((-2, [1, 2, 1, 2]), (0, [3, 4, 1, 2]), (2, [1, 2, 3, 4])):
        feeds = {"n": np.array(1), "at": np.array(at), "a": a, "b": b}
        check(source, feeds, oracle=lambda *_, wanted=wanted: [np.float32(wanted)])
    known = model(nodes, [value("at", np.int64, []), *named], ["y"], {"n": np.array(1)})
    with pytest.raises(Unsupported, match="position in a sequence"):
        _converted(known)


def test_loop_that_erases_from_elements_of_several_shapes_is_not_supported_when_its_count_is_not_known() -> None:
    body = graph(
        [node("SequenceErase", "q_in", "q_out"), node("Identity", "c_in", "go")],
        [*typed("i", "c_in"), helper.make_tensor_sequence_value_info("q_in", TensorProto.FLOAT, None)],
        "go q_out",
    )
    nodes = [
        node("SequenceConstruct", "x y", "q0"),
        node("Loop", "n - q0", "q", body=body),
        node("SequenceLength", "q", "z"),
    ]
    named = [value("x", np.float32, [2]), value("y", np.float32, [3])]
    with pytest.raises(Unsupported, match="more to a sequence than append"):
        _converted(model(nodes, [value("n", np.int64, []), *named], ["z"]))
    known = model(nodes, named, ["z"], {"n": np.array(1)})
    assert run(known, {"x": np.ones(2, np.float32), "y": np.ones(3, np.float32)})[0][0] == 1


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_splitting_an_unknown_dimension(axis: int, keep: int) -> None:
    nodes = [
        node("SplitToSequence", "x", "q", axis=axis, keepdims=keep),
        node("SequenceAt", "q i", "y"),
        node("SequenceLength", "q", "z"),
        node("ConcatFromSequence", "q", "w", axis=axis, new_axis=1 - keep),
    ]
    inputs = [value("x", np.float32, ["a", "b"]), value("i", np.int64, [])]
    check(
        model(nodes, inputs, ["y", "z", "w"]),
        {"x": X, "i": np.array(1)},
        {"x": X.T.copy(), "i": np.array(-1)},
        oracle=reference,
    )


def test_element_at_a_place_that_is_computed() -> None:
    nodes = [node("SequenceConstruct", "x z", "q"), node("SequenceAt", "q i", "y")]
    inputs = [value("x", np.float32, ["a", 3]), value("i", np.int64, [])]
    nodes.insert(0, node("Neg", "x", "z"))
    check(model(nodes, inputs, ["y"]), {"x": X, "i": np.array(1)}, {"x": X, "i": np.array(-2)}, oracle=reference)


def test_sequence_as_output_is_one_output_for_each_element() -> None:
    nodes = [node("SplitToSequence", "x k", "q", axis=1)]
    source = model(
        nodes,
        [value("x", np.float32, [2, 3])],
        [helper.make_tensor_sequence_value_info("q", TensorProto.FLOAT, None)],
        {"k": np.array(2)},
    )
    first, second = run(source, {"x": X})[0]
    np.testing.assert_array_equal(first, X[:, :2])
    np.testing.assert_array_equal(second, X[:, 2:])
    assert list(_converted(source).outputs) == ["q_0", "q_1"]


def test_sequence_map_runs_its_body_for_each_element() -> None:
    body = graph([node("Add", "a b", "c"), node("Mul", "c outer", "d")], typed("i", "c_in", "a", "b")[2:], "d")
    nodes = [
        node("Neg", "x", "outer"),
        node("SequenceConstruct", "x outer", "q"),
        node("SequenceMap", "q x", "r", body=body),
        node("ConcatFromSequence", "r", "y", axis=0),
    ]
    source = model(nodes, [value("x", np.float32, ["a", 3])], ["y"])
    check(source, {"x": X}, oracle=lambda _, f: [np.concatenate([-2 * f["x"] ** 2, 0 * f["x"]])])


# -- Scan


def _scan(**attributes: Any) -> Any:
    body = graph(
        [
            node("Add", "s_in a", "sum"),
            node("Mul", "b w", "prod"),
            node("Add", "sum prod", "s_out"),
            node("Identity", "s_out", "o1"),
            node("Neg", "prod", "o2"),
        ],
        untyped("s_in", "a", "b"),
        "s_out o1 o2",
    )
    return node("Scan", "s a b", "last o1 o2", body=body, num_scan_inputs=2, **attributes)


@pytest.mark.parametrize(
    ("attributes", "a", "b"),
    [
        ({}, [4, 2, 3], [4, 3]),
        ({"scan_input_directions": [1, 0]}, [4, 2, 3], [4, 3]),
        ({"scan_input_axes": [1, -1], "scan_output_axes": [2, 0]}, [2, 4, 3], [3, 4]),
        ({"scan_output_directions": [1, 0], "scan_output_axes": [-1, 1]}, [4, 2, 3], [4, 3]),
    ],
)
def test_scan(attributes: dict[str, Any], a: list[int], b: list[int]) -> None:
    rng = np.random.default_rng(0)
    feeds = {
        "s": X,
        "a": rng.random(a, np.float32),
        "b": rng.random(b, np.float32),
        "w": rng.random(3, dtype=np.float32),
    }
    inputs = [value(k, np.float32, v.shape) for k, v in feeds.items()]
    check(model([_scan(**attributes)], inputs, ["last", "o1", "o2"]), feeds)
    dynamic = [value(k, np.float32, [None] * v.ndim) for k, v in feeds.items()]
    check(model([_scan(**attributes)], dynamic, ["last", "o1", "o2"]), feeds)


@pytest.mark.parametrize("batch", [1, 2])
def test_scan_of_opset_8_runs_over_a_batch(batch: int) -> None:
    body = graph([node("Add", "s_in a", "s_out"), node("Neg", "s_out", "o")], untyped("s_in", "a"), "s_out o")
    source = model(
        [node("Scan", "- s a", "last all", body=body, num_scan_inputs=1)],
        [
            value("s", np.float32, [batch, 3]),
            value("a", np.float32, [batch, 4, 3]),
        ],
        ["last", "all"],
        opset=8,
    )
    s, a = np.ones([batch, 3], np.float32), np.arange(batch * 12, dtype=np.float32).reshape(batch, 4, 3)
    check(source, {"s": s, "a": a})


def test_loop_inside_a_scan() -> None:
    inner = graph(
        [node("Add", "t_in a", "t_out"), node("Identity", "d_in", "go")], typed("j", "d_in", "t_in"), "go t_out"
    )
    body = graph(
        [node("Loop", "n - s_in", "s_out", body=inner), node("Neg", "s_out", "o")], untyped("s_in", "a"), "s_out o"
    )
    source = model(
        [node("Scan", "s x", "last all", body=body, num_scan_inputs=1)],
        [
            value("n", np.int64, []),
            value("s", np.float32, [3]),
            value("x", np.float32, ["t", 3]),
        ],
        ["last", "all"],
    )

    def wanted(_: Any, feeds: Any) -> list[Any]:
        sums = feeds["s"] + np.cumsum(feeds["x"] * feeds["n"], axis=0, dtype=np.float32)
        return [sums[-1], -sums]

    check(source, {"n": np.array(2), "s": X[0], "x": X}, {"n": np.array(3), "s": X[0], "x": X[:1]}, oracle=wanted)
