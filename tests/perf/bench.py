"""`make bench`: mo against ovc as ratios in one run, whole processes, in pairs; memory; linear time.

    python -m tests.perf.bench [--rounds 7] [--large 4.0] [--only resnet50,encoder,tensorflow,detector,fusing,...]

Exits with 1 when a bound of BOUNDS is missed. Telemetry of ovc is switched off first: it would only make ovc slower.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

BOUNDS = {
    "time": 0.75,
    "memory": 0.40,
    "detector": 0.40,
    "latency": 1.0,
    "large": 400.0,
    "linear": 10.0,
    "caffe": 1.3,
    "mxnet": 1.3,
    "kaldi": 1.5,
    "utterance": 5.0,
}
Run = tuple[float, float]  # seconds, MiB


def run(command: Sequence[str]) -> Run:
    """Wall time and peak memory of a whole process; raises when it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}\nfailed: {errors.decode(errors='replace')}")
    return seconds, usage.ru_maxrss / 1024


def made(kind: str, folder: Path, *arguments: object) -> Path:
    """A network, written by another process: the peak memory of a child counts its parent's."""
    of_tensorflow = {"frozen": ".pb", "saved_model": "", "detector": ".pb"}
    suffix = {**of_tensorflow, "caffe": ".caffemodel", "mxnet": "-0000.params"}.get(kind, ".onnx")
    path = folder / f"{kind}{arguments[0] if kind == 'chain' else ''}{suffix}"
    if not path.exists():
        module = "tests.perf.tensorflow_models" if kind in of_tensorflow else "tests.perf.models"
        command = [sys.executable, "-m", module, kind, str(path), *map(str, arguments)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL if kind in of_tensorflow else None)
    return path


def pairs(ours: Sequence[str], theirs: Sequence[str], rounds: int) -> tuple[list[Run], list[Run]]:
    """Both commands in turn, after one warm-up of each."""
    run(ours), run(theirs)
    both = [(run(ours), run(theirs)) for _ in range(rounds)]
    return [a for a, _ in both], [b for _, b in both]


def middle(runs: list[Run], which: int) -> float:
    return statistics.median(r[which] for r in runs)


def script(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", ""))))
    if found is None:
        raise SystemExit(f"{name} is not installed in this environment")
    return found


def compare(name: str, model: Path, folder: Path, rounds: int, program: str = "mo-onnx", bound: str = "time") -> bool:
    ours = [script(program), str(model), "--output_dir", str(folder), "--model_name", f"{name}-mo"]
    theirs = [script("ovc"), str(model), "--output_model", str(folder / f"{name}-ovc"), "--compress_to_fp16=False"]
    a, b = pairs(ours, theirs, rounds)
    seconds = statistics.median(x[0] / y[0] for x, y in zip(a, b))
    memory = middle(a, 1) / middle(b, 1)
    most = BOUNDS["memory" if bound == "time" else bound]
    good = seconds <= BOUNDS[bound] and memory <= most
    print(
        f"{name:10} time {middle(a, 0):.2f} s against {middle(b, 0):.2f} s of ovc: ratio {seconds:.2f} (at most {BOUNDS[bound]}); "
        f"peak {middle(a, 1):.0f} MiB against {middle(b, 1):.0f} MiB: ratio {memory:.2f} (at most {most})"
        f"{'' if good else '   MISSED'}",
        flush=True,
    )
    return good


def tensorflow(folder: Path, rounds: int) -> bool:
    """ResNet-50 of Keras, frozen and as a SavedModel."""
    frozen, saved = (compare(k, made(k, folder), folder, rounds, "mo-tensorflow") for k in ("frozen", "saved_model"))
    return frozen and saved


def detector(folder: Path, rounds: int) -> bool:
    """A single-shot detector: the conversion, and one image on both IRs in turn."""
    good = compare("detector", made("detector", folder), folder, rounds, "mo-tensorflow", "detector")
    ratio = latency(folder / "detector-mo.xml", folder / "detector-ovc.xml")
    good = good and ratio <= BOUNDS["latency"]
    print(f"detector   an image takes {ratio:.2f} of the time on ovc's IR (at most {BOUNDS['latency']})", flush=True)
    return good


def latency(*models: Path) -> float:
    """The median of the first model's time for an image, as a part of the second one's."""
    import numpy as np
    import openvino

    core = openvino.Core()
    requests = [core.compile_model(str(m), "CPU").create_infer_request() for m in models]
    image = np.random.default_rng(0).integers(0, 255, (1, 240, 320, 3)).astype(np.uint8)
    ratios = []
    for turn in range(34):
        seconds = []
        for request in requests:
            start = time.perf_counter()
            request.infer({0: image})
            seconds.append(time.perf_counter() - start)
        if turn > 3:  # the first ones make plans and allocate
            ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)


def against_onnx(kind: str, folder: Path, rounds: int, *options: str) -> bool:
    """ResNet-50 from another framework and from ONNX."""
    models = {f"mo-{kind}": made(kind, folder), "mo-onnx": made("resnet50", folder)}
    ours, theirs = ([script(c), str(m), "--output_dir", str(folder), "--model_name", c] for c, m in models.items())
    a, b = pairs([*ours, *options], theirs, rounds)
    seconds, memory = statistics.median(x[0] / y[0] for x, y in zip(a, b)), middle(a, 1) / middle(b, 1)
    good = max(seconds, memory) <= BOUNDS[kind]
    print(
        f"{kind:10} ResNet-50: time {middle(a, 0):.2f} s against {middle(b, 0):.2f} s from ONNX: ratio {seconds:.2f}; "
        f"peak {middle(a, 1):.0f} MiB against {middle(b, 1):.0f} MiB: ratio {memory:.2f} (both at most {BOUNDS[kind]})"
        f"{'' if good else '   MISSED'}",
        flush=True,
    )
    return good


def kaldi(folder: Path, rounds: int) -> bool:
    """A chain model: conversion against importing what any converter would need, and both forms on the runtime."""
    from tests.perf.kaldi import tdnn

    model = folder / "chain.mdl"
    if not model.exists():
        tdnn(model, layers=12, width=768, inner=96, columns=40, classes=2000)
    ours = [script("mo-kaldi"), str(model), "--utterance", "--output_dir", str(folder), "--model_name", "utterance"]
    a, b = pairs(ours, [sys.executable, "-c", "import numpy, openvino"], rounds)
    run([script("mo-kaldi"), str(model), "--output_dir", str(folder), "--model_name", "frames"])
    seconds = statistics.median(x[0] / y[0] for x, y in zip(a, b))
    faster = frames_against_utterance(folder)
    good = seconds <= BOUNDS["kaldi"] and faster >= BOUNDS["utterance"]
    print(
        f"kaldi      {model.stat().st_size / (1 << 20):.0f} MiB: {middle(a, 0):.2f} s, {seconds:.2f} of importing numpy and "
        f"openvino (at most {BOUNDS['kaldi']}); utterances {faster:.0f} times faster than frames (at least "
        f"{BOUNDS['utterance']:.0f}){'' if good else '   MISSED'}",
        flush=True,
    )
    return good


def frames_against_utterance(folder: Path) -> float:
    """How much longer 400 frames take one by one than at once."""
    import numpy as np
    import openvino

    core, frames = openvino.Core(), np.random.default_rng(0).normal(size=(400, 40)).astype(np.float32)
    whole, single = (
        core.compile_model(str(folder / f"{n}.xml"), "CPU").create_infer_request() for n in ("utterance", "frames")
    )
    whole.infer({"input": frames})
    start = time.perf_counter()
    whole.infer({"input": frames})
    at_once = time.perf_counter() - start
    start = time.perf_counter()
    for frame in frames:
        single.infer({"input": frame[None]})
    return (time.perf_counter() - start) / at_once


def fusing_memory(model: Path, folder: Path) -> bool:
    base = [script("mo-onnx"), str(model), "--output_dir", str(folder), "--model_name", "fusing"]
    with_fusing, without = run(base)[1], run([*base, "--disable_fusing"])[1]
    size = model.stat().st_size / (1 << 20)
    good = with_fusing - without < size / 4
    print(
        f"fusing     peak {with_fusing:.0f} MiB with, {without:.0f} MiB without, {size:.0f} MiB of weights{'' if good else '   MISSED'}"
    )
    return good


def large(folder: Path, gigabytes: float) -> bool:
    free = shutil.disk_usage(folder).free / (1 << 30)
    if free < 2.2 * gigabytes + 1:
        raise SystemExit(f"the large model needs {2.2 * gigabytes + 1:.0f} GiB of disk, and {free:.0f} GiB are free")
    model = made("large", folder, gigabytes)
    base = run(
        [
            sys.executable,
            "-c",
            "import mo_core.app.convert, mo_core.app.cli, mo_onnx.ops, mo_onnx.reader; mo_onnx.proto.schema()",
        ]
    )[1]
    seconds, peak = run([script("mo-onnx"), str(model), "--output_dir", str(folder), "--model_name", "large-out"])
    good = peak - base < BOUNDS["large"]
    print(
        f"large      {gigabytes:g} GiB of external data in {seconds:.1f} s, peak {peak - base:.0f} MiB beyond the "
        f"{base:.0f} MiB of interpreter and imports (at most {BOUNDS['large']:.0f}){'' if good else '   MISSED'}",
        flush=True,
    )
    for file in folder.glob("large*"):
        file.unlink()
    return good


def chain(folder: Path) -> bool:
    start = run(
        [
            sys.executable,
            "-c",
            "import mo_core.app.convert, mo_core.app.cli, mo_onnx.ops, mo_onnx.reader; mo_onnx.proto.schema()",
        ]
    )[0]
    seconds = []
    for length in (10_000, 100_000):
        model = made("chain", folder, length)
        command = [script("mo-onnx"), str(model), "--output_dir", str(folder), "--model_name", "chain"]
        seconds.append(min(run(command)[0] for _ in range(2)) - start)
    ratio = seconds[1] / seconds[0]
    good = ratio <= BOUNDS["linear"]
    print(
        f"chain      10,000 nodes {seconds[0]:.2f} s, 100,000 nodes {seconds[1]:.2f} s without start-up: ratio {ratio:.1f} "
        f"(at most {BOUNDS['linear']:.0f}){'' if good else '   MISSED'}",
        flush=True,
    )
    return good


def prepare() -> None:
    """What an installation does, too: compile our modules; and switch the telemetry of ovc off."""
    for package in ("mo_core", "mo_onnx", "mo_caffe", "mo_mxnet", "mo_kaldi", "mo_tensorflow"):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            compileall.compile_dir(folder, quiet=2)
    with contextlib.suppress(OSError):
        subprocess.run([script("opt_in_out"), "--opt_out"], capture_output=True, check=False, timeout=120)


def main() -> int:
    """Run what was asked for; 0 when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--large", type=float, default=4.0, metavar="GIB")
    parser.add_argument("--only", default="resnet50,encoder,tensorflow,detector,fusing,caffe,mxnet,kaldi,large,chain")
    arguments = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory(prefix="mo-bench-") as name:
        folder = Path(name)
        steps: dict[str, Callable[[], bool]] = {
            "resnet50": lambda: compare("resnet50", made("resnet50", folder), folder, arguments.rounds),
            "encoder": lambda: compare("encoder", made("encoder", folder), folder, arguments.rounds),
            "tensorflow": lambda: tensorflow(folder, arguments.rounds),
            "detector": lambda: detector(folder, arguments.rounds),
            "fusing": lambda: fusing_memory(made("resnet50", folder), folder),
            "caffe": lambda: against_onnx("caffe", folder, arguments.rounds),
            "mxnet": lambda: against_onnx("mxnet", folder, arguments.rounds, "--input", "data[1,3,224,224]"),
            "kaldi": lambda: kaldi(folder, arguments.rounds),
            "large": lambda: large(folder, arguments.large),
            "chain": lambda: chain(folder),
        }
        wanted = arguments.only.split(",")
        return 0 if all(step() for key, step in steps.items() if key in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
