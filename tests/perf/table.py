"""The table "Against ovc" of the documentation: numbers of layers, and latency as a ratio.

    python -m tests.perf.table [--networks NAME ...] [--spellings fused ...] [--rounds 16]

Latency is that of one inference at a time on one thread, in CPU time, which other work on the machine disturbs least.
Both models are compiled with the same settings and run in turn, three times over; see `ratio`.
Exits with 1 when we have more layers than ovc, or more than 1.02 of its latency.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.perf import topologies
from tests.perf.opcounts import of_mo, of_ovc, of_source

LIMIT = 1.02


def compiled(xml: Path) -> Any:
    """A request on one thread of the CPU."""
    import openvino

    core = openvino.Core()
    model = core.compile_model(core.read_model(xml), "CPU", {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1})
    return model.create_infer_request()


def ratio(ours: Path, theirs: Path, rounds: int) -> float:
    """Our latency in theirs: both compiled anew three times, the median of the three."""
    return statistics.median(_once(ours, theirs, rounds) for _ in range(3))


def _once(ours: Path, theirs: Path, rounds: int) -> float:
    """Runs in turn, in changing order; the ratio of the lower quartiles, which interruptions hardly touch."""
    pair = [compiled(ours), compiled(theirs)]
    feeds = []
    for request in pair:
        port = request.model_inputs[0]
        dims = [d.get_length() if d.is_static else n for d, n in zip(port.get_partial_shape(), (1, 64, 0, 0))]
        feeds.append({0: np.random.default_rng(0).standard_normal(dims).astype(np.float32)})
        for _ in range(3):
            request.infer(feeds[-1])
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds):
        for k in (0, 1) if i % 2 else (1, 0):
            start = time.process_time()
            pair[k].infer(feeds[k])
            times[k].append(time.process_time() - start)
    mine, other = (statistics.quantiles(t, n=4)[0] for t in times)
    return mine / other


def row(network: str, spelling: str, folder: Path, rounds: int) -> tuple[str, bool]:
    """One line of the table, and whether it is as it should be."""
    model = topologies.write(folder / "model.onnx", network, spelling)
    source, unfused = of_source(model), of_mo(model, folder, disable_fusing=True).total()
    ours, theirs = of_mo(model, folder).total(), of_ovc(model, folder).total()
    latency = ratio(folder / "mo.xml", folder / "ovc.xml", rounds)
    shown = spelling if network != topologies.ENCODER else ""
    line = f"| {network} | {shown} | {source} | {unfused} | {ours} | {theirs} | {latency:.2f} |"
    return line, ours <= theirs and latency <= LIMIT


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everything = [*topologies.NETWORKS, topologies.ENCODER]
    parser.add_argument("--networks", nargs="+", default=everything, choices=everything)
    parser.add_argument("--spellings", nargs="+", default=topologies.SPELLINGS, choices=topologies.SPELLINGS)
    parser.add_argument("--rounds", type=int, default=16)
    given = parser.parse_args(arguments)
    print(
        "| network | batch norms | source | `mo`, no fusing | `mo` | `ovc` | latency |\n|---|---|--:|--:|--:|--:|--:|"
    )
    good = True
    with tempfile.TemporaryDirectory() as name:
        for network in given.networks:
            for spelling in given.spellings if network != topologies.ENCODER else ("",):
                line, fine = row(network, spelling, Path(name), given.rounds)
                print(line, flush=True)
                if not fine:
                    print(f"{network} {spelling} is above ovc", file=sys.stderr, flush=True)
                good &= fine
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
