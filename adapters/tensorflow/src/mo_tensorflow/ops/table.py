"""Tables of keys and values whose content is known."""

from __future__ import annotations

from mo_core.build import arange, dim_of, dim_size, gather, integer, ints, unsqueeze
from mo_core.build.sequences import Item, as_sequence
from mo_core.errors import Unsupported
from mo_core.ir import Constant, Pack, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ops import Equal, ReduceLogicalOr, ReduceMax, Select
from mo_tensorflow.registry import tf_op

_TEXTS = "Cut the model after it with --input: what it looks up is then an input."


class Table(Pack):
    """Keys and values of a table, two vectors."""

    listed = False


@tf_op("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", ignore=("*",))
def table(*, keys: Tensor | None = None, values: Tensor | None = None) -> Item:
    if keys is None or values is None:
        raise Unsupported("the content of the table is not in the model", _TEXTS)
    return Table([Constant(value=keys), Constant(value=values)])


@tf_op("LookupTableFind", "LookupTableFindV2")
def find(handle: Item, keys: Value, default: Value) -> Value:
    """All keys are compared: tables of numbers are small."""
    known, values = as_sequence(handle)
    if t.string in (known.element, values.element):
        raise Unsupported("a table of texts is looked up, and the runtime cannot compare them", _TEXTS)
    same = Equal(unsqueeze(keys, keys.rank), known)
    place = ReduceMax(Select(same, arange(dim_size(known, 0)), integer(0)), ints([-1]), keep_dims=False)
    found = ReduceLogicalOr(same, ints([-1]), keep_dims=False)
    return Select(found, gather(values, place, 0), default)


@tf_op("LookupTableSize", "LookupTableSizeV2")
def size(handle: Item) -> Value:
    return dim_of(as_sequence(handle)[0], 0)
