"""What `mo inspect` tells: inputs, outputs, operations with counts, and what would help the unsupported ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mo_core.app.recognition import read
from mo_core.app.report import Port
from mo_core.frontend import SourceModel
from mo_core.frontend.conversion import converter_for
from mo_core.ir import Foreign
from mo_core.options.names import quoted, tensor_name

if TYPE_CHECKING:
    from mo_core.app.session import Session
    from mo_core.frontend import Frontend
    from mo_core.options import Options

_SHOWN = 40


@dataclass(frozen=True)
class Missing:
    """An operation without a converter: the first node of it, and the tensors where the model can be cut before it."""

    op: str
    count: int
    node: str
    before: tuple[str, ...]


@dataclass
class Inspection:
    """A model as it is in its file."""

    framework: str
    model: str
    inputs: list[Port]
    outputs: list[Port]
    ops: dict[str, int]
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, source: Any, options: Options, session: Session, frontend: Frontend) -> Inspection:
        """Read a model without converting it."""
        model, counts, missing = _counted(source, options, session, frontend)
        graph = model.graph
        return cls(
            frontend.title or frontend.name,
            model.name,
            [Port.of(p) for p in graph.inputs],
            [Port.of(r.source, r.name) for r in graph.outputs],
            dict(sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))),
            _missing(model, counts, missing),
            list(model.notes),
        )

    def to_json(self) -> str:
        """Everything, as JSON."""
        import json

        data = {**vars(self), "missing": [asdict(m) for m in self.missing]}
        for name in ("inputs", "outputs"):
            data[name] = [port._asdict() for port in data[name]]
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """For people."""
        lines = [f"{self.framework} model {self.model}".rstrip()]
        width = max((len(p.name) for p in (*self.inputs, *self.outputs)), default=0)
        for title, ports in (("inputs", self.inputs), ("outputs", self.outputs)):
            for i, p in enumerate(ports[:_SHOWN]):
                lines.append(f"  {title if not i else '':<11} {p.name:<{width}}  {p.element}{p.shape}")
            if len(ports) > _SHOWN:
                lines.append(f"  {'':<11} and {len(ports) - _SHOWN} more")
        lines.append(f"  operations  {sum(self.ops.values())} of {len(self.ops)} kinds")
        missing = {m.op for m in self.missing}
        wide = max(map(len, self.ops), default=0)
        for op, count in self.ops.items():
            lines.append(f"    {op:<{wide}}  {count:>6}{'   not supported' if op in missing else ''}")
        return "\n".join(lines + self._advice() + [f"note: {note}" for note in self.notes])

    def _advice(self) -> list[str]:
        if not self.missing:
            return ["every operation has a converter"]
        lines = []
        for m in self.missing:
            cut = f"; cut before it with --output {','.join(m.before[:4])}" if m.before else ""
            lines.append(f'{m.op} is not supported: the first is "{m.node}"{cut}')
        return [*lines, "a converter from your own Python file can be given with --extension FILE.py"]


def _missing(model: SourceModel, counts: Counter[str], kinds: set[str]) -> list[Missing]:
    found: dict[str, Missing] = {}
    for node in model.graph.walk():
        if not isinstance(node, Foreign):
            continue
        op = f"{node.domain}:{node.op}" if node.domain else node.op
        if op in kinds and op not in found:
            computed = [tensor_name(v) for v in node.operands if isinstance(v.node, Foreign)]
            before = tuple(dict.fromkeys(computed)) if node.graph is model.graph else ()
            found[op] = Missing(op, counts[op], node.name or quoted(node.names), before)
    return list(found.values())


def _counted(
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
