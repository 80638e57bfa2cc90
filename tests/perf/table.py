"""The table "Against ovc" of the documentation: numbers of layers, and latency as a ratio.

    python -m tests.perf.table [--networks NAME ...] [--spellings fused ...] [--compiles 9]

Latency is that of one inference at a time on one thread, in CPU time, which other work on the machine disturbs least.
Both models are compiled with the same settings and run in turn; see `ratio`.
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
TURNS = 20
"""Times that each of two models is run twice, for one pair of compilations."""


def compiled(xml: Path) -> Any:
    """A request on one thread of the CPU."""
    import openvino

    core = openvino.Core()
    model = core.compile_model(core.read_model(xml), "CPU", {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1})
    return model.create_infer_request()


def ratio(ours: Path, theirs: Path, compiles: int) -> float:
    """Our latency in theirs: the median over compilations, each of which is the median over its turns.

    A compilation may be slower than another of the same model by some percent, wherever its memory happens to lie; and
    the machine changes its speed within seconds. Turns of a few inferences each see the same machine.
    """
    return statistics.median(_once(ours, theirs, i) for i in range(compiles))


def _once(ours: Path, theirs: Path, number: int) -> float:
    pair = [compiled(ours), compiled(theirs)] if number % 2 else [compiled(theirs), compiled(ours)][::-1]
    feed = _feed(pair[0])
    for _ in range(3):
        pair[0].infer(feed), pair[1].infer(feed)
    found = []
    for i in range(TURNS):
        seconds = [0.0, 0.0]
        for which in (0, 1, 1, 0) if i % 2 else (1, 0, 0, 1):
            start = time.process_time()
            pair[which].infer(feed)
            seconds[which] += time.process_time() - start
        found.append(seconds[0] / seconds[1])
    return statistics.median(found)


def _feed(request: Any) -> dict[int, np.ndarray]:
    dims = zip(request.model_inputs[0].get_partial_shape(), (1, 64, 0, 0))
    shape = [d.get_length() if d.is_static else n for d, n in dims]
    return {0: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}


def executed(xml: Path) -> int:
    """Number of layers that the runtime executes at every inference, its own fusions and conversions done."""
    model = compiled(xml).get_compiled_model().get_runtime_model()
    moving: set[str] = set()  # what depends on the inputs; the rest is computed once
    count = 0
    for node in model.get_ordered_ops():
        kind = node.get_rt_info()["layerType"].astype(str)
        if kind == "Input" or any(v.get_node().get_friendly_name() in moving for v in node.input_values()):
            moving.add(node.get_friendly_name())
            count += kind not in ("Input", "Output")
    return count


def row(network: str, spelling: str, folder: Path, compiles: int) -> tuple[str, bool]:
    """One line of the table, and whether it is as it should be."""
    model = topologies.write(folder / "model.onnx", network, spelling)
    source, unfused = of_source(model), of_mo(model, folder, disable_fusing=True).total()
    ours, theirs = of_mo(model, folder).total(), of_ovc(model, folder).total()
    run = [executed(folder / f"{tool}.xml") for tool in ("mo", "ovc")]
    latency = ratio(folder / "mo.xml", folder / "ovc.xml", compiles)
    shown = spelling if network != topologies.ENCODER else ""
    line = f"| {network} | {shown} | {source} | {unfused} | {ours} | {theirs} | {run[0]} | {run[1]} | {latency:.2f} |"
    return line, ours <= theirs and latency <= LIMIT


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everything = [*topologies.NETWORKS, topologies.ENCODER]
    parser.add_argument("--networks", nargs="+", default=everything, choices=everything)
    parser.add_argument("--spellings", nargs="+", default=topologies.SPELLINGS, choices=topologies.SPELLINGS)
    parser.add_argument("--compiles", type=int, default=9)
    given = parser.parse_args(arguments)
    print(
        "| network | batch norms | source | `mo`, no fusing | `mo` | `ovc` | `mo`, executed | `ovc`, executed | latency |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    good = True
    with tempfile.TemporaryDirectory() as name:
        for network in given.networks:
            for spelling in given.spellings if network != topologies.ENCODER else ("",):
                line, fine = row(network, spelling, Path(name), given.compiles)
                print(line, flush=True)
                if not fine:
                    print(f"{network} {spelling} is above ovc", file=sys.stderr, flush=True)
                good &= fine
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
