"""First states of LSTM cells written out in their whole shape.

OpenVINO (seen in 2026.4) makes an LSTM cell of its parts, and takes the factor of the forget gate for the state,
whatever its shape is: with a single number it fails to compile the model.
"""

from __future__ import annotations

from mo_core.build import broadcast_to, shape_of
from mo_core.ir import Value
from mo_core.ops import Add, Multiply, Sigmoid, Tanh
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, p
from mo_core.rewriting.rewrite import rule


@rule(p.Multiply(const("state"), p.Sigmoid(any_("x"), name="gate"), name="node"))
def whole_state(node: Multiply, state: Value, gate: Sigmoid, x: Value) -> Value | None:
    """The state in the shape of the gate, where it has fewer axes and the sum of a cell follows."""
    if gate.shape is None or len(gate.shape) != 2 or state.rank == 2 or not _is_kept_part(node):
        return None
    return node.evolve(broadcast_to(state, shape_of(gate)), gate)


def _is_kept_part(node: Multiply) -> bool:
    """True when it is added to a product of a sigmoid and a tangent: what an LSTM cell takes in."""
    for user in node.users():
        for other in user.operands if isinstance(user, Add) else ():
            if {type(v.node) for v in other.node.operands} == {Sigmoid, Tanh}:
                return True
    return False


cell_states = rewrites(
    "cell-states",
    whole_state,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="The first state of an LSTM cell gets its whole shape, without which the runtime fails.",
)
