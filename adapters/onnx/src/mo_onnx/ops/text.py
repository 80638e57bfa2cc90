"""Text that is already numbers: counting n-grams."""

from __future__ import annotations

from functools import reduce

import numpy as np

from mo_core.build import (
    concat,
    dim_size,
    filled,
    gather,
    ints,
    slice_axis,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import INF
from mo_core.ops import (
    Add,
    Equal,
    LogicalAnd,
    Minimum,
    Multiply,
    ReduceSum,
)
from mo_onnx.registry import onnx_op

MAX_SKIPS = 1000
MAX_COLUMNS = 1 << 24


@onnx_op("TfIdfVectorizer")
def tf_idf_vectorizer(
    x: Value,
    *,
    max_gram_length: int,
    max_skip_count: int,
    min_gram_length: int,
    mode: str,
    ngram_counts: tuple[int, ...],
    ngram_indexes: tuple[int, ...],
    pool_int64s: tuple[int, ...] = (),
    pool_strings: tuple[str, ...] = (),
    weights: tuple[float, ...] | None = None,
) -> Value:
    """Counts of the n-grams of a pool in x (C or N, C), one column for each of `ngram_indexes`."""
    if pool_strings:
        raise Unsupported("TfIdfVectorizer of strings", "Feed numbers instead of words.")
    if not 0 <= max_skip_count <= MAX_SKIPS:
        raise Unsupported(f"TfIdfVectorizer that skips {max_skip_count} items", "Cut the model before it.")
    if x.rank not in (1, 2) or (weights is not None and len(weights) != len(ngram_indexes)):
        raise ModelError(
            "TfIdfVectorizer wants C or N, C numbers and a weight for each n-gram", "Export the model again."
        )
    batch = x if x.rank == 2 else unsqueeze(x, 0)
    column_of = list(ngram_indexes)
    if len(set(column_of)) < len(column_of) or not all(0 <= c < MAX_COLUMNS for c in column_of):
        raise ModelError("the columns of TfIdfVectorizer are not distinct, or out of range", "Export the model again.")
    source = np.full(max(column_of, default=-1) + 1, -1)  # for each column its place among the counts below
    groups: list[Value] = []
    first = placed = 0
    for n, (start, end) in enumerate(zip(ngram_counts, [*ngram_counts[1:], len(pool_int64s)]), 1):
        count = (end - start) // n
        if count < 0 or first + count > len(column_of):
            raise ModelError("the counts of TfIdfVectorizer do not fit its pool", "Export the model again.")
        if count and min_gram_length <= n <= max_gram_length:
            grams = np.array(pool_int64s[start : start + count * n], np.int64).reshape(count, n)
            gaps = range(1, 2 if n == 1 else max_skip_count + 2)  # a single item has no gaps to skip
            groups.append(reduce(Add, [occurrences(batch, grams, gap) for gap in gaps]))
            source[column_of[first : first + count]] = np.arange(placed, placed + count)
            placed += count
        first += count
    groups.append(filled([dim_size(batch, 0), 1], constant(0.0)))  # columns that nothing counts for
    total = gather(concat(groups, 1), np.where(source < 0, placed, source).tolist(), 1)
    if mode != "TF":
        scale = np.ones(len(source), np.float32)
        if weights is not None:
            scale[column_of] = weights
        total = Multiply(Minimum(total, constant(1.0)) if mode == "IDF" else total, constant(scale))
    return total if x.rank == 2 else squeeze(total, 0)


def occurrences(x: Value, grams: np.ndarray[tuple[int, int], np.dtype[np.int64]], gap: int) -> Value:
    """How often each row of `grams` is in each row of x with its items `gap` apart, f32."""
    count, n = grams.shape
    matches: Value | None = None
    for j in range(n):
        behind = (n - 1 - j) * gap
        items = unsqueeze(slice_axis(x, 1, j * gap, -behind if behind else INF), 2)
        equal = Equal(items, constant(grams[:, j].reshape(1, 1, count), x.element))
        matches = equal if matches is None else LogicalAnd(matches, equal)
    assert matches is not None
    return ReduceSum(to_element(matches, t.f32), ints([1]))
