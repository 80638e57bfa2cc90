"""A choice between two bodies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mo_core.build.basics import split
from mo_core.build.bodies import Convert, detach, refuse_effects, set_outputs
from mo_core.build.sequences import Item, Tail, flat, regrouped
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Effects, Graph, Pack, Value
from mo_core.ir import types as t
from mo_core.ir.known import numbers
from mo_core.ir.types import Dynamic
from mo_core.ops import Convert as ConvertOp
from mo_core.ops import Equal, If, Squeeze, close
from mo_core.ops.shape import View

__all__ = ["branch"]


def branch(
    condition: Value, then_body: Graph, else_body: Graph, convert: Convert, note: Callable[[str], None]
) -> Sequence[Item] | Effects:
    """The results of one of two source bodies, which take nothing and read what they need from outside.

    Args:
        condition: boolean, one element; where it is known, the body that it takes is all that is left.
        convert, note: as a converter gets them.

    Raises ModelError for bodies that do not fit together, Unsupported for sequences of different lengths and for
    effects in a body whose condition is not known.
    """
    known = condition.const
    if known is not None:
        if known.size != 1:
            raise ModelError(f"the condition of an If has {known.size} elements, and one is needed")
        return spliced(then_body if known.reshape(-1)[0] else else_body, convert)
    bodies = [then_body, else_body]
    branches = [convert(body, {}) for body in bodies]
    if len(branches[0]) != len(branches[1]):
        raise ModelError(f"the branches of an If have {len(branches[0])} and {len(branches[1])} outputs")
    for then, otherwise in zip(*branches):
        if _kind(then) != _kind(otherwise):
            raise Unsupported("the branches give sequences of different lengths, and the condition is not known")
    if _asks_for_a_dimension_of_one(condition) and _drops_axes(*branches):
        # The runtime has no values whose rank depends on the data. This is how PyTorch exports a squeeze of a dimension
        # that it does not know, and what follows expects it to be done.
        note(
            "the dimension that decides about a squeeze is not known, and it is taken to be 1: the model refuses other "
            "sizes; give the shapes of the inputs with --input_shape where they are meant"
        )
        return Effects([_squeezed_or_refused(v) for v in branches[0]], detach(then_body))
    inputs: dict[Value, int] = {}
    places = []
    for body, values in zip(bodies, branches):
        refuse_effects(body)
        set_outputs(body, flat(values))
        places.append(tuple(inputs.setdefault(v, len(inputs)) for v in close(body)))
    node = If(
        condition,
        list(inputs),
        then_body=then_body,
        else_body=else_body,
        then_inputs=places[0],
        else_inputs=places[1],
    )
    return regrouped(node.results, branches[0])


def spliced(body: Graph, convert: Convert) -> Effects:
    """The results of a body without inputs, whose nodes go where the converter's do."""
    values = convert(body, {})
    return Effects(values, detach(body))


def _asks_for_a_dimension_of_one(condition: Value) -> bool:
    """True for a comparison of an unknown dimension with one."""
    node = condition.node
    while isinstance(node, (ConvertOp, View)):
        node = node.operands[0].node
    if not isinstance(node, Equal):
        return False
    sides = [v.known for v in node.operands]
    unknown = any(k is not None and any(isinstance(d, Dynamic) for d in k.reshape(-1)) for k in sides)
    return unknown and any(k is not None and k.size == 1 and k.reshape(-1)[0] == 1 for k in sides if k is not None)


def _squeezed_or_refused(item: Item) -> Item:
    """A Squeeze of axes that are first made one part of size 1: the runtime refuses others, which it would flatten."""
    if not isinstance(item, Value) or not isinstance(item.node, Squeeze) or item.node.operands[0].shape is None:
        return item
    data, *axes = item.node.operands
    for axis in t.normalize_axes(numbers(axes[0]) or () if axes else (), data.rank):
        if data.dims[axis] != 1:
            (data,) = split(data, axis, [1])
    return item.node.evolve(data, *axes)


def _drops_axes(then: Sequence[Item], otherwise: Sequence[Item]) -> bool:
    """True when the ranks of the results are known, and the first branch's are smaller where they differ."""
    pairs = [(a.shape, b.shape) for a, b in zip(then, otherwise) if isinstance(a, Value) and isinstance(b, Value)]
    known = [(len(a), len(b)) for a, b in pairs if a is not None and b is not None]
    return len(known) == len(then) and all(a <= b for a, b in known) and any(a < b for a, b in known)


def _kind(item: Item) -> tuple[object, ...]:
    """What the results of both branches must have in common."""
    if isinstance(item, Tail):
        return Tail, len(item), item.parameter, item.at
    return (type(item), len(item)) if isinstance(item, Pack) else (Value, 1)
