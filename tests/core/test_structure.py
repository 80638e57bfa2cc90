"""Graphs with cycles as records, structured into loops and branches, computed by the runtime from the emitted files."""

import sys

import numpy as np
import openvino as ov
import pytest

from mo_core import emit, ops
from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import ConverterTable, Frontend, converter, converters_of
from mo_core.frontend.conversion import Conversion
from mo_core.frontend.delays import without_delays
from mo_core.frontend.frames import without_frames
from mo_core.frontend.structure import Body, Edge, Record, build, components, in_order
from mo_core.ir import Constant, Foreign, Graph, constant
from mo_core.ir import types as t


@converter("Add")
def add(a, b):
    return ops.Add(a, b)


@converter("Mul")
def mul(a, b):
    return ops.Multiply(a, b)


@converter("Less")
def less(a, b):
    return ops.Less(a, b)


@converter("Greater")
def greater(a, b):
    return ops.Greater(a, b)


@converter("Identity")
def identity(x):
    return x


@converter("Const")
def const(*, value):
    return constant(value)


TABLE = ConverterTable(converters_of(add, mul, less, greater, identity, const))


def record(name, op, *inputs, controls=(), results=1, **attributes):
    return Record(name, op, [edge(i) for i in inputs], attributes, controls, results)


def edge(text):
    """`name`, `name:1`, `name@-1` (the step before)."""
    if not isinstance(text, str):
        return text
    text, _, delay = text.partition("@")
    name, _, port = text.partition(":")
    return Edge(name, int(port or 0), int(delay or 0))


def number(name, value, *controls):
    return record(name, "Const", value=np.array(value), controls=controls)


def make(record, slots):
    given = dict(record.attributes)
    return Foreign("toy", record.op, slots, given, record.results, domain=record.domain, name=record.name)


def graph_of(records, inputs, *outputs):
    graph = Graph("g")
    values = {name: [graph.add_input(name, t.from_dtype(a.dtype), a.shape)] for name, a in inputs.items()}
    scope = build(graph, records, make, values)
    for e in map(edge, outputs):
        graph.add_output(scope[e.source][e.port], e.source)
    graph.verify()
    return graph


def computed(tmp_path, records, inputs, *outputs):
    graph = graph_of(records, inputs, *outputs)
    conversion = Conversion(TABLE, Frontend())
    conversion.run(graph)
    graph.verify()
    emit.save(graph, tmp_path / "model.xml")
    compiled = ov.Core().compile_model(tmp_path / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled(list(inputs.values()))
    return graph, [np.array(results[i]) for i in range(len(outputs))]


def kinds(graph):
    return [type(n).__name__ for n in graph.walk() if isinstance(n, (ops.If, ops.Loop, ops.TensorIterator))]


F = np.float32


def counting(frame="loop", start="zero", limit="n", step="one", prefix="", extra=()):
    """A frame that counts from `start` while it is below `limit`, with further pairs (enter, next) of the caller."""
    p = prefix
    return [
        record(f"{p}i/enter", "Enter", start, frame_name=frame),
        record(f"{p}n/enter", "Enter", limit, frame_name=frame, is_constant=True),
        record(f"{p}one/enter", "Enter", step, frame_name=frame, is_constant=True),
        record(f"{p}i/merge", "Merge", f"{p}i/enter", f"{p}i/next", results=2),
        record(f"{p}less", "Less", f"{p}i/merge", f"{p}n/enter"),
        record(f"{p}cond", "LoopCond", f"{p}less"),
        record(f"{p}i/switch", "Switch", f"{p}i/merge", f"{p}cond", results=2),
        record(f"{p}i/add", "Add", f"{p}i/switch:1", f"{p}one/enter"),
        record(f"{p}i/next", "NextIteration", f"{p}i/add"),
        record(f"{p}i/exit", "Exit", f"{p}i/switch:0"),
        *extra,
    ]


def variable(name, start, after, frame="loop", prefix="", exit=True):
    """A further value that the loop carries; the body reads `name/switch:1` and computes `after`."""
    p = prefix
    return [
        record(f"{name}/enter", "Enter", start, frame_name=frame),
        record(f"{name}/merge", "Merge", f"{name}/enter", f"{name}/next", results=2),
        record(f"{name}/switch", "Switch", f"{name}/merge", f"{p}cond", results=2),
        record(f"{name}/next", "NextIteration", after),
        *([record(f"{name}/exit", "Exit", f"{name}/switch:0")] if exit else []),
    ]


NUMBERS = [number("zero", F(0)), number("one", F(1))]


# -- loops


def test_a_frame_is_a_loop(tmp_path):
    extra = [*variable("x", "x0", "x/double"), record("x/double", "Add", "x/switch:1", "x/switch:1")]
    records = without_frames([*NUMBERS, *counting(extra=extra)])
    assert not [r for r in records if r.op in ("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond")]
    inputs = {"n": np.array(3, F), "x0": np.array([1, 2], F)}
    graph, (x, i) = computed(tmp_path, records, inputs, "x/exit", "i/exit")
    assert x.tolist() == [8, 16] and i == 3
    assert kinds(graph) == ["Loop"]


def test_a_loop_whose_condition_fails_at_first_gives_what_it_began_with(tmp_path):
    extra = [*variable("x", "x0", "x/double"), record("x/double", "Add", "x/switch:1", "x/switch:1")]
    inputs = {"n": np.array(-1, F), "x0": np.array([1, 2], F)}
    _, (x, i) = computed(tmp_path, without_frames([*NUMBERS, *counting(extra=extra)]), inputs, "x/exit", "i/exit")
    assert x.tolist() == [1, 2] and i == 0


def test_values_that_are_exchanged_keep_apart(tmp_path):
    extra = [*variable("x", "x0", "y/switch:1"), *variable("y", "y0", "x/switch:1")]
    inputs = {"n": np.array(3, F), "x0": np.array([1, 2], F), "y0": np.array([3, 4], F)}
    _, (x, y) = computed(tmp_path, without_frames([*NUMBERS, *counting(extra=extra)]), inputs, "x/exit", "y/exit")
    assert x.tolist() == [3, 4] and y.tolist() == [1, 2]


def nested():
    """x is doubled `m` times in an inner loop and one is added, and this `n` times."""
    inner = counting("inner", "zero/outer", "m/enter", "one/enter", prefix="inner/")
    inner += [
        *variable("y", "x/switch:1", "y/double", "inner", "inner/"),
        record("y/double", "Add", "y/switch:1", "y/switch:1"),
    ]
    outer = [
        record("m/enter", "Enter", "m", frame_name="loop", is_constant=True),
        record("zero/outer", "Enter", "zero", frame_name="loop", is_constant=True),
        *variable("x", "x0", "x/more"),
        record("x/more", "Add", "y/exit", "one/enter"),
    ]
    return [*NUMBERS, *counting(extra=[*outer, *inner])]


def test_loops_inside_of_loops(tmp_path):
    inputs = {"n": np.array(2, F), "m": np.array(3, F), "x0": np.array([1, 2], F)}
    graph, (x,) = computed(tmp_path, without_frames(nested()), inputs, "x/exit")
    assert x.tolist() == [(1 * 8 + 1) * 8 + 1, (2 * 8 + 1) * 8 + 1]
    assert kinds(graph) == ["Loop", "Loop"]


def test_a_constant_that_enters_an_inner_loop_may_be_tied_to_no_frame(tmp_path):
    records = [r for r in nested() if r.name != "zero/outer"]
    start = next(r for r in records if r.name == "inner/i/enter")
    start.inputs = [Edge("zero")]
    inputs = {"n": np.array(2, F), "m": np.array(3, F), "x0": np.array([1, 2], F)}
    for order in (records, records[::-1]):
        _, (x,) = computed(tmp_path, without_frames(order), inputs, "x/exit")
        assert x.tolist() == [(1 * 8 + 1) * 8 + 1, (2 * 8 + 1) * 8 + 1]


def test_the_order_of_the_records_does_not_matter():
    names = [r.name for r in in_order(without_frames(nested()))]
    again = [r.name for r in in_order(without_frames(nested()[::-1]))]
    assert sorted(names) == sorted(again)


def test_a_loop_without_a_condition_is_refused():
    records = [r for r in [*NUMBERS, *counting()] if r.op != "LoopCond"]
    with pytest.raises(ModelError, match='the loop "loop" has 0 conditions'):
        without_frames(records)


def test_a_merge_that_no_iteration_reaches_is_refused():
    records = [r for r in [*NUMBERS, *counting()] if r.op != "NextIteration"]
    with pytest.raises(ModelError, match="joins no first value"):
        without_frames(records)


def test_frames_without_end_are_refused():
    records = [
        record("a", "Enter", "b", frame_name="f"),
        record("b", "Enter", "a", frame_name="f"),
    ]
    with pytest.raises(ModelError, match="nested more than"):
        without_frames(records)


# -- branches


def branch(then, otherwise, condition="p", data="x", name="m", results=1):
    """x goes to two sides and meets again."""
    return [
        record(f"{name}/switch", "Switch", data, condition, results=2),
        *then(f"{name}/switch:1"),
        *otherwise(f"{name}/switch:0"),
        record(name, "Merge", f"{name}/else", f"{name}/then", results=2),
    ]


def side(op, name):
    return lambda x: [record(name, op, x, x)]


def test_a_switch_whose_sides_meet_is_a_branch(tmp_path):
    records = without_frames(branch(side("Add", "m/then"), side("Mul", "m/else")))
    for p in (True, False):
        inputs = {"x": np.array([3, 4], F), "p": np.array(p)}

        graph, (m,) = computed(tmp_path, records, inputs, "m")
        assert m.tolist() == ([6, 8] if p else [9, 16])
        assert kinds(graph) == ["If"]


def test_the_number_of_the_side_is_known_where_it_is_read(tmp_path):
    records = [*branch(side("Add", "m/then"), side("Mul", "m/else")), record("which", "Identity", "m:1")]
    for p in (True, False):
        inputs = {"x": np.array([3, 4], F), "p": np.array(p)}
        _, (m, which) = computed(tmp_path, without_frames(records), inputs, "m", "which")
        assert m.tolist() == ([6, 8] if p else [9, 16]) and which == (1 if p else 0)


def test_branches_of_one_condition_are_one_if(tmp_path):
    records = [
        *branch(side("Add", "a/then"), side("Mul", "a/else"), name="a"),
        *branch(side("Mul", "b/then"), side("Add", "b/else"), name="b"),
    ]
    inputs = {"x": np.array([3, 4], F), "p": np.array(True)}
    graph, (a, b) = computed(tmp_path, without_frames(records), inputs, "a", "b")
    assert a.tolist() == [6, 8] and b.tolist() == [9, 16]
    assert kinds(graph) == ["If"]


def test_a_branch_after_a_branch_of_the_same_condition_is_another_if(tmp_path):
    records = [
        *branch(side("Add", "a/then"), side("Mul", "a/else"), name="a"),
        *branch(side("Mul", "b/then"), side("Add", "b/else"), name="b", data="a"),
    ]
    inputs = {"x": np.array([3, 4], F), "p": np.array(True)}
    graph, (b,) = computed(tmp_path, without_frames(records), inputs, "b")
    assert b.tolist() == [36, 64]
    assert kinds(graph) == ["If", "If"]


def test_branches_inside_of_branches(tmp_path):
    def then(x):
        return [
            record("q/in", "Switch", "q", "p", results=2),
            *branch(side("Add", "i/then"), side("Mul", "i/else"), condition="q/in:1", data=x, name="i"),
            record("m/then", "Add", "i", "i"),
        ]

    records = without_frames(branch(then, side("Mul", "m/else")))
    expected = {(True, True): [12, 16], (True, False): [18, 32], (False, True): [9, 16], (False, False): [9, 16]}
    for (p, q), wanted in expected.items():
        inputs = {"x": np.array([3, 4], F), "p": np.array(p), "q": np.array(q)}
        graph, (m,) = computed(tmp_path, records, inputs, "m")
        assert m.tolist() == wanted
        assert kinds(graph) == ["If", "If"]


def test_a_constant_of_a_side_is_tied_to_it_by_control(tmp_path):
    def then(x):
        return [record("pivot", "Identity", x), number("m/then", np.array([7, 7], F), "pivot")]

    records = without_frames(branch(then, side("Mul", "m/else")))
    for p in (True, False):
        inputs = {"x": np.array([3, 4], F), "p": np.array(p)}
        _, (m,) = computed(tmp_path, records, inputs, "m")
        assert m.tolist() == ([7, 7] if p else [9, 16])


def test_a_branch_in_the_body_of_a_loop(tmp_path):
    """x is doubled as long as it is small, then squared."""
    extra = [
        *variable("x", "x0", "m"),
        record("big", "Greater", "x/switch:1", "limit/enter"),
        record("limit/enter", "Enter", "limit", frame_name="loop", is_constant=True),
        *branch(side("Mul", "m/then"), side("Add", "m/else"), condition="big", data="x/switch:1"),
    ]
    inputs = {"n": np.array(3, F), "x0": np.array(1, F), "limit": np.array(3, F)}
    graph, (x,) = computed(tmp_path, without_frames([*NUMBERS, *counting(extra=extra)]), inputs, "x/exit")
    assert x == 16
    assert kinds(graph) == ["Loop", "If"]


def test_a_loop_in_a_branch(tmp_path):
    extra = [*variable("x", "m/switch:1", "x/double"), record("x/double", "Add", "x/switch:1", "x/switch:1")]
    loop = [*counting(extra=extra), record("m/then", "Identity", "x/exit")]
    records = without_frames([*NUMBERS, *branch(lambda x: loop, side("Mul", "m/else"))])
    for p in (True, False):
        inputs = {"n": np.array(3, F), "x": np.array([3, 4], F), "p": np.array(p)}
        graph, (m,) = computed(tmp_path, records, inputs, "m")
        assert m.tolist() == ([24, 32] if p else [9, 16])
        assert sorted(kinds(graph)) == ["If", "Loop"]


def test_a_switch_whose_sides_never_meet_gives_its_data(tmp_path):
    records = without_frames([record("s", "Switch", "x", "p", results=2), record("y", "Add", "s:1", "s:1")])
    _, (y,) = computed(tmp_path, records, {"x": np.array([3, 4], F), "p": np.array(False)}, "y")
    assert y.tolist() == [6, 8]


def test_what_a_side_computes_beside_its_results_is_left_out(tmp_path):
    """Such as the pivots that TensorFlow ties constants to."""
    beside = [record("pivot", "Identity", "m/switch:0"), record("more", "Add", "pivot", "m/then")]
    records = without_frames([*branch(side("Add", "m/then"), side("Mul", "m/else")), *beside])
    assert {"m"} == {r.name for r in records if not r.name.startswith("m/")}


def test_a_merge_of_values_that_are_no_two_sides_is_refused():
    with pytest.raises(ModelError, match="not the two sides"):
        without_frames([record("m", "Merge", "x", "y", results=2)])


# -- delays


def test_a_record_that_reads_itself_at_the_step_before_is_a_loop_over_time(tmp_path):
    records = [
        record("h", "Add", "x", "half"),
        record("half", "Mul", "h@-1", "w"),
        number("w", np.array([[0.5, 0.5]], F)),
        number("zeros", np.zeros((1, 2), F)),
    ]
    records = without_delays(records, lambda e: Edge("zeros"), lambda e: e.source != "w")
    x = np.arange(6, dtype=F).reshape(3, 2)
    graph, (h,) = computed(tmp_path, records, {"x": x}, "h")
    expected = [x[0], x[1] + 0.5 * x[0], x[2] + 0.5 * x[1] + 0.25 * x[0]]
    assert np.array_equal(h, np.stack(expected))
    assert kinds(graph) == ["TensorIterator"]


def test_a_value_several_steps_away_and_from_the_end(tmp_path):
    records = [record("h", "Add", "x", "h@2"), number("zeros", np.zeros((1, 2), F))]
    x = np.arange(10, dtype=F).reshape(5, 2)
    _, (h,) = computed(tmp_path, without_delays(records, lambda e: Edge("zeros")), {"x": x}, "h")
    expected = x.copy()
    for i in (2, 1, 0):
        expected[i] += expected[i + 2]
    assert np.array_equal(h, expected)


def test_two_records_that_read_each_other_at_two_delays(tmp_path):
    records = [
        record("a", "Add", "x", "b@-1"),
        record("b", "Add", "a", "a@-2"),
        number("zeros", np.zeros((1, 2), F)),
    ]
    x = np.arange(10, dtype=F).reshape(5, 2)
    _, (a, b) = computed(tmp_path, without_delays(records, lambda e: Edge("zeros")), {"x": x}, "a", "b")
    at = lambda rows, i: rows[i] if i >= 0 else np.zeros(2, F)  # noqa: E731
    wanted_a, wanted_b = [], []
    for i in range(5):
        wanted_a.append(x[i] + at(wanted_b, i - 1))
        wanted_b.append(wanted_a[i] + at(wanted_a, i - 2))
    assert np.array_equal(a, np.stack(wanted_a)) and np.array_equal(b, np.stack(wanted_b))


def test_a_cycle_without_a_delay_is_refused():
    with pytest.raises(ModelError, match="depends on itself at the same time"):
        without_delays([record("a", "Add", "x", "b"), record("b", "Add", "a", "a")], lambda e: Edge("zeros"))


def test_a_recurrence_in_both_directions_is_refused():
    with pytest.raises(Unsupported, match="both the past and the future"):
        without_delays([record("a", "Add", "a@-1", "a@1")], lambda e: Edge("zeros"))


# -- records


def test_parts_come_after_those_they_read_without_recursion():
    chain = {str(i): [str(i - 1)] for i in range(50_000, 0, -1)}
    chain["0"] = ["3"]
    parts = components(chain)
    assert sorted(parts[0]) == ["0", "1", "2", "3"]
    assert [p[0] for p in parts[1:4]] == ["4", "5", "6"] and len(parts) == 50_000 - 2


def test_records_that_read_nothing_that_is_there():
    with pytest.raises(ModelError, match='Add "a" reads "nobody", which nothing computes'):
        graph_of([record("a", "Add", "x", "nobody")], {"x": np.zeros(2, F)}, "a")
    with pytest.raises(ModelError, match='reads result 3 of "x", which has 1'):
        graph_of([record("a", "Add", "x", "x:3")], {"x": np.zeros(2, F)}, "a")
    with pytest.raises(ModelError, match="cycle through Add"):
        graph_of([record("a", "Add", "a", "a")], {}, "a")
    with pytest.raises(ModelError, match='two nodes are called "a"'):
        graph_of([number("a", 1), number("a", 2)], {}, "a")


def test_bodies_that_are_nested_without_end_are_refused():
    body = Body((), [number("c", 1)], [Edge("c")])
    for i in range(40):
        body = Body((), [Record(f"r{i}", "If", (), {"then_branch": body})], [Edge(f"r{i}")])
    with pytest.raises(ModelError, match="nested more than 32 deep"):
        graph_of(body.records, {}, "r39")


def test_a_body_reads_values_around_it():
    inner = Body(["p"], [record("a", "Add", "p", "x")], [Edge("a")])
    graph = graph_of([Record("r", "Call", [Edge("x")], {"f": inner})], {"x": np.zeros(2, F)}, "r")
    (body,) = next(n for n in graph if isinstance(n, Foreign)).bodies
    assert body.captures() == [graph.inputs[0]]
    assert not any(isinstance(n, Constant) for n in graph)


def in_a_row(count, piece):
    return [r for i in range(count) for r in piece(i)]


def branch_of_a_row(i):
    return branch(side("Add", f"b{i}/then"), side("Mul", f"b{i}/else"), f"p{i}", "x" if not i else f"b{i - 1}", f"b{i}")


def loop_of_a_row(i):
    p = f"l{i}/"
    start = "x" if not i else f"l{i - 1}/v/exit"
    extra = [
        *variable(f"{p}v", start, f"{p}v/double", f"loop{i}", p),
        record(f"{p}v/double", "Add", f"{p}v/switch:1", f"{p}v/switch:1"),
    ]
    return counting(f"loop{i}", prefix=p, extra=extra)


@pytest.mark.parametrize("piece", [branch_of_a_row, loop_of_a_row])
def test_structuring_is_linear_in_the_number_of_loops_and_branches(piece):
    def steps(count):
        """Calls of Python functions, which grow with the work and not with the load of the machine."""
        records, seen = in_a_row(count, piece), 0

        def count_call(frame, event, argument):
            nonlocal seen
            seen += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            made = without_frames(records)
        finally:
            sys.setprofile(None)
        assert sum(r.op in ("If", "While") for r in made) == count
        return seen

    assert steps(400) < 5 * steps(100)


def test_a_branch_of_two_constants_in_the_body_of_a_loop(tmp_path):
    """Nothing but control ties them to their sides."""
    extra = [
        *variable("x", "x0", "x/more"),
        record("big", "Greater", "x/switch:1", "limit/enter"),
        record("limit/enter", "Enter", "limit", frame_name="loop", is_constant=True),
        record("switch", "Switch", "big", "big", results=2),
        record("high", "Identity", "switch:1"),
        record("low", "Identity", "switch:0"),
        number("small step", F(1), "high"),
        number("large step", F(10), "low"),
        record("step", "Merge", "large step", "small step", results=2),
        record("x/more", "Add", "x/switch:1", "step"),
    ]
    inputs = {"n": np.array(4, F), "x0": np.array(1, F), "limit": np.array(15, F)}
    graph, (x,) = computed(tmp_path, without_frames([*NUMBERS, *counting(extra=extra)]), inputs, "x/exit")
    assert x == 1 + 10 + 10 + 1 + 1
    assert kinds(graph) == ["Loop", "If"]


def test_a_branch_inside_of_a_branch_may_ask_for_the_same_condition(tmp_path):
    def then(x):
        return [
            record("p/in", "Switch", "p", "p", results=2),
            *branch(side("Add", "i/then"), side("Mul", "i/else"), condition="p/in:1", data=x, name="i"),
            record("m/then", "Add", "i", "i"),
        ]

    records = without_frames(branch(then, side("Mul", "m/else")))
    for p in (True, False):
        _, (m,) = computed(tmp_path, records, {"x": np.array([3, 4], F), "p": np.array(p)}, "m")
        assert m.tolist() == ([12, 16] if p else [9, 16])


def damaged(records, seed):
    """Records with a few faults: edges to elsewhere, inputs left out, ops exchanged, records gone."""
    random = np.random.default_rng(seed)
    records = [Record(r.name, r.op, list(r.inputs), dict(r.attributes), r.controls, r.results) for r in records]
    names = [r.name for r in records]
    kinds = ["Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond", "Add", "Identity"]
    for _ in range(random.integers(1, 4)):
        r = records[random.integers(len(records))]
        fault = random.integers(5)
        if fault == 0 and r.inputs:
            r.inputs[random.integers(len(r.inputs))] = Edge(str(random.choice(names)), int(random.integers(3)))
        elif fault == 1 and r.inputs:
            r.inputs[random.integers(len(r.inputs))] = None
        elif fault == 2:
            r.op = str(random.choice(kinds))
        elif fault == 3:
            records.remove(r)
        else:
            r.inputs = r.inputs[: random.integers(len(r.inputs) + 1)]
    return records


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_damaged_graphs_are_structured_or_refused(start):
    whole = [
        *nested(),
        *branch(side("Add", "b/then"), side("Mul", "b/else"), data="x/exit", name="b"),
        *branch(side("Add", "k/then"), side("Mul", "k/else"), data="b", name="k"),
    ]
    inputs = {k: np.array(1, F) for k in ("n", "m", "x0")} | {"p": np.array(True)}
    refused = 0
    for seed in range(start, start + 100):
        try:
            graph_of(without_frames(damaged(whole, seed)), inputs)
        except (ModelError, Unsupported):
            refused += 1
    assert refused > 20
