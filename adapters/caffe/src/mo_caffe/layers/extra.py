"""What only this tool puts into a network, and layers that do nothing at inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mo_caffe import custom_layers
from mo_caffe.mean import MEAN_IMAGE
from mo_caffe.registry import caffe_layer
from mo_core.build import Size, constant_like, dim, dim_of, reshape_to, slice_axis
from mo_core.errors import ModelError
from mo_core.frontend import converters_of
from mo_core.ir import Node, Value, constant
from mo_core.ops import Add, Divide, Multiply, Subtract

if TYPE_CHECKING:
    from mo_core.options import Options


@caffe_layer("Dropout", "dropout_param", ignore=("*",))
def dropout(x: Value, *, dropout_ratio: float = 0.5, scale_train: bool = True) -> Value:
    """Nothing at inference; forks may leave it to the inference to scale by the part that the training keeps."""
    return x if scale_train else Multiply(x, 1.0 - dropout_ratio)


@caffe_layer("SpatialDropout", "spatial_dropout_param", ignore=("*",))
@caffe_layer("GaussianNoise", ignore=("*",))
@caffe_layer("Noise", ignore=("*",))
def noise(x: Value) -> Value:
    """What only training does leaves its bottom as it is."""
    return x


@caffe_layer(custom_layers.CUSTOM, "layer")
def custom_layer(
    *inputs: Value,
    node: Any,
    options: Options,
    bottoms: int,
    type: str,
    block: str,
    given: dict[str, Any],
    like: int | None,
) -> Node:
    """A layer that `-k` keeps as it is."""
    defaults = _defaults(type, block) if block else {}
    attributes = custom_layers.written(
        given,
        block,
        defaults,
        bool(options.get("disable_omitting_optional")),
        bool(options.get("enable_flattening_nested_params")),
    )
    return custom_layers.kept(type, inputs, attributes, len(node.results), like)


def _defaults(kind: str, block: str) -> dict[str, Any]:
    """Caffe's defaults for the parameters of a layer that we know."""
    from mo_caffe import layers

    for record in converters_of(*layers.MODULES):
        if record.op == kind and block in getattr(record, "blocks", ()):
            known = {name: parameter.default for name, parameter in record.attributes.items()}
            return {k: v for k, v in known.items() if isinstance(v, (bool, int, float, str))}
    return {}


@caffe_layer(MEAN_IMAGE)
def mean_image(x: Value, mean: Value, *, options: Options, offsets: tuple[int, ...], place: int) -> Value:
    """`x - mean`, where the mean image (C, H, W) is cropped to the size of `x`."""
    cropped = mean
    for axis, offset in zip((1, 2), offsets[::-1] or (None, None)):
        size = dim(x, axis + 1)
        cropped = _crop(cropped, axis, size if isinstance(size, int) else dim_of(x, axis + 1), offset)
    return Subtract(x, _as_scaled(cropped, x, options, place))


def _crop(mean: Value, axis: int, size: Size, offset: int | None) -> Value:
    whole = mean.static_shape[axis]
    if whole == 1:
        return mean
    if isinstance(size, int):
        start = (whole - size) // 2 if offset is None else offset
        if size > whole or start + size > whole:
            what = ("height", "width")[axis - 1]
            raise ModelError(f"the {what} of the mean image is {whole}, and {size} from {start} on are needed")
        return mean if size == whole else slice_axis(mean, axis, start, start + size)
    first: Size = Divide(Subtract(constant(whole), size), 2) if offset is None else offset
    stop = Add(size, first)
    return slice_axis(mean, axis, first, stop)


def _as_scaled(mean: Value, x: Value, options: Options, place: int) -> Value:
    """The mean in the units of `x` here: `--scale` and `--scale_values` divide the input before this."""
    if options.scale is not None:
        return Divide(mean, constant_like(mean, float(options.scale)))
    values = options.scale_values
    names = (x.node.name, *x.names)
    found: Sequence[float] = next((v for k, v in values.named.items() if k in names), ())
    if values.unnamed:
        found = values.unnamed[place if len(values.unnamed) > place else 0]
    return Divide(mean, reshape_to(constant_like(mean, list(found)), [-1, 1, 1])) if found else mean
