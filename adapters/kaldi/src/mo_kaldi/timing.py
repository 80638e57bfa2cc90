"""When things are defined: for every node the frames at which it can be computed, and those that are needed.

Frame numbers count from the first frame of the utterance. A `Span` holds the frames `lo <= t < T + hi` for an utterance
of T frames, so that its ends are known although T is not.

Source: `nnet3/nnet-computation-graph.h` (computability), `nnet3/nnet-utils.h` (context).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mo_core.errors import ModelError
from mo_kaldi.network import Component, Descriptor, Network, Node

INF = math.inf


class Span(NamedTuple):
    """The frames `lo <= t < T + hi`."""

    lo: float
    hi: float

    def moved(self, first: float, last: float | None = None) -> Span:
        """The span seen from `first` (and up to `last`) frames away."""
        return Span(self.lo + first, self.hi + (first if last is None else last))

    def meet(self, other: Span) -> Span:
        """Frames in both."""
        return Span(max(self.lo, other.lo), min(self.hi, other.hi))

    def hull(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(min(self.lo, other.lo), max(self.hi, other.hi))


ALWAYS = Span(-INF, INF)
UTTERANCE = Span(0, 0)


class Window(NamedTuple):
    """Frames that a component looks at, relative to the one it computes.

    Attributes:
        first, last: all of them; needed_first, needed_last: those that must be there (`any_`: one of them is enough).
        period: the component gives the same for all frames of such a period.
    """

    first: int = 0
    last: int = 0
    needed_first: int = 0
    needed_last: int = 0
    any_: bool = False
    period: int = 1


PRESENT = Window()
_CONSTANT = ("ConstantComponent", "ConstantFunctionComponent", "DropoutMaskComponent")


def window(component: Component) -> Window:
    """The frames that a component looks at."""
    kind = component.kind
    if kind == "TimeHeightConvolutionComponent":
        times = component.integers("Offsets")[::2]
        needed = component.integers("RequiredTimeOffsets") or times
        return Window(min(times), max(times), min(needed), max(needed)) if times else PRESENT
    if kind == "RestrictedAttentionComponent":
        step = component.integer("TimeStride")
        return Window(
            -step * component.integer("NumLeftInputs"),
            step * component.integer("NumRightInputs"),
            -step * component.integer("NumLeftInputsRequired"),
            step * component.integer("NumRightInputsRequired"),
        )
    if kind == "StatisticsExtractionComponent":
        period = component.integer("OutputPeriod")
        return Window(0, period - 1, 0, period - 1, any_=True, period=period)
    if kind == "StatisticsPoolingComponent":
        left, right = component.integer("LeftContext"), component.integer("RightContext")
        return Window(-left, right, -left, right, any_=True)
    return PRESENT


class Timing:
    """Spans of all nodes of a network.

    Args:
        inputs: the spans of the inputs; those that are not among them are known at every frame.
    """

    def __init__(self, network: Network, inputs: Mapping[str, Span]) -> None:
        self.network, self._inputs = network, inputs
        self.windows = {name: window(c) for name, c in network.components.items()}
        self.defined: dict[str, Span] = {}
        self._define()

    # -- where things can be computed

    def _define(self) -> None:
        """Start from nothing and go on until nothing changes: what waits for itself is never defined."""
        readers: dict[str, list[Node]] = {}
        for node in self.network.nodes.values():
            for name in node.reads.refs() if node.reads is not None else ():
                readers.setdefault(name, []).append(node)
        work = list(self.network.nodes.values())
        rounds = 0
        while work:
            rounds += 1
            if rounds > 64 * (len(self.network.nodes) + 16):
                raise ModelError("the network's recurrence never settles: its frames depend on themselves")
            node = work.pop()
            span = self._node_span(node)
            if span is not None and span != self.defined.get(node.name):
                self.defined[node.name] = span
                work.extend(readers.get(node.name, ()))

    def _node_span(self, node: Node) -> Span | None:
        if node.kind == "input":
            return self._inputs.get(node.name, ALWAYS)
        if self.is_constant(node):
            return ALWAYS
        assert node.reads is not None
        span = self.span(node.reads)
        if span is None or node.kind != "component":
            return span
        w = self.windows[node.component]
        if w.any_:
            if w.period > 1 and not math.isinf(span.lo):
                return Span(span.lo // w.period * w.period, span.hi)
            return Span(span.lo - w.needed_last, span.hi - w.needed_first)
        return Span(span.lo - w.needed_first, span.hi - w.needed_last)

    def is_constant(self, node: Node) -> bool:
        """True for components that do not look at what they read."""
        component = self.network.components.get(node.component)
        return component is not None and component.kind in _CONSTANT

    def span(self, d: Descriptor) -> Span | None:
        """Where a descriptor can be computed; None when nowhere (so far)."""
        if d.op == "Ref":
            return self.defined.get(d.name)
        if d.op in ("Const", "IfDefined"):
            return ALWAYS
        spans = [self.span(a) for a in d.args]
        if d.op == "Failover":
            given = [s for s in spans if s is not None]
            return given[0] if len(given) == 1 else given[0].hull(given[1]) if given else None
        if any(s is None for s in spans):
            return None
        found = spans[0]
        assert found is not None
        for s in spans[1:]:
            assert s is not None
            found = found.meet(s)
        if d.op in ("Clamp", "Mean"):
            return ALWAYS
        if d.op == "Offset":
            return found.moved(-d.numbers[0])
        if d.op == "Round" and not math.isinf(found.lo):
            period = d.numbers[0]
            return Span(-(-found.lo // period) * period, found.hi)
        if d.op == "ReplaceIndex" and d.name == "t":
            return ALWAYS if found.lo <= d.numbers[0] else None
        return found

    # -- what is needed

    def needs(self, roots: Iterable[str], components: Sequence[Sequence[str]]) -> dict[str, Span]:
        """The frames that must be computed of each node so that the roots are known for the whole utterance.

        `components`: strongly connected components of the nodes, each before those it reads. A recurrence starts at
        the first frame at which it can be computed. Raises ModelError when a root cannot be computed.
        """
        needed = dict.fromkeys(roots, UTTERANCE)
        for members in components:
            spans = [needed[n] for n in members if n in needed]
            if not spans:
                continue
            if len(members) > 1 or self.reads_itself(members[0]):
                self._need_recurrence(members, needed)
            for name in members:
                if name in needed:
                    self._need_operands(self.network.nodes[name], needed)
        return needed

    def reads_itself(self, name: str) -> bool:
        """True when a node reads its own result."""
        node = self.network.nodes[name]
        return node.reads is not None and not self.is_constant(node) and name in node.reads.refs()

    def _need_recurrence(self, members: Sequence[str], needed: dict[str, Span]) -> None:
        whole = Span(INF, -INF)
        for name in members:
            if name in needed:
                whole = whole.hull(needed[name])
        for name in members:
            span = self.defined.get(name)
            if span is None:
                raise ModelError(f'node "{name}" waits for itself: its recurrence has no beginning')
            if not math.isinf(span.lo):
                whole = Span(min(whole.lo, span.lo), whole.hi)
        for name in members:
            needed[name] = whole

    def _need_operands(self, node: Node, needed: dict[str, Span]) -> None:
        if node.reads is None or self.is_constant(node):
            return
        span, w = needed[node.name], self.windows.get(node.component, PRESENT)
        first = span.lo // w.period * w.period if w.period > 1 else span.lo
        self._need(node.reads, Span(first + w.first, span.hi + w.last), needed)

    def _need(self, d: Descriptor, span: Span, needed: dict[str, Span]) -> None:
        if d.op == "Ref":
            defined = self.defined.get(d.name)
            if defined is not None:
                inside = span.meet(defined)
                needed[d.name] = inside.hull(needed[d.name]) if d.name in needed else inside
            return
        if d.op == "Offset":
            span = span.moved(d.numbers[0])
        elif d.op == "Round":
            span = Span(span.lo // d.numbers[0] * d.numbers[0], span.hi)
        elif d.op in ("Clamp", "Mean"):
            span = UTTERANCE
        elif d.op == "ReplaceIndex" and d.name == "t":
            span = Span(min(d.numbers[0], 0), 0)
        for a in d.args:
            self._need(a, span, needed)


def context(network: Network, roots: Sequence[str], main: str) -> tuple[int, int]:
    """How many frames before the first and after the last one the roots need, in the worst alignment of periods."""
    left = right = 0.0
    for shift in range(modulus(network)):
        timing = Timing(network, {main: Span(shift, 0)})
        for root in roots:
            span = timing.defined.get(root)
            if span is None:
                raise ModelError(f'node "{root}" cannot be computed at any frame', "Check the network with nnet3-info.")
            left, right = max(left, span.lo - shift), max(right, -span.hi)
    if math.isinf(left) or math.isinf(right):
        raise ModelError("the network needs a context without end")
    return int(left), int(right)


def modulus(network: Network) -> int:
    """The number of frames by which a network may be shifted without a change."""
    found = 1
    for node in network.nodes.values():
        stack = [node.reads] if node.reads is not None else []
        while stack:
            d = stack.pop()
            period = int(d.numbers[0]) if d.op == "Round" else len(d.args) if d.op == "Switch" else 1
            found = math.lcm(found, period)
            stack.extend(d.args)
    if found > 1000:
        raise ModelError(f"the network repeats itself after {found} frames only, and at most 1000 are supported")
    return found


def components_of(names: Iterable[str], reads: Callable[[str], Iterable[str]]) -> list[list[str]]:
    """Strongly connected components, each after those that it reads (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in names:
        if root in index:
            continue
        work = [(root, iter(list(reads(root))))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(list(reads(target)))))
                    break
                if target in on_stack:
                    low[name] = min(low[name], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    members = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        members.append(member)
                        if member == name:
                            break
                    found.append(members[::-1])
    return found
