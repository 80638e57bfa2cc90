"""What is in a function of a model has a name, CALL/NODE, at which the model can be cut, as `mo inspect` lists it."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported, UsageError
from tests.adapters.tensorflow.running import run, tf


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """y = inner(x) * 3, with inner(x) = relu(x @ w) + 1 in a function of its own."""
    place = tmp_path_factory.mktemp("functions") / "model"

    class Network(tf().Module):
        def __init__(self):
            self.w = tf().Variable(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))

        @tf().function(autograph=False)
        def inner(self, x):
            return tf().nn.relu(tf().matmul(x, self.w), name="active") + 1.0

        @tf().function(input_signature=[tf().TensorSpec([None, 4], tf().float32, name="x")])
        def __call__(self, x):
            return self.inner(x) * 3.0

    tf().saved_model.save(Network(), place)
    return place


def named(folder, end):
    (name,) = (n.name for n in mo_core.inspect(folder, nodes="").nodes if n.name.endswith(end))
    return name


X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
W = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)


def test_an_output_may_be_inside_of_a_function(folder):
    (got,) = run(folder, {"x": X}, output=named(folder, "/active")).values()
    np.testing.assert_allclose(got, np.maximum(X @ W, 0), atol=1e-6)


def test_an_input_may_be_inside_of_a_function(folder):
    place = named(folder, "/active") + ":0"
    (name,) = mo_core.convert(folder, input=place).inputs
    h = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    (got,) = run(folder, {name: h}, input=place).values()
    np.testing.assert_allclose(got, (h + 1) * 3, atol=1e-6)


def test_a_name_that_is_nowhere_is_told_with_those_that_are_near(folder):
    with pytest.raises(UsageError, match=r'the model has no ".*activ"\nDid you mean ".*active"'):
        mo_core.convert(folder, output=named(folder, "/active")[:-1])


def test_where_to_cut_before_what_is_not_supported_may_be_inside_of_a_function(tmp_path):
    class Network(tf().Module):
        @tf().function(autograph=False)
        def inner(self, x):
            return tf().raw_ops.Betainc(a=tf().abs(x, name="known"), b=x, x=x)

        @tf().function(input_signature=[tf().TensorSpec([3], tf().float32)])
        def __call__(self, x):
            return self.inner(x) + 1.0

    tf().saved_model.save(Network(), tmp_path / "m")
    with pytest.raises(Unsupported) as failure:
        mo_core.convert(tmp_path / "m")
    assert any(name.endswith("/known") for name in failure.value.before)
    assert mo_core.convert(tmp_path / "m", output=",".join(failure.value.before)).outputs
