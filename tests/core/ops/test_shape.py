"""Operations on shapes: what they infer, against the table and against the runtime."""

from __future__ import annotations

from mo_core import ops
from tests.core.ops.runtime import Build, errors_test, param, types_test

p = param

TYPES: list[tuple[Build, list[str]]] = [
    (lambda: ops.ShapeOf(p("f32[2,?,3]")), ["i64[3]"]),
    (lambda: ops.ShapeOf(p("f32[...]"), output_type="i32"), ["i32[?]"]),
    (lambda: ops.ShapeOf(p("f32[]")), ["i64[0]"]),
    (lambda: ops.Reshape(p("f32[2,3,4]"), [-1, 6], special_zero=False), ["f32[4,6]"]),
    (lambda: ops.Reshape(p("f32[2,3,4]"), [0, -1], special_zero=True), ["f32[2,12]"]),
    (lambda: ops.Reshape(p("f32[?,3,4]"), [0, -1], special_zero=True), ["f32[?,12]"]),
    (lambda: ops.Reshape(p("f32[?,3,4]"), [-1, 6], special_zero=False), ["f32[?,6]"]),
    (lambda: ops.Reshape(p("f32[4,?,4]"), [-1, 2, 8], special_zero=False), ["f32[?,2,8]"]),
    (lambda: ops.Reshape(p("f32[2..5,4]"), [2, -1], special_zero=False), ["f32[2,4..10]"]),
    (lambda: ops.Reshape(p("f32[0,3]"), [0, -1], special_zero=True), ["f32[0,3]"]),
    (lambda: ops.Reshape(p("f32[0,3]"), [-1, 3], special_zero=False), ["f32[0,3]"]),
    (lambda: ops.Reshape(p("f32[...]"), [0, 5], special_zero=True), ["f32[?,5]"]),
    (lambda: ops.Reshape(p("f32[2,3]"), p("i64[2]"), special_zero=False), ["f32[?,?]"]),
    (lambda: ops.Reshape(p("f32[2,3]"), p("i64[?]"), special_zero=False), ["f32[...]"]),
    (lambda: ops.Reshape(p("f32[1,1]"), [], special_zero=False), ["f32[]"]),
    (lambda: ops.Squeeze(p("f32[1,3,1]"), [0, -1]), ["f32[3]"]),
    (lambda: ops.Squeeze(p("f32[1,3,1]")), ["f32[3]"]),
    (lambda: ops.Squeeze(p("f32[1,?,3]"), [0]), ["f32[?,3]"]),
    (lambda: ops.Squeeze(p("f32[1,?,3]"), [1]), ["f32[1,3]"]),
    (lambda: ops.Squeeze(p("f32[?,3]")), ["f32[...]"]),
    (lambda: ops.Squeeze(p("f32[...]"), [1]), ["f32[...]"]),
    (lambda: ops.Unsqueeze(p("f32[2,?]"), [0, -1]), ["f32[1,2,?,1]"]),
    (lambda: ops.Unsqueeze(p("f32[]"), 0), ["f32[1]"]),
    (lambda: ops.Unsqueeze(p("f32[...]"), [0]), ["f32[...]"]),
    (lambda: ops.Transpose(p("f32[2,?,4]"), [2, 0, 1]), ["f32[4,2,?]"]),
    (lambda: ops.Transpose(p("f32[2,?,4]"), []), ["f32[4,?,2]"]),
    (lambda: ops.Transpose(p("f32[...]"), [1, 0]), ["f32[?,?]"]),
    (lambda: ops.Transpose(p("f32[2,3]"), p("i64[2]")), ["f32[?,?]"]),
    (lambda: ops.Broadcast(p("f32[3,1]"), [2, 3, 4]), ["f32[2,3,4]"]),
    (lambda: ops.Broadcast(p("f32[3,1]"), [2, 1, 4], mode="bidirectional"), ["f32[2,3,4]"]),
    (lambda: ops.Broadcast(p("f32[3]"), [2, 3, 4], [1], mode="explicit"), ["f32[2,3,4]"]),
    (lambda: ops.Broadcast(p("f32[?,1]"), [3, 4]), ["f32[3,4]"]),
    (lambda: ops.Broadcast(p("f32[...]"), [3, 4]), ["f32[3,4]"]),
    (lambda: ops.Broadcast(p("f32[...]"), [3, 4], mode="bidirectional"), ["f32[...]"]),
    (lambda: ops.Tile(p("f32[2,?]"), [3, 1]), ["f32[6,?]"]),
    (lambda: ops.Tile(p("f32[2,3]"), [2, 1, 3]), ["f32[2,2,9]"]),
    (lambda: ops.Tile(p("f32[2,3..4]"), [2]), ["f32[2,6..8]"]),
    (lambda: ops.Tile(p("f32[...]"), [2]), ["f32[...]"]),
    (lambda: ops.Tile(p("f32[2,3]"), p("i64[2]")), ["f32[?,?]"]),
]


test_types = types_test(TYPES)


def test_reshape_of_unknown_rank() -> None:
    node = ops.Reshape(p("f32[...]"), [2, -1], special_zero=False)
    assert str(node.type) == "f32[2,?]"  # the runtime takes it for granted that the open dimension is not 0


ERRORS: list[tuple[Build, str]] = [
    (lambda: ops.Reshape(p("f32[2,3]"), [4], special_zero=False), "element count"),
    (lambda: ops.Reshape(p("f32[2,3]"), [-1, 4], special_zero=False), "does not come out even"),
    (lambda: ops.Reshape(p("f32[2,3]"), [-1, -1], special_zero=False), "more than one dimension open"),
    (lambda: ops.Reshape(p("f32[2,3]"), [-2, 3], special_zero=False), "negative dimension"),
    (lambda: ops.Reshape(p("f32[2]"), [1, 0], special_zero=True), "has only 1"),
    (lambda: ops.Squeeze(p("f32[1,3]"), [1]), "size 3"),
    (lambda: ops.Squeeze(p("f32[1,3]"), [2]), "outside"),
    (lambda: ops.Unsqueeze(p("f32[1,3]"), [0, 0]), "twice"),
    (lambda: ops.Unsqueeze(p("f32[1,3]"), [3]), "outside"),
    (lambda: ops.Transpose(p("f32[1,3]"), [0]), "1 axes in its order"),
    (lambda: ops.Transpose(p("f32[1,3]"), [0, 0]), "twice"),
    (lambda: ops.Broadcast(p("f32[3]"), [2]), "contradict"),
    (lambda: ops.Broadcast(p("f32[2,3]"), [3]), "loses axes"),
    (lambda: ops.Broadcast(p("f32[2]"), [-1, 2]), "negative"),
    (lambda: ops.Tile(p("f32[2]"), [-1]), "cannot repeat"),
]


test_errors = errors_test(ERRORS)


def test_reshape_keeps_the_identity_of_what_it_copies() -> None:
    x = p("f32[?,?,768]")
    heads = ops.Reshape(x, [0, 0, 12, 64], special_zero=True)
    assert heads.dims[0] is x.dims[0] and heads.dims[1] is x.dims[1]


def test_reshape_finds_the_open_dimension_among_unknown_ones() -> None:
    x = p("f32[?,?,768]")
    assert ops.Reshape(x, [0, -1, 12, 64], special_zero=True).dims[1] is x.dims[1]
    assert ops.Reshape(x, [-1, 768], special_zero=False).dims[0] is x.dims[0] * x.dims[1]


def test_reshape_to_a_computed_shape() -> None:
    x = p("f32[?,12,?,64]")
    shape = ops.ShapeOf(x)
    pattern = ops.Concat([ops.Gather(shape, [0], 0), ops.Gather(shape, [2], 0), [768]], axis=0)
    flat = ops.Reshape(ops.Transpose(x, [0, 2, 1, 3]), pattern, special_zero=False)
    assert flat.dims == (x.dims[0], x.dims[2], 768)


def test_an_unknown_dimension_is_the_same_whenever_it_is_inferred() -> None:
    node = ops.Reshape(p("f32[2,3]"), p("i64[2]"), special_zero=False)
    before = node.shape
    assert not node.refresh()
    assert node.shape == before
