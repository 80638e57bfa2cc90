"""Boxes, regions and sampling grids."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from mo_core.build import (
    Size,
    arange,
    as_i64,
    broadcast_to,
    concat,
    constant_like,
    convert_like,
    dim_of,
    dims_of,
    gather,
    ints,
    permute,
    reshape_to,
    take,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.detection import suppressed
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Convert,
    Divide,
    Floor,
    FloorMod,
    Gather,
    GatherND,
    GreaterEqual,
    GridSample,
    LessEqual,
    LogicalAnd,
    Maximum,
    Minimum,
    Multiply,
    ReduceMax,
    ROIAlign,
    Round,
    Select,
    Subtract,
)
from mo_onnx.registry import onnx_op


@onnx_op("NonMaxSuppression")
def non_max_suppression(
    boxes: Value,
    scores: Value,
    max_output_boxes_per_class: Value | None = None,
    iou_threshold: Value | None = None,
    score_threshold: Value | None = None,
    *,
    center_point_box: int = 0,
) -> Value:
    return suppressed(
        boxes,
        scores,
        constant(0, t.i64) if max_output_boxes_per_class is None else max_output_boxes_per_class,
        constant(0.0, t.f32) if iou_threshold is None else iou_threshold,
        score_threshold,
        encoding="center" if center_point_box else "corner",
    )


@onnx_op("RoiAlign")
def roi_align_10(
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    return roi_align(
        x,
        rois,
        batch_indices,
        coordinate_transformation_mode="output_half_pixel",
        mode=mode,
        output_height=output_height,
        output_width=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )


@onnx_op("RoiAlign", since=16)
def roi_align(
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    coordinate_transformation_mode: str = "half_pixel",
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    # The runtime's own "half_pixel" scales after the shift by half an element, ONNX's before it.
    aligned = {"half_pixel": "half_pixel_for_nn", "output_half_pixel": "asymmetric"}
    if coordinate_transformation_mode not in aligned:
        raise ModelError(
            f'coordinate_transformation_mode of RoiAlign is "{coordinate_transformation_mode}", which is not known'
        )
    if mode.lower() == "max":
        half = coordinate_transformation_mode == "half_pixel"
        return _largest_shares(
            x, rois, batch_indices, (output_height, output_width), sampling_ratio, spatial_scale, half
        )
    return ROIAlign(
        x,
        rois,
        batch_indices,
        pooled_h=output_height,
        pooled_w=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
        mode=mode.lower(),
        aligned_mode=aligned[coordinate_transformation_mode],
    )


_MOST_SAMPLES = 1 << 16
"""Samples along a side of a region: far more than any region has elements."""


def _largest_shares(
    x: Value, rois: Value, images: Value, pooled: tuple[int, int], ratio: int, scale: float, half: bool
) -> Value:
    """The largest share of a corner in any sample of a bin: ONNX's max; the runtime's is the largest whole sample."""
    if ratio <= 0:
        raise Unsupported(
            "RoiAlign with mode max and no sampling_ratio takes another number of samples in each region",
            "Export the model with a sampling_ratio.",
        )
    samples = [_region_samples(x, rois, axis, pooled[axis], ratio, scale, half) for axis in (0, 1)]
    height, width = (len_ * ratio for len_ in pooled)
    if not 0 < max(height, width) <= _MOST_SAMPLES:
        raise ModelError(f"RoiAlign takes {height} by {width} samples in each region")
    image = reshape_to(as_i64(images), [-1, 1, 1])
    pixels = permute(x, (0, 2, 3, 1))
    best: Value | None = None
    for down, across in product((0, 1), repeat=2):
        (rows, row_shares), (columns, column_shares) = samples[0][down], samples[1][across]
        place = [image, unsqueeze(rows, 2), unsqueeze(columns, 1)]
        shape = vector([dims_of(rois, [0]), height, width])
        index = concat([unsqueeze(broadcast_to(p, shape), 3) for p in place], 3)
        share = Multiply(unsqueeze(row_shares, 2, 3), unsqueeze(column_shares, 1, 3))
        corner = Multiply(GatherND(pixels, index), convert_like(share, x))
        best = corner if best is None else Maximum(best, corner)
    assert best is not None
    bins = reshape_to(best, vector([dims_of(rois, [0]), pooled[0], ratio, pooled[1], ratio, dims_of(x, [1])]))
    return permute(ReduceMax(bins, ints([2, 4]), keep_dims=False), (0, 3, 1, 2))


def _region_samples(
    x: Value, rois: Value, axis: int, bins: int, ratio: int, scale: float, half: bool
) -> list[tuple[Value, Value]]:
    """For the elements below and above each sample (R, bins * ratio) along an axis: their indices, and their shares."""
    ends = Subtract(Multiply(to_element(rois, t.f32), scale), 0.5 if half else 0.0)
    begin, end = (gather(ends, [1 - axis + i], 1) for i in (0, 2))
    length: Value = Subtract(end, begin)
    if not half:
        length = Maximum(length, 1.0)
    count = bins * ratio
    steps = constant((np.arange(count) + 0.5) / count, t.f32)
    place = Add(begin, Multiply(length, steps))
    size = to_element(dim_of(x, 2 + axis), t.f32)
    last = Subtract(size, 1.0)
    inside = LogicalAnd(GreaterEqual(place, -1.0), LessEqual(place, size))
    kept = Minimum(Maximum(place, 0.0), last)
    low = Floor(kept)
    above = Subtract(kept, low)
    found: list[tuple[Value, Value]] = []
    for index, share in ((low, Subtract(constant(1.0, t.f32), above)), (Minimum(Add(low, 1.0), last), above)):
        found.append((as_i64(index), Select(inside, share, constant(0.0, t.f32))))
    return found


# -- sampling grids


@onnx_op("GridSample", since=16)
def grid_sample(
    x: Value, grid: Value, *, align_corners: int = 0, mode: str | None = None, padding_mode: str = "zeros"
) -> Value:
    """`bilinear` and `bicubic` became `linear` and `cubic` in opset 20; the default is this one in all versions."""
    kind = {None: "bilinear", "linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    if kind not in ("bilinear", "bicubic", "nearest"):
        raise ModelError(f'mode of GridSample is "{mode}", which is not known')
    if x.rank == 4:
        return GridSample(
            x, convert_like(grid, x), align_corners=bool(align_corners), mode=str(kind), padding_mode=padding_mode
        )
    if kind == "bicubic":
        raise Unsupported(
            f"cubic GridSample over {x.rank - 2} axes is not supported", "The runtime has it over 2 axes."
        )
    return _sampled(x, grid, bool(align_corners), kind == "nearest", padding_mode)


def _sampled(x: Value, grid: Value, align: bool, nearest: bool, padding: str) -> Value:
    """Read data (N, C, <axes>) at the places of grid (N, <axes of the result>, count), the last axis first."""
    axes = x.rank - 2
    data = reshape_to(x, vector([dims_of(x, [0, 1]), -1]))
    flat = reshape_to(to_element(grid, t.f32), vector([dims_of(grid, [0]), -1, axes]))
    sizes = [to_element(dim_of(x, 2 + a), t.f32) for a in range(axes)]
    places = [_place(take(flat, axes - 1 - a, 2), size, align) for a, size in enumerate(sizes)]
    if nearest:
        places = [Round(p, mode="half_to_even") for p in places]
    if padding == "border":
        places = [_clamped(p, size) for p, size in zip(places, sizes)]
    elif padding == "reflection":
        places = [_reflected(p, size, align) for p, size in zip(places, sizes)]
    elif padding != "zeros":
        raise ModelError(f'padding_mode of GridSample is "{padding}", which is none of zeros, border, reflection')
    y: Value | None = None
    lower = places if nearest else [Floor(p) for p in places]
    for corner in product(range(1 if nearest else 2), repeat=axes):
        index = [Add(low, float(step)) if step else low for low, step in zip(lower, corner)]
        piece = _pixels(data, index, sizes, padding, align)
        if not nearest:
            for place, low, step in zip(places, lower, corner):
                near = Subtract(place, low)
                share: Value = near if step else Subtract(constant(1.0, t.f32), near)
                piece = Multiply(piece, convert_like(unsqueeze(share, 1), x))
        y = piece if y is None else Add(y, piece)
    assert y is not None
    return reshape_to(y, vector([dims_of(x, [0, 1]), dims_of(grid, range(1, 1 + axes))]))


def _place(coordinate: Value, size: Value, align: bool) -> Value:
    """A coordinate from -1 to 1 as a place on the axis."""
    if align:
        return Multiply(Multiply(Add(coordinate, 1.0), 0.5), Subtract(size, 1.0))
    return Multiply(Subtract(Multiply(Add(coordinate, 1.0), size), 1.0), 0.5)


def _clamped(place: Value, size: Value) -> Value:
    return Minimum(Maximum(place, 0.0), Subtract(size, 1.0))


def _reflected(place: Value, size: Value, align: bool) -> Value:
    """Mirrored at the borders, as often as it takes to be inside."""
    low = 0.0 if align else -0.5
    reach = Subtract(size, 1.0) if align else size
    reach = Maximum(reach, 1e-12)
    folded = FloorMod(Abs(Subtract(place, low)), Multiply(reach, 2.0))
    return Add(Subtract(reach, Abs(Subtract(folded, reach))), low)


def _pixels(data: Value, index: Sequence[Value], sizes: Sequence[Value], padding: str, align: bool) -> Value:
    """Elements (N, C, P) of data (N, C, <flat axes>) at whole places (N, P) of each axis."""
    inside: Value | None = None
    flat: Value | None = None
    for i, size in zip(index, sizes):
        if padding == "reflection":
            i = Round(_reflected(i, size, align), mode="half_to_even")
        kept = _clamped(i, size)
        flat = kept if flat is None else Add(Multiply(flat, size), kept)
        here = LogicalAnd(GreaterEqual(i, 0.0), LessEqual(i, Subtract(size, 1.0)))
        inside = here if inside is None else LogicalAnd(inside, here)
    assert flat is not None and inside is not None
    found = Gather(data, Convert(flat, destination_type=t.i64), constant(2, t.i64), batch_dims=1)
    return Select(unsqueeze(inside, 1), found, constant_like(data, 0)) if padding == "zeros" else found


@onnx_op("AffineGrid", since=20)
def affine_grid(theta: Value, size: Value, *, align_corners: int = 0) -> Value:
    """Places (N, <axes>, count) that the affine map theta (N, count, count + 1) gives for those of an even grid."""
    if t.static(size.shape, "size of AffineGrid") not in ((4,), (5,)):
        raise ModelError(f"size of AffineGrid is {t.format_shape(size.shape)}, and N, C and 2 or 3 axes are needed")
    axes = size.dims[0] - 2
    wide: list[Size] = [dims_of(theta, [0]), *[1] * axes, axes]
    y: Value = reshape_to(take(theta, axes, 2), vector(wide))
    for axis in range(axes):
        line = _even(take(size, 2 + axis, 0), theta, bool(align_corners))
        along = reshape_to(line, [1, *[-1 if a == axis else 1 for a in range(axes)], 1])
        factor = reshape_to(take(theta, axes - 1 - axis, 2), vector(wide))  # the last axis comes first
        y = Add(y, Multiply(along, factor))
    return y


def _even(length: Value, like: Value, align: bool) -> Value:
    """Numbers from -1 to 1 at even distances: of the ends with `align`, else of the centres of that many cells."""
    steps, count = convert_like(arange(length, t.f32), like), convert_like(length, like)
    if align:
        return Subtract(Divide(Multiply(steps, 2.0), Subtract(count, 1.0)), 1.0)
    return Subtract(Divide(Add(Multiply(steps, 2.0), 1.0), count), 1.0)
