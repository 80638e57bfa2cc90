"""Values that a loop carries and its body does not read, which the runtime loses when the loop does not run."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest

from mo_core import emit
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import Add, LastValue, Loop, Merged, Select
from mo_core.rewriting import Context, run
from mo_core.transforms.workarounds.unread_states import unread_states

X, Z = np.float32([1, 2]), np.float32([7, 9])


def loop(start=None):
    """Carries x, which doubles, and z, which becomes the double of x."""
    graph, body = Graph("g"), Graph("body")
    x, z, go = (
        graph.add_input("x", t.f32, (2,)),
        graph.add_input("z", t.f32, (2,)),
        graph.add_input("go", t.boolean, ()),
    )
    inner = body.add_input("", t.f32, (2,))
    body.add_input("", t.f32, (2,))
    double = body.add(Add(inner, inner))
    for value in (double, Add(double, double), body.add(constant(True))):
        body.add_output(value)
    made = Loop(
        constant(2),
        go if start is None else constant(start),
        [x, z],
        body=body,
        input_ports=(Merged(0, 0), Merged(1, 1)),
        output_ports=(LastValue(0), LastValue(1)),
        body_condition=2,
    )
    graph.add(made)
    for result in made.results:
        graph.add_output(result)
    return graph


def computed(graph, go, folder):
    emit.save(graph, folder / "model.xml")
    compiled = ov.Core().compile_model(folder / "model.xml", "CPU")
    return [compiled([X, Z, np.array(go)])[i].tolist() for i in range(2)]


def test_a_carried_value_that_nobody_reads_is_its_first_value_when_the_loop_does_not_run(tmp_path):
    graph = loop()
    run([unread_states], graph, Context())
    graph.verify()
    assert computed(graph, False, tmp_path) == [[1, 2], [7, 9]]
    assert computed(graph, True, tmp_path) == [[4, 8], [8, 16]]


def test_a_loop_that_surely_runs_stays_as_it_is():
    graph = loop(True)
    run([unread_states], graph, Context())
    assert not [n for n in graph.walk() if isinstance(n, Select)]


@pytest.mark.xfail(strict=True, reason="the runtime takes the parameter out, and its first value with it")
def test_the_runtime_keeps_the_first_value(tmp_path):
    assert computed(loop(), False, tmp_path) == [[1, 2], [7, 9]]
