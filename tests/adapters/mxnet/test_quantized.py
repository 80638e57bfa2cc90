"""8-bit numbers of the oneDNN flow, against MXNet: the whole numbers are the same ones."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.mxnet.harness import (
    Net,
    assert_close,
    check,
    check_op,
    convert,
    integers,
    mxnet,
    one_op,
    run,
    run_model,
    script,
    values,
)

DATA = values(2, 3, 6, 6)
CALIBRATED = {"min_calib_range": -2.0, "max_calib_range": 1.5}


def ends(low, high, name=""):
    return {f"{name}low": np.array([low], np.float32), f"{name}high": np.array([high], np.float32)}


def numbers(*shape, unsigned=False, seed=0):
    return integers(0 if unsigned else -127, 127, *shape, seed=seed, dtype=np.uint8 if unsigned else np.int8)


# -- how they are made and what they stand for


@pytest.mark.parametrize("out_type", ["int8", "uint8", "auto"])
@pytest.mark.parametrize("calibration", [{}, CALIBRATED, {"min_calib_range": 0.0, "max_calib_range": 1.5}])
def test_quantization(out_type, calibration):
    check_op("_contrib_quantize_v2", {"x": DATA}, outputs=3, out_type=out_type, **calibration)


def test_quantization_of_numbers_that_are_quantised():
    for q in (numbers(2, 3, 4, 4), numbers(2, 3, 4, 4, unsigned=True)):
        out_type = str(q.dtype)
        check_op("_contrib_quantize_v2", {"q": q}, outputs=3, out_type=out_type)
        check_op("_contrib_quantize_v2", {"q": q}, outputs=3, out_type=out_type, **CALIBRATED)


@pytest.mark.parametrize("out_type", ["int8", "uint8"])
def test_quantization_with_ranges_as_inputs(out_type):
    check_op("_contrib_quantize", {"x": DATA}, ends(-2, 1.5), outputs=3, out_type=out_type)


@pytest.mark.parametrize("calibration", [{}, CALIBRATED])
def test_asymmetric_quantization(calibration):
    check_op("_contrib_quantize_asym", {"x": values(4, 2, 6)}, outputs=3, **calibration)


@pytest.mark.parametrize("unsigned", [True, False])
def test_dequantization(unsigned):
    check_op("_contrib_dequantize", {"q": numbers(2, 3, 4, 4, unsigned=unsigned)}, ends(-2, 1.5))


@pytest.mark.parametrize("out_type", ["int8", "uint8"])
@pytest.mark.parametrize("calibration", [{}, CALIBRATED])
def test_requantization(out_type, calibration):
    q = integers(-100000, 100000, 1, 2, 6, 6, dtype=np.int32)
    check_op("_contrib_requantize", {"q": q}, ends(-60000, 60000), outputs=3, out_type=out_type, **calibration)


# -- what moves, chooses and adds


@pytest.mark.parametrize("unsigned", [True, False])
def test_movement(unsigned):
    feeds = {"q": numbers(2, 3, 6, 6, unsigned=unsigned)}
    check_op("_contrib_quantized_flatten", feeds, ends(-2, 2), outputs=3)
    if not unsigned:
        check_op("_contrib_quantized_act", feeds, ends(-2, 2), outputs=3, act_type="relu")
    for attributes in (
        {"pool_type": "max", "kernel": (3, 3), "stride": (2, 2)},
        {"pool_type": "avg", "kernel": (2, 2), "stride": (2, 2)},
        {"pool_type": "avg", "kernel": (3, 3), "stride": (2, 2), "pooling_convention": "full"},
        {"pool_type": "avg", "global_pool": True, "kernel": (1, 1)},
    ):
        check_op("_contrib_quantized_pooling", feeds, ends(-2, 2), outputs=3, dynamic=False, **attributes)


def test_embedding():
    params = {"w": numbers(7, 4), **ends(-2, 2)}
    check_op("_contrib_quantized_embedding", {"x": integers(0, 7, 3, 2)}, params, outputs=3, input_dim=7, output_dim=4)


@pytest.mark.parametrize("unsigned", [(True, True), (False, False), (True, False)])
def test_concatenation(unsigned):
    feeds = {f"q{i}": numbers(2, 2 + i, 3, 3, unsigned=u, seed=i) for i, u in enumerate(unsigned)}
    ranges = {}
    for i, u in enumerate(unsigned):
        ranges |= ends(0 if u else -1 - i, 1 + i, f"{i}")
    check_op("_contrib_quantized_concat", feeds, ranges, outputs=3, num_args=2, dim=1)


@pytest.mark.parametrize("unsigned", [(True, True), (False, False)])
@pytest.mark.parametrize("calibration", [{}, {"min_calib_range": -4.0, "max_calib_range": 5.0}])
def test_sums(unsigned, calibration):
    feeds = {"a": numbers(2, 3, 4, unsigned=unsigned[0]), "b": numbers(2, 3, 4, unsigned=unsigned[1], seed=1)}
    ranges = {**ends(-2, 2, "a"), **ends(-3, 3, "b")}
    net = Net()
    place, _ = net.op("_contrib_quantized_elemwise_add", *map(net.var, (*feeds, *ranges)), **calibration)
    net.output(*((place, i) for i in range(3)))
    got, want = run(net, feeds, ranges), mxnet(net, feeds, ranges)
    if not calibration:  # 32 bits hold more digits than f32 does
        got[0], want[0] = (v.astype(np.float32) for v in (got[0], want[0]))
    assert_close(got, want, 1e-6)


@pytest.mark.parametrize("attributes", [{}, {"min_calib_range": -6.0, "max_calib_range": 7.0}])
def test_products(attributes):
    feeds = {"a": numbers(2, 3, 4), "b": numbers(2, 3, 4, seed=1)}
    ranges = {**ends(-2, 2, "a"), **ends(-3, 3, "b")}
    check_op("_contrib_quantized_elemwise_mul", feeds, ranges, outputs=3, **attributes)
    check_op("_contrib_quantized_elemwise_mul", feeds, ranges, enable_float_output=True)


# -- layers


@pytest.mark.parametrize("bias", [True, False])
def test_convolution(bias):
    params = {"w": numbers(4, 3, 3, 3, seed=1)} | ({"b": numbers(4, seed=2)} if bias else {})
    for i in range(len(params) + 1):
        params |= ends(-1 - i, 1 + i, f"{i}")
    check_op(
        "_contrib_quantized_conv",
        {"q": numbers(2, 3, 6, 6, unsigned=True)},
        params,
        outputs=3,
        kernel=(3, 3),
        num_filter=4,
        pad=(1, 1),
        stride=(2, 2),
        no_bias=not bias,
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("unsigned", [True, False])
def test_fully_connected(unsigned, bias):
    params = {"w": numbers(4, 12, seed=1)} | ({"b": numbers(4, seed=2)} if bias else {})
    for i in range(len(params) + 1):
        params |= ends(0 if unsigned and i == 0 else -1 - i, 1 + i, f"{i}")
    feeds = {"q": numbers(2, 3, 4, unsigned=unsigned)}
    attributes = {"num_hidden": 4, "no_bias": not bias}
    check_op("_contrib_quantized_fully_connected", feeds, params, outputs=3, **attributes)


def fused(op, layer, attributes, *fusions, params, outputs=3, sizes="", **outer):
    """A network of one fused operator: `fusions` are operators with attributes; `params` are all but the data."""
    inner, net = Net(), Net()
    names = ["w", *(["b"] if "b" in params else [])]
    y = inner.op(layer, inner.var("x"), *map(inner.var, names), no_bias="b" not in params, **attributes)
    for kind, given in fusions:
        extra = {"BatchNorm": ("gamma", "beta", "mean", "var"), "elemwise_add": ("added",)}.get(kind, ())
        y = inner.op(kind, y, *map(inner.var, extra), **given)
    place, _ = net.op(op, *map(net.var, ("x", *params)), subgraphs=[inner.output(y)], quantized="true", **outer)
    return net.output(*((place, i) for i in range(outputs)))


CONVOLUTION = {"kernel": (3, 3), "num_filter": 4, "pad": (1, 1)}
RELU = ("Activation", {"act_type": "relu"})
STATISTICS = {"gamma": values(4, seed=5), "beta": values(4, seed=6), "mean": values(4, seed=7), "var": values(4) ** 2}
CASES = {
    "alone": ((), {}),
    "relu": ((RELU,), {"with_act": "true"}),
    "clip": ((("clip", {"a_min": 0, "a_max": 7}),), {"with_act": "true"}),
    "norm": ((("BatchNorm", {"fix_gamma": False, "eps": 1e-4}),), {"with_bn": "true"}),
    "norm of ones": ((("BatchNorm", {}),), {"with_bn": "true"}),
    "norm, relu": ((("BatchNorm", {"fix_gamma": False}), RELU), {"with_bn": "true", "with_act": "true"}),
    "sum": ((("elemwise_add", {}),), {"with_sum": "true"}),
    "sum, relu": ((("elemwise_add", {}), RELU), {"with_sum": "true", "with_postsum_act": "true"}),
}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("unsigned", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_fused_convolution(case, unsigned, bias):
    fusions, outer = CASES[case]
    params = {"w": values(4, 3, 3, 3, seed=1)} | ({"b": values(4, seed=2)} if bias else {})
    params |= STATISTICS if "with_bn" in outer else {}
    params |= {"added": numbers(2, 4, 6, 6, seed=3)} if "with_sum" in outer else {}
    params |= ends(0 if unsigned else -1.5, 1.5)
    params |= ends(-2, 2, "added_") if "with_sum" in outer else {}
    calibration = {"min_calib_range": -6.0, "max_calib_range": 7.0}
    net = fused("_sg_mkldnn_conv", "Convolution", CONVOLUTION, *fusions, params=params, **outer, **calibration)
    check(net, {"x": numbers(2, 3, 6, 6, unsigned=unsigned)}, params)


@pytest.mark.parametrize("fusions", [(), (RELU,)])
def test_fused_convolution_without_calibration(fusions):
    params = {"w": values(4, 3, 3, 3, seed=1), "b": values(4, seed=2), **ends(-1.5, 1.5)}
    outer = {"with_act": "true"} if fusions else {}
    net = fused("_sg_mkldnn_conv", "Convolution", CONVOLUTION, *fusions, params=params, **outer)
    check(net, {"x": numbers(2, 3, 6, 6)}, params)


@pytest.mark.parametrize("fusions", [(), (RELU,), (("abs", {}),), (("square", {}),)])
@pytest.mark.parametrize(
    "kind", [{}, {"min_calib_range": -6.0, "max_calib_range": 7.0}, {"enable_float_output": "True"}]
)
def test_fused_fully_connected(kind, fusions):
    params = {"w": numbers(4, 12, seed=1), "b": numbers(4, seed=2), **ends(-2, 2, "x"), **ends(-1, 1, "w")}
    params |= ends(-3, 3, "b")
    outer = {"with_eltwise": "true"} if fusions else {}
    attributes = {"num_hidden": 4}
    count = 1 if "enable_float_output" in kind else 3
    op, layer = "_sg_mkldnn_fully_connected", "FullyConnected"
    net = fused(op, layer, attributes, *fusions, params=params, outputs=count, **outer, **kind)
    if not kind and fusions and fusions != (RELU,):
        with pytest.raises(Unsupported, match="without calibration"):
            convert(net, params, input="x[2,3,4]{i8}")
    else:
        check(net, {"x": numbers(2, 3, 4)}, params)


def test_functions_that_oneDNN_applies_to_the_numbers_are_refused():  # noqa: N802 - its name
    params = {"w": values(4, 3, 3, 3), **ends(-1.5, 1.5)}
    sigmoid = ("Activation", {"act_type": "sigmoid"})
    given = {"with_act": "true", **CALIBRATED}
    net = fused("_sg_mkldnn_conv", "Convolution", CONVOLUTION, sigmoid, params=params, **given)
    with pytest.raises(Unsupported, match="sigmoid to the 8-bit numbers"):
        convert(net, params, input="x[2,3,6,6]{i8}")


@pytest.mark.parametrize("unsigned", [True, False])
def test_batch_norm(unsigned):
    params = {**STATISTICS, **ends(-2, 2)}
    feeds = {"q": numbers(2, 4, 5, 5, unsigned=unsigned)}
    check_op("_contrib_quantized_batch_norm", feeds, params, outputs=3, eps=1e-3, fix_gamma=False, **CALIBRATED)


def test_attention():
    """MXNet has no way to run them outside of a network that it partitioned: the plain operators are the reference."""
    x, a = numbers(5, 2, 36), numbers(6, 5, 5, unsigned=True, seed=1)
    rows, weights = x * np.float32(2 / 127.5), a * np.float32(1 / 255.5)
    params, given = ends(-2, 2), {"heads": 3, "quantized": "True"}
    for op, feeds, ranges in (
        ("selfatt_qk", {"x": x}, params),
        ("selfatt_valatt", {"x": x, "a": a}, {**params, **ends(0, 1, "a")}),
    ):
        real = {"x": rows, "a": weights}
        plain = {k: real[k] for k in feeds}
        (want,) = mxnet(one_op(f"_contrib_interleaved_matmul_{op}", plain, heads=3), plain)
        net = one_op(f"_sg_mkldnn_{op}", feeds, ranges, enable_float_output="True", **given)
        assert_close(run(net, feeds, ranges), [want], 1e-5)
        net = one_op(f"_sg_mkldnn_{op}", feeds, ranges, outputs=3, min_calib_range=-20.0, max_calib_range=9.0, **given)
        whole = np.clip(np.rint(want * np.float32(127.5 / 20)), -128, 127).astype(np.int8)
        assert_close(run(net, feeds, ranges)[:1], [whole])


# -- a network as MXNet quantises it

NETWORK = """
from mxnet.contrib.quantization import quantize_net_v2
nn = mx.gluon.nn
class Net(mx.gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.first, self.norm = nn.Conv2D(8, 3, padding=1, use_bias=False), nn.BatchNorm()
            self.second, self.third = nn.Conv2D(8, 3, padding=1, activation='relu'), nn.Conv2D(8, 1)
            self.pool, self.last = nn.MaxPool2D(2), nn.BatchNorm()
            self.hidden, self.out = nn.Dense(12, activation='relu'), nn.Dense(5)
    def hybrid_forward(self, F, x):
        y = F.relu(self.norm(self.first(x)))
        z = self.pool(F.relu(self.third(self.second(y)) + y))
        means = F.Pooling(y, kernel=(2, 2), stride=(2, 2), pool_type='avg')
        return self.out(self.hidden(F.flatten(self.last(F.concat(z, means, dim=1)))))
mx.random.seed(0)
net = Net()
net.initialize(mx.init.Xavier())
net.hybridize()
x = mx.nd.array(arrays['x'])
net(x)
data = mx.gluon.data.DataLoader(mx.gluon.data.ArrayDataset(x, mx.nd.zeros(2)), batch_size=2)
how = dict(calib_mode='naive', quantize_mode='full', quantize_granularity={by!r})
small = quantize_net_v2(net, quantized_dtype={kind!r}, calib_data=data, **how)
small.hybridize()
outputs['y'] = small(x).asnumpy()
small.export({path!r})
"""


@pytest.mark.parametrize("by", ["tensor-wise", "channel-wise"])
@pytest.mark.parametrize("kind", ["auto", "int8"])
def test_a_network(tmp_path, kind, by):
    x = values(2, 3, 12, 12)
    _, outputs = script(NETWORK.format(kind=kind, by=by, path=str(tmp_path / "net")), x=x)
    model = mo_core.convert(tmp_path / "net-0000.params", input="data[2,3,12,12]")
    assert sum(n.type_name == "FakeQuantize" for n in model.graph) >= 10
    assert_close(run_model(model, {"data": x})[0], [outputs["y"]], 1e-6)
