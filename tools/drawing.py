"""Graphs as SVG: boxes from top to bottom, each with the op, its constants, its attributes and the shape of its result.

Every box has a ground and a text colour of its own, so that a picture reads on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import numpy as np

from mo_core.ir import Constant, Graph, Node, Parameter, Result, Value
from mo_core.ir import types as t

LINE, PAD, GAP_X, GAP_Y, LETTER = 15, 6, 18, 24, 6.7
STYLE = (
    "text{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#1d2733;text-anchor:middle}"
    ".op{font-weight:bold;font-size:12px}.box{fill:#dbe7f6;stroke:#4a7ab5}.end{fill:#ecece6;stroke:#8a8a80}"
    ".new{fill:#d5f0dc;stroke:#3f9a5c}.edge{stroke:#7f8a96;fill:none;stroke-width:1.4}.head{fill:#7f8a96}"
    ".title{fill:#7f8a96;font-weight:bold}"
)


@dataclass
class Box:
    """A node as it is drawn, or (without node) a place where a long edge passes."""

    node: Node | None
    lines: list[str] = field(default_factory=list)
    rank: int = 0
    above: list[Box] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        self.height = len(self.lines) * LINE + 2 * PAD if self.lines else 0.0

    @property
    def width(self) -> float:
        if not self.lines:
            return 10.0
        return max(len(self.lines[0]) * 1.18, *map(len, self.lines)) * LETTER + 2 * PAD


def _number(v: float) -> str:
    return f"{v:.4g}"


def _constant(c: Constant) -> str:
    """A small constant by its numbers, another one by its shape."""
    if t.size_of(c.shape) == 1:
        return _number(float(np.asarray(c.const).reshape(-1)[0]))
    if c.element.is_integer and len(c.dims) == 1:
        return ",".join(str(int(v)) for v in np.asarray(c.const))
    stored = "" if c.element is t.f32 else str(c.element)
    return f"{stored}{t.format_shape(c.shape)}"


def _is_weights(v: Value) -> bool:
    """True for what is computed from constants alone."""
    return isinstance(v.node, Constant)


def describe(node: Node) -> list[str]:
    """The lines of a box."""
    if isinstance(node, Parameter):
        return [f"{node.name}  {t.format_shape(node.shape)}"]
    if isinstance(node, Result):
        return ["result"]
    lines = [node.type_name]
    fields = node.schema.operands
    for i, v in enumerate(node.operands):
        if _is_weights(v):
            f = fields[min(i, len(fields) - 1)]
            lines.append(f"{f.name}: {_constant(v.node)}")  # type: ignore[arg-type]
    for name, a in node.schema.attributes.items():
        value = getattr(node, name)
        plain = name in ("strides", "dilations", "pads_begin", "pads_end", "output_padding")
        if value == a.default or (plain and set(value) <= {0 if "pad" in name else 1}):
            continue
        if isinstance(value, (str, bool, int, float, tuple)) or value is None:
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
            shown = "yes" if shown is True else "no" if shown is False else shown
            lines.append(f"{name}: {_number(shown) if isinstance(shown, float) else shown}")
        elif isinstance(value, t.ElementType):
            lines.append(f"{name}: {value}")
    shapes = [t.format_shape(r.shape) for r in node.results]
    return [*lines, "→ " + " ".join(shapes)]


def boxes(graph: Graph) -> list[list[Box]]:
    """Boxes by rank, with places for edges that pass a rank by."""
    made: dict[Node, Box] = {}
    ranks: list[list[Box]] = []

    def put(box: Box) -> Box:
        while len(ranks) <= box.rank:
            ranks.append([])
        ranks[box.rank].append(box)
        return box

    for node in graph:
        if isinstance(node, Constant):
            continue
        sources = [made[v.node] for v in node.operands if v.node in made]
        box = Box(node, describe(node), 1 + max((s.rank for s in sources), default=-1))
        for source in dict.fromkeys(map(id, sources)):
            last = next(s for s in sources if id(s) == source)
            for rank in range(last.rank + 1, box.rank):
                last = put(Box(None, [], rank, [last]))
            box.above.append(last)
        made[node] = put(box)
    return ranks


def _place(ranks: list[list[Box]], top: float) -> tuple[float, float]:
    """Set the middles of all boxes; returns width and bottom."""
    width = max(sum(b.width for b in rank) + GAP_X * (len(rank) - 1) for rank in ranks)
    y = top
    for rank in ranks:
        rank.sort(key=lambda b: sum(a.x for a in b.above) / len(b.above) if b.above else 0.0)
        x = (width - sum(b.width for b in rank) - GAP_X * (len(rank) - 1)) / 2
        height = max(b.height for b in rank)
        for b in rank:
            b.x, b.y = x + b.width / 2, y + height / 2
            if b.node is None:
                b.height = height
            x += b.width + GAP_X
        y += height + GAP_Y
    return width, y - GAP_Y


def _draw(ranks: list[list[Box]], left: float, kept: set[str]) -> list[str]:
    parts: list[str] = []
    for box in (b for rank in ranks for b in rank):
        for a in box.above:
            y1, y2 = a.y + a.height / 2, box.y - box.height / 2
            tip = 5 if box.node is not None else 0
            passed = "" if tip else f" v{box.height:.0f}"
            parts.append(
                f'<path class="edge" d="M{left + a.x:.0f},{y1:.0f} L{left + box.x:.0f},{y2 - tip:.0f}{passed}"/>'
            )
            if tip:
                parts.append(f'<path class="head" d="M{left + box.x:.0f},{y2:.0f} l-4,-7 h8 z"/>')
    for box in (b for rank in ranks for b in rank):
        if box.node is None:
            continue
        x, y = left + box.x, box.y - box.height / 2
        end = isinstance(box.node, (Parameter, Result))
        style = "end" if end else "box" if "\n".join(box.lines) in kept else "new"
        parts.append(
            f'<rect class="{style}" x="{x - box.width / 2:.0f}" y="{y:.0f}" width="{box.width:.0f}" '
            f'height="{box.height:.0f}" rx="{10 if end else 4}"/>'
        )
        for i, text in enumerate(box.lines):
            mark = ' class="op"' if not i and not end else ""
            parts.append(f'<text{mark} x="{x:.0f}" y="{y + PAD + LINE * i + 11:.0f}">{escape(text)}</text>')
    return parts


def svg(before: Sequence[list[Box]], after: Sequence[list[Box]], title: str) -> str:
    """Two graphs side by side; boxes of the second that the first does not have are of another colour."""
    old, new = list(before), list(after)
    kept = {"\n".join(b.lines) for rank in old for b in rank}
    (w1, h1), (w2, h2) = _place(old, 30), _place(new, 30)
    gap, margin = 56.0, 10.0
    width, height = w1 + w2 + gap + 2 * margin, max(h1, h2) + margin
    right = margin + w1 + gap
    middle = margin + w1 + gap / 2
    body = [
        f'<text class="title" x="{margin + w1 / 2:.0f}" y="16">before</text>',
        f'<text class="title" x="{right + w2 / 2:.0f}" y="16">after</text>',
        f'<path class="edge" d="M{middle - 16:.0f},{height / 2:.0f} h26"/>',
        f'<path class="head" d="M{middle + 18:.0f},{height / 2:.0f} l-9,-5 v10 z"/>',
        *_draw(old, margin, kept),
        *_draw(new, right, kept),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
    )
    return "\n".join([head, *body, "</svg>"]) + "\n"
