"""Text that is already numbers: counting n-grams."""

from __future__ import annotations

import numpy as np

from mo_core import types as t
from mo_core.build import (
    ints,
    slice_axis,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ops import (
    Add,
    Equal,
    LogicalAnd,
    MatMul,
    Minimum,
    Multiply,
    ReduceSum,
)
from mo_core.types import INF
from mo_onnx.registry import onnx_op


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
    batch = x if x.rank == 2 else unsqueeze(x, 0)
    columns = max(ngram_indexes, default=-1) + 1
    total: Value = constant(np.zeros((1, columns), np.float32))
    ends = [*ngram_counts[1:], len(pool_int64s)]
    first = 0
    for n, (start, end) in enumerate(zip(ngram_counts, ends), 1):
        count = (end - start) // n
        if count < 0 or first + count > len(ngram_indexes):
            raise ModelError("the counts of TfIdfVectorizer do not fit its pool", "Export the model again.")
        if count and min_gram_length <= n <= max_gram_length:
            grams = np.array(pool_int64s[start : start + count * n], np.int64).reshape(count, n)
            places = np.zeros((count, columns), np.float32)
            places[np.arange(count), list(ngram_indexes[first : first + count])] = 1
            # a single item has no gaps to skip
            found = [occurrences(batch, grams, gap) for gap in range(1, 2 if n == 1 else max_skip_count + 2)]
            for counts in found:
                total = Add(total, MatMul(counts, constant(places)))
        first += count
    if mode != "TF":
        scale = np.ones(columns, np.float32)
        if weights is not None:
            scale[list(ngram_indexes)] = weights
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
