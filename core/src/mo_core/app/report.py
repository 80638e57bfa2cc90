"""What happened, as data: for the summary on the terminal, for JSON, and for whoever asks `Model.report`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mo_core.errors import MoError, Unsupported, UsageError, did_you_mean
from mo_core.ir import Constant, Graph, Parameter, Result, Value
from mo_core.ir import types as t
from mo_core.rewriting.record import Declined, Firing, Record, Unnamed

if TYPE_CHECKING:
    from mo_core.emit import Emitted
    from mo_core.frontend import Frontend, SourceModel
    from mo_core.rewriting.passes import Context

SCHEMA = 1
"""Version of what the JSON holds: it grows when something that was there changes or goes."""

HEAD = '{\n "schema": '
"""How a report begins as JSON, which tells it from other files."""

_SHOWN = 8
_COMPARED = 4000
"""Names that are looked through for one that is near: in a large model all of them would take seconds."""
_CONSTANTS = ("Const", "Constant")
"""Source operations that hold constants."""


class Port(NamedTuple):
    """An input or output: its first tensor name, all of them, element type and shape as text."""

    name: str
    names: tuple[str, ...]
    element: str
    shape: str

    @classmethod
    def of(cls, value: Value, name: str = "") -> Port:
        """Describe a value; `name` is shown when it is one of its tensor names."""
        shown = name if name in value.names else value.names[0] if value.names else value.label
        return cls(shown, tuple(value.names), value.element.name, t.format_shape(value.shape))


@dataclass
class Report:
    """One conversion.

    Attributes:
        framework: its title.
        model: the name inside the file.
        plugins: what was loaded.
        source_inputs: of the file.
        source_outputs: likewise.
        source_ops: counts by type, with those of bodies.
        inputs: of the result.
        outputs: likewise.
        ops: counts by type, with those of bodies; constants are not among them.
        seconds: by stage.
        pass_seconds: by pass.
        peak_bytes: peak memory of the process.
        files: path to bytes.
        weights_bytes: of the constants.
        shared_bytes: what equal constants saved.
        kept_full: constants that do not fit f16.
        error: of a conversion that failed: class, fact, remedy, notes, exit code, operations that are not supported.
        notes: what the user should know.
        info: what passes tell (the pre-processing in effect, …).
        record: firings and declines of the rewrite rules.
        source_names: of the nodes in the file.
    """

    framework: str = ""
    model: str = ""
    plugins: list[str] = field(default_factory=list)
    source_inputs: list[Port] = field(default_factory=list)
    source_outputs: list[Port] = field(default_factory=list)
    source_ops: dict[str, int] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    ops: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    pass_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    files: dict[str, int] = field(default_factory=dict)
    weights_bytes: int = 0
    shared_bytes: int = 0
    kept_full: list[str] = field(default_factory=list)
    error: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    record: Record = field(default_factory=Record)
    source_names: frozenset[str] = frozenset()

    # -- what the stages tell

    def source(self, model: SourceModel, frontend: Frontend) -> None:
        """Take in what the front-end read."""
        self.framework, self.model = frontend.title or frontend.name, model.name
        self.source_ops = _counts(model.graph)
        self.source_names = frozenset(n.name for n in model.graph.walk())
        self.source_inputs, self.source_outputs = _ports(model.graph)

    def finish(self, graph: Graph, context: Context) -> None:
        """Take in the result of the passes."""
        self.ops = _counts(graph)
        self.inputs, self.outputs = _ports(graph)
        self.pass_seconds, self.record = dict(context.seconds), context.record
        self.info.update(context.info)
        self.peak_bytes = peak_memory()

    def emitted(self, emitted: Emitted, seconds: float) -> None:
        """Take in what was written."""
        self.seconds["write"] = seconds
        self.weights_bytes, self.shared_bytes = emitted.bin_bytes, emitted.shared_bytes
        self.kept_full = list(emitted.kept_full)
        self.files = {str(p): n for p, n in ((emitted.xml, emitted.xml_bytes), (emitted.bin, emitted.bin_bytes)) if p}
        if self.kept_full:
            self.note(
                f"{len(self.kept_full)} constant{'s do' if len(self.kept_full) > 1 else ' does'} not fit f16 and "
                f"stay{'s' * (len(self.kept_full) == 1)} f32: {_listed(self.kept_full)}."
            )
        if emitted.respelled:
            from mo_core.emit import writable

            count = len(emitted.respelled)
            self.note(
                f"{count} name{'s hold' if count > 1 else ' holds'} characters that XML cannot hold; in the IR these "
                f"are spelled out: {_listed([writable(n) for n in emitted.respelled])}."
            )
        self.peak_bytes = peak_memory()

    def failed(self, error: MoError) -> None:
        """Take in why the conversion ended."""
        problems = [asdict(p) for p in (error.problems if isinstance(error, Unsupported) else ())]
        self.error = {
            "class": type(error).__name__,
            "fact": error.fact,
            "remedy": error.remedy,
            "notes": list(error.notes),
            "exit_code": error.exit_code,
            "unsupported": problems,
        }

    def note(self, text: str) -> None:
        """Add something that the user should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    # -- what is told

    @property
    def rewrites(self) -> dict[str, int]:
        """Firings by `pass/rule`, the most frequent first."""
        return dict(self.record.counts.most_common())

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data."""
        from mo_core import __version__

        data = {name: value for name, value in vars(self).items() if name not in ("record", "source_names")}
        for name in ("source_inputs", "source_outputs", "inputs", "outputs"):
            data[name] = [port._asdict() for port in data[name]]
        firings = [asdict(f) for f in self.record.firings]
        declines = [asdict(d) for d in self.record.declined]
        record = {"firings": firings, "declines": declines, "unnamed": [asdict(u) for u in self.record.unnamed]}
        head = {"schema": SCHEMA, "version": __version__, "status": "failed" if self.error else "converted"}
        return {**head, **data, "rewrites": self.rewrites, **record}

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        import json

        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def summary(self) -> str:
        """Some lines for people."""
        lines = [f"{self.framework} model {self.model}".rstrip()]
        lines += _table("inputs", self.inputs) + _table("outputs", self.outputs)
        computing = sum(n for kind, n in self.source_ops.items() if kind.rpartition(".")[2] not in _CONSTANTS)
        lines.append(f"  operations  {computing} -> {_kinds(self.ops)}")
        if self.record.counts:
            by_pass: Counter[str] = Counter()
            for rule, count in self.record.counts.items():
                by_pass[rule.partition("/")[0]] += count
            lines.append(f"  rewrites    {_kinds(by_pass)}")
        if self.record.unnamed:
            gone = list(dict.fromkeys(u.name for u in self.record.unnamed))
            lines.append(f"  names gone  {_listed(gone)}: no tensor holds what the source has there (see --explain)")
        lines += [f"  {key:<11} {text}" for key, text in self.info.items()]
        saved = f", {format_bytes(self.shared_bytes)} saved by sharing equal ones" if self.shared_bytes else ""
        if self.files:
            lines.append(f"  weights     {format_bytes(self.weights_bytes)}{saved}")
        stages = ", ".join(f"{name} {s:.2f}" for name, s in self.seconds.items() if s >= 0.005)
        lines.append(f"  time        {sum(self.seconds.values()):.2f} s ({stages or 'nothing took long'})")
        if self.peak_bytes:
            lines.append(f"  memory      {format_bytes(self.peak_bytes)} at the peak")
        lines += [f"  written     {path} ({format_bytes(size)})" for path, size in self.files.items()]
        return "\n".join(lines + [f"note: {note}" for note in self.notes])

    def explain(self, query: str) -> str:
        """Which rules fired at a node, which declined and why; `query` is `NODE` or `PASS@NODE` (source names).

        Raises UsageError when the model has no such node.
        """
        known = self.source_names.union(_named(self.record))
        pass_name, at, name = query.partition("@")
        wanted, name = (pass_name, name) if at and query not in known else ("", query)

        def asked(x: Firing | Declined | Unnamed) -> bool:
            return wanted in ("", x.pass_name, x.rule, f"{x.pass_name}/{x.rule}")

        fired = [f for f in self.record.firings if name in (f.kept, *f.gone) and asked(f)]
        declined = [d for d in self.record.declined if name in (d.node, *d.origin) and asked(d)]
        unnamed = [u for u in self.record.unnamed if name == u.name and asked(u)]
        if not fired and not declined and not unnamed:
            if name in known:
                return f'no rule matched at "{query}"'
            raise UsageError(
                f'--explain: the model has no node "{name}"', did_you_mean(name, sorted(known)[:_COMPARED])
            )
        return "\n".join([f'"{name}":', *map(_firing_line, fired), *map(_decline_line, declined), *map(_gone, unnamed)])


def _counts(graph: Graph) -> dict[str, int]:
    kinds = Counter(n.type_name for n in graph.walk() if not isinstance(n, (Parameter, Constant, Result)))
    return dict(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0])))


def _ports(graph: Graph) -> tuple[list[Port], list[Port]]:
    return [Port.of(p) for p in graph.inputs], [Port.of(r.source, r.name) for r in graph.outputs]


def _table(title: str, ports: Sequence[Port]) -> list[str]:
    shown = ports[:_SHOWN]
    width = max((len(p.name) for p in shown), default=0)
    lines = [f"  {title if not i else '':<11} {p.name:<{width}}  {p.element}{p.shape}" for i, p in enumerate(shown)]
    return [*lines, f"  {'':<11} and {len(ports) - _SHOWN} more"] if len(ports) > _SHOWN else lines


def _kinds(counts: Mapping[str, int], limit: int = 6) -> str:
    most = sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))
    rest = sum(count for _, count in most[limit:])
    shown = [f"{count} {kind}" for kind, count in most[:limit]] + [f"{rest} other{'s' * (rest > 1)}"] * bool(rest)
    return f"{sum(counts.values())}" + (f" ({', '.join(shown)})" if shown else "")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{n}"' for n in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _firing_line(f: Firing) -> str:
    if not f.kept:
        return f"  {f.pass_name}/{f.rule} took {_listed(f.gone)} out"
    if not f.gone:
        return f'  {f.pass_name}/{f.rule} rewrote "{f.kept}"'
    return f'  {f.pass_name}/{f.rule} joined {_listed(f.gone)} into "{f.kept}"'


def _decline_line(d: Declined) -> str:
    return f'  {d.pass_name}/{d.rule} did not fire at "{d.node}": {d.reason}'


def _gone(u: Unnamed) -> str:
    return (
        f'  {u.pass_name}/{u.rule} took the tensor name "{u.name}" away: no tensor holds what the source has there; '
        f"name it in --output, or switch the pass off with --disable-pass {u.pass_name}, to keep it"
    )


def _named(record: Record) -> dict[str, None]:
    """The names that firings and declines mention, in order."""
    known = dict.fromkeys(n for f in record.firings for n in (f.kept, *f.gone))
    known.update(dict.fromkeys(n for d in record.declined for n in (d.node, *d.origin)))
    known.update(dict.fromkeys(u.name for u in record.unnamed))
    return known


def format_bytes(count: int) -> str:
    """`12 B`, `3.4 KiB`, `97.5 MiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GiB"


def peak_memory() -> int:
    """Peak resident memory of this process in bytes; 0 where the system does not tell."""
    if sys.platform == "win32":
        return _windows_peak()
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _windows_peak() -> int:
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [
            ("cb", ctypes.c_ulong),
            ("page_faults", ctypes.c_ulong),
            *((name, ctypes.c_size_t) for name in ("peak", "working", "a", "b", "c", "d", "pagefile", "peak_pagefile")),
        ]

    counters = Counters(cb=ctypes.sizeof(Counters))
    windll: Any = getattr(ctypes, "windll", None)
    try:
        ok = windll.psapi.GetProcessMemoryInfo(windll.kernel32.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    except (AttributeError, OSError):
        return 0
    return int(counters.peak) if ok else 0
