"""Models of one node with positional inputs, on top of `running`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, helper

from tests.adapters.onnx import running

Inputs = Sequence["np.ndarray[Any, Any] | None"]


def node_model(
    op: str,
    inputs: Inputs,
    attributes: dict[str, Any] | None = None,
    *,
    opset: int,
    outputs: int = 1,
    dynamic: Sequence[int] = (),
    constants: Sequence[int] = (),
) -> ModelProto:
    """A model of one node; inputs in `constants` are initializers, those in `dynamic` have no known dimension."""
    names = [f"x{i}" if given is not None else "" for i, given in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)]
    infos = [
        running.value(name, given.dtype, [f"{name}_{a}" for a in range(given.ndim)] if i in dynamic else given.shape)
        for i, (name, given) in enumerate(zip(names, inputs))
        if given is not None and i not in constants
    ]
    node = helper.make_node(op, names, results, **(attributes or {}))
    return running.model([node], infos, results, {names[i]: inputs[i] for i in constants}, opset)


def feeds(inputs: Inputs, constants: Sequence[int] = ()) -> running.Feeds:
    """What is not a constant, by name."""
    return {f"x{i}": given for i, given in enumerate(inputs) if given is not None and i not in constants}


def run(op: str, inputs: Inputs, attributes: dict[str, Any] | None = None, **options: Any) -> Any:
    """What the runtime makes of one node; a list when `outputs` is given."""
    results = running.run(node_model(op, inputs, attributes, **options), feeds(inputs, options.get("constants", ())))[0]
    return results if "outputs" in options else results[0]


def check(
    op: str,
    inputs: Inputs,
    attributes: dict[str, Any] | None = None,
    *,
    oracle: Any = running.reference,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    **options: Any,
) -> None:
    """The runtime computes what the oracle (default: the onnx package's evaluator) computes."""
    given = feeds(inputs, options.get("constants", ()))
    running.check(node_model(op, inputs, attributes, **options), given, oracle=oracle, rtol=rtol, atol=atol)


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray[Any, Any]:
    """The same numbers in f32 every time."""
    return np.random.default_rng(list(shape) or 0).uniform(low, high, shape).astype(np.float32)
