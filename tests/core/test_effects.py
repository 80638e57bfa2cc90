"""Source nodes that matter although nobody reads them: kept as they are, and cut as far as what they act on goes."""

import pytest

from mo_core.frontend import SourceModel
from mo_core.frontend.cut import Request, cut
from mo_core.ir import Foreign, Graph
from mo_core.ir import types as t
from mo_core.options.inputs import InputSpec, OutputSpec


@pytest.fixture
def model():
    """x -> read(h) + x -> a -> b; a is assigned to h; an assertion looks at b, another one at x."""
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (2,))
    h = graph.add(node("Read", name="h", state="h"))
    a = graph.add(node("Add", x, h, name="a"))
    b = graph.add(node("Relu", a, name="b"))
    c = graph.add(node("Relu", x, name="c"))
    graph.add(node("Assign", a, name="assign", results=0, effect=True, state="h"))
    graph.add(node("Assert", b, name="about b", results=0, effect=True))
    graph.add(node("Assert", x, name="about x", results=0, effect=True))
    graph.add_output(b)
    graph.add_output(c)
    return SourceModel(graph)


def node(op, *inputs, name, results=1, **options):
    return Foreign("toy", op, inputs, None, results, name=name, **options)


def left(model, inputs=(), outputs=()):
    request = Request(
        inputs=[InputSpec(n, n) for n in inputs],
        outputs=[OutputSpec(n, n) for n in outputs],
    )
    cut(model, request)
    model.graph.verify()
    return {n.name for n in model.graph if isinstance(n, Foreign)}


def test_without_a_cut_all_effects_stay(model):
    assert left(model) == {"h", "a", "b", "c", "assign", "about b", "about x"}


def test_an_assignment_goes_where_nothing_reads_its_variable(model):
    assert left(model, outputs=["c"]) == {"c", "about x"}


def test_an_assignment_stays_with_all_that_it_needs_where_its_variable_is_read(model):
    assert left(model, outputs=["h"]) == {"h", "a", "assign", "about x"}


def test_an_effect_upstream_of_a_new_input_goes(model):
    assert left(model, inputs=["b"], outputs=["b"]) == {"b", "about b"}
