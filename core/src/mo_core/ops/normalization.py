"""Normalisation by statistics, given or computed from the data."""

from __future__ import annotations

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import axes_of
from mo_core.ir.schema import Operand, boolean, integer, one_of, operand, real
from mo_core.ir.types import Type
from mo_core.ops._dims import agree, at, of_rank
from mo_core.ops.axes import axes_listed, fixed

__all__ = ["GRN", "LRN", "MVN", "BatchNormInference", "GroupNormalization", "NormalizeL2"]


class BatchNormInference(Node, opset="opset5"):
    """BatchNormInference-5: `gamma * (data - mean) / sqrt(variance + epsilon) + beta`, all per channel (axis 1)."""

    axis_trait = fixed(1)  # the channels have parameters of their own

    data: Operand = operand()
    gamma: Operand = operand()
    beta: Operand = operand()
    mean: Operand = operand()
    variance: Operand = operand()
    epsilon: float = real()

    def infer(self) -> Type:
        return _per_channel(self, self.gamma, self.beta, self.mean, self.variance)


class MVN(Node, opset="opset6"):
    """MVN-6: subtract the mean over `axes`, and divide by the deviation when `normalize_variance`."""

    axis_trait = axes_listed(1)

    data: Operand = operand()
    axes: Operand = operand()
    normalize_variance: bool = boolean()
    eps: float = real()
    eps_mode: str = one_of("inside_sqrt", "outside_sqrt", default="inside_sqrt")

    def infer(self) -> Type:
        return _over_axes(self)


class NormalizeL2(Node, opset="opset1"):
    """NormalizeL2-1: divide by the root of the sum of squares over `axes`."""

    axis_trait = axes_listed(1)

    data: Operand = operand()
    axes: Operand = operand()
    eps: float = real()
    eps_mode: str = one_of("add", "max", default="add")

    def infer(self) -> Type:
        return _over_axes(self)


class LRN(Node, opset="opset1"):
    """LRN-1: `data / (bias + alpha / size^n * sum(data^2 over windows of `size` along the n axes))^beta`."""

    data: Operand = operand()
    axes: Operand = operand()
    alpha: float = real()
    beta: float = real()
    bias: float = real()
    size: int = integer()

    def infer(self) -> Type:
        return _over_axes(self)


class GroupNormalization(Node, opset="opset12"):
    """GroupNormalization-12: normalise each group of channels, then `scale` and `bias` per channel."""

    data: Operand = operand()
    scale: Operand = operand()
    bias: Operand = operand()
    num_groups: int = integer()
    epsilon: float = real()

    def infer(self) -> Type:
        result = _per_channel(self, self.scale, self.bias)
        channels = result.shape[1] if result.shape is not None else None
        if self.num_groups < 1 or (isinstance(channels, int) and channels % self.num_groups):
            raise ShapeError(f"{channels} channels cannot be divided into {self.num_groups} groups")
        return result


class GRN(Node, opset="opset1"):
    """GRN-1: `data / sqrt(sum over channels of data^2 + bias)`."""

    data: Operand = operand()
    bias: float = real()

    def infer(self) -> Type:
        of_rank(self.data, "data", 2, 3, 4)
        return self.data.type


def _per_channel(node: BatchNormInference | GroupNormalization, *vectors: Value) -> Type:
    """The type of the data, its channels merged with the lengths of the vectors that belong to them."""
    data = node.data
    if data.shape is not None and len(data.shape) < 2:
        raise ShapeError(f"data has no axis of channels: its shape is {t.format_shape(data.shape)}")
    lengths = [at(of_rank(v, "a vector of one value per channel", 1), 0) for v in vectors]
    element = t.promote([data.element, *(v.element for v in vectors)])
    if data.shape is None:
        return Type(element, None)
    return Type(element, (data.shape[0], agree("numbers of channels", data.shape[1], *lengths), *data.shape[2:]))


def _over_axes(node: MVN | NormalizeL2 | LRN) -> Type:
    """The type of the data; raises ShapeError when an axis lies outside of it."""
    of_rank(node.axes, "axes", 0, 1)
    if node.data.shape is not None:
        axes_of(node.axes, len(node.data.shape))
    return node.data.type
