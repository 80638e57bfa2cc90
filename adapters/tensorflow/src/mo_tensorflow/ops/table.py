"""Tables of keys and values."""

from __future__ import annotations

from mo_core.build import arange, concat, dim_of, gather, ints, reshape_to, unsqueeze
from mo_core.build.sequences import Item, as_sequence
from mo_core.errors import Unsupported
from mo_core.ir import Constant, Pack, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ops import Equal, ReduceMin, Select
from mo_tensorflow.registry import tf_op

_TEXTS = "Cut the model after it with --input: what it looks up is then an input."


class Table(Pack):
    """Keys and values of a table, two vectors."""

    listed = False
    what = "a table"


@tf_op("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", ignore=("*",))
def table(*content: Value, keys: Tensor | None = None, values: Tensor | None = None) -> Item:
    """The keys and values come from the graph, or are attributes."""
    if content:
        return Table(content)
    if keys is None or values is None:
        raise Unsupported("the content of the table is not in the model", _TEXTS)
    return Table([Constant(value=keys), Constant(value=values)])


@tf_op("LookupTableFind", "LookupTableFindV2")
def find(handle: Item, keys: Value, default: Value) -> Value:
    """All keys are compared: tables of numbers are small. The default is the value after the last one."""
    known, values = as_sequence(handle)
    if t.string in (known.element, keys.element):
        raise Unsupported("a table is looked up by texts, and the runtime cannot compare them", _TEXTS)
    count = dim_of(known, 0)
    same = Equal(unsqueeze(keys, keys.rank), known)
    place = ReduceMin(Select(same, arange(count), count), ints([-1]), keep_dims=False)
    return gather(concat([values, reshape_to(default, [1])], 0), place, 0)


@tf_op("LookupTableSize", "LookupTableSizeV2")
def size(handle: Item) -> Value:
    return dim_of(as_sequence(handle)[0], 0)
