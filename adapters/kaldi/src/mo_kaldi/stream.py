"""Kaldi's stream of tokens and values, binary or text.

In the binary form a value says its size but hardly its kind: four bytes may be a whole or a real number, and a list of
whole numbers begins like a number. So values are kept as they stand (`Number`, tuples, tensors) until a converter's
annotation says what is meant, and a list is told from a number by what follows it: in the end a token must come.

Source: `base/io-funcs` and `matrix/` of Kaldi's documentation.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from mo_core.errors import ModelError
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Array_, Mapped, MappedFile, Tensor, lazy

_TOKEN = re.compile(rb"<[/!]?[A-Za-z][\w.-]*>")
_WORD = re.compile(rb"([a-z]{2,16}) ")
_SPACES = b" \t\r\n"
_MATRICES = {b"FM ": t.f32, b"DM ": t.f64}
_VECTORS = {b"FV ": t.f32, b"DV ": t.f64}
_MOST_VALUES = 24
"""Values after one token; none has more than half of that."""


class Number:
    """A number of which only the size is known (binary), or its text."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes | str) -> None:
        self.raw = raw

    @property
    def integer(self) -> int:
        """As a whole number; raises ValueError when the text is none."""
        return int(self.raw) if isinstance(self.raw, str) else int.from_bytes(self.raw, "little", signed=True)

    @property
    def real(self) -> float:
        """As a real number."""
        if isinstance(self.raw, str):
            return float(self.raw)
        return float(struct.unpack("<f" if len(self.raw) == 4 else "<d", self.raw)[0])

    def __repr__(self) -> str:
        return f"{self.real:g}" if isinstance(self.raw, str) else f"{self.integer} or {self.real:g}"


Pairs: TypeAlias = "tuple[tuple[int, int], ...]"
Raw: TypeAlias = "Number | bool | str | tuple[int, ...] | Pairs | Tensor"


class Stream:
    """A position in a Kaldi file.

    Raises ModelError with the offset, what was found and what was expected.
    """

    def __init__(self, file: MappedFile) -> None:
        self.file, self.data = file, file.buffer
        self.binary = bytes(self.data[:2]) == b"\0B"
        self.at = 2 if self.binary else 0

    # -- tokens

    def peek(self) -> str:
        """The token (or word) that comes next, "" at the end; the position stays."""
        at = self.at
        token = self.token()
        self.at = at
        return token

    def token(self) -> str:
        """The next token (or word), up to the space after it; "" at the end."""
        self._skip()
        start, stop, limit = self.at, self.at, min(len(self.data), self.at + 512)
        while stop < limit and self.data[stop] not in _SPACES:
            stop += 1
        if stop == limit < len(self.data):
            raise self.fail("a token", start)
        self.at = min(stop + 1, len(self.data))
        return bytes(self.data[start:stop]).decode("latin-1")

    def expect(self, *tokens: str) -> str:
        """Take one of these tokens."""
        start = self.at
        found = self.token()
        if found not in tokens:
            self.at = start
            raise self.fail(" or ".join(tokens))
        return found

    def accept(self, token: str) -> bool:
        """Take a token when it comes next."""
        if self.peek() != token:
            return False
        self.token()
        return True

    def skip_past(self, token: str) -> None:
        """Go on after the next place where a token stands."""
        mark = token.encode()
        for start in range(self.at, len(self.data), 1 << 20):
            found = bytes(self.data[start : start + (1 << 20) + len(mark)]).find(mark)
            if found >= 0:
                self.at = min(start + found + len(mark) + 1, len(self.data))
                return
        raise self.fail(token)

    def line(self) -> str:
        """The rest of the line, without its end; raises ModelError when the file ends in it."""
        limit = min(len(self.data), self.at + (1 << 20))
        piece = bytes(self.data[self.at : limit])
        end = piece.find(b"\n")
        if end < 0:
            raise self.fail("the end of a line")
        self.at += end + 1
        return piece[:end].decode("latin-1").strip()

    def fail(self, expected: str, at: int | None = None) -> ModelError:
        """The error for what stands at the position (or at `at`)."""
        at = self.at if at is None else at
        found = bytes(self.data[at : at + 24])
        shown = found.decode("latin-1").encode("unicode_escape").decode() if found else "the end of the file"
        return ModelError(
            f'"{self.file.path.name}" is damaged at byte {at}: expected {expected}, found {shown}',
            "Copy the file again, or write it anew with Kaldi's own copy program.",
        )

    def _skip(self) -> None:
        while self.at < len(self.data) and self.data[self.at] in _SPACES:
            self.at += 1

    # -- values

    def values(self) -> list[Raw]:
        """All values up to the next token."""
        if self.binary:
            found = self._binary_values(self.at, _MOST_VALUES)
            if found is None:
                raise self.fail("values and then a token")
            values, self.at = found
            return values
        found_text: list[Raw] = []
        while True:
            word = self.peek()
            if not word or word.startswith("<"):
                return found_text
            found_text.append(self._text_value())
            if len(found_text) > _MOST_VALUES:
                raise self.fail("a token")

    def value(self) -> Raw:
        """One value; what follows it is not looked at (a matrix, a vector, or a number)."""
        if not self.binary:
            return self._text_value()
        for value, end in self._candidates(self.at):
            self.at = end
            return value
        raise self.fail("a value")

    def integer(self) -> int:
        """A whole number."""
        start, value = self.at, self.value()
        try:
            if isinstance(value, Number):
                return value.integer
        except ValueError:
            pass
        raise self.fail("a whole number", start)

    def tensor(self) -> Tensor:
        """A vector or a matrix."""
        start, value = self.at, self.value()
        if isinstance(value, Tensor):
            return value
        raise self.fail("a vector or a matrix", start)

    def _binary_values(self, at: int, left: int) -> tuple[list[Raw], int] | None:
        """The first way to read values from `at` that ends at a token."""
        if at >= len(self.data) or _TOKEN.match(self.data, at):
            return [], at
        if not left:
            return None
        if self.data[at] in _SPACES[:1] + b"\n":
            return self._binary_values(at + 1, left - 1)
        for value, end in self._candidates(at):
            rest = self._binary_values(end, left - 1)
            if rest is not None:
                return [value, *rest[0]], rest[1]
        return None

    def _candidates(self, at: int) -> Iterator[tuple[Raw, int]]:
        data = self.data
        mark = bytes(data[at : at + 4])
        if mark[:3] in _MATRICES or mark[:3] in _VECTORS or mark[:2] == b"CM":
            yield self._binary_tensor(at, mark)
            return
        size = mark[0] if mark else 0
        word = _WORD.match(data, at)
        if word is not None:
            yield word[1].decode(), word.end()
        if mark[:1] in (b"T", b"F"):
            yield mark[:1] == b"T", at + 1
        elif size in (4, 8, 0xFC, 0xF8):
            width = size if size < 128 else 256 - size
            if at + 1 + width <= len(data):
                yield Number(bytes(data[at + 1 : at + 1 + width])), at + 1 + width
            if width == 4 and at + 5 <= len(data):
                count = int.from_bytes(data[at + 1 : at + 5], "little", signed=True)
                for per in (1, 2):
                    end = at + 5 + 4 * per * count
                    if count >= 0 and end <= len(data):
                        numbers = np.frombuffer(data[at + 5 : end], "<i4").reshape(count, per).tolist()
                        whole = tuple(x for row in numbers for x in row)
                        yield whole if per == 1 else tuple((a, b) for a, b in numbers), end

    def _binary_tensor(self, at: int, mark: bytes) -> tuple[Tensor, int]:
        if mark[:2] == b"CM":
            return self._compressed(at, mark)
        vector = mark[:3] in _VECTORS
        element = _VECTORS[mark[:3]] if vector else _MATRICES[mark[:3]]
        shape, start = [], at + 3
        for _ in range(1 if vector else 2):
            if bytes(self.data[start : start + 1]) != b"\4":
                raise self.fail("the size of a vector or matrix", start)
            shape.append(int.from_bytes(self.data[start + 1 : start + 5], "little", signed=True))
            start += 5
        length = element.nbytes(int(np.prod(shape, dtype=np.int64)))
        if min(shape) < 0 or start + length > len(self.data):
            raise self.fail(f"a tensor of {'x'.join(map(str, shape))} numbers", at)
        return _single(Mapped(self.file, start, element, shape)), start + length

    def _compressed(self, at: int, mark: bytes) -> tuple[Tensor, int]:
        """A compressed matrix: one or two bytes a number, scaled for the whole matrix or by column."""
        kind = mark[2:3]
        start = at + (3 if kind == b" " else 4)
        if start + 16 > len(self.data):
            raise self.fail("a compressed matrix", at)
        low, span, rows, columns = struct.unpack("<ffii", self.data[start : start + 16])
        start += 16
        width = 2 if kind == b"2" else 1
        length = rows * columns * width + (8 * columns if kind == b" " else 0)
        if min(rows, columns) < 0 or start + length > len(self.data):
            raise self.fail("a compressed matrix", at)
        stored = Mapped(self.file, start, t.u8, (length,))

        def expand(raw: Array_) -> Array_:
            if kind == b" ":
                return _by_column(raw, low, span, rows, columns)
            whole = raw.view("<u2") if width == 2 else raw
            scale = np.float32(span / (65535.0 if width == 2 else 255.0))
            return np.asarray(np.float32(low) + whole.reshape(rows, columns).astype(np.float32) * scale)

        return lazy(expand, stored, element=t.f32, shape=(rows, columns)), start + length

    def _text_value(self) -> Raw:
        start, word = self.at, self.token()
        if word in ("T", "F"):
            return word == "T"
        if not word.startswith("["):
            return Number(word) if re.fullmatch(r"[+-]?(\d|\.\d|inf|nan)\S*", word, re.IGNORECASE) else word
        self.at = start
        self._skip()
        self.at += 1
        for stop in range(self.at, len(self.data), 1 << 20):
            piece = bytes(self.data[stop : stop + (1 << 20)])
            if b"]" in piece:
                end = stop + piece.index(b"]")
                break
        else:
            raise self.fail('"]"', start)
        body = bytes(self.data[self.at : end])
        self.at = min(end + 2, len(self.data))
        if b"," in body:
            return self._text_pairs(body, start)
        return self._text_numbers(body, start)

    def _text_pairs(self, body: bytes, start: int) -> Pairs:
        try:
            pairs = [tuple(map(int, word.split(b","))) for word in body.split()]
            return tuple((a, b) for a, b in pairs)
        except ValueError:
            raise self.fail("pairs of whole numbers", start) from None

    def _text_numbers(self, body: bytes, start: int) -> Tensor:
        try:
            numbers = np.array(body.split(), dtype=np.float32)
        except ValueError:
            raise self.fail("numbers", start) from None
        lines = [line for line in body.split(b"\n") if line.strip()]
        matrix = b"\n" in body.lstrip(b" \t") and body.lstrip(b" \t\r").startswith(b"\n")
        if not matrix:
            return Array(numbers, t.f32)
        if lines and len(numbers) % len(lines):
            raise self.fail("rows of one length", start)
        return Array(numbers.reshape(len(lines), -1) if lines else numbers.reshape(0, 0), t.f32)


def _single(tensor: Tensor) -> Tensor:
    """In single precision, which is what Kaldi computes in."""
    if tensor.element is t.f32:
        return tensor
    return lazy(lambda a: a.astype(np.float32), tensor, element=t.f32, shape=tensor.shape)


def _by_column(raw: Array_, low: float, span: float, rows: int, columns: int) -> Array_:
    """The older form: for each column four percentiles, then bytes that lie piecewise linearly between them."""
    heads = np.float32(low) + raw[: 8 * columns].view("<u2").reshape(columns, 4).astype(np.float32) * np.float32(
        span / 65535.0
    )
    codes = raw[8 * columns :].reshape(columns, rows).astype(np.float32)
    p0, p25, p75, p100 = (heads[:, i : i + 1] for i in range(4))
    lower = p0 + (p25 - p0) * codes * np.float32(1 / 64.0)
    middle = p25 + (p75 - p25) * (codes - 64) * np.float32(1 / 128.0)
    upper = p75 + (p100 - p75) * (codes - 192) * np.float32(1 / 63.0)
    return np.asarray(np.where(codes <= 64, lower, np.where(codes <= 192, middle, upper)).T)
