"""ResNet stride optimisation: strides of 1x1 convolutions move up, so that nothing is computed and then skipped."""

from __future__ import annotations

from dataclasses import dataclass, field

from mo_core.ir import Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ir.schema import Ints
from mo_core.ops import Convolution, GroupConvolution, MaxPool, PReLU
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins

_CONVOLUTIONS = (Convolution, GroupConvolution)


@graph_pass("stride-optimization", stage=Stage.FUSE, after=("linear",))
def stride_optimization(graph: Graph, edit: Editor) -> None:
    """Move strides from 1x1 convolutions up to the convolution above, with poolings of kernel 1 next to them."""
    if not any(isinstance(node, _CONVOLUTIONS) and max(node.strides) > 1 and _is_pointwise(node) for node in graph):
        return
    plan = _Plan(edit)
    plan.ask(graph)
    plan.accept(graph)
    plan.apply(graph)


@dataclass
class _Plan:
    """Who wants how little.

    Attributes:
        asks: what a node would like its data thinned out by, if what computes the data can do that.
        offered: what all readers of a node's result would like it thinned out by, alike.
        taken: nodes that thin their result out indeed.
    """

    edit: Editor
    asks: dict[Node, Ints] = field(default_factory=dict)
    offered: dict[Node, Ints] = field(default_factory=dict)
    taken: set[Node] = field(default_factory=set)

    def ask(self, graph: Graph) -> None:
        """From the outputs up: collect what readers agree on."""
        for node in reversed(graph):
            if not _is_movable(node) or self.edit.excludes("stride-into-convolution", node):
                continue
            wanted = self._agreed(node)
            if isinstance(node, _CONVOLUTIONS):
                total = tuple(s * w for s, w in zip(node.strides, wanted)) if wanted else node.strides
                if wanted:
                    self.offered[node] = wanted
                if _is_pointwise(node) and max(total) > 1:
                    self.asks[node] = total
            elif wanted:
                self.offered[node] = self.asks[node] = wanted

    def _agreed(self, node: Node) -> Ints | None:
        found: set[Ints | None] = set()
        for user, index in node.uses:
            on_data = user in self.asks and (index == 0 or not isinstance(user, _CONVOLUTIONS))
            found.add(self.asks[user] if on_data else None)
        return found.pop() if len(found) == 1 else None

    def accept(self, graph: Graph) -> None:
        """From the inputs down: a convolution takes what it is offered, an element-wise op when an operand does."""
        for node in graph:
            if node in self.offered and (
                isinstance(node, _CONVOLUTIONS) or any(v.node in self.taken for v in node.operands)
            ):
                self.taken.add(node)

    def apply(self, graph: Graph) -> None:
        """Change strides and put poolings in; types are inferred again at the end, when all fit together.

        A tensor that is thinned out holds other content than in the source, and has no name any more.
        """
        for node in list(graph):
            if isinstance(node, _CONVOLUTIONS):
                self._restride(node)
            elif node in self.taken:
                self._align(node)
            if node in self.taken:
                self.edit.drop_names(node.results, "stride-into-convolution")
        if self.taken:
            self.edit.refresh()

    def _restride(self, node: Convolution | GroupConvolution) -> None:
        own, extra = node.strides, self.offered.get(node, ())
        if node in self.asks and node.data.node in self.taken:
            self.edit.update(node, strides=(1,) * len(own))
            self._fired("stride-from-convolution", node)
            return
        if extra:
            self.edit.update(node, strides=tuple(s * e for s, e in zip(own, extra)))
            self._fired("stride-into-convolution", node)
        if node in self.asks:
            reason = f'"{node.data.label}" is read by others, or no convolution above could take the stride'
            self.edit.decline("stride-from-convolution", node, reason)

    def _align(self, node: Node) -> None:
        strides = self.offered[node]
        ones = (1,) * len(strides)
        pools: dict[Value, Node] = {}
        for i, v in enumerate(node.operands):
            if v.node in self.taken or _is_flat(node, i):
                continue
            if v not in pools:
                zeros = (0,) * len(ones)
                pool = MaxPool(v, strides=strides, dilations=ones, pads_begin=zeros, pads_end=zeros, kernel=ones)
                self.edit.put(pool, node, node, f"{node.name}/{v.label}/pool")
                pools[v] = pool
                self._fired("pooling-next-to", pool)
            self.edit.set_operand(node, i, pools[v])

    def _fired(self, rule: str, node: Node) -> None:
        self.edit.fire(rule, origins([node]), node.name)


def _is_movable(node: Node) -> bool:
    """True for ops of which every result element depends on the data at its place, or on a window around it."""
    if isinstance(node, _CONVOLUTIONS):
        # a 1x1 convolution with padding must not get a stride: OpenVINO would move it on, and past the padding
        return node.auto_pad == "valid" or (
            node.auto_pad == "explicit" and (_is_pointwise(node) or not _is_pointwise(node, padded=True))
        )
    if not node.element_trait.pointwise or node.shape is None or not 3 <= len(node.shape) <= 5:
        return False
    return all(_fits_beside(node, i) for i in range(len(node.operands)))


def _fits_beside(node: Node, index: int) -> bool:
    """True when an operand has the spatial axes of the result, or none at all."""
    v, shape = node.operands[index], node.dims
    return _is_flat(node, index) or (
        v.shape is not None and len(v.shape) == len(shape) and t.same_shape(v.shape[2:], shape[2:])
    )


def _is_flat(node: Node, index: int) -> bool:
    """True when an operand is the same at every place: its spatial axes are 1, or not there."""
    shape = node.operands[index].shape
    if isinstance(node, PReLU) and index == 1 and shape is not None and len(shape) == 1:
        return True  # slopes by channel
    return shape is not None and all(d == 1 for d in shape[max(0, len(shape) - (node.rank - 2)) :])


def _is_pointwise(node: Convolution | GroupConvolution, padded: bool = False) -> bool:
    """True for windows of one element, by default without padding."""
    count, shape = len(node.strides), node.filters.shape
    pads = () if padded or node.auto_pad == "valid" else (*node.pads_begin, *node.pads_end)
    return shape is not None and all(d == 1 for d in shape[len(shape) - count :]) and not any(pads)
