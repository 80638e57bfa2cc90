"""Tables that are looked up."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.tensorflow.running import Frozen, check, run, tf

KEYS, VALUES = np.array([2, 0, 3, -2, 10], np.int64), np.array([2, 13, -2, 0, 3], np.float32)
ASKED = np.array([[10, 7], [0, -2]], np.int64)


def _table(version, keys, values):
    """The handle of a table, and what fills it."""
    raw = tf().raw_ops
    make, fill = (raw.HashTable, raw.LookupTableImport) if version == 1 else (raw.HashTableV2, raw.LookupTableImportV2)
    handle = make(key_dtype=keys.dtype, value_dtype=values.dtype)
    return handle, fill(table_handle=handle, keys=keys, values=values)


def _find(version, keys, values, asked, default):
    handle, filled = _table(version, keys, values)
    find = tf().raw_ops.LookupTableFind if version == 1 else tf().raw_ops.LookupTableFindV2
    with tf().control_dependencies([filled]):
        return find(table_handle=handle, keys=asked, default_value=default)


@pytest.mark.parametrize("shape", [(2, 2), (None, None)], ids=["static", "dynamic"])
@pytest.mark.parametrize("version", [1, 2])
def test_numbers_by_numbers(version, shape):
    def build(asked):
        return _find(version, tf().constant(KEYS), tf().constant(VALUES), asked, np.float32(-100))

    check(build, asked=ASKED, shapes={"asked": shape})


def test_keys_and_values_that_come_when_the_model_runs():
    check(lambda k, v, asked: _find(2, k, v, asked, np.float32(-1)), k=KEYS, v=VALUES, asked=ASKED)


def test_texts_by_numbers():
    texts = np.array(["a", "bb", "", "d e", "f"], object)
    model = Frozen(lambda asked: _find(2, tf().constant(KEYS), tf().constant(texts), asked, b"?"), {"asked": ASKED})
    (got,) = run(model.graph, model.feeds, output=model.outputs).values()
    assert got.tolist() == [["f", "?"], ["bb", "d e"]]


@pytest.mark.parametrize("version", [1, 2])
def test_the_size_of_a_table(version):
    def build(keys):
        handle, filled = _table(version, keys, tf().constant(VALUES))
        size = tf().raw_ops.LookupTableSize if version == 1 else tf().raw_ops.LookupTableSizeV2
        with tf().control_dependencies([filled]):
            return size(table_handle=handle)

    check(build, keys=KEYS)


def test_texts_are_not_compared():
    texts = np.array(["a", "b"], object)
    model = Frozen(lambda x: _find(2, tf().constant(texts), tf().constant(VALUES[:2]), x, np.float32(0)), {"x": texts})
    with pytest.raises(Unsupported, match="looked up by texts"):
        mo_core.convert(model.graph)
    model = Frozen(lambda x: tf().raw_ops.NotEqual(x=x, y=texts), {"x": texts})
    with pytest.raises(Unsupported, match="texts are compared"):
        mo_core.convert(model.graph)
