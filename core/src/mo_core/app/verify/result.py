"""What a verification found, as data and as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mo_core.app.verify.compare import Difference

DIFFERENT = 1
"""The exit code when the IR does not compute what the source does."""


@dataclass(frozen=True)
class OutputResult:
    """One output: the worst of what was found in all cases.

    Attributes:
        name: in the source.
        element: of the reference's result there.
        shape: likewise.
        difference: between the IR and the reference.
        fp16: between the IR with f16 weights and the reference, when that was asked for.
        case: the data where the worst is: the shapes of the inputs, or the number.
        call: the call where the worst is, in a model with states.
    """

    name: str
    element: str
    shape: tuple[int, ...]
    difference: Difference
    fp16: Difference | None = None
    case: str = ""
    call: int = 0

    @property
    def passed(self) -> bool:
        """True when the output agrees in all cases."""
        return self.difference.passed

    def worse(self, other: OutputResult) -> OutputResult:
        """The worse of two results for one output; what compression costs is kept of both."""
        mine, its = _badness(self.difference), _badness(other.difference)
        chosen = other if its > mine else self
        costs = [r.fp16 for r in (self, other) if r.fp16 is not None]
        return replace(chosen, fp16=max(costs, key=_badness)) if costs else chosen


def _badness(d: Difference) -> tuple[bool, float, float]:
    return (not d.passed, math.inf if math.isnan(d.relative) else d.relative, d.absolute)


@dataclass
class Verification:
    """What `mo verify` found; true when the IR computes what the source does.

    Attributes:
        model: the name of the model.
        ir: the path of the IR, empty for a temporary one.
        reference: what computed the source.
        runtime: what computed the IR.
        tolerance: for real numbers, as a part of the largest value of an output.
        outputs: one for each output of the source.
        missing: names of outputs that the IR does not have.
        extra: names of outputs that only the IR has.
        failures: what makes the verification fail apart from single outputs.
        notes: what one should know.
        cases: the sets of data that were computed.
        seconds: for each step.
        peaks: memory in bytes of the process of the reference, that of the runtime, and this one (`mo`).
    """

    model: str = ""
    ir: str = ""
    reference: str = ""
    runtime: str = ""
    tolerance: float = 0.0
    outputs: list[OutputResult] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when every output agrees, none is missing, and nothing failed."""
        return bool(self.outputs) and all(o.passed for o in self.outputs) and not self.missing and not self.failures

    def __bool__(self) -> bool:
        return self.passed

    @property
    def exit_code(self) -> int:
        """0, or 1 when the IR does not compute what the source does."""
        return 0 if self.passed else DIFFERENT

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data that JSON can hold (what is not finite is a text)."""
        outputs = []
        for o in self.outputs:
            data: dict[str, Any] = {"name": o.name, "element": o.element, "shape": list(o.shape), "passed": o.passed}
            data |= {"case": o.case, "call": o.call, **_plain(o.difference)}
            if o.fp16 is not None:
                data["fp16"] = _plain(o.fp16)
            outputs.append(data)
        return {"passed": self.passed, **vars(self), "outputs": outputs}

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        import json

        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """For people."""
        lines = [
            f"  reference   {self.reference}",
            f"  runtime     {self.runtime}",
            f"  data        {_cases(self.cases)}",
            *_table(self.outputs),
        ]
        lines += [f'missing: the IR has no output "{name}"' for name in self.missing]
        lines += [f'extra: the IR has the output "{name}", which the source does not have' for name in self.extra]
        lines += [f"failed: {failure}" for failure in self.failures]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, self.verdict()])

    def verdict(self) -> str:
        """One line."""
        wrong = [o.name for o in self.outputs if not o.passed]
        if self.passed:
            count = f"{len(self.outputs)} outputs agree" if len(self.outputs) > 1 else "the output agrees"
            return f"verified: {count} within {self.tolerance:g} of the largest value"
        if wrong:
            named = ", ".join(f'"{n}"' for n in wrong[:8]) + (f" and {len(wrong) - 8} more" if len(wrong) > 8 else "")
            return f"different: {named} of {len(self.outputs)} outputs"
        return "not verified"


def _plain(d: Difference) -> dict[str, Any]:
    def number(x: float) -> float | str:
        return x if math.isfinite(x) else str(x)

    data: dict[str, Any] = {"absolute": number(d.absolute), "relative": number(d.relative), "cosine": number(d.cosine)}
    for name in ("got", "want"):
        value = getattr(d, name)
        data[name] = number(value) if isinstance(value, float) else value
    return {**data, "where": list(d.where), "differing": d.differing, "size": d.size, "reason": d.reason}


def _cases(cases: Sequence[str]) -> str:
    named = [c for c in cases if c]
    return f"{len(cases)} set{'s' * (len(cases) != 1)}" + (f": {'; '.join(named)}" if named else "")


def _table(outputs: Sequence[OutputResult]) -> list[str]:
    """One line an output, and a second one where it differs."""
    if not outputs:
        return []
    compressed = any(o.fp16 is not None for o in outputs)
    head = ["output", "type", "absolute", "relative", "cosine", *(["fp16 relative"] if compressed else []), ""]
    rows = [head]
    for o in outputs:
        d = o.difference
        kind = f"{o.element}[{','.join(map(str, o.shape))}]"
        cells = [o.name, kind, _number(d.absolute), _number(d.relative), _cosine(d.cosine)]
        if compressed:
            cells.append("" if o.fp16 is None else _number(o.fp16.relative))
        rows.append([*cells, "ok" if o.passed else "DIFFERENT"])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = []
    for i, row in enumerate(rows):
        lines.append(("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths))).rstrip())
        if i and not outputs[i - 1].passed:
            lines.append(f"      {_reason(outputs[i - 1])}")
    return lines


def _reason(o: OutputResult) -> str:
    d = o.difference
    text = d.reason
    if d.got is not None:
        text += (
            f"; the greatest difference is at {list(d.where)}: {_value(d.got)}, and the reference has {_value(d.want)}"
        )
    return text + (f" (data {o.case})" if o.case else "") + (f", call {o.call + 1}" if o.call else "")


def _value(x: Any) -> str:
    return f"{x:.6g}" if isinstance(x, float) else str(x)


def _number(x: float) -> str:
    return "-" if math.isnan(x) else "0" if x == 0 else f"{x:.2e}" if math.isfinite(x) else "inf"


def _cosine(x: float) -> str:
    return "-" if math.isnan(x) else f"{x:.7f}"
