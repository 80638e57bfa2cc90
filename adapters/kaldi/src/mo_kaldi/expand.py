"""Components that only say which frames or columns are read, written as descriptors and chains of simple components."""

from __future__ import annotations

from collections.abc import Callable

from mo_core.errors import ModelError, Unsupported
from mo_kaldi.network import Component, Descriptor, Network, Node, append, columns, offset, ref

_MOST_NODES = 1 << 16


def expanded(network: Network) -> Network:
    """The network with the copies that `ReplaceIndex(…, x, n)` asks for, and with simple components only."""
    whole = Network(network.generation, priors=network.priors, notes=network.notes, components=dict(network.components))
    work = [(node, 0) for node in network.nodes.values()]
    done: set[str] = set()
    for node, x in work:
        name = _copy_name(node.name, x)
        if name in done:
            continue
        done.add(name)
        if len(done) > _MOST_NODES:
            raise ModelError("the network asks for more than 65536 copies of its nodes")
        if node.kind == "input":
            if x:
                raise Unsupported(f'input "{node.name}" is read at index {x} of another axis than time')
            whole.add(node)
            continue

        def reading(d: Descriptor, x: int = x) -> Descriptor:
            return _at(d, x, lambda other, at: work.append((network.nodes[other], at)))

        for made in _simple(whole, node, x, name, reading):
            whole.add(made)
    return whole


def _copy_name(name: str, x: int) -> str:
    return f"{name}@{x}" if x else name


def _at(d: Descriptor, x: int, ask: Callable[[str, int], None]) -> Descriptor:
    """A descriptor for index x of the axis that is not time; `ask` hears of every node that it reads."""
    if d.op == "Ref":
        ask(d.name, x)
        return ref(_copy_name(d.name, x))
    if d.op == "ReplaceIndex" and d.name == "x":
        return _at(d.args[0], int(d.numbers[0]), ask)
    return Descriptor(d.op, tuple(_at(a, x, ask) for a in d.args), d.numbers, d.name)


def _simple(whole: Network, node: Node, x: int, name: str, reading: Callable[..., Descriptor]) -> list[Node]:
    assert node.reads is not None
    component = whole.components.get(node.component)
    if component is None:
        return [Node(name, node.kind, reading(node.reads), "", node.dim)]
    if component.kind == "DistributeComponent":
        width, parts = component.integer("OutputDim"), component.integer("InputDim") // component.integer("OutputDim")
        inner = reading(node.reads, x // parts)
        return [Node(name, "range", columns(inner, x % parts * width, width), dim=width)]
    reads = reading(node.reads)
    if component.kind == "TdnnComponent":
        reads = append([offset(reads, n) for n in component.integers("TimeOffsets")])
    if component.kind in ("CompositeComponent", "CompositeComponentSimple"):
        return _chain(whole, component, name, reads)
    return [Node(name, "component", reads, node.component)]


def _chain(whole: Network, component: Component, name: str, reads: Descriptor) -> list[Node]:
    """The parts of a composite component one after another; the last one has its name."""
    if not component.parts:
        raise ModelError(f'component "{name}" has no parts')
    nodes = []
    for i, part in enumerate(component.parts, 1):
        made = name if i == len(component.parts) else f"{name}/{i}"
        key = f"{name}/{i}/{part.kind}"
        whole.components[key] = part
        nodes.append(Node(made, "component", reads, key))
        reads = ref(made)
    return nodes
