"""Recurrent layers: on the runtime's sequence operations, and as loops where those cannot express the layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.onnx.nodes import check, numbers, run
from tests.adapters.onnx.running import onnxruntime

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
TIME, BATCH, SIZE, HIDDEN = 5, 3, 4, 2


def _inputs(
    op: str, ways: int, *, lengths: bool = True, bias: bool = True, states: bool = True, peepholes: bool = False
) -> Any:
    gates = GATES[op]
    count = 2 if op == "LSTM" else 1
    return [
        numbers(TIME, BATCH, SIZE),
        numbers(ways, gates * HIDDEN, SIZE, low=-1, high=1),
        numbers(ways, gates * HIDDEN, HIDDEN, low=-1, high=1),
        numbers(ways, 2 * gates * HIDDEN, low=-1, high=1) if bias else None,
        np.array([5, 1, 3], np.int32) if lengths else None,
        *([numbers(ways, BATCH, HIDDEN) + i if states else None for i in range(count)]),
        *([numbers(ways, 3 * HIDDEN)] if peepholes else []),
    ]


def _check(op: str, inputs: Any, attributes: dict[str, Any], dynamic: Any = (), opset: int = 14) -> None:
    outputs = 3 if op == "LSTM" else 2
    check(
        op,
        inputs,
        {"hidden_size": HIDDEN, **attributes},
        oracle=onnxruntime,
        rtol=1e-4,
        atol=1e-5,
        opset=opset,
        outputs=outputs,
        dynamic=dynamic,
        constants=tuple(i for i in (1, 2, 3) if inputs[i] is not None),
    )


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_directions(op: str, direction: str, lengths: bool, dynamic: Any) -> None:
    ways = 2 if direction == "bidirectional" else 1
    _check(op, _inputs(op, ways, lengths=lengths), {"direction": direction}, dynamic)


@pytest.mark.parametrize("op", GATES)
def test_nothing_optional_given(op: str) -> None:
    _check(op, _inputs(op, 1, lengths=False, bias=False, states=False), {})


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("clip", [0.3, 2.0])
def test_clip(op: str, clip: float) -> None:
    _check(op, _inputs(op, 1, lengths=False), {"clip": clip})


@pytest.mark.parametrize("linear_before_reset", [0, 1])
@pytest.mark.parametrize("activations", [None, ["Sigmoid", "Softsign"]])
@pytest.mark.parametrize("bias", [False, True])
def test_gru_with_the_reset_before_or_behind_the_product(
    linear_before_reset: int, activations: Any, bias: bool
) -> None:
    attributes = {"linear_before_reset": linear_before_reset}
    if activations:
        attributes["activations"] = activations
    _check("GRU", _inputs("GRU", 1, bias=bias), attributes)


ACTIVATIONS: list[dict[str, Any]] = [
    {"activations": ["Relu"]},
    {"activations": ["Softplus"]},
    {"activations": ["LeakyRelu"], "activation_alpha": [0.2]},
    {"activations": ["ThresholdedRelu"], "activation_alpha": [0.3]},
    {"activations": ["ScaledTanh"], "activation_alpha": [0.7], "activation_beta": [1.3]},
    {"activations": ["HardSigmoid"], "activation_alpha": [0.3], "activation_beta": [0.4]},
    {"activations": ["Affine"], "activation_alpha": [0.5], "activation_beta": [0.1]},
    {"activations": ["Elu"], "activation_alpha": [0.4]},
]


@pytest.mark.parametrize("attributes", ACTIVATIONS)
def test_activations(attributes: dict[str, Any]) -> None:
    _check("RNN", _inputs("RNN", 1), attributes)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("lengths", [False, True])
def test_loops_know_the_directions_and_lengths(direction: str, lengths: bool) -> None:
    attributes = {"direction": direction, "activations": ["HardSigmoid", "Softsign", "Tanh"]}
    _check("LSTM", _inputs("LSTM", 1, lengths=lengths), attributes, dynamic=(0,))


def test_directions_with_different_activations() -> None:
    attributes = {"direction": "bidirectional", "activations": ["Sigmoid", "Tanh", "Tanh", "Sigmoid", "Relu", "Tanh"]}
    _check("LSTM", _inputs("LSTM", 2), attributes)


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_peepholes(direction: str, clip: float) -> None:
    ways = 2 if direction == "bidirectional" else 1
    attributes = {"direction": direction} | ({"clip": clip} if clip else {})
    _check("LSTM", _inputs("LSTM", ways, peepholes=True), attributes)


def test_coupled_input_and_forget_gates() -> None:
    _check("LSTM", _inputs("LSTM", 1), {"input_forget": 1})


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_batch_first_is_the_transposed_layer(op: str, direction: str) -> None:
    ways = 2 if direction == "bidirectional" else 1
    inputs, outputs = _inputs(op, ways), 3 if op == "LSTM" else 2
    attributes = {"hidden_size": HIDDEN, "direction": direction}
    want = run(op, inputs, attributes, opset=14, outputs=outputs)
    turned = [inputs[0].swapaxes(0, 1), *inputs[1:5], *[s.swapaxes(0, 1) for s in inputs[5:]]]
    got = run(op, turned, {**attributes, "layout": 1}, opset=14, outputs=outputs)
    np.testing.assert_allclose(got[0], want[0].transpose(2, 0, 1, 3), rtol=1e-5, atol=1e-6)
    for g, w in zip(got[1:], want[1:]):
        np.testing.assert_allclose(g, w.swapaxes(0, 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"direction": "sideways"}, "sideways"),
        ({"activations": ["Sine"]}, "Sine"),
        ({"activations": ["Tanh"] * 3}, "3 activ"),
    ],
)
def test_a_wrong_attribute_is_an_error_of_the_model(attributes: dict[str, Any], words: str) -> None:
    op = "GRU" if len(attributes.get("activations", "")) == 3 else "RNN"
    with pytest.raises(ModelError, match=words):
        run(op, _inputs(op, 1), {"hidden_size": HIDDEN, **attributes}, opset=14, outputs=2)
