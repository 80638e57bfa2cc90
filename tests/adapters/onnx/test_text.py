"""Counting n-grams, with an oracle of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mo_core.errors import Unsupported
from tests.adapters.onnx.nodes import run

POOL = {"pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7], "ngram_counts": [0, 4], "ngram_indexes": [6, 0, 1, 2, 3, 4, 5]}
GRAMS: Sequence[tuple[int, ...]] = [(2,), (3,), (5,), (4,), (5, 6), (7, 8), (6, 7)]


def counts(row: Sequence[int], shortest: int, longest: int, skips: int) -> list[int]:
    found = [0] * 7
    for gram, column in zip(GRAMS, POOL["ngram_indexes"]):
        n = len(gram)
        if shortest <= n <= longest:
            for gap in range(1, 2 if n == 1 else skips + 2):
                found[column] += sum(tuple(row[i : i + n * gap : gap]) == gram for i in range(len(row) - (n - 1) * gap))
    return found


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize("dynamic", [(), (0,)])
@pytest.mark.parametrize(("shortest", "longest", "skips"), [(1, 1, 0), (2, 2, 0), (1, 2, 5), (2, 2, 2)])
def test_n_grams(mode: str, dynamic: tuple[int, ...], shortest: int, longest: int, skips: int) -> None:
    x = np.array([[1, 1, 3, 3, 3, 7, 8], [8, 6, 7, 5, 6, 8, 5]], np.int64)
    weights = np.arange(1, 8, dtype=np.float32) / 2
    lengths = {"min_gram_length": shortest, "max_gram_length": longest, "max_skip_count": skips}
    attributes = {"mode": mode, "weights": weights.tolist(), **lengths, **POOL}
    want = np.array([counts(row.tolist(), shortest, longest, skips) for row in x], np.float32)
    scale = np.empty(7, np.float32)
    scale[POOL["ngram_indexes"]] = weights
    want = {"TF": want, "IDF": (want > 0) * scale, "TFIDF": want * scale}[mode]
    assert (run("TfIdfVectorizer", [x], attributes, opset=9, dynamic=dynamic) == want).all()
    assert (run("TfIdfVectorizer", [x[1]], attributes, opset=9, dynamic=dynamic) == want[1]).all()


def test_words_are_refused() -> None:
    words = {"pool_strings": ["a", "b"], "ngram_counts": [0], "ngram_indexes": [0, 1]}
    attributes = {"mode": "TF", "min_gram_length": 1, "max_gram_length": 1, "max_skip_count": 0, **words}
    with pytest.raises(Unsupported, match="strings"):
        run("TfIdfVectorizer", [np.array([1])], attributes, opset=9)
