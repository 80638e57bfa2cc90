"""The errors a user meets: one sentence of fact, one of remedy, and notes from the layers that know the place.

Every class carries its exit code, so that the command line and a caller of the API see the same taxonomy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Problem:
    """A source op that is not supported: its first node, how many there are, and why (empty: it has no converter)."""

    op: str
    name: str
    count: int
    reason: str


class MoError(Exception):
    """Base of everything `mo` raises on purpose.

    Args:
        fact: what is wrong, one sentence in the user's terms.
        remedy: how to go on, one sentence; empty when nothing can be said.
        where: the place (byte offset, field path, node, file), put before the notes.
    """

    exit_code = 1

    def __init__(self, fact: str, remedy: str = "", *, where: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.remedy = remedy
        self.notes: list[str] = [where] if where else []

    def note(self, text: str) -> MoError:
        """Add what an outer layer knows (the node, the file, the pass) and return the error, to be raised again."""
        if text and text not in self.notes:
            self.notes.append(text)
        return self

    def __str__(self) -> str:
        head = self.fact + (f" ({'; '.join(self.notes)})" if self.notes else "")
        return f"{head}\n{self.remedy}" if self.remedy else head


class UsageError(MoError):
    """A bad option, a missing file, an adapter that is not installed."""

    exit_code = 2


class ModelError(MoError):
    """The file is wrong: truncated, corrupt or contradicting itself."""

    exit_code = 3


class ShapeError(MoError):
    """Operand types that an operation cannot take; the message carries the types of all operands."""

    exit_code = 3


class Unsupported(MoError):
    """A valid model with something that is not supported; the remedy says what would help.

    Attributes:
        problems: the kinds of source ops that are not supported, when that is the reason.
        before: the tensors at which a cut avoids all of them, as far as that is known.
    """

    exit_code = 4

    def __init__(self, fact: str, remedy: str = "", *, where: str = "", problems: Iterable[Problem] = ()) -> None:
        super().__init__(fact, remedy, where=where)
        self.problems = list(problems)
        self.before: list[str] = []


class PluginError(MoError):
    """A plug-in that fails: names its distribution, version and hook."""

    exit_code = 5


class InternalError(MoError):
    """A bug of ours: names the pass, the node and the textual IR around it."""

    exit_code = 70


def bug(fact: str, remedy: str, *, provider: str = "", where: str = "") -> MoError:
    """The error for code that fails: an InternalError, or a PluginError that names the provider from outside."""
    if provider:
        return PluginError(f"{provider}: {fact}", remedy, where=where)
    return InternalError(fact, remedy, where=where)


class Decline(Exception):
    """Raised by a rewrite rule that matched but must not fire; the reason is what `--explain` shows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` known names that look like `name`, best first (case and leading dashes are ignored)."""
    import difflib  # few runs end with a name that is not there

    lowered: dict[str, str] = {}
    for k in known:
        lowered.setdefault(k.lower().lstrip("-"), k)
    return [lowered[k] for k in difflib.get_close_matches(name.lower().lstrip("-"), lowered, n=count, cutoff=0.6)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `did you mean "x", "y"?`, or an empty string when nothing is near."""
    near = nearest(name, known)
    return f"did you mean {', '.join(repr(n) for n in near)}?".replace("'", '"') if near else ""


def nearest_first(name: str, known: Iterable[str], remedy: str) -> str:
    """`remedy` after the question whether a name that is near was meant."""
    near = did_you_mean(name, known)
    return f"{near[0].upper()}{near[1:]} {remedy}".strip() if near else remedy
