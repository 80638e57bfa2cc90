"""Single ops as graphs of one node: what TensorFlow computes, and what the converted model does."""

from dataclasses import dataclass, field

import numpy as np

from tests.adapters.tensorflow.running import Frozen, compare, run, tf


@dataclass
class Case:
    """An op of `tf.raw_ops` on data (arrays that are fed) and constants (`Fixed`), with attributes."""

    op: str
    inputs: dict
    attributes: dict = field(default_factory=dict)
    outputs: tuple = ()
    rtol: float = 1e-5
    atol: float = 1e-5
    name: str = ""

    def __str__(self):
        return f"{self.op}{'-' + self.name if self.name else ''}"


@dataclass
class Fixed:
    """An input that is a constant of the graph."""

    value: object
    dtype: object = None


def case(op, *, outputs=(), rtol=1e-5, atol=1e-5, name="", attributes=None, **inputs):
    return Case(op, inputs, attributes or {}, tuple(outputs), rtol, atol, name)


def build(case_):
    """The function that adds the op to a graph, and what is fed."""
    fed = {k: np.asarray(v) for k, v in case_.inputs.items() if _is_fed(v)}

    def make(*placeholders):
        given = dict(zip(fed, placeholders))
        for name, value in case_.inputs.items():
            if name not in given:
                given[name] = _constant(value, given, fed)
        made = getattr(tf().raw_ops, case_.op)(**given, **case_.attributes)
        results = list(made) if isinstance(made, (list, tuple)) else [made]
        chosen = [results[i] for i in case_.outputs] if case_.outputs else results
        return [tf().identity(r, name=f"result{i}") for i, r in enumerate(chosen)]

    return make, fed


def _is_fed(value):
    return isinstance(value, np.ndarray)


def _constant(value, given, fed):
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        v1 = tf().compat.v1
        return [v1.constant(v) for v in value]
    if isinstance(value, Fixed):
        return tf().constant(value.value, value.dtype)
    return value


def check(case_, dynamic=False):
    """Convert and compare; `dynamic`: the placeholders say nothing of their sizes."""
    make, fed = build(case_)
    shapes = {k: [None] * v.ndim for k, v in fed.items()} if dynamic else None
    model = Frozen(make, fed, shapes)
    got = run(model.graph, model.feeds, output=model.outputs)
    compare(list(got.values()), list(model.wants.values()), case_.rtol, case_.atol)
