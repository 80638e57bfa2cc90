"""Writes Kaldi files, binary and text, from plain Python: what the tests feed the adapter with."""

import struct
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Part:
    """A component: its kind, and tokens with values in the order of the file (a token of "" has no tag).

    Values: bool, int, float, numpy vectors and matrices, lists of ints, lists of pairs of ints, words, nested `Part`s.
    """

    kind: str
    tokens: list = field(default_factory=list)

    def __getitem__(self, token):
        return next(v for k, v in self.tokens if k == token)

    def get(self, token, default=None):
        return next((v for k, v in self.tokens if k == token), default)

    @property
    def bare(self):
        return [v for k, v in self.tokens if not k]


class Writer:
    """Collects a file."""

    def __init__(self, binary):
        self.binary, self.data = binary, bytearray(b"\0B" if binary else b"")

    def token(self, text):
        self.data += f"{text} ".encode()
        return self

    def line(self, text):
        self.data += f"{text}\n".encode()
        return self

    def value(self, value):
        self.data += _binary(value) if self.binary else _text(value)
        return self

    def part(self, part, end=True):
        self.token(f"<{part.kind}>")
        for token, value in part.tokens:
            if token:
                self.token(f"<{token}>")
            if isinstance(value, Part):
                self.part(value)
            elif value is not None:
                self.value(value)
        return self.token(f"</{part.kind}>" if end is True else end) if end else self


def _binary(value):
    if isinstance(value, (bool, np.bool_)):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"\4" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"\4" + struct.pack("<f", value)
    if isinstance(value, str):
        return f"{value} ".encode()
    if isinstance(value, list):
        flat = [x for item in value for x in (item if isinstance(item, tuple) else (item,))]
        return b"\4" + struct.pack("<i", len(value)) + struct.pack(f"<{len(flat)}i", *flat)
    kind = {np.dtype(np.float32): b"F", np.dtype(np.float64): b"D"}[value.dtype]
    sizes = b"".join(b"\4" + struct.pack("<i", n) for n in value.shape)
    return kind + (b"V " if value.ndim == 1 else b"M ") + sizes + value.tobytes()


def _text(value):
    if isinstance(value, (bool, np.bool_)):
        return b"T " if value else b"F "
    if isinstance(value, (int, str)):
        return f"{value} ".encode()
    if isinstance(value, float):
        return f"{value!r} ".encode()
    if isinstance(value, list):
        items = [f"{a},{b}" for a, b in value] if value and isinstance(value[0], tuple) else map(str, value)
        return f"[ {' '.join(items)} ]\n".encode()
    rows = [" ".join(repr(float(x)) for x in row) for row in np.atleast_2d(value)]
    if value.ndim == 1:
        return f" [ {rows[0]} ]\n".encode()
    return (" [\n  " + "\n  ".join(rows) + " ]\n").encode()


def nnet3(lines, components, binary=True, priors=None, transitions=False):
    """The bytes of a network: config lines, and components by name."""
    w = Writer(binary)
    if transitions:
        w.token("<TransitionModel>").token("<Topology>").value([1, 2]).token("</Topology>").token("</TransitionModel>")
    w.token("<Nnet3>").line("")
    for line in lines:
        w.line(line)
    w.line("").token("<NumComponents>").value(len(components))
    for name, part in components.items():
        w.token("<ComponentName>").token(name).part(part)
    w.token("</Nnet3>")
    if priors is not None:
        w.token("<LeftContext>").value(0).token("<RightContext>").value(0).token("<Priors>").value(priors)
    return bytes(w.data)


def nnet2(components, binary=True, priors=None):
    """The bytes of a chain of components."""
    w = Writer(binary).token("<Nnet>").token("<NumComponents>").value(len(components)).token("<Components>")
    for part in components:
        w.part(part)
    w.token("</Components>").token("</Nnet>")
    if priors is not None:
        w.value(priors)
    return bytes(w.data)


def nnet1(components, binary=True, marks=True):
    """The bytes of a chain of components, each with its sizes as the first two bare values."""
    w = Writer(binary).token("<Nnet>")
    for part in components:
        w.part(part, "<!EndOfComponent>" if marks else False)
    return bytes(w.token("</Nnet>").data)
