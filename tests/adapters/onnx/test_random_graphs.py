"""Random models against ONNX Runtime: the whole pipeline, every pass in whatever it meets.

`python -m tests.adapters.onnx.test_random_graphs 1000 2000` tries other seeds and prints what differs.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.adapters.onnx import running
from tests.adapters.onnx.random_graphs import RandomModel

COUNT = 150


def differences(seed: int) -> list[str]:
    """What is wrong with the results for a seed; a number on the edge of a step (Floor, Where) may fall to either side."""
    made = RandomModel(seed)
    wanted = running.onnxruntime(made.model, made.feeds)
    found = []
    for output, got, want in zip(made.model.graph.output, running.run(made.model, made.feeds)[0], wanted):
        scale = float(np.max(np.abs(want), initial=1.0))
        if (got.dtype, got.shape) != (want.dtype, want.shape):
            found.append(f"{output.name} is {got.dtype}{got.shape}, wanted {want.dtype}{want.shape}")
        elif not np.allclose(got, want, rtol=1e-4, atol=1e-5 * scale, equal_nan=True):
            found.append(f"{output.name} differs by {np.max(np.abs(got - want)):.3g} of {scale:.3g}")
    return found


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_model(seed: int) -> None:
    assert not differences(seed)


if __name__ == "__main__":
    for number in range(*map(int, sys.argv[1:3])):
        try:
            problems = differences(number)
        except Exception as e:  # whatever it is, it belongs to this seed
            problems = [f"{type(e).__name__}: {' '.join(str(e).split())[:300]}"]
        if problems:
            print(number, problems, flush=True)
