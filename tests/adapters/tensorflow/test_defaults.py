"""SavedModels leave out attributes that have their default: the converters' defaults are TensorFlow's."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import mo_core
from mo_core.frontend import converters_of
from mo_tensorflow import ops
from tests.adapters.tensorflow.running import run, tf

CONVERTERS = converters_of(*ops.MODULES)
OURS = {
    "dilations": "one for every axis, however many there are",
    "data_format": "the layout with channels last that belongs to the rank",
    "range_given": "follows from the form of the operation",
}
"""Attributes whose default has another spelling, with what it means."""
TYPES = {
    "float32": "f32",
    "int32": "i32",
    "int64": "i64",
    "bool": "boolean",
    "quint8": "u8",
    "qint8": "i8",
    "qint32": "i32",
}


def attributes_of(name):
    """The attributes of an operation in TensorFlow's registry; none for one that it does not know."""
    from tensorflow.python.framework import op_def_registry

    found = op_def_registry.get(name)
    return {} if found is None else {a.name: a for a in found.attr}


def default_of(attribute):
    """The default in TensorFlow's registry, as a Python value."""
    kind = attribute.default_value.WhichOneof("value")
    value = getattr(attribute.default_value, kind)
    if kind == "type":
        return TYPES[tf().dtypes.as_dtype(value).name]
    if kind == "list":
        return tuple(value.i or value.f or value.s or value.b or value.type)
    return value.decode() if kind == "s" else value


@pytest.mark.parametrize("converter", CONVERTERS, ids=lambda c: c.op)
def test_defaults_are_those_of_tensorflow(converter):
    known = attributes_of(converter.op)
    for parameter in inspect.signature(converter.function).parameters.values():
        attribute = known.get(parameter.name)
        if parameter.kind is not parameter.KEYWORD_ONLY or attribute is None:
            continue
        if not attribute.HasField("default_value"):
            continue
        assert parameter.default is not parameter.empty, f"{parameter.name} may be left out"
        if parameter.name in OURS and parameter.default in ((), "", None):
            continue
        wanted = default_of(attribute)
        ours = parameter.default
        if isinstance(wanted, float):
            assert ours == pytest.approx(wanted, rel=1e-6)
        elif isinstance(wanted, tuple):
            assert tuple(ours or ()) == wanted
        else:
            assert (ours if isinstance(wanted, (bool, int)) else str(ours)) == wanted


def saved(folder, function, *signature):
    module = tf().Module()
    module.call = tf().function(function, input_signature=signature)
    tf().saved_model.save(module, str(folder))
    return str(folder)


def test_a_range_that_is_given_by_default(tmp_path):
    def call(x):
        return tf().raw_ops.QuantizeAndDequantizeV3(input=x, input_min=-1.0, input_max=1.0, num_bits=8)

    data = np.linspace(-3, 3, 24, dtype=np.float32).reshape(2, 12)
    path = saved(tmp_path / "m", call, tf().TensorSpec([2, 12]))
    (found,) = run(path, {"x": data}).values()
    np.testing.assert_allclose(found, call(data).numpy(), rtol=1e-5, atol=1e-6)


def test_random_numbers_of_keras_and_of_generators(tmp_path):
    generator = tf().random.Generator.from_seed(1)

    def call(x):
        uniform = tf().random.stateless_uniform(tf().shape(x), [1, 2])
        return x + generator.normal(tf().shape(x)) + uniform

    module = tf().Module()
    module.generator = generator
    module.call = tf().function(call, input_signature=[tf().TensorSpec([None, 4])])
    tf().saved_model.save(module, str(tmp_path / "m"))
    (found,) = run(str(tmp_path / "m"), {"x": np.zeros((20_000, 4), np.float32)}).values()
    assert abs(found.mean() - 0.5) < 0.02 and abs(found.std() - (1 + 1 / 12) ** 0.5) < 0.02
    assert any("drawn anew" in str(note) for note in mo_core.convert(str(tmp_path / "m")).report.notes)
