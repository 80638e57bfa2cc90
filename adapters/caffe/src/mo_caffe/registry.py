"""How converters of Caffe layers are marked.

    @caffe_layer("Convolution", "convolution_param")
    def convolution(x, filters, bias=None, *, num_output, pad=(), kernel_size=(), group=1): ...

Bottoms arrive first, then what the layer learned. Keyword-only parameters are the fields of the layer's parameter
message with Caffe's defaults: repeated fields as tuples, enumerations as names, messages as dicts. `bottoms`, where it
is declared, is the number of bottoms, for layers that may have several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from mo_core.errors import ModelError
from mo_core.frontend import Converter
from mo_core.ir import Foreign

F = TypeVar("F", bound=Callable[..., object])

BOTTOMS = "bottoms"
PARAM_STR = "param_str"
TRAINING = frozenset(
    (
        "engine",
        "filler",
        "weight_filler",
        "bias_filler",
        "scale_filler",
        "shift_filler",
        "slope_filler",
        "force_nd_im2col",
        "strict_dim",
    )
)
"""Fields that start the training or choose an implementation: nothing in the result depends on them."""


@dataclass(frozen=True)
class LayerConverter(Converter):
    """How one type of layer becomes OpenVINO ops.

    Args:
        blocks: fields of the layer that hold its parameters, such as `convolution_param`.
    """

    blocks: tuple[str, ...] = ()


def caffe_layer(kind: str, *blocks: str, ignore: Iterable[str] = (), overrides: bool = False) -> Callable[[F], F]:
    """Mark a function as converter of a type of layer; `blocks` are the fields with its parameters."""

    def mark(function: F) -> F:
        record = LayerConverter(kind, function, ignore=TRAINING.union(ignore), overrides=overrides, blocks=blocks)
        function.__dict__.setdefault("mo_converters", []).append(record)
        return function

    return mark


def caffe_python_layer(key: str, ignore: Iterable[str] = ()) -> Callable[[F], F]:
    """Mark a function as converter of a Python layer, `module.Layer`; its parameters are what `param_str` spells."""
    return caffe_layer(key, PARAM_STR, ignore=ignore)


@cache
def _declared() -> frozenset[str]:
    from mo_caffe.schema import fields_of

    return frozenset(fields_of("LayerParameter"))


def parameters(converter: Converter, node: Foreign) -> dict[str, Any]:
    """The keywords for a converter: the fields of its blocks, and fields of the layer that nobody declares."""
    _require_blobs(converter, node)
    blocks = converter.blocks if isinstance(converter, LayerConverter) else ()
    keywords: dict[str, Any] = {}
    for key, value in node.given.items():
        if key in blocks and isinstance(value, dict):
            keywords.update(value)
        elif key == BOTTOMS:
            if key in converter.attributes:
                keywords[key] = value
        elif key not in _declared() or key in converter.attributes:
            keywords[key] = value
    return {name: _keyword(value, converter, name) for name, value in keywords.items()}


def _require_blobs(converter: Converter, node: Foreign) -> None:
    """Raise ModelError when a layer has its bottoms and nothing learned, and the converter needs that."""
    bottoms, slots = node.given.get(BOTTOMS, 0), len(node.slots)
    missing = [converter.inputs[i] for i in converter.required_inputs if i >= slots]
    if missing and slots == bottoms > 0:
        raise ModelError(
            f"the layer has no trained blobs, and needs {', '.join(missing)}",
            "Give the .caffemodel as the model, and this network with --input_proto.",
        )


def _keyword(value: Any, converter: Converter, name: str) -> Any:
    """Lists as tuples; an undeclared field that stands once is a tuple where the converter wants one."""
    if isinstance(value, (list, tuple)):
        return tuple(value)
    declared = converter.attributes.get(name)
    return (value,) if declared is not None and isinstance(declared.default, tuple) else value
