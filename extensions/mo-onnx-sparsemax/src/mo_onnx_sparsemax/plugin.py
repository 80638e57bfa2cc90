"""Sparsemax (Martins and Astudillo 2016): the nearest point to x whose elements along an axis are a distribution.

It is an operation of its own, in an operation set of its own, that says what its axes mean and takes factors in.
"""

from typing import Any

from mo_core import hookimpl
from mo_core.errors import Decline
from mo_core.frontend import Converter, converters_of
from mo_core.ir import Node, Value
from mo_core.ir.known import number
from mo_core.ir.schema import Operand, integer, operand, real
from mo_core.ir.types import Type
from mo_core.ops import axes
from mo_core.rewriting import Pass, Stage, any_, const, op, p, rewrites, rule
from mo_onnx.registry import onnx_op
from mo_onnx_sparsemax import values


class Sparsemax(Node, opset="sparse"):
    """Sparsemax of data * factor, along an axis."""

    data: Operand = operand()
    axis: int = integer(default=-1)
    factor: float = real(default=1.0)
    axis_trait = axes.along("axis")

    def infer(self) -> Type:
        return self.data.type

    def fold(self, data: Any) -> Any:
        return values.sparsemax(data, self.axis, self.factor)


@onnx_op("Sparsemax", domain="com.example")
def sparsemax(x: Value, *, axis: int = -1) -> Value:
    """x has any shape and a real element type."""
    return Sparsemax(x, axis=axis)


@rule(op(Sparsemax, operands=[p.Multiply(any_("x"), const("s"))], name="node"))
def factor_into_sparsemax(node: Sparsemax, x: Value, s: Value) -> Value:
    """A factor of all elements is the operation's own."""
    factor = number(s)
    if factor is None:
        raise Decline("the factor differs from element to element")
    return node.evolve(x, factor=node.factor * factor)


@hookimpl
def mo_ops() -> list[type[Node]]:
    return [Sparsemax]


@hookimpl
def mo_converters(framework: str) -> list[Converter]:
    return converters_of(sparsemax) if framework == "onnx" else []


@hookimpl
def mo_passes() -> list[Pass]:
    """Ahead of linear-fusion, which would take the factor into the layer before."""
    return [rewrites("sparsemax-factor", factor_into_sparsemax, stage=Stage.FUSE, before=("linear-fusion",))]
