"""What Sparsemax computes, for constants while a model is converted and for the runtime."""

from typing import Any

import numpy as np


def sparsemax(data: Any, axis: int, factor: float) -> Any:
    """The nearest point to data * factor that is a distribution along the axis."""
    x = np.moveaxis(data * np.asarray(factor, data.dtype), axis, -1)
    falling = -np.sort(-x, axis=-1)
    excess = np.cumsum(falling, axis=-1) - 1
    count = (falling * np.arange(1, x.shape[-1] + 1) > excess).sum(-1, keepdims=True)  # of those that are not 0
    threshold = np.take_along_axis(excess, count - 1, -1) / count
    return np.moveaxis(np.maximum(x - threshold, 0).astype(data.dtype), -1, axis)
