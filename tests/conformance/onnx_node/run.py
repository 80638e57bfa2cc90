"""The cases as a table, for quick work on converters; `pytest tests/conformance/onnx_node` is the strict form.

Examples:
    python -m tests.conformance.onnx_node.run --filter resize --jobs 2
    python -m tests.conformance.onnx_node.run --converter ovc --quiet
    python -m tests.conformance.onnx_node.run --update-known
"""

from __future__ import annotations

import argparse
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .cases import KNOWN_FAILURES, Case, known_failures, light_cases, load_cases
from .check import CONVERTERS, Result
from .workers import Worker


def main() -> int:
    options = _arguments()
    wanted = re.compile(options.filter)
    cases = [case for name, case in {**load_cases(), **light_cases()}.items() if wanted.search(name)]
    started = time.perf_counter()

    def show(name: str, result: Result) -> None:
        if not options.quiet and (options.passed or result.status != "pass"):
            print(f"{result.status:8} {name}  {result.detail if options.full else _line(result.detail)}", flush=True)

    results = run(cases, options.converter, options.jobs, show)
    tally = Counter(result.status for result in results.values())
    others = ", ".join(f"{status} {count}" for status, count in tally.most_common() if status != "pass")
    seconds = time.perf_counter() - started
    print(f"{tally['pass']} of {len(results)} pass{f' ({others})' if others else ''}, {seconds:.0f} s")
    if options.write_report:
        lines = [f"{name}\t{result.status}\t{_line(result.detail, 1000)}\n" for name, result in sorted(results.items())]
        options.write_report.write_text("".join(lines), encoding="utf-8")
    if options.update_known:
        update_known(results)
    return 0 if tally["pass"] == len(results) else 1


def run(cases: list[Case], converter: str, jobs: int, show: Callable[[str, Result], None]) -> dict[str, Result]:
    """Check the cases in `jobs` processes; `show` is told of each result as it comes."""
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    results: dict[str, Result] = {}

    def work() -> None:
        worker = Worker(converter)
        while True:
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                return worker.stop()
            results[case.name] = worker.check(case)
            show(case.name, results[case.name])

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def update_known(results: dict[str, Result]) -> None:
    """Drop what passes from the list, add what fails with the step and the message as the reason to be edited."""
    head = [line for line in KNOWN_FAILURES.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    known = known_failures()
    for name, result in results.items():
        if result.status == "pass":
            known.pop(name, None)
        else:
            known.setdefault(name, f"{result.status}: {_line(result.detail)}")
    entries = [f"{name}: {reason}" for name, reason in sorted(known.items())]
    KNOWN_FAILURES.write_text("\n".join([*head, *entries]) + "\n", encoding="utf-8")


def _line(text: str, width: int = 200) -> str:
    return " ".join(text.split())[:width]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", metavar="REGEX", help="only cases with this in their name")
    parser.add_argument("--converter", choices=CONVERTERS, default="mo")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quiet", action="store_true", help="print the summary only")
    parser.add_argument("--passed", action="store_true", help="print the cases that pass, too")
    parser.add_argument("--full", action="store_true", help="print whole messages")
    parser.add_argument("--write-report", type=Path, metavar="FILE", help="name, status, message; separated by tabs")
    parser.add_argument("--update-known", action="store_true", help="bring known_failures.txt up to date")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
