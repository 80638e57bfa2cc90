"""Iterations whose body reads none of the pieces that it is run over."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.ops import Add, Concatenated, LastValue, Merged, Multiply, Sliced, TensorIterator
from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate
from mo_core.transforms.workarounds.unread_pieces import unread_pieces

PIECES, X = np.zeros((5, 3), np.float32), np.float32([1, 2])


def iterated(read):
    """Doubles x for every row of the pieces, and puts the results together."""
    graph, body = Graph("g"), Graph("body")
    pieces, x = graph.add_input("pieces", t.f32, (t.Dynamic(), 3)), graph.add_input("x", t.f32, (1, 2))
    piece, inner = body.add_input("", t.f32, (1, 3)), body.add_input("", t.f32, (1, 2))
    double = body.add(Add(inner, inner))
    if read:
        from mo_core.build import slice_axis

        double = Add(double, Multiply(slice_axis(piece, 1, 0, 2), slice_axis(piece, 1, 1, 3)))
        body.add(double)
    body.add_output(double)
    made = TensorIterator(
        [pieces, x],
        body=body,
        input_ports=(Sliced(0, 0), Merged(1, 0)),
        output_ports=(LastValue(0), Concatenated(0, 0)),
    )
    graph.add(made)
    for result in made.results:
        graph.add_output(result)
    return graph


def expected():
    rows = X * 2.0 ** np.arange(1, 6)[:, None]
    return [rows[-1:], rows]


def test_the_body_runs_for_every_piece():
    graph = iterated(read=False)
    run(order([unread_pieces]), graph, Context())
    graph.verify()
    assert [n.type_name for n in graph if n.bodies] == ["Loop"]
    for found, wanted in zip(evaluate(graph, PIECES, X[None], engine="runtime"), expected()):
        np.testing.assert_array_equal(found, wanted)


def test_a_body_that_reads_its_pieces_stays():
    graph = iterated(read=True)
    run(order([unread_pieces]), graph, Context())
    assert [n.type_name for n in graph if n.bodies] == ["TensorIterator"]


@pytest.mark.xfail(strict=True, reason="the runtime runs the body once")
def test_the_runtime_runs_the_body_for_every_piece():
    found = evaluate(iterated(read=False), PIECES, X[None], engine="runtime")
    np.testing.assert_array_equal(found[0], expected()[0])
