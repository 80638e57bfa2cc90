"""Partitioned graphs undone: nodes that a back-end (oneDNN, TensorRT) put in the place of a part of the network."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import ModelError
from mo_mxnet.symbol import Entry, Node, Symbol

CONTROL = frozenset(("_foreach", "_while_loop", "_cond"))
"""Operators whose sub-graphs are run many times, or perhaps: they stay bodies."""

MAX_NODES = 1 << 20


def departitioned(symbol: Symbol) -> Symbol:
    """The symbol with the nodes of every partition in its place; raises ModelError where they do not fit."""
    if not any(map(is_partition, symbol.nodes)):
        return symbol
    nodes: list[Node] = []
    heads = _copy(symbol, None, nodes)
    return Symbol(tuple(nodes), tuple(heads), symbol.version)


def is_partition(node: Node) -> bool:
    """True for a node that stands for the nodes of its only sub-graph.

    A quantised one does not: it computes with 8-bit numbers, which its sub-graph does not tell.
    """
    if len(node.subgraphs) != 1 or node.op in CONTROL:
        return False
    return node.attributes.get("quantized", "False").lower() not in ("true", "1")


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
            nodes.append(Node(node.op, node.name, inputs, node.attributes, node.subgraphs))
            outputs = [(len(nodes) - 1, output) for output in range(used[index])]
        places.update(((index, i), entry) for i, entry in enumerate(outputs))
    return [places[head] for head in symbol.heads]
