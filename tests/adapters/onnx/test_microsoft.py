"""ONNX Runtime's own ops, each compared with ONNX Runtime, with static and with dynamic shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from mo_core.errors import Unsupported

from .running import check, one_node, run

MICROSOFT = "com.microsoft"
RNG = np.random.default_rng(7)


def normal(rng: np.random.Generator, *shape: int, dtype: Any = np.float32) -> Any:
    return rng.normal(size=shape).astype(dtype)


real = partial(normal, RNG)


@dataclass
class Case:
    """One node: `feeds` are inputs of the model, `constants` initializers; `inputs` their order ("" leaves one out)."""

    op: str
    feeds: dict[str, Any]
    constants: dict[str, Any] = field(default_factory=dict)
    inputs: str | None = None
    outputs: int = 1
    attributes: dict[str, Any] = field(default_factory=dict)
    rtol: float = 1e-4
    atol: float = 1e-5
    steps: int = 0
    static_only: bool = False
    name: str = ""
    domain: str = MICROSOFT

    def model(self, dynamic: bool) -> Any:
        order = None if self.inputs is None else ["" if n == "-" else n for n in self.inputs.split()]
        return one_node(
            self.op,
            self.feeds,
            self.constants,
            inputs=order,
            outputs=self.outputs,
            domain=self.domain,
            dynamic=dynamic,
            given=self.attributes,
        )


X = real(2, 5, 8)
V = real(8)

CASES = [
    Case("Gelu", {"x": X}),
    Case("FastGelu", {"x": X}, atol=1e-4),
    Case("FastGelu", {"x": X}, {"b": V}, atol=1e-4, name="bias"),
    Case("BiasGelu", {"x": X}, {"b": V}),
    Case("QuickGelu", {"x": X}, attributes={"alpha": 1.3}),
    Case("BiasAdd", {"x": real(2, 4, 320), "s": real(2, 4, 320)}, {"b": real(320)}, inputs="x b s", name="unlisted"),
    Case("BiasDropout", {"x": X, "r": X * 2}, {"b": V}, inputs="x b r", name="unlisted"),
    Case(
        "BiasSoftmax", {"x": real(2, 3, 4, 5), "b": real(2, 1, 1, 5)}, attributes={"axis": 3, "is_inner_broadcast": 1}
    ),
    Case(
        "BiasSoftmax",
        {"x": real(2, 3, 4, 5), "b": real(4, 5)},
        attributes={"axis": 2, "is_inner_broadcast": 0},
        name="outer",
    ),
    Case("FusedMatMul", {"a": real(3, 4, 5), "b": real(3, 6, 5)}, attributes={"transB": 1, "alpha": 0.5}),
    Case("FusedMatMul", {"a": real(5, 4), "b": real(5, 6)}, attributes={"transA": 1}, name="left"),
    Case("FusedMatMul", {"a": real(4, 3, 5), "b": real(3, 5, 6)}, attributes={"transBatchA": 1}, name="batch"),
    Case("TransposeMatMul", {"a": real(3, 4, 5), "b": real(3, 6, 5)}, attributes={"transB": 1}),
    Case(
        "FusedGemm", {"a": real(3, 4)}, {"b": real(5, 4), "c": real(5)}, attributes={"transB": 1, "activation": "Relu"}
    ),
    Case(
        "FusedGemm",
        {"a": real(3, 4)},
        {"b": real(4, 5), "c": real(5)},
        name="leaky",
        attributes={"alpha": 0.5, "beta": 2.0, "activation": "LeakyRelu", "activation_alpha": 0.3},
    ),
    Case("GemmFastGelu", {"x": real(2, 3, 4)}, {"w": real(4, 5), "b": real(5)}, atol=1e-4, name="unlisted"),
    Case("CDist", {"a": real(3, 4), "b": real(5, 4)}, attributes={"metric": "euclidean"}),
    Case("CDist", {"a": real(3, 4), "b": real(5, 4)}, name="squared"),
    Case("Inverse", {"x": real(2, 3, 3) + 3 * np.eye(3, dtype=np.float32)}),
    *[
        Case(
            "FusedConv",
            {"x": real(1, 3, 8, 8)},
            {"w": real(4, 3, 3, 3), "b": real(4)},
            name=name,
            attributes={"activation": name, "pads": [1, 1, 1, 1], **({"activation_params": params} if params else {})},
        )
        for name, params in [
            ("Relu", []),
            ("LeakyRelu", [0.2]),
            ("Clip", [-0.5, 0.5]),
            ("HardSigmoid", [0.3, 0.4]),
            ("Tanh", []),
            ("Sigmoid", []),
        ]
    ],
    Case(
        "FusedConv",
        {"x": real(1, 4, 8, 8), "z": real(1, 4, 8, 8)},
        {"w": real(4, 1, 3, 3), "b": real(4)},
        inputs="x w b z",
        attributes={"group": 4, "pads": [1, 1, 1, 1], "activation": "Relu"},
        name="sum",
    ),
    Case(
        "NhwcMaxPool",
        {"x": RNG.integers(0, 255, (1, 9, 9, 3)).astype(np.uint8)},
        attributes={"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    ),
    Case(
        "SkipLayerNormalization",
        {"x": X, "s": X[::-1].copy()},
        {"g": V, "b": real(8), "c": real(8)},
        outputs=4,
        attributes={"epsilon": 1e-5},
    ),
    Case("SkipLayerNormalization", {"x": X, "s": real(1, 5, 8)}, {"g": V}, name="broadcast"),
    Case(
        "SkipSimplifiedLayerNormalization",
        {"x": X, "s": X[::-1].copy()},
        {"g": V, "b": real(8)},
        inputs="x s g b",
        attributes={"epsilon": 1e-5},
    ),
    Case(
        "SkipSimplifiedLayerNormalization",
        {"x": X, "s": X[::-1].copy()},
        {"g": V},
        inputs="x s g",
        name="sum",
        attributes={"epsilon": 1e-5},
    ),
    Case("SimplifiedLayerNormalization", {"x": X}, {"g": V}, attributes={"epsilon": 1e-5, "axis": -1}, domain=""),
    Case(
        "EmbedLayerNormalization",
        {
            "i": RNG.integers(0, 20, (2, 5)).astype(np.int32),
            "s": RNG.integers(0, 2, (2, 5)).astype(np.int32),
            "m": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32),
        },
        {"w": real(20, 8), "p": real(10, 8), "t": real(2, 8), "g": V, "b": V},
        inputs="i s w p t g b m",
        outputs=3,
    ),
    Case(
        "EmbedLayerNormalization",
        {"i": RNG.integers(0, 20, (2, 5)).astype(np.int32)},
        {"w": real(20, 8), "p": real(10, 8), "g": V, "b": V},
        inputs="i - w p - g b",
        outputs=2,
        name="words",
    ),
    Case("Trilu", {"x": real(2, 4, 5)}, {"k": np.array(1)}),
    Case("Trilu", {"x": real(2, 4, 5)}, attributes={"upper": 0}, name="lower"),
    Case("Pad", {"x": real(2, 3)}, {"p": np.array([0, 2, 1, 0]), "v": np.float32(3)}),
    Case("Unique", {"x": np.array([2, 1, 1, 3, 4, 3], np.float32)}, outputs=3),
    Case("ExpandDims", {"x": real(2, 3)}, {"a": np.array(-1, np.int32)}),
    Case("GatherND", {"x": real(2, 3, 4)}, {"i": np.array([[0, 1], [1, 2]])}),
    Case("GridSample", {"x": real(1, 2, 4, 5), "g": real(1, 3, 3, 2) / 2}, attributes={"padding_mode": "border"}),
    Case("Range", {}, {"s": np.float32(1), "l": np.float32(7), "d": np.float32(1.5)}),
    Case("Range", {"s": np.array([1]), "l": np.array([5])}, name="steps of one", static_only=True),
    Case("UnfoldTensor", {"x": real(2, 7, 3)}, attributes={"dim": 1, "size": 3, "step": 2}),
    Case("Rfft", {"x": real(2, 8)}, attributes={"signal_ndim": 1, "normalized": 0, "onesided": 1}, name="unlisted"),
    Case(
        "CropAndResize",
        {
            "x": real(2, 3, 9, 7),
            "r": np.array([[0.1, 0.2, 0.8, 0.9], [-0.5, 0, 1.2, 0.4]], np.float32),
            "i": np.array([1, 0], np.int32),
        },
        {"s": np.array([4, 3], np.int32)},
        atol=1e-4,
        attributes={"extrapolation_value": 2.0},
    ),
    Case(
        "BifurcationDetector",
        {
            "s": np.array([4, 2, 3, 5, 6, 7, 2, 3]),
            "c": np.array([9, 4, 2]),
            "p": np.array(1),
            "d": np.array([2, 3, 9, 6, 7, 2, 3, 8]),
        },
        outputs=2,
    ),
    Case(
        "BifurcationDetector",
        {"s": np.array([4, 2, 3, 5, 6, 7, 2, 3]), "c": np.array([9, 7, 2]), "p": np.array(0)},
        outputs=2,
        name="no prediction",
    ),
    Case(
        "BifurcationDetector",
        {"s": np.array([4, 2, 3, 5, 2, 3, 2, 9]), "c": np.array([2, 3]), "p": np.array(0)},
        outputs=2,
        name="ambiguous",
    ),
]

UNLISTED = {"BiasAdd", "BiasDropout", "BiasSoftmax", "GemmFastGelu", "Rfft"}
"""Ops that ONNX Runtime has on other devices than the CPU only: computed by hand."""


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}-{c.name}".rstrip("-"))
def test_op(case: Case) -> None:
    oracle = {"oracle": by_hand} if case.op in UNLISTED else {}
    for dynamic in (False, True):
        if dynamic and case.static_only:
            continue
        check(case.model(dynamic), case.feeds, rtol=case.rtol, atol=case.atol, steps=case.steps, **oracle)


def by_hand(source: Any, feeds: Any) -> list[Any]:
    from onnx import numpy_helper

    node = source.graph.node[0]
    values = {i.name: numpy_helper.to_array(i) for i in source.graph.initializer} | dict(feeds)
    inputs = [values[n] for n in node.input]
    if node.op_type in ("BiasAdd", "BiasDropout"):
        return [sum(inputs)]
    if node.op_type == "BiasSoftmax":
        x, bias = inputs
        inner = next(a.i for a in node.attribute if a.name == "is_inner_broadcast")
        axes = (3,) if inner else (2, 3)
        e = np.exp(x + bias)
        return [e / e.sum(axes, keepdims=True)]
    if node.op_type == "Rfft":
        y = np.fft.rfft(inputs[0])
        return [np.stack([y.real, y.imag], -1).astype(np.float32)]
    x = inputs[0] @ inputs[1] + inputs[2]
    return [(0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))).astype(np.float32)]


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("op", ["GroupNorm", "SkipGroupNorm"])
def test_group_norm(op: str, last: bool) -> None:
    x, gamma, beta, skip, bias = real(2, 6, 3, 4), real(6), real(6), real(2, 6), real(6)
    s = x + skip[:, :, None, None] + bias[:, None, None] if op == "SkipGroupNorm" else x
    groups = s.reshape(2, 3, -1)
    y = (groups - groups.mean(-1, keepdims=True)) / np.sqrt(groups.var(-1, keepdims=True) + 1e-5)
    y = y.reshape(s.shape) * gamma[:, None, None] + beta[:, None, None]
    y = y / (1 + np.exp(-y))
    data, want = (a.transpose(0, 2, 3, 1) if last else a for a in (x, y))
    source = one_node(
        op,
        {"x": data, "k": skip} if op == "SkipGroupNorm" else {"x": data},
        {"g": gamma, "b": beta, "c": bias},
        inputs=["x", "g", "b", "k", "c"] if op == "SkipGroupNorm" else ["x", "g", "b"],
        domain=MICROSOFT,
        activation=1,
        groups=3,
        channels_last=int(last),
    )
    feeds = {"x": data, "k": skip} if op == "SkipGroupNorm" else {"x": data}
    np.testing.assert_allclose(run(source, feeds)[0][0], want, rtol=1e-4, atol=1e-5)


def test_unknown_fused_activation_is_named() -> None:
    source = one_node("FusedGemm", {"a": real(2, 2), "b": real(2, 2)}, domain=MICROSOFT, activation="Wobble")
    with pytest.raises(Unsupported, match="Wobble"):
        run(source, {})


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def erf_gelu(x: Any) -> Any:
    import math

    return x * 0.5 * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


def as_complex(x: Any) -> Any:
    return x[..., 0] + 1j * x[..., 1]


def as_pairs(x: Any) -> Any:
    return np.stack([x.real, x.imag], -1)


BY_FORMULA = [
    ("BiasSplitGelu", {"x": real(2, 3, 8), "b": V}, {}, lambda x, b: (x + b)[..., :4] * erf_gelu((x + b)[..., 4:])),
    ("ScaledSiLU", {"x": X}, {"alpha": 0.7}, lambda x: 0.7 * x * sigmoid(0.7 * x)),
    ("ScaledSiLU", {"x": X, "s": np.float32(1.5)}, {}, lambda x, s: s * x * sigmoid(s * x)),
    ("GatedAdd", {"x": X, "y": X * 2, "g": real(2, 5, 1)}, {}, lambda x, y, g: x + y * g),
    (
        "GatedRMSNorm",
        {"x": X, "s": real(4), "g": X * 3},
        {"epsilon": 1e-5},
        lambda x, s, g: (
            ((y := x.reshape(2, 5, 2, 4)) / np.sqrt((y**2).mean(-1, keepdims=True) + 1e-5) * s).reshape(X.shape)
            * g
            * sigmoid(g)
        ),
    ),
    (
        "FusedMatMulActivation",
        {"a": real(2, 3, 4), "b": real(2, 4, 5)},
        {"activation": "Relu", "alpha": 0.5},
        lambda a, b: np.maximum(0.5 * a @ b, 0),
    ),
    (
        "FusedMatMulActivation",
        {"a": real(2, 3, 4), "b": real(2, 4, 5)},
        {"activation": "Softmax", "activation_axis": -1},
        lambda a, b: (e := np.exp(a @ b)) / e.sum(-1, keepdims=True),
    ),
    (
        "FusedGemm",
        {"a": real(3, 4), "b": real(4, 5), "c": real(5)},
        {"activation": "LeakyRelu", "leaky_relu_alpha": 0.3},
        lambda a, b, c: np.where((y := a @ b + c) < 0, 0.3 * y, y),
    ),
    (
        "FusedConv",
        {"x": real(1, 3, 6, 6), "w": real(4, 3, 3, 3), "b": real(4)},
        {"activation": "LeakyRelu", "leaky_relu_alpha": 0.3, "pads": [1, 1, 1, 1]},
        lambda x, w, b: np.where((y := convolved(x.transpose(0, 2, 3, 1), w, b).transpose(0, 3, 1, 2)) < 0, 0.3 * y, y),
    ),
    ("ComplexMul", {"a": real(3, 4, 2), "b": real(3, 4, 2)}, {}, lambda a, b: as_pairs(as_complex(a) * as_complex(b))),
    (
        "ComplexMulConj",
        {"a": real(3, 4, 2), "b": real(3, 4, 2)},
        {},
        lambda a, b: as_pairs(as_complex(a) * as_complex(b).conj()),
    ),
    (
        "Irfft",
        {"x": as_pairs(np.fft.rfft(real(2, 8))).astype(np.float32)},
        {"signal_ndim": 1, "onesided": 1, "normalized": 0},
        lambda x: np.fft.irfft(as_complex(x)),
    ),
    ("IsAllFinite", {"a": np.array([1, np.inf], np.float32), "b": X}, {}, lambda a, b: np.array(False)),
    ("IsAllFinite", {"a": np.array([1, np.inf], np.float32), "b": X}, {"isnan_only": 1}, lambda a, b: np.array(True)),
    ("IsAllFinite", {"a": np.array([1, np.nan], np.float32), "b": X}, {"isinf_only": 1}, lambda a, b: np.array(True)),
    (
        "NhwcConv",
        {"x": real(1, 6, 6, 3), "w": real(4, 3, 3, 3), "b": real(4)},
        {"pads": [1, 1, 1, 1]},
        lambda x, w, b: convolved(x, w.transpose(0, 3, 1, 2), b),
    ),
    (
        "NhwcFusedConv",
        {"x": real(1, 6, 6, 3), "w": real(4, 3, 3, 3), "b": real(4)},
        {"pads": [1, 1, 1, 1], "activation": "Relu"},
        lambda x, w, b: np.maximum(convolved(x, w, b), 0),
    ),
]


def convolved(x: Any, w: Any, b: Any) -> Any:
    """N, H, W, C with filters O, I, 3, 3 and one pixel of padding."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    return np.einsum("nhwcyx,ocyx->nhwo", windows, w) + b


@pytest.mark.parametrize(
    ("op", "feeds", "attributes", "formula"), BY_FORMULA, ids=lambda v: v if isinstance(v, str) else ""
)
def test_ops_of_other_devices(op: str, feeds: dict[str, Any], attributes: dict[str, Any], formula: Any) -> None:
    def wanted(_: Any, inputs: Any) -> list[Any]:
        y = np.asarray(formula(*inputs.values()))
        return [y if y.dtype == np.bool_ else y.astype(np.float32)]

    for dynamic in (False, True):
        if dynamic and op in (
            "FusedConv",
            "GatedRMSNorm",
            "NhwcConv",
            "NhwcFusedConv",
        ):  # sizes of weights must be known
            continue
        source = one_node(op, feeds, domain=MICROSOFT, dynamic=dynamic, given=attributes)
        check(source, feeds, oracle=wanted, rtol=1e-4, atol=1e-5)


def test_rotary_embedding_of_gemma() -> None:
    angles, (q, q_turned, k, k_turned) = real(2, 5, 8), real(4, 2, 3, 5, 8)
    feeds = {"e": angles, "q": q, "qr": q_turned, "k": k, "kr": k_turned}
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    source = one_node("GemmaRotaryEmbedding", feeds, outputs=2, domain=MICROSOFT)
    check(source, feeds, oracle=lambda *_: [q * cos + q_turned * sin, k * cos + k_turned * sin], rtol=1e-4, atol=1e-5)
