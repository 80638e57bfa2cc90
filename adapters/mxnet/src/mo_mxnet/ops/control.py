"""Loops and branches. Their sub-graphs become bodies when the symbol is read (`mo_mxnet.bodies`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mo_core.build import as_i64, constant_like, dims_of, integer, ints, vector
from mo_core.build.bodies import Convert
from mo_core.build.branches import branch
from mo_core.build.loops import loop, scan, slicing
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Effects, Foreign, Graph, Value
from mo_core.ops import Pad, Subtract
from mo_mxnet.bodies import BODY, CARRIED, OTHERWISE, THEN
from mo_mxnet.registry import mxnet_op

_PLACES = ("num_outputs", "num_out_data", "in_state_locs", "in_data_locs", "remain_locs")


def _body(node: Foreign, name: str) -> Graph:
    body: Any = node.given.get(name)
    if not isinstance(body, Graph):
        raise ModelError(f"{node.op} has no sub-graph")
    return body


@mxnet_op("_foreach", ignore=_PLACES)
def foreach(*values: Value, node: Foreign, convert: Convert) -> Sequence[Value]:
    """A loop over axis 0 of the data; what it gives are stacks, then the last states."""
    body, carried = _body(node, BODY), node.given[CARRIED]
    states, data = values[:carried], values[carried:]
    stacks = len(body.outputs) - carried
    results = scan(states, data, [slicing(0, 0)] * len(data), [(0, 0)] * stacks, body, convert)
    return [*results[carried:], *results[:carried]]


@mxnet_op(
    "_while_loop",
    ignore=("num_outputs", "num_out_data", "cond_input_locs", "func_input_locs", "func_var_locs"),
)
def while_loop(
    condition: Value, *carried: Value, max_iterations: int, node: Foreign, convert: Convert
) -> Sequence[Value]:
    """Stacks are as long as the loop may be, with zeros after what it computed."""
    body = _body(node, BODY)
    results = [_tensor(v) for v in loop(integer(max_iterations), condition, carried, body, convert)]
    stacks = [_lengthened(v, max_iterations) for v in results[len(carried) :]]
    return [*stacks, *results[: len(carried)]]


def _tensor(item: Any) -> Value:
    if not isinstance(item, Value):
        raise Unsupported("a loop that carries a sequence is not supported")
    return item


def _lengthened(x: Value, length: int) -> Value:
    if x.shape is not None and x.shape[0] == length:
        return x
    missing = Subtract(vector([length]), dims_of(x, [0]))
    none = ints([0] * (x.rank - 1))
    behind = vector([as_i64(missing), none]) if x.rank > 1 else missing
    return Pad(x, ints([0] * x.rank), behind, constant_like(x, 0))


@mxnet_op("_cond", ignore=("num_outputs", "cond_input_locs", "then_input_locs", "else_input_locs"))
def cond(condition: Value, *, node: Foreign, convert: Convert, note: Callable[[str], None]) -> Sequence[Any] | Effects:
    return branch(condition, _body(node, THEN), _body(node, OTHERWISE), convert, note)
