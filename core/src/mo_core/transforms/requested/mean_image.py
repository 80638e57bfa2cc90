"""The mean image of a model's training, cropped to what an input is and subtracted from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mo_core.build import Size, dim, dim_of, slice_axis
from mo_core.errors import UsageError
from mo_core.ir import Value, constant
from mo_core.ir.tensor import cast, reshaped
from mo_core.ops import Add, Divide, Subtract, Transpose

if TYPE_CHECKING:
    from mo_core.frontend import MeanImage

_SIDES = {2: "height", 3: "width"}


def beside(x: Value, image: MeanImage, order: Sequence[int]) -> Value:
    """What is to be subtracted from `x`, whose axes are those of [N, C, H, W] in an order. Raises UsageError."""
    mean: Value = constant(cast(reshaped(image.tensor, (1, *image.tensor.shape)), x.element))
    for axis, begin in zip(_SIDES, image.begin or (None, None)):
        place = order.index(axis)
        size = dim(x, place)
        mean = _cropped(mean, axis, size if isinstance(size, int) else dim_of(x, place), begin)
    return mean if list(order) == [0, 1, 2, 3] else Transpose(mean, list(order))


def _cropped(mean: Value, axis: int, size: Size, begin: int | None) -> Value:
    whole = mean.static_shape[axis]
    if whole == 1:
        return mean
    if isinstance(size, int):
        start = (whole - size) // 2 if begin is None else begin
        if size > whole or start + size > whole:
            raise UsageError(
                f"the {_SIDES[axis]} of the mean image is {whole}, and {size} from {start} on are needed",
                "Give the mean image that belongs to the model, or another size with --input.",
            )
        return mean if size == whole else slice_axis(mean, axis, start, start + size)
    first: Size = Divide(Subtract(constant(whole), size), 2) if begin is None else begin
    return slice_axis(mean, axis, first, Add(size, first))
