"""Recurrent cells and sequences.

Gates lie one after the other in the rows of `w`, `r` and `b`: f, i, c, o for LSTM; z, r, h for GRU. Sequences have a
leading axis of directions in `w`, `r` and `b`, and batch, directions, hidden size in the states.
"""

from __future__ import annotations

from typing import TypeAlias

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.schema import (
    Operand,
    Reals,
    Strings,
    boolean,
    integer,
    operand,
    real,
    reals,
    required_one_of,
    texts,
)
from mo_core.ir.types import Dim, Type
from mo_core.ops._dims import agree, at, of_rank

__all__ = ["GRUCell", "GRUSequence", "LSTMCell", "LSTMSequence", "RNNCell", "RNNSequence"]


class LSTMCell(Node, opset="opset4"):
    """LSTMCell-4: one step; results are the hidden and the cell state (N, hidden size)."""

    x: Operand = operand()
    initial_hidden_state: Operand = operand()
    initial_cell_state: Operand = operand()
    w: Operand = operand()
    r: Operand = operand()
    b: Operand = operand()
    hidden_size: int = integer()
    activations: Strings = texts(default=("sigmoid", "tanh", "tanh"))
    activations_alpha: Reals = reals(default=())
    activations_beta: Reals = reals(default=())
    clip: float = real(default=0.0)

    def infer(self) -> list[Type]:
        batch = _batch(self, self.initial_hidden_state, self.initial_cell_state)
        state = Type(_weights(self, gates=4, biases=4), (batch, self.hidden_size))
        return [state, state]


class GRUCell(Node, opset="opset3"):
    """GRUCell-3: one step; the result is the hidden state (N, hidden size).

    With `linear_before_reset`, `b` has a fourth part: the bias of the recurrent product of h.
    """

    x: Operand = operand()
    initial_hidden_state: Operand = operand()
    w: Operand = operand()
    r: Operand = operand()
    b: Operand = operand()
    hidden_size: int = integer()
    activations: Strings = texts(default=("sigmoid", "tanh"))
    activations_alpha: Reals = reals(default=())
    activations_beta: Reals = reals(default=())
    clip: float = real(default=0.0)
    linear_before_reset: bool = boolean(default=False)

    def infer(self) -> Type:
        element = _weights(self, gates=3, biases=4 if self.linear_before_reset else 3)
        return Type(element, (_batch(self, self.initial_hidden_state), self.hidden_size))


class RNNCell(Node, opset="opset1"):
    """RNNCell-0: one step; the result is the hidden state (N, hidden size)."""

    x: Operand = operand()
    initial_hidden_state: Operand = operand()
    w: Operand = operand()
    r: Operand = operand()
    b: Operand = operand()
    hidden_size: int = integer()
    activations: Strings = texts(default=("tanh",))
    activations_alpha: Reals = reals(default=())
    activations_beta: Reals = reals(default=())
    clip: float = real(default=0.0)

    def infer(self) -> Type:
        element = _weights(self, gates=1, biases=1)
        return Type(element, (_batch(self, self.initial_hidden_state), self.hidden_size))


class LSTMSequence(Node, opset="opset5"):
    """LSTMSequence-5: x is N, T, I; results are N, D, T, H and the last hidden and cell states N, D, H."""

    x: Operand = operand()
    initial_hidden_state: Operand = operand()
    initial_cell_state: Operand = operand()
    sequence_lengths: Operand = operand()
    w: Operand = operand()
    r: Operand = operand()
    b: Operand = operand()
    hidden_size: int = integer()
    direction: str = required_one_of("forward", "reverse", "bidirectional")
    activations: Strings = texts(default=("sigmoid", "tanh", "tanh"))
    activations_alpha: Reals = reals(default=())
    activations_beta: Reals = reals(default=())
    clip: float = real(default=0.0)

    def infer(self) -> list[Type]:
        batch = _batch(self, self.initial_hidden_state, self.initial_cell_state)
        return _sequence(self, _weights(self, gates=4, biases=4), batch, states=2)


class GRUSequence(Node, opset="opset5"):
    """GRUSequence-5: x is N, T, I; results are N, D, T, H and the last hidden state N, D, H."""

    x: Operand = operand()
    initial_hidden_state: Operand = operand()
    sequence_lengths: Operand = operand()
    w: Operand = operand()
    r: Operand = operand()
    b: Operand = operand()
    hidden_size: int = integer()
    direction: str = required_one_of("forward", "reverse", "bidirectional")
    activations: Strings = texts(default=("sigmoid", "tanh"))
    activations_alpha: Reals = reals(default=())
    activations_beta: Reals = reals(default=())
    clip: float = real(default=0.0)
    linear_before_reset: bool = boolean(default=False)

    def infer(self) -> list[Type]:
        batch = _batch(self, self.initial_hidden_state)
        biases = 4 if self.linear_before_reset else 3
        return _sequence(self, _weights(self, gates=3, biases=biases), batch, states=1)


class RNNSequence(Node, opset="opset5"):
    """RNNSequence-5: x is N, T, I; results are N, D, T, H and the last hidden state N, D, H."""

    x: Operand = operand()
    initial_hidden_state: Operand = operand()
    sequence_lengths: Operand = operand()
    w: Operand = operand()
    r: Operand = operand()
    b: Operand = operand()
    hidden_size: int = integer()
    direction: str = required_one_of("forward", "reverse", "bidirectional")
    activations: Strings = texts(default=("tanh",))
    activations_alpha: Reals = reals(default=())
    activations_beta: Reals = reals(default=())
    clip: float = real(default=0.0)

    def infer(self) -> list[Type]:
        batch = _batch(self, self.initial_hidden_state)
        return _sequence(self, _weights(self, gates=1, biases=1), batch, states=1)


Sequence_: TypeAlias = "LSTMSequence | GRUSequence | RNNSequence"
Cell: TypeAlias = "LSTMCell | GRUCell | RNNCell"


def _batch(node: Cell | Sequence_, *states: Value) -> Dim:
    """The batch size, which the data, the states and the sequence lengths share."""
    rank = 2 if isinstance(node, (LSTMCell, GRUCell, RNNCell)) else 3
    sizes = [at(of_rank(node.x, "x", rank), 0)]
    for state in states:
        shape = of_rank(state, "a state", rank)
        agree("sizes of the hidden state", at(shape, -1), node.hidden_size)
        sizes.append(at(shape, 0))
    if not isinstance(node, (LSTMCell, GRUCell, RNNCell)):
        sizes.append(at(of_rank(node.sequence_lengths, "sequence_lengths", 1), 0))
    return agree("batch sizes", *sizes, node=node)


def _weights(node: Cell | Sequence_, gates: int, biases: int) -> t.ElementType:
    """The element type of the weights, after a check of all their shapes."""
    size = node.hidden_size
    directions: tuple[int, ...] = ()
    if not isinstance(node, (LSTMCell, GRUCell, RNNCell)):
        directions = (2 if node.direction == "bidirectional" else 1,)
    rank = len(directions)
    inputs = at(of_rank(node.x, "x", rank + 2), -1)
    for what, v, tail in (
        ("w", node.w, (gates * size, inputs)),
        ("r", node.r, (gates * size, size)),
        ("b", node.b, (biases * size,)),
    ):
        shape = of_rank(v, what, rank + len(tail))
        for axis, wanted in enumerate((*directions, *tail)):
            agree(f"dimensions {axis} of {what}: found and needed", at(shape, axis), wanted)
    if size < 1:
        raise ShapeError(f"the hidden size is {size}")
    return t.promote([v.element for v in (node.x, node.initial_hidden_state, node.w, node.r, node.b)])


def _sequence(node: Sequence_, element: t.ElementType, batch: Dim, states: int) -> list[Type]:
    directions = 2 if node.direction == "bidirectional" else 1
    length = agree("lengths", at(node.x.shape, 1), node=node)
    state = Type(element, (batch, directions, node.hidden_size))
    return [Type(element, (batch, directions, length, node.hidden_size)), *[state] * states]
