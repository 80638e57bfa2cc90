"""Every node case passes, or it stands in `known_failures.txt` and does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cases import known_failures, load_cases
from .workers import Worker

CASES = load_cases()
KNOWN = known_failures()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.stop()


@pytest.mark.parametrize("name", CASES)
def test_node_case(name: str, worker: Worker) -> None:
    result = worker.check(CASES[name])
    if name in KNOWN:
        assert result.status != "pass", "the case passes: take it out of known_failures.txt"
        pytest.xfail(KNOWN[name])
    assert result.status == "pass", f"{result.status}: {result.detail}"


def test_known_failures_are_cases() -> None:
    assert not KNOWN.keys() - CASES.keys()
