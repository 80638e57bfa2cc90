"""Random models, the same for a seed: what meets in them is what nobody thought of putting together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto, helper

from tests.adapters.onnx import running

Shape = tuple[int, ...]

UNARY = (
    "Relu Sigmoid Tanh Abs Neg Softplus Elu LeakyRelu HardSigmoid HardSwish Exp Floor Erf Identity Selu Sign "
    "Celu Softsign ThresholdedRelu Ceil Cos"
).split()
BINARY = ("Add Sub Mul Max Min PRelu Div").split()
MIXED = ("unary", "unary", "binary", "binary", "constant", "convolution", "convolution", "pooling", "normalization")
SHAPED = ("reshape", "transpose", "concat", "slice", "reduction", "matmul", "softmax", "pad", "split", "resize")
MORE = ("squeeze", "expand", "self", "gather", "clip", "cast", "transposed", "swish", "lrn")


@dataclass
class Tensor:
    name: str
    shape: Shape


class RandomModel:
    """A model of `length` steps over one to two images; every step reads tensors that are there.

    Attributes:
        model: the ModelProto; feeds: its inputs.
    """

    def __init__(self, seed: int, length: int = 8) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.tensors: list[Tensor] = []
        self.feeds: dict[str, Any] = {}
        for i in range(int(self.rng.integers(1, 3))):
            shape = (int(self.rng.integers(1, 3)), *(int(n) for n in self.rng.choice([2, 4, 6, 8], 3)))
            self.feeds[f"x{i}"] = self.numbers(shape, 2.0)
            self.tensors.append(Tensor(f"x{i}", shape))
        steps = [*MIXED, *SHAPED, *MORE]
        while len(self.nodes) < length:
            getattr(self, f"add_{self.rng.choice(steps)}")(self.any())
        read = {name for n in self.nodes for name in n.input}
        made = [o for n in self.nodes for o in n.output]
        outputs = [name for name in made if name not in read]
        if self.rng.random() < 0.3:
            outputs.append(made[int(self.rng.integers(len(made)))])
        infos = [running.value(k, v.dtype, v.shape) for k, v in self.feeds.items()]
        self.model: ModelProto = running.model(self.nodes, infos, list(dict.fromkeys(outputs)), self.constants)

    # -- choosing

    def numbers(self, shape: Shape, scale: float = 0.5) -> Any:
        return self.rng.uniform(-scale, scale, shape).astype(np.float32)

    def any(self, rank: int | None = None) -> Tensor:
        """A tensor, the newest most often; of that rank where there is one."""
        fitting = [t for t in self.tensors if rank is None or len(t.shape) == rank] or self.tensors
        back = min(int(self.rng.geometric(0.5)), len(fitting))
        return fitting[-back]

    def axis(self, x: Tensor) -> int:
        axis = int(self.rng.integers(len(x.shape)))
        return axis if self.rng.random() < 0.5 else axis - len(x.shape)

    def coin(self) -> bool:
        return bool(self.rng.random() < 0.5)

    # -- adding

    def constant(self, content: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = content
        return name

    def node(self, op: str, inputs: list[str], *shapes: Shape, **attributes: Any) -> None:
        names = [f"t{len(self.tensors)}_{i}" for i in range(len(shapes))]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}{len(self.nodes)}", **attributes))
        self.tensors += [Tensor(n, s) for n, s in zip(names, shapes)]

    def add_unary(self, x: Tensor) -> None:
        op = str(self.rng.choice(UNARY))
        if op == "Exp":  # bounded, so that repeated exponentials stay numbers
            self.node("Tanh", [x.name], x.shape)
            x = self.tensors[-1]
        self.node(op, [x.name], x.shape)

    def add_binary(self, x: Tensor) -> None:
        same = [t for t in self.tensors if t.shape == x.shape]
        y = same[int(self.rng.integers(len(same)))]
        op = str(self.rng.choice(BINARY))
        if op in ("PRelu", "Div"):
            self.add_constant(x)
            return
        self.node(op, [x.name, y.name], x.shape)

    def add_constant(self, x: Tensor) -> None:
        op = str(self.rng.choice(BINARY))
        shape = tuple(n if self.coin() else 1 for n in x.shape)
        shape = shape[int(self.rng.integers(len(shape) + 1)) :]
        content = self.numbers(shape)
        if op == "Div":
            content = np.where(abs(content) < 0.1, np.float32(0.3), content)
        both = [x.name, self.constant(content)]
        self.node(op, both[::-1] if op in ("Add", "Sub", "Mul") and self.coin() else both, x.shape)

    def add_self(self, x: Tensor) -> None:
        self.node(str(self.rng.choice(["Add", "Mul", "Sub", "Max"])), [x.name, x.name], x.shape)

    def add_convolution(self, x: Tensor) -> None:
        if len(x.shape) != 4:
            return
        n, c, h, w = x.shape
        group = c if c > 1 and self.rng.random() < 0.25 else 1
        out = c if group > 1 else int(self.rng.choice([2, 4, 6]))
        kernel = [int(k) for k in self.rng.choice([1, 3], 2)]
        pads = [int(p) for p in self.rng.integers(0, 2, 4)]
        strides = [int(s) for s in self.rng.integers(1, 3, 2)]
        sizes = [(s + a + b - k) // d + 1 for s, a, b, k, d in zip((h, w), pads[:2], pads[2:], kernel, strides)]
        if min(h + pads[0] + pads[2] - kernel[0], w + pads[1] + pads[3] - kernel[1]) < 0:
            return
        inputs = [x.name, self.constant(self.numbers((out, c // group, *kernel)))]
        if self.coin():
            inputs.append(self.constant(self.numbers((out,))))
        self.node("Conv", inputs, (n, out, *sizes), group=group, pads=pads, strides=strides, kernel_shape=kernel)

    def add_pooling(self, x: Tensor) -> None:
        if len(x.shape) != 4 or min(x.shape[2:]) < 2:
            return
        n, c, h, w = x.shape
        if self.rng.random() < 0.2:
            self.node("GlobalAveragePool", [x.name], (n, c, 1, 1))
            return
        kernel = 3 if min(h, w) > 2 and self.coin() else 2
        stride, before, after = int(self.rng.integers(1, 4)), int(self.rng.integers(0, 2)), int(self.rng.integers(0, 2))
        op = str(self.rng.choice(["MaxPool", "AveragePool"]))
        more = {"count_include_pad": int(self.coin())} if op == "AveragePool" else {}
        rooms = [s + before + after - kernel for s in (h, w)]
        # ONNX's own shape inference does not drop a last window that starts in the padding, and ONNX Runtime does
        up = self.coin() and all(-(-r // stride) * stride < s + before for r, s in zip(rooms, (h, w)))
        sizes = [(-(-r // stride) if up else r // stride) + 1 for r in rooms]
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [before] * 2 + [after] * 2}
        self.node(op, [x.name], (n, c, *sizes), **window, ceil_mode=int(up), **more)

    def add_transposed(self, x: Tensor) -> None:
        if len(x.shape) != 4 or max(x.shape[2:]) > 8:
            return
        n, c, h, w = x.shape
        out, stride = int(self.rng.choice([2, 4])), int(self.rng.integers(1, 3))
        filters = self.constant(self.numbers((c, out, 3, 3)))
        sizes = [(s - 1) * stride + 1 for s in (h, w)]
        self.node("ConvTranspose", [x.name, filters], (n, out, *sizes), strides=[stride] * 2, pads=[1] * 4)

    def add_swish(self, x: Tensor) -> None:
        """x times a sigmoid of it, as exporters write it."""
        self.node(str(self.rng.choice(["Sigmoid", "HardSigmoid"])), [x.name], x.shape)
        self.node("Mul", [x.name, self.tensors[-1].name], x.shape)

    def add_lrn(self, x: Tensor) -> None:
        if len(x.shape) == 4:
            self.node("LRN", [x.name], x.shape, size=int(self.rng.choice([3, 5])), alpha=0.5, bias=1.5)

    def add_normalization(self, x: Tensor) -> None:
        if len(x.shape) < 3:
            return
        c = x.shape[1]
        vectors = [self.numbers((c,), 1.0) for _ in range(3)] + [abs(self.numbers((c,), 1.0)) + np.float32(0.2)]
        self.node("BatchNormalization", [x.name, *map(self.constant, vectors)], x.shape)

    def add_reshape(self, x: Tensor) -> None:
        dims = list(x.shape)
        if self.coin() and len(dims) > 1:
            at = int(self.rng.integers(len(dims) - 1))
            dims[at : at + 2] = [dims[at] * dims[at + 1]]
        else:
            at = int(self.rng.integers(len(dims)))
            if dims[at] % 2 or len(dims) > 5:
                return
            dims[at : at + 1] = [2, dims[at] // 2] if self.coin() else [dims[at] // 2, 2]
        pattern = list(dims)
        if self.coin():
            pattern[int(self.rng.integers(len(pattern)))] = -1
        self.node("Reshape", [x.name, self.constant(np.array(pattern))], tuple(dims))

    def add_transpose(self, x: Tensor) -> None:
        perm = [int(a) for a in self.rng.permutation(len(x.shape))]
        if len(x.shape) == 4 and self.coin():
            perm = [[0, 2, 3, 1], [0, 3, 1, 2]][int(self.rng.integers(2))]
        self.node("Transpose", [x.name], tuple(x.shape[a] for a in perm), perm=perm)

    def add_concat(self, x: Tensor) -> None:
        axis = self.axis(x)
        at = axis % len(x.shape)
        rest = [
            t for t in self.tensors if len(t.shape) == len(x.shape) and _without(t.shape, at) == _without(x.shape, at)
        ]
        parts = [x, *(rest[int(self.rng.integers(len(rest)))] for _ in range(int(self.rng.integers(1, 3))))]
        total = sum(p.shape[at] for p in parts)
        if total <= 24:
            self.node("Concat", [p.name for p in parts], _with(x.shape, at, total), axis=axis)

    def add_slice(self, x: Tensor) -> None:
        axis = self.axis(x)
        size = x.shape[axis]
        start, step = int(self.rng.integers(size)), int(self.rng.choice([1, 1, 2, -1]))
        stop = int(self.rng.integers(start + 1, size + 1)) if step > 0 else -size - 1
        length = len(range(size)[start : stop if step > 0 else None : step])
        lists = [self.constant(np.array([n])) for n in (start, stop, axis, step)]
        self.node("Slice", [x.name, *lists], _with(x.shape, axis % len(x.shape), length))

    def add_reduction(self, x: Tensor) -> None:
        count = int(self.rng.integers(1, len(x.shape) + 1))
        axes = sorted(int(a) for a in self.rng.choice(len(x.shape), count, replace=False))
        keep = self.coin() or count == len(x.shape)
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keep or i not in axes)
        op = str(self.rng.choice(["ReduceMean", "ReduceMax", "ReduceL2", "ReduceMin"]))
        self.node(op, [x.name], shape, axes=axes, keepdims=int(keep))

    def add_matmul(self, x: Tensor) -> None:
        if len(x.shape) < 2:
            return
        out = int(self.rng.choice([2, 4, 8]))
        w = self.constant(self.numbers((x.shape[-1], out)))
        self.node("MatMul", [x.name, w], (*x.shape[:-1], out))

    def add_softmax(self, x: Tensor) -> None:
        self.node("Softmax", [x.name], x.shape, axis=self.axis(x))

    def add_pad(self, x: Tensor) -> None:
        pads = [int(p) for p in self.rng.integers(0, 2, 2 * len(x.shape))]
        rank = len(x.shape)
        shape = tuple(n + a + b for n, a, b in zip(x.shape, pads[:rank], pads[rank:]))
        number = self.constant(np.float32(self.rng.choice([0.0, 0.0, 1.0])))
        self.node("Pad", [x.name, self.constant(np.array(pads)), number], shape)

    def add_split(self, x: Tensor) -> None:
        axis = self.axis(x)
        size = x.shape[axis]
        if size < 2:
            return
        first = int(self.rng.integers(1, size))
        shapes = [_with(x.shape, axis % len(x.shape), n) for n in (first, size - first)]
        self.node("Split", [x.name, self.constant(np.array([first, size - first]))], *shapes, axis=axis)

    def add_resize(self, x: Tensor) -> None:
        if len(x.shape) != 4 or max(x.shape[2:]) > 12:
            return
        sizes = (*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2)
        inputs = [x.name, "", self.constant(np.float32([1, 1, 2, 2]))]
        mode = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        self.node("Resize", inputs, sizes, **(mode if self.coin() else {"mode": "linear"}))

    def add_squeeze(self, x: Tensor) -> None:
        ones = [i for i, n in enumerate(x.shape) if n == 1]
        if ones and len(x.shape) > 1 and self.coin():
            self.node("Squeeze", [x.name, self.constant(np.array(ones[:1]))], _drop(x.shape, ones[0]))
            return
        if len(x.shape) > 5:
            return
        at = int(self.rng.integers(len(x.shape) + 1))
        shape = (*x.shape[:at], 1, *x.shape[at:])
        axis = at if self.coin() else at - len(shape)
        self.node("Unsqueeze", [x.name, self.constant(np.array([axis]))], shape)
        return

    def add_expand(self, x: Tensor) -> None:
        shape = tuple(2 if n == 1 else n for n in x.shape)
        self.node("Expand", [x.name, self.constant(np.array(shape))], shape)

    def add_gather(self, x: Tensor) -> None:
        axis = self.axis(x)
        indices = self.rng.integers(-x.shape[axis], x.shape[axis], int(self.rng.integers(1, 5)))
        shape = _with(x.shape, axis % len(x.shape), len(indices))
        self.node("Gather", [x.name, self.constant(indices)], shape, axis=axis)

    def add_clip(self, x: Tensor) -> None:
        low, high = sorted(float(n) for n in self.rng.uniform(-1, 1, 2))
        self.node("Clip", [x.name, self.constant(np.float32(low)), self.constant(np.float32(high))], x.shape)

    def add_cast(self, x: Tensor) -> None:
        """Whether a number is above a limit: what follows decides by it."""
        name = f"b{len(self.tensors)}"
        self.nodes.append(helper.make_node("Greater", [x.name, self.constant(np.float32(0.1))], [name]))
        self.node("Where", [name, x.name, self.constant(np.float32(-0.25))], x.shape)


def _with(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _drop(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def _without(shape: Shape, axis: int) -> Shape:
    return _drop(shape, axis)
