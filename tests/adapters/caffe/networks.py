"""Well-known networks, written layer by layer with random weights.

Depths, kernels and names are those of the published networks. `width` is the number of channels that all others are
multiples of (64 in most papers); tests take less, and small images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.adapters.caffe.harness import Array, layer

Shape = tuple[int, ...]


class Net:
    """A network under construction: text, blobs, and the shape of every top. Methods return the name of their top."""

    def __init__(self, channels: int, height: int, width: int | None = None, batch: int = 1, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self.blobs: dict[str, list[Array]] = {}
        self.shapes: dict[str, Shape] = {}
        self.text = ""
        self.input("data", (batch, channels, height, width or height))

    def input(self, name: str, shape: Shape) -> str:
        dims = " ".join(f"dim: {d}" for d in shape)
        return self.add("Input", "", name, shape, f"input_param {{ shape {{ {dims} }} }}")

    def add(self, kind: str, bottoms: str, top: str, shape: Shape, rest: str = "", name: str = "") -> str:
        self.text += layer(kind, bottoms, top, rest, name)
        self.shapes[top.split()[0]] = shape
        return top.split()[0]

    def normal(self, *shape: int, scale: float = 1.0) -> Array:
        return (self._rng.normal(size=shape) * scale).astype(np.float32)

    def uniform(self, low: float, high: float, *shape: int) -> Array:
        return self._rng.uniform(low, high, size=shape).astype(np.float32)

    # -- layers

    def conv(
        self,
        x: str,
        out: int,
        kernel: int | tuple[int, int],
        name: str,
        *,
        stride: int = 1,
        pad: int | tuple[int, int] = 0,
        group: int = 1,
        dilation: int = 1,
        bias: bool = True,
        gain: float = 1.0,
    ) -> str:
        n, c, *image = self.shapes[x]
        (kh, kw), (ph, pw) = ((v, v) if isinstance(v, int) else v for v in (kernel, pad))
        fan_in = c // group * kh * kw
        self.blobs[name] = [self.normal(out, c // group, kh, kw, scale=gain * math.sqrt(2 / fan_in))]
        if bias:
            self.blobs[name].append(self.normal(out, scale=0.1))
        size = [(i + 2 * p - dilation * (k - 1) - 1) // stride + 1 for i, p, k in zip(image, (ph, pw), (kh, kw))]
        fields = (
            f"num_output: {out} kernel_h: {kh} kernel_w: {kw} stride: {stride} pad_h: {ph} pad_w: {pw} group: {group} "
            f"dilation: {dilation} bias_term: {str(bias).lower()}"
        )
        return self.add("Convolution", x, name, (n, out, *size), f"convolution_param {{ {fields} }}")

    def deconv(self, x: str, out: int, kernel: int, stride: int, name: str, pad: int = 0, group: int = 1) -> str:
        n, c, *image = self.shapes[x]
        self.blobs[name] = [self.normal(c, out // group, kernel, kernel, scale=1 / math.sqrt(c // group * kernel))]
        size = [(i - 1) * stride + kernel - 2 * pad for i in image]
        fields = f"num_output: {out} kernel_size: {kernel} stride: {stride} pad: {pad} group: {group} bias_term: false"
        return self.add("Deconvolution", x, name, (n, out, *size), f"convolution_param {{ {fields} }}")

    def relu(self, x: str, name: str = "") -> str:
        """In place."""
        return self.add("ReLU", x, x, self.shapes[x], name=name or f"{x}_relu")

    def batch_norm(self, x: str, bn: str, scale: str, gain: float = 1.0) -> str:
        """BatchNorm and Scale, in place."""
        channels = self.shapes[x][1]
        total = 50.0
        self.blobs[bn] = [
            self.normal(channels, scale=0.1 * total),
            self.uniform(0.5 * total, 1.5 * total, channels),
            np.array([total], np.float32),
        ]
        self.blobs[scale] = [self.uniform(0.5 * gain, 1.5 * gain, channels), self.normal(channels, scale=0.1)]
        self.add("BatchNorm", x, x, self.shapes[x], "batch_norm_param { use_global_stats: true }", bn)
        return self.add("Scale", x, x, self.shapes[x], "scale_param { bias_term: true }", scale)

    def pool(self, x: str, kernel: int, name: str, *, stride: int = 1, pad: int = 0, mean: bool = False) -> str:
        n, c, *image = self.shapes[x]
        size = []
        for i in image:
            count = math.ceil((i + 2 * pad - kernel) / stride) + 1
            size.append(count - (pad > 0 and (count - 1) * stride >= i + pad))
        method = "AVE" if mean else "MAX"
        fields = f"pool: {method} kernel_size: {kernel} stride: {stride} pad: {pad}"
        return self.add("Pooling", x, name, (n, c, *size), f"pooling_param {{ {fields} }}")

    def global_mean(self, x: str, name: str) -> str:
        shape = (*self.shapes[x][:2], 1, 1)
        return self.add("Pooling", x, name, shape, "pooling_param { pool: AVE global_pooling: true }")

    def lrn(self, x: str, name: str) -> str:
        return self.add("LRN", x, name, self.shapes[x], "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")

    def dropout(self, x: str) -> str:
        return self.add("Dropout", x, x, self.shapes[x], "dropout_param { dropout_ratio: 0.5 }", f"{x}_drop")

    def fc(self, x: str, out: int, name: str, gain: float = 1.0) -> str:
        size = math.prod(self.shapes[x][1:])
        self.blobs[name] = [self.normal(out, size, scale=gain / math.sqrt(size)), self.normal(out, scale=0.1)]
        shape = (self.shapes[x][0], out)
        return self.add("InnerProduct", x, name, shape, f"inner_product_param {{ num_output: {out} }}")

    def softmax(self, x: str, name: str = "prob", axis: int = 1) -> str:
        return self.add("Softmax", x, name, self.shapes[x], f"softmax_param {{ axis: {axis} }}")

    def concat(self, xs: Sequence[str], name: str, axis: int = 1) -> str:
        shape = list(self.shapes[xs[0]])
        shape[axis] = sum(self.shapes[x][axis] for x in xs)
        return self.add("Concat", " ".join(xs), name, tuple(shape), f"concat_param {{ axis: {axis} }}")

    def plus(self, a: str, b: str, name: str) -> str:
        return self.add("Eltwise", f"{a} {b}", name, self.shapes[a], "eltwise_param { operation: SUM }")

    def crop(self, x: str, like: str, offset: int, name: str) -> str:
        shape = (*self.shapes[x][:2], *self.shapes[like][2:])
        return self.add("Crop", f"{x} {like}", name, shape, f"crop_param {{ axis: 2 offset: {offset} }}")


def unit(
    net: Net,
    x: str,
    out: int,
    kernel: int | tuple[int, int],
    name: str,
    *,
    stride: int = 1,
    pad: Any = 0,
    relu: bool = True,
    group: int = 1,
    gain: float = 1.0,
) -> str:
    """Convolution without bias, batch norm with scale, ReLU."""
    y = net.conv(x, out, kernel, name, stride=stride, pad=pad, bias=False, group=group)
    net.batch_norm(y, f"{name}_bn", f"{name}_scale", gain)
    return net.relu(y) if relu else y


# -- residual networks

RESNETS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 269: (3, 30, 48, 8)}


def resnet(
    depth: int = 50,
    width: int = 64,
    size: int = 224,
    classes: int = 1000,
    groups: int = 1,
    squeeze: bool = False,
    tail: bool = True,
    seed: int = 0,
) -> Net:
    """ResNet with the names of its authors' files; `groups` gives ResNeXt, `squeeze` SENet's Scale by a second bottom."""
    net = Net(3, size, seed=seed)
    x = net.conv("data", width, 7, "conv1", stride=2, pad=3, bias=False)
    net.relu(net.batch_norm(x, "bn_conv1", "scale_conv1"), "conv1_relu")
    x = net.pool(x, 3, "pool1", stride=2)
    for stage, blocks in enumerate(RESNETS[depth]):
        for block in range(blocks):
            suffix = chr(ord("a") + block) if blocks < 9 else "a" if block == 0 else f"b{block}"
            x = _bottleneck(
                net,
                x,
                width << stage,
                f"{stage + 2}{suffix}",
                2 if stage and block == 0 else 1,
                block == 0,
                groups,
                squeeze,
            )
    if tail:
        x = net.global_mean(x, "pool5")
        net.softmax(net.fc(x, classes, "fc1000", gain=0.3))
    return net


def _bottleneck(net: Net, x: str, width: int, name: str, stride: int, project: bool, groups: int, squeeze: bool) -> str:
    short = x
    inner = width if groups == 1 else 2 * width
    if project:
        short = net.conv(x, 4 * width, 1, f"res{name}_branch1", stride=stride, bias=False)
        net.batch_norm(short, f"bn{name}_branch1", f"scale{name}_branch1")
    y = x
    steps = [
        (inner, 1, stride if groups == 1 else 1, 0, 1),
        (inner, 3, 1 if groups == 1 else stride, 1, groups),
        (4 * width, 1, 1, 0, 1),
    ]
    for letter, (out, kernel, step, pad, group) in zip("abc", steps):
        part = f"{name}_branch2{letter}"
        y = net.conv(y, out, kernel, f"res{part}", stride=step, pad=pad, group=group, bias=False)
        net.batch_norm(y, f"bn{part}", f"scale{part}", 0.3 if letter == "c" else 1.0)
        if letter != "c":
            net.relu(y, f"res{part}_relu")
    if squeeze:
        y = _squeezed(net, y, name)
    return net.relu(net.plus(short, y, f"res{name}"), f"res{name}_relu")


def _squeezed(net: Net, y: str, name: str) -> str:
    """Each channel weighed by what a small network makes of the means of all."""
    channels = net.shapes[y][1]
    s = net.conv(net.global_mean(y, f"{name}_pool"), max(channels // 16, 1), 1, f"{name}_down")
    s = net.conv(net.relu(s), channels, 1, f"{name}_up")
    s = net.add("Sigmoid", s, f"{name}_prob", net.shapes[s])
    s = net.add("Flatten", s, f"{name}_flat", net.shapes[s][:2])
    return net.add("Scale", f"{y} {s}", f"{name}_scaled", net.shapes[y], "scale_param { axis: 0 }")


def densenet(width: int = 32, size: int = 224, classes: int = 1000, blocks: Sequence[int] = (6, 12, 24, 16)) -> Net:
    """DenseNet-121: `width` is the growth rate."""
    net = Net(3, size)
    x = unit(net, "data", 2 * width, 7, "conv1", stride=2, pad=3)
    x = net.pool(x, 3, "pool1", stride=2, pad=1)
    for b, count in enumerate(blocks):
        for i in range(count):
            x = net.concat([x, _dense(net, x, width, f"conv{b + 2}_{i + 1}")], f"concat_{b + 2}_{i + 1}")
        x = _preactivated(net, x, f"conv{b + 2}_blk")
        if b + 1 < len(blocks):
            x = net.conv(x, net.shapes[x][1] // 2, 1, f"conv{b + 2}_trans", bias=False)
            x = net.pool(x, 2, f"pool{b + 2}", stride=2, mean=True)
    net.softmax(net.conv(net.global_mean(x, "pool5"), classes, 1, "fc6", gain=0.3))
    return net


def _preactivated(net: Net, x: str, name: str) -> str:
    """Batch norm, scale and ReLU as a value of its own."""
    channels = net.shapes[x][1]
    net.blobs[f"{name}_bn"] = [net.normal(channels, scale=0.1), net.uniform(0.5, 1.5, channels), np.ones(1, np.float32)]
    net.blobs[f"{name}_scale"] = [net.uniform(0.5, 1.5, channels), net.normal(channels, scale=0.1)]
    y = net.add("BatchNorm", x, f"{name}_bn", net.shapes[x], "batch_norm_param { eps: 1e-5 }")
    net.add("Scale", y, y, net.shapes[y], "scale_param { bias_term: true }", f"{name}_scale")
    return net.relu(y)


def _dense(net: Net, x: str, width: int, name: str) -> str:
    y = net.conv(_preactivated(net, x, f"{name}_x1"), 4 * width, 1, f"{name}_x1_conv", bias=False)
    return net.conv(_preactivated(net, y, f"{name}_x2"), width, 3, f"{name}_x2_conv", pad=1, bias=False)


# -- VGG, and what stands on it

VGG = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))


def _vgg(net: Net, width: int, blocks: int = 5, last_pool: tuple[int, int, int] = (2, 2, 0), pad: int = 1) -> str:
    """The convolutions of VGG-16; each block ends with a pooling."""
    x = "data"
    for b, (factor, count) in enumerate(VGG[:blocks]):
        for i in range(count):
            x = net.relu(net.conv(x, factor * width, 3, f"conv{b + 1}_{i + 1}", pad=pad if b + i == 0 else 1))
        kernel, stride, border = last_pool if b == 4 else (2, 2, 0)
        x = net.pool(x, kernel, f"pool{b + 1}", stride=stride, pad=border)
    return x


def vgg16(width: int = 64, size: int = 224, classes: int = 1000) -> Net:
    net = Net(3, size)
    x = _vgg(net, width)
    for name in ("fc6", "fc7"):
        x = net.dropout(net.relu(net.fc(x, 64 * width, name, gain=1.4)))
    net.softmax(net.fc(x, classes, "fc8"))
    return net


def fcn8s(width: int = 64, size: int = 160, classes: int = 21) -> Net:
    """A padding of 100 in the first convolution, and crops that take it away at three scales."""
    net = Net(3, size)
    x = _vgg(net, width, pad=100)
    for name, kernel in (("fc6", 7), ("fc7", 1)):
        x = net.dropout(net.relu(net.conv(x, 64 * width, kernel, name)))
    x = net.deconv(net.conv(x, classes, 1, "score_fr"), classes, 4, 2, "upscore2")
    for pool, offset, kernel, stride, name in (("pool4", 5, 4, 2, "upscore_pool4"), ("pool3", 9, 16, 8, "upscore8")):
        scored = net.conv(pool, classes, 1, f"score_{pool}")
        x = net.plus(x, net.crop(scored, x, offset, f"score_{pool}c"), f"fuse_{pool}")
        x = net.deconv(x, classes, kernel, stride, name)
    net.crop(x, "data", 31, "score")
    return net


SSD_300 = (
    ("conv4_3", 30, 60, (2,), 8),
    ("fc7", 60, 111, (2, 3), 16),
    ("conv6_2", 111, 162, (2, 3), 32),
    ("conv7_2", 162, 213, (2, 3), 64),
    ("conv8_2", 213, 264, (2,), 100),
    ("conv9_2", 264, 315, (2,), 300),
)
SSD_512 = (
    ("conv4_3", 35.84, 76.8, (2,), 8),
    ("fc7", 76.8, 153.6, (2, 3), 16),
    ("conv6_2", 153.6, 230.4, (2, 3), 32),
    ("conv7_2", 230.4, 307.2, (2, 3), 64),
    ("conv8_2", 307.2, 384.0, (2, 3), 128),
    ("conv9_2", 384.0, 460.8, (2,), 256),
    ("conv10_2", 460.8, 537.6, (2,), 512),
)


def ssd(size: int = 300, width: int = 64, classes: int = 21) -> Net:
    """SSD on VGG-16, with its priors, permutations and detection."""
    net = Net(3, size)
    x = _vgg(net, width, last_pool=(3, 1, 1))
    x = net.relu(net.conv(x, 16 * width, 3, "fc6", pad=6, dilation=6))
    x = net.relu(net.conv(x, 16 * width, 1, "fc7"))
    last = 4 if size == 300 else 5
    for i in range(last):
        x = net.relu(net.conv(x, (4 if i == 0 else 2) * width, 1, f"conv{6 + i}_1"))
        shrinking = i < 2 or size == 512
        kernel = 4 if size == 512 and i == 4 else 3
        x = net.relu(
            net.conv(
                x,
                (8 if i == 0 else 4) * width,
                kernel,
                f"conv{6 + i}_2",
                stride=2 if shrinking and kernel == 3 else 1,
                pad=1 if shrinking else 0,
            )
        )
    heads: dict[str, list[str]] = {"loc": [], "conf": [], "priorbox": []}
    for source, low, high, ratios, step in SSD_300 if size == 300 else SSD_512:
        _ssd_head(net, source, low, high, ratios, step, classes, heads)
    loc, conf = (net.concat(heads[kind], f"mbox_{kind}") for kind in ("loc", "conf"))
    prior = net.concat(heads["priorbox"], "mbox_priorbox", axis=2)
    count = net.shapes[loc][1] // 4
    shape = (1, count, classes)
    conf = net.add(
        "Reshape", conf, "mbox_conf_reshape", shape, f"reshape_param {{ shape {{ dim: 0 dim: -1 dim: {classes} }} }}"
    )
    conf = net.add("Flatten", net.softmax(conf, "mbox_conf_softmax", 2), "mbox_conf_flatten", (1, count * classes))
    fields = (
        f"num_classes: {classes} share_location: true background_label_id: 0 code_type: CENTER_SIZE keep_top_k: 50 "
        "confidence_threshold: 0.06 nms_param { nms_threshold: 0.45 top_k: 100 }"
    )
    net.add(
        "DetectionOutput",
        f"{loc} {conf} {prior}",
        "detection_out",
        (1, 1, 50, 7),
        f"detection_output_param {{ {fields} }}",
    )
    return net


def _ssd_head(
    net: Net,
    source: str,
    low: float,
    high: float,
    ratios: Sequence[int],
    step: int,
    classes: int,
    heads: dict[str, list[str]],
) -> None:
    if source == "conv4_3":
        net.blobs["conv4_3_norm"] = [np.full(net.shapes[source][1], 20, np.float32)]
        source = net.add(
            "Normalize",
            source,
            "conv4_3_norm",
            net.shapes[source],
            "norm_param { across_spatial: false channel_shared: false }",
        )
    anchors = 2 + 2 * len(ratios)
    for kind, each in (("loc", 4), ("conf", classes)):
        y = net.conv(source, anchors * each, 3, f"{source}_mbox_{kind}", pad=1, gain=0.05)
        n, c, h, w = net.shapes[y]
        y = net.add("Permute", y, f"{y}_perm", (n, h, w, c), "permute_param { order: 0 order: 2 order: 3 order: 1 }")
        heads[kind].append(net.add("Flatten", y, f"{y}_flat", (n, h * w * c), "flatten_param { axis: 1 }"))
    shapes = " ".join(f"aspect_ratio: {r}" for r in ratios)
    fields = f"min_size: {low} max_size: {high} {shapes} flip: true clip: false step: {step} offset: 0.5"
    variance = "variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2"
    size = math.prod(net.shapes[source][2:]) * anchors * 4
    heads["priorbox"].append(
        net.add(
            "PriorBox",
            f"{source} data",
            f"{source}_priorbox",
            (1, 2, size),
            f"prior_box_param {{ {fields} {variance} }}",
        )
    )


def rfcn(width: int = 64, size: int = 224, classes: int = 21, depth: int = 101, rois: int = 30) -> Net:
    """R-FCN on ResNet: proposals by the Python layer, position-sensitive pooling, a vote by means."""
    net = resnet(depth, width, size, tail=False)
    net.input("im_info", (1, 3))
    features = next(reversed([n for n in net.shapes if n.startswith("res4") and "branch" not in n]))
    top = next(reversed([n for n in net.shapes if n.startswith("res5") and "branch" not in n]))
    rpn = net.relu(net.conv(features, 8 * width, 3, "rpn_conv/3x3", pad=1))
    score = net.conv(rpn, 18, 1, "rpn_cls_score", gain=0.3)
    _, _, h, w = net.shapes[score]
    delta = net.conv(rpn, 36, 1, "rpn_bbox_pred", gain=0.05)
    dims = "shape { dim: 0 dim: 2 dim: -1 dim: 0 }"
    y = net.add("Reshape", score, "rpn_cls_score_reshape", (1, 2, 9 * h, w), f"reshape_param {{ {dims} }}")
    y = net.softmax(y, "rpn_cls_prob")
    dims = "shape { dim: 0 dim: 18 dim: -1 dim: 0 }"
    y = net.add("Reshape", y, "rpn_cls_prob_reshape", (1, 18, h, w), f"reshape_param {{ {dims} }}")
    rest = (
        'python_param { module: "rpn.proposal_layer" layer: "ProposalLayer" '
        f"param_str: \"'feat_stride': 16, 'post_nms_topn': {rois}\" }}"
    )
    regions = net.add("Python", f"{y} {delta} im_info", "rois", (rois, 5), rest)
    x = net.relu(net.conv(top, 16 * width, 1, "conv_new_1"))
    for kind, each in (("cls", classes), ("bbox", 8)):
        maps = net.conv(x, 49 * each, 1, f"rfcn_{kind}", gain=0.5)
        fields = f"spatial_scale: 0.03125 output_dim: {each} group_size: 7"
        pooled = net.add(
            "PSROIPooling",
            f"{maps} {regions}",
            f"psroipooled_{kind}_rois",
            (rois, each, 7, 7),
            f"psroi_pooling_param {{ {fields} }}",
        )
        vote = net.pool(pooled, 7, f"ave_{kind}_score_rois", stride=7, mean=True)
        if kind == "cls":
            vote = net.softmax(vote, "cls_prob_pre")
        net.add(
            "Reshape",
            vote,
            "cls_prob" if kind == "cls" else "bbox_pred",
            (rois, each),
            f"reshape_param {{ shape {{ dim: -1 dim: {each} }} }}",
        )
    return net
