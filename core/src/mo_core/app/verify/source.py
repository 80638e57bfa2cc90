"""Who computes the source: its framework, else the evaluator of mo, else the runtime without any optimisation."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mo_core.app.verify.evaluator import Evaluator
from mo_core.app.verify.feeds import Case, draws, has_states
from mo_core.app.verify.process import Answer, compute
from mo_core.errors import MoError, Unsupported
from mo_core.frontend import SourceModel
from mo_core.ir import Graph
from mo_core.options import Options
from mo_core.rewriting import passes
from mo_core.transforms.requested.preprocess import preprocessing

if TYPE_CHECKING:
    from mo_core.app.model import Model
    from mo_core.app.verify.engine import Settings
    from mo_core.app.verify.result import Verification
    from mo_core.frontend import Reference

PYTHON = "MO_VERIFY_PYTHON"
"""The environment variable with the Python that has the framework, when `--python` is not given."""
_RUNTIME = Path(__file__).with_name("openvino_program.py")
_PREPARING = ("mean_values", "scale_values", "scale", "reverse_input_channels")
"""Options that make the IR take raw data; the framework gets what the IR makes of it first."""
_LAYOUTS = ("layout", "source_layout", "target_layout")


class References:
    """The ways to compute the source of a converted model, tried in order."""

    def __init__(
        self, model: Model, ports: dict[str, Any], settings: Settings, folder: Path, found: Verification
    ) -> None:
        self.model, self.ports, self.settings, self.folder, self.found = model, ports, settings, folder, found
        self._prepare: Evaluator | None = None

    def outputs(self, tried: Sequence[Sequence[Case]]) -> tuple[list[Case], list[Any]]:
        """The cases that were computed, the first that works of each, and the outputs of their calls."""
        reference = self._framework()
        if reference is not None:
            made = self._by_framework(reference, tried)
            if made is not None:
                return made
        return self._by_mo(tried)

    # -- the framework

    def _framework(self) -> Reference | None:
        """The framework, when it is there and computes the same thing; else a note says why not."""
        note, settings, options = self.found.notes.append, self.settings, self.model.options
        if not settings.framework:
            return None
        turned = [n for n in _LAYOUTS if any(spec.target or n == "target_layout" for spec in options.get(n))]
        changed = [*turned, *(["transform"] if options.transform else [])]
        if changed:
            note(f"--{changed[0]} changes what the model takes or gives, so its framework is not asked.")
            return None
        try:
            self._prepare = preparation(self.model)
        except MoError as e:
            note(
                f"The pre-processing cannot be computed apart from the model, so its framework is not asked: {e.fact}."
            )
            return None
        if has_states(self.model.graph):
            return None
        if draws(self.model.graph):
            note("The model draws random numbers, which differ from one runtime to the other.")
        frozen = [s for s in (*options.input, *options.freeze_placeholder_with_value) if s.value is not None]
        if any(not s.text for s in frozen):
            note("An input is frozen by its place, so its framework is not asked; name it.")
            return None
        self.ports["fixed"] = {s.text: np.asarray(s.value).tolist() for s in frozen}
        reference = self.model.reference(self.folder)
        if reference is None:
            return None
        if not self._python() and importlib.util.find_spec(reference.package) is None:
            note(f'{reference.runtime} is not installed; pip install "{reference.install}" brings it.')
            return None
        return reference

    def _python(self) -> str:
        return self.settings.python or os.environ.get(PYTHON, "")

    def _by_framework(
        self, reference: Reference, tried: Sequence[Sequence[Case]]
    ) -> tuple[list[Case], list[Any]] | None:
        """None when the framework cannot do it; a note says why."""
        answer, usable, kept = Answer(), _Choice(), _Choice()
        for alternatives in _rounds(tried):
            answer = self._ask(reference, alternatives)
            if answer.refused or answer.failure:
                text = answer.refused or answer.failure
                self.found.notes.append(f"{reference.runtime} does not compute the model: {text}")
                return None
            for case, error, outputs in zip(alternatives, answer.errors, answer.outputs):
                if not error:
                    (kept if _has_numbers(outputs) else usable).add(case, outputs)
            if kept.cases:
                break
        chosen = kept if kept.cases else usable
        if not chosen.cases:
            reason = answer.errors[0] if answer.errors else ""
            self.found.notes.append(f"{reference.runtime} does not compute the model: {reason}")
            return None
        version = answer.info.get("version", "")
        self.found.reference = f"{reference.runtime} {version}".strip()
        self.found.peaks["reference"] = answer.peak
        return chosen.cases, chosen.outputs

    def _ask(self, reference: Reference, cases: Sequence[Case]) -> Answer:
        task = {**reference.task, **self.ports}
        settings, prepare = self.settings, self._prepare
        if prepare is not None:
            cases = [replace(c, calls=tuple(tuple(prepare(*call)) for call in c.calls)) for c in cases]
        return compute(reference.program, task, cases, self.folder, python=self._python(), timeout=settings.timeout)

    # -- without the framework

    def _by_mo(self, tried: Sequence[Sequence[Case]]) -> tuple[list[Case], list[Any]]:
        """By the evaluator, or by the runtime, of the graph that no pass has optimised."""
        plain = self.model.again(unoptimised=True)
        missing = Evaluator.missing(plain.graph)
        if missing:
            self.found.notes.append(f"The evaluator of mo does not compute {', '.join(missing[:4])}.")
            return self._by_runtime(tried)
        self.found.reference = "mo's own evaluator, in numpy, of the graph before all optimisations"
        error = ""
        rounds = _rounds(tried)
        for cases in rounds:
            try:
                made = [Evaluator(plain.graph).run(case.calls) for case in cases]
                if all(map(_has_numbers, made)) or cases is rounds[-1]:
                    return list(cases), made
            except MemoryError:
                raise
            except Exception as e:  # data that does not fit shows as errors of many kinds
                error = error or f"{type(e).__name__}: {e}"
        self.found.notes.append(f"The evaluator of mo does not compute the model ({error:.300}).")
        return self._by_runtime(tried)

    def _by_runtime(self, tried: Sequence[Sequence[Case]]) -> tuple[list[Case], list[Any]]:
        plain = self.model.again(disable_fusing=True)  # with what avoids defects of the runtime
        self.found.reference = "OpenVINO itself, on an IR without fusions"
        self.found.notes.append("The reference is the runtime itself, so that an error of a converter does not show.")
        task = {**self.ports, "xml": str(plain.save(self.folder / "plain" / "model.xml"))}
        answer = Answer()
        for cases in _rounds(tried):
            answer = compute(_RUNTIME, task, cases, self.folder, timeout=self.settings.timeout)
            if not answer.failure and not any(answer.errors):
                return list(cases), answer.outputs
        reason = answer.failure or next(e for e in answer.errors if e)
        raise Unsupported(f"nothing computes the source: {reason}", "Give data that fits with --data.")


def preparation(model: Model) -> Evaluator | None:
    """What the options put before a model: from its inputs to those of the source; None when there is nothing.

    Raises MoError where the pre-processing cannot be told apart from the model.
    """
    options, defaults = model.options, Options()
    if not model.mean_images and not any(options.get(name) for name in _PREPARING):
        return None
    source = model.again(unoptimised=True, **{name: defaults.get(name) for name in _PREPARING})
    graph = Graph("preparation")
    for p in source.graph.inputs:
        if not p.element.is_real:
            raise Unsupported(f'"{p.label}" holds whole numbers')
        made = graph.add_input(p.name, p.element, p.shape)
        made.names[:] = p.names
        graph.add_output(made, p.label)
    context = passes.Context(options=options, model=SourceModel(graph, mean_images=dict(model.mean_images)))
    passes.run([preprocessing], graph, context)
    return Evaluator(graph)


@dataclass
class _Choice:
    """Cases with the outputs of their calls."""

    cases: list[Case] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)

    def add(self, case: Case, outputs: Any) -> None:
        self.cases.append(case)
        self.outputs.append(outputs)


def _has_numbers(calls: Sequence[Sequence[Any]]) -> bool:
    """False when an output is not a number anywhere: the data lies outside of what the model is defined for."""
    arrays = [x for outputs in calls for x in outputs if x is not None and x.dtype.kind == "f"]
    return not any(np.isnan(x).any() for x in arrays)


def _rounds(tried: Sequence[Sequence[Case]]) -> list[list[Case]]:
    """The first of each, then in each further round the one sets that have not been tried."""
    first = [alternatives[0] for alternatives in tried]
    others = max((len(alternatives) for alternatives in tried), default=0)
    return [first, *([tried[0][k]] for k in range(1, others) if k < len(tried[0]))]
