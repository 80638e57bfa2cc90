"""Gathering, scattering, searching, generating: what they infer, against the table and against the runtime."""

from __future__ import annotations

from mo_core import ops
from tests.core.ops.runtime import Build, errors_test, param, types_test

p = param

TYPES: list[tuple[Build, list[str]]] = [
    (lambda: ops.Gather(p("f32[2,?,4]"), p("i64[5,6]"), 1), ["f32[2,5,6,4]"]),
    (lambda: ops.Gather(p("f32[2,?,4]"), 0, -1), ["f32[2,?]"]),
    (lambda: ops.Gather(p("f32[2,3,4]"), p("i32[?,5]"), 1, batch_dims=1), ["f32[2,5,4]"]),
    (lambda: ops.Gather(p("f32[2,3,4]"), p("i32[2,5]"), 2, batch_dims=-1), ["f32[2,3,5]"]),
    (lambda: ops.Gather(p("f32[...]"), p("i32[5]"), 0), ["f32[...]"]),
    (lambda: ops.Gather(p("f32[2,3]"), p("i32[5]"), p("i64[]")), ["f32[?,?]"]),
    (lambda: ops.GatherElements(p("f32[2,3]"), p("i64[2,7]"), axis=1), ["f32[2,7]"]),
    (lambda: ops.GatherElements(p("f32[2,3]"), p("i64[?,7]"), axis=1), ["f32[2,7]"]),
    (lambda: ops.GatherND(p("f32[2,3,4]"), p("i64[5,2]")), ["f32[5,4]"]),
    (lambda: ops.GatherND(p("f32[2,3,4]"), p("i64[2,5,1]"), batch_dims=1), ["f32[2,5,4]"]),
    (lambda: ops.GatherND(p("f32[2,3,4]"), p("i64[5,?]")), ["f32[...]"]),
    (lambda: ops.GatherTree(p("f32[5,1,?]"), p("f32[5,1,4]"), p("f32[1]"), p("f32[]")), ["f32[5,1,4]"]),
    (lambda: ops.ScatterUpdate(p("f32[2,3]"), p("i64[4]"), p("f32[2,4]"), 1), ["f32[2,3]"]),
    (lambda: ops.ScatterElementsUpdate(p("f32[2,3]"), p("i64[2,1]"), p("f32[2,1]"), 1), ["f32[2,3]"]),
    (
        lambda: ops.ScatterElementsUpdate(
            p("f32[2,?]"), p("i64[2,1]"), p("f32[2,1]"), 1, reduction="mean", use_init_val=False
        ),
        ["f32[2,?]"],
    ),
    (lambda: ops.ScatterNDUpdate(p("f32[2,3,4]"), p("i64[5,2]"), p("f32[5,4]"), reduction="sum"), ["f32[2,3,4]"]),
    (lambda: ops.EmbeddingBagOffsetsSum(p("f32[9,?]"), p("i64[6]"), p("i64[3]")), ["f32[3,?]"]),
    (lambda: ops.EmbeddingBagOffsets(p("f32[9,4]"), p("i64[6]"), p("i64[3]"), reduction="mean"), ["f32[3,4]"]),
    (lambda: ops.EmbeddingBagOffsetsSum(p("f32[9,4]"), p("i64[6]"), p("i64[3]"), 2, p("f32[6]")), ["f32[3,4]"]),
    (lambda: ops.EmbeddingBagPackedSum(p("f32[9,4]"), p("i64[3,2]"), p("f32[3,2]")), ["f32[3,4]"]),
    (lambda: ops.EmbeddingBagPacked(p("f32[9,4]"), p("i64[?,2]"), reduction="mean"), ["f32[?,4]"]),
    (lambda: ops.EmbeddingSegmentsSum(p("f32[9,4]"), p("i64[6]"), p("i64[6]"), 5), ["f32[5,4]"]),
    (lambda: ops.EmbeddingSegmentsSum(p("f32[9,4]"), p("i64[6]"), p("i64[6]"), p("i64[]")), ["f32[?,4]"]),
    (lambda: ops.SegmentMax(p("f32[3,4]"), [0, 0, 2], fill_mode="LOWEST"), ["f32[3,4]"]),
    (lambda: ops.SegmentMax(p("f32[3,4]"), p("i64[3]"), 6), ["f32[6,4]"]),
    (lambda: ops.OneHot(p("i64[2,?]"), 5, 1.0, 0.0, axis=1), ["f32[2,5,?]"]),
    (lambda: ops.OneHot(p("i64[2,3]"), p("i64[]"), 1.0, 0.0, axis=-1), ["f32[2,3,?]"]),
    (lambda: ops.NonZero(p("f32[2,3]"), output_type="i32"), ["i32[2,..6]"]),
    (lambda: ops.NonZero(p("f32[2,?]")), ["i64[2,?]"]),
    (lambda: ops.Unique(p("f32[2,3]")), ["f32[1..6]", "i64[1..6]", "i64[6]", "i64[1..6]"]),
    (lambda: ops.TopK(p("f32[2,9]"), 4, axis=-1, mode="max", sort="value"), ["f32[2,4]", "i32[2,4]"]),
    (
        lambda: ops.TopK(p("f32[2,9]"), p("i64[]"), axis=-1, mode="min", sort="none", index_element_type="i64"),
        ["f32[2,..9]", "i64[2,..9]"],
    ),
    (lambda: ops.TopK(p("f32[...]"), 4, axis=-1, mode="max", sort="index"), ["f32[...]", "i32[...]"]),
    (lambda: ops.Bucketize(p("f32[2,?]"), p("f32[3]"), output_type="i32"), ["i32[2,?]"]),
    (lambda: ops.SearchSorted(p("f32[2,?]"), p("f32[2,3]"), output_type="i32"), ["i32[2,3]"]),
    (lambda: ops.SearchSorted(p("f32[?]"), p("f32[2,3]"), right_mode=True), ["i64[2,3]"]),
    (lambda: ops.CumSum(p("f32[2,?]"), 1, reverse=True), ["f32[2,?]"]),
    (lambda: ops.Range(1, 8, 3, output_type="i64"), ["i64[3]"]),
    (lambda: ops.Range(8, 1, -3, output_type="i32"), ["i32[3]"]),
    (lambda: ops.Range(1.5, 6.5, 1.5, output_type="i32"), ["i32[5]"]),
    (lambda: ops.Range(0.0, 1.0, 0.25, output_type="f32"), ["f32[4]"]),
    (lambda: ops.Range(5, 1, 1, output_type="f32"), ["f32[0]"]),
    (lambda: ops.Range(0, p("i64[]"), 1, output_type="i64"), ["i64[?]"]),
    (lambda: ops.Eye(3, 4, 0, output_type="f32"), ["f32[3,4]"]),
    (lambda: ops.Eye(3, p("i64[]"), 0, [2, 5], output_type="i32"), ["i32[2,5,3,?]"]),
    (lambda: ops.RandomUniform([2, 3], 0.0, 1.0, output_type="f32", op_seed=3), ["f32[2,3]"]),
    (lambda: ops.RandomUniform(p("i64[2]"), 0, 9, output_type="i64", alignment="pytorch"), ["i64[?,?]"]),
    (
        lambda: ops.Multinomial(p("f32[?,5]"), 3, convert_type="i32", with_replacement=True, log_probs=False),
        ["i32[?,3]"],
    ),
]


test_types = types_test(TYPES)


def test_unique_slices_are_at_most_as_many_as_there_are() -> None:
    node = ops.Unique(p("f32[2,3]"), 1, index_element_type="i32", sorted=False)
    assert [str(r.type) for r in node.results] == ["f32[2,1..3]", "i32[1..3]", "i32[3]", "i64[1..3]"]


ERRORS: list[tuple[Build, str]] = [
    (lambda: ops.Gather(p("f32[]"), 0, 0), "scalar"),
    (lambda: ops.Gather(p("f32[2]"), 0, 1), "outside"),
    (lambda: ops.Gather(p("f32[2,3]"), p("i64[3,4]"), 1, batch_dims=1), "contradict"),
    (lambda: ops.Gather(p("f32[2,3]"), p("i64[2,4]"), 0, batch_dims=1), "batch axes"),
    (lambda: ops.Gather(p("f32[2,3]"), p("i64[2,4]"), 0, batch_dims=3), "batch axes"),
    (lambda: ops.GatherElements(p("f32[2,3]"), p("i64[2]"), axis=0), "rank 2"),
    (lambda: ops.GatherElements(p("f32[2,3]"), p("i64[1,3]"), axis=1), "contradict"),
    (lambda: ops.GatherND(p("f32[2,3]"), p("i64[3]")), "3 coordinates"),
    (lambda: ops.GatherND(p("f32[2,3]"), p("i64[]")), "scalar"),
    (lambda: ops.ScatterUpdate(p("f32[2,3]"), p("i64[4]"), p("f32[2,5]"), 1), "contradict"),
    (lambda: ops.ScatterElementsUpdate(p("f32[2,3]"), p("i64[2,1]"), p("f32[2,2]"), 1), "contradict"),
    (lambda: ops.ScatterElementsUpdate(p("f32[2,3]"), p("i64[2]"), p("f32[2]"), 1), "rank 2"),
    (lambda: ops.ScatterNDUpdate(p("f32[2]"), p("i64[5,2]"), p("f32[5]")), "2 coordinates"),
    (lambda: ops.ScatterNDUpdate(p("f32[2,3]"), p("i64[5,1]"), p("f32[5,4]")), "contradict"),
    (lambda: ops.EmbeddingBagOffsetsSum(p("f32[9,4]"), p("i64[6]"), p("i64[]")), "offsets of rank 1"),
    (lambda: ops.EmbeddingBagPackedSum(p("f32[]"), p("i64[3,2]")), "table of rows"),
    (lambda: ops.OneHot(p("i64[2]"), -1, 1.0, 0.0, axis=0), "depth -1"),
    (lambda: ops.OneHot(p("i64[2]"), 2, 1.0, 0.0, axis=2), "outside"),
    (lambda: ops.TopK(p("f32[2]"), 3, axis=0, mode="max", sort="value"), "3 of 2"),
    (lambda: ops.TopK(p("f32[2]"), -1, axis=0, mode="max", sort="value"), "cannot give -1"),
    (lambda: ops.TopK(p("f32[]"), 1, axis=0, mode="max", sort="value"), "scalar"),
    (lambda: ops.Bucketize(p("f32[2]"), p("f32[2,2]")), "list of buckets"),
    (lambda: ops.SearchSorted(p("f32[2,3]"), p("f32[3,3]")), "contradict"),
    (lambda: ops.CumSum(p("f32[2,3]"), 2), "outside"),
    (lambda: ops.Range(0, 3, 0, output_type="i64"), "step of 0"),
    (lambda: ops.Range(0.0, float("inf"), 1.0, output_type="f32"), "no end"),
    (lambda: ops.Range([0, 1], 3, 1, output_type="i64"), "single numbers"),
    (lambda: ops.Eye(-1, 3, 0, output_type="f32"), "-1 rows"),
    (lambda: ops.RandomUniform([2, -3], 0.0, 1.0, output_type="f32"), "negative"),
    (
        lambda: ops.Multinomial(p("f32[5]"), 3, convert_type="i32", with_replacement=True, log_probs=False),
        "probabilities",
    ),
]


test_errors = errors_test(ERRORS)


def test_a_range_of_unknown_length_has_the_identity_of_its_end() -> None:
    x = p("f32[?,3]")
    length = ops.Gather(ops.ShapeOf(x), 0, 0)
    assert ops.Range(0, length, 1, output_type="i64").dims[0] is x.dims[0]
    assert ops.Range(0, length, 2, output_type="i64").dims[0] is not x.dims[0]


def test_known_content_decides_the_size() -> None:
    assert str(ops.NonZero([0, 3, 0, 4]).type) == "i64[1,2]"
    assert str(ops.Unique([3, 1, 3]).type) == "i64[2]"


def test_a_huge_range_is_a_type_and_no_more() -> None:
    node = ops.Range(0, 10**15, 1, output_type="i64")
    assert node.dims == (10**15,) and node.known is None
