"""Programs that compute a model in a process of their own: isolated in memory, crashes and time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mo_core.app.verify.compare import Array
from mo_core.app.verify.feeds import Case

_WORKER = Path(__file__).with_name("worker.py")
_TOLD = 3
"""The last lines of what a process printed that are told when it crashes."""


@dataclass
class Answer:
    """What a program computed.

    Attributes:
        outputs: for each case that was run, for each call, an array an output (None: the program has no such output);
            they are files that are mapped, and go with the folder.
        errors: for each case that was run, what the framework said, empty when all went well.
        refused: why the program cannot do it at all; failure: why it ended without doing it.
        info: what it tells about itself; peak: its memory in bytes.
    """

    outputs: list[list[list[Array | None]]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refused: str = ""
    failure: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    peak: int = 0


def compute(
    program: Path,
    task: dict[str, Any],
    cases: Sequence[Case],
    folder: Path,
    *,
    python: str = "",
    timeout: float = 600.0,
) -> Answer:
    """Run `program` on the cases, by the protocol of `worker.py`, with files in a new folder inside of `folder`."""
    place = Path(tempfile.mkdtemp(dir=folder))
    for i, case in enumerate(cases):
        for step, call in enumerate(case.calls):
            for k, array in enumerate(call):
                np.save(place / f"in-{i}-{step}-{k}.npy", array, allow_pickle=False)
    calls = [[len(call) for call in case.calls] for case in cases]
    request = {"program": str(program.absolute()), "task": task, "cases": calls}
    (place / "task.json").write_text(json.dumps(request), encoding="utf-8")
    command = [python or sys.executable, str(_WORKER), str(place)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=timeout, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return Answer(failure=f"it did not finish in {timeout:g} seconds")
    except OSError as e:
        return Answer(failure=f'"{command[0]}" cannot be started: {e.strerror or e}')
    return _answer(place, done)


def _answer(place: Path, done: subprocess.CompletedProcess[str]) -> Answer:
    path = place / "answer.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    answer = Answer(refused=told.get("refused", ""), info=told.get("info", {}), peak=told.get("peak", 0))
    answer.failure = told.get("error", "") or _death(done)
    for i, case in enumerate(told.get("cases", ())):
        answer.errors.append(case["error"])
        loaded = []
        for step, there in enumerate(case["calls"]):
            files = [place / f"out-{i}-{step}-{k}.npy" if known else None for k, known in enumerate(there)]
            loaded.append([None if f is None else _mapped(f) for f in files])
        answer.outputs.append(loaded)
    return answer


def _mapped(path: Path) -> Array:
    array: Array = np.load(path, mmap_mode="r")
    return array


def _death(done: subprocess.CompletedProcess[str]) -> str:
    """Why a process that left no answer ended; empty for a regular end."""
    if done.returncode == 0:
        return ""
    last = " | ".join(line.strip() for line in done.stderr.strip().splitlines()[-_TOLD:])
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = str(-done.returncode)
        return f"it crashed ({name})" + (f": {last[:400]}" if last else "")
    return f"it ended with {done.returncode}: {last[:400]}"
