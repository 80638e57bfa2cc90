"""Loops over time whose body is the cell of a recurrent layer become the runtime's own layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mo_core.build.basics import concat, dim_of, dim_size, filled, permute, squeeze, unsqueeze
from mo_core.ir import Constant, Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ops import Add, GRUSequence, LSTMSequence, Multiply, RNNSequence, Subtract
from mo_core.ops.control import Loop, TensorIterator
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.transforms.recognise.gates import ACTIVATIONS, Affine, Gates, addends, is_one
from mo_core.transforms.simplify.batching import Batch
from mo_core.transforms.simplify.iterated import Iterated


@graph_pass(
    "recurrent-loops",
    stage=Stage.NORMALIZE,
    after=("batch-loops",),
    before=("recurrent-weights", "no-ops"),
)
def recurrent_loops(graph: Graph, edit: Editor) -> None:
    """Make LSTMSequence, GRUSequence or RNNSequence of a loop over time whose body is such a cell."""
    changed = False
    for node in graph:
        if not isinstance(node, (Loop, TensorIterator)):
            continue
        loop = Iterated.of(node)
        cell = _cell(loop) if loop is not None else None
        if loop is None or cell is None or edit.excludes("recurrent-loop", node):
            continue
        values = _layer(loop, cell)
        if values is not None:
            edit.replace(node, *values, rule="recurrent-loop")
            changed = True
    if changed:
        edit.fold()


@dataclass
class _Cell:
    """A cell as the runtime has it.

    Attributes:
        kind: the layer; states: parameters, the hidden state first; after: what they become.
        gates: in the runtime's order; biases: of gates beyond the number of gates.
        scaled: the value that stands for the hidden state in a product of the last gate, where it is another.
    """

    kind: type[LSTMSequence | GRUSequence | RNNSequence]
    states: Sequence[Value]
    after: Sequence[Value]
    gates: Sequence[Affine]
    activations: tuple[str, ...]
    biases: Sequence[Affine] = ()
    scaled: Value | None = None

    @property
    def size(self) -> int:
        """Elements of the hidden state."""
        return self.gates[0].size


def _cell(loop: Iterated) -> _Cell | None:
    states = list(loop.states)
    sizes = {s.dims[-1] if s.shape is not None and len(s.shape) == 2 else 0 for s in states}
    size = sizes.pop() if len(sizes) == 1 else 0
    if not isinstance(size, int) or not size or any(not t.same_shape(s.shape, loop.states[s][1].shape) for s in states):
        return None

    def outer(value: Value) -> Value | None:
        if isinstance(value.node, Constant):
            return Constant(value=value.node.value)
        stands = loop.bound.get(value)
        return stands.value if stands is not None and stands.shared else None

    gates = Gates(size, outer)
    if len(states) == 2:
        return _lstm(loop, gates, *states) or _lstm(loop, gates, *reversed(states))
    return (_rnn(loop, gates, *states) or _gru(loop, gates, *states)) if len(states) == 1 else None


def _rnn(loop: Iterated, gates: Gates, h: Value) -> _Cell | None:
    after = loop.states[h][0]
    found = gates.activated(after)
    return None if found is None else _Cell(RNNSequence, [h], [after], [found[1]], (found[0],))


def _lstm(loop: Iterated, gates: Gates, h: Value, c: Value) -> _Cell | None:
    """c' = f · c + i · g(…), h' = o · a(c'), where f, i and o have one activation."""
    after_h, after_c = loop.states[h][0], loop.states[c][0]
    out = _split(after_h, lambda v: v.node.operands[:1] == (after_c,) and type(v.node) in ACTIVATIONS)
    terms = after_c.node.operands if isinstance(after_c.node, Add) else ()
    kept = [(v, pair) for v in terms if (pair := _split(v, lambda x: x is c)) is not None]
    if out is None or len(kept) != 1:
        return None
    forget = kept[0][1][1]
    new = next(v for v in terms if v is not kept[0][0])
    if not isinstance(new.node, Multiply):
        return None
    read = [gates.activated(v) for v in (forget, *new.node.operands, out[1])]
    f, a, b, o = read
    if f is None or a is None or b is None or o is None:
        return None
    i, g = (a, b) if a[0] == f[0] else (b, a)
    if not f[0] == i[0] == o[0]:
        return None
    names = (f[0], g[0], ACTIVATIONS[type(out[0].node)])
    return _Cell(LSTMSequence, [h, c], [after_h, after_c], [f[1], i[1], g[1], o[1]], names)


def _gru(loop: Iterated, gates: Gates, h: Value) -> _Cell | None:
    """h' = z · h + (1 - z) · n, where n depends on r · h, or on r · (h · weights + bias)."""
    after = loop.states[h][0]
    terms = after.node.operands if isinstance(after.node, Add) else ()
    kept = [(v, pair) for v in terms if (pair := _split(v, lambda x: x is h)) is not None]
    if len(kept) != 1:
        return None
    z = kept[0][1][1]
    other = _split(next(v for v in terms if v is not kept[0][0]), lambda x: _complement(x) is z)
    update = gates.activated(z)
    if other is None or update is None or type(other[1].node) not in ACTIVATIONS:
        return None
    new = other[1].node
    total = list(addends(new.operands[0]))
    for term in total:  # r · (h · weights + bias)
        for r, inner in _factors(term):
            reset, within = gates.activated(r), gates.affine(inner)
            rest = gates.affine(*[v for v in total if v is not term])
            if reset and within and rest and set(within.products) == {h} and h not in rest.products:
                names = (update[0], ACTIVATIONS[type(new)])
                gate = Affine(rest.size, {**rest.products, **within.products}, rest.biases)
                cell = _Cell(GRUSequence, [h], [after], [update[1], reset[1], gate], names, [within])
                return cell if update[0] == reset[0] else None
    whole = gates.affine(*total)
    for source in whole.products if whole is not None else ():
        scaled = _split(source, lambda x: x is h)
        reset = gates.activated(scaled[1]) if scaled is not None else None
        if whole is not None and reset is not None and reset[0] == update[0] and h not in whole.products:
            names = (update[0], ACTIVATIONS[type(new)])
            return _Cell(GRUSequence, [h], [after], [update[1], reset[1], whole], names, scaled=source)
    return None


def _factors(value: Value) -> Iterator[tuple[Value, Value]]:
    """The two factors of a product, in both orders."""
    if isinstance(value.node, Multiply):
        a, b = value.node.operands
        yield a, b
        yield b, a


def _split(value: Value, wanted: Callable[[Value], bool]) -> tuple[Value, Value] | None:
    """The factor that is wanted, and the other one."""
    return next(((a, b) for a, b in _factors(value) if wanted(a)), None)


def _complement(value: Value) -> Value | None:
    """x, where the value is 1 - x."""
    node = value.node
    return node.b if isinstance(node, Subtract) and is_one(node.a) else None


# -- the layer


def _sequence(cell: _Cell, operands: Sequence[Value]) -> Node:
    options: dict[str, Any] = {"hidden_size": cell.size, "direction": "forward", "activations": cell.activations}
    if cell.kind is GRUSequence:
        options["linear_before_reset"] = bool(cell.biases)
    layer: Any = cell.kind
    made: Node = layer(*operands, **options)
    return made


def _layer(loop: Iterated, cell: _Cell) -> list[Value | None] | None:
    """The results of the loop, computed by a layer; None where something is in the way."""
    hidden, element = cell.states[0], cell.states[0].element
    own = {hidden, cell.scaled}
    sources = list(dict.fromkeys(s for g in cell.gates for s in g.products if s not in own))
    if not sources or not element.is_real:
        return None
    pieces = loop.at_once(sources)
    if pieces is None or any(pieces[s].shared for s in sources):
        return None
    x = permute(concat([pieces[s].value for s in sources], -1), (1, 0, 2))
    if not t.same_dim(x.dims[0], hidden.dims[0]):
        return None
    recurrent = [[s for s in g.products if s is cell.scaled] or [hidden] for g in cell.gates]
    w = concat([g.weights(sources, element) for g in cell.gates], 0)
    r = concat([g.weights(own_, element) for g, own_ in zip(cell.gates, recurrent)], 0)
    b = concat([g.bias(element) for g in (*cell.gates, *cell.biases)], 0)
    initial = [unsqueeze(loop.states[s][1], 1) for s in cell.states]
    operands = [filled([dim_size(x, 0)], dim_of(x, 1)), *[unsqueeze(v, 0) for v in (w, r, b)]]
    node = _sequence(cell, [x, *initial, *operands])
    steps = permute(squeeze(node.results[0], 1), (1, 0, 2))
    ends = {after: squeeze(end, 1) for after, end in zip(cell.after, node.results[1:])}
    return loop.results({cell.after[0]: Batch(steps)}, ends.get)
