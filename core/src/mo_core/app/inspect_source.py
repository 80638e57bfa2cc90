"""Inspecting the model of a framework: it is read and cut as the input options say, and not converted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.app.inspection import Inspection, Missing, NodeLine, chosen, port
from mo_core.app.recognition import complete, read
from mo_core.app.report import Port
from mo_core.errors import MoError
from mo_core.frontend import SourceModel, cut
from mo_core.frontend.conversion import Conversion, converter_for, open_calls
from mo_core.ir import Constant, Foreign, Graph, Node, Value
from mo_core.ir.sources import SourceFiles, recording, without_weights
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import Type
from mo_core.options.names import quoted, tensor_name

if TYPE_CHECKING:
    from mo_core.app.session import Session
    from mo_core.frontend import Frontend
    from mo_core.options import Options

_MEANT = ("The model", "Inputs and outputs", "Plug-ins", "Report and log", "Inspection")
"""The groups of options that matter to what is in a model."""
_DEEP = 5
_UNKNOWN = set("[.,?]")
"""The characters of shapes of which nothing is known."""


def inspect(
    source: Any, options: Options, session: Session, frontend: Frontend, nodes: str | None = None
) -> tuple[Inspection, SourceFiles]:
    """Read a model; also gives the files that it was read from, which a report must not replace.

    Args:
        nodes: which nodes to list: a text that names or operations have, `*` and `?` for any characters; empty: all;
            None: none.
    """
    with recording() as sources, without_weights() as gone:
        model = _cut(source, options, session, frontend)
        open_calls(model, session.converters(frontend.name), frontend)
        counts, kinds = _counted(model, session, frontend)
        graph = model.graph
        found = Inspection(
            frontend.title or frontend.name,
            model.name,
            [port(p) for p in graph.inputs],
            [port(r.source, r.name) for r in graph.outputs],
            dict(sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))),
            _missing(model, counts, kinds),
            [*options.notes, *_without_effect(options, frontend), *model.notes],
            {key: text for key, text in model.facts.items() if text},
            _sizes(source, sources),
            sum(t.nbytes for t in _tensors(graph)),
        )
        if nodes is not None or any(set(p.shape) <= _UNKNOWN for p in found.outputs):
            types = _types(source, options, session, frontend)
            found.outputs = [_typed(r.source, types, r.name) for r in graph.outputs]
            found.nodes = chosen(_lines(model, types), nodes)
    found.notes += [f"{fact}; the weights are not needed here." for fact in gone]
    return found, sources


def _cut(source: Any, options: Options, session: Session, frontend: Frontend) -> SourceModel:
    """The model, cut and with the shapes that the options say."""
    model = read(frontend, source, options)
    table = session.converters(frontend.name)

    def types(part: Graph) -> Sequence[Type]:
        complete(frontend, replace(model, graph=part), options)
        return Conversion(table, frontend, options, model.functions).types(part)

    model.notes += cut.cut(model, cut.Request.of(options), types, partial(open_calls, model, table, frontend))
    return model


def _without_effect(options: Options, frontend: Frontend) -> list[str]:
    ignored = [o.flag for o in options.given.values() if not o.frameworks and o.group not in _MEANT and not o.note]
    return [f"{', '.join(ignored)}: without effect here, where nothing is converted."] if ignored else []


def _sizes(source: Any, sources: SourceFiles) -> dict[str, int]:
    """The files of the model with their sizes, the one that was named first."""
    paths = list(sources.paths)
    if isinstance(source, (str, os.PathLike)):
        paths.sort(key=lambda p: p != Path(source))
    return {str(p): p.stat().st_size for p in paths if p.is_file()}


def _tensors(graph: Graph) -> Iterator[Tensor]:
    """Every tensor of a graph: constants, and attributes that hold one."""
    for node in graph.walk():
        yield from _own(node)


def _own(node: Node) -> list[Tensor]:
    if isinstance(node, Constant):
        return [node.value]
    return list(_inside(node.given, _DEEP)) if isinstance(node, Foreign) else []


def _inside(value: Any, depth: int) -> Iterator[Tensor]:
    """The tensors in an attribute, also in records that a front-end has made; bodies are walked elsewhere."""
    if isinstance(value, Tensor):
        yield value
    elif depth and isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _inside(item, depth - 1)
    elif depth and is_dataclass(value):
        for item in fields(value):
            yield from _inside(getattr(value, item.name), depth - 1)


# -- operations


def _op(node: Foreign) -> str:
    return f"{node.domain}:{node.op}" if node.domain else node.op


def _counted(model: SourceModel, session: Session, frontend: Frontend) -> tuple[Counter[str], set[str]]:
    """Source ops with counts, and those without a converter."""
    table = session.converters(frontend.name)
    counts: Counter[str] = Counter()
    missing: set[str] = set()
    for node in model.graph.walk():
        if not isinstance(node, Foreign):
            continue
        op = _op(node)
        counts[op] += 1
        if op not in missing and converter_for(frontend, table, node) is None and not model.functions.calls(node):
            missing.add(op)
    return counts, missing


def _missing(model: SourceModel, counts: Counter[str], kinds: set[str]) -> list[Missing]:
    found: dict[str, Missing] = {}
    for node in model.graph.walk():
        if not isinstance(node, Foreign):
            continue
        op = _op(node)
        if op in kinds and op not in found:
            computed = [tensor_name(v) for v in node.operands if isinstance(v.node, Foreign)]
            before = tuple(dict.fromkeys(computed)) if node.graph is model.graph else ()
            found[op] = Missing(op, counts[op], node.name or quoted(node.names), before)
    return list(found.values())


# -- nodes


def _lines(model: SourceModel, types: dict[str, Value]) -> list[NodeLine]:
    """The nodes of the outermost graph, with the types that a conversion would find."""
    lines = []
    for node in model.graph:
        if not isinstance(node, Foreign):
            continue
        own = [*_own(node), *(t for body in node.bodies for t in _tensors(body))]
        held = sum(t.nbytes for v in node.operands for t in _weights(v)) + sum(t.nbytes for t in own)
        read_ = tuple(dict.fromkeys(v.label for v in node.operands if not _weights(v)))
        results = tuple(_typed(r, types) for r in node.results)
        lines.append(NodeLine(node.name or node.label, _op(node), read_, results, held))
    return lines


def _weights(value: Value) -> list[Tensor]:
    """The tensor after an operand, also when it is held by a source op without operands."""
    return _own(value.node) if not value.node.operands else []


def _typed(value: Value, types: dict[str, Value], name: str = "") -> Port:
    names = (name, *value.names, _result(value.node.name, value.index))
    known = next((types[n] for n in names if n in types), None)
    shown = port(value, name)
    if known is None:
        return shown
    return shown._replace(element=known.element.name, shape=port(known).shape)


def _types(source: Any, options: Options, session: Session, frontend: Frontend) -> dict[str, Value]:
    """Values by tensor names after a conversion without optimisation; nothing where that is not possible."""
    try:
        model = _cut(source, options, session, frontend)
        complete(frontend, model, options)
        Conversion(session.converters(frontend.name), frontend, options, model.functions).run(model.graph)
    except (MoError, ValueError):
        return {}
    found: dict[str, Value] = {}
    for node in model.graph:
        found[_result(node.name, 0)] = node  # what is computed in place has no tensor name
        found.update((_result(node.name, i), r) for i, r in enumerate(node.results) if i)
    found.update((name, value) for node in model.graph for value in node.results for name in value.names)
    return {**found, **{r.name: r.source for r in model.graph.outputs if r.name}}


def _result(node: str, index: int) -> str:
    """How results without a tensor name are found: no name has this character."""
    return f"{node}\0{index}"
