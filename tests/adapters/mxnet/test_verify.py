"""`mo_core.verify` asks MXNet, which may be in another environment."""

from __future__ import annotations

import numpy as np

import mo_core
from tests.adapters.mxnet.harness import PYTHON, Net, values, worker, write

W, B = values(4, 6), values(4, seed=1)


def network(folder):
    net = Net()
    x, w, b = (net.var(n) for n in ("data", "w", "b"))
    inner = net.op("FullyConnected", x, w, b, name="fc", num_hidden=4)
    net.output(net.op("SoftmaxOutput", inner, net.var("label"), name="prob"))
    return write(folder, net, {"w": W, "b": B})


def test_mxnet_is_asked_in_its_own_environment(tmp_path, monkeypatch):
    worker()  # skips where there is none
    source = network(tmp_path)
    found = mo_core.verify(source, input="data[2,6]", python=str(PYTHON))
    assert found.passed and found.reference.startswith("MXNet"), found.notes
    monkeypatch.setenv("MO_VERIFY_PYTHON", str(PYTHON))
    found = mo_core.verify(source, input="data[2,6]", output="fc")
    assert found.passed and found.reference.startswith("MXNet"), found.notes
    ir = mo_core.convert(source, input="data[2,6]").save(tmp_path / "net.xml")
    weights = np.fromfile(ir.with_suffix(".bin"), np.float32)
    weights[0] += 0.1
    weights.tofile(ir.with_suffix(".bin"))
    found = mo_core.verify(source, ir, input="data[2,6]")
    assert [o.name for o in found.outputs if not o.passed] == ["prob"]


def test_without_mxnet_the_evaluator_computes_the_network(tmp_path, monkeypatch):
    monkeypatch.delenv("MO_VERIFY_PYTHON", raising=False)
    found = mo_core.verify(network(tmp_path), input="data[2,6]")
    assert found.passed and found.reference.startswith("mo's own evaluator")
    assert 'pip install "mo-mxnet[verify]"' in found.notes[0]
