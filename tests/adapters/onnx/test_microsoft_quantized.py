"""Quantised ops of ONNX Runtime's own domain, compared with it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, Unsupported

from .running import check, one_node, onnxruntime
from .test_microsoft import MICROSOFT, Case, normal

RNG = np.random.default_rng(12)
real = partial(normal, RNG)


def u8(*shape: int) -> Any:
    return RNG.integers(0, 256, shape).astype(np.uint8)


def i8(*shape: int) -> Any:
    return RNG.integers(-128, 128, shape).astype(np.int8)


def f(number: Any) -> Any:
    return np.asarray(number, np.float32)


Z, S = np.uint8(120), f(0.02)
POOL = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}

CASES = [
    Case(
        "QLinearAdd",
        {"a": u8(2, 3, 4), "b": u8(3, 1)},
        {"as": S, "az": Z, "bs": f(0.03), "bz": np.uint8(7), "cs": f(0.05), "cz": Z},
        inputs="a as az b bs bz cs cz",
    ),
    Case(
        "QLinearAdd",
        {"a": i8(2, 3), "b": i8(2, 3)},
        {"as": S, "bs": f(0.03), "cs": f(0.05)},
        inputs="a as - b bs - cs",
        name="unlisted",
    ),
    Case(
        "QLinearMul",
        {"a": u8(2, 3, 4), "b": u8(4)},
        {"as": S, "az": Z, "bs": f(0.03), "bz": np.uint8(7), "cs": f(0.05), "cz": Z},
        inputs="a as az b bs bz cs cz",
    ),
    Case(
        "QLinearSigmoid",
        {"x": u8(2, 9)},
        {"xs": S, "xz": Z, "ys": f(1 / 256), "yz": np.uint8(0)},
        inputs="x xs xz ys yz",
    ),
    Case(
        "QLinearLeakyRelu",
        {"x": i8(2, 9)},
        {"xs": S, "xz": np.int8(3), "ys": f(0.015), "yz": np.int8(-5)},
        inputs="x xs xz ys yz",
        attributes={"alpha": 0.1},
    ),
    Case(
        "QLinearSoftmax",
        {"x": u8(2, 9)},
        {"xs": S, "xz": Z, "ys": f(1 / 256), "yz": np.uint8(0)},
        inputs="x xs xz ys yz",
        attributes={"axis": -1, "opset": 13},
    ),
    Case(
        "QLinearSoftmax",
        {"x": u8(2, 3, 4)},
        {"xs": S, "xz": Z, "ys": f(1 / 256), "yz": np.uint8(0)},
        inputs="x xs xz ys yz",
        attributes={"axis": 1, "opset": 12},
        name="matrix",
    ),
    Case(
        "QLinearConcat",
        {"a": u8(2, 3), "b": u8(2, 2)},
        {"ys": f(0.03), "yz": np.uint8(9), "as": S, "az": Z, "bs": f(0.04), "bz": Z},
        inputs="ys yz a as az b bs bz",
        attributes={"axis": 1},
    ),
    Case(
        "QLinearReduceMean",
        {"x": u8(2, 5, 6)},
        {"xs": S, "xz": Z, "ys": f(0.01), "yz": np.uint8(100)},
        inputs="x xs xz ys yz",
        attributes={"axes": [-1, 1], "keepdims": 1},
        name="unlisted",
    ),
    Case(
        "QLinearWhere",
        {"c": RNG.random((2, 4)) > 0.5, "x": u8(2, 4), "y": u8(4)},
        {"xs": S, "xz": Z, "ys": f(0.03), "yz": np.uint8(7), "zs": f(0.025), "zz": np.uint8(90)},
        inputs="c x xs xz y ys yz zs zz",
    ),
    Case(
        "QLinearGlobalAveragePool",  # by this scale no mean lies halfway between two steps
        {"x": u8(2, 3, 5, 4)},
        {"xs": S, "xz": Z, "ys": f(0.0137), "yz": np.uint8(100)},
        inputs="x xs xz ys yz",
    ),
    Case(
        "QLinearGlobalAveragePool",
        {"x": u8(2, 5, 4, 3)},
        {"xs": S, "xz": Z, "ys": f(0.0137), "yz": np.uint8(100)},
        inputs="x xs xz ys yz",
        attributes={"channels_last": 1},
        name="last",
    ),
    Case(
        "QLinearAveragePool",
        {"x": u8(2, 3, 9, 9)},
        {"xs": S, "xz": Z, "ys": f(0.01), "yz": np.uint8(100)},
        inputs="x xs xz ys yz",
        attributes=POOL,
        steps=1,  # a mean of whole numbers may lie halfway between two steps, up to rounding
    ),
    Case(
        "QLinearAveragePool",
        {"x": u8(2, 3, 9, 9)},
        {"xs": S, "xz": Z, "ys": f(0.02), "yz": np.uint8(100)},
        inputs="x xs xz ys yz",
        attributes={**POOL, "count_include_pad": 1},
        name="padded",
    ),
    Case(
        "QLinearAveragePool",
        {"x": u8(2, 9, 9, 3)},
        {"xs": S, "xz": Z, "ys": f(0.02), "yz": np.uint8(100)},
        inputs="x xs xz ys yz",
        attributes={**POOL, "channels_last": 1, "count_include_pad": 1},
        name="last",
    ),
    Case(
        "QLinearConv",
        {"x": u8(1, 6, 6, 3)},
        {
            "xs": S,
            "xz": Z,
            "w": i8(4, 3, 3, 3),
            "ws": f([0.01, 0.02, 0.03, 0.01]),
            "wz": np.zeros(4, np.int8),
            "ys": f(0.5),
            "yz": Z,
            "b": np.array([5, -9, 100, 0], np.int32),
        },
        inputs="x xs xz w ws wz ys yz b",
        attributes={"channels_last": 1, "pads": [1, 1, 1, 1]},
    ),
    Case(
        "QGemm",
        {"a": u8(3, 4)},
        {
            "as": S,
            "az": Z,
            "b": i8(5, 4),
            "bs": f([0.01, 0.02, 0.03, 0.01, 0.02]),
            "bz": np.zeros(5, np.int8),
            "c": np.arange(5, dtype=np.int32) * 100,
        },
        inputs="a as az b bs bz c",
        attributes={"transB": 1},
    ),
    Case(
        "QGemm",
        {"a": u8(3, 4)},
        {"as": S, "az": Z, "b": u8(4, 5), "bs": S, "bz": np.uint8(8), "ys": f(0.3), "yz": np.uint8(128)},
        inputs="a as az b bs bz - ys yz",
        name="quantised",
    ),
    Case(
        "MatMulIntegerToFloat",
        {"a": u8(2, 3, 4)},
        {
            "b": u8(4, 5),
            "as": S,
            "bs": f([0.1, 0.2, 0.3, 0.1, 0.2]),
            "az": Z,
            "bz": RNG.integers(0, 9, 5).astype(np.uint8),
            "c": real(5),
        },
    ),
    Case(
        "DynamicQuantizeMatMul",
        {"a": real(2, 3, 4)},
        {"b": i8(4, 5), "bs": f([0.1, 0.2, 0.3, 0.1, 0.2]), "bz": np.zeros(5, np.int8), "c": real(5)},
    ),
    Case("MulInteger", {"a": u8(2, 3), "b": u8(3)}, {"az": Z, "bz": np.uint8(3)}, inputs="a az b bz", name="unlisted"),
    Case("ReduceSumInteger", {"x": u8(2, 3, 4)}, attributes={"axes": [1], "keepdims": 0}, name="unlisted"),
    Case(
        "QuantizeLinear",
        {"x": real(2, 3, 4) * 3},
        {"s": f([0.1, 0.2, 0.3]), "z": np.array([1, 2, 3], np.int8)},
        attributes={"axis": 1},
    ),
    Case("QuantizeLinear", {"x": real(2, 3, 4) * 3}, {"s": S, "z": np.uint16(300)}, name="u16"),
    Case(
        "DequantizeLinear",
        {"x": i8(2, 3, 4)},
        {"s": f([0.1, 0.2, 0.3]), "z": np.array([1, 2, 3], np.int8)},
        attributes={"axis": 1},
    ),
    Case("DequantizeLinear", {"x": RNG.integers(-9, 9, (2, 3)).astype(np.int32)}, {"s": S}, name="i32"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}-{c.name}".rstrip("-"))
def test_op(case: Case) -> None:
    oracle = {"oracle": by_hand} if case.name == "unlisted" else {}
    for dynamic in (False, True):
        check(
            case.model(dynamic),
            case.feeds,
            rtol=1e-4,
            atol=1e-5,
            steps=case.steps,
            **oracle,
        )


def by_hand(source: Any, feeds: Any) -> list[Any]:
    x = next(iter(feeds.values())).astype(np.float64)
    if source.graph.node[0].op_type == "ReduceSumInteger":
        return [x.sum(1).astype(np.int32)]
    if source.graph.node[0].op_type == "MulInteger":
        return [((x - 120) * (feeds["b"].astype(np.float64) - 3)).astype(np.int32)]
    if source.graph.node[0].op_type == "QLinearAdd":
        total = (x * np.float64(S) + feeds["b"] * np.float64(f(0.03))) / np.float64(f(0.05))
        return [np.clip(np.round(total), -128, 127).astype(np.int8)]
    mean = ((x - 120) * np.float64(S)).mean((1, 2), keepdims=True)
    return [np.clip(np.round(mean / np.float64(f(0.01))) + 100, 0, 255).astype(np.uint8)]


@pytest.mark.parametrize("per_gate", [False, True])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_lstm_with_quantised_weights(direction: str, per_gate: bool) -> None:
    ways, hidden = (2 if direction == "bidirectional" else 1), 4
    size = (ways, 4 * hidden) if per_gate else (ways,)
    constants = {
        "w": i8(ways, 5, 4 * hidden),
        "r": i8(ways, hidden, 4 * hidden),
        "b": real(ways, 8 * hidden),
        "ws": RNG.uniform(0.001, 0.01, size).astype(np.float32),
        "wz": np.zeros(size, np.int8),
        "rs": RNG.uniform(0.001, 0.01, size).astype(np.float32),
        "rz": np.zeros(size, np.int8),
    }
    feeds = {"x": real(6, 2, 5)}
    order = ["x", "w", "r", "b", "", "", "", "", "ws", "wz", "rs", "rz"]
    source = one_node(
        "DynamicQuantizeLSTM",
        feeds,
        constants,
        inputs=order,
        outputs=3,
        domain=MICROSOFT,
        hidden_size=hidden,
        direction=direction,
    )
    check(source, feeds, rtol=0.05, atol=0.02)  # the source rounds its data to 8 bits at every step


def weights(rows: int, columns: int, block: int, bits: int) -> tuple[Any, Any, Any]:
    """Packed weights, scales and packed zero points as MatMulNBits has them."""
    blocks = -(-columns // block)
    packed = u8(rows, blocks, block * bits // 8)
    return packed, RNG.uniform(0.01, 0.1, (rows, blocks)).astype(np.float32), u8(rows, -(-blocks * bits // 8))


@pytest.mark.parametrize("columns", [64, 48, 40])
@pytest.mark.parametrize(("bits", "zeros"), [(4, "none"), (4, "packed"), (4, "real"), (8, "none"), (8, "packed")])
def test_weights_of_a_few_bits(bits: int, zeros: str, columns: int) -> None:
    packed, scales, points = weights(6, columns, 16, bits)
    constants = {"b": packed, "s": scales}
    if zeros == "packed":
        constants["z"] = points
    elif zeros == "real":
        constants["z"] = RNG.uniform(0, 15, scales.shape).astype(np.float32)
    feeds = {"a": real(2, 3, columns)}
    source = one_node("MatMulNBits", feeds, constants, domain=MICROSOFT, K=columns, N=6, bits=bits, block_size=16)
    check(source, feeds, rtol=1e-4, atol=1e-4)


def test_weights_of_a_few_bits_stay_packed_in_the_file() -> None:
    packed, scales, points = weights(64, 256, 32, 4)
    feeds = {"a": real(2, 256)}
    source = one_node(
        "MatMulNBits",
        feeds,
        {"b": packed, "s": scales, "z": points, "-": scales, "c": real(64)},
        inputs=["a", "b", "s", "z", "", "c"],
        domain=MICROSOFT,
        K=256,
        N=64,
        bits=4,
        block_size=32,
    )
    check(source, feeds, rtol=1e-4, atol=1e-4)
    constants = [n.value for n in mo_core.convert(source).graph if n.type_name == "Const"]
    assert [c.element.name for c in constants if c.shape == (64, 8, 32)] == ["u4"]
    assert sum(c.nbytes for c in constants) < 1.2 * (packed.nbytes + scales.nbytes + points.nbytes)


def test_too_few_bytes_of_weights_are_an_error() -> None:
    packed, scales, _ = weights(6, 32, 16, 4)
    source = one_node(
        "MatMulNBits",
        {"a": real(2, 64)},
        {"b": packed, "s": scales},
        domain=MICROSOFT,
        K=64,
        N=6,
        bits=4,
        block_size=16,
    )
    with pytest.raises(ModelError, match="bytes of quantised weights"):
        mo_core.convert(source)


def test_quantised_weights_that_are_an_input_are_not_supported() -> None:
    packed, scales, _ = weights(6, 32, 16, 4)
    source = one_node(
        "MatMulNBits",
        {"a": real(2, 32), "b": packed},
        {"s": scales},
        domain=MICROSOFT,
        K=32,
        N=6,
        bits=4,
        block_size=16,
    )
    with pytest.raises(Unsupported, match="must be constants"):
        mo_core.convert(source)


@pytest.mark.parametrize("kind", [0, 1])
def test_codes_of_a_table(kind: int) -> None:
    packed, absmax = u8(8 * 64 // 2), RNG.uniform(0.5, 2, 8 * 64 // 16).astype(np.float32)
    feeds = {"a": real(2, 64)}
    source = one_node(
        "MatMulBnb4", feeds, {"b": packed, "m": absmax}, domain=MICROSOFT, K=64, N=8, block_size=16, quant_type=kind
    )
    check(source, feeds, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("zeros", [False, True])
def test_gather_from_a_quantised_table(zeros: bool) -> None:
    packed, scales, points = weights(10, 64, 16, 4)
    constants = {"d": packed.reshape(10, -1), "s": scales} | ({"z": points} if zeros else {})
    feeds = {"i": np.array([[3, 1], [9, 0]])}
    source = one_node(
        "GatherBlockQuantized",
        feeds,
        constants,
        inputs=["d", "i", "s", *(["z"] if zeros else [])],
        domain=MICROSOFT,
        bits=4,
        block_size=16,
        gather_axis=0,
        quantize_axis=1,
    )
    check(source, feeds, oracle=lambda s, x: onnxruntime(s, x), rtol=1e-5)
