"""Passes: named groups of rewrites, or plain functions on the graph, ordered by stage and by name."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mo_core.errors import InternalError, MoError, PluginError, UsageError, bug, did_you_mean, nearest_first
from mo_core.ir import Foreign, Graph
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.record import Exclusion, Record
from mo_core.rewriting.rewrite import Driver, Rule

if TYPE_CHECKING:
    from mo_core.frontend import SourceModel
    from mo_core.options import Options
    from mo_core.rewriting.described import Replacer

OWN = "mo-core"
"""The distribution of the passes that come with the core."""


class Stage(enum.IntEnum):
    """When a pass runs. FRONT passes see source ops, all others OpenVINO ops."""

    FRONT = 0
    NORMALIZE = 1
    PREPROCESS = 2
    FUSE = 3
    LAYOUT = 4
    PRECISION = 5
    CLEANUP = 6


@dataclass(frozen=True)
class Pass:
    """A named step of the optimisation.

    Args:
        name: unique, lower case with hyphens; stage: when; doc: one line for `--list-passes`.
        rules: rewrites, or `run`: a function on the graph that returns whether it changed something.
        after, before: names of passes or groups; after "*": at the end of the stage.
        group: passes of rules with the same group share one fixed point: they are applied until none of them fires.
        fusion: switched off by `--disable_fusing`; default: runs unless switched off (False: only when asked for).
        wanted: whether the options call for it (None: always). provider: distribution that brings it.
        framework: runs for models of this front-end alone (empty: for all).
        outermost: why it does not work on the bodies of control flow (empty: it does).
    """

    name: str
    stage: Stage
    doc: str = ""
    rules: tuple[Rule, ...] = ()
    run: Callable[[Graph, Context], bool | None] | None = None
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    fusion: bool = False
    default: bool = True
    wanted: Callable[[Any], bool] | None = None
    provider: str = OWN
    framework: str = ""
    group: str = ""
    outermost: str = ""


def rewrites(
    name: str,
    *rules: tuple[Rule, ...],
    stage: Stage,
    doc: str = "",
    after: Iterable[str] = (),
    before: Iterable[str] = (),
    group: str = "",
    fusion: bool | None = None,
    default: bool = True,
    framework: str = "",
) -> Pass:
    """A pass made of rules (`@rule` functions); it works on bodies of control flow, too."""
    flat = tuple(r for group in rules for r in group)
    is_fusion = stage is Stage.FUSE if fusion is None else fusion
    return Pass(
        name,
        stage,
        doc or (flat[0].doc if flat else ""),
        flat,
        None,
        tuple(after),
        tuple(before),
        is_fusion,
        default,
        framework=framework,
        group=group,
    )


def graph_pass(
    name: str,
    *,
    stage: Stage,
    after: Iterable[str] = (),
    before: Iterable[str] = (),
    fusion: bool | None = None,
    default: bool = True,
    wanted: Callable[[Any], bool] | None = None,
    outermost: str = "",
    framework: str = "",
) -> Callable[[Callable[[Graph, Editor], object]], Pass]:
    """Make a function on the graph a pass; its docstring's first line is the description.

    The function changes the graph by the editor alone. It is called for the bodies of control flow first, the
    innermost ahead of all, unless `outermost` says why it must not be.
    """

    def make(function: Callable[[Graph, Editor], object]) -> Pass:
        doc = (function.__doc__ or "").strip().split("\n")[0]
        is_fusion = stage is Stage.FUSE if fusion is None else fusion

        def edit(editor: Editor) -> None:
            inner = editor.graph.nests and not outermost
            for body in [b for node in editor.graph for b in node.bodies] if inner else ():
                edit(editor.within(body))
            function(editor.graph, editor)

        def run(graph: Graph, context: Context) -> bool:
            editor = Editor(graph, name, context)
            edit(editor)
            return editor.changed

        return Pass(
            name,
            stage,
            doc,
            (),
            run,
            tuple(after),
            tuple(before),
            is_fusion,
            default,
            wanted,
            framework=framework,
            outermost=outermost,
        )

    return make


def observers(
    name: str, look: Callable[[Stage, Graph, Any], object], *, wanted: Callable[[Any], bool] | None = None
) -> list[Pass]:
    """Passes that look at the graph at the end of every stage, and change nothing: `look(stage, graph, options)`.

    They are called `name` and the stage; the description is the first line of the function's docstring.
    """
    return [_observer(f"{name}-{stage.name.lower()}", stage, look, wanted) for stage in Stage]


def _observer(
    name: str, stage: Stage, look: Callable[[Stage, Graph, Any], object], wanted: Callable[[Any], bool] | None
) -> Pass:
    def run(graph: Graph, context: Context) -> bool:
        look(stage, graph, context.options)
        return False

    doc = (look.__doc__ or "").strip().split("\n")[0]
    return Pass(name, stage, doc, run=run, after=("*",), wanted=wanted, outermost="it sees the bodies in their nodes")


@dataclass
class Context:
    """What passes may ask for.

    Attributes:
        model: the source model (functions, metadata), for front passes.
        options: the conversion's options; record: firings and declines; exclusion: names that fusions leave alone.
        seconds: time by pass; notes: warnings for the report.
        before_pass, after_pass: called with the graph (for dumps), the latter with the names of the passes that fired;
        around: gives a context manager to run a pass in; check: verify the graph after every pass.
        replacers: gives those for the sub-graphs that users describe; converts: whether a source op is supported.
        info: what passes want to tell the report and `rt_info` (`{key: text}`).
    """

    options: Options | None = None
    model: SourceModel | None = None
    record: Record = field(default_factory=Record)
    exclusion: Exclusion = field(default_factory=Exclusion)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    before_pass: Callable[[str, Graph], None] | None = None
    around: Callable[[str, Graph], AbstractContextManager[Any]] | None = None
    replacers: Callable[[], Sequence[Replacer]] = tuple
    converts: Callable[[Foreign], bool] = lambda _: False
    check: bool = False
    after_pass: Callable[[str, Graph, bool], None] | None = None

    def inline_calls(self, graph: Graph) -> None:
        """Put the bodies of functions in the place of their calls, but where a converter takes the call as a whole."""
        if self.model is not None:
            functions = self.model.functions
            functions.expand(graph, lambda node: None if self.converts(node) else functions.callee(node))


def order(passes: Sequence[Pass], *, complete: bool = False) -> list[Pass]:
    """Passes in running order, whatever the order of installation and however they are called.

    By stage; then by `after` and `before`; then those of the core as listed, then those of each distribution as it
    gives them. A group runs as a whole. `complete`: all passes are given, so that a name that
    is not there is an error; otherwise it says nothing about those that are.

    Raises PluginError for duplicates, for names that do not exist, for cycles, and for an order against the stages;
    the message names the distributions.
    """
    units = _units(passes)
    needs = _needs(passes, units, complete)
    result: list[Pass] = []
    left = sorted(units.values(), key=lambda unit: unit.place)
    done: set[str] = set()
    while left:
        ready = next((u for u in left if u.stage is left[0].stage and needs[u.name] <= done), None)
        if ready is None:
            stuck = [p for u in left if u.stage is left[0].stage for p in u.passes]
            named = ", ".join(f'"{p.name}" of {p.provider}' for p in stuck)
            raise PluginError(f"the order of these passes contradicts itself: {named}")
        left.remove(ready)
        done.add(ready.name)
        result.extend(ready.passes)
    return result


@dataclass
class _Unit:
    """What runs in one go: a pass, or a group of passes."""

    name: str
    stage: Stage
    place: tuple[int, bool, str, int]
    passes: list[Pass]


def _units(passes: Sequence[Pass]) -> dict[str, _Unit]:
    """The units by name, their passes in order; raises PluginError for duplicates and groups that do not fit."""
    counts: dict[str, int] = {}
    places: dict[str, tuple[int, bool, str, int]] = {}
    by_name: dict[str, Pass] = {}
    for p in passes:
        if p.name in by_name:
            raise PluginError(f'the pass "{p.name}" is given by both {by_name[p.name].provider} and {p.provider}')
        by_name[p.name] = p
        counts[p.provider] = counts.get(p.provider, 0) + 1
        places[p.name] = (p.stage, p.provider != OWN, p.provider, counts[p.provider])
    units: dict[str, _Unit] = {}
    groups = {p.group for p in passes}
    for p in sorted(passes, key=lambda p: places[p.name]):
        if p.group in by_name or p.name in groups:
            raise PluginError(f'"{p.group or p.name}" of {p.provider} is the name of both a pass and a group')
        unit = units.setdefault(p.group or p.name, _Unit(p.group or p.name, p.stage, places[p.name], []))
        first = unit.passes[0] if unit.passes else p
        if (p.stage, p.fusion) != (first.stage, first.fusion) or (p.group and p.run is not None):
            raise PluginError(
                f'the pass "{p.name}" of {p.provider} does not fit into the group "{p.group}"',
                "A group holds passes of rules, all of one stage, and either all fusions or none.",
            )
        unit.passes.append(p)
    return units


def _needs(passes: Sequence[Pass], units: dict[str, _Unit], complete: bool) -> dict[str, set[str]]:
    """For each unit, those that run before it in its stage; raises PluginError."""
    unit_of = {p.name: unit for unit in units.values() for p in unit.passes} | units
    needs: dict[str, set[str]] = {name: set() for name in units}
    last = {unit_of[p.name].name for p in passes if "*" in p.after}
    for name in last:
        stage = units[name].stage
        needs[name].update(u.name for u in units.values() if u.stage is stage and u.name not in last)
    for p in passes:
        mine = unit_of[p.name]
        for other, first in [*((n, True) for n in p.after if n != "*"), *((n, False) for n in p.before)]:
            where = "after" if first else "before"
            unit = unit_of.get(other)
            if unit is None and not complete:
                continue
            if unit is None:
                raise PluginError(
                    f'the pass "{p.name}" of {p.provider} wants to run {where} "{other}", and there is no such pass '
                    "or group",
                    nearest_first(other, unit_of, "See --list-passes."),
                )
            if unit is mine:
                raise PluginError(
                    f'the pass "{p.name}" of {p.provider} wants to run {where} "{other}", which is in its own group'
                )
            if unit.stage is not mine.stage and (unit.stage < mine.stage) is not first:
                raise PluginError(
                    f'the pass "{p.name}" of {p.provider} ({p.stage.name}) wants to run {where} '
                    f'"{other}" of {unit.passes[0].provider} ({unit.stage.name}), against the order of the stages'
                )
            if unit.stage is mine.stage:
                needs[mine.name if first else unit.name].add(unit.name if first else mine.name)
    return needs


@dataclass(frozen=True)
class Switches:
    """Which passes run: names switched off, the only ones that run (empty: all), fusions as a whole, extra ones on.

    A name is that of a pass, or `PASS/RULE` for one of its rules.
    """

    disabled: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    fusing: bool = True
    enabled: frozenset[str] = frozenset()

    def check(self, passes: Sequence[Pass]) -> None:
        """Raise UsageError for a name that is no pass and no rule."""
        known = {name for p in passes for name in (p.name, *(f"{p.name}/{r.name}" for r in p.rules))}
        for name in sorted(self.disabled | self.only | self.enabled):
            if name not in known:
                raise UsageError(f'there is no pass "{name}"', did_you_mean(name, known) or "See --list-passes.")

    def allows(self, p: Pass, options: Options) -> bool:
        """True when the pass is to run."""
        if p.name in self.disabled or (self.only and p.fusion and p.name not in {n.split("/")[0] for n in self.only}):
            return False
        if p.fusion and not self.fusing:
            return False
        if not p.default and p.name not in self.enabled and p.name not in self.only:
            return False
        return p.wanted is None or p.wanted(options)

    def choose(self, passes: Sequence[Pass], options: Options) -> list[Pass]:
        """The passes that are to run, without the rules that are switched off."""
        return [self._trimmed(p) for p in passes if self.allows(p, options)]

    def _trimmed(self, p: Pass) -> Pass:
        named = {r.name: f"{p.name}/{r.name}" for r in p.rules}
        chosen = set(named.values()) - self.disabled
        if self.only and p.fusion and p.name not in self.only:
            chosen &= self.only
        return (
            p if len(chosen) == len(named) else replace(p, rules=tuple(r for r in p.rules if named[r.name] in chosen))
        )


def run(passes: Sequence[Pass], graph: Graph, context: Context) -> None:
    """Run ordered passes; those of a group share one fixed point."""
    for batch in _batches(passes):
        name = batch[0].group or batch[0].name
        if context.before_pass is not None:
            context.before_pass(name, graph)
        start, firings = time.perf_counter(), len(context.record.firings)
        try:
            with context.around(name, graph) if context.around is not None else nullcontext():
                changed = _run_batch(batch, graph, context)
            if context.check or any(p.provider != OWN for p in batch):
                _verify(batch, graph)
        except MoError as e:
            if not isinstance(e, UsageError):  # that is about an option, which the user knows by its name
                e.note(f"pass {name}")
            raise
        context.seconds[name] = context.seconds.get(name, 0.0) + time.perf_counter() - start
        if context.after_pass is not None:
            fired = dict.fromkeys(f.pass_name for f in context.record.firings[firings:])
            context.after_pass("+".join(fired) or name, graph, changed)


def _verify(batch: Sequence[Pass], graph: Graph) -> None:
    """Check the graph; a pass from outside that ran last is to blame for what is wrong."""
    try:
        graph.verify()
    except InternalError as e:
        outside = [f"{p.name} of {p.provider}" for p in batch if p.provider != OWN]
        if not outside:
            raise
        raise PluginError(
            f"the pass {' or '.join(outside)} leaves a graph that is not in order: {e.fact}",
            f"It must edit with its Editor; switch it off with --disable-pass {batch[-1].name}.",
        ) from e


def _run_batch(batch: Sequence[Pass], graph: Graph, context: Context) -> bool:
    first = batch[0]
    if first.run is not None:
        return _run_function(first, first.run, graph, context)
    rules = [(p.name, r) for p in batch for r in p.rules]
    exclusion = context.exclusion if any(p.fusion for p in batch) else None
    outside = {p.name: p.provider for p in batch if p.provider != OWN}
    return Driver(rules, context.record, exclusion, outside).run(graph)


def _run_function(p: Pass, run: Callable[[Graph, Context], bool | None], graph: Graph, context: Context) -> bool:
    try:
        return run(graph, context) is not False
    except (MoError, MemoryError, RecursionError):
        raise
    except Exception as e:
        raise bug(
            f"the pass {p.name} failed: {type(e).__name__}: {e}",
            f"Switch it off with --disable-pass {p.name} and report this.",
            provider=p.provider if p.provider != OWN else "",
        ) from e


def _batches(passes: Sequence[Pass]) -> list[list[Pass]]:
    batches: list[list[Pass]] = []
    for p in passes:
        if p.group and batches and batches[-1][0].group == p.group:
            batches[-1].append(p)
        else:
            batches.append([p])
    return batches
