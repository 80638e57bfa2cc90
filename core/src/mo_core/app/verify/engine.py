"""Verifying a model: convert it, compute source and IR on the same data, and compare them output by output."""

from __future__ import annotations

import math
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Any

import numpy as np

from mo_core.app.report import peak_memory
from mo_core.app.verify.compare import compare
from mo_core.app.verify.feeds import Case, given_cases, random_cases
from mo_core.app.verify.process import Answer, compute
from mo_core.app.verify.result import OutputResult, Verification
from mo_core.app.verify.stored import changed_weights, made_by_this_version
from mo_core.errors import Unsupported, UsageError, did_you_mean
from mo_core.ops import DetectionOutput

if TYPE_CHECKING:
    from mo_core.app.model import Model

TOLERANCE = 3e-4
"""How far f32 results may be off, as a part of the largest value of an output."""
TOLERANCE_FP16 = 2e-2
"""The same when the weights of the IR are f16."""
_RUNTIME = Path(__file__).with_name("openvino_program.py")


@dataclass(frozen=True)
class Settings:
    """What a verification may be told.

    Attributes:
        data: a path (see `load_data`) or arrays by name; None: random data. seed: of that; cases: how many sets of it
            (0: as many as make sense).
        tolerance: as a part of the largest value of an output; None: what f32 or f16 weights allow.
        fp16: also tell what f16 weights would cost. framework: False computes the source without its framework.
        python: the Python that has the framework, when it is not this one. timeout: of each process, in seconds.

    Raises:
        UsageError: for a number that cannot be meant.
    """

    data: Any = None
    seed: int = 0
    cases: int = 0
    tolerance: float | None = None
    fp16: bool = False
    framework: bool = True
    python: str = ""
    timeout: float = 600.0

    def __post_init__(self) -> None:
        for name in ("seed", "cases"):
            if not isinstance(getattr(self, name), (int, np.integer)) or getattr(self, name) < 0:
                raise self._wrong(name, "Give a whole number that is not negative.")
        if self.tolerance is not None and not (_is_finite(self.tolerance) and self.tolerance >= 0):
            raise self._wrong("tolerance", "Give a number that is not negative.")
        if not (_is_finite(self.timeout) and 0 < self.timeout <= TIMEOUT_MAX):
            raise self._wrong("timeout", "Give a number of seconds above 0.")

    def _wrong(self, name: str, remedy: str) -> UsageError:
        return UsageError(f"--{name} is {getattr(self, name)}", remedy)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Settings by name; raises UsageError for a name that is none of them."""
        known = [f.name for f in fields(cls)]
        for name in given:
            if name not in known:
                raise UsageError(
                    f'verify has no setting "{name}"', did_you_mean(name, known) or f"It has: {', '.join(known)}."
                )
        return cls(**given)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and math.isfinite(value)


class Verifier:
    """One verification."""

    def __init__(self, model: Model, settings: Settings, folder: Path, told: Callable[[str], None] | None) -> None:
        self.model, self.settings, self.folder, self.told = model, settings, folder, told
        self.found = Verification(model=model.name)
        self.detections = [isinstance(r.source.node, DetectionOutput) for r in model.graph.outputs]
        self.ports = _ports(model)

    def run(self, ir: Path | None) -> Verification:
        """Everything, in order."""
        found, settings = self.found, self.settings
        xml = ir if ir is not None else self.model.save(self.folder / "ir" / "model.xml")
        found.ir = str(ir) if ir is not None else ""
        compressed = _has_half_weights(xml)
        found.tolerance = _tolerance(settings, compressed)
        if compressed and settings.tolerance is None:
            found.notes.append("The weights of the IR are f16, so the tolerance is that of f16.")
        if ir is not None:
            self._compare_weights(ir)
        cases, wanted = self._reference()
        found.cases = [case.name for case in cases]
        got = self._runtime(xml, cases)
        half = self._compressed(cases) if settings.fp16 else None
        self._compare(cases, wanted, got, half)
        found.peaks["mo"] = peak_memory()
        return found

    def _compare_weights(self, ir: Path) -> None:
        """Say where the weights of an IR are not those that a conversion writes: no data may show one of a million."""
        try:
            if not made_by_this_version(ir) or not ir.with_suffix(".bin").is_file():
                return
            place = changed_weights(ir, self.model.save(self.folder / "fresh" / "model.xml"))
        except (OSError, ValueError, ElementTree.ParseError):
            return  # the runtime will say what is wrong with the files
        if place:
            self.found.notes.append(f'The weights of the IR are not those of a conversion now: "{place}" differs.')

    # -- the two sides

    def _reference(self) -> tuple[list[Case], list[Any]]:
        """The cases that the reference takes, and its outputs for each call of each."""
        from mo_core.app.verify.source import References

        settings, graph = self.settings, self.model.graph
        if settings.data is not None:
            from mo_core.app.verify.data import load_data

            tried = given_cases(graph, load_data(settings.data, graph.inputs))
        else:
            tried = random_cases(graph, settings.seed, settings.cases)
        named = self.ports  # of the source: an IR of version 10 has no tensor names
        if self.model.options.ir_version == "10":
            named = _ports(self.model.again(ir_version="11"))
        references = References(self.model, named, settings, self.folder, self.found)
        with self._step("reference"):
            return references.outputs(tried)

    def _runtime(self, xml: Path, cases: Sequence[Case]) -> list[Any]:
        found = self.found
        with self._step("runtime"):
            answer = self._on_openvino(xml, cases)
        found.runtime = f"OpenVINO {answer.info.get('version', '')}".strip()
        found.peaks["runtime"] = answer.peak
        if answer.failure or answer.refused:
            found.failures.append(f"the runtime cannot run the IR: {answer.failure or answer.refused}")
        failed = [e for e in dict.fromkeys(answer.errors) if e]
        found.failures += [f"the runtime fails: {e}" for e in failed]
        if failed and self.settings.data is None:
            found.notes.append("The data was random, and perhaps not what the model takes: give it with --data.")
        found.missing, found.extra = answer.info.get("missing", []), answer.info.get("extra", [])
        order = answer.info.get("order", [])
        if order != sorted(order):
            found.failures.append("the outputs of the IR come in another order than those of the source")
        return answer.outputs

    def _on_openvino(self, xml: Path, cases: Sequence[Case]) -> Answer:
        import importlib.util

        if importlib.util.find_spec("openvino") is None:
            raise UsageError(
                "the IR is computed by the runtime, and the package openvino is not installed", "pip install openvino"
            )
        task = {**self.ports, "xml": str(xml.absolute())}
        return compute(_RUNTIME, task, cases, self.folder, timeout=self.settings.timeout)

    def _compressed(self, cases: Sequence[Case]) -> list[Any]:
        """The outputs of the IR with f16 weights."""
        xml = self.model.again(compress_to_fp16=True).save(self.folder / "half" / "model.xml")
        answer = self._on_openvino(xml, cases)
        if answer.failure:
            self.found.notes.append(f"The IR with f16 weights cannot be run: {answer.failure}")
        return answer.outputs

    # -- the comparison

    def _compare(
        self, cases: Sequence[Case], wanted: Sequence[Any], got: Sequence[Any], half: Sequence[Any] | None
    ) -> None:
        results: dict[int, OutputResult] = {}
        for number, (case, want_calls, got_calls) in enumerate(zip(cases, wanted, got)):
            for step, (want, have) in enumerate(zip(want_calls, got_calls)):
                other = half[number][step] if half and number < len(half) and step < len(half[number]) else None
                for i, (w, g) in enumerate(zip(want, have)):
                    if w is None or g is None:
                        continue
                    if self.detections[i]:
                        w, g = _settled(w, g)
                    name = self.ports["outputs"][i][0]
                    result = OutputResult(name, _element(w), w.shape, compare(g, w, self.found.tolerance))
                    result = replace(result, case=case.name or (f"{number + 1}" if len(cases) > 1 else ""), call=step)
                    if other is not None and other[i] is not None:
                        half_of = _settled(w, other[i])[1] if self.detections[i] else other[i]
                        result = replace(result, fp16=compare(half_of, w, TOLERANCE_FP16))
                    results[i] = results[i].worse(result) if i in results else result
        self.found.outputs = [results[i] for i in sorted(results)]
        if self.settings.data is None and any(not o.passed for o in self.found.outputs):
            self.found.notes.append(
                "The data was random, and where a model chooses among nearly equal things the smallest difference "
                "shows: see with --data whether real data differs, too."
            )
        for i in _unmoved(wanted):
            name = self.ports["outputs"][i][0]
            self.found.notes.append(f'The output "{name}" is the same for all data that was tried, so it says little.')

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        if self.told is not None:
            self.told(name)
        yield
        self.found.seconds[name] = time.perf_counter() - start


def _ports(model: Model) -> dict[str, Any]:
    """The names, types and origins of inputs and outputs, as programs are told them."""
    inputs, outputs = model.graph.inputs, model.graph.outputs
    return {
        "inputs": [list(dict.fromkeys([p.name, *p.names])) for p in inputs],
        "outputs": [list(dict.fromkeys(n for n in (r.name, *r.source.names) if n)) for r in outputs],
        "types": [p.element.name for p in inputs],
        "origins": [list(r.source.node.origin) for r in outputs],
    }


def _unmoved(wanted: Sequence[Any]) -> list[int]:
    """Outputs of the reference that are one and the same in all of several cases."""
    firsts = [calls[0] for calls in wanted if calls]
    if len(firsts) < 2:
        return []
    return [
        i
        for i, first in enumerate(firsts[0])
        if first is not None and first.size and all(np.array_equal(first, f[i]) for f in firsts[1:] if f[i] is not None)
    ]


def _settled(want: Any, got: Any) -> tuple[Any, Any]:
    """Detections (rows of 7) without what fills their list up: a row of image -1 and more here, rows of zeros there."""
    if want.shape[-1:] != (7,) or got.shape[-1:] != (7,):
        return want, got
    want, got = want.reshape(-1, 7), got.reshape(-1, 7)
    ends = np.flatnonzero(got[:, 0] == -1)
    end = int(ends[0]) if ends.size else len(got)
    return want[:end] if not want[end:].any() else want, got[:end]


def _element(array: Any) -> str:
    from mo_core.ir import types as t

    return "string" if array.dtype.kind in "OSU" else t.from_dtype(array.dtype).name


def _tolerance(settings: Settings, compressed: bool) -> float:
    if settings.tolerance is not None:
        return settings.tolerance
    return TOLERANCE_FP16 if compressed else TOLERANCE


def _has_half_weights(xml: Path) -> bool:
    """True when an IR has f16 constants, read line by line: its .xml may be large."""
    try:
        with open(xml, encoding="utf-8", errors="replace") as file:
            constant = False
            for line in file:
                constant = ('type="Const"' in line) or (constant and "<layer" not in line)
                if constant and 'element_type="f16"' in line:
                    return True
    except OSError as e:
        raise UsageError(f'the IR "{xml}" cannot be read: {e.strerror or e}', "Give the .xml file of an IR.") from e
    return False


def verify_model(
    model: Model, ir: Any = None, settings: Settings | None = None, told: Callable[[str], None] | None = None
) -> Verification:
    """Verify a converted model, or the files of an IR of it; `told` is called with the name of each step.

    Raises MoError when there is nothing to compare.
    """
    path = Path(ir) if ir is not None else None
    with tempfile.TemporaryDirectory(prefix="mo-verify-", ignore_cleanup_errors=True) as folder:
        found = Verifier(model, settings or Settings(), Path(folder), told).run(path)
    if not found.outputs and not found.failures and not found.missing:
        raise Unsupported("the model has no output that could be compared", "Name outputs with --output.")
    return found


def verify(source: Any, ir: Any = None, **given: Any) -> Verification:
    """Convert a model, compute source and IR on the same data, and compare them output by output.

    The source is computed by its own framework where that is installed, in a process of its own, else by mo's evaluator
    in numpy; `Verification.reference` says which. The IR is computed by OpenVINO in f32.

    Args:
        source: what `convert` takes.
        ir: the `.xml` of an IR made earlier, or by another tool; default: converted anew.
        given: `data` (arrays by the names of the inputs, or the path of an .npz, a folder of images, an .ark),
            `tolerance` (as a part of the largest value of an output; default 3e-4, with f16 weights 2e-2), `fp16`
            (True: tell what f16 weights cost), `seed`, `cases`, `framework` (False: do not ask it), `python` (the one
            that has the framework), `timeout` in seconds; everything else is an option of `convert`.

    Returns:
        What was found, which is true when all outputs agree.

    Raises:
        MoError: when the model cannot be converted, or when nothing computes it.
    """
    from mo_core.app.api import convert

    names = {f.name for f in fields(Settings)}
    settings = Settings.of({k: v for k, v in given.items() if k in names})
    model = convert(source, **{k: v for k, v in given.items() if k not in names})
    return verify_model(model, ir, settings)
