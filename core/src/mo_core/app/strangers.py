"""Files that are no model of a framework that can be read: what they are, and what to do.

Nothing is unpacked or executed; the first bytes, names in a folder and the list of names in a zip file are looked at.
"""

from __future__ import annotations

from pathlib import Path

from mo_core.options import frameworks

__all__ = ["describe"]

_EXPORT = "Export the model with torch.onnx.export, and convert the .onnx file."
_UNPACK = "Unpack it, and give the model that is in it."
_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file, as Keras writes it",
        "Install mo-tensorflow[tensorflow], or export a SavedModel.",
    ),
    (
        4,
        b"TFL3",
        "a TensorFlow Lite model",
        "Convert the TensorFlow model that it was made from; OpenVINO reads .tflite itself.",
    ),
    (0, b"GGUF", "a GGUF file of weights", "It holds no graph; convert the model that it was made from."),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\x93NUMPY", "a numpy array", "It holds no graph; give the model that uses it."),
    (0, b"\x89PNG", "a picture", "Give the model; pictures are what it is fed."),
    (0, b"\xff\xd8\xff", "a picture", "Give the model; pictures are what it is fed."),
    (0, b"\x80\x02", "a Python pickle, as old versions of PyTorch write it", _EXPORT),
)
_SUFFIXES = {
    ".pdmodel": ("a PaddlePaddle model", "Export it with paddle2onnx, or read it with OpenVINO itself."),
    ".mlmodel": ("a Core ML model", "Convert the model that it was made from."),
    ".engine": ("a TensorRT engine", "Convert the model that it was made from."),
    ".plan": ("a TensorRT engine", "Convert the model that it was made from."),
    ".py": ("a Python program", "Run it, and convert the model that it makes."),
    ".safetensors": ("a file of weights (safetensors)", "It holds no graph; export the model with torch.onnx.export."),
}


def describe(path: Path, head: bytes) -> tuple[str, str] | None:
    """What a file or folder that no front-end recognises is ("a gzip archive"), and what to do; None when unknown."""
    if path.is_dir():
        return _folder(path)
    if not head:
        return "an empty file", "Give the file that the framework wrote."
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    for at, magic, what, remedy in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return what, remedy
    start = head.lstrip()[:200]
    if start.startswith((b"<net", b"<?xml")) and (b"<net" in head or path.suffix == ".xml"):
        return "OpenVINO IR already", "Load it with openvino.Core().read_model."
    return _SUFFIXES.get(path.suffix.lower())


def _folder(path: Path) -> tuple[str, str] | None:
    names = [p.name for p in path.iterdir()]
    if not names:
        return "an empty folder", "Give the file or the folder of a model."
    stems = {Path(n).stem for n in names if n.endswith(".xml")}
    if stems & {Path(n).stem for n in names if n.endswith(".bin")}:
        return "a folder with OpenVINO IR", "Load its .xml with openvino.Core().read_model."
    inside = [n for n in sorted(names) if frameworks.by_suffix(Path(n).suffix) is not None]
    if inside:
        return f'a folder with "{inside[0]}"', "Give the file."
    return None


def _zip(path: Path) -> tuple[str, str]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return "a damaged zip archive", "Fetch the file again."
    files = {n.rpartition("/")[2] for n in names}
    if "constants.pkl" in files:
        return "a TorchScript model", _EXPORT
    if "data.pkl" in files:
        return "a PyTorch checkpoint", _EXPORT
    if "model.weights.h5" in files:
        return "a Keras model", "Install mo-tensorflow[tensorflow], or export a SavedModel."
    if names and all(n.endswith(".npy") for n in names):
        return "an archive of numpy arrays", "It holds no graph; give the model that uses it."
    return "a zip archive", _UNPACK
