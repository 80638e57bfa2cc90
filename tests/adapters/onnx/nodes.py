"""Models of one node, converted, saved, and run on the runtime beside the reference."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

import mo_core

CONFIG = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}


@cache
def core() -> Any:
    import openvino

    return openvino.Core()


def model_of(
    op: str,
    inputs: Sequence[np.ndarray | None],
    attributes: dict[str, Any] | None = None,
    *,
    opset: int,
    domain: str = "",
    outputs: int = 1,
    dynamic: Sequence[int] = (),
    constants: Sequence[int] = (),
) -> onnx.ModelProto:
    """A model of one node; inputs listed in `constants` are initializers, those in `dynamic` have no known dimension."""
    names = [f"x{i}" if value is not None else "" for i, value in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, domain=domain, **(attributes or {}))
    infos, initializers = [], []
    for i, value in enumerate(inputs):
        if value is None:
            continue
        if i in constants:
            initializers.append(numpy_helper.from_array(value, names[i]))
            continue
        shape = [f"{names[i]}_{axis}" for axis in range(value.ndim)] if i in dynamic else value.shape
        infos.append(helper.make_tensor_value_info(names[i], helper.np_dtype_to_tensor_dtype(value.dtype), shape))
    wanted = [onnx.ValueInfoProto(name=name) for name in results]
    graph = helper.make_graph([node], op, infos, wanted, initializers)
    imports = [helper.make_opsetid("", opset if not domain else 17)]
    if domain:
        imports.append(helper.make_opsetid(domain, opset))
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def convert_and_run(model: onnx.ModelProto, feeds: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of the runtime, from the emitted files."""
    with tempfile.TemporaryDirectory(prefix="mo-onnx-", ignore_cleanup_errors=True) as folder:
        xml = Path(folder, "model.xml")
        mo_core.convert(model).save(xml)
        results = core().compile_model(core().read_model(xml), "CPU", CONFIG)(list(feeds))
        return [np.array(results[i]) for i in range(len(results))]


def run(op: str, inputs: Sequence[np.ndarray | None], attributes: dict[str, Any] | None = None, **options: Any) -> Any:
    """The result of one node (a list of them when `outputs` is given)."""
    model = model_of(op, inputs, attributes, **options)
    constants = options.get("constants", ())
    feeds = [value for i, value in enumerate(inputs) if value is not None and i not in constants]
    results = convert_and_run(model, feeds)
    return results if "outputs" in options else results[0]


def reference(model: onnx.ModelProto, feeds: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of the onnx package's own evaluator."""
    from onnx.reference import ReferenceEvaluator

    given = dict(zip([info.name for info in model.graph.input], feeds))
    return [np.asarray(r) for r in ReferenceEvaluator(model).run(None, given)]


def check(
    op: str,
    inputs: Sequence[np.ndarray | None],
    attributes: dict[str, Any] | None = None,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    **options: Any,
) -> None:
    """The runtime computes what the reference does: types, shapes and numbers."""
    model = model_of(op, inputs, attributes, **options)
    constants = options.get("constants", ())
    feeds = [value for i, value in enumerate(inputs) if value is not None and i not in constants]
    for got, want in zip(convert_and_run(model, feeds), reference(model, feeds), strict=True):
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """The same numbers in f32 every time."""
    return np.random.default_rng(list(shape) or 0).uniform(low, high, shape).astype(np.float32)
