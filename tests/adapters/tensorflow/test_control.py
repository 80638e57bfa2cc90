"""Loops and branches of both generations, and the arrays and lists that loops work on."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.tensorflow.running import Frozen, check, compare, random, run, tf

GENERATIONS = pytest.mark.parametrize("v2", [False, True], ids=["frames", "functions"])
YES, NO = np.array(True), np.array(False)


def kinds(graph, **options):
    import mo_core

    return {node.type_name for node in mo_core.convert(graph, **options).graph}


@GENERATIONS
def test_a_loop_that_counts(v2):
    def build(x):
        return tf().while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * 2.0 + 1.0), [tf().constant(0), x])[1]

    check(build, x=random(2, 3), v2_control=v2)


@GENERATIONS
def test_a_loop_whose_end_depends_on_the_data(v2):
    def build(x):
        return tf().while_loop(lambda y: y < 100.0, lambda y: (y * x + 1.0,), [tf().constant(0.0)])

    for number in (2.0, 50.0, 1.5):
        check(build, x=np.float32(number), v2_control=v2)


@GENERATIONS
def test_loops_in_loops(v2):
    def build(x):
        def outer(i, y):
            inner = tf().while_loop(lambda j, z: j < i, lambda j, z: (j + 1, z + x), [tf().constant(0), y])
            return i + 1, inner[1] * 0.5

        return tf().while_loop(lambda i, y: i < 4, outer, [tf().constant(0), x])[1]

    check(build, x=random(3), v2_control=v2)


@GENERATIONS
@pytest.mark.parametrize("taken", [YES, NO])
def test_a_branch(v2, taken):
    def build(x, p):
        return tf().cond(p, lambda: tf().nn.relu(x) + 1.0, lambda: tf().nn.tanh(x))

    check(build, x=random(2, 3), p=taken, v2_control=v2)


@GENERATIONS
@pytest.mark.parametrize("taken", [YES, NO])
def test_a_branch_that_is_known_leaves_no_trace(v2, taken):
    def build(x):
        return tf().cond(tf().constant(bool(taken)), lambda: tf().nn.relu(x), lambda: tf().nn.tanh(x))

    check(build, x=random(2, 3), v2_control=v2)
    model = Frozen(build, {"x": random(2, 3)}, v2_control=v2)
    assert "If" not in kinds(model.graph, output=model.outputs)


@GENERATIONS
@pytest.mark.parametrize(("p", "q"), [(YES, YES), (YES, NO), (NO, YES)])
def test_branches_in_branches_and_of_several_values(v2, p, q):
    def build(x, p, q):
        def inner():
            return tf().cond(q, lambda: (x + 1.0, x), lambda: (x * 2.0, tf().nn.relu(x)))

        return tf().cond(p, inner, lambda: (tf().constant(np.ones(3, np.float32)), x * 3.0))

    check(build, x=random(3), p=p, q=q, v2_control=v2)


@GENERATIONS
def test_a_branch_in_a_loop(v2):
    def build(x):
        def body(i, y):
            return i + 1, tf().cond(i < 2, lambda: y + x, lambda: y * x)

        return tf().while_loop(lambda i, y: i < 4, body, [tf().constant(0), x])[1]

    check(build, x=random(3), v2_control=v2)


@GENERATIONS
@pytest.mark.parametrize("index", [0, 1, 2, 7, -1])
def test_one_of_several_branches(v2, index):
    def build(x, i):
        steps = [lambda: x + 1.0, lambda: tf().nn.relu(x), lambda: tf().nn.tanh(x)]
        return tf().switch_case(i, steps) if v2 else tf().cond(i < 1, steps[0], steps[1])

    check(build, x=random(3), i=np.int32(index), v2_control=v2)


@GENERATIONS
def test_weights_are_read_from_outside_of_a_loop(v2):
    w = random(3, 3)

    def build(x):
        def body(i, y):
            return i + 1, tf().nn.tanh(tf().linalg.matmul(y, w))

        return tf().while_loop(lambda i, y: i < 3, body, [tf().constant(0), x])[1]

    check(build, x=random(2, 3), v2_control=v2)


@GENERATIONS
def test_an_array_that_a_loop_reads_and_writes(v2):
    def build(x):
        v1 = tf().compat.v1
        inputs = tf().TensorArray(tf().float32, 4, element_shape=[3]).unstack(x)
        outputs = tf().TensorArray(tf().float32, 4, element_shape=[3])

        def body(i, state, array):
            state = state * 0.5 + inputs.read(i)
            return i + 1, state, array.write(i, v1.nn.relu(state))

        start = [tf().constant(0), tf().constant(np.zeros(3, np.float32)), outputs]
        _, last, array = tf().while_loop(lambda i, s, a: i < 4, body, start)
        return last, array.stack()

    check(build, x=random(4, 3), v2_control=v2)


@GENERATIONS
def test_an_array_that_is_written_in_part_is_filled_up_with_zeros(v2):
    def build(x):
        array = tf().TensorArray(tf().float32, 6, element_shape=[3])

        def body(i, a):
            return i + 1, a.write(i, x * 2.0)

        _, array = tf().while_loop(lambda i, a: i < 4, body, [tf().constant(0), array])
        return array.stack()

    check(build, x=random(3), v2_control=v2)


@GENERATIONS
def test_an_array_that_is_written_in_another_order(v2):
    def build(x):
        array = tf().TensorArray(tf().float32, 4, element_shape=[3])

        def body(i, y, a):
            return i + 1, y * 2.0, a.write(3 - i, y)

        _, _, array = tf().while_loop(lambda i, y, a: i < 4, body, [tf().constant(0), x, array])
        return array.stack()

    check(build, x=random(3), v2_control=v2)


@GENERATIONS
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("size", [0, 2])
def test_an_array_grows_while_it_is_written(v2, size, count):
    def build(x, n):
        array = tf().TensorArray(tf().float32, size, dynamic_size=True, element_shape=[3])

        def body(i, y, a):
            return i + 1, y * 2.0, a.write(i, y)

        _, _, array = tf().while_loop(lambda i, y, a: i < n, body, [tf().constant(0), x, array])
        return array.stack()

    if size and count < size:
        count = 2  # TensorFlow reads no element that nothing was written to
    check(build, x=random(3), n=np.int32(count), v2_control=v2)


def test_functions_in_functions_are_put_in_their_places():
    def build(x):
        inner = tf().function(lambda y, z: (y + z, y * z))

        @tf().function
        def outer(y):
            a, b = inner(y, y + 1.0)
            return inner(a, b)

        return outer(x)

    check(build, x=random(3))


@GENERATIONS
def test_what_a_loop_counts_may_be_cut_off_from_the_outside(v2):
    def build(x):
        y = tf().while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y + 1.0), [tf().constant(0), tf().nn.relu(x, "r")])
        return tf().nn.tanh(y[1], "t")

    model = Frozen(build, {"x": random(3)}, v2_control=v2)
    fed = random(3, seed=5)
    compare([*run(model.graph, {"r:0": fed}, input="r:0", output="t").values()], [np.tanh(fed + 5.0)])


def test_a_list_of_one_element_holds_what_the_last_iteration_writes():
    def build(x):
        def body(i, y, a):
            return i + 1, y * 2.0, a.write(0, y)

        array = tf().TensorArray(tf().float32, 1)
        _, _, array = tf().while_loop(lambda i, y, a: i < 4, body, [tf().constant(0), x, array])
        return array.stack()

    check(build, x=random(2, 3), v2_control=True)
    check(build, x=random(2, 3), shapes={"x": [None, 3]}, v2_control=True)


@GENERATIONS
def test_a_map_over_a_batch_becomes_operations_on_the_batch(v2):
    def build(x):
        def one(image):
            small = tf().compat.v1.image.resize_bilinear(image[None], [5, 6])[0]
            return (small - tf().reduce_mean(image)) / 127.5

        return tf().map_fn(one, x)

    shapes = {"x": [None, 8, 9, 2]}
    check(build, shapes=shapes, x=random(3, 8, 9, 2), v2_control=v2)
    model = Frozen(build, {"x": random(3, 8, 9, 2)}, shapes, v2)
    assert "Loop" not in kinds(model.graph, output=model.outputs)


@GENERATIONS
def test_a_loop_over_a_batch_of_one_is_its_body(v2):
    def build(x):
        return tf().map_fn(lambda row: tf().cumsum(tf().boolean_mask(row, row > 0))[:2], x)

    feeds = {"x": np.abs(random(1, 8)) + 1}
    check(build, **feeds, v2_control=v2)
    model = Frozen(build, feeds, v2_control=v2)
    assert "Loop" not in kinds(model.graph, output=model.outputs)


@pytest.mark.parametrize("size", [2, 4, 6])
@pytest.mark.parametrize("known", [False, True], ids=["computed", "known"])
def test_a_list_of_another_size_ends_earlier_or_with_zeros(size, known):
    def build(x, n):
        raw = tf().raw_ops
        items = raw.TensorListFromTensor(tensor=x, element_shape=[3])
        resized = raw.TensorListResize(input_handle=items, size=size if known else n)
        return raw.TensorListStack(input_handle=resized, element_shape=[3], element_dtype=tf().float32)

    check(build, x=random(4, 3), n=np.int32(size))


def test_a_list_that_grows_holds_what_was_pushed_and_then_zeros():
    def build(x):
        raw = tf().raw_ops
        items = raw.EmptyTensorList(element_shape=[3], max_num_elements=-1, element_dtype=tf().float32)
        for i in range(3):
            items = raw.TensorListPushBack(input_handle=items, tensor=x[i])
        for size in (5, 2):
            resized = raw.TensorListResize(input_handle=items, size=size)
            yield raw.TensorListStack(input_handle=resized, element_shape=[3], element_dtype=tf().float32)

    check(lambda x: list(build(x)), x=random(3, 3))
