"""Products of matrices and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, Operands, OptionalOperand, boolean, operand, optional, text, variadic
from mo_core.ir.types import Dim, Shape, Type
from mo_core.ops._dims import agree, at, unknowns

__all__ = ["Einsum", "Inverse", "MatMul", "ScaledDotProductAttention"]


class MatMul(Node, opset="opset1"):
    """MatMul-1: numpy's `matmul`, the last two axes exchanged first where asked for (vectors never)."""

    a: Operand = operand(like=True)
    b: Operand = operand(like=True)
    transpose_a: bool = boolean(default=False)
    transpose_b: bool = boolean(default=False)

    def infer(self) -> Type:
        element = t.promote([self.a.element, self.b.element])
        if self.a.shape is None or self.b.shape is None:
            return Type(element, None)
        a, b = _exchanged(self.a.shape, self.transpose_a), _exchanged(self.b.shape, self.transpose_b)
        if not a or not b:
            raise ShapeError("a matrix product needs vectors or matrices, and one operand is a scalar")
        rows = a[-2:-1] if len(a) > 1 else ()
        columns = b[-1:] if len(b) > 1 else ()
        agree("lengths of rows and columns", a[-1], b[-2] if len(b) > 1 else b[0])
        return Type(element, (*(t.broadcast(a[:-2], b[:-2]) or ()), *rows, *columns))

    def fold(self, a: Any, b: Any) -> Any:
        a = a.swapaxes(-1, -2) if self.transpose_a and a.ndim > 1 else a
        b = b.swapaxes(-1, -2) if self.transpose_b and b.ndim > 1 else b
        return np.matmul(a, b)


class Einsum(Node, opset="opset7"):
    """Einsum-7: sum of products after Einstein's convention, `...` allowed."""

    inputs: Operands = variadic()
    equation: str = text()

    def infer(self) -> Type:
        element = t.promote([v.element for v in self.inputs])
        terms, result = parse_equation(self.equation, len(self.inputs))
        dims: dict[str, Dim] = {}
        batch: Shape = ()
        for term, v in zip(terms, self.inputs):
            if v.shape is None and "..." in term:
                batch = None
                continue
            shape = unknowns(self, v, len(term)) if v.shape is None else v.shape
            batch = t.broadcast(batch, _bind_labels(term, shape, dims))
        if (batch is None and "..." in result) or any(c not in dims for c in result if c != "."):
            return Type(element, None)
        before, dots, after = result.partition("...")
        middle = (batch or ()) if dots else ()
        return Type(element, (*(dims[c] for c in before), *middle, *(dims[c] for c in after)))

    def fold(self, *arrays: Any) -> Any:
        return np.einsum(self.equation, *arrays, optimize=True)


class ScaledDotProductAttention(Node, opset="opset13"):
    """ScaledDotProductAttention-13: `softmax(query @ key^T * scale + attention_mask) @ value`.

    query is ..., L, E; key ..., S, E; value ..., S, Ev; the mask broadcasts to ..., L, S (boolean: true takes part).
    """

    query: Operand = operand()
    key: Operand = operand()
    value: Operand = operand()
    attention_mask: OptionalOperand = optional(default=None)
    scale: OptionalOperand = optional(default=None)
    causal: bool = boolean(default=False)

    def infer(self) -> Type:
        query, key, value = self.query.shape, self.key.shape, self.value.shape
        element = t.promote([self.query.element, self.key.element, self.value.element])
        for what, shape in (("query", query), ("key", key), ("value", value)):
            if shape is not None and len(shape) < 2:
                raise ShapeError(f"{what} must have at least two axes, and its shape is {t.format_shape(shape)}")
        mask = self.attention_mask.shape if self.attention_mask is not None else None
        if mask is not None and len(mask) == 1:
            raise ShapeError(f"a mask has no or at least two axes, and its shape is {t.format_shape(mask)}")
        agree("lengths of query and key vectors", at(query, -1), at(key, -1))
        agree("numbers of keys and values", at(key, -2), at(value, -2))
        if query is None or key is None or value is None:
            return Type(element, None)
        length = query[-2]
        if mask is not None and len(mask) > 1 and mask[-2] != 1:
            length = t.broadcast_dim(length, mask[-2])
        batch = t.broadcast(query[:-2], key[:-2], value[:-2], () if mask is None else mask[:-2])
        return Type(element, (*(batch or ()), length, value[-1]))


class Inverse(Node, opset="opset14"):
    """Inverse-14: inverses (`adjoint`: adjugates) of the square matrices in the last two axes."""

    data: Operand = operand()
    adjoint: bool = boolean(default=False)

    def infer(self) -> Type:
        shape = self.data.shape
        if shape is not None and len(shape) < 2:
            raise ShapeError(f"data holds no matrices: its shape is {t.format_shape(shape)}")
        agree("numbers of rows and columns", at(shape, -1), at(shape, -2))
        return self.data.type


def _exchanged(shape: tuple[Dim, ...], exchange: bool) -> tuple[Dim, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if exchange and len(shape) > 1 else shape


def parse_equation(equation: str, count: int) -> tuple[list[str], str]:
    """The terms of an Einstein sum and its result (without `->`: the labels that come once, in order)."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != count:
        raise ShapeError(f'the equation "{equation}" has {len(terms)} terms, and there are {count} operands')
    for term in (*terms, result):
        letters = term.replace("...", "", 1)
        if letters and not (letters.isascii() and letters.isalpha()):
            raise ShapeError(f'"{term}" in the equation "{equation}" has something else than letters and one "..."')
    used = "".join(terms).replace("...", "")
    if not arrow:
        result = ("..." if "..." in left else "") + "".join(sorted(c for c in set(used) if used.count(c) == 1))
    kept = result.replace("...", "")
    if len(set(kept)) < len(kept) or not set(kept) <= set(used):
        raise ShapeError(f'the result of the equation "{equation}" repeats a label or has one that no operand has')
    return terms, result


def _bind_labels(term: str, shape: tuple[Dim, ...], dims: dict[str, Dim]) -> tuple[Dim, ...]:
    """Give the labels of a term their dimensions; returns the dimensions that `...` stands for."""
    before, dots, after = term.partition("...")
    extra = len(shape) - len(before) - len(after)
    if extra < 0 or (extra > 0 and not dots):
        raise ShapeError(f'the term "{term}" does not fit an operand of shape {t.format_shape(shape)}')
    split = len(shape) - len(after)
    for label, dim in zip(before + after, (*shape[: len(before)], *shape[split:])):
        seen = dims.get(label, dim)
        if seen == 1 or dim == 1:
            dims[label] = t.broadcast_dim(seen, dim)
        else:
            dims[label] = agree(f'dimensions of label "{label}"', seen, dim)
    return shape[len(before) : split]
