"""AcmeSwish, an op that a library registers in TensorFlow: x * sigmoid(beta * x)."""

from mo_core import hookimpl
from mo_core.frontend import Converter, converters_of
from mo_core.ir import Value
from mo_core.ops import Multiply, Sigmoid
from mo_tensorflow.registry import tf_op


@tf_op("AcmeSwish")
def swish(x: Value, *, beta: float = 1.0) -> Value:
    """x has any shape and a real element type."""
    return Multiply(x, Sigmoid(Multiply(x, beta)))


@hookimpl
def mo_converters(framework: str) -> list[Converter]:
    return converters_of(swish) if framework == "tensorflow" else []
