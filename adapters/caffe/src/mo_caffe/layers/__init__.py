"""Converters of Caffe layers, one module a family."""

from __future__ import annotations

from mo_caffe.layers import (
    activation,
    arithmetic,
    convolution,
    detection,
    extra,
    inner_product,
    matching,
    normalization,
    pooling,
    recurrent,
    reduction,
    resize,
    shape,
)

MODULES = (
    activation,
    arithmetic,
    convolution,
    detection,
    extra,
    inner_product,
    matching,
    normalization,
    pooling,
    recurrent,
    reduction,
    resize,
    shape,
)
"""All modules with converters."""
