"""Reads nnet3 networks: a config of nodes, then the components by name. Source: `nnet3/nnet-nnet.h`."""

from __future__ import annotations

import re

from mo_core.errors import ModelError, Unsupported
from mo_kaldi.components import skip_component
from mo_kaldi.network import Descriptor, Network, Node, columns, parse_descriptor, ref
from mo_kaldi.stream import Stream
from mo_kaldi.untrained import make_up_statistics

_PAIR = re.compile(r"([\w-]+)=(.*?)(?=\s+[\w-]+=|$)")
_MOST_LINES = 1 << 20


def read_nnet3(stream: Stream) -> Network:
    """Read a network after the tag `<Nnet3>`."""
    network = Network("nnet3")
    first = stream.line()  # empty as Kaldi writes it, unless an editor has taken the space after the tag away
    lines = [first] if first else []
    for _ in range(_MOST_LINES):
        line = stream.line()
        if not line:
            break
        lines.append(line)
    for line in lines:
        _add_node(network, line)
    stream.expect("<NumComponents>")
    count = stream.integer()
    for _ in range(count):
        stream.expect("<ComponentName>")
        name = stream.token()
        start, tag = stream.at, stream.token()
        if not tag.startswith("<") or not tag.endswith(">") or tag.startswith("</"):
            raise stream.fail("the tag of a component", start)
        network.components[name] = skip_component(stream, tag[1:-1])
    stream.expect("</Nnet3>")
    if stream.accept("<LeftContext>"):
        stream.integer()
        stream.expect("<RightContext>")
        stream.integer()
        stream.expect("<Priors>")
        priors = stream.tensor()
        network.priors = priors if priors.size else None
    network.check()
    make_up_statistics(network)
    return network


def _add_node(network: Network, line: str) -> None:
    kind, _, rest = line.partition(" ")
    pairs = dict(_PAIR.findall(rest))
    if kind in ("component-node", "input-node", "output-node", "dim-range-node"):
        try:
            network.add(_node(kind, pairs))
            return
        except (KeyError, ValueError):
            pass
    raise ModelError(f'the config line "{line[:200]}" cannot be read', "Check the network with nnet3-info.")


def _node(kind: str, pairs: dict[str, str]) -> Node:
    name = pairs["name"]
    if kind == "input-node":
        return Node(name, "input", dim=int(pairs["dim"]))
    if kind == "dim-range-node":
        reads: Descriptor = columns(ref(pairs["input-node"]), int(pairs["dim-offset"]), int(pairs["dim"]))
        return Node(name, "range", reads, dim=int(pairs["dim"]))
    reads = parse_descriptor(pairs["input"])
    if kind == "component-node":
        return Node(name, "component", reads, pairs["component"])
    if pairs.get("objective", "linear") not in ("linear", "quadratic"):
        raise Unsupported(f'output "{name}" has objective {pairs["objective"]}, which is not known')
    return Node(name, "output", reads)
