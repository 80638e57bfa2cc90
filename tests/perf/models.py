"""Networks with random weights, written as ONNX files by the benchmark itself."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Writer:
    """Collects nodes and initializers of one graph."""

    def __init__(self, seed: int = 0) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(seed)

    def weight(self, *shape: int, spread: float = 0.05, middle: float = 0.0) -> str:
        """A random initializer; returns its name."""
        name = f"w{len(self.weights)}"
        values = self._random.standard_normal(shape, dtype=np.float32) * np.float32(spread) + np.float32(middle)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, values: object, dtype: type = np.int64) -> str:
        """A fixed initializer; returns its name."""
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        """A node with one output; returns the output's name."""
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def save(self, path: Path, inputs: dict[str, list[object]], output: str, element: int = TensorProto.FLOAT) -> Path:
        """Write the model; `inputs` are names and shapes (texts are symbols)."""
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info(n, element, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, path)
        return path


def resnet50(path: Path) -> Path:
    """ResNet-50 v1 with its batch norms, 98 MB (He et al., Deep Residual Learning for Image Recognition, 2015)."""
    w = Writer()

    def conv(x: str, inner: int, outer: int, kernel: int, stride: int = 1, relu: bool = True) -> str:
        spread = (2 / (inner * kernel * kernel)) ** 0.5
        pad = kernel // 2
        y = w.op(
            "Conv",
            x,
            w.weight(outer, inner, kernel, kernel, spread=spread),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        moments = [
            w.weight(outer, middle=1.0),
            w.weight(outer),
            w.weight(outer),
            w.weight(outer, middle=1.0, spread=0.01),
        ]
        y = w.op("BatchNormalization", y, *moments, epsilon=1e-5)
        return w.op("Relu", y) if relu else y

    x = conv("input", 3, 64, 7, 2)
    x = w.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = conv(x, channels, width, 1)
            y = conv(y, width, width, 3, stride)
            y = conv(y, width, 4 * width, 1, relu=False)
            shortcut = x if block else conv(x, channels, 4 * width, 1, stride, relu=False)
            x, channels = w.op("Relu", w.op("Add", y, shortcut)), 4 * width
    x = w.op("Flatten", w.op("GlobalAveragePool", x))
    x = w.op("Gemm", x, w.weight(1000, channels), w.weight(1000), transB=1)
    return w.save(path, {"input": ["batch", 3, 224, 224]}, x)


def encoder(path: Path, layers: int = 12, width: int = 512, heads: int = 8) -> Path:
    """A transformer encoder with dynamic batch and length (Vaswani et al., Attention Is All You Need, 2017)."""
    w = Writer(1)
    depth = width // heads

    def norm(x: str) -> str:
        mean = w.op("ReduceMean", x, axes=[-1])
        centred = w.op("Sub", x, mean)
        variance = w.op("ReduceMean", w.op("Pow", centred, w.constant(2.0, np.float32)), axes=[-1])
        scale = w.op("Sqrt", w.op("Add", variance, w.constant(1e-5, np.float32)))
        normed = w.op("Div", centred, scale)
        return w.op("Add", w.op("Mul", normed, w.weight(width, middle=1.0)), w.weight(width))

    def linear(x: str, inner: int, outer: int) -> str:
        return w.op("Add", w.op("MatMul", x, w.weight(inner, outer, spread=inner**-0.5)), w.weight(outer))

    def split_heads(x: str, batch: str, length: str, order: list[int]) -> str:
        shape = w.op("Concat", batch, length, w.constant([heads]), w.constant([depth]), axis=0)
        return w.op("Transpose", w.op("Reshape", x, shape), perm=order)

    x = "input"
    for _ in range(layers):
        sizes = w.op("Shape", x)
        batch = w.op("Unsqueeze", w.op("Gather", sizes, w.constant(0)), w.constant([0]))
        length = w.op("Unsqueeze", w.op("Gather", sizes, w.constant(1)), w.constant([0]))
        q = split_heads(linear(x, width, width), batch, length, [0, 2, 1, 3])
        k = split_heads(linear(x, width, width), batch, length, [0, 2, 3, 1])
        v = split_heads(linear(x, width, width), batch, length, [0, 2, 1, 3])
        scores = w.op("Div", w.op("MatMul", q, k), w.constant(depth**0.5, np.float32))
        y = w.op("Transpose", w.op("MatMul", w.op("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        y = w.op("Reshape", y, w.op("Concat", batch, length, w.constant([width]), axis=0))
        x = norm(w.op("Add", x, linear(y, width, width)))
        y = linear(x, width, 4 * width)
        erf = w.op("Add", w.op("Erf", w.op("Div", y, w.constant(2**0.5, np.float32))), w.constant(1.0, np.float32))
        y = w.op("Mul", w.op("Mul", y, erf), w.constant(0.5, np.float32))
        x = norm(w.op("Add", x, linear(y, 4 * width, width)))
    return w.save(path, {"input": ["batch", "length", width]}, x)


def chain(path: Path, length: int) -> Path:
    """A chain of small nodes."""
    w = Writer(2)
    one = w.constant(1.0, np.float32)
    x = "input"
    for i in range(length):
        x = w.op("Add", x, one) if i % 2 else w.op("Sigmoid", x)
    return w.save(path, {"input": [1, 8]}, x)


def large(path: Path, gigabytes: float = 4.0) -> Path:
    """A stack of MatMuls with external data of about this size; the weights are a sparse file where possible."""
    width = 4096
    count = max(1, round(gigabytes * (1 << 30) / (4 * width * width)))
    data = path.with_suffix(".data")
    with open(data, "wb") as file:
        block = np.random.default_rng(3).standard_normal((width, width), dtype=np.float32) / np.float32(64)
        for i in range(count):
            block[0, 0] = i  # no two alike
            file.write(block.tobytes())
    nodes, weights, x = [], [], "input"
    for i in range(count):
        tensor = TensorProto(
            name=f"w{i}", data_type=TensorProto.FLOAT, dims=[width, width], data_location=TensorProto.EXTERNAL
        )
        for key, value in (("location", data.name), ("offset", i * 4 * width * width), ("length", 4 * width * width)):
            tensor.external_data.add(key=key, value=str(value))
        weights.append(tensor)
        nodes.append(helper.make_node("MatMul", [x, f"w{i}"], [f"y{i}"], name=f"matmul{i}"))
        x = f"y{i}"
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def caffe_resnet50(path: Path) -> Path:
    """ResNet-50 as Caffe has it, BatchNorm and Scale layers included: `path` and the `.prototxt` beside it."""
    from tests.adapters.caffe.harness import caffemodel
    from tests.adapters.caffe.networks import resnet

    net = resnet(50)
    path.with_suffix(".prototxt").write_text(net.text)
    path.write_bytes(caffemodel(net.blobs))
    return path


def mxnet_resnet50(path: Path) -> Path:
    """ResNet-50 v1 as Gluon exports it, BatchNorms included: `path` and the `-symbol.json` beside it."""
    from tests.adapters.mxnet.harness import Net, write

    net, params, rng = Net(), {}, np.random.default_rng(0)

    def learned(name: str, *shape: int, spread: float = 0.05, middle: float = 0.0) -> tuple[int, int]:
        params[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32(spread) + np.float32(middle)
        return net.var(name)

    def conv(
        x: tuple[int, int], inner: int, outer: int, kernel: int, stride: int = 1, relu: bool = True
    ) -> tuple[int, int]:
        name = f"resnet{len(net.nodes)}"
        weight = learned(f"{name}_weight", outer, inner, kernel, kernel, spread=(2 / (inner * kernel * kernel)) ** 0.5)
        window = {"kernel": (kernel,) * 2, "stride": (stride,) * 2, "pad": (kernel // 2,) * 2}
        y = net.op("Convolution", x, weight, num_filter=outer, no_bias=True, name=f"{name}_fwd", **window)
        moments = {"gamma": 1.0, "beta": 0.0, "running_mean": 0.0, "running_var": 1.0}
        inputs = [learned(f"{name}_{k}", outer, middle=m) for k, m in moments.items()]
        y = net.op("BatchNorm", y, *inputs, eps=1e-5, fix_gamma=False, axis=1, name=f"{name}_norm")
        return net.op("Activation", y, act_type="relu", name=f"{name}_relu") if relu else y

    x = conv(net.var("data"), 3, 64, 7, 2)
    x = net.op("Pooling", x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")
    channels = 64
    for stage, (blocks, inner) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(blocks):
            stride = 2 if stage and block == 0 else 1
            y = conv(conv(conv(x, channels, inner, 1), inner, inner, 3, stride), inner, 4 * inner, 1, relu=False)
            short = conv(x, channels, 4 * inner, 1, stride, relu=False) if block == 0 else x
            x = net.op("Activation", net.op("elemwise_add", y, short), act_type="relu")
            channels = 4 * inner
    x = net.op("Pooling", x, kernel=(1, 1), global_pool=True, pool_type="avg")
    last = learned("dense_weight", 1000, channels), learned("dense_bias", 1000)
    net.output(net.op("FullyConnected", x, *last, num_hidden=1000))
    return write(path.parent, net, params, "mxnet")


def main() -> None:
    """`python -m tests.perf.models resnet50 PATH [ARGUMENT]`: in a process of its own, so that the caller stays small."""
    kind, path, *rest = sys.argv[1:]
    makers = {
        "resnet50": resnet50,
        "encoder": encoder,
        "chain": chain,
        "large": large,
        "caffe": caffe_resnet50,
        "mxnet": mxnet_resnet50,
    }
    makers[kind](Path(path), *[float(r) if kind == "large" else int(r) for r in rest])  # type: ignore[operator]


if __name__ == "__main__":
    main()
