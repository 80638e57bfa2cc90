"""A conversion from its source to a model: the stages, and what the report learns of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.app.model import Model
from mo_core.app.recognition import complete, model_name, read
from mo_core.app.report import Report
from mo_core.app.session import Session
from mo_core.errors import ModelError, MoError, ShapeError, Unsupported
from mo_core.frontend import Frontend, SourceModel, cut
from mo_core.frontend.conversion import Conversion, converter_for, open_calls
from mo_core.frontend.unsupported import cut_before, remedy
from mo_core.ir import Foreign, Graph
from mo_core.ir.sources import SourceFiles, recording
from mo_core.ir.types import Shape, Type, format_shape, merge_shape
from mo_core.options import Options
from mo_core.rewriting import passes
from mo_core.rewriting.passes import Context, Stage
from mo_core.rewriting.record import Exclusion
from mo_core.rewriting.switches import check_explained, check_layers, select, unmatched

if TYPE_CHECKING:
    from mo_core.app.progress import Progress

_ASKED_FOR = (Stage.NORMALIZE, Stage.PREPROCESS)
"""Stages whose passes do what options ask for, where they run on such a wish only."""


def run(
    source: Any,
    options: Options,
    session: Session,
    frontend: Frontend,
    progress: Progress | None = None,
    report: Report | None = None,
    unoptimised: bool = False,
) -> Model:
    """Convert with everything already chosen.

    Args:
        report: filled as far as the conversion gets; unoptimised: without the passes that nobody asked for, so that
        each source op is what its converter made.
    """
    with _no_collector(), recording() as sources:
        return _run(source, options, session, frontend, progress, report or Report(), sources, unoptimised)


@contextmanager
def _no_collector() -> Iterator[None]:
    """A conversion makes many objects and hardly any garbage: looking for cycles costs a third of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _run(
    source: Any,
    options: Options,
    session: Session,
    frontend: Frontend,
    progress: Progress | None,
    report: Report,
    sources: SourceFiles,
    unoptimised: bool,
) -> Model:
    report.plugins = [str(p) for p in session.plugins.providers]
    options.check_framework(frontend.name)
    report.notes += options.notes
    ordered = session.passes(options, frontend.name)
    selection = select(options, ordered)
    pipeline = selection.switches.choose(ordered, options)
    if unoptimised:
        pipeline = [p for p in pipeline if p.stage is Stage.FRONT or (p.wanted is not None and p.stage in _ASKED_FOR)]
    context = Context(options=options, exclusion=Exclusion(selection.excluded), notes=list(selection.notes))
    context.replacers = lambda: session.replacers(frontend.name)
    context.converts = partial(_converts, session, frontend)
    report.record = context.record
    watch = _Watch(report, progress)
    with watch.stage("read"):
        model = read(frontend, source, options)
        report.source(model, frontend)
        check_layers(selection.skipped, model.graph)
        check_explained(options.explain, ordered, model.graph)
        for name in unmatched(options.finegrain_fusing, model.graph):
            context.notes.append(f'--finegrain_fusing: nothing in the model is called "{name}".')
    front = [p for p in pipeline if p.stage is Stage.FRONT]
    context.model = model
    with watch.stage("front"):
        _run_passes(front, model.graph, context, session, options)
        table = session.converters(frontend.name)
        report.notes += session.overridden(frontend.name)

        def types(part: Graph) -> Sequence[Type]:
            complete(frontend, replace(model, graph=part), options)
            return Conversion(table, frontend, options, model.functions).types(part)

        told = partial(_telling_of_shapes, options, {p.label: p.shape for p in model.graph.inputs}, model.graph)
        with told():
            opened = partial(open_calls, model, table, frontend)
            report.notes += cut.cut(model, cut.Request.of(options), types, opened)
    with watch.stage("convert"):
        tick = progress.tick if progress is not None else None
        conversion = Conversion(table, frontend, options, model.functions, tick)
        try:
            with told():
                complete(frontend, model, options)
                conversion.run(model.graph)
        except Unsupported as e:
            _advise(e, source, options, session, frontend)
            raise
    with watch.stage("optimise"):
        _run_passes([p for p in pipeline if p.stage is not Stage.FRONT], model.graph, context, session, options)
    if not model.graph.outputs:
        raise ModelError("the model has no outputs", "Name what is to be computed with --output.")
    report.notes += model.notes + conversion.notes + context.notes + _unknown_ranks(model.graph)
    report.finish(model.graph, context)
    name = options.model_name or model_name(frontend, source)
    rt_info = _rt_info(model, frontend, options, context)
    return Model(model.graph, report, name, rt_info, options, session, sources, source, frontend, model.mean_images)


def _converts(session: Session, frontend: Frontend, node: Foreign) -> bool:
    found = converter_for(frontend, session.converters(frontend.name), node)
    return found is not None and not found.refuses


@contextmanager
def _telling_of_shapes(options: Options, declared: Mapping[str, Shape], graph: Graph) -> Iterator[None]:
    """Say what may be wrong with the shapes that the user gave, when they do not fit together."""
    try:
        yield
    except ShapeError as e:
        e.remedy = e.remedy or _other_shapes(options, declared, graph)
        raise


def _other_shapes(options: Options, declared: Mapping[str, Shape], graph: Graph) -> str:
    if options.batch is not None:
        return "If the model has its batch as a number inside, leave --batch out, or export it with a free batch."
    for p in graph.inputs:
        stated = declared.get(p.label)
        try:
            merge_shape(stated, p.shape)
        except ShapeError:
            return f'The file has {format_shape(stated)} for "{p.label}", and {format_shape(p.shape)} was given.'
    return ""


def _advise(e: Unsupported, source: Any, options: Options, session: Session, frontend: Frontend) -> None:
    """Say how to go on without converters for some ops; where to cut is asked of the model as it is in its file."""
    if not e.problems:
        return
    ops = [p.op for p in e.problems]
    if not e.before and not options.input and not options.output:
        try:
            again = read(frontend, source, options)
            open_calls(again, session.converters(frontend.name), frontend)
            e.before = cut_before(again.graph, ops)
        except MoError:
            pass  # the first error says more
    blocked = [str(p) for p in session.plugins.blocked if p.framework in ("", frontend.name)]
    e.remedy = remedy(frontend.name, ops, e.before, blocked)


def _run_passes(
    pipeline: Sequence[passes.Pass], graph: Graph, context: Context, session: Session, options: Options
) -> None:
    if options.dump_passes and context.before_pass is None:
        from mo_core.ir.text import Dumper

        dumper = Dumper(Path(options.dump_passes))
        context.before_pass, context.after_pass = dumper.before, dumper.after
    context.around = session.plugins.around_pass
    context.check = bool(options.check)
    passes.run(pipeline, graph, context)


def _rt_info(model: SourceModel, frontend: Frontend, options: Options, context: Context) -> dict[str, object]:
    """What the IR tells about its origin; nothing in it depends on the time or the machine."""
    from mo_core import __version__

    parameters = {"framework": frontend.name, **_shown(options)}
    if options.ir_version == "10":  # its readers take these two and refuse what they do not know
        return {"MO_version": f"mo-core {__version__}", "cli_parameters": {**parameters, **context.info}}
    info: dict[str, object] = {
        "MO_version": f"mo-core {__version__}",
        "conversion_parameters": parameters,
        "framework": dict(sorted(model.metadata.items())) if model.metadata else {},
        "legacy_frontend": "False",
        **context.info,
    }
    return {k: v for k, v in info.items() if v != {}}


PLACES = ("extension", "transformations_config")
"""Options that say where something lies, and whose kind does not tell it."""


def _shown(options: Options) -> dict[str, object]:
    """The options that the user gave, paths left out: the same input gives the same bytes wherever it lies."""
    given = sorted(options.values().items())
    shown = {
        name: value for name, value in given if options.given[name].kind != "path" and name not in (*PLACES, "dry_run")
    }
    return {name: ",".join(map(str, value)) if isinstance(value, tuple) else value for name, value in shown.items()}


def _unknown_ranks(graph: Graph) -> list[str]:
    return [
        f'the number of dimensions of the input "{p.label}" is not known, and the CPU device refuses such a model; '
        f'give the shape with --input, as in --input "{p.label}[?,3,?,?]".'
        for p in graph.inputs
        if p.shape is None
    ]


class _Watch:
    """Times the stages and tells the progress display."""

    def __init__(self, report: Report, progress: Progress | None) -> None:
        self._report, self._progress = report, progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self._progress is not None:
            self._progress.stage(name)
        start = time.perf_counter()
        yield
        self._report.seconds[name] = time.perf_counter() - start
