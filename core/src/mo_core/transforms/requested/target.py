"""A ceiling on operation sets (--target_openvino): newer versions of operations become older ones that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from mo_core.build import constant_like, dims_of, reshape_to, shape_of, slice_axis, swap_axes
from mo_core.errors import Decline, Unsupported
from mo_core.ir import Graph, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.schema import Ints, Operand, OptionalOperand, boolean, hidden, ints, operand, optional, real, text
from mo_core.ir.types import ElementType, Type
from mo_core.ops import (
    MVN,
    Add,
    AvgPool,
    AvgPool14,
    AvgPool16,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Convert,
    ConvertPromoteTypes,
    Divide,
    EmbeddingBagOffsets,
    EmbeddingBagOffsetsSum,
    EmbeddingBagPacked,
    EmbeddingBagPackedSum,
    GroupNormalization,
    Identity,
    Interpolate,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    LogicalXor,
    MatMul,
    MaxPool,
    MaxPool14,
    Multiply,
    Pad,
    Reshape,
    ScaledDotProductAttention,
    ScatterElementsUpdate,
    ScatterNDUpdate,
    Select,
    Softmax,
    TopK,
    Unsqueeze,
)
from mo_core.options.names import quoted
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass

CEILINGS = {"2022.3": 10, "2023.3": 13, "2024": 14, "2025": 16, "2026": 16}
"""The newest operation set of the first release with that number."""

SINCE: Mapping[ElementType, str] = {
    t.nf4: "2023.3",
    t.string: "2024",
    t.f8e4m3: "2024",
    t.f8e5m2: "2024",
    t.f8e8m0: "2025",
    t.f4e2m1: "2025",
    t.u2: "2026",
}
"""Element types that are younger than the oldest target, with the first target that has them."""


# -- older versions of operations, for the emission only


class Pad1(Pad, opset="opset1", type="Pad"):
    """Pad-1: takes nothing away."""


class TopK3(TopK, opset="opset3", type="TopK"):
    """TopK-3: leaves open which of equal elements come first."""

    stable: bool = hidden(default=False)


class ScatterElementsUpdate3(ScatterElementsUpdate, opset="opset3", type="ScatterElementsUpdate"):
    """ScatterElementsUpdate-3: replaces elements."""

    reduction: str = hidden(default="none")
    use_init_val: bool = hidden(default=True)


class ScatterNDUpdate3(ScatterNDUpdate, opset="opset4", type="ScatterNDUpdate"):
    """ScatterNDUpdate-3: replaces slices."""

    reduction: str = hidden(default="none")


class Interpolate4(Node, opset="opset4", type="Interpolate"):
    """Interpolate-4: sizes and scales are operands of their own, of which one counts."""

    image: Operand = operand()
    sizes: Operand = operand()
    scales: Operand = operand()
    axes: OptionalOperand = optional(default=None)
    mode: str = text(kw_only=True)
    shape_calculation_mode: str = text(kw_only=True)
    coordinate_transformation_mode: str = text(default="half_pixel", kw_only=True)
    nearest_mode: str = text(default="round_prefer_floor", kw_only=True)
    antialias: bool = boolean(default=False, kw_only=True)
    pads_begin: Ints = ints(default=(0,), kw_only=True)
    pads_end: Ints = ints(default=(0,), kw_only=True)
    cube_coeff: float = real(default=-0.75, kw_only=True)

    def infer(self) -> Type:
        counts = self.sizes if self.shape_calculation_mode == "sizes" else self.scales
        return Interpolate(self.image, counts, self.axes, **self.attributes).type


Older: TypeAlias = "Value | Sequence[Value]"


def _as(kind: Any, node: Node, **changed: Any) -> Node:
    """The node as an older version of its kind; attributes that the older one lacks are left out."""
    known = {name: value for name, value in node.attributes.items() if name in kind.schema.attributes}
    older: Node = kind(*node.operands, **{**known, **changed})
    return older


def _pad(node: Pad) -> Older:
    begin, end = node.pads_begin.const, node.pads_end.const
    if begin is None or end is None:
        raise Decline("Pad took nothing away then, and it is not known whether it does so here")
    if (begin >= 0).all() and (end >= 0).all():
        return _as(Pad1, node)
    added = [constant(np.maximum(pads, 0)) for pads in (begin, end)]
    y: Value = Pad1(node.data, added[0], added[1], node.pad_value, pad_mode=node.pad_mode)
    for axis, (before, after) in enumerate(zip(begin.tolist(), end.tolist())):
        y = slice_axis(y, axis, max(-before, 0), after if after < 0 else t.INF)
    return y


def _top_k(node: TopK) -> Older:
    return _as(TopK3, node, stable=False).results


def _scatter_elements(node: ScatterElementsUpdate) -> Older:
    if node.reduction != "none":
        raise Decline(f'it could not combine elements then, and here the reduction is "{node.reduction}"')
    return _as(ScatterElementsUpdate3, node, use_init_val=True)


def _scatter_nd(node: ScatterNDUpdate) -> Older:
    if node.reduction != "none":
        raise Decline(f'it could not combine elements then, and here the reduction is "{node.reduction}"')
    return _as(ScatterNDUpdate3, node)


def _interpolate(node: Interpolate) -> Older:
    if node.mode.endswith("pillow"):
        raise Decline(f'there was no mode "{node.mode}" then')
    counts = node.scales_or_sizes
    if not t.is_static(counts.shape):
        raise Decline("the number of its axes must be known for that, and is not")
    count = t.size_of(counts.shape)
    sizes, scales = counts, counts
    if node.shape_calculation_mode == "sizes":
        scales = constant(np.ones(count), t.f32)
    else:
        sizes = constant(np.ones(count, np.int64))
    return Interpolate4(node.image, sizes, scales, *node.operands[2:], **node.attributes)


def _pool(node: Any) -> Older:
    if isinstance(node, AvgPool16) and any(d != 1 for d in node.dilations):
        raise Decline("there was no dilation then")
    kind = MaxPool if isinstance(node, MaxPool) else AvgPool
    if node.rounding_type != "ceil_torch":
        return _as(kind, node).results
    if kind is AvgPool and not node.exclude_pad:
        raise Decline('there was no rounding "ceil_torch" then, and the mean counts what lies outside of the data')
    if kind is AvgPool and isinstance(node.data.node, Pad):
        raise Decline('there was no rounding "ceil_torch" then, and the padding ahead would be taken into the windows')
    results = _as(kind, node, rounding_type="ceil").results
    return [_without_late_windows(node, y) for y in results]


def _without_late_windows(node: Any, y: Value) -> Value:
    """Leave out the windows that start after data and leading padding, where there can be one."""
    dilations = getattr(node, "dilations", ()) or (1,) * len(node.kernel)
    for i, stride in enumerate(node.strides):
        reach = (node.kernel[i] - 1) * dilations[i] + 1
        if node.auto_pad == "explicit" and node.pads_end[i] > reach - stride:
            starts = Add(dims_of(node.data, [2 + i]), node.pads_begin[i] + stride - 1)
            y = slice_axis(y, 2 + i, 0, Divide(starts, stride))
    return y


def _bag(node: Any) -> Older:
    if node.reduction != "sum":
        raise Decline(f'there was no reduction "{node.reduction}" then')
    return _as(EmbeddingBagOffsetsSum if isinstance(node, EmbeddingBagOffsets) else EmbeddingBagPackedSum, node)


_LOGIC: Mapping[type[Node], type[Node]] = {
    BitwiseAnd: LogicalAnd,
    BitwiseOr: LogicalOr,
    BitwiseXor: LogicalXor,
    BitwiseNot: LogicalNot,
}


def _logic(node: Node) -> Older:
    if node.element is not t.boolean:
        raise Decline(f"there was only logic on booleans then, and here are {node.element} numbers")
    return _LOGIC[type(node)](*node.operands)


def _promoted(node: ConvertPromoteTypes) -> Older:
    if node.element is t.dynamic:
        raise Decline("its element type is not known")
    return [Convert(v, destination_type=node.element) for v in node.operands]


def _group_normalization(node: GroupNormalization) -> Older:
    x, rank = node.data, node.data.rank
    grouped = Reshape(x, [0, node.num_groups, -1], special_zero=True)
    normal = MVN(grouped, [2], normalize_variance=True, eps=node.epsilon, eps_mode="inside_sqrt")
    spatial = list(range(1, rank - 1))
    scale, bias = (Unsqueeze(v, spatial) if spatial else v for v in (node.scale, node.bias))
    return Add(Multiply(reshape_to(normal, shape_of(x)), scale), bias)


def _attention(node: ScaledDotProductAttention) -> Older:
    length = node.query.dims[-1]
    if node.scale is None and not isinstance(length, int):
        raise Decline("the length of its vectors is not known")
    scale = node.scale if node.scale is not None else constant_like(node.query, float(length) ** -0.5)  # type: ignore[arg-type]
    scores: Value = MatMul(Multiply(node.query, scale), swap_axes(node.key, -1, -2))
    mask = node.attention_mask
    if node.causal:
        rows, columns = scores.dims[-2:]
        if not isinstance(rows, int) or not isinstance(columns, int):
            raise Decline("the lengths of its causal mask are not known")
        mask = constant(np.tril(np.ones((rows, columns), np.bool_)))
    if mask is not None and mask.element is t.boolean:
        mask = Select(mask, constant_like(scores, 0.0), constant_like(scores, -np.inf))
    if mask is not None and mask.shape != ():
        scores = Add(scores, mask)
    return MatMul(Softmax(scores, axis=-1), node.value)


OLDER: Mapping[type[Node], Callable[[Any], Older]] = {
    Pad: _pad,
    TopK: _top_k,
    ScatterElementsUpdate: _scatter_elements,
    ScatterNDUpdate: _scatter_nd,
    Interpolate: _interpolate,
    MaxPool14: _pool,
    AvgPool14: _pool,
    AvgPool16: _pool,
    EmbeddingBagOffsets: _bag,
    EmbeddingBagPacked: _bag,
    BitwiseAnd: _logic,
    BitwiseOr: _logic,
    BitwiseXor: _logic,
    BitwiseNot: _logic,
    ConvertPromoteTypes: _promoted,
    GroupNormalization: _group_normalization,
    ScaledDotProductAttention: _attention,
    Identity: lambda node: node.data,
}
"""Operations that older releases can express, at least in part."""


# -- the pass


@graph_pass(
    "target-release",
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    wanted=lambda options: options is not None and options.target_openvino is not None,
    outermost="what the release does not know is told once for the model with its bodies, which it walks itself",
)
def target_release(graph: Graph, edit: Editor) -> None:
    """Write only what the oldest release that is to read the model knows (--target_openvino)."""
    release = edit.options.target_openvino
    refused: dict[str, list[str]] = {}
    _lower(edit, release, refused)
    _check_elements(graph, release, refused)
    if refused:
        facts = [f"{what}: {quoted(names, 3)}" for what, names in refused.items()]
        raise Unsupported(
            f"OpenVINO {release} cannot run this model: {'; '.join(facts)}",
            f"Give a newer release than --target_openvino {release}, or leave the option out.",
        )


def _number(node: Node) -> int:
    """The operation set of a node; 0 for one that is no numbered set of the runtime."""
    found = re.fullmatch(r"opset(\d+)", node.opset)
    return int(found[1]) if found else 0


def _lower(edit: Editor, release: str, refused: dict[str, list[str]]) -> None:
    for node in edit.graph:
        for body in node.bodies:
            _lower(edit.within(body), release, refused)
        if _number(node) <= CEILINGS[release]:
            continue
        older = OLDER.get(type(node))
        try:
            if older is None:
                raise Decline(f"it came with {node.opset}")
            values = older(node)
        except Decline as d:
            refused.setdefault(f"{node.type_name} ({d.reason})", []).append(node.label)
            continue
        if isinstance(node, TopK) and node.stable:
            edit.context.notes.append(f'OpenVINO {release} leaves the order of equal elements open ("{node.label}").')
        edit.replace(node, *([values] if isinstance(values, Value) else values), rule="older")


def _check_elements(graph: Graph, release: str, refused: dict[str, list[str]]) -> None:
    order = list(CEILINGS)
    young = {element for element, since in SINCE.items() if order.index(since) > order.index(release)}
    for node in graph.walk():
        for result in node.results:
            if result.element in young:
                since = SINCE[result.element]
                refused.setdefault(f"element type {result.element} (it came with {since})", []).append(result.label)
