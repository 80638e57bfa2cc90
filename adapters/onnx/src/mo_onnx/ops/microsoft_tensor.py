"""ONNX Runtime's own domain: what moves and makes elements, transforms and crops."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    arange,
    as_i64,
    concat,
    constant_like,
    convert_like,
    dim_of,
    dim_size,
    gather,
    integer,
    ints,
    known_ints,
    permute,
    reshape_to,
    scalar,
    slice_axis,
    to_element,
    unsqueeze,
)
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axis
from mo_core.ops import (
    IRDFT,
    RDFT,
    Add,
    Cos,
    CumSum,
    Equal,
    Gather,
    Greater,
    GreaterEqual,
    GridSample,
    IsFinite,
    IsInf,
    IsNaN,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    Maximum,
    Minimum,
    Multiply,
    Range,
    ReduceLogicalAnd,
    ReduceMin,
    ReduceSum,
    Select,
    Sin,
    Subtract,
    Unsqueeze,
)
from mo_onnx.ops.gather import gather_nd
from mo_onnx.ops.tensor import pad, trilu, unique
from mo_onnx.registry import onnx_op

DOMAIN = "com.microsoft"


@onnx_op("Trilu", DOMAIN)
def trilu_(x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    return trilu(x, k, upper=upper)


@onnx_op("Pad", DOMAIN)
def pad_(x: Value, pads: Value, number: Value | None = None, *, mode: str = "constant") -> Value:
    return pad(x, reshape_to(pads, [-1]), number, mode=mode)


@onnx_op("Unique", DOMAIN)
def unique_(x: Value) -> Sequence[Value]:
    """In the order of their first occurrence; with the places of all in there, and counts."""
    values, _, places, counts = unique(x, sorted=0)
    return [values, places, counts]


@onnx_op("ExpandDims", DOMAIN)
def expand_dims(x: Value, axis: Value) -> Value:
    return Unsqueeze(x, reshape_to(as_i64(axis), [1]))


@onnx_op("GatherND", DOMAIN)
def gather_nd_(x: Value, indices: Value) -> Value:
    return gather_nd(x, indices)


@onnx_op("GridSample", DOMAIN)
def grid_sample(
    x: Value, grid: Value, *, align_corners: int = 0, mode: str = "bilinear", padding_mode: str = "zeros"
) -> Value:
    return GridSample(x, grid, align_corners=bool(align_corners), mode=mode, padding_mode=padding_mode)


@onnx_op("Range", DOMAIN)
def range_(start: Value, limit: Value, delta: Value | None = None) -> Value:
    step = constant(1, start.element) if delta is None else scalar(delta)
    return Range(scalar(start), scalar(limit), step, output_type=start.element)


@onnx_op("UnfoldTensor", DOMAIN)
def unfold_tensor(x: Value, *, size: int, dim: int = -1, step: int = 1) -> Value:
    """Windows along an axis, their elements in a new last one."""
    axis = normalize_axis(dim, x.rank)
    length = dim_size(x, axis)
    last = length - size + 1 if isinstance(length, int) else Subtract(length, size - 1)
    starts = Range(integer(0), last if isinstance(last, Value) else integer(last), integer(step), output_type=t.i64)
    places = Add(unsqueeze(starts, 1), arange(size))
    windows = gather(x, places, axis)  # ..., windows, size, ...
    order = [a for a in range(x.rank + 1) if a != axis + 1]
    return permute(windows, [*order, axis + 1])


@onnx_op("IsAllFinite", DOMAIN)
def is_all_finite(*values: Value, isinf_only: int = 0, isnan_only: int = 0) -> Value:
    def good(x: Value) -> Value:
        if isinf_only:
            return LogicalNot(IsInf(x))
        return LogicalNot(IsNaN(x)) if isnan_only else IsFinite(x)

    found: Value | None = None
    for x in values:
        all_good = ReduceLogicalAnd(good(x), ints(range(x.rank)))
        found = all_good if found is None else LogicalAnd(found, all_good)
    return constant(True) if found is None else found


@onnx_op("GemmaRotaryEmbedding", DOMAIN)
def gemma_rotary_embedding(angles: Value, q: Value, q_turned: Value, k: Value, k_turned: Value) -> Sequence[Value]:
    cos, sin = (unsqueeze(convert_like(f, q), 1) for f in (Cos(angles), Sin(angles)))
    return [Add(Multiply(x, cos), Multiply(turned, sin)) for x, turned in ((q, q_turned), (k, k_turned))]


@onnx_op("Rfft", DOMAIN)
def rfft(x: Value, *, signal_ndim: int, normalized: int = 0, onesided: int = 1) -> Value:
    _check_fourier(normalized, onesided)
    return RDFT(x, ints(range(-signal_ndim, 0)) if x.shape is None else ints(range(x.rank - signal_ndim, x.rank)))


@onnx_op("Irfft", DOMAIN)
def irfft(x: Value, *, signal_ndim: int, normalized: int = 0, onesided: int = 1) -> Value:
    _check_fourier(normalized, onesided)
    return IRDFT(x, ints(range(x.rank - 1 - signal_ndim, x.rank - 1)))


def _check_fourier(normalized: int, onesided: int) -> None:
    if normalized or not onesided:
        raise Unsupported("Fourier transforms that are normalised or two-sided are not supported")


@onnx_op("CropAndResize", DOMAIN)
def crop_and_resize(
    x: Value,
    rois: Value,
    batch_indices: Value,
    crop_size: Value,
    *,
    extrapolation_value: float = 0.0,
    mode: str = "bilinear",
) -> Value:
    """Crops at boxes y1, x1, y2, x2 (in units of the image less one pixel), their corners on pixels."""
    size = known_ints(crop_size)
    if size is None or len(size) != 2:
        raise Unsupported("CropAndResize needs a crop_size that is known")
    ys, xs = (_places(rois, low, low + 2, count) for low, count in zip((0, 1), size))
    rows, columns = unsqueeze(ys, 2), unsqueeze(xs, 1)
    zero = Multiply(Add(rows, columns), constant_like(x, 0.0))
    grid = concat([unsqueeze(Add(columns, zero), 3), unsqueeze(Add(rows, zero), 3)], 3)
    inside = LogicalAnd(_within(rows), _within(columns))
    images = Gather(x, batch_indices, integer(0))
    crops = GridSample(images, grid, align_corners=True, mode=mode, padding_mode="border")
    return Select(unsqueeze(inside, 1), crops, constant_like(x, extrapolation_value))


def _places(rois: Value, low: int, high: int, count: int) -> Value:
    """Boxes, count: where to read between two coordinates of the boxes, as GridSample counts (-1 to 1)."""
    first, last = slice_axis(rois, 1, low, low + 1), slice_axis(rois, 1, high, high + 1)
    half, two, one = (constant_like(rois, v) for v in (0.5, 2.0, 1.0))
    if count == 1:
        places: Value = Multiply(Add(first, last), half)
    else:
        steps = constant_like(rois, [i / (count - 1) for i in range(count)])
        places = Add(first, Multiply(Subtract(last, first), steps))
    return Subtract(Multiply(places, two), one)


def _within(places: Value) -> Value:
    return LogicalAnd(GreaterEqual(places, constant_like(places, -1.0)), LessEqual(places, constant_like(places, 1.0)))


@onnx_op("BifurcationDetector", DOMAIN)
def bifurcation_detector(
    source: Value,
    current: Value,
    previous_match: Value,
    predicted: Value | None = None,
    *,
    max_ngram_size: int = 3,
    min_ngram_size: int = 1,
) -> Sequence[Value]:
    """The current tokens, extended by the predicted ones up to the first that is not the source's; where to go on."""
    tokens = current
    if predicted is not None:
        start = scalar(as_i64(previous_match))
        expected = slice_axis(source, 0, start)
        same = to_element(Equal(slice_axis(predicted, 0, 0, dim_of(expected, 0)), expected), t.i64)
        agreed = ReduceSum(_until_zero(same), ints([0]))
        tokens = concat([current, slice_axis(predicted, 0, 0, Add(agreed, 1))], 0)
    match: Value = integer(-1)
    for size in range(max_ngram_size, min_ngram_size - 1, -1):
        match = _after_match(source, tokens, size, match)
    return [tokens, reshape_to(match, [])]


def _until_zero(x: Value) -> Value:
    """Ones up to the first zero."""
    return to_element(Equal(CumSum(Subtract(constant(1), x), integer(0)), 0), t.i64)


def _after_match(source: Value, tokens: Value, size: int, longer: Value) -> Value:
    """The place behind the only occurrence of the last `size` tokens in the source; `longer` when there are several."""
    count, length = dim_of(tokens, 0), dim_of(source, 0)
    places = arange(length)
    found: Value = Less(Add(places, size - 1), length)
    for k in range(size):
        wanted = Gather(tokens, Maximum(Add(count, k - size), 0), integer(0))
        found = LogicalAnd(
            found, Equal(Gather(source, Minimum(Add(places, k), Subtract(length, 1)), integer(0)), wanted)
        )
    first = ReduceMin(Select(found, places, length), ints([0]))
    times = ReduceSum(to_element(found, t.i64), ints([0]))
    behind = Add(first, size)
    settled = LogicalOr(GreaterEqual(behind, length), Equal(times, 1))
    some = LogicalAnd(GreaterEqual(count, size), Greater(times, 0))
    return Select(some, Select(settled, behind, longer), integer(-1))
