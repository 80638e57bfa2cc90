"""The graph as text: for tests, for `--dump-passes`, for excerpts in errors. `text_reader.parse` reads it back.

    graph "toy" {
      %0 = Parameter : f32[?n,3,8,8] "data"
      %1 = Constant random(7) : f32[3,1,1] "weights"
      %2 = Multiply(%0, %1) : f32[?n,3,8,8] "scale" <"scaled">
      %3 = Elu(%2) {alpha=0.5} : f32[?n,3,8,8] "elu" <"elu_out">
      return %3 "prob"
    }

A line holds the results, the operation, the operands, the attributes that differ from their defaults, the result types,
the name and the tensor names of each result (an input's own name is left out). Small constants are written out, large
ones by what they are. Unknown dimensions that occur more than once have names; the first place has the bounds, too.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mo_core.errors import InternalError, UsageError
from mo_core.ir import Constant, Foreign, Graph, Node, Parameter, Result, Value, sources
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Array_, Lazy, Mapped, Tensor, encode
from mo_core.ir.types import Dim, Dynamic, ElementType, Type

INLINE = 16
"""Constants with at most so many elements are written out."""

WORD = re.compile(r"[A-Za-z_]\w*")
RESERVED = frozenset(("true", "false", "none", "nan", "inf", "graph", "tensor", "bytes", "return"))


class Random(Array):
    """A tensor of seeded random numbers, for tests: reals in [-1, 1), whole numbers from -4 (unsigned: 0) to 4."""

    __slots__ = ("seed",)

    def __init__(self, seed: int, element: ElementType, shape: Sequence[int]) -> None:
        rng = np.random.default_rng(seed)
        if element.is_real:
            data: Any = rng.uniform(-1, 1, shape)
        else:
            data = rng.integers(-4 if element.is_signed else 0, 2 if element is t.boolean else 5, shape)
        super().__init__(encode(data, element), element, shape)
        self.seed = seed


class Unread(Lazy):
    """The weights of a graph that was read from text: their type is known, their content is not."""

    __slots__ = ("text",)

    def __init__(self, text: str, element: ElementType, shape: Sequence[int]) -> None:
        super().__init__(self._refuse, (), element, shape)
        self.text = text

    def _refuse(self) -> Array_:
        raise InternalError(f"the text of a graph does not hold the weights {self.text}")


def format_graph(graph: Graph) -> str:
    """The whole graph."""
    return "\n".join(_Printer(graph).lines(graph, "")) + "\n"


def outline(graph: Graph) -> str:
    """The graph without names and large constants, in an order that its structure alone decides; to compare graphs."""
    printer = _Printer(graph, bare=True)
    lines = [line for node in _by_structure(graph) for line in printer.node(node, "  ")]
    return "\n".join([*lines, printer.returned(graph, "  ")]) + "\n"


def _by_structure(graph: Graph) -> list[Node]:
    """Inputs, then what each output and each effect needs, operands first."""
    order: dict[Node, None] = dict.fromkeys(graph.inputs)
    for root in [*graph.outputs, *(n for n in graph if n.sink)]:
        stack: list[Node] = [root]
        while stack:
            node = stack[-1]
            waiting = next((v.node for v in node.operands if v.node not in order and v.node.graph is graph), None)
            if waiting is not None:
                stack.append(waiting)
                continue
            order.setdefault(stack.pop())
    return [n for n in order if not isinstance(n, Result)]


def excerpt(graph: Graph, node: Node, radius: int = 3) -> str:
    """The lines around a node, its own marked with `>`."""
    printer = _Printer(graph)
    before: list[Node] = []
    for n in graph:
        if n is node:
            break
        before.append(n)
    near = [*before[-radius:], node]
    after = node._next
    while after is not None and len(near) < radius + len(before[-radius:]) + 1:
        near.append(after)
        after = after._next
    for n in before[:-radius]:
        printer.number(n)
    return "\n".join(("> " if n is node else "  ") + line for n in near for line in printer.node(n, ""))


class Dumper:
    """Writes the graph before and after every pass that changed it into a folder, as `003-name.before.txt`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count, self._text = folder, 0, ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise UsageError(f'--dump_passes: cannot make "{folder}": {e.strerror or e}', "Name another folder.") from e

    def before(self, name: str, graph: Graph) -> None:
        """Remember how the graph is."""
        self._text = format_graph(graph)

    def after(self, name: str, graph: Graph, changed: bool) -> None:
        """Write both texts when they differ."""
        text = format_graph(graph)
        if text == self._text:
            return
        self._count += 1
        stem = f"{self._count:03}-{re.sub(r'[^A-Za-z0-9_+-]', '_', name)[:200]}"
        try:
            for part, content in (("before", self._text), ("after", text)):
                target = self._folder / f"{stem}.{part}.txt"
                sources.current().guard(target, "Give another folder with --dump_passes.")
                target.write_text(content, encoding="utf-8")
        except OSError as e:
            raise UsageError(f'--dump_passes: cannot write to "{self._folder}": {e.strerror or e}') from e


class _Printer:
    """Numbers values and names dimensions in the order in which they are met."""

    def __init__(self, graph: Graph, bare: bool = False) -> None:
        self._bare = bare
        self._numbers: dict[Value, int] = {}
        self._dims: dict[Dynamic, str] = {}
        self._taken: set[str] = set()
        self._shared = _shared_dims(graph)
        self._nested: list[tuple[str, Graph]] = []

    def number(self, node: Node) -> None:
        """Give the results of a node their numbers."""
        for result in node.results:
            self._numbers.setdefault(result, len(self._numbers))

    def lines(self, graph: Graph, indent: str) -> Iterator[str]:
        """A graph with braces."""
        yield f"graph {json.dumps(graph.name, ensure_ascii=False)} {{"
        for node in graph:
            if not isinstance(node, Result):
                yield from self.node(node, indent + "  ")
        yield self.returned(graph, indent + "  ")
        yield f"{indent}}}"

    def returned(self, graph: Graph, indent: str) -> str:
        """The line of the outputs."""
        outputs = [self._ref(r.source) + self._own_name(r) for r in graph.outputs]
        return f"{indent}return{' ' * bool(outputs)}{', '.join(outputs)}"

    def node(self, node: Node, indent: str) -> Iterator[str]:
        """The line of a node; several when it has bodies."""
        self.number(node)
        head = ", ".join(map(self._ref, node.results))
        slots: Sequence[Value | None] = node.slots if isinstance(node, Foreign) else node.operands
        operands = "".join(("(", ", ".join("_" if v is None else self._ref(v) for v in slots), ")")) if slots else ""
        attributes = self._attributes(node, indent)
        types = ", ".join(self._type(r.type) for r in node.results)
        line = f"{head}{' = ' * bool(head)}{_op(node)}{operands}{attributes}{' : ' * bool(types)}{types}"
        yield from f"{indent}{line}{self._names(node)}".split("\n")

    def _ref(self, value: Value) -> str:
        if value not in self._numbers:
            self._numbers[value] = len(self._numbers)
        return f"%{self._numbers[value]}"

    def _own_name(self, result: Result) -> str:
        return f" {quote(result.name)}" if result.name != result.source.label and not self._bare else ""

    def _names(self, node: Node) -> str:
        if self._bare:
            return ""
        text = f" {quote(node.name)}" if node.name else ""
        names = [r.names for r in node.results]
        if isinstance(node, Parameter) and names == [[node.name]]:
            names = []
        while names and not names[-1]:
            names.pop()
        text += "".join(f" <{', '.join(map(quote, group))}>" for group in names)
        if node.rt_info:
            text += f" rt {json.dumps({k: dict(v) for k, v in node.rt_info.items()}, ensure_ascii=False)}"
        if node.port_info:
            ports = {i: {k: dict(v) for k, v in info.items()} for i, info in node.port_info.items()}
            text += f" ports {json.dumps(ports, ensure_ascii=False)}"
        return text

    def _attributes(self, node: Node, indent: str) -> str:
        if isinstance(node, Constant):
            stored = f" as {node.stored_as}" if node.stored_as is not None else ""
            if self._bare and node.value.size > INLINE:
                return f" ...{stored}"
            return f" {format_tensor(node.value)}{stored}"
        if isinstance(node, Parameter):
            return ""
        if isinstance(node, Foreign):
            shown = [f"{quote_key(k)}={self._value(v, indent, True)}" for k, v in node.given.items()]
        else:
            declared = [(name, a, getattr(node, name)) for name, a in node.schema.attributes.items()]
            shown = [
                f"{name}={self._shape(v) if a.kind == 'shape' else self._value(v, indent)}"
                for name, a, v in declared
                if name != "result_types" and (a.required or not _equal(v, a.default))
            ]
        return f" {{{', '.join(shown)}}}" if shown else ""

    def _value(self, value: Any, indent: str, quoted: bool = False) -> str:
        if isinstance(value, str):
            plain = WORD.fullmatch(value) and value not in RESERVED and not quoted
            return value if plain else quote(value)
        if isinstance(value, Graph):
            return "\n".join(self.lines(value, indent))
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(self._value(v, indent, quoted) for v in value)}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{quote(str(k))}: {self._value(v, indent, True)}' for k, v in value.items())}}}"
        if isinstance(value, Tensor):
            return f"tensor {value.element}{t.format_shape(value.shape)} {format_tensor(value)}"
        if isinstance(value, bytes):
            return f"bytes({quote(value.hex())})"
        if is_dataclass(value) and not isinstance(value, type):
            shown = (f"{f.name}={self._value(getattr(value, f.name), indent)}" for f in fields(value))
            return f"{type(value).__name__}({', '.join(shown)})"
        return _plain(value)

    # -- types

    def _type(self, type_: Type) -> str:
        return f"{type_.element}{self._shape(type_.shape)}"

    def _shape(self, shape: t.Shape) -> str:
        return "[...]" if shape is None else f"[{','.join(map(self._dim, shape))}]"

    def _dim(self, dim: Dim) -> str:
        if not isinstance(dim, Dynamic) or dim not in self._shared:
            return str(dim)
        known = self._dims.get(dim)
        if known is not None:
            return f"?{known}"
        name = self._dims[dim] = self._fresh(dim)
        bounds = str(dim)
        return f"?{name}" + (f"={bounds}" if bounds != "?" else "")

    def _fresh(self, dim: Dynamic) -> str:
        wanted = "" if self._bare else re.sub(r"\W", "_", dim.name, flags=re.ASCII)[:32]
        name = wanted if WORD.fullmatch(wanted) else ""
        count = 0
        while not name or name in self._taken:
            name = f"{wanted}_{count}" if WORD.fullmatch(wanted) else _letters(count)
            count += 1
        self._taken.add(name)
        return name


def _shared_dims(graph: Graph) -> set[Dynamic]:
    """Unknown dimensions that stand in more than one place."""
    counts: Counter[Dynamic] = Counter()
    for node in graph.walk():
        for result in node.results:
            counts.update(d for d in result.shape or () if isinstance(d, Dynamic))
        for name, attribute in node.schema.attributes.items():
            if attribute.kind == "shape" and not isinstance(node, Parameter):
                counts.update(d for d in getattr(node, name) or () if isinstance(d, Dynamic))
    return {d for d, count in counts.items() if count > 1}


def _letters(index: int) -> str:
    return chr(ord("a") + index % 26) + (str(index // 26) if index >= 26 else "")


def quote(text: str) -> str:
    """Text in double quotes, as JSON has it."""
    return json.dumps(text, ensure_ascii=False)


def quote_key(key: str) -> str:
    """A key that stands bare where it is a word."""
    return key if WORD.fullmatch(key) else quote(key)


def _op(node: Node) -> str:
    if not isinstance(node, Foreign):
        return type(node).__name__
    domain = f" of {quote(node.domain)}" if node.domain else ""
    version = f"@{node.version}" if node.version else ""
    return f"{quote_key(node.framework)}.{quote_key(node.op)}{version}{domain}"


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return str(value)
    if isinstance(value, (int, np.integer, ElementType)):
        return str(value)
    return quote(repr(value))


def _equal(value: Any, default: Any) -> bool:
    if value is default:
        return True
    simple = (bool, int, float, str, tuple, type(None))
    return isinstance(value, simple) and isinstance(default, simple) and value == default


def format_tensor(tensor: Tensor) -> str:
    """The content when it is small, else what it is: a window, a recipe, a checksum. Weights are not evaluated."""
    if isinstance(tensor, Random):
        return f"random({tensor.seed})"
    if isinstance(tensor, Unread):
        return tensor.text
    if isinstance(tensor, Lazy):
        return f"recipe({quote(getattr(tensor.function, '__name__', 'function'))})"
    if tensor.size <= INLINE:
        return _nested(tensor.numpy())
    if isinstance(tensor, Mapped):
        return f"window({quote(tensor.file.path.name)}, {tensor.offset})"
    checksum = 0
    for chunk in tensor.chunks():
        checksum = zlib.crc32(chunk, checksum)
    return f"checksum({quote(f'{checksum:08x}')})"


def _nested(array: Array_) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(np.asarray(a)) for a in array)}]"
    value = array.item() if array.dtype.kind in "OSUb" else array[()]
    return (
        quote(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
        if isinstance(value, (str, bytes))
        else _plain(value)
    )
