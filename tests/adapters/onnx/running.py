"""Converting ONNX models, running the emitted files, and comparing with ONNX Runtime or the reference evaluator."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

import mo_core
from mo_core.ir import types as t

Feeds = Mapping[str, Any]

ELEMENTS = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.int32): TensorProto.INT32,
    np.dtype(np.int16): TensorProto.INT16,
    np.dtype(np.int8): TensorProto.INT8,
    np.dtype(np.uint8): TensorProto.UINT8,
    np.dtype(np.uint16): TensorProto.UINT16,
    np.dtype(np.bool_): TensorProto.BOOL,
}


def value(name: str, dtype: Any = np.float32, shape: Sequence[int | str | None] | None = ()) -> Any:
    """A ValueInfoProto; texts are symbolic dimensions."""
    return helper.make_tensor_value_info(name, ELEMENTS[np.dtype(dtype)], shape)


def model(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[str | Any],
    constants: Feeds | None = None,
    opset: int = 17,
    domains: Mapping[str, int] | None = None,
) -> ModelProto:
    """A model of these nodes; outputs given by name have no stated type."""
    infos = [o if not isinstance(o, str) else helper.make_empty_tensor_value_info(o) for o in outputs]
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    graph = helper.make_graph(list(nodes), "test", list(inputs), infos, initializers)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in (domains or {}).items())]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def one_node(
    op: str,
    feeds: Feeds,
    constants: Feeds | None = None,
    *,
    inputs: Sequence[str] | None = None,
    outputs: int = 1,
    domain: str = "",
    opset: int = 17,
    version: int = 1,
    dynamic: bool = False,
    given: Mapping[str, Any] | None = None,
    **attributes: Any,
) -> ModelProto:
    """A model of one node whose inputs are `feeds` and `constants` in the order of `inputs` ("" leaves one out).

    `given`: attributes whose names are those of parameters.
    """
    constants = constants or {}
    names = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(
        op, list(inputs or [*feeds, *constants]), names, domain=domain, **(given or {}), **attributes
    )
    infos = [
        value(k, np.asarray(v).dtype, [f"{k}{i}" for i in range(np.ndim(v))] if dynamic else np.shape(v))
        for k, v in feeds.items()
    ]
    return model([node], infos, names, constants, opset, {domain: version} if domain else None)


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def run(source: Any, *feeds: Feeds, **options: Any) -> list[list[np.ndarray[Any, Any]]]:
    """Results of the runtime for each of `feeds`; the inferred types of the outputs are checked on the way."""
    converted = mo_core.convert(source, **options)
    types = list(converted.outputs.values())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        xml = converted.save(Path(folder, "model.xml"))
        read = _core().read_model(xml)
    compiled = _core().compile_model(
        read,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,  # else the plug-in quantises what meets compressed weights
            "INFERENCE_NUM_THREADS": 1,
        },
    )
    results = []
    for inputs in feeds:
        request = compiled.create_infer_request()
        request.infer({k: np.asarray(v) for k, v in inputs.items()})
        arrays = [np.array(request.get_output_tensor(i).data) for i in range(len(types))]
        for (name, type_), array in zip(converted.outputs.items(), arrays):
            assert fits(type_, array), f"{name} was inferred as {type_}, and it is {array.dtype}{list(array.shape)}"
        results.append(arrays)
    return results


def fits(type_: t.Type, array: np.ndarray[Any, Any]) -> bool:
    """True when an array has the type that was inferred for it."""
    if type_.element.dtype is not None and type_.element.dtype != array.dtype:
        return False
    if type_.shape is None:
        return True
    if len(type_.shape) != array.ndim:
        return False
    return all(lo <= size <= hi for size, (lo, hi) in zip(array.shape, map(t.bounds, type_.shape)))


def onnxruntime(source: ModelProto, feeds: Feeds, *, optimize: bool = False) -> list[np.ndarray[Any, Any]]:
    """Results of ONNX Runtime."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(source.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(feeds)))


def reference(source: ModelProto, feeds: Feeds) -> list[Any]:
    """Results of the onnx package's evaluator."""
    from onnx.reference import ReferenceEvaluator

    return list(ReferenceEvaluator(source).run(None, dict(feeds)))


def check(
    source: ModelProto,
    *feeds: Feeds,
    oracle: Any = onnxruntime,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    steps: int = 0,
    **options: Any,
) -> None:
    """The emitted files compute what the oracle computes, for each of `feeds`.

    `steps`: by how much integer results may differ (a quantised value on the edge between two steps).
    """
    for inputs, results in zip(feeds, run(source, *feeds, **options)):
        wanted = oracle(source, inputs)
        assert len(results) == len(wanted)
        for got, want in zip(results, map(np.asarray, wanted)):
            assert (got.dtype, got.shape) == (want.dtype, want.shape)
            if want.dtype.kind in "iu":
                assert np.max(np.abs(got.astype(np.int64) - want.astype(np.int64)), initial=0) <= steps
            else:
                np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
