"""Sequences and optionals (see `mo_core.build.sequences`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mo_core.build import sequences
from mo_core.build.bodies import detach
from mo_core.build.sequences import Item, Nothing, Stack, as_sequence
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Graph, Pack, Value, constant, copy_graph
from mo_onnx.registry import onnx_op


@onnx_op("SequenceConstruct", since=11)
def sequence_construct(*values: Value) -> Pack:
    return Pack(values)


@onnx_op("SequenceEmpty", since=11)
def sequence_empty(*, dtype: int = 1) -> Pack:
    return Pack()


@onnx_op("SequenceInsert", since=11)
def sequence_insert(sequence: Item, value: Value, position: Value | None = None) -> Pack:
    return sequences.inserted(sequence, value, position)


@onnx_op("SequenceErase", since=11)
def sequence_erase(sequence: Item, position: Value | None = None) -> Pack:
    return sequences.erased(sequence, position)


@onnx_op("SequenceAt", since=11)
def sequence_at(sequence: Item, position: Value) -> Value:
    return sequences.element(sequence, position)


@onnx_op("SequenceLength", since=11)
def sequence_length(sequence: Item) -> Value:
    return sequences.length(sequence)


@onnx_op("SplitToSequence", since=11)
def split_to_sequence(x: Value, lengths: Value | None = None, *, axis: int = 0, keepdims: int = 1) -> Pack:
    return sequences.split_up(x, lengths, axis, bool(keepdims))


@onnx_op("ConcatFromSequence", since=11)
def concat_from_sequence(sequence: Item, *, axis: int, new_axis: int = 0) -> Value:
    return sequences.concatenated(sequence, axis, bool(new_axis))


@onnx_op("SequenceMap", since=17)
def sequence_map(sequence: Item, *more: Item, body: Graph, convert: Callable[..., list[Any]]) -> Sequence[Pack]:
    sequence = as_sequence(sequence)
    if any(isinstance(item, Stack) for item in (sequence, *more)):
        raise Unsupported("SequenceMap on a sequence of unknown length is not supported")
    if any(isinstance(item, Pack) and len(item) != len(sequence) for item in more):
        raise ModelError("SequenceMap is given sequences of different lengths")
    columns: list[list[Value]] = [[] for _ in body.outputs]
    for i, value in enumerate(sequence):
        copy = copy_graph(body)
        items = [value, *[item[i] if isinstance(item, Pack) else item for item in more]]
        for column, result in zip(columns, convert(copy, dict(zip(copy.inputs, items)))):
            column.append(result)
        detach(copy)
    return [Pack(column) for column in columns]


@onnx_op("Optional", since=15)
def optional(x: Item | None = None, *, type: object = None) -> Item:
    return Nothing() if x is None else x


@onnx_op("OptionalHasElement", since=15)
def optional_has_element(x: Item | None = None) -> Value:
    return constant(x is not None and not isinstance(x, Nothing))


@onnx_op("OptionalGetElement", since=15)
def optional_get_element(x: Item) -> Item:
    if isinstance(x, Nothing):
        raise ModelError("OptionalGetElement is given an optional that holds nothing")
    return x
