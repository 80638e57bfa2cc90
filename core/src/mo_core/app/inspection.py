"""What `mo inspect` tells: what is in a model, where it can be cut, and what would help what is not supported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mo_core.app.report import Port, format_bytes
from mo_core.ir import Value
from mo_core.ir.types import Dynamic, Shape, format_shape
from mo_core.options.names import counted

_SHOWN = 40


@dataclass(frozen=True)
class Missing:
    """An operation without a converter: the first node of it, and the tensors where the model can be cut before it."""

    op: str
    count: int
    node: str
    before: tuple[str, ...]


@dataclass(frozen=True)
class NodeLine:
    """A node: its name and operation, its results, and the bytes of the weights that it reads.

    Attributes:
        inputs: names of the tensors that it reads, weights left out.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    results: tuple[Port, ...]
    weights_bytes: int = 0

    def matches(self, pattern: str) -> bool:
        """True when a name or the operation has the text `pattern`, or fits it where it has `*` or `?`."""
        texts = (self.name, self.op, *(n for r in self.results for n in r.names))
        if any(c in pattern for c in "*?"):
            return any(fnmatchcase(text.lower(), pattern.lower()) for text in texts)
        return any(pattern.lower() in text.lower() for text in texts)


@dataclass
class Inspection:
    """A model as it is in its file.

    Attributes:
        framework: its title.
        model: the name inside the file.
        inputs: names and types; unknown dimensions that have a name are shown by it.
        outputs: likewise.
        ops: counts by operation.
        missing: operations without a converter.
        notes: what one should know.
        facts: producer, versions and the like.
        files: path to bytes, of what was read.
        weights_bytes: of all weights, equal ones counted each time.
        nodes: those that were asked for, None when none were.
    """

    framework: str
    model: str
    inputs: list[Port]
    outputs: list[Port]
    ops: dict[str, int]
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    weights_bytes: int = 0
    nodes: list[NodeLine] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data."""
        data = {**vars(self), "missing": [asdict(m) for m in self.missing]}
        for name in ("inputs", "outputs"):
            data[name] = [port._asdict() for port in data[name]]
        if self.nodes is None:
            del data["nodes"]
        else:
            data["nodes"] = [{**asdict(n), "results": [p._asdict() for p in n.results]} for n in self.nodes]
        return data

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        import json

        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """For people."""
        lines = [f"{self.framework} model {self.model}".rstrip()]
        lines += [f"  {key:<11} {text}" for key, text in self.facts.items()]
        for i, (path, size) in enumerate(self.files.items()):
            lines.append(f"  {'' if i else 'files':<11} {path} ({format_bytes(size)})")
        lines.append(f"  weights     {format_bytes(self.weights_bytes)}")
        width = max((len(p.name) for p in (*self.inputs, *self.outputs)), default=0)
        for title, ports in (("inputs", self.inputs), ("outputs", self.outputs)):
            for i, p in enumerate(ports[:_SHOWN]):
                lines.append(f"  {title if not i else '':<11} {p.name:<{width}}  {p.element}{p.shape}")
            if len(ports) > _SHOWN:
                lines.append(f"  {'':<11} and {len(ports) - _SHOWN} more")
        lines += self._nodes() if self.nodes is not None else self._operations()
        return "\n".join(lines + [f"note: {note}" for note in self.notes])

    def _operations(self) -> list[str]:
        lines = [f"  operations  {sum(self.ops.values())} of {counted(len(self.ops), 'kind')}"]
        missing = {m.op for m in self.missing}
        wide = max(map(len, self.ops), default=0)
        for op, count in self.ops.items():
            lines.append(f"    {op:<{wide}}  {count:>6}{'   not supported' if op in missing else ''}")
        return lines + self._advice()

    def _advice(self) -> list[str]:
        if self.framework == IR:
            return []
        if not self.missing:
            return ["every operation has a converter"]
        lines = []
        for m in self.missing:
            cut = f"; cut before it with --output {','.join(m.before[:4])}" if m.before else ""
            lines.append(f'{m.op} is not supported: the first is "{m.node}"{cut}')
        return [*lines, "a converter from your own Python file can be given with --extension FILE.py"]

    def _nodes(self) -> list[str]:
        nodes = self.nodes or []
        lines = [f"  nodes       {len(nodes)} of {sum(self.ops.values())}"]
        wide = min(60, max((len(n.name) for n in nodes), default=0))
        ops = max((len(n.op) for n in nodes), default=0)
        for n in nodes:
            named = [p if p.name != n.name else p._replace(name="") for p in n.results]
            results = ", ".join(f"{p.name} {p.element}{p.shape}".strip() for p in named)
            weights = f"  weights {format_bytes(n.weights_bytes)}" if n.weights_bytes else ""
            lines.append(f"    {n.name:<{wide}}  {n.op:<{ops}}  {results}{weights}".rstrip())
        return lines


IR = "OpenVINO IR"
"""The title of models that are converted already."""


def port(value: Value, name: str = "", shape: Shape = None) -> Port:
    """A value with its unknown dimensions by their names."""
    found = Port.of(value, name)
    return found._replace(shape=named_shape(value.shape if shape is None else shape))


def named_shape(shape: Shape) -> str:
    """A shape as text; an unknown dimension is its name, where it has one."""
    if shape is None:
        return format_shape(None)
    return f"[{','.join(d.name or str(d) if isinstance(d, Dynamic) else str(d) for d in shape)}]"


def chosen(nodes: Sequence[NodeLine], pattern: str | None) -> list[NodeLine] | None:
    """The nodes that fit a pattern; None when no nodes were asked for."""
    return None if pattern is None else [n for n in nodes if n.matches(pattern)]
