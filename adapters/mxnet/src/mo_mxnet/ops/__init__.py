"""Converters of MXNet operators, one module a family."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    "activation",
    "arithmetic",
    "comparison",
    "unary",
    "matrix",
    "convolution",
    "pooling",
    "normalization",
    "reduction",
    "shape",
    "movement",
    "slicing",
    "gather",
    "generate",
    "samples",
    "densities",
    "editing",
    "statistics",
    "loss",
    "sequence",
    "attention",
    "quantized",
    "quantized_layers",
    "recurrent",
    "control",
    "resize",
    "detection",
    "proposal",
    "correlation",
    "linalg",
    "image",
    "signal",
)

MODULES = tuple(import_module(f"{__name__}.{f}") for f in FAMILIES)
"""All modules with converters."""
