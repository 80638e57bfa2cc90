"""One case: converted, saved, read by the runtime, run, and compared with the data that comes with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .cases import Case, Port

# Two units in the last place; the onnx package's own runner grants the same.
BFLOAT16_RTOL = 2**-6
CONFIG = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}

Converter = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Result:
    """`status` is "pass", or the step that failed: convert, read, ports, run, compare (crash, timeout: see workers)."""

    status: str
    detail: str = ""


class Mismatch(Exception):
    """The result is not what the case wants."""


def convert_with_mo(source: Path, xml: Path) -> None:
    import mo_core

    mo_core.convert(source).save(xml)


def convert_with_ovc(source: Path, xml: Path) -> None:
    """The baseline to compare with."""
    os.environ["CI"] = "true"  # its telemetry stays off there
    import openvino

    openvino.save_model(openvino.convert_model(source), xml, compress_to_fp16=False)


CONVERTERS: dict[str, Converter] = {"mo": convert_with_mo, "ovc": convert_with_ovc}


def check(case: Case, convert: Converter, core: Any) -> Result:
    """Run all data sets of the case. `core` is an openvino.Core, one a process."""
    step = "convert"
    try:
        with tempfile.TemporaryDirectory(prefix="mo-onnx-node-", ignore_cleanup_errors=True) as folder:
            source, xml = Path(folder, "model.onnx"), Path(folder, "ir", "model.xml")
            source.write_bytes(case.model)
            xml.parent.mkdir()
            convert(source, xml)
            step = "read"
            model = core.read_model(xml)
            for inputs, outputs in case.data_sets:
                step = "ports"
                feeds = list(_flat(inputs))
                wanted = list(_flat(outputs))
                _check_names("input", model.inputs, feeds)
                _check_names("output", model.outputs, wanted)
                step = "run"
                request = core.compile_model(model, "CPU", CONFIG).create_infer_request()
                request.infer({index: to_tensor(port.value) for index, port in enumerate(feeds)})
                results = [from_tensor(request.get_output_tensor(index)) for index in range(len(wanted))]
                step = "compare"
                for port, result in zip(wanted, results):
                    compare(port.name, result, port.value, case.rtol, case.atol)
    except Exception as error:
        return Result(step, f"{type(error).__name__}: {error}")
    return Result("pass")


def _flat(ports: list[Port]) -> Iterator[Port]:
    """A sequence is as many ports of the IR as it has elements; their names begin with the sequence's."""
    for port in ports:
        if isinstance(port.value, list):
            yield from _flat([Port(f"{port.name}*", item) for item in port.value])
        elif port.value is not None:
            yield port


def _check_names(kind: str, found: Any, wanted: list[Port]) -> None:
    names = [sorted(port.get_names()) for port in found]
    if len(names) != len(wanted):
        raise Mismatch(f"{len(names)} {kind}s {names}, wanted {[port.name for port in wanted]}")
    for port, given in zip(wanted, names):
        stem = port.name.rstrip("*")
        if not (any(name.startswith(stem) for name in given) if stem != port.name else stem in given):
            raise Mismatch(f"{kind} {port.name!r} is called {given}")


def to_tensor(array: Any) -> Any:
    """The runtime's tensor of an array, bit for bit; types below a byte are packed, the first element lowest."""
    import openvino

    if array.dtype.kind in "OUS":
        return openvino.Tensor(array.astype(str))
    element = _element_types().get(array.dtype.name)
    if element is None:
        raise TypeError(f"the runtime has no element type for {array.dtype.name}")
    if array.size == 0:
        return openvino.Tensor(element, openvino.Shape(array.shape))
    raw = np.ascontiguousarray(array).reshape(-1)
    raw = raw.view(np.uint8) if element.bitwidth >= 8 else _pack(raw.view(np.uint8), element.bitwidth)
    tensor = openvino.Tensor(element, openvino.Shape(array.shape))
    tensor.data.reshape(-1).view(np.uint8)[:] = raw
    return tensor


def from_tensor(tensor: Any) -> Any:
    """The array of a tensor of the runtime: ml_dtypes for what numpy has no type for, objects for strings."""
    element, shape = tensor.element_type, tuple(tensor.shape)
    if element.to_string() == "string":
        return np.asarray(tensor.str_data).astype(object)
    dtype = next((name for name, known in _element_types().items() if known == element), None)
    if dtype is None:
        raise TypeError(f"an output of type {element.to_string()}")
    raw = np.array(tensor.data).reshape(-1).view(np.uint8)
    count = int(np.prod(shape, dtype=np.int64))
    raw = raw if element.bitwidth >= 8 else _unpack(raw, element.bitwidth, count)
    return raw.view(_dtype(dtype)).reshape(shape)


def compare(name: str, got: Any, want: Any, rtol: float, atol: float) -> None:
    """Type and shape are the same; integers, booleans and strings are equal, the rest is within the tolerance."""
    if (got.dtype, got.shape) != (want.dtype, want.shape):
        raise Mismatch(f"{name} is {got.dtype}{list(got.shape)}, wanted {want.dtype}{list(want.shape)}")
    if want.dtype.kind in "OSUbiu":
        wrong = got != want
        far = ""
    else:
        rtol = max(rtol, BFLOAT16_RTOL) if want.dtype.name == "bfloat16" else rtol
        a, b = got.astype(np.float64), want.astype(np.float64)
        wrong = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        with np.errstate(invalid="ignore"):
            far = f", up to {np.max(np.abs(a - b), initial=0.0):.3g}"
    if np.any(wrong):
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f"{np.count_nonzero(wrong)} of {want.size}{far}; at {first}: {got[first]}, wanted {want[first]}"
        raise Mismatch(f"{name} differs in {where}")


def _element_types() -> dict[str, Any]:
    """numpy's and ml_dtypes' names to the runtime's element types."""
    from openvino import Type

    return {
        **{f"int{bits}": getattr(Type, f"i{bits}") for bits in (4, 8, 16, 32, 64)},
        **{f"uint{bits}": getattr(Type, f"u{bits}") for bits in (2, 4, 8, 16, 32, 64)},
        **{f"float{bits}": getattr(Type, f"f{bits}") for bits in (16, 32, 64)},
        "bool": Type.boolean,
        "bfloat16": Type.bf16,
        "float8_e4m3fn": Type.f8e4m3,
        "float8_e5m2": Type.f8e5m2,
        "float8_e8m0fnu": Type.f8e8m0,
        "float4_e2m1fn": Type.f4e2m1,
    }


def _dtype(name: str) -> Any:
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name, None) or name)


def _pack(values: Any, bits: int) -> Any:
    per_byte = 8 // bits
    padded = np.zeros(-(-values.size // per_byte) * per_byte, np.uint8)
    padded[: values.size] = values & (2**bits - 1)
    shifts = np.arange(per_byte, dtype=np.uint8) * bits
    return np.bitwise_or.reduce(padded.reshape(-1, per_byte) << shifts, axis=1).astype(np.uint8)


def _unpack(raw: Any, bits: int, count: int) -> Any:
    shifts = np.arange(8 // bits, dtype=np.uint8) * bits
    return ((raw[:, None] >> shifts) & (2**bits - 1)).reshape(-1)[:count].astype(np.uint8)
