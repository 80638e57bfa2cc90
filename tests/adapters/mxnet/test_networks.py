"""Whole networks of the Gluon model zoo with random weights, exported by MXNet, converted, and compared with its results."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from tests.adapters.mxnet.harness import assert_close, run_model, script

ZOO = """
alexnet densenet121 densenet161 densenet169 densenet201 inceptionv3 mobilenet0.25 mobilenet0.5 mobilenet0.75 mobilenet1.0
mobilenetv2_0.25 mobilenetv2_0.5 mobilenetv2_0.75 mobilenetv2_1.0 resnet101_v1 resnet101_v2 resnet152_v1 resnet152_v2
resnet18_v1 resnet18_v2 resnet34_v1 resnet34_v2 resnet50_v1 resnet50_v2 squeezenet1.0 squeezenet1.1 vgg11 vgg11_bn vgg13
vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn
""".split()
QUICK = ("mobilenet0.25", "mobilenetv2_0.25", "resnet18_v1", "resnet18_v2", "squeezenet1.1")

EXPORT = """
mx.random.seed(0)
net = mx.gluon.model_zoo.vision.get_model({name!r}, classes=10)
net.initialize(mx.init.Xavier())
net.hybridize()
outputs["y"] = net(mx.nd.array(arrays["x"])).asnumpy()
net.export({path!r})
"""


def names():
    return [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in ZOO]


@pytest.mark.parametrize("name", names())
def test_model_zoo(tmp_path, name):
    size = 299 if name == "inceptionv3" else 224
    x = np.random.default_rng(0).normal(size=(1, 3, size, size)).astype(np.float32)
    _, outputs = script(EXPORT.format(name=name, path=str(tmp_path / "net")), x=x)
    model = mo_core.convert(tmp_path / "net-0000.params", input=f"data[1,3,{size},{size}]")
    assert not [n for n in model.graph if "BatchNorm" in n.type_name]
    assert_close(run_model(model, {"data": x})[0], [outputs["y"]], 1e-4)


def test_whole_networks_without_a_shape(tmp_path):
    """What the weights tell of the input is enough; the image may have any size."""
    x = np.random.default_rng(0).normal(size=(2, 3, 96, 128)).astype(np.float32)
    _, outputs = script(EXPORT.format(name="resnet18_v1", path=str(tmp_path / "net")), x=x)
    model = mo_core.convert(tmp_path / "net-0000.params")
    assert [str(t) for t in model.inputs.values()] == ["f32[?,3,?,?]"]
    assert_close(run_model(model, {"data": x})[0], [outputs["y"]], 1e-4)


IN_MEMORY = """
import mo_core
from mo_core.errors import UsageError
net = mx.gluon.nn.HybridSequential()
net.add(mx.gluon.nn.Conv2D(4, 3, activation='relu'), mx.gluon.nn.BatchNorm(), mx.gluon.nn.Dense(5))
net.initialize(mx.init.Normal(0.3))
try:
    mo_core.convert(net)
except UsageError as e:
    answer['unused'] = str(e)
net.hybridize()
outputs['y'] = net(mx.nd.array(arrays['x'])).asnumpy()
mo_core.convert(net, input='data[2,3,8,8]').save({block!r})
symbol = mx.sym.Activation(mx.sym.Variable('data'), act_type='relu')
mo_core.convert(symbol, input='data[2,3,8,8]').save({symbol!r})
"""


def test_objects_in_memory(tmp_path):
    """A Gluon block and a symbol, converted where MXNet is installed."""
    openvino = pytest.importorskip("openvino")
    x = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)
    paths = {"block": str(tmp_path / "block.xml"), "symbol": str(tmp_path / "symbol.xml")}
    answer, outputs = script(IN_MEMORY.format(**paths), x=x)
    assert "hybridize() and run it once" in answer["unused"]
    core = openvino.Core()
    for path, want in ((paths["block"], outputs["y"]), (paths["symbol"], np.maximum(x, 0))):
        compiled = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        assert_close([np.array(compiled([x])[0])], [want], 1e-5)
