"""Values, nodes and graphs: what converters, passes and plug-ins import.

The modules `types` (element types, dimensions, shapes), `tensor` (recipes for weights), `schema` (declaring
operations), `known` (what is known of values), `permutations` (orders of axes) and `sources` (the files that were
read) are public, too.
"""

from __future__ import annotations

from mo_core.ir import known, permutations, schema, sources, tensor, types
from mo_core.ir.axis_trait import AxisTrait
from mo_core.ir.copy import ancestors, copy_graph, copy_into, copy_node, copy_nodes, copy_part
from mo_core.ir.custom import Custom, PortMap
from mo_core.ir.element_trait import ElementTrait
from mo_core.ir.graph import Graph, release
from mo_core.ir.node import KNOWN_LIMIT, Constant, Node, Parameter, Result, Value, constant, settle
from mo_core.ir.source import UNKNOWN, Effects, Foreign, FunctionRef, Pack
from mo_core.ir.types import Dim, ElementType, Shape, Type

__all__ = [
    "KNOWN_LIMIT",
    "UNKNOWN",
    "AxisTrait",
    "Constant",
    "Custom",
    "Dim",
    "Effects",
    "ElementTrait",
    "ElementType",
    "Foreign",
    "FunctionRef",
    "Graph",
    "Node",
    "Pack",
    "Parameter",
    "PortMap",
    "Result",
    "Shape",
    "Type",
    "Value",
    "ancestors",
    "constant",
    "copy_graph",
    "copy_into",
    "copy_node",
    "copy_nodes",
    "copy_part",
    "known",
    "permutations",
    "release",
    "schema",
    "settle",
    "sources",
    "tensor",
    "types",
]
