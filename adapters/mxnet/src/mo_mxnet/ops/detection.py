"""Detectors: regions of images, anchors, and the choice of boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    Size,
    arange,
    broadcast_to,
    concat,
    constant_like,
    dim_size,
    integer,
    reshape_to,
    shape_of,
    slice_axis,
    split,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Clamp,
    DeformablePSROIPooling,
    Divide,
    Gather,
    Greater,
    Log,
    LogicalAnd,
    Minimum,
    Multiply,
    PSROIPooling,
    ROIAlign,
    ROIAlignRotated,
    ROIPooling,
    Select,
    Subtract,
    TopK,
)
from mo_mxnet.attributes import Ints, Reals
from mo_mxnet.ops import boxes as b
from mo_mxnet.registry import mxnet_op


def _pooled_size(pooled_size: Ints) -> tuple[int, int]:
    if not 1 <= len(pooled_size) <= 2 or min(pooled_size) < 1:
        raise ModelError(f"pooled_size is {list(pooled_size)}, and one or two positive numbers are needed")
    return pooled_size[0], pooled_size[-1]


@mxnet_op("ROIPooling", "_npx_roi_pooling")
def roi_pooling(x: Value, rois: Value, *, pooled_size: Ints, spatial_scale: float) -> Value:
    height, width = _pooled_size(pooled_size)
    return ROIPooling(x, rois, pooled_h=height, pooled_w=width, spatial_scale=spatial_scale, method="max")


@mxnet_op("_contrib_ROIAlign")
def roi_align(
    x: Value,
    rois: Value,
    *,
    pooled_size: Ints,
    spatial_scale: float,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
) -> Value:
    """Regions are the number of an image and corners; those of no image (-1) give zeros.

    Position-sensitive: each place of a region has channels of its own.
    """
    height, width = _pooled_size(pooled_size)
    numbers = reshape_to(slice_axis(rois, 1, 0, 1), [-1])
    absent = Greater(constant_like(numbers, 0), numbers)
    images = to_element(Select(absent, constant_like(numbers, 0), numbers), t.i32)
    y = ROIAlign(
        x,
        reshape_to(slice_axis(rois, 1, 1, 5), [-1, 4]),
        images,
        pooled_h=height,
        pooled_w=width,
        sampling_ratio=max(sample_ratio, 0),
        spatial_scale=spatial_scale,
        mode="avg",
        aligned_mode="half_pixel_for_nn" if aligned else "asymmetric",
    )
    found = Select(reshape_to(absent, [-1, 1, 1, 1]), constant_like(y, 0), y)
    return _own_channels(found, height, width) if position_sensitive else found


def _own_channels(y: Value, height: int, width: int) -> Value:
    """Of channels for all places, those that are meant for each: R, C, H, W from R, C * H * W, H, W."""
    count = height * width
    every = reshape_to(y, [dim_size(y, 0), -1, count * count])
    own = Gather(every, constant(np.arange(count) * (count + 1), t.i64), integer(2))
    return reshape_to(own, [dim_size(y, 0), -1, height, width])


@mxnet_op("_contrib_RROIAlign")
def rotated_roi_align(
    x: Value, rois: Value, *, pooled_size: Ints, spatial_scale: float, sampling_ratio: int = -1
) -> Value:
    """Regions are the number of an image, a centre, a width, a height and an angle in degrees."""
    height, width = _pooled_size(pooled_size)
    if spatial_scale <= 0:
        raise ModelError(f"spatial_scale is {spatial_scale}, and a positive number is needed")
    half = 0.5 / spatial_scale  # a pixel of the runtime's begins half of one earlier
    turned: Value = Multiply(slice_axis(rois, 1, 1, 6), constant(np.array([1, 1, 1, 1, np.pi / 180], np.float32)))
    turned = Add(turned, constant(np.array([half, half, 0, 0, 0], np.float32)))
    return ROIAlignRotated(
        x,
        turned,
        to_element(reshape_to(slice_axis(rois, 1, 0, 1), [-1]), t.i32),
        pooled_h=height,
        pooled_w=width,
        sampling_ratio=max(sampling_ratio, 0),
        spatial_scale=spatial_scale,
        clockwise_mode=False,
    )


@mxnet_op("_contrib_PSROIPooling")
def psroi_pooling(
    x: Value, rois: Value, *, spatial_scale: float, output_dim: int, pooled_size: int, group_size: int = 0
) -> Value:
    return PSROIPooling(
        _regrouped(x, output_dim, group_size or pooled_size, pooled_size),
        rois,
        output_dim=output_dim,
        group_size=pooled_size,
        spatial_scale=spatial_scale,
        mode="average",
    )


def _regrouped(x: Value, channels: int, groups: int, pooled: int) -> Value:
    """Channels for groups of places, as channels for each place, which the runtime wants."""
    if min(channels, groups, pooled) < 1:
        raise ModelError("a pooling of regions needs positive numbers of channels, groups and places")
    if groups == pooled:
        return x
    group = np.arange(pooled) * groups // pooled
    places = (np.arange(channels)[:, None, None] * groups + group[:, None]) * groups + group
    return Gather(x, constant(places.reshape(-1), t.i64), integer(1))


@mxnet_op("_contrib_DeformablePSROIPooling")
def deformable_psroi_pooling(
    x: Value,
    rois: Value,
    trans: Value | None = None,
    *,
    spatial_scale: float,
    output_dim: int,
    group_size: int,
    pooled_size: int,
    part_size: int = 0,
    sample_per_part: int = 1,
    trans_std: float = 0.0,
    no_trans: bool = False,
) -> Value:
    return DeformablePSROIPooling(
        _regrouped(x, output_dim, group_size, pooled_size),
        rois,
        None if no_trans else trans,
        output_dim=output_dim,
        spatial_scale=spatial_scale,
        group_size=pooled_size,
        spatial_bins_x=sample_per_part,
        spatial_bins_y=sample_per_part,
        trans_std=trans_std,
        part_size=part_size or pooled_size,
    )


@mxnet_op("_contrib_MultiBoxPrior", "_npx_multibox_prior")
def multibox_prior(
    x: Value,
    *,
    sizes: Reals = (1.0,),
    ratios: Reals = (1.0,),
    clip: bool = False,
    steps: Reals = (-1.0, -1.0),
    offsets: Reals = (0.5, 0.5),
) -> Value:
    """Anchors at each place, corners from 0 to 1: all sizes with the first ratio, then the first size with others."""
    if len(steps) != 2 or len(offsets) != 2 or not sizes or not ratios:
        raise ModelError("MultiBoxPrior needs sizes, ratios, two steps and two offsets")
    height, width = dim_size(x, 2), dim_size(x, 3)
    rows = _centres(height, offsets[0], steps[0])
    columns = _centres(width, offsets[1], steps[1])
    factors = [(s * ratios[0] ** 0.5, s / ratios[0] ** 0.5) for s in sizes]
    factors += [(sizes[0] * r**0.5, sizes[0] / r**0.5) for r in ratios[1:]]
    wide = Multiply(constant(np.array([w / 2 for w, _ in factors]), t.f32), _shape_ratio(height, width))
    high = constant(np.array([h / 2 for _, h in factors]), t.f32)
    count = len(factors)
    shape: list[Size] = [height, width, count]
    x_mid = broadcast_to(reshape_to(columns, [1, -1, 1]), shape)
    y_mid = broadcast_to(reshape_to(rows, [-1, 1, 1]), shape)
    edges = [Subtract(x_mid, wide), Subtract(y_mid, high), Add(x_mid, wide), Add(y_mid, high)]
    anchors = reshape_to(concat([unsqueeze(e, 3) for e in edges], 3), [1, -1, 4])
    return Clamp(anchors, min=0.0, max=1.0) if clip else anchors


def _centres(count: Size, offset: float, step: float) -> Value:
    places = Add(to_element(arange(count), t.f32), constant(offset, t.f32))
    if step > 0:
        return Multiply(places, constant(step, t.f32))
    size = constant(float(count), t.f32) if isinstance(count, int) else to_element(count, t.f32)
    return Divide(places, size)


def _shape_ratio(height: Size, width: Size) -> Value:
    if isinstance(height, int) and isinstance(width, int):
        return constant(height / width, t.f32)
    high, wide = (constant(float(s), t.f32) if isinstance(s, int) else to_element(s, t.f32) for s in (height, width))
    return Divide(high, wide)


@mxnet_op("_contrib_MultiBoxDetection", "_npx_multibox_detection")
def multibox_detection(
    scores: Value,
    deltas: Value,
    anchors: Value,
    *,
    clip: bool = True,
    threshold: float = 0.01,
    background_id: int = 0,
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    variances: Reals = (0.1, 0.1, 0.2, 0.2),
    nms_topk: int = -1,
) -> Value:
    """Rows of class, score and corners by falling score; -1 for what is no detection (N, anchors, 6)."""
    if len(variances) != 4 or background_id != 0:
        raise Unsupported("MultiBoxDetection needs four variances, and class 0 as background")
    best = TopK(
        slice_axis(scores, 1, 1), integer(1), axis=1, mode="max", sort="value", stable=True, index_element_type=t.i32
    )
    score, label = (squeeze(v, 1) for v in best.results)
    shape = [dim_size(deltas, 0), -1, 4]
    found: Value = b.decoded(reshape_to(deltas, shape), b.centres(anchors), variances, -1.0)
    if clip:
        found = Clamp(found, min=0.0, max=1.0)
    counts = Greater(score, constant_like(score, np.nextafter(np.float32(threshold), np.float32(-1))))
    ranked: Value = Select(counts, score, constant_like(score, b.LOWEST))
    rows = concat([unsqueeze(v, 2) for v in (to_element(label, t.f32), score)] + [found], 2)
    nothing = constant_like(rows, -1)
    if not 0 < nms_threshold <= 1:
        front, mask = b.to_front(rows, counts)
        return Select(unsqueeze(mask, 2), front, nothing)
    in_order, ranked = b.ordered(rows, ranked, dim_size(score, 1))
    valid = Greater(ranked, constant_like(ranked, b.LOWEST / 2))
    first = _first_of_rank(ranked, nms_topk)
    competing = ranked if first is None else Select(first, ranked, constant_like(ranked, b.LOWEST))
    classes = None if force_suppress else b.column(in_order, 0)
    stays = b.kept(slice_axis(in_order, 2, 2, 6), competing, classes, b.Suppression(nms_threshold, strict=False))
    if first is not None:  # what takes no part stays in the order of the anchors
        in_order = Select(unsqueeze(first, 1), in_order, b.to_front(rows, counts)[0])
    named = Select(unsqueeze(stays, 2), slice_axis(in_order, 2, 0, 1), nothing)
    return Select(unsqueeze(valid, 2), concat([named, slice_axis(in_order, 2, 1, 6)], 2), nothing)


def _first_of_rank(scores: Value, count: int) -> Value | None:
    """True for the first elements of each row; None when that are all."""
    if count <= 0:
        return None
    return Greater(constant(count, t.i64), arange(dim_size(scores, 1)))


@mxnet_op("_contrib_box_nms", "_contrib_box_non_maximum_suppression")
def box_nms(
    x: Value,
    *,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0.0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: str = "corner",
    out_format: str = "corner",
    node: Foreign,
) -> Sequence[Value]:
    """The rows that stay, by falling score, then rows of -1."""
    rows = b.flat_batch(x)
    total = dim_size(rows, 1)
    score = b.column(rows, score_index)
    counts: Value = Greater(score, constant_like(score, valid_thresh))
    if id_index >= 0 and background_id >= 0:
        counts = LogicalAnd(counts, b.differs(b.column(rows, id_index), background_id))
    ranked: Value = Select(counts, score, constant_like(score, b.LOWEST))
    limit: Size = total if topk <= 0 else min(topk, total) if isinstance(total, int) else Minimum(total, topk)
    best, ranked = b.ordered(rows, ranked, limit)
    places = slice_axis(best, 2, coord_start, coord_start + 4)
    found = b.corners(places) if in_format == "center" else places
    classes = b.column(best, id_index) if id_index >= 0 and not force_suppress else None
    stays = b.kept(found, ranked, classes, b.Suppression(overlap_thresh, strict=True))
    if in_format != out_format:
        turned = found if out_format == "corner" else b.centres(places)
        best = concat([slice_axis(best, 2, 0, coord_start), turned, *_after(best, coord_start + 4)], 2)
    front, mask = b.to_front(best, stays)
    result = Select(unsqueeze(mask, 2), front, constant_like(front, -1))
    if any(r.uses for r in node.results[1:]):
        raise Unsupported("the second output of box_nms, which serves training, is not supported")
    whole = b.lengthened(result, total, -1.0)
    return [whole if x.rank == 3 else reshape_to(whole, shape_of(x))]


def _after(rows: Value, place: int) -> list[Value]:
    width = rows.dims[2]
    return [] if width == place else [slice_axis(rows, 2, place)]


@mxnet_op("_contrib_box_iou")
def box_iou(a: Value, c: Value, *, format: str = "corner") -> Value:
    """How much each of the first and each of the second boxes overlap."""
    if format == "center":
        a, c = b.corners(a), b.corners(c)
    first = reshape_to(a, [-1, 4]) if a.rank > 2 else a
    second = reshape_to(c, [-1, 4]) if c.rank > 2 else c
    y = b.overlaps(first, second)
    sizes = [dim_size(a, i) for i in range(a.rank - 1)] + [dim_size(c, i) for i in range(c.rank - 1)]
    return reshape_to(y, sizes)


@mxnet_op("_contrib_box_decode")
def box_decode(
    deltas: Value,
    anchors: Value,
    *,
    std0: float = 1.0,
    std1: float = 1.0,
    std2: float = 1.0,
    std3: float = 1.0,
    clip: float = -1.0,
    format: str = "center",
) -> Value:
    """Corners from deltas and anchors."""
    centred = b.centres(anchors) if format == "corner" else anchors
    return b.decoded(deltas, centred, (std0, std1, std2, std3), clip)


@mxnet_op("_contrib_box_encode")
def box_encode(samples: Value, matches: Value, anchors: Value, refs: Value, means: Value, stds: Value) -> list[Value]:
    """What a network should say of anchors (B, N, 4) for the boxes that they match (B, M, 4); 1 where it counts."""
    wanted = b.centres(Gather(refs, to_element(matches, t.i32), integer(1), batch_dims=1))
    own = b.centres(anchors)
    (cx, cy, w, h), (ax, ay, aw, ah) = split(wanted, -1, 4), split(own, -1, 4)
    moves = [Divide(Subtract(c, a), size) for c, a, size in ((cx, ax, aw), (cy, ay, ah))]
    deltas = concat([*moves, Log(Divide(w, aw)), Log(Divide(h, ah))], -1)
    counts = unsqueeze(Greater(samples, constant_like(samples, 0.5)), 2)
    nothing = constant_like(deltas, 0)
    targets = Select(counts, Divide(Subtract(deltas, means), stds), nothing)
    return [targets, Select(counts, constant_like(deltas, 1), Multiply(deltas, nothing))]
