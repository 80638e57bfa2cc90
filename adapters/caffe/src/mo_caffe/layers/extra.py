"""What only this tool puts into a network, and layers that do nothing at inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mo_caffe import custom_layers
from mo_caffe.registry import caffe_layer
from mo_core.frontend import converters_of
from mo_core.ir import Node, Value
from mo_core.ops import Multiply

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
