"""ONNX's codes of element types (`TensorProto.DataType`) and the element types they mean."""

from __future__ import annotations

from mo_core import types as t
from mo_core.errors import ModelError, Unsupported
from mo_core.types import ElementType

ELEMENTS: dict[int, ElementType] = {
    1: t.f32, 2: t.u8, 3: t.i8, 4: t.u16, 5: t.i16, 6: t.i32, 7: t.i64, 8: t.string, 9: t.boolean, 10: t.f16,
    11: t.f64, 12: t.u32, 13: t.u64, 16: t.bf16, 17: t.f8e4m3, 19: t.f8e5m2, 21: t.u4, 22: t.i4, 23: t.f4e2m1,
    24: t.f8e8m0, 25: t.u2,
}  # fmt: skip

BEYOND = {
    14: "complex64", 15: "complex128", 18: "float8e4m3fnuz", 20: "float8e5m2fnuz", 26: "int2", 27: "float6e2m3",
    28: "float6e3m2",
}  # fmt: skip
"""Types that ONNX has and the runtime has not."""


def element_of(code: int) -> ElementType:
    """The element type of a code; raises Unsupported for one the runtime lacks, ModelError for one ONNX lacks."""
    if code in BEYOND:
        raise Unsupported(f"the runtime has no element type {BEYOND[code]}", "Cast to another type in the model.")
    if code not in ELEMENTS:
        raise ModelError(f"{code} is not the code of an element type", "Export the model again.")
    return ELEMENTS[code]
