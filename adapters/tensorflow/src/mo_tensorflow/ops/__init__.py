"""Converters of TensorFlow ops, one module a family."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    "activation",
    "arithmetic",
    "control",
    "convolution",
    "generate",
    "logic",
    "matrix",
    "sequence",
    "shape",
    "slicing",
    "state",
    "table",
)

MODULES = tuple(import_module(f"{__name__}.{f}") for f in FAMILIES)
"""All modules with converters."""
