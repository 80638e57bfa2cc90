"""What tests of passes share: small graphs, and results before and after on the runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from mo_core.emit import serialize
from mo_core.ir import Constant, Graph, Node, Parameter, Result, constant
from mo_core.ir import types as t
from mo_core.rewriting.passes import Context, Pass, order, run

TOLERANCE = 1e-5
"""Largest difference allowed, relative to the largest number of a result."""


def inputs(*shapes: Sequence[Any], element: t.ElementType = t.f32) -> tuple[Graph, list[Parameter]]:
    """A graph with one input of each shape, named `x0`, `x1`, …; dynamic dimensions are given as None."""
    graph = Graph()
    made = []
    for i, shape in enumerate(shapes):
        dims = tuple(t.Dynamic() if d is None else d for d in shape)
        made.append(graph.add_input(f"x{i}", element, dims))
    return graph, made


def weights(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> Constant:
    """Random f32 numbers."""
    rng = np.random.default_rng([seed, *shape])
    return constant(rng.uniform(low, high, shape).astype(np.float32))


def kinds(graph: Graph) -> list[str]:
    """The types of the layers in order, without inputs, outputs and constants."""
    return [n.type_name for n in graph if not isinstance(n, (Parameter, Result, Constant))]


def only(graph: Graph, kind: type[Node]) -> Node:
    """The one node of a kind."""
    (found,) = [n for n in graph if isinstance(n, kind)]
    return found


def optimise(graph: Graph, *passes: Pass, context: Context | None = None) -> Context:
    """Run passes in their order and verify the graph."""
    context = context or Context()
    run(order(passes), graph, context)
    graph.verify()
    return context


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def evaluate(graph: Graph, data: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The results on the runtime, in f32, from the emitted form."""
    xml, blob = serialize(graph)
    model = _core().read_model(xml.encode(), blob)
    compiled = _core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled(dict(data))
    return [np.array(results[port]) for port in compiled.outputs]


def feed(graph: Graph, size: int = 3, seed: int = 1) -> dict[str, np.ndarray]:
    """Random data for every input; dynamic dimensions become `size`."""
    rng = np.random.default_rng(seed)
    made = {}
    for p in graph.inputs:
        shape = [d if isinstance(d, int) else size for d in p.dims]
        made[p.names[0]] = rng.uniform(-2, 2, shape).astype(p.element.dtype)
    return made


def close(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> None:
    """Assert equality up to `TOLERANCE`."""
    assert len(before) == len(after)
    for a, b in zip(before, after):
        assert a.shape == b.shape
        assert np.array_equal(np.isfinite(a), np.isfinite(b))
        scale = np.abs(a[np.isfinite(a)]).max(initial=0)
        worst = np.abs(a.astype(np.float64) - b)[np.isfinite(a)].max(initial=0)
        assert worst <= TOLERANCE * scale + 1e-30, f"differs by {worst:.3g}, and the largest number is {scale:.3g}"


def check(graph: Graph, *passes: Pass, size: int = 3, context: Context | None = None) -> Context:
    """Run passes; assert that the results on the runtime, the output names and the types stay the same."""
    data = feed(graph, size)
    before = evaluate(graph, data)
    names = [r.source.names for r in graph.outputs]
    elements = [r.source.element for r in graph.outputs]
    context = optimise(graph, *passes, context=context)
    assert [r.source.names for r in graph.outputs] == names
    assert [r.source.element for r in graph.outputs] == elements
    close(before, evaluate(graph, data))
    return context


def unchanged(graph: Graph, *passes: Pass, context: Context | None = None) -> Context:
    """Run passes; assert that nothing fires."""
    before = [(n.type_name, n.name) for n in graph]
    context = optimise(graph, *passes, context=context)
    assert not context.record.firings and [(n.type_name, n.name) for n in graph] == before
    return context


def reasons(context: Context) -> list[str]:
    """Why rules declined."""
    return [d.reason for d in context.record.declined]
