"""Pooling of regions of feature maps.

A region is an image number and a box x1, y1, x2, y2 in pixels of the input, unless said otherwise.
"""

from __future__ import annotations

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, OptionalOperand, boolean, integer, one_of, operand, optional, real
from mo_core.ir.types import Dim, Type
from mo_core.ops._dims import agree, at, of_rank

__all__ = ["DeformablePSROIPooling", "PSROIPooling", "ROIAlign", "ROIAlignRotated", "ROIPooling"]


class ROIPooling(Node, opset="opset2"):
    """ROIPooling-2: pool regions (R, 5: image, box) of feature maps (N, C, H, W) to R, C, pooled_h, pooled_w."""

    feat: Operand = operand()
    rois: Operand = operand()
    pooled_h: int = integer()
    pooled_w: int = integer()
    spatial_scale: float = real()
    method: str = one_of("max", "bilinear", default="max")

    def infer(self) -> Type:
        return _regions(self, self.feat, self.rois, 5, self.pooled_h, self.pooled_w)


class PSROIPooling(Node, opset="opset1"):
    """PSROIPooling-1: position-sensitive pooling of regions (R, 5) to R, output_dim, group_size, group_size."""

    feat: Operand = operand()
    coords: Operand = operand()
    output_dim: int = integer()
    group_size: int = integer()
    spatial_scale: float = real()
    mode: str = one_of("average", "bilinear", default="average")
    spatial_bins_x: int = integer(default=1)
    spatial_bins_y: int = integer(default=1)

    def infer(self) -> Type:
        return _regions(self, self.feat, self.coords, 5, self.group_size, self.group_size, channels=self.output_dim)


class DeformablePSROIPooling(Node, opset="opset1"):
    """DeformablePSROIPooling-1: PSROIPooling with bins moved by `offsets` (R, 2 * classes, part, part)."""

    feature_maps: Operand = operand()
    box_rois: Operand = operand()
    offsets: OptionalOperand = optional(default=None)
    output_dim: int = integer(kw_only=True)
    spatial_scale: float = real(kw_only=True)
    group_size: int = integer(default=1, kw_only=True)
    mode: str = one_of("bilinear_deformable", default="bilinear_deformable", kw_only=True)
    spatial_bins_x: int = integer(default=1, kw_only=True)
    spatial_bins_y: int = integer(default=1, kw_only=True)
    trans_std: float = real(default=1.0, kw_only=True)
    part_size: int = integer(default=1, kw_only=True)

    def infer(self) -> Type:
        return _regions(
            self, self.feature_maps, self.box_rois, 5, self.group_size, self.group_size, channels=self.output_dim
        )


class ROIAlign(Node, opset="opset9"):
    """ROIAlign-9: pool regions (R, 4) of images `batch_indices` (R) by bilinear samples to R, C, pooled_h, pooled_w."""

    data: Operand = operand()
    rois: Operand = operand()
    batch_indices: Operand = operand()
    pooled_h: int = integer()
    pooled_w: int = integer()
    sampling_ratio: int = integer()
    spatial_scale: float = real()
    mode: str = one_of("avg", "max", default="avg")
    aligned_mode: str = one_of("asymmetric", "half_pixel_for_nn", "half_pixel", default="asymmetric")

    def infer(self) -> Type:
        indices = of_rank(self.batch_indices, "batch_indices", 1)
        return _regions(self, self.data, self.rois, 4, self.pooled_h, self.pooled_w, count=at(indices, 0))


class ROIAlignRotated(Node, opset="opset15"):
    """ROIAlignRotated-15: ROIAlign for regions (R, 5: x, y, width, height, angle in radians)."""

    data: Operand = operand()
    rois: Operand = operand()
    batch_indices: Operand = operand()
    pooled_h: int = integer()
    pooled_w: int = integer()
    sampling_ratio: int = integer()
    spatial_scale: float = real()
    clockwise_mode: bool = boolean()

    def infer(self) -> Type:
        indices = of_rank(self.batch_indices, "batch_indices", 1)
        return _regions(self, self.data, self.rois, 5, self.pooled_h, self.pooled_w, count=at(indices, 0))


def _regions(
    node: Node,
    data: Value,
    rois: Value,
    coordinates: int,
    height: int,
    width: int,
    *,
    channels: int | None = None,
    count: Dim | None = None,
) -> Type:
    """Type of pooled regions: as many as `rois` (and `count`) says, with the channels of the data unless given."""
    features, regions = of_rank(data, "the feature map", 4), of_rank(rois, "the regions", 2)
    agree("numbers of coordinates", at(regions, 1), coordinates)
    count = agree("numbers of regions", at(regions, 0), count, node=node)
    depth = agree("numbers of channels", at(features, 1), node=node) if channels is None else channels
    if height < 1 or width < 1:
        raise ShapeError(f"regions cannot be pooled to {height} x {width}")
    return Type(t.promote([data.element, rois.element]), (count, depth, height, width))
