"""Reads .prototxt: the text format of protobuf, checked against Caffe's schema, as plain data.

https://protobuf.dev/reference/protobuf/textformat-spec/. The parsers of protobuf keep only what their schema declares;
this one keeps the fields and the enumeration values that are not declared as well, because the layers of a plug-in
consist of them. An undeclared field is a value when it stands once and a list when it stands several times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from mo_caffe.schema import Field, Plain, decode, fields_of, single
from mo_core.errors import ModelError
from mo_core.frontend.wire import masquerade

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
_UNDECLARED = Field("any", False)


def read_prototxt(content: bytes) -> Plain:
    """Read the text of a network.

    Returns:
        A NetParameter as plain data (see `schema`), undeclared fields included.

    Raises:
        ModelError: the text is not of this format or contradicts the schema; line and column are in the notes.
    """
    disguise = masquerade(content[:512])
    if disguise:
        raise ModelError(f"the .prototxt is {disguise}")
    if len(content) > MAX_BYTES:
        raise ModelError(
            f"the .prototxt has {len(content)} bytes, and no network needs more than {MAX_BYTES}",
            "Give the file that describes the network; the weights belong into the .caffemodel.",
        )
    if b"\0" in content:
        raise ModelError(
            "the .prototxt is not text",
            "Give the .caffemodel as the model and the text of the network with --input_proto.",
        )
    return _Parser(decode(content).removeprefix("\ufeff")).message(fields_of("NetParameter"), "")


class _Parser:
    """One pass over the text; `kind` and `token` are the token ahead, which starts at `start`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = self.start = self.depth = 0
        self.kind = self.token = ""
        self.advance()

    def message(self, declared: Mapping[str, Field], closing: str) -> Plain:
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

    def values(self, field: Field) -> list[Any]:
        """Parse one value, or several in brackets."""
        if not self.take("["):
            return [self.value(field)]
        values: list[Any] = []
        while not self.take("]"):
            if values and not self.take(","):
                self.fail(f'"," or "]" is expected, not {self.found()}')
            values.append(self.value(field))
        return values

    def value(self, field: Field) -> Any:
        if self.kind == "mark" and self.token in _CLOSING:
            if field.kind not in ("message", "any"):
                self.fail(f"{_article(field)} is expected, not a message")
            closing = _CLOSING[self.advance()]
            return self.message(field.fields if field.kind == "message" else {}, closing)
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
        value = _scalar(field, kind, text)
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
        raise ModelError(fact, "Correct the .prototxt there.", where=f"line {line}, column {column}")


def _article(field: Field) -> str:
    if field.kind == "integer":
        return f"a whole number from {field.limits[0]} to {field.limits[1]}"
    return {"float": "a number", "bool": "true or false", "text": "a text in quotes", "enum": "a name"}.get(
        field.kind, "a message" if field.kind == "message" else "a value"
    )


def _scalar(field: Field, kind: str, text: str) -> Any:
    """The value of a token of this kind as the field declares it; None when it cannot be one."""
    if field.kind == "text":
        return text if kind == "string" else None
    if field.kind == "bool":
        return _BOOLS.get(text) if kind != "string" else None
    if field.kind == "enum":  # a name or number that is not declared belongs to a fork and is kept
        if kind != "number":
            return text
        number = _integer(text)
        return None if number is None else field.members.get(number, number)
    if field.kind == "integer":
        number = _integer(text) if kind == "number" else None
        return number if number is not None and field.limits[0] <= number <= field.limits[1] else None
    if field.kind == "float":
        real = _float(text) if kind != "string" else None
        return None if real is None else single(real)
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
