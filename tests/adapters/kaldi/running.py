"""Converts networks of tests and runs the emitted files, in all forms."""

import subprocess
import sys

import numpy as np
import openvino

import mo_core

EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def emitted(folder, data, suffix="raw", **options):
    """The compiled model and its runtime info, from the files that a conversion wrote."""
    source = folder / f"net.{suffix}"
    source.write_bytes(data)
    model = mo_core.convert(str(source), framework="kaldi", **options)
    read = openvino.Core().read_model(str(model.save(folder / "ir" / "m.xml")))
    return openvino.Core().compile_model(read, "CPU", EXACT), read


def whole(folder, data, frames, fixed=None, index=0, **options):
    """The result for an utterance."""
    compiled, _ = emitted(folder, data, utterance=True, **options)
    feeds = {"input": np.float32(frames), **{k: np.float32(v)[None] for k, v in (fixed or {}).items()}}
    return compiled(feeds)[index]


def streamed(folder, data, frames, fixed=None, chunk=1, index=0, **options):
    """The results of calls with some frames each, the late ones taken into account."""
    options = {**options, "chunk": chunk} if chunk > 1 else options
    compiled, model = emitted(folder, data, **options)
    delay = int(model.get_rt_info(["framework", "delay_frames"]).astype(str))
    count = len(frames)
    fed = np.concatenate([frames, np.repeat(frames[-1:], delay + chunk, 0)])
    request, rows = compiled.create_infer_request(), []
    other = {k: np.float32(v)[None] for k, v in (fixed or {}).items()}
    for start in range(0, count + delay, chunk):
        rows.append(np.array(request.infer({"input": np.float32(fed[start : start + chunk]), **other})[index]))
    return np.concatenate(rows)[delay : delay + count]


def command(*words):
    """Run `mo-kaldi`."""
    done = subprocess.run([sys.executable, "-m", "mo_kaldi.cli", *map(str, words)], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done


def assert_close(got, want, tolerance=2e-5):
    """Relative to the largest value."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape
    assert np.isfinite(got).all()
    assert np.abs(got - want).max() <= tolerance * max(1.0, np.abs(want).max())
