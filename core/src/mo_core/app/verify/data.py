"""What `--data` may name: an .npz or .npy, a folder of images or one image, a Kaldi archive (.ark)."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mo_core.app.verify.compare import Array
from mo_core.errors import ModelError, UsageError
from mo_core.ir import Parameter

_IMAGES = (".bmp", ".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".webp")
_KINDS = "Give an .npz with an array for each input, a folder of images, or an .ark."


def load_data(data: Any, inputs: Sequence[Parameter]) -> dict[str, Array]:
    """Arrays by the names of the inputs, from a path or from what is in memory. Raises UsageError and ModelError."""
    if isinstance(data, Mapping):
        return {str(k): np.asarray(v) for k, v in data.items()}
    if not isinstance(data, (str, os.PathLike)):
        arrays = list(data) if isinstance(data, (list, tuple)) else [data]
        return {f"array {i}": np.asarray(a) for i, a in enumerate(arrays)}
    path = Path(data)
    if not path.exists():
        raise UsageError(f'--data: there is no "{path}"', _KINDS)
    suffix = path.suffix.lower()
    if suffix in (".npz", ".npy"):
        return _arrays(path)
    if suffix == ".ark":
        return {inputs[0].label if inputs else "": _matrix(path)}
    if path.is_dir() or suffix in _IMAGES:
        return _images(path, inputs)
    raise UsageError(f'--data: "{path}" is of no kind that is known', _KINDS)


def _arrays(path: Path) -> dict[str, Array]:
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return {path.stem: content}
        return {_plain(name): content[name] for name in content.files if not name.startswith("out:")}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as e:
        raise ModelError(f'--data: "{path}" cannot be read: {e}', _KINDS) from e


def _plain(name: str) -> str:
    return name.removeprefix("in:")


# -- images


def _images(path: Path, inputs: Sequence[Parameter]) -> dict[str, Array]:
    """The images as a batch, in the size, the order of axes and the type of the one input that takes images."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in _IMAGES) if path.is_dir() else [path]
    if not files:
        raise UsageError(f'--data: there is no image in "{path}"', f"Images end in {', '.join(_IMAGES)}.")
    wanting = [p for p in inputs if p.shape is not None and len(p.shape) == 4]
    if len(wanting) != 1 or len(inputs) != 1:
        raise UsageError(
            "--data: images are for models with one input, of four dimensions", "Give an .npz with every input."
        )
    p = wanting[0]
    n, *rest = p.dims
    last = rest[-1] in (1, 3)
    rows, columns, channels = rest if last else (rest[1], rest[2], rest[0])
    count = n if isinstance(n, int) else len(files)
    chosen = [files[i % len(files)] for i in range(count)]
    first = _picture(chosen[0], None, None, channels)
    height = rows if isinstance(rows, int) else first.shape[0]
    width = columns if isinstance(columns, int) else first.shape[1]
    batch = np.stack([_picture(f, height, width, channels) for f in chosen])
    if p.element.is_real:
        batch = batch.astype(np.float32)
    return {p.label: batch if last else np.ascontiguousarray(batch.transpose(0, 3, 1, 2))}


def _picture(path: Path, height: int | None, width: int | None, channels: Any) -> Array:
    """Height, width, channels (RGB, or grey) with numbers from 0 to 255."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as e:
        raise UsageError("images are read by Pillow, and it is not installed", "pip install pillow") from e
    try:
        with Image.open(path) as opened:
            image = opened.convert("L" if channels == 1 else "RGB")
            if height is not None and width is not None:
                image = image.resize((width, height))
            array = np.asarray(image, np.uint8)
    except (OSError, UnidentifiedImageError) as e:
        raise ModelError(f'--data: "{path}" cannot be read as an image: {e}', "Remove it from the folder.") from e
    return array[:, :, None] if array.ndim == 2 else array


# -- Kaldi archives


def _matrix(path: Path) -> Array:
    """The features of the first utterance: [frames, columns], f32."""
    head = path.read_bytes()
    key, space, rest = head.partition(b" ")
    if not space or not key or b"\n" in key:
        raise _no_archive(path)
    if rest.startswith(b"\0B"):
        return _binary(path, rest[2:])
    begin, end = rest.find(b"["), rest.find(b"]")
    if begin < 0 or end < begin:
        raise _no_archive(path)
    rows = [line.split() for line in rest[begin + 1 : end].splitlines() if line.strip()]
    try:
        return np.array(rows, np.float32)
    except ValueError as e:
        raise _no_archive(path) from e


def _binary(path: Path, body: bytes) -> Array:
    kind, _, rest = body.partition(b" ")
    dtype = {b"FM": "<f4", b"DM": "<f8"}.get(kind)
    if dtype is None:
        raise ModelError(
            f'--data: "{path}" holds {kind[:8].decode("latin-1")!r}, and only FM and DM matrices are read',
            "Write it anew with copy-feats --compress=false.",
        )
    try:
        _, rows, _, columns = struct.unpack_from("<bibi", rest)
        return np.frombuffer(rest, dtype, rows * columns, 10).reshape(rows, columns).astype(np.float32)
    except (struct.error, ValueError) as e:
        raise _no_archive(path) from e


def _no_archive(path: Path) -> ModelError:
    return ModelError(f'--data: "{path}" is no Kaldi archive with a matrix', "Write one with copy-feats.")
