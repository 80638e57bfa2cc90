"""Runs in a process of its own, with any Python that has numpy: loads a program and lets it compute what is asked.

    python worker.py FOLDER

`FOLDER/task.json` has `program` (a Python file with `load(task)`), `task`, and `cases`: a list of lists of calls, each
with the number of its inputs. Inputs are `in-CASE-CALL-PLACE.npy`, results `out-CASE-CALL-PLACE.npy`. `load` returns a
function from a list of arrays to a list of arrays (None for one that is not there); where that has a method `reset`, it
is called before each case, so that states begin anew. What happened goes to `FOLDER/answer.json`. Nothing of `mo` is
imported.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from typing import Any

import numpy as np


def main(folder: str) -> None:
    """Do what `task.json` says."""
    with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
        request = json.load(file)
    answer: dict[str, Any] = {"cases": [], "refused": "", "error": "", "info": {}}
    try:
        spec = importlib.util.spec_from_file_location("program", request["program"])
        assert spec is not None and spec.loader is not None
        program = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(program)
        run = program.load(request["task"])
        answer["info"] = getattr(run, "info", None) or {}
        for number, calls in enumerate(request["cases"]):
            if hasattr(run, "reset"):
                run.reset()
            answer["cases"].append(case(folder, number, calls, run))
            write(folder, answer)
    except NotImplementedError as e:
        answer["refused"] = brief(e)
    except Exception as e:
        answer["error"] = brief(e)
        traceback.print_exc()
    answer["peak"] = peak()
    write(folder, answer)


def case(folder: str, number: int, calls: list[int], run: Any) -> dict[str, Any]:
    """The calls of one case; what the framework refuses is told."""
    made: list[list[bool]] = []
    for step, count in enumerate(calls):
        try:
            inputs = [np.load(os.path.join(folder, f"in-{number}-{step}-{i}.npy")) for i in range(count)]
            outputs = run(inputs)
        except NotImplementedError:
            raise
        except Exception as e:
            return {"error": brief(e), "calls": made}
        for i, output in enumerate(outputs):
            if output is not None:
                np.save(os.path.join(folder, f"out-{number}-{step}-{i}.npy"), plain(output))
        made.append([output is not None for output in outputs])
    return {"error": "", "calls": made}


def plain(output: Any) -> Any:
    """An array that needs no pickle."""
    array = np.asarray(output)
    if array.dtype.kind == "O":
        array = np.array(
            [x.decode("utf-8", "backslashreplace") if isinstance(x, bytes) else str(x) for x in array.flat]
        )
        return array.reshape(np.shape(output))
    if array.dtype.kind == "V" or array.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        return array.astype(np.float32)
    return array


def brief(error: BaseException) -> str:
    """The kind of an error and the first lines of its text."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:4])}"[:600]


def peak() -> int:
    """Peak resident memory in bytes, 0 where the system does not tell."""
    try:  # what getrusage tells on Linux counts the process that this one was started from
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def write(folder: str, answer: dict[str, Any]) -> None:
    """Replace the answer as a whole."""
    path = os.path.join(folder, "answer.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(answer, file)
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main(sys.argv[1])
