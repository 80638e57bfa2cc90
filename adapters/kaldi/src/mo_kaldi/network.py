"""A Kaldi network as records: nodes that read descriptors, and components with their parameters.

The three generations of networks are read into the same records (a chain of components is a network whose nodes read
each other), so that one planner lays all of them out in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mo_core.errors import ModelError
from mo_core.ir.tensor import Tensor
from mo_kaldi.stream import Number, Raw

_NAME = re.compile(r"[A-Za-z_][\w.@-]*")
_DEEPEST = 64


@dataclass
class Component:
    """What the file says of a component.

    Attributes:
        kind: the opening tag without brackets; at: the offset of the tag in the file.
        values: what stands after the tag, or after the value of another token, without a token of its own.
        tokens: values by token, as read; parts: components inside of this one.
        problem: why it could not be read, which only matters for whoever wants to convert it.
    """

    kind: str
    at: int = 0
    values: tuple[Raw, ...] = ()
    tokens: dict[str, Raw] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)
    problem: ModelError | None = None

    def integer(self, token: str, default: int | None = None) -> int:
        """The whole number of a token; raises ModelError when it is not there."""
        value = self.tokens.get(token)
        if isinstance(value, Number):
            try:
                return value.integer
            except ValueError:
                pass
        elif value is None and default is not None:
            return default
        raise ModelError(f"<{self.kind}> at byte {self.at} has no whole number <{token}>")

    def integers(self, token: str) -> tuple[int, ...]:
        """The whole numbers of a token; raises ModelError when it is not there."""
        return whole_numbers(self.tokens.get(token), f"<{token}> of <{self.kind}> at byte {self.at}")

    def flag(self, token: str) -> bool:
        """True when the token is there and says so."""
        return self.tokens.get(token) is True

    def tensor(self, token: str) -> Tensor:
        """The vector or matrix of a token; raises ModelError when it is not there."""
        value = self.tokens.get(token)
        if not isinstance(value, Tensor):
            raise ModelError(f"<{self.kind}> at byte {self.at} has no vector or matrix <{token}>")
        return value


def whole_numbers(value: Raw | None, what: str) -> tuple[int, ...]:
    """A list of whole numbers from what was read (a number 0 is how an empty list looks)."""
    if isinstance(value, Tensor):
        numbers = [float(x) for x in value.numpy().reshape(-1)]
        if all(x.is_integer() for x in numbers):
            return tuple(map(int, numbers))
    if isinstance(value, tuple):
        flat: list[int] = []
        for item in value:
            flat.extend(item if isinstance(item, tuple) else (item,))
        return tuple(flat)
    if isinstance(value, Number) and value.raw in ("0", bytes(len(value.raw))):  # which is how a list of none looks
        return ()
    raise ModelError(f"{what} is no list of whole numbers")


# -- descriptors


@dataclass(frozen=True)
class Descriptor:
    """What a node reads: a function of other nodes.

    Attributes:
        op: `Ref` (a node, by name) or the function: Append, Sum, Max, Offset, Scale, Const, Failover, IfDefined,
            Switch, Round, ReplaceIndex, Range (some of the columns), Clamp (frames beyond the ends repeat the ends),
            Mean (over the utterance).
        args: descriptors; numbers: the other arguments in order; name: of a node, or the index that is replaced.
    """

    op: str
    args: tuple[Descriptor, ...] = ()
    numbers: tuple[float, ...] = ()
    name: str = ""

    def refs(self) -> Iterator[str]:
        """Names of all nodes that are read."""
        stack = [self]
        while stack:
            d = stack.pop()
            if d.op == "Ref":
                yield d.name
            stack.extend(reversed(d.args))


def ref(name: str) -> Descriptor:
    """A node at the present frame."""
    return Descriptor("Ref", name=name)


def offset(d: Descriptor, frames: int) -> Descriptor:
    """A descriptor some frames later."""
    return Descriptor("Offset", (d,), (frames,)) if frames else d


def append(parts: Sequence[Descriptor]) -> Descriptor:
    """Columns of several descriptors next to each other."""
    return parts[0] if len(parts) == 1 else Descriptor("Append", tuple(parts))


def columns(d: Descriptor, start: int, count: int) -> Descriptor:
    """Some of the columns."""
    return Descriptor("Range", (d,), (start, count))


_PLAIN = {"Append": (1, None), "Sum": (1, None), "Failover": (2, 2), "IfDefined": (1, 1), "Switch": (1, None)}


def parse_descriptor(text: str) -> Descriptor:
    """Read `Append(Offset(input, -1), input)`; raises ModelError with the text."""
    words = re.findall(r"[(),]|[^\s(),]+", text)
    result, at = _parse(words, 0, text, 0)
    if at != len(words):
        raise _bad(text)
    return result


def _bad(text: str) -> ModelError:
    return ModelError(f'the descriptor "{text[:200]}" cannot be read', "Check the config line of the network.")


def _parse(words: list[str], at: int, text: str, depth: int) -> tuple[Descriptor, int]:
    if at >= len(words) or depth > _DEEPEST:
        raise _bad(text)
    word = words[at]
    if at + 1 >= len(words) or words[at + 1] != "(":
        if not _NAME.fullmatch(word):
            raise _bad(text)
        return ref(word), at + 1
    args: list[Descriptor | float | str] = []
    at += 1
    while at < len(words) and words[at] != ")":
        at += 1  # the opening bracket, or a comma
        number = _number(words[at]) if at < len(words) else None
        if number is not None:
            args.append(number)
            at += 1
        elif word == "ReplaceIndex" and len(args) == 1 and at < len(words):
            args.append(words[at])
            at += 1
        else:
            inner, at = _parse(words, at, text, depth + 1)
            args.append(inner)
        if at >= len(words) or words[at] not in ",)":
            raise _bad(text)
    return _made(word, args, text), at + 1


def _number(word: str) -> float | None:
    try:
        return float(word) if word[:1] in "+-.0123456789" else None
    except ValueError:
        return None


def _made(word: str, args: list[Descriptor | float | str], text: str) -> Descriptor:
    inner = tuple(a for a in args if isinstance(a, Descriptor))
    numbers = tuple(a for a in args if isinstance(a, float))
    name = next((a for a in args if isinstance(a, str)), "")
    if word in _PLAIN and not numbers and not name:
        low, high = _PLAIN[word]
        if low <= len(inner) and (high is None or len(inner) <= high):
            return Descriptor(word, inner)
    elif word == "Offset" and len(inner) == 1 and (len(numbers) == 1 or numbers[1:] == (0,)):
        return offset(inner[0], int(numbers[0]))
    elif (word == "Round" and len(inner) == 1 and len(numbers) == 1 and numbers[0] >= 1) or (
        word == "Scale" and len(inner) == 1 and len(numbers) == 1
    ):
        return Descriptor(word, inner, numbers)
    elif word == "Const" and not inner and len(numbers) == 2 and numbers[1] >= 1:
        return Descriptor(word, (), numbers)
    elif word == "ReplaceIndex" and len(inner) == 1 and len(numbers) == 1 and name in ("t", "x"):
        return Descriptor(word, inner, numbers, name)
    raise _bad(text)


# -- networks


@dataclass
class Node:
    """A node of the network: an input (with `dim`), a component on a descriptor, or a descriptor that is an output."""

    name: str
    kind: str
    reads: Descriptor | None = None
    component: str = ""
    dim: int = 0


@dataclass
class Network:
    """What a file holds.

    Attributes:
        nodes: by name, in the order of the file; components: by name.
        generation: `nnet1`, `nnet2` or `nnet3`; priors: probabilities of the outputs, or None.
        notes: what the user should know of the file.
    """

    generation: str
    nodes: dict[str, Node] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    priors: Tensor | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, node: Node) -> None:
        """Add a node; raises ModelError when there is one of that name."""
        if node.name in self.nodes:
            raise ModelError(f'the network has two nodes called "{node.name}"')
        self.nodes[node.name] = node

    def outputs(self) -> list[Node]:
        """The outputs, in the order of the file."""
        return [n for n in self.nodes.values() if n.kind == "output"]

    def check(self) -> None:
        """Raise ModelError when a node reads one that is not there, or a component is missing."""
        for node in self.nodes.values():
            for name in node.reads.refs() if node.reads is not None else ():
                target = self.nodes.get(name)
                if target is None or target.kind == "output":
                    raise ModelError(f'node "{node.name}" reads "{name}", and there is no such node')
            if node.kind == "component" and node.component not in self.components:
                raise ModelError(f'node "{node.name}" has component "{node.component}", and there is no such component')
        if not self.outputs():
            raise ModelError("the network has no output node")
