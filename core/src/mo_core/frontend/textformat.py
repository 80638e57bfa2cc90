"""Reads the text format of protobuf as plain data, with a schema, with a part of one, or without any.

https://protobuf.dev/reference/protobuf/textformat-spec/. The parsers of protobuf keep only what their schema declares;
this one keeps the fields and the enumeration values that are not declared as well, because the layers of a plug-in
consist of them, and because some files (the `pipeline.config` of a detector) have a schema that nobody else needs.
A message is a dict of the fields that are set. An undeclared field is a value when it stands once and a list when it
stands several times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol

from mo_core.errors import ModelError
from mo_core.frontend.wire import masquerade

Plain = dict[str, Any]

MAX_BYTES = 64 << 20  # a thousand times what a large network takes
MAX_DEPTH = 64
_BLANK = re.compile(r"\s*(?:\#[^\n]*(?:\n|\Z)\s*)*", re.ASCII)
_TOKEN = re.compile(
    _BLANK.pattern
    + r"""(?:(?P<word>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eE][+-]?|[\w.])*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>[{}<>\[\]:;,./-])
    |(?P<end>\Z))""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_BOOLS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}
_OCTAL = re.compile(r"-?0[\dxX]")  # protobuf refuses it where a number may have a fraction
_CLOSING = {"{": "}", "<": ">"}


class Declared(Protocol):
    """What a schema says of a field.

    Attributes:
        kind: "integer", "float", "bool", "text", "enum" or "message"; "any" for a field without a declaration.
        repeated: True for a list of values.
        limits: the lowest and the highest value of an integer.
        members: the names of an enumeration, by number.
        fields: the fields of a message.
    """

    @property
    def kind(self) -> str: ...
    @property
    def repeated(self) -> bool: ...
    @property
    def limits(self) -> tuple[int, int]: ...
    @property
    def members(self) -> Mapping[int, str]: ...
    @property
    def fields(self) -> Mapping[str, Declared]: ...


class _Any(NamedTuple):
    """A field that no schema declares."""

    kind: str = "any"
    repeated: bool = False
    limits: tuple[int, int] = (0, 0)
    members: Mapping[int, str] = {}
    fields: Mapping[str, Declared] = {}


_UNDECLARED = _Any()


def read_text(
    content: bytes,
    what: str,
    declared: Mapping[str, Declared] = _UNDECLARED.fields,
    *,
    real: Callable[[float], float] = float,
    too_long: str = "",
    binary: str = "",
) -> Plain:
    """Read the text of a message.

    Args:
        what: the file, for messages: "the .prototxt". declared: the fields of the message, by name, as far as known.
        real: what becomes of a declared number with a fraction. too_long, binary: what to do about such a file.

    Raises:
        ModelError: the text is not of this format or contradicts the schema; line and column are in the notes.
    """
    disguise = masquerade(content[:512])
    if disguise:
        raise ModelError(f"{what} is {disguise}")
    if len(content) > MAX_BYTES:
        raise ModelError(f"{what} has {len(content)} bytes, and none needs more than {MAX_BYTES}", too_long)
    if b"\0" in content:
        raise ModelError(f"{what} is not text", binary)
    return _Parser(decode(content).removeprefix("\ufeff"), what, real).message(declared, "")


def decode(text: bytes) -> str:
    """Text of a file of unknown age: UTF-8, and what is not stays visible as `\\xd6`."""
    return text.decode("utf-8", "backslashreplace")


class _Parser:
    """One pass over the text; `kind` and `token` are the token ahead, which starts at `start`."""

    def __init__(self, text: str, what: str, real: Callable[[float], float]) -> None:
        self.text, self.what, self.real = text, what, real
        self.position = self.start = self.depth = 0
        self.kind = self.token = ""
        self.advance()

    def message(self, declared: Mapping[str, Declared], closing: str) -> Plain:
        """Parse fields up to the `closing` mark, or to the end of the text when that is empty."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"messages are nested more than {MAX_DEPTH} deep")
        result: Plain = {}
        lists: set[str] = set()  # the undeclared fields that have become lists
        while self.token != closing:
            start = self.start
            name = self.name()
            field = declared.get(name, _UNDECLARED)
            colon = self.take(":")
            if not colon and self.token not in ("{", "<", "["):
                self.fail(f'":" is expected after {name[:40]}, not {self.found()}')
            values = self.values(field)
            self.take(";") or self.take(",")
            if field.repeated:
                result.setdefault(name, []).extend(values)
            elif name not in result and len(values) == 1:
                result[name] = values[0]
            elif field is not _UNDECLARED:
                self.fail(f"{name[:40]} is given more than once", start)
            elif name in lists:
                result[name].extend(values)
            else:
                lists.add(name)
                result[name] = [result[name], *values] if name in result else values
        self.advance()
        self.depth -= 1
        return result

    def name(self) -> str:
        """Parse the name of a field; that of an extension stands in brackets."""
        if self.take("["):
            parts = []
            while not self.take("]"):
                if self.kind not in ("word", "number") and self.token not in ("/", ".", "-"):
                    self.fail(f"the name of a field is expected, not {self.found()}")
                parts.append(self.advance())
            return "".join(parts)
        if self.kind != "word":
            self.fail(f"the name of a field is expected, not {self.found()}")
        return self.advance()

    def values(self, field: Declared) -> list[Any]:
        """Parse one value, or several in brackets."""
        if not self.take("["):
            return [self.value(field)]
        values: list[Any] = []
        while not self.take("]"):
            if values and not self.take(","):
                self.fail(f'"," or "]" is expected, not {self.found()}')
            values.append(self.value(field))
        return values

    def value(self, field: Declared) -> Any:
        if self.kind == "mark" and self.token in _CLOSING:
            if field.kind not in ("message", "any"):
                self.fail(f"{_article(field)} is expected, not a message")
            closing = _CLOSING[self.advance()]
            return self.message(field.fields, closing)
        start = self.start
        if self.kind == "string":
            parts = []
            while self.kind == "string":
                parts.append(_ESCAPE.sub(_unescape, self.advance()[1:-1].encode()))
            kind, text = "string", decode(b"".join(parts))
        else:
            sign = "-" if self.take("-") else ""
            if self.kind not in ("word", "number"):
                self.fail(f"a value is expected, not {self.found()}")
            kind, text = "number" if sign else self.kind, sign + self.advance()  # -inf is a number
        value = _scalar(field, kind, text, self.real)
        if value is None:
            self.fail(f"{_article(field)} is expected, not {text[:40]!r}", start)
        return value

    def take(self, mark: str) -> bool:
        """Step over the mark if it is ahead (texts have their quotes around them)."""
        if self.token == mark:
            self.advance()
            return True
        return False

    def advance(self) -> str:
        """Step over the token ahead and return it."""
        token, match = self.token, _TOKEN.match(self.text, self.position)
        if match is None:
            blank = _BLANK.match(self.text, self.position)
            self.start = blank.end() if blank else self.position
            self.fail(f"{self.text[self.start]!r} cannot stand here")
        self.kind = match.lastgroup or ""
        self.token, self.start, self.position = match[self.kind], match.start(self.kind), match.end()
        return token

    def found(self) -> str:
        return "the end of the file" if self.kind == "end" else repr(self.token[:40])

    def fail(self, fact: str, start: int | None = None) -> NoReturn:
        start = self.start if start is None else start
        line = self.text.count("\n", 0, start) + 1
        column = start - (self.text.rfind("\n", 0, start) + 1) + 1
        raise ModelError(fact, f"Correct {self.what} there.", where=f"line {line}, column {column}")


def _article(field: Declared) -> str:
    if field.kind == "integer":
        return f"a whole number from {field.limits[0]} to {field.limits[1]}"
    return {"float": "a number", "bool": "true or false", "text": "a text in quotes", "enum": "a name"}.get(
        field.kind, "a message" if field.kind == "message" else "a value"
    )


def _scalar(field: Declared, kind: str, text: str, real: Callable[[float], float]) -> Any:
    """The value of a token of this kind as the field declares it; None when it cannot be one."""
    if field.kind == "text":
        return text if kind == "string" else None
    if field.kind == "bool":
        return _BOOLS.get(text) if kind != "string" else None
    if field.kind == "enum":  # a name or number that is not declared belongs to a fork and is kept
        if kind != "number":
            return text
        member = _integer(text)
        return None if member is None else field.members.get(member, member)
    if field.kind == "integer":
        whole = _integer(text) if kind == "number" else None
        return whole if whole is not None and field.limits[0] <= whole <= field.limits[1] else None
    if field.kind == "float":
        number = _float(text) if kind != "string" else None
        return None if number is None else real(number)
    return _undeclared(kind, text) if field is _UNDECLARED else None


def _undeclared(kind: str, text: str) -> Any:
    if kind == "number":
        number = _integer(text)
        return _float(text) if number is None else number
    if kind == "word" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    if len(digits) > 24 or not digits[:1].isdigit() or "_" in digits:
        return None
    try:
        value = int(digits, 8 if digits.isdigit() and digits.startswith("0") else 0)
    except ValueError:
        return None
    return -value if text.startswith("-") else value


def _float(text: str) -> float | None:
    digits = text[:-1] if text[-1] in "fF" and text[-2:-1] in set("0123456789.") else text  # 1.5f, but inf
    try:
        return None if "_" in text or _OCTAL.match(text) else float(digits)
    except ValueError:
        return None


def _unescape(match: re.Match[bytes]) -> bytes:
    hexadecimal, octal, short, long, char = match.groups()
    if hexadecimal or octal:
        return bytes([int(hexadecimal or octal, 16 if hexadecimal else 8) & 0xFF])
    if short or long:
        code = int(short or long, 16)
        return chr(code).encode("utf-8", "backslashreplace") if code < 0x110000 else match.group()
    return _ESCAPED.get(char, char)
