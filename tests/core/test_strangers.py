"""Files that are no model of a framework that can be read are called by what they are."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

FILES = {
    "torch.pt": ("zip", ["archive/data.pkl", "archive/version"], "a PyTorch checkpoint", "torch.onnx.export"),
    "script.pt": ("zip", ["m/constants.pkl", "m/data.pkl"], "a TorchScript model", "torch.onnx.export"),
    "old.pth": ("bytes", b"\x80\x02\x8a\nl\xfc\x9cF", "a Python pickle", "torch.onnx.export"),
    "arrays.npz": ("zip", ["a.npy", "b.npy"], "an archive of numpy arrays", "no graph"),
    "some.zip": ("zip", ["model.onnx", "labels.txt"], "a zip archive", "Unpack"),
    "broken.zip": ("bytes", b"PK\x03\x04nothing", "a damaged zip archive", "again"),
    "lite.tflite": ("bytes", b"\x1c\x00\x00\x00TFL3" + bytes(40), "a TensorFlow Lite model", "TensorFlow model"),
    "llm.gguf": ("bytes", b"GGUF\x03\x00\x00\x00" + bytes(40), "a GGUF file", "no graph"),
    "w.safetensors": ("bytes", b'\x40\x00\x00\x00\x00\x00\x00\x00{"a":{}}', "safetensors", "no graph"),
    "model.tar": ("bytes", b"model.onnx" + bytes(247) + b"ustar\x0000" + bytes(200), "a tar archive", "Unpack"),
    "model.tar.gz": ("bytes", b"\x1f\x8b\x08\x00" + bytes(40), "a gzip archive", "Unpack"),
    "model.7z": ("bytes", b"7z\xbc\xaf\x27\x1c" + bytes(40), "a 7-Zip archive", "Unpack"),
    "cat.jpg": ("bytes", b"\xff\xd8\xff\xe0" + bytes(40), "a picture", "the model"),
    "cat.png": ("bytes", b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture", "the model"),
    "x.npy": ("bytes", b"\x93NUMPY\x01\x00" + bytes(40), "a numpy array", "no graph"),
    "net.xml": (
        "bytes",
        b'<?xml version="1.0"?>\n<net name="a" version="11"></net>',
        "OpenVINO IR already",
        "read_model",
    ),
    "train.py": ("bytes", b"import torch\n", "a Python program", "Run it"),
    "net.engine": ("bytes", b"ptrt" + bytes(40), "a TensorRT engine", "made from"),
    "nothing": ("bytes", b"", "an empty file", "framework wrote"),
    "empty": ("folder", [], "an empty folder", "of a model"),
    "ir": ("folder", ["a.xml", "a.bin"], "a folder with OpenVINO IR", "read_model"),
    "models": ("folder", ["labels.txt", "net.onnx"], 'a folder with "net.onnx"', "Give the file"),
}


def run(*arguments, folder):
    command = [sys.executable, "-m", "mo_core", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_called_by_what_it_is(name, tmp_path):
    kind, content, what, remedy = FILES[name]
    path = tmp_path / name
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for member in content:
                archive.writestr(member, b"0")
    elif kind == "folder":
        path.mkdir()
        for member in content:
            (path / member).write_bytes(b"0")
    else:
        path.write_bytes(content)
    done = run("-m", name, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert what in done.stderr and remedy in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 2


def test_an_empty_name(tmp_path):
    done = run("-m", "", folder=tmp_path)
    assert done.returncode == 2 and "the name of the model is empty" in done.stderr
