"""Resize and Upsample: the runtime's Interpolate where it has the mode, else products with matrices of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mo_core.build import (
    arange,
    constant_like,
    convert_like,
    dim_of,
    dims_of,
    gather,
    ints,
    known_ints,
    move_axis,
    reshape_to,
    take,
    to_element,
    unsqueeze,
)
from mo_core.build.resize import resized, scaled
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axes, same_dim
from mo_core.ops import (
    Abs,
    Add,
    Ceiling,
    Convert,
    Divide,
    Equal,
    Floor,
    Gather,
    Greater,
    GreaterEqual,
    Less,
    LogicalAnd,
    LogicalOr,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    Range,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Select,
    Subtract,
)
from mo_onnx.registry import onnx_op

NATIVE_COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners")
NATIVE_MODES = {"nearest": "nearest", "linear": "linear_onnx", "cubic": "cubic"}


@dataclass(frozen=True)
class Method:
    """How elements of the result are computed from those of the input."""

    mode: str
    coordinates: str
    nearest: str = "round_prefer_floor"
    cubic_a: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False
    extrapolation: float = 0.0

    @property
    def is_native(self) -> bool:
        """True when the runtime's Interpolate computes the same."""
        return self.coordinates in NATIVE_COORDINATES and (
            self.mode == "nearest" or (not self.antialias and not self.exclude_outside)
        )


@onnx_op("Upsample")
def upsample_1(x: Value, *, height_scale: float, width_scale: float, mode: str = "nearest") -> Value:
    return by_scales(x, [2, 3], constant([height_scale, width_scale], t.f32), before_opset_11(mode))


@onnx_op("Upsample", since=7)
def upsample_7(x: Value, *, scales: Sequence[float], mode: str = "nearest") -> Value:
    return by_scales(x, range(len(scales)), constant(list(scales), t.f32), before_opset_11(mode))


@onnx_op("Upsample", since=9)
@onnx_op("Resize", since=10)
def resize_10(x: Value, scales: Value, *, mode: str = "nearest") -> Value:
    return by_scales(x, range(x.rank), scales, before_opset_11(mode))


def before_opset_11(mode: str) -> Method:
    """Corners meet corners, and the nearest element is the one before (when shrinking: behind)."""
    return Method({"bilinear": "linear"}.get(mode, mode), "asymmetric", nearest="simple")


@onnx_op("Resize", since=11)
def resize(
    x: Value,
    roi: Value | None = None,
    scales: Value | None = None,
    sizes: Value | None = None,
    *,
    antialias: int = 0,
    axes: Sequence[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Value:
    method = Method(
        mode,
        coordinate_transformation_mode,
        nearest_mode,
        cubic_coeff_a,
        bool(antialias),
        bool(exclude_outside),
        extrapolation_value,
    )
    if method.coordinates == "tf_half_pixel_for_nn":  # in opset 11 only; for the nearest element it is this one
        method = Method(mode, "tf_half_pixel_for_nn", nearest_mode)
    along = normalize_axes(range(x.rank) if axes is None else axes, x.rank)
    scales, sizes = _given(scales), _given(sizes)
    if scales is None and sizes is None:
        raise ModelError("Resize has neither scales nor sizes, and needs one of them")
    for counts in (scales, sizes):
        if counts is not None and counts.is_static and counts.shape != (len(along),):
            raise ModelError(f"Resize of {len(along)} axes has {t.format_shape(counts.shape)} scales or sizes")
    if sizes is not None:  # exporters of opset 11 and 12 give scales beside them, which do not count then
        return by_sizes(x, along, sizes, method, roi, keep_aspect_ratio_policy)
    assert scales is not None
    return by_scales(x, along, scales, method, roi)


def _given(v: Value | None) -> Value | None:
    """Inputs that are not meant come as empty tensors in older models."""
    return None if v is None or v.shape == (0,) else v


# -- by the runtime's operation


def by_scales(x: Value, axes: Sequence[int], scales: Value, method: Method, roi: Value | None = None) -> Value:
    """Resize by factors, of which there is one for each of the axes."""
    scales = to_element(scales, t.f32)
    if method.is_native or method.coordinates == "tf_half_pixel_for_nn":
        known = scales.const
        kept = [i for i in range(len(axes)) if known is None or known.reshape(-1)[i] != 1]
        return _interpolated(x, axes, scales, kept, method, "scales")
    factors = [take(scales, i, 0) for i in range(len(axes))]
    lengths = [Convert(Floor(Multiply(f, _dim(x, a))), destination_type=t.i64) for f, a in zip(factors, axes)]
    return resampled(x, axes, factors, lengths, method, roi)


def by_sizes(
    x: Value, axes: Sequence[int], sizes: Value, method: Method, roi: Value | None = None, policy: str = "stretch"
) -> Value:
    """Resize to lengths, of which there is one for each of the axes."""
    if policy == "stretch" and method.is_native:
        kept = [i for i, a in enumerate(axes) if not _keeps(x, a, sizes, i)]
        return _interpolated(x, axes, sizes, kept, method, "sizes")
    each = Divide(to_element(sizes, t.f32), to_element(dims_of(x, axes), t.f32))
    if policy == "stretch":
        factors = [take(each, i, 0) for i in range(len(axes))]
        return resampled(x, axes, factors, [take(sizes, i, 0) for i in range(len(axes))], method, roi)
    if policy not in ("not_larger", "not_smaller"):
        raise ModelError(f'keep_aspect_ratio_policy is "{policy}", which is none of stretch, not_larger, not_smaller')
    one = (ReduceMin if policy == "not_larger" else ReduceMax)(each, ints([0]), keep_dims=False)
    lengths = [Convert(Floor(Add(Multiply(one, _dim(x, a)), 0.5)), destination_type=t.i64) for a in axes]
    return resampled(x, axes, [one] * len(axes), lengths, method, roi)


def _keeps(x: Value, axis: int, sizes: Value, index: int) -> bool:
    """True when the new size is known to be the old one."""
    known = sizes.known if sizes.known is not None else sizes.const
    return (
        known is not None
        and known.reshape(-1)[index] is not None
        and same_dim(x.dims[axis], _plain(known.reshape(-1)[index]))
    )


def _plain(number: object) -> t.Dim:
    return int(number) if isinstance(number, (int, np.integer)) else number  # type: ignore[return-value]


def _interpolated(
    x: Value, axes: Sequence[int], numbers: Value, kept: Sequence[int], method: Method, what: str
) -> Value:
    if not kept:
        return x
    if method.mode not in NATIVE_MODES:
        raise ModelError(f'the mode of Resize is "{method.mode}", which is none of nearest, linear, cubic')
    if len(kept) < len(axes):
        numbers = gather(numbers, list(kept), 0)
    data = x if x.element.is_real or method.mode == "nearest" else to_element(x, t.f32)
    compute = resized if what == "sizes" else scaled
    y = compute(
        data,
        numbers,
        [axes[i] for i in kept],
        mode=NATIVE_MODES[method.mode],
        coordinates=method.coordinates,
        nearest=method.nearest,
        cubic=method.cubic_a,
    )
    return convert_like(y, x)


# -- by weights


def _dim(x: Value, axis: int) -> Value:
    return to_element(dim_of(x, axis), t.f32)


def resampled(
    x: Value, axes: Sequence[int], factors: Sequence[Value], lengths: Sequence[Value], method: Method, roi: Value | None
) -> Value:
    """Resize one axis after the other; `factors` (f32) and `lengths` (i64) are scalars."""
    y = x if x.element.is_real or method.mode == "nearest" else to_element(x, t.f32)
    for i, (axis, factor, length) in enumerate(zip(axes, factors, lengths)):
        ends = None
        if method.coordinates == "tf_crop_and_resize":
            if roi is None:
                raise ModelError("Resize with tf_crop_and_resize needs roi")
            ends = (to_element(take(roi, i, 0), t.f32), to_element(take(roi, i + len(axes), 0), t.f32))
        if _is_identity(y, axis, factor, length, ends):
            continue
        y = _along(y, axis, factor, length, ends, method)
    return convert_like(y, x)


def _is_identity(x: Value, axis: int, factor: Value, length: Value, ends: tuple[Value, Value] | None) -> bool:
    if known_ints(length) != (x.dims[axis],) or factor.const is None or factor.const != 1:
        return False
    return ends is None or (ends[0].const == 0 and ends[1].const == 1)


def _along(
    x: Value, axis: int, factor: Value, length: Value, ends: tuple[Value, Value] | None, method: Method
) -> Value:
    places = source_places(_dim(x, axis), factor, length, ends, method.coordinates)
    if method.mode == "nearest":
        y: Value = gather(x, _within(nearest_index(places, method.nearest), x, axis), axis)
    else:
        y = _weighted(x, axis, places, factor, method)
    if ends is None:
        return y
    outside = LogicalOr(Less(places, 0.0), Greater(places, Subtract(_dim(x, axis), 1.0)))
    shape = [-1 if a == axis else 1 for a in range(x.rank)]
    return Select(reshape_to(outside, shape), constant_like(y, method.extrapolation), y)


def source_places(
    size: Value, factor: Value, length: Value, ends: tuple[Value, Value] | None, coordinates: str
) -> Value:
    """Where in the input the elements of an axis of the result come from, f32; `size` is the length of the input."""
    steps = arange(length, t.f32)
    whole = to_element(length, t.f32)
    single = Equal(whole, 1.0)
    last = Subtract(size, 1.0)
    if coordinates == "align_corners":
        return Select(single, Multiply(steps, 0.0), Divide(Multiply(steps, last), Subtract(whole, 1.0)))
    if coordinates == "asymmetric":
        return Divide(steps, factor)
    if coordinates == "tf_crop_and_resize" and ends is not None:
        start, reach = Multiply(ends[0], last), Multiply(Subtract(ends[1], ends[0]), last)
        spread = Divide(Multiply(steps, reach), Subtract(whole, 1.0))
        return Add(Select(single, Add(Multiply(steps, 0.0), Multiply(reach, 0.5)), spread), start)
    centred = Subtract(Divide(Add(steps, 0.5), factor), 0.5)
    if coordinates == "half_pixel":
        return centred
    if coordinates == "pytorch_half_pixel":
        return Select(single, Multiply(steps, 0.0), centred)
    if coordinates == "half_pixel_symmetric":
        rounding = Divide(whole, Multiply(factor, size))
        return Add(centred, Multiply(Multiply(size, 0.5), Subtract(constant(1.0, t.f32), rounding)))
    raise ModelError(f'coordinate_transformation_mode of Resize is "{coordinates}", which is not known')


def nearest_index(places: Value, how: str) -> Value:
    """Places as whole numbers, still f32."""
    if how == "round_prefer_floor":
        return Ceiling(Subtract(places, 0.5))
    if how == "round_prefer_ceil":
        return Floor(Add(places, 0.5))
    if how == "floor":
        return Floor(places)
    if how == "ceil":
        return Ceiling(places)
    raise ModelError(f'nearest_mode of Resize is "{how}", which is not known')


def _within(index: Value, x: Value, axis: int) -> Value:
    """Indices as i64, moved to the nearest end where they are outside of the axis."""
    last = Subtract(dim_of(x, axis), 1)
    return Minimum(Maximum(Convert(index, destination_type=t.i64), 0), last)


def _weighted(x: Value, axis: int, places: Value, factor: Value, method: Method) -> Value:
    """A product with the matrix of weights that each element of the result has for those of the axis.

    The axis is continued at both ends with what lies there, as far as the kernel reaches.
    """
    support, kernel = (1.0, _tent) if method.mode == "linear" else (2.0, _cubic)
    shrink = Minimum(factor, 1.0) if method.antialias else constant(1.0, t.f32)
    reach = Add(Ceiling(Divide(constant(support, t.f32), shrink)), 1.0)
    size = _dim(x, axis)
    index = Range(Multiply(reach, -1.0), Add(size, reach), constant(1.0, t.f32), output_type=t.f32)
    distance = Multiply(Abs(Subtract(index, unsqueeze(places, 1))), shrink)
    weights = kernel(distance, method.cubic_a)
    if method.exclude_outside:
        inside = LogicalAnd(GreaterEqual(index, 0.0), Less(index, size))
        weights = Select(inside, weights, constant(0.0, t.f32))
    if method.exclude_outside or method.antialias:
        weights = Divide(weights, ReduceSum(weights, ints([1]), keep_dims=True))
    continued = Gather(x, _within(index, x, axis), constant(axis, t.i64))
    y = MatMul(move_axis(continued, axis, -1), convert_like(weights, x), transpose_b=True)
    return move_axis(y, -1, axis)


def _tent(distance: Value, _: float) -> Value:
    return Maximum(Subtract(constant(1.0, t.f32), distance), 0.0)


def _cubic(distance: Value, a: float) -> Value:
    """Keys' kernel: one polynomial up to 1, another up to 2, zero beyond."""
    d = distance
    square = Multiply(d, d)
    near = Add(Multiply(Subtract(Multiply(d, a + 2), a + 3), square), 1.0)
    far = Subtract(Multiply(Add(Multiply(Subtract(Multiply(d, a), 5 * a), d), 8 * a), d), 4 * a)
    return Select(Less(d, 1.0), near, Select(Less(d, 2.0), far, constant(0.0, t.f32)))
