"""Well-known networks with random weights, their batch norms spelled in three ways; images are small to be quick.

fused   the operation BatchNormalization
small   Keras' fused=False: x * s + (beta - mean * s), with s = gamma / sqrt(variance + epsilon) computed in the graph
scale   Caffe's pair: BatchNormalization that only normalises, then Mul and Add
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.perf import models
from tests.perf.networks import Layers

SPELLINGS = ("fused", "small", "scale")
SIZE = 128


class Net(Layers):
    """Layers with batch norms of one spelling."""

    def __init__(self, spelling: str) -> None:
        super().__init__()
        self.spelling = spelling

    def batch_norm(self, x: str, channels: int) -> str:
        shape = (channels, 1, 1) if self.spelling == "small" else (channels,)
        gamma, beta, mean = (self.weight(*shape, middle=m) for m in (1.0, 0.0, 0.0))
        variance = self.weight(*shape, middle=1.0, spread=0.01)
        if self.spelling == "fused":
            return self.op("BatchNormalization", x, gamma, beta, mean, variance, epsilon=1e-3)
        if self.spelling == "scale":
            ones, zeros = (self.constant(np.full(channels, v), np.float32) for v in (1, 0))
            y = self.op("BatchNormalization", x, ones, zeros, mean, variance, epsilon=1e-5)
            factor, shift = self.weight(channels, 1, 1, middle=1.0), self.weight(channels, 1, 1)
            return self.op("Add", self.op("Mul", y, factor), shift)
        root = self.op("Sqrt", self.op("Add", variance, self.number(1e-3)))
        s = self.op("Mul", self.op("Reciprocal", root), gamma)
        return self.op("Add", self.op("Mul", x, s), self.op("Sub", beta, self.op("Mul", mean, s)))

    def relu(self, x: str) -> str:
        return self.op("Relu", x)

    def relu6(self, x: str) -> str:
        return self.op("Clip", x, self.number(0), self.number(6))

    def unit(
        self,
        x: str,
        inner: int,
        outer: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        act: Callable[[str], str] | None = None,
    ) -> str:
        y = self.conv_norm(x, inner, outer, kernel, stride, groups)
        return (act or self.relu)(y)

    def window(self, x: str, inner: int, outer: int, size: Sequence[int], stride: int = 1, same: bool = True) -> str:
        """A convolution with a window of two sizes, batch norm and ReLU."""
        weight = self.weight(outer, inner, *size, spread=(2 / (inner * size[0] * size[1])) ** 0.5)
        pads = [s // 2 for s in size] * 2 if same else [0] * 4
        y = self.op("Conv", x, weight, kernel_shape=list(size), strides=[stride] * 2, pads=pads)
        return self.relu(self.batch_norm(y, outer))

    def pool(self, kind: str, x: str, kernel: int, stride: int, pad: int = 0) -> str:
        more = {"count_include_pad": 1} if kind == "AveragePool" else {}
        return self.op(kind, x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, **more)

    def classes(self, x: str, channels: int) -> str:
        x = self.op("Flatten", self.op("GlobalAveragePool", x), axis=1)
        return self.op("Gemm", x, self.weight(1000, channels, spread=channels**-0.5), self.weight(1000), transB=1)


def resnet(w: Net, blocks: Sequence[int], pointwise: bool = False) -> str:
    """ResNet (He et al., 2015): strides on the 3x3 convolutions (v1.5), or on the 1x1 ones ahead of them (v1)."""
    x, channels = w.pool("MaxPool", w.unit("input", 3, 64, 7, 2), 3, 2, 1), 64
    for stage, count in enumerate(blocks):
        width = 64 << stage
        for block in range(count):
            stride = 2 if stage and not block else 1
            first, second = (stride, 1) if pointwise else (1, stride)
            y = w.unit(w.unit(x, channels, width, 1, first), width, width, 3, second)
            y = w.conv_norm(y, width, 4 * width, 1)
            shortcut = x if block else w.conv_norm(x, channels, 4 * width, 1, stride)
            x, channels = w.relu(w.op("Add", y, shortcut)), 4 * width
    return w.classes(x, channels)


def resnet_v2(w: Net, blocks: Sequence[int]) -> str:
    """ResNet v2 (He et al., 2016): batch norm and ReLU ahead of the convolutions."""
    x, channels = w.pool("MaxPool", w.conv("input", 3, 64, 7, 2, bias=False), 3, 2, 1), 64
    for stage, count in enumerate(blocks):
        width = 64 << stage
        for block in range(count):
            stride = 2 if stage and not block else 1
            ahead = w.relu(w.batch_norm(x, channels))
            y = w.unit(w.unit(ahead, channels, width, 1), width, width, 3, stride)
            shortcut = x if block else w.conv(ahead, channels, 4 * width, 1, stride)
            x, channels = w.op("Add", w.conv(y, width, 4 * width, 1), shortcut), 4 * width
    return w.classes(w.relu(w.batch_norm(x, channels)), channels)


def inception(w: Net) -> str:
    """Inception v3 (Szegedy et al., 2015), without the auxiliary head."""
    x = w.window("input", 3, 32, (3, 3), 2, False)
    x = w.window(w.window(x, 32, 32, (3, 3), 1, False), 32, 64, (3, 3))
    x = w.window(w.window(w.pool("MaxPool", x, 3, 2), 64, 80, (1, 1)), 80, 192, (3, 3), 1, False)
    x, n = w.pool("MaxPool", x, 3, 2), 192
    for pooled in (32, 64, 64):
        b = w.window(w.window(x, n, 48, (1, 1)), 48, 64, (5, 5))
        c = w.window(w.window(w.window(x, n, 64, (1, 1)), 64, 96, (3, 3)), 96, 96, (3, 3))
        d = w.window(w.pool("AveragePool", x, 3, 1, 1), n, pooled, (1, 1))
        x, n = w.op("Concat", w.window(x, n, 64, (1, 1)), b, c, d, axis=1), 224 + pooled
    b = w.window(w.window(w.window(x, n, 64, (1, 1)), 64, 96, (3, 3)), 96, 96, (3, 3), 2, False)
    x = w.op("Concat", w.window(x, n, 384, (3, 3), 2, False), b, w.pool("MaxPool", x, 3, 2), axis=1)
    n += 480
    for c7 in (128, 160, 160, 192):
        b = w.window(w.window(w.window(x, n, c7, (1, 1)), c7, c7, (1, 7)), c7, 192, (7, 1))
        c = w.window(w.window(w.window(x, n, c7, (1, 1)), c7, c7, (7, 1)), c7, c7, (1, 7))
        c = w.window(w.window(c, c7, c7, (7, 1)), c7, 192, (1, 7))
        d = w.window(w.pool("AveragePool", x, 3, 1, 1), n, 192, (1, 1))
        x, n = w.op("Concat", w.window(x, n, 192, (1, 1)), b, c, d, axis=1), 768
    a = w.window(w.window(x, n, 192, (1, 1)), 192, 320, (3, 3), 2, False)
    b = w.window(w.window(w.window(x, n, 192, (1, 1)), 192, 192, (1, 7)), 192, 192, (7, 1))
    x = w.op("Concat", a, w.window(b, 192, 192, (3, 3), 2, False), w.pool("MaxPool", x, 3, 2), axis=1)
    n = 1280
    for _ in range(2):
        b = w.window(x, n, 384, (1, 1))
        c = w.window(w.window(x, n, 448, (1, 1)), 448, 384, (3, 3))
        both = [w.op("Concat", *[w.window(y, 384, 384, s) for s in ((1, 3), (3, 1))], axis=1) for y in (b, c)]
        d = w.window(w.pool("AveragePool", x, 3, 1, 1), n, 192, (1, 1))
        x, n = w.op("Concat", w.window(x, n, 320, (1, 1)), *both, d, axis=1), 2048
    return w.classes(x, n)


def mobilenet_v1(w: Net) -> str:
    """Depthwise and pointwise convolutions in turn (Howard et al., 2017)."""
    x, n = w.unit("input", 3, 32, 3, 2, act=w.relu6), 32
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for outer, stride in plan:
        x = w.unit(w.unit(x, n, n, 3, stride, n, w.relu6), n, outer, 1, act=w.relu6)
        n = outer
    return w.classes(x, n)


def mobilenet_v2(w: Net) -> str:
    """Inverted residuals (Sandler et al., 2018)."""
    x, n = w.unit("input", 3, 32, 3, 2, act=w.relu6), 32
    for t, outer, count, first in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for i in range(count):
            stride = 1 if i else first
            y = w.unit(x, n, n * t, 1, act=w.relu6) if t > 1 else x
            y = w.unit(y, n * t, n * t, 3, stride, n * t, w.relu6)
            y = w.conv_norm(y, n * t, outer, 1)
            x, n = w.op("Add", x, y) if stride == 1 and n == outer else y, outer
    return w.classes(w.unit(x, n, 1280, 1, act=w.relu6), 1280)


def mobilenet_v3(w: Net) -> str:
    """MobileNet v3 large (Howard et al., 2019)."""
    x, n = w.unit("input", 3, 16, 3, 2, act=w.hard_swish), 16
    plan = (
        (3, 16, 16, 0, 0, 1),
        (3, 64, 24, 0, 0, 2),
        (3, 72, 24, 0, 0, 1),
        (5, 72, 40, 1, 0, 2),
        (5, 120, 40, 1, 0, 1),
        (5, 120, 40, 1, 0, 1),
        (3, 240, 80, 0, 1, 2),
        (3, 200, 80, 0, 1, 1),
        (3, 184, 80, 0, 1, 1),
        (3, 184, 80, 0, 1, 1),
        (3, 480, 112, 1, 1, 1),
        (3, 672, 112, 1, 1, 1),
        (5, 672, 160, 1, 1, 2),
        (5, 960, 160, 1, 1, 1),
        (5, 960, 160, 1, 1, 1),
    )
    for kernel, wide, outer, squeeze, swish, stride in plan:
        act = w.hard_swish_by_clip if swish else w.relu
        y = w.unit(x, n, wide, 1, act=act) if wide != n else x
        y = w.unit(y, wide, wide, kernel, stride, wide, act)
        if squeeze:
            y = w.squeeze_excite(y, wide, lambda z: w.op("HardSigmoid", z, alpha=1 / 6, beta=0.5))
        y = w.conv_norm(y, wide, outer, 1)
        x, n = w.op("Add", x, y) if stride == 1 and n == outer else y, outer
    return w.classes(w.unit(x, n, 960, 1, act=w.hard_swish), 960)


def densenet(w: Net) -> str:
    """DenseNet-121 (Huang et al., 2016)."""
    x, n = w.pool("MaxPool", w.unit("input", 3, 64, 7, 2), 3, 2, 1), 64
    for stage, count in enumerate((6, 12, 24, 16)):
        for _ in range(count):
            y = w.conv(w.relu(w.batch_norm(x, n)), n, 128, 1, bias=False)
            y = w.conv(w.relu(w.batch_norm(y, 128)), 128, 32, 3, bias=False)
            x, n = w.op("Concat", x, y, axis=1), n + 32
        if stage < 3:
            y = w.conv(w.relu(w.batch_norm(x, n)), n, n // 2, 1, bias=False)
            x, n = w.pool("AveragePool", y, 2, 2), n // 2
    return w.classes(w.relu(w.batch_norm(x, n)), n)


def efficientnet(w: Net) -> str:
    """EfficientNet-B0 (Tan and Le, 2019)."""
    x, n = w.unit("input", 3, 32, 3, 2, act=w.silu), 32
    for t, outer, count, first, kernel in (
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):
        for i in range(count):
            stride, wide, inner = 1 if i else first, n * t, n
            y = w.unit(x, n, wide, 1, act=w.silu) if t > 1 else x
            y = w.unit(y, wide, wide, kernel, stride, wide, w.silu)
            s = w.silu(w.conv(w.op("ReduceMean", y, axes=[2, 3], keepdims=1), wide, max(inner // 4, 4), 1))
            y = w.op("Mul", y, w.op("Sigmoid", w.conv(s, max(inner // 4, 4), wide, 1)))
            y = w.conv_norm(y, wide, outer, 1)
            x, n = w.op("Add", x, y) if stride == 1 and n == outer else y, outer
    return w.classes(w.unit(x, n, 1280, 1, act=w.silu), 1280)


def vgg(w: Net) -> str:
    """VGG-16 with batch norms (Simonyan and Zisserman, 2014)."""
    x, n = "input", 3
    for outer, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x, n = w.unit(x, n, outer, 3), outer
        x = w.pool("MaxPool", x, 2, 2)
    x, n = w.op("Flatten", x, axis=1), 512 * (SIZE // 32) ** 2
    for outer in (1024, 1024):
        x, n = w.relu(w.op("Gemm", x, w.weight(outer, n, spread=n**-0.5), w.weight(outer), transB=1)), outer
    return w.op("Gemm", x, w.weight(1000, n, spread=n**-0.5), w.weight(1000), transB=1)


NETWORKS: dict[str, Callable[[Net], str]] = {
    "ResNet-50 v1": lambda w: resnet(w, (3, 4, 6, 3), pointwise=True),
    "ResNet-50 v1.5": lambda w: resnet(w, (3, 4, 6, 3)),
    "ResNet-101": lambda w: resnet(w, (3, 4, 23, 3)),
    "ResNet-152": lambda w: resnet(w, (3, 8, 36, 3)),
    "ResNet-50 v2": lambda w: resnet_v2(w, (3, 4, 6, 3)),
    "Inception v3": inception,
    "MobileNet v1": mobilenet_v1,
    "MobileNet v2": mobilenet_v2,
    "MobileNet v3": mobilenet_v3,
    "DenseNet-121": densenet,
    "EfficientNet-B0": efficientnet,
    "VGG-16": vgg,
}
ENCODER = "Transformer encoder"


def write(path: Path, network: str, spelling: str = "fused") -> Path:
    """Write one network as ONNX; the transformer encoder has no batch norms, so that its spelling does not count."""
    if network == ENCODER:
        return models.encoder(path, layers=6)
    w = Net(spelling)
    return w.save(path, {"input": [1, 3, SIZE, SIZE]}, NETWORKS[network](w))
