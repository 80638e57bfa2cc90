"""Converters of TensorFlow ops, one module a family."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    "activation",
    "arithmetic",
    "convolution",
    "matrix",
    "shape",
    "state",
)

MODULES = tuple(import_module(f"{__name__}.{f}") for f in FAMILIES)
"""All modules with converters."""
