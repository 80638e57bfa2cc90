"""Networks in the form of Darknet, written here: shaped like the well-known ones, with few channels and random weights."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

import mo_core

SOURCES = Path(__file__).resolve().parents[3] / "extensions" / "mo-darknet" / "src"
"""The package is not installed here: its folder is on the path, and its plug-in is given as a file."""
sys.path.insert(0, str(SOURCES))

ANCHORS = "10,13, 16,30, 33,23, 30,61, 62,45, 59,119, 116,90, 156,198, 373,326"


class Network:
    """The text of a network. Each method adds a layer and returns its number."""

    def __init__(self, width=64, height=None, channels=3):
        self.text = f"[net]\nbatch=1\nwidth={width}\nheight={height or width}\nchannels={channels}\nmomentum=0.9\n"
        self.last = -1

    def add(self, kind, **keys):
        self.text += f"\n[{kind}]\n" + "".join(f"{k.rstrip('_')} = {v}\n" for k, v in keys.items())
        self.last += 1
        return self.last

    def near(self, layers):
        """Layers as a .cfg names them: those that are near by their distance, the others by their number."""
        return ",".join(str(n - self.last - 1 if self.last - n < 6 else n) for n in layers)

    def conv(self, filters, size=3, stride=1, activation="leaky", **keys):
        given = {"batch_normalize": 1, "filters": filters, "size": size, "stride": stride, "pad": 1}
        return self.add("convolutional", **{**given, "activation": activation, **keys})

    def convs(self, *filters, size=(3, 1), **keys):
        """Convolutions whose kernels alternate."""
        return [self.conv(n, size[i % len(size)], **keys) for i, n in enumerate(filters)][-1]

    def linear(self, filters, **keys):
        return self.conv(filters, 1, activation="linear", batch_normalize=0, **keys)

    def maxpool(self, size=2, stride=2, **keys):
        return self.add("maxpool", size=size, stride=stride, **keys)

    def route(self, *layers, **keys):
        return self.add("route", layers=self.near(layers), **keys)

    def shortcut(self, *layers, activation="linear", **keys):
        return self.add("shortcut", from_=self.near(layers), activation=activation, **keys)

    def up(self, filters, *layers):
        self.conv(filters, 1)
        last = self.add("upsample", stride=2)
        return self.route(last, *layers)

    def yolo(self, *mask, classes=2, num=9, anchors=ANCHORS, activation="linear", **keys):
        self.conv((5 + classes) * len(mask), 1, activation=activation, batch_normalize=0)
        training = {"jitter": 0.3, "ignore_thresh": 0.5, "truth_thresh": 1, "random": 1}
        anchors = ",".join(anchors.split(",")[: 2 * num])
        given = {"mask": ",".join(map(str, mask)), "anchors": anchors, "classes": classes, "num": num, "thresh": 0}
        return self.add("yolo", **given, **training, **keys)

    def region(self, num=5, classes=2, softmax=1, **keys):
        self.linear((5 + classes) * num)
        given = {"anchors": "0.6,0.7, 1.9,2.1, 3.3,5.5, 7.9,3.5, 9.8,9.2", "classes": classes, "coords": 4, "num": num}
        return self.add("region", **given, softmax=softmax, bias_match=1, rescore=1, thresh=0, **keys)

    def residual(self, filters, times=1, inner=None, activation="leaky"):
        for _ in range(times):
            before = self.last
            self.convs(inner or filters // 2, filters, size=(1, 3), activation=activation)
            self.shortcut(before)
        return self.last

    def cross_stage(self, filters, times):
        """A partial block of YOLO v4: one half of the channels goes through the residual blocks."""
        half, mish = filters // 2, {"activation": "mish"}
        down = self.conv(filters, 3, 2, **mish)
        passed = self.conv(half, 1, **mish)
        self.route(down)
        self.conv(half, 1, **mish)
        self.residual(half, times, half, "mish")
        self.route(self.conv(half, 1, **mish), passed)
        return self.conv(filters, 1, **mish)

    def pyramid_pooling(self):
        before, pools = self.last, []
        for size in (5, 9, 13):
            pools.append(self.maxpool(size, 1))
            if size < 13:
                self.route(before)
        return self.route(*pools[::-1], before)

    def classify(self, outputs=6):
        self.linear(outputs)
        self.add("avgpool")
        return self.add("softmax", groups=1)


def darknet19_body(net):
    stages = [(2,), (4,), (8, 4, 8), (16, 8, 16), (32, 16, 32, 16, 32), (64, 32, 64, 32, 64)]
    for stage in stages[:-1]:
        last = net.convs(*stage)
        net.maxpool()
    net.convs(*stages[-1])
    return last


def darknet53_body(net):
    net.conv(2)
    ends = []
    for filters, times in ((4, 1), (8, 2), (16, 8), (32, 8), (64, 4)):
        net.conv(filters, 3, 2)
        ends.append(net.residual(filters, times))
    return ends


def darknet19():
    net = Network()
    darknet19_body(net)
    net.classify()
    return net


def darknet53():
    net = Network()
    darknet53_body(net)
    net.add("avgpool")
    net.linear(6)
    net.add("softmax", groups=1)
    return net


def alexnet():
    net = Network(67)
    net.conv(8, 11, 4, "relu", pad=0, batch_normalize=0)
    net.maxpool(3, 2, padding=0)
    net.conv(16, 5, 1, "relu", batch_normalize=0)
    net.maxpool(3, 2, padding=0)
    net.convs(16, 16, 8, size=(3,), activation="relu", batch_normalize=0)
    net.add("connected", output=20, activation="relu")
    net.add("dropout", probability=0.5)
    net.add("connected", output=6, activation="linear")
    net.add("softmax", groups=1)
    net.add("cost", type="sse")
    return net


def vgg():
    net = Network(32)
    for filters, times in ((2, 2), (4, 2), (8, 3), (16, 3)):
        net.convs(*[filters] * times, size=(3,), activation="relu", batch_normalize=0)
        net.maxpool()
    for outputs, activation in ((16, "relu"), (16, "relu"), (6, "linear")):
        net.add("connected", output=outputs, activation=activation)
        net.add("dropout", probability=0.5)
    net.add("softmax", groups=1)
    return net


def resnet():
    """A ResNet with bottlenecks, whose shortcuts add to more channels than they have."""
    net = Network()
    net.conv(4, 7, 2)
    net.maxpool()
    for stage, filters in enumerate((4, 8, 16)):
        for block in range(3):
            before = net.last
            net.conv(filters, 1)
            net.conv(filters, 3, 2 if stage and not block else 1)
            net.conv(4 * filters, 1, activation="linear")
            if block:
                net.shortcut(before, activation="leaky")
    net.add("avgpool")
    net.linear(6)
    net.add("softmax", groups=1)
    return net


def densenet():
    net = Network()
    net.conv(8, 7, 2)
    last = net.maxpool()
    for _ in range(3):
        for _ in range(3):
            net.conv(8, 1)
            last = net.route(net.conv(4), last)
        net.conv(8, 1)
        last = net.maxpool()
    net.classify()
    return net


def yolo_v2():
    net = Network()
    passed = darknet19_body(net)
    last = net.convs(64, 64, size=(3,))
    net.route(passed)
    net.conv(4, 1)
    net.route(net.add("reorg", stride=2), last)
    net.conv(64)
    net.region()
    return net


def yolo_v2_tiny():
    net = Network()
    for filters in (2, 4, 8, 16, 32):
        net.conv(filters)
        net.maxpool()
    net.conv(64)
    net.maxpool(2, 1)
    net.convs(64, 32, size=(3,))
    net.region()
    return net


def yolo_v3(pyramid=False):
    net = Network()
    _, _, fine, middle, _ = darknet53_body(net)
    for filters, passed, mask in ((32, middle, (6, 7, 8)), (16, fine, (3, 4, 5)), (8, None, (0, 1, 2))):
        net.convs(filters, 2 * filters, filters, size=(1, 3))
        if pyramid and mask[0] == 6:
            net.pyramid_pooling()
        top = net.convs(filters, 2 * filters, filters, size=(1, 3))
        net.conv(2 * filters)
        net.yolo(*mask)
        if passed is not None:
            net.route(top)
            net.up(filters // 2, passed)
    return net


def yolo_v3_spp():
    return yolo_v3(pyramid=True)


def yolo_v3_tiny():
    net = Network()
    for filters in (2, 4, 8, 16, 32):
        passed = net.conv(filters)
        net.maxpool()
    net.conv(64)
    net.maxpool(2, 1)
    net.conv(64)
    top = net.conv(16, 1)
    net.conv(32)
    net.yolo(3, 4, 5, num=6)
    net.route(top)
    net.up(8, passed)
    net.conv(16)
    net.yolo(0, 1, 2, num=6)
    return net


def yolo_v4():
    """The body of cross-stage blocks, pyramid pooling, and paths up and down again."""
    net = Network()
    net.conv(2, activation="mish")
    ends = [net.cross_stage(filters, times) for filters, times in ((4, 1), (8, 2), (16, 8), (32, 8), (64, 4))]
    net.convs(32, 64, 32, size=(1, 3))
    net.pyramid_pooling()
    tops = [net.convs(32, 64, 32, size=(1, 3))]
    for filters, passed in ((16, ends[3]), (8, ends[2])):
        net.conv(filters, 1)
        above = net.add("upsample", stride=2)
        net.route(passed)
        net.route(net.conv(filters, 1), above)
        tops.append(net.convs(filters, 2 * filters, filters, 2 * filters, filters, size=(1, 3)))
    net.conv(16)
    net.yolo(0, 1, 2, scale_x_y=1.2)
    below = tops.pop()
    for filters, mask, scale in ((16, (3, 4, 5), 1.1), (32, (6, 7, 8), 1.05)):
        net.route(below)
        net.route(net.conv(filters, 3, 2), tops.pop())
        below = net.convs(filters, 2 * filters, filters, 2 * filters, filters, size=(1, 3))
        net.conv(2 * filters)
        net.yolo(*mask, scale_x_y=scale, iou_loss="ciou", nms_kind="greedynms", beta_nms=0.6)
    return net


def yolo_v4_tiny():
    net = Network()
    net.convs(4, 8, size=(3,), stride=2)
    for filters in (8, 16, 32):
        whole = net.conv(filters)
        net.route(whole, groups=2, group_id=1)
        first = net.conv(filters // 2)
        net.route(net.conv(filters // 2), first)
        passed = net.conv(filters, 1)
        net.route(whole, passed)
        net.maxpool()
    net.conv(64)
    top = net.conv(32, 1)
    net.conv(64)
    net.yolo(3, 4, 5, num=6, scale_x_y=1.05)
    net.route(top)
    net.up(16, passed)
    net.conv(32)
    net.yolo(0, 1, 2, num=6, scale_x_y=1.05)
    return net


def yolo_v4_scaled():
    """Heads whose convolution activates: `new_coords`."""
    net = Network()
    net.conv(4, activation="swish")
    net.cross_stage(8, 1)
    net.cross_stage(16, 2)
    net.yolo(0, 1, 2, activation="logistic", scale_x_y=2.0, new_coords=1)
    return net


COMPLETE = [
    *(darknet19, darknet53, alexnet, vgg, resnet, densenet, yolo_v2, yolo_v2_tiny, yolo_v3, yolo_v3_spp, yolo_v3_tiny),
    *(yolo_v4, yolo_v4_tiny, yolo_v4_scaled),
]


# -- weights


def write(folder, net, name="net", **options):
    """The files of a network with random weights; returns the path of the .cfg and the arrays in order."""
    cfg = folder / f"{name}.cfg"
    cfg.write_text(net.text)
    return cfg, write_weights(cfg, folder / f"{name}.weights", **options)


def convert(path, **options):
    """`mo_core.convert` with the plug-in as a single file."""
    return mo_core.convert(path, extension=SOURCES / "mo_darknet" / "plugin.py", **options)


def write_weights(cfg, path, seed=0, version=(0, 2, 5)):
    """Random weights, with the header of a version of Darknet: the images seen are int64 since 0.2."""
    from mo_darknet.cfg import read_sections
    from mo_darknet.sizes import of_input, rule

    random = np.random.default_rng(seed)
    net, *layers = read_sections(cfg)
    known, arrays = [], []
    for s in layers:
        key = {"route": "layers", "shortcut": "from", "scale_channels": "from", "sam": "from"}.get(s.kind)
        named = [known[i] for i in s.layers(key)] if key else []
        found = rule(s)(s, known[-1] if known else of_input(net), named)
        known.append(found.size)
        arrays += [drawn(random, name, shape) for name, shape in found.weights]
    seen = "<q" if version[0] * 10 + version[1] >= 2 and max(version[:2]) < 1000 else "<i"
    header = struct.pack("<iii", *version) + struct.pack(seen, 32013)
    path.write_bytes(header + b"".join(a.astype("<f4").tobytes() for a in arrays))
    return arrays


def drawn(random, name, shape):
    """Values that keep what passes through many layers in bounds."""
    if name in ("scales", "variance"):
        return random.uniform(*((0.2, 0.8) if name == "scales" else (0.5, 1.5)), shape).astype(np.float32)
    if name in ("biases", "mean"):
        return (0.3 * random.normal(size=shape)).astype(np.float32)
    inputs = np.prod(shape[-3:]) if len(shape) > 3 else shape[-1]
    return (random.normal(size=shape) * (1.4 / inputs**0.5)).astype(np.float32)
