"""Passes: named groups of rewrites, or plain functions on the graph, ordered by stage and by name."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mo_core.errors import MoError, PluginError, UsageError, bug, did_you_mean
from mo_core.ir import Graph
from mo_core.rewriting.rewrite import Driver, Exclusion, Record, Rule

if TYPE_CHECKING:
    from mo_core.frontend import SourceModel

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
        after, before: names of passes of the same stage.
        fusion: switched off by `--disable_fusing`; default: runs unless switched off (False: only when asked for).
        wanted: whether the options call for it (None: always). provider: distribution that brings it.
        framework: runs for models of this front-end alone (empty: for all).
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


def rewrites(
    name: str,
    *rules: tuple[Rule, ...],
    stage: Stage,
    doc: str = "",
    after: Iterable[str] = (),
    before: Iterable[str] = (),
    fusion: bool | None = None,
    default: bool = True,
    framework: str = "",
) -> Pass:
    """A pass made of rules (`@rule` functions)."""
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
    bodies: bool = False,
    framework: str = "",
) -> Callable[[Callable[[Graph, Context], bool | None]], Pass]:
    """Make a function on the graph a pass; its docstring's first line is the description.

    `bodies`: it works on the bodies of control flow first, the innermost ahead of all.
    """

    def make(function: Callable[[Graph, Context], bool | None]) -> Pass:
        doc = (function.__doc__ or "").strip().split("\n")[0]
        is_fusion = stage is Stage.FUSE if fusion is None else fusion
        run = _bodies_first(function) if bodies else function
        return Pass(
            name, stage, doc, (), run, tuple(after), tuple(before), is_fusion, default, wanted, framework=framework
        )

    return make


def _bodies_first(function: Callable[[Graph, Context], bool | None]) -> Callable[[Graph, Context], bool]:
    def run(graph: Graph, context: Context) -> bool:
        changed = [run(body, context) for body in [b for node in graph for b in node.bodies]]
        return function(graph, context) is not False or any(changed)

    return run


@dataclass
class Context:
    """What passes may ask for.

    Attributes:
        model: the source model (functions, metadata), for front passes.
        options: the conversion's options; record: firings and declines; exclusion: names that fusions leave alone.
        seconds: time by pass; notes: warnings for the report.
        before_pass, after_pass: called with the graph (for dumps), the latter with the names of the passes that fired;
        around: gives a context manager to run a pass in; check: verify the graph after every pass.
        info: what passes want to tell the report and `rt_info` (`{key: text}`).
    """

    options: Any = None
    model: SourceModel | None = None
    record: Record = field(default_factory=Record)
    exclusion: Exclusion = field(default_factory=Exclusion)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    before_pass: Callable[[str, Graph], None] | None = None
    around: Callable[[str, Graph], AbstractContextManager[Any]] | None = None
    check: bool = False
    after_pass: Callable[[str, Graph, bool], None] | None = None


def order(passes: Sequence[Pass]) -> list[Pass]:
    """Passes in running order: by stage, then by `after`/`before`, then by name, whatever the order of installation.

    Raises PluginError for duplicates, cycles, and edges against the stages; the message names the distributions.
    """
    by_name: dict[str, Pass] = {}
    for p in passes:
        if p.name in by_name:
            raise PluginError(f'the pass "{p.name}" is given by both {by_name[p.name].provider} and {p.provider}')
        by_name[p.name] = p
    needs: dict[str, set[str]] = {p.name: set() for p in passes}
    for p in passes:
        for other, first in [*((n, True) for n in p.after), *((n, False) for n in p.before)]:
            q = by_name.get(other)
            if q is None:
                continue  # ordering against a pass that is not installed is no constraint
            if q.stage is not p.stage and (q.stage < p.stage) is not first:
                raise PluginError(
                    f'the pass "{p.name}" of {p.provider} ({p.stage.name}) wants to run '
                    f"{'after' if first else 'before'} "
                    f'"{q.name}" of {q.provider} ({q.stage.name}), against the order of the stages'
                )
            if q.stage is p.stage:
                needs[p.name if first else q.name].add(q.name if first else p.name)
    result: list[Pass] = []
    left = sorted(passes, key=lambda p: (p.stage, p.name))
    done: set[str] = set()
    while left:
        ready = next((p for p in left if p.stage == left[0].stage and needs[p.name] <= done), None)
        if ready is None:
            stuck = [p for p in left if p.stage == left[0].stage]
            named = ", ".join(f'"{p.name}" of {p.provider}' for p in stuck)
            raise PluginError(f"the order of these passes contradicts itself: {named}")
        left.remove(ready)
        done.add(ready.name)
        result.append(ready)
    return result


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

    def allows(self, p: Pass, options: Any) -> bool:
        """True when the pass is to run."""
        if p.name in self.disabled or (self.only and p.fusion and p.name not in {n.split("/")[0] for n in self.only}):
            return False
        if p.fusion and not self.fusing:
            return False
        if not p.default and p.name not in self.enabled and p.name not in self.only:
            return False
        return p.wanted is None or p.wanted(options)

    def choose(self, passes: Sequence[Pass], options: Any) -> list[Pass]:
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
    """Run ordered passes; neighbouring groups of rules that do not order each other share one fixed point."""
    for batch in _batches(passes):
        name = "+".join(p.name for p in batch)
        if context.before_pass is not None:
            context.before_pass(name, graph)
        start, firings = time.perf_counter(), len(context.record.firings)
        try:
            with context.around(name, graph) if context.around is not None else nullcontext():
                changed = _run_batch(batch, graph, context)
            if context.check:
                graph.verify()
        except MoError as e:
            if not isinstance(e, UsageError):  # that is about an option, which the user knows by its name
                e.note(f"pass {name}")
            raise
        context.seconds[name] = context.seconds.get(name, 0.0) + time.perf_counter() - start
        if context.after_pass is not None:
            fired = dict.fromkeys(f.pass_name for f in context.record.firings[firings:])
            context.after_pass("+".join(fired) or name, graph, changed)


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
        last = batches[-1] if batches else None
        joins = (
            last is not None
            and p.run is None
            and last[-1].run is None
            and last[-1].stage is p.stage
            and last[-1].fusion == p.fusion
            and not any(q.name in p.after or p.name in q.before for q in last)
        )
        if joins and last is not None:
            last.append(p)
        else:
            batches.append([p])
    return batches


def provided_by(passes: Iterable[Pass], provider: str) -> list[Pass]:
    """The passes with their distribution filled in."""
    return [replace(p, provider=provider) for p in passes]
