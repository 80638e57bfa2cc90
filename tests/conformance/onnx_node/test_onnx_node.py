"""Every case of the onnx package passes, or it stands in `known_failures.txt` and does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cases import Case, known_failures, light_cases, load_cases
from .workers import Worker

CASES = load_cases()
LIGHT = light_cases()
KNOWN = known_failures()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.stop()


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, worker: Worker) -> None:
    _passes_or_is_known(CASES[name], worker)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIGHT)
def test_network_of_equal_weights(name: str, worker: Worker) -> None:
    _passes_or_is_known(LIGHT[name], worker)


def _passes_or_is_known(case: Case, worker: Worker) -> None:
    result = worker.check(case)
    if case.name in KNOWN:
        assert result.status != "pass", "the case passes: take it out of known_failures.txt"
        pytest.xfail(KNOWN[case.name])
    assert result.status == "pass", f"{result.status}: {result.detail}"


def test_known_failures_are_cases() -> None:
    assert not KNOWN.keys() - CASES.keys() - LIGHT.keys()
