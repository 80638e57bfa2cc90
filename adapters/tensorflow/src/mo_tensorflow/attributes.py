"""AttrValues as Python values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mo_core.ir import FunctionRef
from mo_core.ir.types import Dim, Dynamic, Shape
from mo_tensorflow.elements import data_type
from mo_tensorflow.tensors import Tensors


class Attributes:
    """Reads the attributes of nodes.

    Args:
        tensors: makes their tensors; given: what the placeholders of a function's body stand for.
    """

    def __init__(self, tensors: Tensors, given: Mapping[str, Any] | None = None) -> None:
        self._tensors, self._given = tensors, given or {}

    def read(self, attributes: Mapping[str, Any], what: str) -> dict[str, Any]:
        """All attributes of a node but those that begin with an underscore: they are notes of TensorFlow's own.

        Numbers, texts, `ElementType`s (or `OtherType`s), shapes (None: the rank is unknown), `Tensor`s, `FunctionRef`s,
        and tuples of those.
        """
        found = {}
        for name in sorted(attributes):  # the order in a map is not defined
            if not name.startswith("_"):
                value = self.value(attributes[name], name, what)
                if value is not None:
                    found[name] = value
        return found

    def value(self, proto: Any, name: str, what: str) -> Any:
        """The AttrValue of the attribute `name` of `what`.

        None when nothing is in it, or a placeholder that the call leaves open.
        """
        kind = proto.WhichOneof("value")
        if kind == "placeholder":
            return self._given.get(proto.placeholder)
        if kind != "list":
            return None if kind is None else self._one(kind, getattr(proto, kind), name, what)
        for field, values in proto.list.ListFields():
            return tuple([self._one(field.name, v, name, what) for v in values])
        return ()

    def _one(self, kind: str, value: Any, name: str, what: str) -> Any:
        if kind == "s":
            return value.decode("utf-8", "surrogateescape")
        if kind == "type":
            return data_type(value)
        if kind == "shape":
            return shape(value)
        if kind == "tensor":
            return self._tensors.tensor(value, f'attribute "{name}" of {what}')
        if kind == "func":
            return FunctionRef(value.name, self.read(value.attr, f'attribute "{name}" of {what}'))
        return value


def shape(proto: Any) -> Shape:
    """A TensorShapeProto; None when the rank is unknown."""
    if proto.unknown_rank:
        return None
    return tuple(_dim(d.size) for d in proto.dim)


def _dim(size: int) -> Dim:
    return size if size >= 0 else Dynamic()
