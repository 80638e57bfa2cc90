"""Values, nodes and graphs in one place: what converters, passes and plug-ins import."""

from __future__ import annotations

from mo_core.graph import Graph, clone_into, release
from mo_core.node import KNOWN_LIMIT, Constant, Node, Parameter, Result, Value, constant, settle
from mo_core.types import Dim, ElementType, Shape, Type

__all__ = [
    "KNOWN_LIMIT", "Constant", "Dim", "ElementType", "Graph", "Node", "Parameter", "Result", "Shape", "Type", "Value",
    "clone_into", "constant", "release", "settle",
]  # fmt: skip
