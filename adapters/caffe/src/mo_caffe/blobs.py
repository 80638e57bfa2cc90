"""Learned blobs as tensors: windows on the .caffemodel, f64 and f16 as recipes for f32; small ones as arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mo_caffe.caffemodel import MAX_AXES, Blob
from mo_core.build import reshape_to
from mo_core.errors import ModelError
from mo_core.ir import Constant, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Lazy, Mapped, MappedFile, Tensor, cast, reshaped

SMALL = 16 * 1024
"""Blobs up to so many bytes are read at once: looking at them later would bring in the file around them again."""

REMEDY = "Give the .caffemodel of this network."
_AROUND = 2 << 20  # what the kernel may have brought in with them
_LEGACY = ("num", "channels", "height", "width")
_UNREAD = ("data", "double_data", "diff", "double_diff")


def tensor_of(blob: Blob | Mapping[str, Any], file: MappedFile | None) -> Tensor:
    """The tensor of a blob of the file, or of one that is written out in the .prototxt; always f32."""
    if not isinstance(blob, Blob):
        return _written(blob)
    assert file is not None
    if blob.size * blob.element.bits <= 8 * SMALL:
        values = np.array(blob.array(file.buffer), np.float32)
        first = max(blob.windows[0].offset - _AROUND, 0) if blob.windows else 0
        file.forget(first, min(2 * _AROUND, file.size - first))
        return Array(values)
    if blob.is_plain:
        window: Tensor = Mapped(file, blob.windows[0].offset, blob.element, blob.shape)
    else:
        window = Lazy(lambda: blob.array(file.buffer), (), blob.element, blob.shape)
    return cast(window, t.f32)


def _written(blob: Mapping[str, Any]) -> Tensor:
    values = np.array([*blob.get("data", ()), *blob.get("double_data", ())], np.float32)
    old = any(name in blob for name in _LEGACY)
    shape = [blob.get(name, 0) for name in _LEGACY] if old else list(blob.get("shape", {}).get("dim", [values.size]))
    unknown = [key for key in blob if key not in (*_UNREAD, *_LEGACY, "shape")]
    if unknown:
        raise ModelError(f"a blob in the .prototxt has the field {unknown[0]}, which is not known there")
    if len(shape) > MAX_AXES or any(d < 0 for d in shape) or math.prod(shape) != values.size:
        raise ModelError(f"a blob in the .prototxt has shape {shape} and {values.size} values")
    return Array(values.reshape(shape))


def shaped(blob: Value, dims: Sequence[int]) -> Value:
    """What a layer learned in another shape (one dimension may be -1): a constant where it is one."""
    if blob.tensor is None:
        return reshape_to(blob, list(dims))
    size, known = blob.tensor.size, math.prod(d for d in dims if d >= 0)
    whole = [d if d >= 0 else size // max(known, 1) for d in dims]
    if math.prod(whole) != size:
        raise ModelError(f"a blob has shape {list(blob.tensor.shape)}, and {list(dims)} is needed", REMEDY)
    return blob if tuple(whole) == blob.tensor.shape else Constant(value=reshaped(blob.tensor, whole))


def per_channel(blob: Value, axes: int) -> Value:
    """A learned vector so that it goes along the channels of N, C and so many more axes."""
    return shaped(blob, [-1, *[1] * axes])
