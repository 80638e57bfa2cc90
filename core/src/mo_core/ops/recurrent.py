"""Recurrent cells and sequences.

Gates lie one after the other in the rows of `w`, `r` and `b`: f, i, c, o for LSTM; z, r, h for GRU. Sequences have a
leading axis of directions in `w`, `r` and `b`, and batch, directions, hidden size in the states.
"""

from __future__ import annotations

from mo_core.ir import Node
from mo_core.schema import (
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
