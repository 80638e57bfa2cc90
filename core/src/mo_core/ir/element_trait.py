"""What an op promises of the elements of its results (the counterpart of `mo_core.ir.axis_trait` for axes)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mo_core.ir.node import Node


def always(node: Node) -> bool:
    """The answer of an op class whose attributes make no difference."""
    return True


def never(node: Node) -> bool:
    """What is assumed of an op class that declares nothing."""
    return False


@dataclass(frozen=True)
class ElementTrait:
    """What a class declares as its `element_trait`; passes take an op that declares nothing for one of unknown values.

    Attributes:
        pointwise: each element of the results is a function of the elements at its place of the operands, which
            broadcast as numpy's do.
        chooses: each element of the results (of MaxPool: of the first) is one of the elements of the operands.
        never_negative: given a node, no element of its results is below zero.
        rising: given a node, a higher element of operand 0 never makes an element of the results lower.
        homogeneous: given a node, operand 0 times a number above zero gives the results times that number.
    """

    pointwise: bool = False
    chooses: bool = False
    never_negative: Callable[[Node], bool] = never
    rising: Callable[[Node], bool] = never
    homogeneous: Callable[[Node], bool] = never
