"""Random small networks of linear ops around layers, and what else a FUSE pass may meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from mo_core.ir import Constant, Graph, Value
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    BatchNormInference,
    Clamp,
    Concat,
    Convert,
    Divide,
    FakeQuantize,
    Interpolate,
    Multiply,
    Negative,
    PReLU,
    ReduceMean,
    ReLU,
    Reshape,
    ShapeOf,
    Split,
    Subtract,
    Transpose,
    Unsqueeze,
)
from tests.core.transforms.harness import inputs, weights
from tests.core.transforms.layers import avg_pool, conv, max_pool, product

T = TypeVar("T")
Choose = Callable[[Sequence[Any]], Any]
"""Picks one of several things: hypothesis, or a seeded generator."""


class Program:
    """Builds one network; every decision is taken by `choose`.

    `for_runtime` leaves out what OpenVINO 2026.4 computes wrongly, with and without our fusions: 1x1 convolutions with
    padding and strides (its own stride optimisation forgets the padding); parts of a Split that are joined in another
    order (its own grouping forgets the order); filters that a plain and a transposed convolution share (their packed
    forms are mistaken for each other: see `tied_filters`); a linear op by channel behind a mean over the one axis of 1-D
    data (its own fusion takes the wrong axis); a 1-D convolution, Transpose, Add, Transpose, Reshape and MatMul in a row.
    """

    def __init__(self, choose: Choose, for_runtime: bool = False) -> None:
        self.choose, self.for_runtime = choose, for_runtime
        self.spatial = choose([2, 2, 2, 1, 3])
        size = {1: 9, 2: 8, 3: 5}[self.spatial]
        self.graph, (x,) = inputs((choose([1, 2, None]), 4, *[size] * self.spatial))
        self.shared: dict[tuple[int, ...], Constant] = {}
        self.count = 0
        self.taps: list[Value] = []
        y: Value = x
        for _ in range(choose([2, 3, 4, 5, 6])):
            y = choose(STEPS)(self, y)
            if choose([True, *[False] * 7]):
                self.taps.append(y)
        if choose([True, False]):
            y = self.head(y)
        self.graph.add_output(y, "y")
        for i, tap in enumerate(self.taps):
            self.graph.add_output(ReLU(tap), f"tap{i}")

    # -- constants

    def fresh(self, *shape: int, low: float = -1.0, high: float = 1.0) -> Constant:
        self.count += 1
        return weights(*shape, seed=self.count, low=low, high=high)

    def filters(self, transposed: bool, *shape: int) -> Constant:
        """Filters, which other layers of the same geometry may share."""
        key = (int(transposed and self.for_runtime), *shape)
        if key not in self.shared or self.choose([True, False]):
            self.shared[key] = self.fresh(*shape)
        return self.shared[key]

    def factor(self, shapes: Sequence[tuple[int, ...]]) -> Constant:
        low, high = self.choose([(-1.5, 1.5), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0)])
        return self.fresh(*self.choose(shapes), low=low, high=high)

    def shapes(self, y: Value, axis: int) -> list[tuple[int, ...]]:
        """Shapes of constants beside `y`: mostly by channel, in every form."""
        n, after = y.dims[axis], y.rank - axis - 1
        assert isinstance(n, int)
        by_channel = [(n, *[1] * after), (*[1] * axis, n, *[1] * after)]
        full = tuple(d for d in y.dims[1:] if isinstance(d, int))
        return [*by_channel, *by_channel, (), (1,), full if len(full) == y.rank - 1 else ()]

    def linear(self, y: Value, axis: int = 1) -> Value:
        """One linear op by a constant."""
        shapes, kind = (
            self.shapes(y, axis),
            self.choose(["multiply", "multiply", "add", "add", "subtract", "from", "divide", "negative"]),
        )
        if kind == "multiply":
            return Multiply(y, self.factor(shapes)) if self.choose([True, False]) else Multiply(self.factor(shapes), y)
        if kind == "divide":
            return Divide(y, self.fresh(*self.choose(shapes), low=0.5, high=2.0))
        if kind == "negative":
            return Negative(y)
        c = self.fresh(*self.choose(shapes))
        return Add(y, c) if kind == "add" else Subtract(y, c) if kind == "subtract" else Subtract(c, y)

    # -- steps

    def linear_step(self, y: Value) -> Value:
        for _ in range(self.choose([1, 2, 3])):
            y = self.linear(y)
        return y

    def norm(self, y: Value) -> Value:
        n = y.dims[1]
        assert isinstance(n, int)
        vectors = [self.fresh(n, low=-1.5, high=1.5) for _ in range(3)]
        return BatchNormInference(y, *vectors, self.fresh(n, low=0.3, high=2.0), epsilon=self.choose([1e-3, 0.5]))

    def layer(self, y: Value, outputs: int | None = None, **fixed: Any) -> Value:
        channels = y.dims[1]
        assert isinstance(channels, int)
        size = min(d for d in y.dims[2:] if isinstance(d, int))
        given = {
            "groups": self.choose([1, 1, 2, channels]) if channels % 2 == 0 else 1,
            "kernel": self.choose([1, 2, 3]) if size >= 3 else 1,
            "stride": self.choose([1, 1, 1, 2]),
            "pad": self.choose([0, 0, 1]),
            "transposed": self.choose([False, False, False, True]) and size <= 10,
            **fixed,
        }
        if self.for_runtime and given["kernel"] == 1 and given["stride"] > 1:
            given["pad"] = 0
        if given["transposed"] and (size - 1) * given["stride"] + given["kernel"] - 2 * given["pad"] < 1:
            given["pad"] = 0
        outputs = outputs or self.choose([4, 4, 8])
        groups = given["groups"]
        i, o = channels // groups, max(1, outputs // groups)
        head = ((groups,) if groups > 1 else ()) + ((i, o) if given["transposed"] else (o, i))
        return conv(
            y, o * groups, filters=self.filters(given["transposed"], *head, *[given["kernel"]] * (y.rank - 2)), **given
        )

    def layer_with_ops(self, y: Value) -> Value:
        y = self.layer(y)
        return self.choose([self.linear_step, self.norm, lambda v: v])(y)

    def two_readers(self, y: Value) -> Value:
        """Two layers on one value, one behind the other as often as beside."""
        pad, kernel = self.choose([(0, 1), (0, 1), (1, 3)])
        fixed = {"groups": 1, "kernel": kernel, "stride": 1, "transposed": False}
        if min(d for d in y.dims[2:] if isinstance(d, int)) < 3:
            fixed["kernel"], pad = 1, 0
        a = self.layer(y, 4, pad=pad, **fixed)
        b = self.layer(y, 4, pad=self.choose([pad, pad]), **fixed)
        return Add(a, self.linear(b)) if self.choose([True, False]) else Concat([a, b], axis=1)

    def pooling(self, y: Value) -> Value:
        if min(d for d in y.dims[2:] if isinstance(d, int)) < 3:
            return y
        if self.choose([True, False]):
            return max_pool(y, pad=self.choose([0, 1]))
        return avg_pool(y, pad=self.choose([0, 1]), exclude_pad=self.choose([True, False]))

    def channels_last(self, y: Value) -> Value:
        """Linear ops between two Transposes."""
        if self.spatial == 1 and self.for_runtime:
            return self.linear(y)
        y = Transpose(y, np.array([0, *range(2, y.rank), 1]))
        for _ in range(self.choose([1, 2])):
            y = self.linear(y, axis=y.rank - 1)
        return Transpose(y, np.array([0, y.rank - 1, *range(1, y.rank - 1)]))

    def flattened(self, y: Value) -> Value:
        """Linear ops on flattened spatial axes."""
        if self.spatial == 1:
            return y
        spatial, channels = y.dims[2:], y.dims[1]
        flat = self.linear(Reshape(y, np.array([0, channels, -1]), special_zero=True))
        return Reshape(flat, np.array([0, channels, *spatial]), special_zero=True)

    def grouped(self, y: Value) -> Value:
        """Split, layers, Concat: in order, or not."""
        channels = y.dims[1]
        assert isinstance(channels, int)
        if channels % 2:
            return y
        parts = Split(y, np.int64(1), num_splits=2).results
        fixed = {"groups": 1, "kernel": 1, "pad": 0, "transposed": False, "stride": self.choose([1, 2])}
        made = [
            self.layer(p, 2, **fixed)
            for p in (parts if self.for_runtime or self.choose([True, True, False]) else parts[::-1])
        ]
        if self.choose([True, False]):
            made = [self.linear(m) for m in made]
        return self.choose([self.norm, lambda v: v])(Concat(made, axis=1))

    def residual(self, y: Value) -> Value:
        """A block with 1x1 convolutions whose strides may move."""
        channels = y.dims[1]
        assert isinstance(channels, int)
        fixed = {"groups": 1, "transposed": False}
        inner = ReLU(self.layer(y, 4, kernel=1, pad=0, stride=1, **fixed))
        inner = self.layer(inner, channels, kernel=1, pad=0, stride=1, **fixed)
        total = ReLU(Add(y, inner))
        stride = self.choose([1, 2, 2])
        left = self.layer(total, 4, kernel=1, pad=0, stride=stride, **fixed)
        right = self.layer(total, 4, kernel=1, pad=0, stride=self.choose([stride, stride, 1]), **fixed)
        if left.shape != right.shape:
            self.taps.append(right)
            return left
        return Add(left, right)

    def quantised(self, y: Value) -> Value:
        """A limit, and one FakeQuantize or two."""
        y = self.choose([ReLU, lambda v: Clamp(v, min=0.0, max=1.0), lambda v: v])(y)
        limits = self.choose([(0.0, 1.0), (0.0, 0.7), (-0.5, 1.0), (0.0, 2.0)])
        levels = self.choose([3, 17])
        quantise = lambda n: FakeQuantize(y, *[np.float32(v) for v in (*limits, *limits)], levels=n)  # noqa: E731
        # steps this coarse would turn the last bit into a large difference, so nothing linear may follow or precede
        if self.choose([True, False]):
            self.taps.append(quantise(self.choose([levels, levels + 2])))
        return quantise(levels)

    def head(self, y: Value) -> Value:
        """Flattened into matrix products with linear ops around them."""
        y = Reshape(y, np.array([0, -1]), special_zero=True)
        for _ in range(self.choose([1, 2])):
            for _ in range(self.choose([0, 1, 2])):
                y = self.linear(y)
            y = product(y, self.choose([4, 6]), transpose_b=self.choose([True, False]), seed=self.count)
            for _ in range(self.choose([0, 1, 2])):
                y = self.linear(y)
        if self.choose([True, False, False]):
            y = Reshape(y, np.array([0, y.dims[1], 1, 1]), special_zero=True)
            y = Reshape(self.norm(y), np.array([0, -1]), special_zero=True)
        return y

    def activation(self, y: Value) -> Value:
        """What a factor above zero may pass."""
        kind = self.choose(["relu", "relu", "prelu", "abs"])
        if self.choose([True, False]):
            y = self.layer(y)
        if kind == "prelu":
            y = PReLU(y, self.fresh(self.choose([1, y.dims[1]])))  # type: ignore[arg-type]
        else:
            y = ReLU(y) if kind == "relu" else Abs(y)
        return self.linear(y) if self.choose([True, False]) else y

    def linear_residual(self, y: Value) -> Value:
        """Residual blocks without an activation behind the sum."""
        fixed = {"groups": 1, "kernel": 1, "pad": 0, "stride": 1, "transposed": False}
        y = self.linear(self.layer(y, 4, **fixed))
        for _ in range(self.choose([1, 2])):
            inner = self.linear(self.layer(ReLU(self.linear(self.layer(y, 4, **fixed))), 4, **fixed))
            y = self.choose([lambda a, b: Add(a, b), lambda a, b: Add(b, a)])(y, inner)
            if self.choose([True, False]):
                y = self.linear(y)
        return self.linear(self.layer(y, 4, **fixed))

    def shape_reader(self, y: Value) -> Value:
        """A shape that is read between a layer and what is behind it."""
        y = self.layer(y)
        self.taps.append(Convert(ShapeOf(y), destination_type=t.f32))
        return self.choose([self.linear_step, self.norm])(y)

    def mean(self, y: Value) -> Value:
        """The mean over the spatial axes, put back beside what it is the mean of."""
        keep = self.choose([True, False])
        axes = np.arange(2, y.rank)
        channels = y.dims[1]
        assert isinstance(channels, int)
        inner = self.layer(y, channels, groups=1, transposed=False) if self.choose([True, False]) else self.linear(y)
        value = ReduceMean(inner, axes, keep_dims=keep)
        if self.spatial == 1 and self.for_runtime:
            return Multiply(y, ReLU(value if keep else Unsqueeze(value, axes)))
        value = self.linear(value) if keep else Unsqueeze(self.linear(value), axes)
        return Multiply(y, ReLU(value))

    def resized(self, y: Value) -> Value:
        """Twice as large, each element copied."""
        if self.spatial != 2 or min(d for d in y.dims[2:] if isinstance(d, int)) > 6:
            return y
        made = Interpolate(
            y,
            [2.0, 2.0],
            [2, 3],
            mode="nearest",
            shape_calculation_mode="scales",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return self.choose([self.linear, self.norm])(made)


STEPS: tuple[Callable[[Program, Value], Value], ...] = (
    Program.linear_step,
    Program.linear_step,
    Program.layer_with_ops,
    Program.layer_with_ops,
    Program.layer_with_ops,
    Program.norm,
    Program.two_readers,
    Program.pooling,
    Program.channels_last,
    Program.flattened,
    Program.grouped,
    Program.residual,
    Program.activation,
    Program.linear_residual,
    Program.shape_reader,
    Program.mean,
    Program.resized,
)


def network(choose: Choose, for_runtime: bool = False) -> Graph:
    """One random network."""
    return Program(choose, for_runtime).graph
