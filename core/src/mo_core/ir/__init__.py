"""Values, nodes and graphs in one place: what converters, passes and plug-ins import."""

from __future__ import annotations

from mo_core.ir.graph import Graph, clone_into, release
from mo_core.ir.node import KNOWN_LIMIT, Constant, Node, Parameter, Result, Value, constant, settle
from mo_core.ir.source import UNKNOWN, Foreign, Pack
from mo_core.ir.types import Dim, ElementType, Shape, Type

__all__ = [
    "KNOWN_LIMIT",
    "UNKNOWN",
    "Constant",
    "Dim",
    "ElementType",
    "Foreign",
    "Graph",
    "Node",
    "Pack",
    "Parameter",
    "Result",
    "Shape",
    "Type",
    "Value",
    "clone_into",
    "constant",
    "release",
    "settle",
]
