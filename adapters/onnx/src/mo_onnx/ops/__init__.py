"""Converters of ONNX ops, one module a family."""

from __future__ import annotations

from importlib import import_module

FAMILIES = (
    "arithmetic",
    "matrix",
    "logic",
    "activation",
    "reduction",
    "tensor",
    "gather",
    "generate",
    "cast",
    "convolution",
    "pooling",
    "normalization",
    "recurrent",
    "attention",
    "resize",
    "detection",
    "signal",
    "quantization",
    "control",
    "sequence",
    "text",
    "loss",
    "microsoft",
    "microsoft_attention",
    "microsoft_quantized",
    "microsoft_tensor",
    "ml",
    "trees",
    "training",
    "openvino",
    "legacy",
)

MODULES = tuple(import_module(f"{__name__}.{f}") for f in FAMILIES)
"""All modules with converters."""
