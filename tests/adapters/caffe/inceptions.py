"""The Inception family, layer by layer with random weights. `width` scales all numbers of channels (64 is as published)."""

from __future__ import annotations

from collections.abc import Sequence

from tests.adapters.caffe.networks import Net, unit

Branch = Sequence[tuple[int, "int | tuple[int, int]", "int | tuple[int, int]"]]
"""Convolutions one after the other: channels, kernel, padding."""


class Scaled:
    """A network whose convolutions have their numbers of channels scaled."""

    def __init__(self, size: int, width: int, plain: bool = False) -> None:
        self.net, self._width, self._plain = Net(3, size), width, plain

    def channels(self, published: int) -> int:
        return max(published * self._width // 64, 1)

    def conv(
        self,
        x: str,
        out: int,
        kernel: int | tuple[int, int],
        name: str,
        stride: int = 1,
        pad: int | tuple[int, int] = 0,
    ) -> str:
        """With batch norm and ReLU, or with a bias and ReLU when plain."""
        if self._plain:
            return self.net.relu(self.net.conv(x, self.channels(out), kernel, name, stride=stride, pad=pad))
        return unit(self.net, x, self.channels(out), kernel, name, stride=stride, pad=pad)

    def branch(self, x: str, steps: Branch, name: str, stride: int = 1) -> str:
        """The last convolution has the stride."""
        for i, (out, kernel, pad) in enumerate(steps):
            x = self.conv(x, out, kernel, f"{name}_{i}", stride if i == len(steps) - 1 else 1, pad)
        return x

    def block(
        self, x: str, name: str, branches: Sequence[Branch], pool: int = 0, pool_mean: bool = True, stride: int = 1
    ) -> str:
        """Branches side by side; a further one pools, and has a convolution of `pool` channels behind that if not 0."""
        parts = [self.branch(x, steps, f"{name}_b{i}", stride) for i, steps in enumerate(branches)]
        if stride == 2:
            parts.append(self.net.pool(x, 3, f"{name}_pool", stride=2))
        else:
            y = self.net.pool(x, 3, f"{name}_pool", stride=1, pad=1, mean=pool_mean)
            parts.append(self.conv(y, pool, 1, f"{name}_proj"))
        return self.net.concat(parts, f"{name}_concat")

    def finish(self, x: str, classes: int = 1000) -> Net:
        x = self.net.dropout(self.net.global_mean(x, "pool_last"))
        self.net.softmax(self.net.fc(x, classes, "classifier", gain=0.5))
        return self.net


GOOGLENET = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def inception_v1(width: int = 64, size: int = 224) -> Net:
    """GoogLeNet: LRN, no batch norm."""
    b = Scaled(size, width, plain=True)
    net = b.net
    x = net.lrn(net.pool(b.conv("data", 64, 7, "conv1", 2, 3), 3, "pool1", stride=2), "norm1")
    x = b.conv(b.conv(x, 64, 1, "conv2_reduce"), 192, 3, "conv2", pad=1)
    x = net.pool(net.lrn(x, "norm2"), 3, "pool2", stride=2)
    for name, (one, three_reduce, three, five_reduce, five, pool) in GOOGLENET.items():
        if name in ("4a", "5a"):
            x = net.pool(x, 3, f"pool{name}", stride=2)
        branches = [[(one, 1, 0)], [(three_reduce, 1, 0), (three, 3, 1)], [(five_reduce, 1, 0), (five, 5, 2)]]
        x = b.block(x, f"inception_{name}", branches, pool, pool_mean=False)
    return b.finish(x)


BN_INCEPTION = {
    "3a": (64, 64, 64, 64, 96, 32),
    "3b": (64, 64, 96, 64, 96, 64),
    "3c": (0, 128, 160, 64, 96, 0),
    "4a": (224, 64, 96, 96, 128, 128),
    "4b": (192, 96, 128, 96, 128, 128),
    "4c": (160, 128, 160, 128, 160, 128),
    "4d": (96, 128, 192, 160, 192, 128),
    "4e": (0, 128, 192, 192, 256, 0),
    "5a": (352, 192, 320, 160, 224, 128),
    "5b": (352, 192, 320, 192, 224, 128),
}


def inception_v2(width: int = 64, size: int = 224) -> Net:
    """BN-Inception: two 3 x 3 convolutions in the place of 5 x 5."""
    b = Scaled(size, width)
    net = b.net
    x = net.pool(b.conv("data", 64, 7, "conv1", 2, 3), 3, "pool1", stride=2)
    x = b.conv(b.conv(x, 64, 1, "conv2_reduce"), 192, 3, "conv2", pad=1)
    x = net.pool(x, 3, "pool2", stride=2)
    for name, (one, three_reduce, three, double_reduce, double, pool) in BN_INCEPTION.items():
        branches: list[Branch] = [
            [(three_reduce, 1, 0), (three, 3, 1)],
            [(double_reduce, 1, 0), (double, 3, 1), (double, 3, 1)],
        ]
        if one:
            x = b.block(x, f"inception_{name}", [[(one, 1, 0)], *branches], pool, pool_mean=name != "5b")
        else:
            x = b.block(x, f"inception_{name}", branches, stride=2)
    return b.finish(x)


def _stem(b: Scaled) -> str:
    x = b.conv("data", 32, 3, "conv1", 2)
    return b.conv(b.conv(x, 32, 3, "conv2"), 64, 3, "conv3", pad=1)


def inception_v3(width: int = 64, size: int = 299) -> Net:
    """Convolutions of 1 x 7 and 7 x 1, and branches that part at their end."""
    b = Scaled(size, width)
    net = b.net
    x = net.pool(_stem(b), 3, "pool1", stride=2)
    x = b.conv(b.conv(x, 80, 1, "conv4"), 192, 3, "conv5")
    x = net.pool(x, 3, "pool2", stride=2)
    for i, pool in enumerate((32, 64, 64)):
        branches = [[(64, 1, 0)], [(48, 1, 0), (64, 5, 2)], [(64, 1, 0), (96, 3, 1), (96, 3, 1)]]
        x = b.block(x, f"a{i}", branches, pool)
    x = b.block(x, "reduction_a", [[(384, 3, 0)], [(64, 1, 0), (96, 3, 1), (96, 3, 0)]], stride=2)
    for i, c in enumerate((128, 160, 160, 192)):
        long = [(c, 1, 0), (c, (7, 1), (3, 0)), (c, (1, 7), (0, 3)), (c, (7, 1), (3, 0)), (192, (1, 7), (0, 3))]
        x = b.block(x, f"b{i}", [[(192, 1, 0)], [(c, 1, 0), (c, (1, 7), (0, 3)), (192, (7, 1), (3, 0))], long], 192)
    seven = [(192, 1, 0), (192, (1, 7), (0, 3)), (192, (7, 1), (3, 0)), (192, 3, 0)]
    x = b.block(x, "reduction_b", [[(192, 1, 0), (320, 3, 0)], seven], stride=2)
    for i, mean in enumerate((True, False)):
        x = _parting(b, x, f"c{i}", 320, 384, [(448, 1, 0), (384, 3, 1)], 384, 192, mean)
    return b.finish(x)


def _parting(
    b: Scaled, x: str, name: str, one: int, first: int, long: Branch, second: int, pool: int, mean: bool
) -> str:
    """Two branches whose ends are a 1 x 3 and a 3 x 1 convolution each."""
    parts = [b.conv(x, one, 1, f"{name}_one")]
    for letter, y, out in (
        ("p", b.conv(x, first, 1, f"{name}_p"), first if second == first else second),
        ("q", b.branch(x, long, f"{name}_q"), second),
    ):
        parts.append(b.conv(y, out, (1, 3), f"{name}_{letter}_wide", pad=(0, 1)))
        parts.append(b.conv(y, out, (3, 1), f"{name}_{letter}_tall", pad=(1, 0)))
    y = b.net.pool(x, 3, f"{name}_pool", stride=1, pad=1, mean=mean)
    parts.append(b.conv(y, pool, 1, f"{name}_proj"))
    return b.net.concat(parts, f"{name}_concat")


def inception_v4(width: int = 64, size: int = 299) -> Net:
    """A stem that parts three times, 4 + 7 + 3 blocks."""
    b = Scaled(size, width)
    net = b.net
    x = _stem(b)
    x = net.concat([net.pool(x, 3, "stem1_pool", stride=2), b.conv(x, 96, 3, "stem1_conv", 2)], "stem1")
    seven = [(64, 1, 0), (64, (1, 7), (0, 3)), (64, (7, 1), (3, 0)), (96, 3, 0)]
    x = net.concat([b.branch(x, [(64, 1, 0), (96, 3, 0)], "stem2_a"), b.branch(x, seven, "stem2_b")], "stem2")
    x = net.concat([b.conv(x, 192, 3, "stem3_conv", 2), net.pool(x, 3, "stem3_pool", stride=2)], "stem3")
    for i in range(4):
        branches = [[(96, 1, 0)], [(64, 1, 0), (96, 3, 1)], [(64, 1, 0), (96, 3, 1), (96, 3, 1)]]
        x = b.block(x, f"a{i}", branches, 96)
    x = b.block(x, "reduction_a", [[(384, 3, 0)], [(192, 1, 0), (224, 3, 1), (256, 3, 0)]], stride=2)
    for i in range(7):
        long = [(192, 1, 0), (192, (7, 1), (3, 0)), (224, (1, 7), (0, 3)), (224, (7, 1), (3, 0)), (256, (1, 7), (0, 3))]
        short = [(192, 1, 0), (224, (1, 7), (0, 3)), (256, (7, 1), (3, 0))]
        x = b.block(x, f"b{i}", [[(384, 1, 0)], short, long], 128)
    seven = [(256, 1, 0), (256, (1, 7), (0, 3)), (320, (7, 1), (3, 0)), (320, 3, 0)]
    x = b.block(x, "reduction_b", [[(192, 1, 0), (192, 3, 0)], seven], stride=2)
    for i in range(3):
        long = [(384, 1, 0), (448, (1, 3), (0, 1)), (512, (3, 1), (1, 0))]
        x = _parting(b, x, f"c{i}", 256, 384, long, 256, 256, True)
    return b.finish(x)
