"""Partitioned graphs undone: nodes that a back-end (oneDNN, TensorRT) put in the place of a part of the network.

A quantised partition stays one node, for its sub-graph does not tell that it computes with 8-bit numbers: it gets the
attributes of the layer in it, and the list of what is fused to that.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import ModelError
from mo_mxnet.symbol import Entry, Node, Symbol

CONTROL = frozenset(("_foreach", "_while_loop", "_cond"))
"""Operators whose sub-graphs are run many times, or perhaps: they stay bodies."""

MAX_NODES = 1 << 20


def departitioned(symbol: Symbol) -> Symbol:
    """The symbol with the nodes of every partition in its place; raises ModelError where they do not fit."""
    if not any(node.subgraphs and node.op not in CONTROL for node in symbol.nodes):
        return symbol
    nodes: list[Node] = []
    heads = _copy(symbol, None, nodes)
    return Symbol(tuple(nodes), tuple(heads), symbol.version)


def is_partition(node: Node) -> bool:
    """True for a node that stands for the nodes of its only sub-graph."""
    return len(node.subgraphs) == 1 and node.op not in CONTROL and not _is_quantised(node)


def _is_quantised(node: Node) -> bool:
    return node.attributes.get("quantized", "False").lower() in ("true", "1")


_LAYERS = ("Convolution", "FullyConnected")
_NORMS = {"eps": "bn_eps", "fix_gamma": "bn_fix_gamma"}


def _flattened(node: Node) -> Node:
    """A quantised partition with the attributes of its layer, and `activations`, as in `relu clip:0:6`."""
    attributes: dict[str, str] = {}
    activations: list[str] = []
    for inner in node.subgraphs[0].nodes:
        if inner.op in _LAYERS:
            attributes.update(inner.attributes)
        elif inner.op == "BatchNorm":
            attributes.update((name, inner.attributes[key]) for key, name in _NORMS.items() if key in inner.attributes)
        elif not inner.is_variable and inner.op not in ("elemwise_add", "_npi_add"):
            activations.append(_activation(inner))
    attributes.update((k, v) for k, v in node.attributes.items() if k not in _RENAMED and k != "quantized")
    attributes.update((_RENAMED[k], v) for k, v in node.attributes.items() if k in _RENAMED)
    attributes["activations"] = " ".join(activations)
    return Node(node.op, node.name, node.inputs, attributes)


_RENAMED = {"with_relu": "with_act", "with_sum_relu": "with_postsum_act"}
"""Attributes of 1.4, by their later names."""


def _activation(node: Node) -> str:
    """The name of a fused function, with its numbers."""
    given = node.attributes
    if node.op in ("Activation", "LeakyReLU"):
        name = given.get("act_type", "leaky")
        return f"{name}:{given.get('slope', '0.25')}" if name in ("leaky", "elu") else name
    if node.op == "clip":
        return f"clip:{given.get('a_min', '0')}:{given.get('a_max', 'inf')}"
    return node.op


def _copy(symbol: Symbol, arguments: Sequence[Entry] | None, nodes: list[Node]) -> list[Entry]:
    """Append the nodes of a symbol; returns its outputs. `arguments` stand for its variables, if given."""
    places: dict[Entry, Entry] = {}
    if arguments is not None:
        variables = symbol.variables()
        if len(variables) != len(arguments):
            raise ModelError(f"a partition has {len(arguments)} inputs, and its sub-graph has {len(variables)}")
        places.update(((v, 0), argument) for v, argument in zip(variables, arguments))
    used = symbol.result_counts()
    needed = symbol.needed()
    for index, node in enumerate(symbol.nodes):
        if not needed[index] or (arguments is not None and node.is_variable):
            continue
        inputs = tuple(places[entry] for entry in node.inputs)
        if is_partition(node):
            outputs = _copy(node.subgraphs[0], inputs, nodes)
            if used[index] > len(outputs):
                raise ModelError(f'the partition "{node.name}" has {len(outputs)} outputs, and one more is read')
        else:
            if len(nodes) >= MAX_NODES:
                raise ModelError(f"the partitions have more than {MAX_NODES} nodes")
            moved = Node(node.op, node.name, inputs, node.attributes, node.subgraphs)
            nodes.append(_flattened(moved) if len(node.subgraphs) == 1 and _is_quantised(node) else moved)
            outputs = [(len(nodes) - 1, output) for output in range(used[index])]
        places.update(((index, i), entry) for i, entry in enumerate(outputs))
    return [places[head] for head in symbol.heads]
