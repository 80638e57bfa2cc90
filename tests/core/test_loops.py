"""Loops over source bodies: trip counts read from conditions, arrays and lists carried through, on the runtime."""

import numpy as np
import openvino as ov
import pytest

from mo_core import emit, ops
from mo_core.build import sequences
from mo_core.build.loops import while_loop
from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import ConverterTable, Frontend, converter, converters_of
from mo_core.frontend.conversion import Conversion
from mo_core.ir import Foreign, Graph, Pack, constant
from mo_core.ir import types as t


def binary(op, kind):
    @converter(op)
    def convert(a, b):
        return kind(a, b)

    return convert


@converter("Reserve")
def reserve(size):
    return sequences.Reserved([size])


@converter("Unstack")
def unstack(x):
    return sequences.Stack([x])


@converter("Write")
def write(sequence, at, value):
    return sequences.written(sequence, at, value)


@converter("Append")
def append(sequence, value):
    return sequences.inserted(sequence, value)


@converter("Read")
def read(sequence, at):
    return sequences.element(sequence, at)


@converter("Stack")
def stack(sequence):
    return sequences.stacked(sequence)


@converter("Length")
def length(sequence):
    return sequences.length(sequence)


@converter("While")
def while_(*initial, cond: Graph, body: Graph, convert):
    return while_loop(initial, cond, body, convert)


BINARY = [
    binary(name, getattr(ops, name)) for name in ("Add", "Multiply", "Less", "LessEqual", "Greater", "LogicalAnd")
]
TABLE = ConverterTable(converters_of(*BINARY, reserve, unstack, write, append, read, stack, length, while_))


def node(op, *inputs, results=1, **attributes):
    return Foreign("toy", op, inputs, attributes, results, name=op.lower())


def body_of(count, build):
    graph = Graph("body")
    values = build(*[graph.add_input("", t.dynamic, None) for _ in range(count)])
    for value in values if isinstance(values, tuple) else (values,):
        graph.add_output(value)
    return graph


def loop(initial, cond, body):
    n = len(initial)
    made = node("While", *initial, results=n, cond=body_of(n, cond), body=body_of(n, body))
    return made.results


def i32(value):
    return constant(np.array(value, np.int32))


def computed(tmp_path, build, inputs, shapes=None):
    """The converted graph, and what the runtime computes."""
    graph = Graph("g")
    given = {k: graph.add_input(k, t.from_dtype(a.dtype), (shapes or {}).get(k, a.shape)) for k, a in inputs.items()}
    values = build(**given)
    for value in values if isinstance(values, tuple) else (values,):
        graph.add_output(value)
    Conversion(TABLE, Frontend()).run(graph)
    graph.verify()
    emit.save(graph, tmp_path / "model.xml")
    compiled = ov.Core().compile_model(tmp_path / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled(list(inputs.values()))
    return graph, [np.array(results[i]) for i in range(len(graph.outputs))]


def the_loop(graph):
    (found,) = [n for n in graph.walk() if isinstance(n, ops.Loop)]
    return found


X = np.float32([[1, 2], [3, 4], [5, 6]])
ADVANCE = lambda i: node("Add", i, i32(1))  # noqa: E731


# -- how often


@pytest.mark.parametrize(
    ("cond", "step", "start", "count"),
    [
        (lambda i: node("Less", i, i32(5)), 1, 0, 5),
        (lambda i: node("LessEqual", i, i32(5)), 1, 0, 6),
        (lambda i: node("Greater", i32(5), i), 1, 2, 3),
        (lambda i: node("Less", i, i32(5)), 2, 0, 3),
        (lambda i: node("LessEqual", i, i32(6)), 3, 0, 3),
        (lambda i: node("LogicalAnd", node("Less", i, i32(5)), node("Less", i, i32(3))), 1, 0, 3),
    ],
)
def test_a_counter_that_is_compared_with_a_limit_gives_the_trip_count(tmp_path, cond, step, start, count):
    def build(x):
        return loop(
            [i32(start), x],
            lambda i, x: cond(i),
            lambda i, x: (node("Add", i, i32(step)), node("Add", x, x)),
        )[1]

    graph, (y,) = computed(tmp_path, build, {"x": np.float32([1, 3])})
    assert y.tolist() == [2**count, 3 * 2**count]
    assert the_loop(graph).trip_count.const == count


def test_a_limit_that_is_known_at_run_time_gives_a_trip_count_then(tmp_path):
    def build(x, n):
        return loop(
            [i32(0), x, n],
            lambda i, x, n: node("Less", i, n),
            lambda i, x, n: (ADVANCE(i), node("Add", x, x), n),
        )[1]

    for n in (4, 0, -3):
        graph, (y,) = computed(tmp_path, build, {"x": np.float32([1, 3]), "n": np.array(n, np.int32)})
        assert y.tolist() == [2 ** max(n, 0), 3 * 2 ** max(n, 0)]
        assert the_loop(graph).body.outputs[the_loop(graph).body_condition].source.const is not None


def test_a_condition_on_data_stays_a_condition(tmp_path):
    def build(x):
        return loop([x], lambda x: node("Less", x, constant(np.float32(100))), lambda x: node("Add", x, x))[0]

    graph, (y,) = computed(tmp_path, build, {"x": np.array(3, np.float32)})
    assert y == 192
    assert the_loop(graph).trip_count.const == -1


def test_a_counter_that_moves_away_from_the_limit_is_no_count(tmp_path):
    def build(x):
        return loop(
            [i32(0), x],
            lambda i, x: node("Greater", i, i32(-3)),
            lambda i, x: (node("Add", i, i32(-1)), node("Add", x, x)),
        )[1]

    graph, (y,) = computed(tmp_path, build, {"x": np.float32([1, 3])})
    assert y.tolist() == [8, 24]
    assert the_loop(graph).trip_count.const == -1


def test_bodies_that_do_not_fit_are_refused():
    with pytest.raises(ModelError, match="a loop carries 1 values"):
        while_loop([constant(1)], Graph("c"), Graph("b"), lambda *_: [])


# -- arrays and lists


def each(x, step, size=None):
    """Read element i of x, write step(element) to element i of an array."""
    rows = node("Unstack", x)
    n = node("Length", rows)
    array = node("Reserve", n if size is None else size)
    return loop(
        [constant(0), array, rows, n],
        lambda i, a, r, n: node("Less", i, n),
        lambda i, a, r, n: (node("Add", i, constant(1)), node("Write", a, i, step(node("Read", r, i))), r, n),
    )


def test_an_array_written_at_the_number_of_the_iteration_is_put_together_by_the_loop(tmp_path):
    build = lambda x: node("Stack", each(x, lambda row: node("Add", row, row))[1])  # noqa: E731
    graph, (y,) = computed(tmp_path, build, {"x": X})
    assert np.array_equal(y, 2 * X)
    made = the_loop(graph)
    assert [type(p).__name__ for p in made.output_ports].count("Concatenated") == 1
    assert graph.outputs[0].source.shape == (3, 2)
    assert not [n for n in made.body if isinstance(n, ops.ScatterUpdate)]


def test_the_same_with_a_number_of_elements_that_is_known_at_run_time(tmp_path):
    build = lambda x: node("Stack", each(x, lambda row: node("Add", row, row))[1])  # noqa: E731
    _, (y,) = computed(tmp_path, build, {"x": X}, {"x": (t.Dynamic(), 2)})
    assert np.array_equal(y, 2 * X)


def test_elements_that_the_loop_does_not_write_are_zeros(tmp_path):
    build = lambda x: node("Stack", each(x, lambda row: node("Add", row, row), size=constant(5))[1])  # noqa: E731
    _, (y,) = computed(tmp_path, build, {"x": X})
    assert np.array_equal(y, np.concatenate([2 * X, np.zeros((2, 2), np.float32)]))


def test_an_array_written_from_the_end_is_carried_as_a_whole(tmp_path):
    def build(x, n):
        at = lambda i: node("Add", n, node("Multiply", i, constant(-1)))  # noqa: E731
        array = loop(
            [constant(0), node("Reserve", constant(3)), node("Unstack", x)],
            lambda i, a, r: node("Less", i, constant(3)),
            lambda i, a, r: (node("Add", i, constant(1)), node("Write", a, at(i), node("Read", r, i)), r),
        )[1]
        return node("Stack", array)

    graph, (y,) = computed(tmp_path, build, {"x": X, "n": np.array(2)})
    assert np.array_equal(y, X[::-1])
    assert [n for n in the_loop(graph).body if isinstance(n, ops.ScatterUpdate)]


def test_a_loop_that_reads_what_it_wrote(tmp_path):
    """The running sum, in place."""

    def build(x):
        def step(i, r):
            before = node("Read", r, node("Add", i, constant(-1)))
            return node("Add", i, constant(1)), node("Write", r, i, node("Add", before, node("Read", r, i)))

        rows = loop([constant(1), node("Unstack", x)], lambda i, r: node("Less", i, constant(3)), step)[1]
        return node("Stack", rows)

    _, (y,) = computed(tmp_path, build, {"x": X})
    assert np.array_equal(y, np.cumsum(X, 0))


def test_a_list_that_grows_by_two_in_every_iteration(tmp_path):
    def build(x):
        rows = loop(
            [constant(0), node("Unstack", x), x],
            lambda i, r, x: node("Less", i, constant(2)),
            lambda i, r, x: (
                node("Add", i, constant(1)),
                node("Append", node("Append", r, node("Read", node("Unstack", x), i)), constant(np.float32([0, 0]))),
                x,
            ),
        )[1]
        return node("Stack", rows), node("Length", rows)

    _, (y, n) = computed(tmp_path, build, {"x": X})
    zero = np.zeros((1, 2), np.float32)
    assert np.array_equal(y, np.concatenate([X, X[:1], zero, X[1:2], zero])) and n == 7


def test_a_list_that_grows_and_is_read(tmp_path):
    """Fibonacci."""

    def build(x):
        at = lambda i, k: node("Add", i, constant(k))  # noqa: E731
        rows = loop(
            [constant(0), node("Unstack", x)],
            lambda i, r: node("Less", i, constant(5)),
            lambda i, r: (
                node("Add", i, constant(1)),
                node("Append", r, node("Add", node("Read", r, i), node("Read", r, at(i, 1)))),
            ),
        )[1]
        return node("Stack", rows)

    _, (y,) = computed(tmp_path, build, {"x": np.float32([1, 1])})
    assert y.tolist() == [1, 1, 2, 3, 5, 8, 13]


def test_loops_inside_of_loops_write_arrays(tmp_path):
    def build(x):
        double = lambda row: node("Stack", each(row, lambda v: node("Add", v, v))[1])  # noqa: E731
        return node("Stack", each(x, double)[1])

    _, (y,) = computed(tmp_path, build, {"x": X})
    assert np.array_equal(y, 2 * X)


def test_writing_outside_of_loops(tmp_path):
    def build(x, at):
        known = node("Write", node("Reserve", constant(3)), constant(1), x)
        return node("Stack", node("Write", known, at, node("Add", x, x)))

    _, (y,) = computed(tmp_path, build, {"x": np.float32([1, 2]), "at": np.array(2)})
    assert y.tolist() == [[0, 0], [1, 2], [2, 4]]


def test_an_element_of_an_array_that_nobody_wrote_is_refused(tmp_path):
    with pytest.raises(Unsupported, match="none is written yet"):
        computed(tmp_path, lambda at: node("Read", node("Reserve", constant(3)), at), {"at": np.array(2)})


def test_a_list_of_elements_of_several_shapes_cannot_be_read_in_a_loop(tmp_path):
    @converter("Pair")
    def pair(a, b):
        return Pack([a, b])

    def build(x, y):
        return loop(
            [constant(0.0), node("Pair", x, y)],
            lambda v, r: node("Less", v, constant(3.0)),
            lambda v, r: (node("Read", r, constant(0)), r),
        )[0]

    graph = Graph("g")
    x, y = graph.add_input("x", t.f32, ()), graph.add_input("y", t.f32, (2,))
    graph.add_output(build(x, y))
    with pytest.raises(Unsupported, match="more to a sequence than append"):
        Conversion(ConverterTable(converters_of(*BINARY, pair, read, while_)), Frontend()).run(graph)


def test_a_body_in_the_body_reads_what_the_outer_one_computes(tmp_path):
    def build(x):
        def step(i, x):
            return ADVANCE(i), inner(x.node.graph.add(node("Add", x, x)))

        def inner(value):
            """value + value, three times, in a loop whose body reads `value` from around it."""
            body = lambda j, s: (ADVANCE(j), node("Add", s, value))  # noqa: E731
            return loop([i32(0), value], lambda j, s: node("Less", j, i32(3)), body)[1]

        return loop([i32(0), x], lambda i, x: node("Less", i, i32(2)), step)[1]

    _, (y,) = computed(tmp_path, build, {"x": np.float32([1, 3])})
    assert y.tolist() == [64, 192]
