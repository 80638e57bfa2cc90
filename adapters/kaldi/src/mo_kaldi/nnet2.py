"""Reads nnet2 networks: a chain of components. Source: `nnet2/nnet-nnet.h` and `nnet2/nnet-component.h`."""

from __future__ import annotations

from mo_core.errors import ModelError
from mo_core.ir.tensor import Tensor
from mo_kaldi.components import skip_component
from mo_kaldi.network import Component, Descriptor, Network, Node, append, columns, offset, ref
from mo_kaldi.stream import Stream


def read_nnet2(stream: Stream) -> Network:
    """Read a network after the tag `<Nnet>` of a file whose next token is `<NumComponents>`."""
    stream.expect("<NumComponents>")
    count = stream.integer()
    stream.expect("<Components>")
    components = []
    for _ in range(count):
        start, tag = stream.at, stream.token()
        if not tag.startswith("<") or not tag.endswith(">") or tag.startswith("</"):
            raise stream.fail("the tag of a component", start)
        components.append(skip_component(stream, tag[1:-1]))
    stream.expect("</Components>")
    stream.expect("</Nnet>")
    network = Network("nnet2")
    if stream.at < len(stream.data) and stream.peek():
        priors = stream.value()
        if not isinstance(priors, Tensor):
            raise stream.fail("the priors")
        network.priors = priors if priors.size else None
    _chain(network, components)
    network.check()
    return network


def _chain(network: Network, components: list[Component]) -> None:
    """Components that read each other; splicing becomes a descriptor."""
    if not components:
        raise ModelError("the network has no component")
    network.add(Node("input", "input", dim=input_dim(components[0])))
    reads, dim = ref("input"), input_dim(components[0])
    for i, component in enumerate(components, 1):
        name = f"{component.kind}_{i}"
        if component.kind == "SpliceComponent":
            reads, dim = _splice(component, reads, dim)
            network.add(Node(name, "range", reads, dim=dim))
        elif component.kind == "SpliceMaxComponent":
            reads = Descriptor("Max", tuple(offset(reads, n) for n in component.integers("Context")))
            network.add(Node(name, "range", reads, dim=dim))
        else:
            network.components[name] = component
            network.add(Node(name, "component", reads, name))
            dim = 0
        reads = ref(name)
    network.add(Node("output", "output", reads))


def input_dim(component: Component) -> int:
    """How many columns a component reads."""
    for token in ("InputDim", "Dim"):
        if token in component.tokens:
            return component.integer(token)
    for token in ("LinearParams", "Scales", "Bias"):
        if token in component.tokens:
            return component.tensor(token).shape[-1]
    raise ModelError(f"the first component, <{component.kind}>, does not say how many columns it reads")


def _splice(component: Component, reads: Descriptor, dim: int) -> tuple[Descriptor, int]:
    """Frames next to each other; the last `ConstComponentDim` columns are taken once, from the first frame."""
    if "Context" in component.tokens:
        context = component.integers("Context")
    else:
        context = tuple(range(-component.integer("LeftContext"), component.integer("RightContext") + 1))
    dim, constant = component.integer("InputDim", dim), component.integer("ConstComponentDim", 0)
    if not context or not 0 <= constant < dim:
        raise ModelError(f"<SpliceComponent> at byte {component.at} has no frames, or nothing to splice")
    moving = columns(reads, 0, dim - constant) if constant else reads
    parts = [offset(moving, n) for n in context]
    if constant:
        parts.append(offset(columns(reads, dim - constant, constant), context[0]))
    return append(parts), (dim - constant) * len(context) + constant
