"""Reads the textual graph of `mo_core.ir.text` back; also what people write by hand in tests.

Beyond what is printed it takes: types left out (they are inferred), names for values (`%conv`), numbers and lists as
operands, `//` comments, statements without `graph {}` around them. What does not fit is a UsageError with its line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from mo_core.errors import MoError, UsageError, did_you_mean
from mo_core.ir import Constant, Custom, Foreign, Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ir.literals import find_element, parse_dim, scalar
from mo_core.ir.tensor import Array, Tensor, encode
from mo_core.ir.text import Random, Unread
from mo_core.ir.types import Dynamic, ElementType, Shape, Type

_SPACE = re.compile(r"(?:\s|//[^\n]*)*")
_TOKEN = re.compile(
    r"""%[\w.]+|"(?:[^"\\\n]|\\.)*"|->|[A-Za-z_]\w*|[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|nan)|."""
)
_TYPE = re.compile(r"([a-z]\w*)\[([^\]\n]*)\]")
_DEEPEST = 64


def parse(text: str, ops: Iterable[type[Node]], more: Callable[[], Iterable[type[Node]]] | None = None) -> Graph:
    """Build the graph that a text describes, from these operations; `more` is asked for others when one is missing."""
    return _Reader(text, {cls.__name__: cls for cls in ops}, more).whole()


class _Reader:
    def __init__(
        self, text: str, ops: dict[str, type[Node]], more: Callable[[], Iterable[type[Node]]] | None = None
    ) -> None:
        self._text, self._ops, self._more = text, ops, more
        self._at = 0
        self._dims: dict[str, Dynamic] = {}
        self._depth = 0
        self._skip()

    # -- tokens

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return found[0] if found else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += len(token)
        self._skip()
        return token

    def _accept(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._take()
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._fail(f'"{token}" is expected, and there is "{self._peek() or "the end"}"')

    def _fail(self, fact: str, at: int | None = None) -> UsageError:
        at = self._at if at is None else at
        start = self._text.rfind("\n", 0, at) + 1
        stop = self._text.find("\n", at)
        line = self._text[start : stop if stop >= 0 else None]
        number = self._text.count("\n", 0, at) + 1
        return UsageError(f"line {number} of the graph: {fact}", f"  {line.strip()[:160]}")

    def _string(self) -> str:
        token = self._peek()
        if not token.startswith('"') or len(token) < 2:
            raise self._fail("a text in double quotes is expected")
        try:
            value = json.loads(token)
        except ValueError:
            raise self._fail("the text in quotes cannot be read") from None
        self._take()
        return str(value)

    def _number(self) -> int:
        token = self._take()
        if not re.fullmatch(r"[0-9]{1,18}", token):
            raise self._fail(f'a whole number is expected, and there is "{token}"')
        return int(token)

    # -- graphs

    def whole(self) -> Graph:
        """The text as one graph."""
        if self._peek() == "graph":
            graph = self._graph({})
        else:
            graph = Graph()
            self._statements(graph, {}, "")
        if self._at < len(self._text):
            raise self._fail("nothing is expected after the graph")
        return graph

    def _graph(self, outer: Mapping[str, Value]) -> Graph:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fail(f"graphs are nested more than {_DEEPEST} deep")
        self._expect("graph")
        graph = Graph(self._string() if self._peek().startswith('"') else "")
        self._expect("{")
        self._statements(graph, dict(outer), "}")
        self._expect("}")
        self._depth -= 1
        return graph

    def _statements(self, graph: Graph, values: dict[str, Value], end: str) -> None:
        while self._peek() not in (end, ""):
            start = self._at
            if self._accept("return"):
                self._return(graph, values)
                continue
            try:
                self._statement(graph, values)
            except MoError as e:
                if isinstance(e, UsageError) and e.fact.startswith("line "):
                    raise
                raise self._fail(str(e).replace("\n", " "), start) from e

    def _return(self, graph: Graph, values: Mapping[str, Value]) -> None:
        while self._peek().startswith("%"):
            value = self._value_of(values)
            name = self._string() if self._peek().startswith('"') else ""
            result = graph.add_output(value)
            result.name = name or result.name
            if not self._accept(","):
                break

    def _value_of(self, values: Mapping[str, Value]) -> Value:
        at, name = self._at, self._take()
        if name not in values:
            near = did_you_mean(name, values)
            raise self._fail(f"{name} is not defined above" + (f"; {near}" if near else ""), at)
        return values[name]

    # -- statements

    def _statement(self, graph: Graph, values: dict[str, Value]) -> None:
        start, names = self._at, list[str]()
        while self._peek().startswith("%"):
            names.append(self._take())
            if not self._accept(","):
                break
        if names:
            self._expect("=")
        taken = next((n for n in names if n in values), None)
        if taken is not None:
            raise self._fail(f"{taken} is defined twice", start)
        node = self._node(graph, values, max(len(names), 1) if names else 0)
        if len(names) > len(node.results):
            raise self._fail(f"the operation has {len(node.results)} results, and {len(names)} are named", start)
        for name, result in zip(names, node.results):
            values[name] = result
        self._tail(node)

    def _node(self, graph: Graph, values: Mapping[str, Value], results: int) -> Node:
        start = self._at
        word = self._string() if self._peek().startswith('"') else self._take()
        if self._peek() == ".":
            return self._foreign(graph, values, results, word)
        if word == "Constant":
            return self._constant(graph)
        if word == "Parameter":
            type_ = self._annotated()
            if len(type_) != 1:
                raise self._fail("an input needs its type, such as : f32[1,3]", start)
            return graph.add_input("", *type_[0])
        if word == Custom.__name__:
            return self._custom(graph, values)
        cls = self._ops.get(word) or self._from_outside(word)
        if cls is None:
            near = did_you_mean(word, self._ops)
            raise self._fail(f'there is no operation "{word}"' + (f"; {near}" if near else ""), start)
        operands = self._operands(values)
        attributes = self._attributes(values, cls)
        fixed = len(cls.schema.operands) - 1
        if cls.schema.variadic:
            operands = [*operands[:fixed], operands[fixed:]]
        try:
            node = cls(*operands, **attributes)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError) as e:
            raise self._fail(f"{word} cannot be built of this: {e}", start) from e
        graph.splice([node], None)
        self._check(node, start)
        return node

    def _custom(self, graph: Graph, values: Mapping[str, Value]) -> Custom:
        operands = self._operands(values)
        attributes = self._attributes(values, Custom)
        node = Custom(operands, **attributes, result_types=tuple(self._annotated()))
        graph.splice([node], None)
        return node

    def _from_outside(self, word: str) -> type[Node] | None:
        """An operation that an installed plug-in brings: they are loaded when one is met that is not known."""
        if self._more is None:
            return None
        for cls in self._more():
            self._ops.setdefault(cls.__name__, cls)
        self._more = None
        return self._ops.get(word)

    def _check(self, node: Node, start: int) -> None:
        """Compare the types that are written with those inferred; unknown dimensions get their names here."""
        if self._peek() != ":":
            return
        self._take()
        for i, result in enumerate(node.results):
            if i:
                self._expect(",")
            type_ = self._type(result.shape)
            if type_.element is not result.element or not self._fits(type_.shape, result.shape):
                raise self._fail(f"the type is {result.type}, and the text says {type_}", start)

    def _foreign(self, graph: Graph, values: Mapping[str, Value], results: int, framework: str) -> Foreign:
        self._expect(".")
        op = self._string() if self._peek().startswith('"') else self._take()
        version = self._number() if self._accept("@") else 0
        domain = self._string() if self._accept("of") else ""
        start, operands = self._at, self._operands(values)
        if any(v is not None and not isinstance(v, Value) for v in operands):
            raise self._fail("a source operation takes values only", start)
        attributes = self._attributes(values, None)
        types = self._annotated()
        node = Foreign(framework, op, operands, attributes, types or max(results, 0), domain=domain, version=version)
        graph.splice([node], None)
        return node

    def _constant(self, graph: Graph) -> Constant:
        start = self._at
        made = self._tensor_form()
        stored = self._element() if self._accept("as") else None
        types = self._annotated()
        if len(types) != 1 or not t.is_static(types[0].shape):
            raise self._fail("a constant needs its type, such as : f32[2,3]", start)
        node = Constant(value=made(types[0].element, t.static(types[0].shape)), stored_as=stored)
        graph.splice([node], None)
        return node

    def _tail(self, node: Node) -> None:
        if self._peek().startswith('"'):
            node.name = self._string()
            node.origin = (node.name,)
        if self._peek() == "<":
            for result in node.results:
                if not self._accept("<"):
                    break
                result.names[:] = []
                while not self._accept(">"):
                    result.names.append(self._string())
                    self._accept(",")
        elif node.type_name == "Parameter" and node.name:
            node.names[:] = [node.name]
        if self._accept("rt"):
            node.rt_info = self._json()
        if self._accept("ports"):
            node.port_info = {int(k): v for k, v in self._json().items()}

    def _json(self) -> Any:
        try:
            value, stop = json.JSONDecoder().raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            raise self._fail("JSON is expected") from None
        if not isinstance(value, dict):
            raise self._fail("a JSON object is expected")
        self._at = stop
        self._skip()
        return value

    # -- operands and attributes

    def _operands(self, values: Mapping[str, Value]) -> list[Any]:
        operands: list[Any] = []
        if self._accept("("):
            while not self._accept(")"):
                if self._peek().startswith("%"):
                    operands.append(self._value_of(values))
                else:
                    operands.append(None if self._accept("_") else self._value(values))
                if self._peek() != ")":
                    self._expect(",")
        return operands

    def _attributes(self, values: Mapping[str, Value], cls: type[Node] | None) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        if self._accept("{"):
            while not self._accept("}"):
                key = self._string() if self._peek().startswith('"') else self._take()
                self._expect("=")
                declared = cls.schema.attributes.get(key) if cls is not None else None
                attributes[key] = (
                    self._shape(None) if declared is not None and declared.kind == "shape" else self._value(values, cls)
                )
                if self._peek() != "}":
                    self._expect(",")
        return attributes

    def _value(self, values: Mapping[str, Value], cls: type[Node] | None = None) -> Any:
        token = self._peek()
        if token.startswith('"'):
            return self._string()
        if token == "[":
            return tuple(self._sequence("[", "]", lambda: self._value(values, cls)))
        if token == "{":
            return dict(self._sequence("{", "}", lambda: self._pair(values, cls)))
        if token == "graph":
            return self._graph(values)
        if token == "tensor":
            return self._tensor()
        if token == "bytes":
            return self._bytes()
        if not token or not (token[0].isalnum() or token[0] in "_+-."):
            raise self._fail(f'a value is expected, and there is "{token or "the end"}"')
        self._take()
        if self._peek() == "(" and cls is not None:
            return self._record(token, values, cls)
        return None if token == "none" else scalar(token)

    def _sequence(self, opening: str, closing: str, item: Callable[[], Any]) -> list[Any]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fail(f"lists are nested more than {_DEEPEST} deep")
        self._expect(opening)
        items = []
        while not self._accept(closing):
            items.append(item())
            if self._peek() != closing:
                self._expect(",")
        self._depth -= 1
        return items

    def _pair(self, values: Mapping[str, Value], cls: type[Node] | None) -> tuple[str, Any]:
        key = self._string()
        self._expect(":")
        return key, self._value(values, cls)

    def _record(self, name: str, values: Mapping[str, Value], cls: type[Node]) -> Any:
        """A dataclass of the module that declares the operation (port maps)."""
        kind = getattr(sys.modules[cls.__module__], name, None)
        if not (isinstance(kind, type) and is_dataclass(kind)):
            raise self._fail(f'{cls.__name__} knows no "{name}"')
        try:
            return kind(**dict(self._sequence("(", ")", lambda: self._field(values, cls))))
        except TypeError as e:
            raise self._fail(f"{name}: {e}") from None

    def _field(self, values: Mapping[str, Value], cls: type[Node]) -> tuple[str, Any]:
        key = self._take()
        self._expect("=")
        return key, self._value(values, cls)

    def _bytes(self) -> bytes:
        self._take()
        (text,) = self._sequence("(", ")", self._string) or ("",)
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise self._fail("hexadecimal digits are expected") from None

    # -- tensors and types

    def _tensor(self) -> Tensor:
        self._take()
        type_ = self._type(None)
        return self._tensor_form()(type_.element, t.static(type_.shape))

    def _tensor_form(self) -> Callable[[ElementType, tuple[int, ...]], Tensor]:
        """What a constant is made of, waiting for its type."""
        start, word = self._at, self._peek()
        if word == "random":
            self._take()
            (seed,) = self._sequence("(", ")", self._number) or (0,)
            return lambda element, shape: Random(seed, element, shape)
        if word in ("window", "recipe", "checksum"):
            self._take()
            self._sequence("(", ")", self._take)
            text = self._text[start : self._at].rstrip()
            return lambda element, shape: Unread(text, element, shape)
        data = self._value({})
        flat: list[Any] = []
        stack = [data]
        while stack:
            one = stack.pop()
            stack.extend(reversed(one)) if isinstance(one, tuple) else flat.append(one)
        return lambda element, shape: self._array(flat, element, shape, start)

    def _array(self, flat: list[Any], element: ElementType, shape: tuple[int, ...], start: int) -> Tensor:
        if len(flat) not in (1, int(np.prod(shape))):
            raise self._fail(f"{len(flat)} numbers are given for {element}{list(shape)}", start)
        try:
            kind: Any = object if element is t.string else np.float64 if element.is_real else None
            data = np.broadcast_to(np.array(flat, dtype=kind).reshape(shape if len(flat) != 1 else ()), shape)
            return Array(encode(data, element), element, shape)
        except (TypeError, ValueError, OverflowError):
            raise self._fail(f"these are no values of type {element}", start) from None

    def _annotated(self) -> list[Type]:
        types = []
        if self._accept(":"):
            types.append(self._type(None))
            while self._accept(","):
                types.append(self._type(None))
        return types

    def _element(self) -> ElementType:
        word = self._take()
        found = t.dynamic if word == "dynamic" else find_element(word)
        if found is None:
            raise self._fail(f'there is no element type "{word}"')
        return found

    def _type(self, inferred: Shape) -> Type:
        return Type(self._element(), self._shape(inferred))

    def _shape(self, inferred: Shape) -> Shape:
        """A shape; a dimension that is named for the first time is the inferred one, if there is one."""
        found = re.compile(r"\[([^\]\n]*)\]").match(self._text, self._at)
        if found is None:
            raise self._fail("a shape such as [1,?,2..4] is expected")
        words = [w.strip() for w in found[1].split(",")] if found[1].strip() else []
        dims: Shape = None
        if words != ["..."]:
            known = inferred if inferred is not None and len(inferred) == len(words) else (None,) * len(words)
            dims = tuple(self._dim(word, dim) for word, dim in zip(words, known))
        self._at = found.end()
        self._skip()
        return dims

    def _dim(self, word: str, inferred: t.Dim | None) -> t.Dim:
        name, equals, bounds = word.partition("=")
        if equals:
            dim = parse_dim(bounds, {})
            if re.fullmatch(r"\?[A-Za-z_]\w*", name) and isinstance(dim, Dynamic):
                dim.name = name[1:]
                chosen = inferred if isinstance(inferred, Dynamic) else dim
                return self._dims.setdefault(name, chosen)
        elif isinstance(inferred, Dynamic) and len(name) > 1 and name.startswith("?"):
            return self._dims.setdefault(name, inferred)
        dim = parse_dim(word, self._dims)
        if dim is None:
            raise self._fail(f'"{word}" is not a dimension')
        return dim

    def _fits(self, written: Shape, inferred: Shape) -> bool:
        """True when the bounds are the same, and a name stands for one unknown only."""
        if written is None or inferred is None or len(written) != len(inferred):
            return written is inferred
        named = set(self._dims.values())
        pairs = list(zip(written, inferred))
        return all(t.bounds(a) == t.bounds(b) and (a is b or a not in named) for a, b in pairs)
