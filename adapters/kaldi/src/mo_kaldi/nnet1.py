"""Reads nnet1 networks: a chain of components with their sizes. Source: `nnet/nnet-component.h` and its kin.

What looks over several frames becomes descriptors, and a recurrent component becomes a step that reads its own
results one frame ago, so that the planner treats all generations alike. Frames before the first and after the last
repeat these, at each component that splices.
"""

from __future__ import annotations

from mo_core.errors import ModelError, Unsupported
from mo_kaldi.components import read_nnet1_component
from mo_kaldi.network import Component, Descriptor, Network, Node, append, columns, offset, ref, whole_numbers
from mo_kaldi.stream import Number, Raw, Stream

_KNOWN = """
AffineTransform LinearTransform ConvolutionalComponent Convolutional2DComponent LstmProjected LstmProjectedStreams
BlstmProjected BlstmProjectedStreams RecurrentComponent Softmax HiddenSoftmax BlockSoftmax Sigmoid Tanh ParametricRelu
RectifiedLinear ReLU Dropout LengthNormComponent Rbm Splice Copy AddShift Rescale KlHmm SentenceAveragingComponent
SimpleSentenceAveragingComponent FramePoolingComponent ParallelComponent AveragePoolingComponent
AveragePooling2DComponent MaxPoolingComponent MaxPooling2DComponent
"""
KINDS = {kind.lower(): kind for kind in _KNOWN.split()}
"""Components that the reader knows, since it must know where the next one begins."""
_RECURRENT = {
    "LstmProjected": "LstmProjectedStep",
    "LstmProjectedStreams": "LstmProjectedStep",
    "RecurrentComponent": "RecurrentStep",
}
_DEEPEST = 8


def read_nnet1(stream: Stream) -> Network:
    """Read a network after the tag `<Nnet>`."""
    network = Network("nnet1")
    chain = _read_chain(stream, 0)
    network.add(Node("input", "input", dim=chain[0][2]))
    reads = _Chain(network, "").run(chain, ref("input"))
    network.add(Node("output", "output", reads))
    network.check()
    return network


def put_in_front(first: Network, second: Network) -> Network:
    """One network whose second part reads the output of the first (a feature transform)."""
    whole = Network(second.generation, notes=[*first.notes, *second.notes], priors=second.priors)
    features = "feature_transform/"
    for name, component in first.components.items():
        whole.components[features + name] = component
    end: Descriptor | None = None
    for node in first.nodes.values():
        if node.kind == "input":
            whole.add(node)
        elif node.kind == "output":
            end = _renamed(node.reads, features)
        else:
            reads = _renamed(node.reads, features)
            whole.add(Node(features + node.name, node.kind, reads, features + node.component, node.dim))
    if end is None:
        raise ModelError("the feature transform has no output")
    start = next(n.name for n in second.nodes.values() if n.kind == "input")
    whole.components.update(second.components)
    for node in second.nodes.values():
        if node.kind != "input":
            whole.add(Node(node.name, node.kind, _replaced(node.reads, start, end), node.component, node.dim))
    return whole


def _renamed(d: Descriptor | None, prefix: str) -> Descriptor | None:
    if d is None or d.op == "Ref":
        return d if d is None or d.name == "input" else ref(prefix + d.name)
    return Descriptor(d.op, tuple(r for a in d.args if (r := _renamed(a, prefix))), d.numbers, d.name)


def _replaced(d: Descriptor | None, name: str, by: Descriptor) -> Descriptor | None:
    if d is None or d.op == "Ref":
        return by if d is not None and d.name == name else d
    return Descriptor(d.op, tuple(r for a in d.args if (r := _replaced(a, name, by))), d.numbers, d.name)


_Link = tuple[Component, int, int]
"""A component with how many columns it gives and takes."""


def _read_chain(stream: Stream, depth: int) -> list[_Link]:
    if depth > _DEEPEST:
        raise stream.fail("networks nested less deep")
    chain: list[_Link] = []
    while True:
        start, tag = stream.at, stream.token()
        if tag == "</Nnet>":
            break
        kind = KINDS.get(tag[1:-1].lower())
        if kind is None:
            raise _unknown(stream, tag, start)
        if kind in _NESTING:
            component = Component(kind, start, tuple(stream.value() for _ in range(2)))
            component.parts = _NESTING[kind](stream, depth)
        else:
            component = read_nnet1_component(stream, kind, KINDS)
        chain.append(_link(component))
    if not chain:
        raise stream.fail("a component")
    return chain


def _unknown(stream: Stream, tag: str, start: int) -> ModelError | Unsupported:
    if tag.startswith("<") and tag.endswith(">") and not tag.startswith("</"):
        return Unsupported(
            f"component {tag} at byte {start} is not known",
            "Its sizes are not marked in this generation of networks, so nothing after it can be read.",
        )
    stream.at = start
    return stream.fail("the tag of a component, or </Nnet>")


def _nested(stream: Stream, depth: int) -> list[Component]:
    """The networks of a ParallelComponent, each as a component whose parts are the chain."""
    parts = []
    stream.expect("<NestedNnetCount>")
    for _ in range(stream.integer()):
        stream.expect("<NestedNnet>")
        stream.integer()
        stream.expect("<Nnet>")
        chain = _read_chain(stream, depth + 1)
        parts.append(Component("Nnet", stream.at, (Number(str(chain[-1][1])), Number(str(chain[0][2]))),
                               parts=[c for c, _, _ in chain]))  # fmt: skip
    stream.expect("</ParallelComponent>")
    stream.accept("<!EndOfComponent>")
    return parts


def _averaged(stream: Stream, depth: int) -> list[Component]:
    """The network whose result a SentenceAveragingComponent takes the mean of."""
    stream.expect("<Nnet>")
    parts = [c for c, _, _ in _read_chain(stream, depth + 1)]
    stream.accept("<!EndOfComponent>")
    return parts


_NESTING = {"ParallelComponent": _nested, "SentenceAveragingComponent": _averaged}


def _link(component: Component) -> _Link:
    sizes = component.values[:2]
    if len(sizes) < 2 or not all(isinstance(v, Number) for v in sizes):
        raise ModelError(f"<{component.kind}> at byte {component.at} has no sizes")
    gives, takes = (v.integer for v in sizes if isinstance(v, Number))
    if min(gives, takes) < 1:
        raise ModelError(f"<{component.kind}> at byte {component.at} has the sizes {gives} and {takes}")
    return component, gives, takes


class _Chain:
    """Adds a chain of components to a network."""

    def __init__(self, network: Network, prefix: str) -> None:
        self._network, self._prefix = network, prefix

    def run(self, chain: list[_Link], reads: Descriptor) -> Descriptor:
        """Add nodes for all components; returns what the last one gives."""
        for i, (component, gives, takes) in enumerate(chain, 1):
            name = f"{self._prefix}{component.kind}_{i}"
            reads = self._add(component, gives, takes, name, reads)
        return reads

    def _add(self, component: Component, gives: int, takes: int, name: str, reads: Descriptor) -> Descriptor:
        kind, rest = component.kind, component.values[2:]
        if kind == "Splice":
            return self._node(name, append([_clamped(reads, n) for n in _list(rest, component)]), gives)
        if kind == "ParallelComponent":
            return self._parallel(component, name, reads)
        if kind == "SentenceAveragingComponent":
            inner = _Chain(self._network, f"{name}/").run([_link(c) for c in component.parts], reads)
            return self._node(name, append([Descriptor("Mean", (inner,), (0, 0)), reads]), gives)
        if kind == "SimpleSentenceAveragingComponent":
            return self._node(name, _mean(component, reads), gives)
        if kind in _RECURRENT:
            return self._recurrent(component, _RECURRENT[kind], name, reads, gives, rest, -1)
        if kind.startswith("Blstm"):
            return self._both_ways(component, name, reads, gives, rest)
        self._network.components[name] = Component(kind, component.at, rest, component.tokens)
        self._network.add(Node(name, "component", reads, name, gives))
        return ref(name)

    def _node(self, name: str, reads: Descriptor, dim: int) -> Descriptor:
        self._network.add(Node(name, "range", reads, dim=dim))
        return ref(name)

    def _parallel(self, component: Component, name: str, reads: Descriptor) -> Descriptor:
        parts, at, total = [], 0, 0
        for i, nested in enumerate(component.parts, 1):
            chain = [_link(c) for c in nested.parts]
            taken = columns(reads, at, chain[0][2])
            parts.append(_Chain(self._network, f"{name}/{i}/").run(chain, taken))
            at += chain[0][2]
            total += chain[-1][1]
        return self._node(name, append(parts), total)

    def _both_ways(
        self, component: Component, name: str, reads: Descriptor, gives: int, rest: tuple[Raw, ...]
    ) -> Descriptor:
        half = len(rest) // 2
        forward = self._recurrent(component, "LstmProjectedStep", f"{name}/forward", reads, gives // 2, rest[:half], -1)
        backward = self._recurrent(
            component, "LstmProjectedStep", f"{name}/backward", reads, gives // 2, rest[half:], 1
        )
        return self._node(name, append([forward, backward]), gives)

    def _recurrent(
        self,
        component: Component,
        kind: str,
        name: str,
        reads: Descriptor,
        gives: int,
        rest: tuple[Raw, ...],
        past: int,
    ) -> Descriptor:
        """A step that reads what it gave at the frame before (or after): its result, and a cell where it has one."""
        step = f"{name}/step"
        cells = component.integer("CellDim") if kind == "LstmProjectedStep" else 0
        parts = [reads, Descriptor("IfDefined", (offset(ref(name), past),))]
        if cells:
            cell = f"{name}/cell"
            parts.append(Descriptor("IfDefined", (offset(ref(cell), past),)))
        self._network.components[step] = Component(kind, component.at, rest, component.tokens)
        self._network.add(Node(step, "component", append(parts), step))
        if cells:
            self._network.add(Node(cell, "range", columns(ref(step), gives, cells), dim=cells))
        return self._node(name, columns(ref(step), 0, gives), gives)


def _mean(component: Component, reads: Descriptor) -> Descriptor:
    """The mean over the utterance; the count may be made larger by a number, or left out."""
    shrinkage = component.tokens.get("Shrinkage")
    less = shrinkage.real if isinstance(shrinkage, Number) else 0.0
    return Descriptor("Mean", (reads,), (less, float(component.flag("OnlySumming"))))


def _clamped(reads: Descriptor, frames: int) -> Descriptor:
    return Descriptor("Clamp", (reads,), (frames,))


def _list(values: tuple[Raw, ...], component: Component) -> tuple[int, ...]:
    found = whole_numbers(values[0] if values else None, f"the frames of <{component.kind}> at byte {component.at}")
    if not found:
        raise ModelError(f"<{component.kind}> at byte {component.at} has no frames")
    return found
