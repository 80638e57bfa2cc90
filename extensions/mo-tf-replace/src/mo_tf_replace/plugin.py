"""Three ways to find a sub-graph of a TensorFlow model, and to put another one in its place."""

from mo_core import hookimpl
from mo_core.build import ints
from mo_core.ir import Graph, Value
from mo_core.ops import MVN, Clamp, Swish
from mo_core.rewriting import (
    Editor,
    Pass,
    Replacer,
    Stage,
    SubGraph,
    any_,
    graph_pass,
    in_scope,
    replacer,
    rewrites,
    rule,
    src,
)


@rule(src("tensorflow.Mul", any_("x"), src("tensorflow.AcmeGate", any_("x")), commutative=True))
def gated(x: Value) -> Value:
    """By pattern: x * AcmeGate(x) is Swish."""
    return Swish(x)


@graph_pass("acme-instance-norm", stage=Stage.FRONT, framework="tensorflow")
def instance_norm(graph: Graph, edit: Editor) -> None:
    """By name scope: what "instance_norm" holds is a normalisation over height and width."""
    nodes = in_scope(graph, "instance_norm")
    if nodes:
        x = nodes[0].operands[0]
        normal = MVN(x, ints([1, 2]), normalize_variance=True, eps=1e-3)
        edit.replace_region([x], [nodes[-1]], [normal], rule="instance-norm")


@replacer("AcmeLimits")
def limits(found: SubGraph) -> Value:
    """By a description: what it means becomes its input between two limits."""
    low, high = found.attributes["limits"]
    return Clamp(found.inputs[0], min=low, max=high)


@hookimpl
def mo_passes() -> list[Pass]:
    return [rewrites("acme-gate", gated, stage=Stage.FRONT, framework="tensorflow"), instance_norm]


@hookimpl
def mo_replacers(framework: str) -> list[Replacer]:
    return [limits] if framework == "tensorflow" else []
