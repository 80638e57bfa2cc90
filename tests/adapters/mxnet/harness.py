"""Small MXNet networks: written as files, run through the emitted IR, and through MXNet itself in its own environment."""

from __future__ import annotations

import atexit
import io
import json
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mo_core
from mo_core.ir.tensor import Array as Tensor
from mo_mxnet.params import write_params

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".cache" / "mxnet-env" / "bin" / "python"
REASON = ROOT / ".cache" / "mxnet-env.txt"

Array = np.ndarray[Any, Any]
Feeds = Mapping[str, Any]


def values(*shape: int, seed: int = 0) -> Array:
    """Normally distributed numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def positive(*shape: int, seed: int = 0) -> Array:
    """Numbers from 0.5 to 1.5."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, size=shape).astype(np.float32)


def integers(low: int, high: int, *shape: int, seed: int = 0, dtype: Any = np.float32) -> Array:
    """Whole numbers from `low` to below `high`."""
    return np.random.default_rng(seed).integers(low, high, size=shape).astype(dtype)


# -- networks


class Net:
    """A symbol under construction: variables and operators give references that operators take."""

    def __init__(self, version: int = 10901, numpy: bool = False) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.heads: list[tuple[int, int]] = []
        self.version, self.numpy = version, numpy

    def var(self, name: str, **attributes: Any) -> tuple[int, int]:
        """A variable; its attributes get their double underscores here."""
        return self._add("null", name, [], {f"__{k}__": str(v) for k, v in attributes.items()}, ())

    def op(
        self, op: str, *inputs: tuple[int, int], name: str = "", subgraphs: Sequence[Any] = (), **attributes: Any
    ) -> tuple[int, int]:
        """An operator; gives its first output."""
        texts = {k: str(v) for k, v in attributes.items() if v is not ...}
        return self._add(op, name or f"{op.strip('_').lower()}{len(self.nodes)}", inputs, texts, subgraphs)

    def _add(self, op: str, name: str, inputs: Any, attributes: dict[str, str], subgraphs: Any) -> tuple[int, int]:
        node: dict[str, Any] = {"op": op, "name": name, "inputs": [[*i, 0] for i in inputs]}
        if attributes:
            node["attrs"] = attributes
        if subgraphs:
            node["subgraphs"] = [json.loads(s.json()) for s in subgraphs]
        self.nodes.append(node)
        return len(self.nodes) - 1, 0

    def output(self, *heads: tuple[int, int]) -> Net:
        """These are the outputs."""
        self.heads += heads
        return self

    def json(self) -> str:
        """As MXNet saves it."""
        attributes: dict[str, Any] = {"mxnet_version": ["int", self.version]}
        if self.numpy:
            attributes["is_np_shape"] = ["int", 1]
        return json.dumps(
            {
                "nodes": self.nodes,
                "arg_nodes": [i for i, n in enumerate(self.nodes) if n["op"] == "null"],
                "node_row_ptr": list(range(len(self.nodes) + 1)),
                "heads": [[*h, 0] for h in self.heads or [(len(self.nodes) - 1, 0)]],
                "attrs": attributes,
            }
        )


def one_op(
    op: str, feeds: Feeds, params: Feeds | None = None, *, outputs: int = 1, numpy: bool = False, **attributes: Any
) -> Net:
    """A network of one operator, whose inputs are the feeds and then the parameters."""
    net = Net(numpy=numpy)
    inputs = [net.var(name) for name in (*feeds, *(params or {}))]
    place, _ = net.op(op, *inputs, name="y", **attributes)
    return net.output(*((place, i) for i in range(outputs)))


def write(folder: Path, net: Net | str, params: Feeds | None = None, stem: str = "net") -> Path:
    """The files of a network; returns the path of the model."""
    text = net if isinstance(net, str) else net.json()
    (folder / f"{stem}-symbol.json").write_text(text, encoding="utf-8")
    path = folder / f"{stem}-0000.params"
    write_params(path, {f"arg:{k}": Tensor(np.asarray(v)) for k, v in (params or {}).items()})
    return path


# -- the runtime


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def inputs_option(feeds: Feeds, dynamic: bool = False) -> dict[str, Any]:
    """`--input` for these feeds: names, shapes and types."""
    names = {np.dtype(np.float32): "f32", np.dtype(np.float16): "f16", np.dtype(np.float64): "f64"}
    found = []
    for name, array in feeds.items():
        dims = ",".join("?" if dynamic else str(d) for d in np.shape(array))
        dtype = np.asarray(array).dtype
        kind = names.get(dtype, {"b": "boolean", "i": "i", "u": "u"}[dtype.kind] if dtype.kind in "biu" else "")
        kind = kind if dtype.kind not in "iu" else f"{kind}{dtype.itemsize * 8}"
        found.append(f"{name}[{dims}]{{{kind}}}")
    return {"input": ",".join(found)}


def run_model(model: mo_core.Model, *feeds: Feeds) -> list[list[Array]]:
    """Results of the emitted files, for each of `feeds`; the inferred types are checked on the way."""
    model.graph.verify()
    types = [output.source.type for output in model.graph.outputs]  # their names may be the same
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        read = _core().read_model(model.save(Path(folder, "model.xml")))
    compiled = _core().compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
    names = set(model.inputs)
    results = []
    for given in feeds:
        request = compiled.create_infer_request()
        request.infer({k: np.asarray(v) for k, v in given.items() if k in names})
        arrays = [np.array(request.get_output_tensor(i).data) for i in range(len(types))]
        for type_, array in zip(types, arrays):
            assert type_.element.dtype in (None, array.dtype), f"inferred {type_}, computed {array.dtype}"
            if type_.shape is not None:
                assert len(type_.shape) == array.ndim, f"inferred {type_}, computed {array.shape}"
                assert all(not isinstance(d, int) or d == n for d, n in zip(type_.shape, array.shape))
        results.append(arrays)
    return results


def convert(net: Net | str, params: Feeds | None = None, **options: Any) -> mo_core.Model:
    """The converted network, from files."""
    with tempfile.TemporaryDirectory() as folder:
        return mo_core.convert(write(Path(folder), net, params), **options)


def run(
    net: Net | str, feeds: Feeds, params: Feeds | None = None, dynamic: bool = False, **options: Any
) -> list[Array]:
    """Results of the emitted files of a network; `dynamic` converts it with unknown dimensions."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), net, params)
        model = mo_core.convert(path, **{**inputs_option(feeds, dynamic), **options} if feeds else options)
        return run_model(model, feeds)[0]


# -- MXNet


class Worker:
    """The process that has MXNet."""

    def __init__(self) -> None:
        command = [str(PYTHON), str(Path(__file__).with_name("worker.py"))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        atexit.register(self._process.kill)

    def ask(self, request: Mapping[str, Any], arrays: Feeds) -> tuple[dict[str, Any], dict[str, Array]]:
        """The answer to a request; raises RuntimeError with what MXNet says."""
        buffer = io.BytesIO()
        np.savez(buffer, **{k: np.asarray(v) for k, v in arrays.items()})
        body = json.dumps(request).encode() + b"\n" + buffer.getvalue()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(struct.pack("<Q", len(body)) + body)
        self._process.stdin.flush()
        head = self._process.stdout.read(8)
        if len(head) < 8:
            worker.cache_clear()
            raise RuntimeError("MXNet crashed")
        text, _, archive = self._process.stdout.read(struct.unpack("<Q", head)[0]).partition(b"\n")
        answer = json.loads(text)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer, dict(np.load(io.BytesIO(archive)))


@cache
def worker() -> Worker:
    """The process, started when it is first needed; the test is skipped where there is no environment for it."""
    if not PYTHON.exists():
        reason = REASON.read_text().strip() if REASON.exists() else "make it with `python tools/mxnet_env.py`"
        pytest.skip(f"no environment with MXNet: {reason}")
    return Worker()


def mxnet(net: Net | str, feeds: Feeds, params: Feeds | None = None) -> list[Array]:
    """Results of MXNet."""
    numpy = isinstance(net, Net) and net.numpy
    text = net if isinstance(net, str) else net.json()
    _, outputs = worker().ask({"symbol": text, "numpy": numpy}, {**feeds, **(params or {})})
    return [outputs[str(i)] for i in range(len(outputs))]


def script(code: str, **arrays: Any) -> tuple[dict[str, Any], dict[str, Array]]:
    """Run a script in the environment; gives its `answer` and `outputs`."""
    return worker().ask({"script": code}, arrays)


def assert_close(got: Sequence[Array], want: Sequence[Array], rtol: float = 1e-5, atol: float = 0.0) -> None:
    """Equal types and shapes, and no number further off than `rtol` of the largest one."""
    assert len(got) == len(want), f"{len(got)} outputs, and {len(want)} are expected"
    for i, (a, b) in enumerate(zip(got, want)):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), f"output {i}: {a.dtype}{a.shape}, not {b.dtype}{b.shape}"
        if b.dtype.kind in "biu":
            np.testing.assert_array_equal(a, b)
            continue
        finite = np.abs(b[np.isfinite(b)].astype(np.float64))
        scale = max(finite.max(initial=0.0), 1e-30)
        np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), rtol=0, atol=rtol * scale + atol)


def check(
    net: Net | str,
    feeds: Feeds,
    params: Feeds | None = None,
    *,
    rtol: float = 1e-5,
    atol: float = 0.0,
    dynamic: bool = True,
    **options: Any,
) -> None:
    """The emitted files compute what MXNet computes, with known and with unknown dimensions of the inputs."""
    want = mxnet(net, feeds, params)
    assert_close(run(net, feeds, params, **options), want, rtol, atol)
    if dynamic and feeds:
        assert_close(run(net, feeds, params, dynamic=True, **options), want, rtol, atol)


def check_op(
    op: str,
    feeds: Feeds,
    params: Feeds | None = None,
    *,
    outputs: int = 1,
    numpy: bool = False,
    rtol: float = 1e-5,
    atol: float = 0.0,
    dynamic: bool = True,
    **attributes: Any,
) -> None:
    """`check` of a network of one operator."""
    net = one_op(op, feeds, params, outputs=outputs, numpy=numpy, **attributes)
    check(net, feeds, params, rtol=rtol, atol=atol, dynamic=dynamic)
