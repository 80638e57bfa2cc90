"""Converting TensorFlow models, running the emitted files, and comparing with TensorFlow's own results."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import mo_core
from mo_core.ir import types as t

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

Array = np.ndarray[Any, Any]
Feeds = Mapping[str, Any]
Shapes = Mapping[str, Sequence[int | None] | None]


def tf() -> Any:
    """TensorFlow, imported when a test needs it."""
    import tensorflow

    return tensorflow


class Frozen:
    """A frozen graph that `build` makes: it gets a placeholder for each of `feeds`, and returns its outputs.

    Args:
        shapes: what placeholders state in the place of the shape of their feed (None: nothing).

    Attributes:
        graph: the GraphDef; feeds; wants: TensorFlow's results by the names of the outputs.
    """

    def __init__(
        self, build: Callable[..., Any], feeds: Feeds, shapes: Shapes | None = None, v2_control: bool = False
    ) -> None:
        v1 = tf().compat.v1
        (v1.enable_control_flow_v2 if v2_control else v1.disable_control_flow_v2)()
        self.feeds = {k: np.asarray(v) for k, v in feeds.items()}
        graph = tf().Graph()
        with graph.as_default():
            inputs = [v1.placeholder(v.dtype, (shapes or {}).get(k, v.shape), name=k) for k, v in self.feeds.items()]
            made = build(*inputs)
            outputs = list(made) if isinstance(made, (list, tuple)) else [made]
            with v1.Session(graph=graph) as session:
                results = session.run(outputs, {f"{k}:0": v for k, v in self.feeds.items()})
        self.graph = graph.as_graph_def()
        self.wants = {o.name: np.asarray(r) for o, r in zip(outputs, results)}

    @property
    def outputs(self) -> str:
        """The outputs, as `--output` takes them."""
        return ",".join(name.removesuffix(":0") for name in self.wants)


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def run(source: Any, feeds: Feeds, **options: Any) -> dict[str, Array]:
    """Results of the runtime by the first names of the outputs; the inferred types are checked on the way."""
    converted = mo_core.convert(source, **options)
    types = list(converted.outputs.values())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        read = _core().read_model(converted.save(Path(folder, "model.xml")))
    compiled = _core().compile_model(
        read,
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "INFERENCE_NUM_THREADS": 1},
    )
    request = compiled.create_infer_request()
    names = {n for port in compiled.inputs for n in port.get_names()}
    request.infer({k: np.asarray(v) for k, v in feeds.items() if k in names})
    tensors = [request.get_output_tensor(i) for i in range(len(types))]
    arrays = [
        np.array(x.str_data, object) if type_.element is t.string else np.array(x.data)
        for x, type_ in zip(tensors, types)
    ]
    for (name, type_), array in zip(converted.outputs.items(), arrays):
        assert fits(type_, array), f"{name} was inferred as {type_}, and it is {array.dtype}{list(array.shape)}"
    return dict(zip(converted.outputs, arrays))


def fits(type_: t.Type, array: Array) -> bool:
    """True when an array has the type that was inferred for it."""
    if type_.element.dtype is not None and type_.element.dtype != array.dtype:
        return False
    if type_.shape is None:
        return True
    if len(type_.shape) != array.ndim:
        return False
    return all(lo <= size <= hi for size, (lo, hi) in zip(array.shape, map(t.bounds, type_.shape)))


def check(
    build: Callable[..., Any],
    *,
    shapes: Shapes | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-5,
    v2_control: bool = False,
    **feeds: Any,
) -> None:
    """Convert the frozen graph that `build` makes, and compare every output with TensorFlow's."""
    model = Frozen(build, feeds, shapes, v2_control)
    got = run(model.graph, model.feeds, output=model.outputs)
    compare(list(got.values()), list(model.wants.values()), rtol, atol)


def compare(got: Sequence[Array], wanted: Sequence[Array], rtol: float = 1e-5, atol: float = 1e-5) -> None:
    """Results have the same number, shapes, element types and values."""
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        if b.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(a, b)


def random(*shape: int, seed: int = 0) -> Array:
    """Numbers around zero, f32."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
