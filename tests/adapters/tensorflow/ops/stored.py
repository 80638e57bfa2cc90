"""Ops of TensorFlow on stored numbers as graphs of one node."""

import numpy as np

from tests.adapters.tensorflow.running import Frozen, run, tf


class Random:
    """Whole numbers of all that a type has."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def u8(self, *shape):
        return self.generator.integers(0, 256, shape).astype(np.uint8)

    def i8(self, *shape):
        return self.generator.integers(-128, 128, shape).astype(np.int8)

    def i32(self, *shape, bits=24):
        return self.generator.integers(-(2**bits), 2**bits, shape).astype(np.int32)


STORED = {"uint8": "quint8", "int8": "qint8", "int32": "qint32", "int16": "qint16", "uint16": "quint16"}


class Kernel:
    """An op of `tf.raw_ops`: arrays of whole numbers are fed as stored ones; real numbers are limits.

    Args:
        steps, share: by how many steps results may differ, in which share of the elements.
        fed: limits are fed; otherwise they are constants of the graph.
        fixed: names of arrays that are constants.
    """

    def __init__(self, op, *, fixed=(), attributes=None, steps=0, share=0.0, fed=False, name="", **inputs):
        self.op, self.inputs, self.fixed, self.attributes = op, inputs, fixed, attributes or {}
        self.steps, self.share, self.fed, self.name = steps, share, fed, name

    def __str__(self):
        return "-".join(filter(None, (self.op, self.name, "fed" if self.fed else "")))

    def feeds(self):
        found = {}
        for name, value in self.inputs.items():
            parts = value if isinstance(value, list) else [value]
            for i, part in enumerate(parts):
                where = f"{name}{i}" if part is not value else name
                if isinstance(part, np.ndarray) and name not in self.fixed:
                    found[where] = part
                elif isinstance(part, float) and self.fed:
                    found[where] = np.float32(part)
        return found

    def build(self, *placeholders):
        given = dict(zip(self.feeds(), placeholders))
        arguments = {}
        for name, value in self.inputs.items():
            if isinstance(value, list):
                arguments[name] = [as_stored(given.get(f"{name}{i}", part)) for i, part in enumerate(value)]
            else:
                arguments[name] = as_stored(given.get(name, value))
        made = getattr(tf().raw_ops, self.op)(**arguments, **self.attributes)
        return [as_whole(v) for v in (made if isinstance(made, (list, tuple)) else [made])]


def as_stored(v):
    """Whole numbers under the name that the kernels want."""
    if isinstance(v, (float, np.generic, np.ndarray)):
        v = tf().constant(v)
    name = STORED.get(v.dtype.name) if tf().is_tensor(v) and v.shape.rank != 0 else None
    return v if name is None else tf().bitcast(v, getattr(tf(), name))


def as_whole(v):
    for plain, stored in STORED.items():
        if v.dtype == getattr(tf(), stored):
            return tf().bitcast(v, getattr(tf(), plain))
    return tf().identity(v)


def check(kernel, free=False):
    """Convert and compare; `free`: first dimensions are not known, but for those of windows."""
    feeds = kernel.feeds()
    shapes = {k: [None, *v.shape[1:]] for k, v in feeds.items() if v.ndim > 1 and k != "filter"} if free else None
    model = Frozen(kernel.build, feeds, shapes)
    got = run(model.graph, model.feeds, output=model.outputs)
    close(list(got.values()), list(model.wants.values()), kernel.steps, kernel.share)


def close(got, wanted, steps=0, share=0.0):
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(b).max())
            continue
        apart = np.abs(a.astype(np.int64) - b.astype(np.int64))
        assert apart.max(initial=0) <= steps
        assert np.mean(apart > 0) <= share


def converted(kernel):
    """The results of the converted graph alone."""
    feeds = kernel.feeds()
    graph = tf().Graph()
    with graph.as_default():
        v1 = tf().compat.v1
        names = [v.name for v in kernel.build(*[v1.placeholder(v.dtype, v.shape, name=k) for k, v in feeds.items()])]
    return list(run(graph.as_graph_def(), feeds, output=",".join(n.removesuffix(":0") for n in names)).values())
