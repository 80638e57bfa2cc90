"""Affine components of a recurrence, whose product with what comes from outside is taken for all frames at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np

from mo_core.ir.tensor import Array_, Tensor, lazy
from mo_kaldi.dims import width
from mo_kaldi.network import Component, Descriptor, Network, Node, append, ref
from mo_kaldi.stream import Raw
from mo_kaldi.timing import components_of

_AFFINE = frozenset(("AffineComponent", "NaturalGradientAffineComponent", "FixedAffineComponent", "LinearComponent"))


def hoist(network: Network, roots: Iterable[str]) -> None:
    """Split affine members of recurrences into a sum: what does not depend on the recurrence is a node of its own."""

    def reads(name: str) -> list[str]:
        found = network.nodes[name].reads
        return [] if found is None else list(found.refs())

    for members in components_of(roots, reads):
        inside = frozenset(members)
        for name in members:
            _split(network, network.nodes[name], inside)


def _split(network: Network, node: Node, members: frozenset[str]) -> None:
    component = network.components.get(node.component)
    if component is None or component.kind not in _AFFINE or component.problem is not None or node.reads is None:
        return
    parts = node.reads.args if node.reads.op == "Append" else ()
    outside = [p for p in parts if members.isdisjoint(p.refs())]
    if not outside or len(outside) == len(parts) or not members.intersection(node.reads.refs()):
        return
    token = "Params" if component.kind == "LinearComponent" else "LinearParams"
    weights = component.tensor(token)
    ends = list(accumulate(width(network, p) for p in parts))
    if len(weights.shape) != 2 or ends[-1] != weights.shape[1]:
        return  # whoever converts it will say what does not fit
    spans = dict(zip(parts, zip([0, *ends], ends)))
    bias = {"BiasParams": component.tokens["BiasParams"]} if "BiasParams" in component.tokens else {}
    rest = [p for p in parts if p not in outside]
    made = [
        _product(network, f"{node.name}/outside", outside, weights, spans, bias),
        _product(network, f"{node.name}/inside", rest, weights, spans, {}),
    ]
    network.nodes[node.name] = Node(node.name, "range", Descriptor("Sum", tuple(made)), dim=weights.shape[0])


def _product(
    network: Network,
    name: str,
    parts: Sequence[Descriptor],
    weights: Tensor,
    spans: dict[Descriptor, tuple[int, int]],
    bias: Mapping[str, Raw],
) -> Descriptor:
    """A node for some of the columns of the weights."""
    taken = np.concatenate([np.arange(*spans[p]) for p in parts])

    def some(w: Array_) -> Array_:
        return np.ascontiguousarray(w[:, taken])

    shape = weights.shape[0], len(taken)
    tokens: dict[str, Raw] = {"LinearParams" if bias else "Params": lazy(some, weights, shape=shape), **bias}
    network.components[name] = Component("AffineComponent" if bias else "LinearComponent", tokens=tokens)
    network.add(Node(name, "component", append(parts), name, weights.shape[0]))
    return ref(name)
