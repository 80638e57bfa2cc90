"""The operator that Python registers in MXNet as "gate": factor * x * sigmoid(x)."""

from mo_core import hookimpl
from mo_core.frontend import Converter, converters_of
from mo_core.ir import Value
from mo_core.ops import Multiply, Sigmoid
from mo_mxnet.registry import mxnet_op


@mxnet_op("Custom.gate")
def gate(x: Value, *, factor: float = 1.0) -> Value:
    """x has any shape and a real element type."""
    return Multiply(Multiply(x, Sigmoid(x)), factor)


@hookimpl
def mo_converters(framework: str) -> list[Converter]:
    return converters_of(gate) if framework == "mxnet" else []
