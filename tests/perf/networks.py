"""Small networks as PyTorch's and Keras' exporters spell them, with random weights: what fusions meet in practice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import TensorProto

from tests.perf.models import Writer

ALL: list[Callable[[Path], Path]] = []


def _network(build: Callable[[Path], Path]) -> Callable[[Path], Path]:
    ALL.append(build)
    return build


def write(folder: Path) -> list[Path]:
    """Write all of them."""
    return [build(folder / f"{build.__name__}.onnx") for build in ALL]


class Layers(Writer):
    """What the exporters make of layers."""

    def number(self, value: float) -> str:
        return self.constant(value, np.float32)

    def conv(
        self, x: str, inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = True
    ) -> str:
        inputs = inner // groups
        weight = self.weight(outer, inputs, kernel, kernel, spread=(2 / (inputs * kernel * kernel)) ** 0.5)
        rest = [self.weight(outer)] if bias else []
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4}
        return self.op("Conv", x, weight, *rest, **window, group=groups)

    def batch_norm(self, x: str, channels: int) -> str:
        moments = [self.weight(channels, middle=m) for m in (1.0, 0.0, 0.0, 1.0)]
        return self.op("BatchNormalization", x, *moments, epsilon=1e-5)

    def conv_norm(self, x: str, inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1) -> str:
        return self.batch_norm(self.conv(x, inner, outer, kernel, stride, groups, bias=False), outer)

    def linear(self, x: str, inner: int, outer: int) -> str:
        return self.op("Add", self.weight(outer), self.op("MatMul", x, self.weight(inner, outer, spread=inner**-0.5)))

    def silu(self, x: str) -> str:
        return self.op("Mul", x, self.op("Sigmoid", x))

    def gelu(self, x: str) -> str:
        erf = self.op("Erf", self.op("Div", x, self.number(2**0.5)))
        return self.op("Mul", self.op("Mul", x, self.op("Add", erf, self.number(1))), self.number(0.5))

    def hard_swish(self, x: str) -> str:
        return self.op("Mul", x, self.op("HardSigmoid", x, alpha=1 / 6, beta=0.5))

    def hard_swish_by_clip(self, x: str) -> str:
        limited = self.op("Clip", self.op("Add", x, self.number(3)), self.number(0), self.number(6))
        return self.op("Div", self.op("Mul", x, limited), self.number(6))

    def layer_norm(self, x: str, width: int) -> str:
        centred = self.op("Sub", x, self.op("ReduceMean", x, axes=[-1]))
        variance = self.op("ReduceMean", self.op("Pow", centred, self.number(2)), axes=[-1])
        normed = self.op("Div", centred, self.op("Sqrt", self.op("Add", variance, self.number(1e-6))))
        return self.op("Add", self.op("Mul", normed, self.weight(width, middle=1)), self.weight(width))

    def dim(self, x: str, axis: int) -> str:
        return self.op("Gather", self.op("Shape", x), self.constant(axis), axis=0)

    def view(self, x: str, *dims: int | str) -> str:
        axis = self.constant([0])
        parts = [self.op("Unsqueeze", d, axis) if isinstance(d, str) else self.constant([d]) for d in dims]
        return self.op("Reshape", x, self.op("Concat", *parts, axis=0))

    def transpose(self, x: str, *perm: int) -> str:
        return self.op("Transpose", x, perm=list(perm))

    def squeeze_excite(self, x: str, channels: int, gate: Callable[[str], str]) -> str:
        y = self.op("Relu", self.conv(self.op("GlobalAveragePool", x), channels, channels // 4, 1))
        return self.op("Mul", x, gate(self.conv(y, channels // 4, channels, 1)))

    def classify(self, x: str, channels: int) -> str:
        x = self.op("Flatten", self.op("GlobalAveragePool", x), axis=1)
        return self.op("Gemm", x, self.weight(10, channels), self.weight(10), transB=1)


_IMAGE: dict[str, list[object]] = {"input": ["batch", 3, 64, 64]}


@_network
def mobilenet_v3(path: Path) -> Path:
    """Inverted residuals with hard swish and squeeze-and-excite (Howard et al., 2019)."""
    w = Layers()
    x = w.hard_swish(w.conv_norm("input", 3, 16, 3, 2))
    for i in range(4):
        act = w.hard_swish if i % 2 else w.hard_swish_by_clip
        y = act(w.conv_norm(x, 16, 64, 1))
        y = act(w.conv_norm(y, 64, 64, 3, groups=64))
        y = w.squeeze_excite(y, 64, lambda z: w.op("HardSigmoid", z, alpha=1 / 6, beta=0.5))
        x = w.op("Add", x, w.conv_norm(y, 64, 16, 1))
    return w.save(path, _IMAGE, w.classify(x, 16))


@_network
def efficientnet(path: Path) -> Path:
    """Inverted residuals with swish (Tan and Le, 2019), as timm exports them."""
    w = Layers()
    x = w.silu(w.conv_norm("input", 3, 16, 3, 2))
    for _ in range(3):
        y = w.silu(w.conv_norm(x, 16, 64, 1))
        y = w.silu(w.conv_norm(y, 64, 64, 5, groups=64))
        s = w.op("ReduceMean", y, axes=[2, 3], keepdims=1)
        s = w.op("Sigmoid", w.conv(w.silu(w.conv(s, 64, 4, 1)), 4, 64, 1))
        x = w.op("Add", w.conv_norm(w.op("Mul", y, s), 64, 16, 1), x)
    return w.save(path, _IMAGE, w.classify(x, 16))


@_network
def shufflenet_v2(path: Path) -> Path:
    """Channel split and shuffle (Ma et al., 2018), the shuffle with sizes asked for at run time."""
    w = Layers()
    x = w.op("Relu", w.conv_norm("input", 3, 32, 3, 2))
    for _ in range(3):
        a, b = f"a{len(w.nodes)}", f"b{len(w.nodes)}"
        w.op("Split", x, w.constant([16, 16]), axis=1)
        w.nodes[-1].output[:] = [a, b]
        y = w.op("Relu", w.conv_norm(b, 16, 16, 1))
        y = w.conv_norm(y, 16, 16, 3, groups=16)
        y = w.op("Relu", w.conv_norm(y, 16, 16, 1))
        x = w.op("Concat", a, y, axis=1)
        batch, height, width = (w.dim(x, i) for i in (0, 2, 3))
        x = w.transpose(w.view(x, batch, 2, 16, height, width), 0, 2, 1, 3, 4)
        x = w.view(x, batch, -1, height, width)
    return w.save(path, _IMAGE, w.classify(x, 32))


@_network
def shufflenet_static(path: Path) -> Path:
    """The same shuffle in a model of fixed sizes, groups of channels by Slice."""
    w = Layers()
    x = w.op("Relu", w.conv_norm("input", 3, 32, 3, 2))
    for _ in range(2):
        a = w.op("Slice", x, w.constant([0]), w.constant([16]), w.constant([1]))
        b = w.op("Slice", x, w.constant([16]), w.constant([32]), w.constant([1]))
        y = w.op("Relu", w.conv_norm(b, 16, 16, 3, groups=16))
        x = w.op("Concat", a, y, axis=1)
        x = w.transpose(w.op("Reshape", x, w.constant([1, 2, 16, 32, 32])), 0, 2, 1, 3, 4)
        x = w.op("Reshape", x, w.constant([1, 32, 32, 32]))
    return w.save(path, {"input": [1, 3, 64, 64]}, w.classify(x, 32))


@_network
def super_resolution(path: Path) -> Path:
    """Sub-pixel convolution (Shi et al., 2016), with PReLU of relus, and the shuffle as reshapes of dynamic images."""
    w = Layers()
    x = w.conv("input", 1, 16, 5)
    slope = w.op("Neg", w.weight(16, 1, 1, middle=0.25))
    x = w.op("Add", w.op("Relu", x), w.op("Mul", slope, w.op("Relu", w.op("Neg", x))))
    x = w.conv(x, 16, 9, 3)
    batch, height, width = (w.dim(x, i) for i in (0, 2, 3))
    y = w.transpose(w.view(x, batch, 1, 3, 3, height, width), 0, 1, 4, 2, 5, 3)
    three = w.constant(3)
    y = w.view(y, batch, 1, w.op("Mul", height, three), w.op("Mul", width, three))
    y = w.op("Clip", w.op("Max", y, w.number(0)), "", w.number(1))
    return w.save(path, {"input": ["batch", 1, "height", "width"]}, y)


def _heads(w: Layers, q: str, k: str, v: str, depth: int, mask: str = "") -> str:
    """Attention as written before there was an op for it."""
    scores = w.op("Mul", w.op("MatMul", q, k), w.number(depth**-0.5))
    if mask:
        scores = w.op("Add", scores, mask)
    return w.op("MatMul", w.op("Softmax", scores, axis=-1), v)


@_network
def vision_transformer(path: Path) -> Path:
    """ViT (Dosovitskiy et al., 2020), as timm exports it."""
    w, width, heads, depth = Layers(), 64, 4, 16
    x = w.op("Conv", "input", w.weight(width, 3, 8, 8), w.weight(width), kernel_shape=[8, 8], strides=[8, 8])
    shape = w.op("Shape", x)
    head = w.op("Slice", shape, w.constant([0]), w.constant([2]), w.constant([0]))
    x = w.op("Reshape", x, w.op("Concat", head, w.constant([-1]), axis=0))
    x = w.transpose(x, 0, 2, 1)
    batch = w.op("Unsqueeze", w.dim(x, 0), w.constant([0]))
    token_shape = w.op("Concat", batch, w.constant([1]), w.constant([width]), axis=0)
    x = w.op("Concat", w.op("Expand", w.weight(1, 1, width), token_shape), x, axis=1)
    x = w.op("Add", x, w.weight(1, 65, width))
    for _ in range(2):
        y = w.layer_norm(x, width)
        batch, length = w.dim(y, 0), w.dim(y, 1)
        qkv = w.transpose(w.view(w.linear(y, width, 3 * width), batch, length, 3, heads, depth), 2, 0, 3, 1, 4)
        q, k, v = (w.op("Gather", qkv, w.constant(i), axis=0) for i in range(3))
        y = w.transpose(_heads(w, q, w.transpose(k, 0, 1, 3, 2), v, depth), 0, 2, 1, 3)
        x = w.op("Add", x, w.linear(w.view(y, batch, length, width), width, width))
        x = w.op("Add", x, w.linear(w.gelu(w.linear(w.layer_norm(x, width), width, 4 * width)), 4 * width, width))
    x = w.op("Gather", w.layer_norm(x, width), w.constant(0), axis=1)
    return w.save(path, _IMAGE, w.op("Gemm", x, w.weight(10, width), w.weight(10), transB=1))


@_network
def bert(path: Path) -> Path:
    """BERT (Devlin et al., 2018) with its mask, as exported with dynamic batch and length."""
    w, width, heads, depth = Layers(), 64, 4, 16
    length = w.dim("ids", 1)
    positions = w.op(
        "Slice",
        w.constant(np.arange(128)[None]),
        w.constant([0]),
        w.op("Unsqueeze", length, w.constant([0])),
        w.constant([1]),
        w.constant([1]),
    )
    x = w.op("Add", w.op("Gather", w.weight(100, width), "ids"), w.op("Gather", w.weight(128, width), positions))
    x = w.layer_norm(x, width)
    mask = w.op("Unsqueeze", w.op("Unsqueeze", "mask", w.constant([1])), w.constant([2]))
    mask = w.op("Mul", w.op("Sub", w.number(1), w.op("Cast", mask, to=TensorProto.FLOAT)), w.number(-10000))

    def split(y: str, *perm: int) -> str:
        y = w.linear(y, width, width)
        return w.transpose(w.view(y, w.dim(y, 0), w.dim(y, 1), heads, depth), *perm)

    for _ in range(2):
        q, k, v = split(x, 0, 2, 1, 3), split(x, 0, 2, 3, 1), split(x, 0, 2, 1, 3)
        scores = w.op("Add", w.op("Div", w.op("MatMul", q, k), w.number(depth**0.5)), mask)
        y = w.transpose(w.op("MatMul", w.op("Softmax", scores, axis=3), v), 0, 2, 1, 3)
        y = w.view(y, w.dim(y, 0), w.dim(y, 1), width)
        x = w.layer_norm(w.op("Add", w.linear(y, width, width), x), width)
        x = w.layer_norm(w.op("Add", w.linear(w.gelu(w.linear(x, width, 4 * width)), 4 * width, width), x), width)
    pooled = w.op("Gemm", w.op("Gather", x, w.constant(0), axis=1), w.weight(width, width), w.weight(width), transB=1)
    inputs: dict[str, list[object]] = {"ids": ["batch", "length"], "mask": ["batch", "length"]}
    return w.save(path, inputs, w.op("Tanh", pooled), TensorProto.INT64)


@_network
def llama(path: Path) -> Path:
    """A decoder block with RMS norm, rotary positions and a gated MLP (Touvron et al., 2023)."""
    w, width, heads, depth = Layers(), 64, 4, 16

    def norm(x: str) -> str:
        mean = w.op("ReduceMean", w.op("Pow", x, w.number(2)), axes=[-1], keepdims=1)
        root = w.op("Sqrt", w.op("Add", mean, w.number(1e-6)))
        return w.op("Mul", w.weight(width, middle=1), w.op("Mul", x, w.op("Div", w.number(1), root)))

    def project(x: str, inner: int, outer: int) -> str:
        return w.op("MatMul", x, w.weight(inner, outer, spread=inner**-0.5))

    def rotate(x: str, cosine: str, sine: str) -> str:
        steps = w.constant([1])
        a = w.op("Slice", x, w.constant([0]), w.constant([depth // 2]), w.constant([3]), steps)
        b = w.op("Slice", x, w.constant([depth // 2]), w.constant([2**63 - 1]), w.constant([3]), steps)
        turned = w.op("Concat", w.op("Neg", b), a, axis=-1)
        return w.op("Add", w.op("Mul", x, cosine), w.op("Mul", turned, sine))

    x = w.op("Gather", w.weight(100, width), "ids")
    batch, length = w.dim("ids", 0), w.dim("ids", 1)
    count = w.op("Cast", w.op("Range", w.constant(0), length, w.constant(1)), to=TensorProto.FLOAT)
    angles = w.op("MatMul", w.op("Unsqueeze", count, w.constant([1])), w.weight(1, depth // 2, middle=1))
    angles = w.op("Concat", angles, angles, axis=-1)
    cosine, sine = w.op("Cos", angles), w.op("Sin", angles)
    for _ in range(2):
        y = norm(x)
        views = [w.view(project(y, width, width), batch, length, heads, depth) for _ in range(3)]
        q, k, v = (w.transpose(v, 0, 2, 1, 3) for v in views)
        k = w.transpose(rotate(k, cosine, sine), 0, 1, 3, 2)
        y = w.transpose(_heads(w, rotate(q, cosine, sine), k, v, depth), 0, 2, 1, 3)
        x = w.op("Add", x, project(w.view(y, batch, length, width), width, width))
        y = norm(x)
        y = w.op("Mul", w.silu(project(y, width, 128)), project(y, width, 128))
        x = w.op("Add", x, project(y, 128, width))
    return w.save(path, {"ids": ["batch", "length"]}, project(norm(x), width, 100), TensorProto.INT64)


@_network
def yolo(path: Path) -> Path:
    """A detector with C2f, SPPF, upsampling and a decoding head, in the manner of Ultralytics' exports."""
    w = Layers()

    def block(x: str, inner: int, outer: int, kernel: int = 1, stride: int = 1) -> str:
        return w.silu(w.conv(x, inner, outer, kernel, stride))

    x = block("input", 3, 16, 3, 2)
    y = block(x, 16, 16)
    w.op("Split", y, w.constant([8, 8]), axis=1)
    w.nodes[-1].output[:] = ["left", "right"]
    z = w.op("Add", "right", block(block("right", 8, 8, 3), 8, 8, 3))
    x = block(w.op("Concat", "left", "right", z, axis=1), 24, 32)
    small = block(x, 32, 32, 3, 2)
    p = block(small, 32, 16)
    pools = [p]
    for _ in range(3):
        pools.append(w.op("MaxPool", pools[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    small = block(w.op("Concat", *pools, axis=1), 64, 32)
    up = w.op(
        "Resize",
        small,
        "",
        w.constant([1, 1, 2, 2], np.float32),
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )
    x = block(w.op("Concat", up, x, axis=1), 64, 32)
    parts = []
    for level, cells in ((x, 32 * 32), (small, 16 * 16)):
        boxes = w.conv(block(level, 32, 16, 3), 16, 64, 1)
        classes = w.conv(block(level, 32, 16, 3), 16, 8, 1)
        parts.append(w.op("Reshape", w.op("Concat", boxes, classes, axis=1), w.constant([1, 72, cells])))
    both = w.op("Concat", *parts, axis=2)
    w.op("Split", both, w.constant([64, 8]), axis=1)
    w.nodes[-1].output[:] = ["distances", "classes"]
    spread = w.transpose(w.op("Reshape", "distances", w.constant([1, 4, 16, 1280])), 0, 2, 1, 3)
    spread = w.op("Conv", w.op("Softmax", spread, axis=1), w.weight(1, 16, 1, 1), kernel_shape=[1, 1])
    spread = w.op("Reshape", spread, w.constant([1, 4, 1280]))
    near = w.op("Slice", spread, w.constant([0]), w.constant([2]), w.constant([1]))
    far = w.op("Slice", spread, w.constant([2]), w.constant([4]), w.constant([1]))
    low, high = w.op("Sub", w.weight(1, 2, 1280), near), w.op("Add", w.weight(1, 2, 1280), far)
    centre = w.op("Div", w.op("Add", low, high), w.number(2))
    boxes = w.op("Mul", w.op("Concat", centre, w.op("Sub", high, low), axis=1), w.weight(1, 1280, middle=8))
    return w.save(path, {"input": [1, 3, 64, 64]}, w.op("Concat", boxes, w.op("Sigmoid", "classes"), axis=1))


@_network
def unet(path: Path) -> Path:
    """A denoising network with group norms, spelled with instance norms as PyTorch does."""
    w = Layers()

    def group_norm(x: str, channels: int) -> str:
        apart = w.op("Reshape", x, w.constant([0, 4, -1]))
        ones, zeros = w.constant([1] * 4, np.float32), w.constant([0] * 4, np.float32)
        y = w.op("InstanceNormalization", apart, ones, zeros, epsilon=1e-5)
        y = w.op("Reshape", y, w.op("Shape", x))
        return w.op("Add", w.op("Mul", y, w.weight(channels, 1, 1, middle=1)), w.weight(channels, 1, 1))

    x = w.conv("input", 3, 16, 3)
    down = w.conv(w.silu(group_norm(x, 16)), 16, 32, 3, 2)
    y = w.conv(w.silu(group_norm(down, 32)), 32, 32, 3)
    y = w.op("Add", down, y)
    up = w.op("ConvTranspose", y, w.weight(32, 16, 2, 2), w.weight(16), kernel_shape=[2, 2], strides=[2, 2])
    y = w.conv(w.silu(group_norm(w.op("Concat", up, x, axis=1), 32)), 32, 16, 3)
    padded = w.op("Pad", y, w.constant([0, 0, 1, 1, 0, 0, 1, 1]), w.number(0))
    out = w.op("Conv", padded, w.weight(3, 16, 3, 3), w.weight(3), kernel_shape=[3, 3])
    return w.save(path, {"input": ["batch", 3, "height", "width"]}, out)


@_network
def densenet(path: Path) -> Path:
    """Batch norm ahead of convolutions, and concatenations of concatenations (Huang et al., 2017)."""
    w = Layers()
    x, channels = w.op("Relu", w.conv_norm("input", 3, 16, 3, 2)), 16
    for _ in range(4):
        y = w.conv(w.op("Relu", w.batch_norm(x, channels)), channels, 32, 1, bias=False)
        y = w.conv(w.op("Relu", w.batch_norm(y, 32)), 32, 8, 3, bias=False)
        x, channels = w.op("Concat", x, y, axis=1), channels + 8
    x = w.conv(w.op("Relu", w.batch_norm(x, channels)), channels, 24, 1)
    x = w.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    return w.save(path, _IMAGE, w.classify(w.op("Relu", w.batch_norm(x, 24)), 24))


@_network
def metric_learning(path: Path) -> Path:
    """An embedding of length one with its similarities: lengths, small-op softmax and Mish."""
    w = Layers()
    x = w.conv_norm("input", 3, 16, 3, 2)
    x = w.op("Mul", x, w.op("Tanh", w.op("Softplus", x)))
    x = w.op("Flatten", w.op("GlobalAveragePool", x), axis=1)
    length = w.op("Clip", w.op("ReduceL2", x, axes=[1], keepdims=1), w.number(1e-12))
    x = w.op("Div", x, w.op("Expand", length, w.op("Shape", x)))
    raised = w.op("Exp", w.op("Sub", x, w.op("ReduceMax", x, axes=[1], keepdims=1)))
    shares = w.op("Div", raised, w.op("ReduceSum", raised, w.constant([1]), keepdims=1))
    return w.save(path, _IMAGE, w.op("MatMul", shares, w.weight(16, 5)))


@_network
def recurrent(path: Path) -> Path:
    """A convolutional recognizer with bidirectional LSTMs behind it."""
    w, hidden = Layers(), 16
    x = w.op("Relu", w.conv_norm("input", 1, 8, 3, 2))
    x = w.op("MaxPool", x, kernel_shape=[16, 1], strides=[16, 1])
    x = w.transpose(w.op("Squeeze", x, w.constant([2])), 2, 0, 1)
    for inner in (8, 2 * hidden):
        weights = [w.weight(2, 4 * hidden, inner), w.weight(2, 4 * hidden, hidden), w.weight(2, 8 * hidden)]
        y = w.op("LSTM", x, *weights, hidden_size=hidden, direction="bidirectional")
        y = w.transpose(y, 0, 2, 1, 3)
        x = w.op("Reshape", y, w.constant([0, 0, -1]))
    x = w.op("LogSoftmax", w.linear(x, 2 * hidden, 20), axis=2)
    return w.save(path, {"input": ["batch", 1, 32, 64]}, x)


@_network
def keras_mobilenet(path: Path) -> Path:
    """A channels-last network as tf2onnx leaves it: Transposes around convolutions, Pads apart, ReLU 6 by limits."""
    w = Layers()

    def conv(x: str, inner: int, outer: int, kernel: int, stride: int, groups: int = 1) -> str:
        x = w.transpose(x, 0, 3, 1, 2)
        if stride == 2:
            x = w.op("Pad", x, w.constant([0, 0, 0, 0, 0, 0, 1, 1]), w.number(0))
        weight = w.weight(outer, inner // groups, kernel, kernel, spread=0.2)
        x = w.op(
            "Conv",
            x,
            weight,
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            group=groups,
            **({} if stride == 2 else {"auto_pad": "SAME_UPPER"}),
        )
        x = w.transpose(x, 0, 2, 3, 1)
        x = w.op("Add", w.op("Mul", x, w.weight(outer, middle=1)), w.weight(outer))
        return w.op("Min", w.op("Max", x, w.number(0)), w.number(6))

    x = conv("input", 3, 16, 3, 2)
    for stride in (1, 2, 1):
        x = conv(conv(x, 16, 16, 3, stride, groups=16), 16, 16, 1, 1)
    x = w.op("ReduceMean", x, axes=[1, 2], keepdims=0)
    return w.save(path, {"input": ["batch", 64, 64, 3]}, w.op("Softmax", w.linear(x, 16, 10), axis=-1))


@_network
def conditional(path: Path) -> Path:
    """A constant mask, a Where, and casts there and back, as tracing leaves them."""
    w = Layers()
    mask = w.constant(np.tril(np.ones((1, 1, 16, 16), bool)), np.bool_)
    scores = w.op("Where", mask, w.op("MatMul", "input", w.weight(16, 16)), w.number(-1e9))
    shares = w.op("Softmax", scores, axis=-1)
    shares = w.op("Cast", w.op("Cast", shares, to=TensorProto.DOUBLE), to=TensorProto.FLOAT)
    repeated = w.op("Tile", w.op("Unsqueeze", shares, w.constant([1])), w.constant([1, 1, 1, 1, 1]))
    flat = w.op("Reshape", w.op("Squeeze", repeated, w.constant([1])), w.constant([0, 0, 0, 16]))
    nested = w.op("Concat", w.op("Concat", flat, flat, axis=1), flat, axis=1)
    return w.save(path, {"input": ["batch", 1, 16, 16]}, w.op("Identity", nested))
