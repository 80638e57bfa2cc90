"""Recurrences as loops of the runtime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import split
from mo_core.build.loops import iterate
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Multiply, Sqrt
from tests.core.ops.runtime import graph_of, param, read

Pair = tuple[Sequence[Value], Sequence[Value]]


def test_states_go_on_and_outputs_are_stacked() -> None:
    x = param("f32[2,?,3]")

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> Pair:
        total = Add(states[0], pieces[0])
        return [total], [total]

    (last,), (sums,) = iterate(step, [(x, 1)], [constant(np.zeros((2, 3)), t.f32)], axis=1)
    assert (last.shape, str(sums.type)) == ((2, 3), "f32[2,?,3]")
    data = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    got_last, got_sums = _run([last], data)
    np.testing.assert_allclose(got_sums, np.cumsum(data, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got_last, data.sum(1), rtol=1e-5, atol=1e-6)


def test_what_does_not_change_is_computed_outside() -> None:
    """Both halves are read in the body, and one of them behind it, too; neither may become a part of the body."""
    x, y = param("f32[4,3]"), param("f32[6]")
    factors, shifts = split(Sqrt(y), 0, 2)

    def step(pieces: Sequence[Value], states: Sequence[Value]) -> Pair:
        return [], [Add(Multiply(pieces[0], factors), shifts)]

    _, (scaled,) = iterate(step, [(x, 0)], [], axis=0)
    (body,) = scaled.node.bodies
    assert [node.type_name for node in body].count("Sqrt") == 0
    data, numbers = np.arange(12, dtype=np.float32).reshape(4, 3), np.arange(1, 7, dtype=np.float32)
    (got,) = _run([Multiply(scaled, factors)], data, numbers)
    root = np.sqrt(numbers)
    np.testing.assert_allclose(got, (data * root[:3] + root[3:]) * root[:3], rtol=1e-5)


def _run(values: Sequence[Value], *inputs: np.ndarray) -> list[np.ndarray]:
    import openvino

    model = read(graph_of(*values))
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(v) for v in compiled(list(inputs)).values()]
