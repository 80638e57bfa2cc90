"""The public function: `convert(source, **options) -> Model`. Options have the names of the command line."""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core import emit
from mo_core.app.report import Report
from mo_core.app.session import Session
from mo_core.app.strangers import describe
from mo_core.errors import ModelError, ShapeError, UsageError, did_you_mean
from mo_core.frontend import Frontend, SourceModel, cut
from mo_core.frontend.conversion import Conversion, converter_for
from mo_core.ir import Constant, Foreign, Graph
from mo_core.ir.sources import SourceFiles, recording
from mo_core.ir.types import Type
from mo_core.options import Options, frameworks, listed
from mo_core.rewriting import passes
from mo_core.rewriting.passes import Context, Stage
from mo_core.rewriting.record import Exclusion
from mo_core.rewriting.switches import check_explained, check_layers, select, unmatched

if TYPE_CHECKING:
    from mo_core.app.progress import Progress
    from mo_core.app.verify.result import Verification
    from mo_core.frontend import Reference

_ASKED_FOR = (Stage.NORMALIZE, Stage.PREPROCESS)
"""Stages whose passes do what options ask for, where they run on such a wish only."""


class Model:
    """A converted model.

    Attributes:
        graph: of OpenVINO ops; report: what happened; name: of the output files; sources: the files that it was read
        from, which no output may replace.
    """

    def __init__(
        self,
        graph: Graph,
        report: Report,
        name: str,
        rt_info: dict[str, object],
        options: Options,
        session: Session,
        sources: SourceFiles,
        source: Any = None,
        frontend: Frontend | None = None,
    ) -> None:
        self.graph, self.report, self.name, self.sources = graph, report, name, sources
        self._rt_info, self._options, self._session = rt_info, options, session
        self._source, self._frontend = source, frontend

    @property
    def inputs(self) -> dict[str, Type]:
        """Name to type of every input, in order."""
        return {p.label: p.type for p in self.graph.inputs}

    @property
    def outputs(self) -> dict[str, Type]:
        """Name to type of every output, in order."""
        # in IR version 10 tensors have no names, and outputs are called like the nodes that compute them
        return {r.name if r.source.names else r.source.label: r.source.type for r in self.graph.outputs}

    @property
    def weights_bytes(self) -> int:
        """Bytes of all constants; equal ones, which are written once, are counted each time."""
        return sum(n.value.nbytes for n in self.graph.walk() if isinstance(n, Constant))

    def save(self, path: str | os.PathLike[str], progress: Progress | None = None) -> Path:
        """Write `path` (`.xml`) and the `.bin` beside it, both or none; returns the path of the `.xml`."""
        start = time.perf_counter()
        emitted = emit.save(
            self.graph,
            path,
            name=self.name,
            rt_info=self._rt_info,
            version=int(self._options.ir_version),
            advance=progress.advance if progress is not None else None,
            sources=self.sources,
        )
        self.report.emitted(emitted, time.perf_counter() - start)
        self._session.plugins.emitted(self.report)
        assert emitted.xml is not None
        return emitted.xml

    @property
    def options(self) -> Options:
        """The options that it was converted with."""
        return self._options

    def verify(self, ir: str | os.PathLike[str] | None = None, **settings: Any) -> Verification:
        """Compute the source and the IR on the same data and compare them; see `mo_core.verify`.

        Args:
            ir: the `.xml` of this model; default: what `save` would write.
            settings: `data`, `seed`, `cases`, `tolerance`, `fp16`, `framework`, `python`, `timeout`.
        """
        from mo_core.app.verify.engine import Settings, verify_model

        return verify_model(self, ir, Settings.of(settings))

    def again(self, *, unoptimised: bool = False, **changes: Any) -> Model:
        """The model converted again from its source, with other values of some options.

        `unoptimised`: without the passes that nobody asked for, so that each source op is what its converter made.
        """
        if self._frontend is None:
            raise UsageError(
                "the model was not made by convert, so it cannot be converted again", "Use mo_core.convert."
            )
        options = copy(self._options)
        options.__dict__.update(changes)
        with _no_collector(), recording() as sources:
            return _run(self._source, options, self._session, self._frontend, None, Report(), sources, unoptimised)

    def reference(self, folder: Path) -> Reference | None:
        """How its framework computes the source, if it can; `folder` is for files that are written for that."""
        return self._frontend.reference(self._source, self._options, folder) if self._frontend is not None else None

    def to_openvino(self) -> Any:
        """The model in the OpenVINO runtime (`openvino.Model`), without files. Needs the package openvino."""
        try:
            import openvino
        except ImportError as e:
            raise UsageError("the package openvino is not installed", "pip install openvino") from e
        import numpy as np

        xml, weights = emit.serialize(
            self.graph, name=self.name, rt_info=self._rt_info, version=int(self._options.ir_version)
        )
        data = np.frombuffer(weights, dtype=np.uint8)
        core = openvino.Core()
        return core.read_model(
            model=xml.encode(), weights=openvino.Tensor(data.copy() if data.size else np.zeros(1, np.uint8))
        )


def convert(source: Any, **options: Any) -> Model:
    """Convert a model file (or an in-memory model object) to OpenVINO IR.

    Args:
        source: path of the model, or an object that a front-end accepts (`onnx.ModelProto`).
        options: those of the command line, with `_` for `-`.

    Raises:
        MoError: of the class that fits (see `mo_core.errors`).
    """
    session = Session(*(listed(name, options.get(name)) for name in ("extension", "block_plugin")))
    frontend = choose_frontend(session, source, options.get("framework"))
    session.load_framework(frontend.name)
    built = session.options().build(options)
    if built.tensorflow_custom_operations_config_update is not None:
        raise UsageError(
            "tensorflow_custom_operations_config_update fills in a file and converts nothing",
            "Use it on the command line.",
        )
    return run(source, built, session, frontend)


def run(
    source: Any,
    options: Options,
    session: Session,
    frontend: Frontend,
    progress: Progress | None = None,
    report: Report | None = None,
) -> Model:
    """Convert with everything already chosen (what the command line calls); `report` is filled as far as it gets."""
    with _no_collector(), recording() as sources:
        return _run(source, options, session, frontend, progress, report or Report(), sources)


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
    unoptimised: bool = False,
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
            frontend.complete(replace(model, graph=part), options)
            return Conversion(table, frontend, options, model.functions).types(part)

        report.notes += cut.cut(model, cut.Request.of(options), types)
    with watch.stage("convert"):
        tick = progress.tick if progress is not None else None
        frontend.complete(model, options)
        conversion = Conversion(table, frontend, options, model.functions, tick)
        try:
            conversion.run(model.graph)
        except ShapeError as e:
            if options.batch is not None and not e.remedy:
                e.remedy = (
                    "If the model has its batch as a number inside, leave --batch out, or export it with a free batch."
                )
            raise
    with watch.stage("optimise"):
        _run_passes([p for p in pipeline if p.stage is not Stage.FRONT], model.graph, context, session, options)
    report.notes += model.notes + conversion.notes + context.notes + _unknown_ranks(model.graph)
    report.finish(model.graph, context)
    name = options.model_name or model_name(frontend, source)
    rt_info = _rt_info(model, frontend, options, context)
    return Model(model.graph, report, name, rt_info, options, session, sources, source, frontend)


def read(frontend: Frontend, source: Any, options: Options) -> SourceModel:
    """Read the source with a front-end; a missing path is a UsageError."""
    if isinstance(source, (str, os.PathLike)):
        source = Path(source)
        if not source.exists():
            raise UsageError(f'there is no file "{source}"', _similar_file(source))
    return frontend.read(source, options)


def _similar_file(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir()]
    except OSError:
        return f'There is no folder "{path.parent}" either.'
    return did_you_mean(path.name, names)


def choose_frontend(session: Session, source: Any, framework: str | None = None) -> Frontend:
    """The front-end for a source: named, or by what the file is. Raises UsageError, with the adapter to install."""
    frontends = session.frontends
    if framework:
        framework = frameworks.canonical(framework)
        if framework in frontends:
            return frontends[framework]
        raise _not_installed(framework, frontends)
    if not isinstance(source, (str, os.PathLike)):
        for f in frontends.values():
            if f.accepts(source):
                return f
        kind = f"{type(source).__module__}.{type(source).__name__}"
        raise UsageError(
            f"no installed front-end takes a {kind}", "Give a path, or install the adapter of its framework."
        )
    if not str(source):
        raise UsageError("the name of the model is empty", "Give the path of a model.")
    path = Path(source)
    if not path.exists():
        raise UsageError(f'there is no file "{path}"', _similar_file(path))
    found = recognise(session, path)
    if found is not None:
        return found
    guess = frameworks.by_suffix(path.suffix) or (frameworks.framework("tensorflow") if path.is_dir() else None)
    if guess is not None and guess.name not in frontends:
        raise _not_installed(guess.name, frontends)
    known = describe(path, _head(path))
    if known is not None:
        raise UsageError(f'"{path}" is {known[0]}, and no model that can be converted', known[1])
    raise UsageError(
        f'"{path}" looks like no model of an installed framework ({", ".join(sorted(frontends)) or "none"})',
        "Say which one it is with --framework.",
    )


def recognise(session: Session, path: Path) -> Frontend | None:
    """The front-end that an existing file or folder looks like one of; raises ModelError when it cannot be read."""
    frontends = session.frontends
    head = _head(path)
    named = session.plugins.probe(path, head)
    if named and named in frontends:
        return frontends[named]
    found = [f for f in frontends.values() if f.recognises(path, head)]
    by_suffix = [f for f in found if path.suffix.lower() in f.suffixes]
    return next(iter(by_suffix or found), None)


def _head(path: Path) -> bytes:
    if path.is_dir():
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError as e:
        raise ModelError(f'cannot read "{path}": {e.strerror or e}') from e


def _not_installed(framework: str, frontends: dict[str, Frontend]) -> UsageError:
    missing = frameworks.framework(framework)
    if missing is not None:
        fact = f"the front-end for {framework} models is not installed"
        return UsageError(fact, f"pip install {missing.distribution}")
    known = sorted({*(f.name for f in frameworks.FRAMEWORKS), *frontends})
    return UsageError(
        f'there is no framework "{framework}"', did_you_mean(framework, known) or f"Known: {', '.join(known)}."
    )


def model_name(frontend: Frontend, source: Any) -> str:
    """Stem of the output files when `--model_name` is not given."""
    if isinstance(source, (str, os.PathLike)):
        name = frontend.default_model_name(Path(source))
        return "model" if not name or name.startswith(".") else name
    return "model"


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


_PLACES = ("extension", "transformations_config", "dry_run")
"""Options that say where something lies, or that nothing is written."""


def _shown(options: Options) -> dict[str, object]:
    """The options that the user gave, paths left out: the same input gives the same bytes wherever it lies."""
    given = sorted(options.values().items())
    shown = {name: value for name, value in given if options.given[name].kind != "path" and name not in _PLACES}
    return {name: ",".join(value) if isinstance(value, tuple) else value for name, value in shown.items()}


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


def inspect(
    source: Any, options: Options, session: Session, frontend: Frontend
) -> tuple[SourceModel, Counter[str], set[str]]:
    """Read without converting: the model, source ops with counts, and those without a converter."""
    model = read(frontend, source, options)
    table = session.converters(frontend.name)
    counts: Counter[str] = Counter()
    missing: set[str] = set()
    for node in model.graph.walk():
        if not isinstance(node, Foreign):
            continue
        op = f"{node.domain}:{node.op}" if node.domain else node.op
        counts[op] += 1
        if op not in missing and converter_for(frontend, table, node) is None and not model.functions.calls(node):
            missing.add(op)
    return model, counts, missing
