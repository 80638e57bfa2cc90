"""Constant folding, common sub-expressions, no-ops and dead code."""

from __future__ import annotations

from mo_core import ops
from mo_core.ir import Constant, Graph, Node, Parameter, Result, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import known_ints
from mo_core.ir.tensor import Lazy, Mapped, Tensor
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.folding import fold_whole
from mo_core.rewriting.passes import Stage, graph_pass, rewrites
from mo_core.rewriting.pattern import any_, const, p
from mo_core.rewriting.rewrite import rule

_COMPARED_BYTES = 4096


@graph_pass("constant-folding", stage=Stage.NORMALIZE)
def constant_folding(graph: Graph, edit: Editor) -> None:
    """Compute what depends on constants only; large results become recipes."""
    edit.fold()


@graph_pass(
    "static-shape",
    stage=Stage.NORMALIZE,
    before=("shapes",),
    after=("constant-folding",),
    wanted=lambda options: options is not None and options.static_shape,
)
def static_shape(graph: Graph, edit: Editor) -> None:
    """Compute shapes and what follows from them now (--static_shape)."""
    for node in graph:
        if not node.pure or isinstance(node, (Constant, Parameter)):
            continue
        values = [_numbers(result) if result.uses else None for result in node.results]
        if any(values) and all(v is not None or not r.uses for v, r in zip(values, node.results)):
            edit.replace(node, *values, rule="known-numbers")
    edit.fold()
    edit.erase_dead()


def _numbers(result: Value) -> Value | None:
    """What is known of a result, as a constant; None when it is not all of it."""
    known = result.known
    return constant(known, result.element) if known is not None and known.dtype != object else None


@rule(p.Convert(any_("x"), name="convert"), p.ConvertLike(any_("x"), name="convert"))
def convert_to_same_type(convert: Node, x: Value) -> Value | None:
    """Convert to the type that is already there."""
    return x if convert.element is x.element and x.element is not t.dynamic else None


@rule(*(view(any_("x"), name="reshape") for view in (p.Reshape, p.Squeeze, p.Unsqueeze, p.Broadcast, p.Tile)))
def reshape_to_same_shape(reshape: Node, x: Value) -> Value | None:
    """Reshape, Squeeze, Broadcast or Tile that leaves the shape as it is."""
    if not t.same_shape(reshape.shape, x.shape):
        return None
    target = reshape.operands[1] if len(reshape.operands) > 1 else None
    if target is not None and x.is_static and not isinstance(target.node, Constant):
        return None  # it follows another tensor's shape, which may be changed later on
    return x


@rule(p.Transpose(any_("x"), any_("order"), name="transpose"))
def transpose_in_order(transpose: Node, x: Value, order: Value) -> Value | None:
    """Transpose that leaves every axis in its place."""
    content = order.const
    return x if content is not None and len(content) and list(content) == list(range(len(content))) else None


@rule(p.Identity(any_("x")))
def identity(x: Value) -> Value:
    """Identity."""
    return x


@rule(p.Concat(any_("x"), name="concat"))
def concat_of_one(concat: Node, x: Value) -> Value | None:
    """Concat of a single operand."""
    return x if len(concat.operands) == 1 else None


@rule(p.Pad(any_("x"), const("begin"), const("end")))
def pad_by_nothing(x: Value, begin: Value, end: Value) -> Value | None:
    """Pad by zero elements everywhere."""
    return None if any(known_ints(begin) or (1,)) or any(known_ints(end) or (1,)) else x


no_ops = rewrites(
    "no-ops",
    convert_to_same_type,
    reshape_to_same_shape,
    transpose_in_order,
    identity,
    concat_of_one,
    pad_by_nothing,
    stage=Stage.NORMALIZE,
    group="shapes",
    after=("constant-folding",),
    doc="Remove operations that leave their operand as it is.",
)


@graph_pass("common-subexpressions", stage=Stage.CLEANUP, before=("dead-code",))
def common_subexpressions(graph: Graph, edit: Editor) -> None:
    """Compute equal things once."""
    seen: dict[object, list[Node]] = {}
    for node in graph:
        if not node.pure or node.bodies or isinstance(node, (Parameter, Result)) or not node.results:
            continue
        twins = seen.setdefault(_key(node), [])
        for twin in twins:
            if _equal(node, twin):
                edit.replace(node, *twin.results, rule="twin")
                break
        else:
            twins.append(node)


def _key(node: Node) -> object:
    if isinstance(node, Constant):
        return node.element, node.shape, node.stored_as, _content(node.value)
    return type(node), tuple(map(id, node.operands))


def _content(tensor: Tensor) -> object:
    """Bytes of a small tensor, the window of a large one, the recipe itself otherwise."""
    if isinstance(tensor, Mapped) and tensor.nbytes > _COMPARED_BYTES:
        return id(tensor.file), tensor.offset
    if isinstance(tensor, Lazy) or tensor.nbytes > _COMPARED_BYTES or tensor.element is t.string:
        return id(tensor)
    return b"".join(tensor.chunks())


def _equal(a: Node, b: Node) -> bool:
    if a.rt_info != b.rt_info or a.port_info != b.port_info:
        return False
    for name in a.schema.attributes:
        x, y = getattr(a, name), getattr(b, name)
        if isinstance(x, Tensor):
            continue  # the key holds the content
        if x is not y and x != y:
            return False
    return True


@graph_pass("separate-constants", stage=Stage.CLEANUP, after=("common-subexpressions",))
def separate_constants(graph: Graph, edit: Editor) -> None:
    """Give every reader small real constants of its own: the runtime fuses what reads them only then."""
    for node in [n for n in graph if isinstance(n, Constant) and len(n.uses) > 1]:
        if not node.element.is_real or node.value.nbytes > _COMPARED_BYTES:
            continue
        readers = [u for u in node.uses if u[0].graph is graph and not isinstance(u[0], Result)]  # outputs keep names
        for number, (user, index) in enumerate(readers[1:], 1):
            own = Constant(value=node.value, stored_as=node.stored_as)
            own.origin = node.origin
            edit.set_operand(user, index, own, name=f"{node.name}/{number}")


@graph_pass("dead-code", stage=Stage.CLEANUP)
def dead_code(graph: Graph, edit: Editor) -> None:
    """Erase what no output needs."""
    edit.erase_dead()


_RECURRENT = (ops.LSTMSequence, ops.GRUSequence, ops.RNNSequence, ops.LSTMCell, ops.GRUCell, ops.RNNCell)


@graph_pass("recurrent-weights", stage=Stage.NORMALIZE, after=("quantization",))
def recurrent_weights(graph: Graph, edit: Editor) -> None:
    """Decompress the weights of recurrent operations: the runtime takes them as plain constants only."""
    for node in [n for n in graph if isinstance(n, _RECURRENT)]:
        for v in node.operands[1:]:
            if not isinstance(v.node, Constant) and (whole := fold_whole(graph, v)) is not v:
                edit.fire("whole", whole.node.origin, whole.node.name)
