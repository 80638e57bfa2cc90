"""Converts a text recogniser from ONNX, lets it read a line on the OpenVINO runtime, and compares with ONNX Runtime.

    python examples/demo.py [--text "some words"] [--output_dir FOLDER]

The model (PP-OCRv4, 10 MB) is taken out of a package on the registry and kept in `.cache`. The exit code is 1 when the
two results are further apart than rounding explains.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import openvino

PACKAGE = "rapidocr-onnxruntime==1.4.4"
MODEL = "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "models"
TOLERANCE = 1e-3  # the outputs are probabilities


def fetch_model() -> Path:
    """The model's path; the package is downloaded when it is not in the cache. A wheel is a zip file."""
    path = CACHE / Path(MODEL).name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        print(f"Downloading {PACKAGE} ...", flush=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            # Only a file is taken out, so the Python versions that the package names do not matter.
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--ignore-requires-python", "--dest", folder, PACKAGE], check=True)
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                Path(wheel.extract(MODEL, folder)).replace(path)
    return path


def convert(model: Path, folder: Path) -> Path:
    """Run `mo-onnx` as a user would."""
    command = ["mo-onnx", str(model), "--output_dir", str(folder), "--model_name", "recogniser"]
    print(f"$ {' '.join(command)}", flush=True)
    started = time.perf_counter()
    subprocess.run([str(Path(sys.executable).with_name(command[0])), *command[1:]], check=True)
    print(f"took {time.perf_counter() - started:.2f} s, the start of the interpreter included\n")
    return folder / "recogniser.xml"


def picture(text: str) -> np.ndarray:
    """The text in black on white, 48 pixels high, as float32 NCHW within -1..1."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
    image = np.full((height + below + 16, width + 24, 3), 255, np.uint8)
    cv2.putText(image, text, (12, height + 8), cv2.FONT_HERSHEY_DUPLEX, 1.0, (0, 0, 0), 2, cv2.LINE_AA)
    image = cv2.resize(image, (round(image.shape[1] * 48 / image.shape[0]), 48), interpolation=cv2.INTER_AREA)
    return (image.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]


def read(probabilities: np.ndarray, characters: list[str]) -> str:
    """The best class of each step, repetitions taken once; class 0 is "no character"."""
    best = probabilities[0].argmax(axis=1)
    changes = np.concatenate([[True], best[1:] != best[:-1]])
    return "".join(characters[k - 1] for k in best[changes] if k)


def run_onnx_runtime(model: Path, image: np.ndarray) -> tuple[np.ndarray, list[str]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    result: Any = session.run(None, {session.get_inputs()[0].name: image})[0]
    return result, [*characters, " "]


def run_openvino(xml: Path, image: np.ndarray) -> np.ndarray:
    # Some processors would compute in bfloat16 without the hint.
    compiled = openvino.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    result: np.ndarray = compiled([image])[0]
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", default="Hello OpenVINO 2026", help="what to draw and to read; ASCII")
    parser.add_argument("--output_dir", type=Path, default=CACHE.parent / "demo")
    options = parser.parse_args()

    model = fetch_model()
    xml = convert(model, options.output_dir)
    image = picture(options.text)
    want, characters = run_onnx_runtime(model, image)
    got = run_openvino(xml, image)

    print(f"drawn            {options.text!r}, as {image.dtype}{list(image.shape)}")
    print(f"ONNX Runtime     {read(want, characters)!r}")
    if got.shape != want.shape:
        print(f"OpenVINO gives {got.shape}, ONNX Runtime {want.shape}")
        return 1
    difference = float(np.max(np.abs(got - want)))
    print(f"OpenVINO, the IR {read(got, characters)!r}")
    print(f"difference       {difference:.2e} at most, {difference / np.max(np.abs(want)):.2e} of the largest value")
    if not difference <= TOLERANCE:
        print(f"That is more than {TOLERANCE:g}: the IR does not compute what the model does.")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
