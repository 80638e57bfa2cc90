"""Layers that stay as they are: `-k CustomLayersMapping.xml`.

    <CustomKernelsMapping>
      <CustomLayer NativeType="Foo" hasParam="true" protoParamName="foo_param" shapeLike="0"/>
    </CustomKernelsMapping>

Such a layer becomes an operation of its own type in the operation set `extension`; its parameters become attributes and
what it learned further inputs. The runtime needs an extension that has the operation. `shapeLike` is ours: it names the
input whose shape the results have; without it the shapes are known to the runtime's extension only.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mo_caffe.network import Layer
from mo_caffe.schema import Field, Plain, fields_of
from mo_core.errors import ModelError, UsageError
from mo_core.ir import Node, Value
from mo_core.ir import schema as s
from mo_core.ir import types as t
from mo_core.ir.sources import read_source
from mo_core.ir.types import Type

CUSTOM = "CustomLayer"
OPSET = "extension"
_WRITTEN = 'Write <CustomLayer NativeType="Type" hasParam="true" protoParamName="type_param"/>.'
_ZERO = {"integer": 0, "float": 0.0, "bool": False, "text": ""}


@dataclass(frozen=True)
class CustomLayer:
    """How layers of one type are kept: `block` is the field with their parameters, `like` the input of their shape."""

    kind: str
    block: str = ""
    like: int | None = None

    def attributes(self, layer: Layer) -> Plain:
        """What `kept` needs to know of the layer."""
        block = layer.fields.get(self.block, {}) if self.block else {}
        return {"block": self.block, "given": block if isinstance(block, dict) else {}, "like": self.like}


def read_mapping(path: Any) -> dict[str, CustomLayer]:
    """The layers of a mapping file, by type; raises UsageError when it is none."""
    if path is None:
        return {}
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(read_source(path))
    except OSError as e:
        raise UsageError(f'cannot read "{path}": {e.strerror or e}', "Give the mapping with -k.") from e
    except (ElementTree.ParseError, ValueError, LookupError) as e:
        raise UsageError(f'"{path}" is not XML: {e}', _WRITTEN) from e
    result = {}
    for element in root.iter("CustomLayer"):
        kind, like = element.get("NativeType", ""), element.get("shapeLike")
        has_param = element.get("hasParam", "false").lower() == "true"
        block = element.get("protoParamName", "") if has_param else ""
        if not kind or (has_param and not block) or not (like is None or like.isdecimal()):
            raise UsageError(f'"{path}" has a CustomLayer without NativeType or protoParamName', _WRITTEN)
        result[kind] = CustomLayer(kind, block, int(like) if like is not None else None)
    return result


class Kept(Node, opset=OPSET):
    """An operation of the runtime's extension; each layer has a subclass with its type and attributes."""

    inputs: s.Operands = s.variadic()
    tops: int = s.hidden()
    like: int | None = s.hidden(default=None)

    def infer(self) -> Sequence[Type]:
        if self.like is not None and self.like >= len(self.inputs):
            raise ModelError(f"shapeLike is {self.like}, and the layer has {len(self.inputs)} inputs")
        shape = self.inputs[self.like].shape if self.like is not None else None
        return [Type(t.f32, shape)] * self.tops


def kept(kind: str, inputs: Sequence[Value], attributes: Mapping[str, str], tops: int, like: int | None) -> Node:
    """The operation of this type; attributes are written as they are."""
    names = {f"attribute_{i}": key for i, key in enumerate(attributes)}

    def body(namespace: dict[str, Any]) -> None:
        namespace.update({name: s.text(key=key) for name, key in names.items()})

    made: type[Kept] = types.new_class(f"Kept{kind}", (Kept,), {"type": kind}, body)
    values: dict[str, Any] = {name: attributes[key] for name, key in names.items()}
    return made(tuple(inputs), tops=tops, like=like, **values)


def written(given: Plain, block: str, defaults: Mapping[str, Any], everything: bool, flat: bool) -> dict[str, str]:
    """The attributes of a kept layer.

    Args:
        given: the parameters that the network sets; block: the field that holds them.
        defaults: parameters that are not set and have a value all the same.
        everything: also parameters that are neither (`--disable_omitting_optional`), as zero or empty.
        flat: parameters of a nested message as attributes of their own, `outer_inner`, instead of one text.
    """
    values = {**defaults, **given}
    if everything:
        for name, field in _declared(block).items():
            values.setdefault(name, [] if field.repeated else _ZERO.get(field.kind, ""))
    if flat:
        values = _flat(values)
    return {name: _text(value) for name, value in values.items()}


def _declared(block: str) -> Mapping[str, Field]:
    layer = fields_of("LayerParameter").get(block)
    return layer.fields if layer is not None and layer.kind == "message" else {}


def _flat(values: Plain, prefix: str = "") -> Plain:
    result: Plain = {}
    for name, value in values.items():
        if isinstance(value, dict):
            result.update(_flat(value, f"{prefix}{name}_"))
        else:
            result[prefix + name] = value
    return result


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + " ".join(f"{key}: {_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
