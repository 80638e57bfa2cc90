"""Converters of TensorFlow ops, one module a family."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    "activation",
    "arithmetic",
    "complex",
    "control",
    "convolution",
    "ctc",
    "detection",
    "diagonals",
    "gather",
    "generate",
    "image",
    "logic",
    "matrix",
    "normalization",
    "pooling",
    "quantised_kernels",
    "quantised_products",
    "quantization",
    "ragged",
    "recurrent",
    "reduction",
    "sequence",
    "shape",
    "signal",
    "slicing",
    "sparse",
    "state",
    "table",
    "text",
)

MODULES = tuple(import_module(f"{__name__}.{f}") for f in FAMILIES)
"""All modules with converters."""
