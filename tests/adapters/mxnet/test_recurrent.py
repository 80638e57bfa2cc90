"""Recurrent layers, sequences of different lengths and interleaved attention, against MXNet."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.mxnet.harness import (
    Net,
    assert_close,
    check,
    check_op,
    convert,
    mxnet,
    one_op,
    run,
    run_model,
    script,
    values,
)

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def parameters(mode, features, hidden, layers, directions, projection=0):
    rows, state = GATES[mode] * hidden, projection or hidden
    size = 0
    for layer in range(layers):
        width = features if layer == 0 else state * directions
        size += directions * (rows * (width + state + 2) + projection * hidden)
    return 0.3 * values(size, seed=7)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("mode", GATES)
def test_layers(mode, directions, layers):
    states = {"h": values(layers * directions, 3, 5, seed=1)}
    if mode == "lstm":
        states["c"] = values(layers * directions, 3, 5, seed=2)
    net = Net()
    x = net.var("x")
    weights = net.var("w")
    place, _ = net.op(
        "RNN",
        x,
        weights,
        *(net.var(k) for k in states),
        name="y",
        mode=mode,
        state_size=5,
        num_layers=layers,
        bidirectional=directions == 2,
        state_outputs=True,
    )
    net.output(*((place, i) for i in range(1 + len(states))))
    check(net, {"x": values(4, 3, 6), **states}, {"w": parameters(mode, 6, 5, layers, directions)})


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("directions", [1, 2])
def test_projection(directions):
    """MXNet computes projections on other devices only, so its equations in numpy are the reference."""
    hidden, state, features = 5, 2, 6
    flat = parameters("lstm", features, hidden, 1, directions, state)
    x, h, c = values(4, 3, features), values(directions, 3, state, seed=1), values(directions, 3, hidden, seed=2)
    net = Net()
    inputs = [net.var("x"), net.var("w"), net.var("h"), net.var("c")]
    place, _ = net.op(
        "RNN",
        *inputs,
        mode="lstm",
        state_size=hidden,
        num_layers=1,
        projection_size=state,
        bidirectional=directions == 2,
        state_outputs=True,
    )
    net.output((place, 0), (place, 1), (place, 2))
    got = run(net, {"x": x, "h": h, "c": c}, {"w": flat})
    rows, at, weights = 4 * hidden, 0, []
    for _ in range(directions):
        sizes = [(rows, features), (rows, state), (state, hidden)]
        weights.append([])
        for shape in sizes:
            weights[-1].append(flat[at : at + np.prod(shape)].reshape(shape))
            at += np.prod(shape)
    outs, lasts, cells = [], [], []
    for d, (w, r, p) in enumerate(weights):
        b = flat[at : at + rows] + flat[at + rows : at + 2 * rows]
        at += 2 * rows
        hid, cell, ys = h[d], c[d], []
        for step in x if d == 0 else x[::-1]:
            i, f, g, o = np.split(step @ w.T + hid @ r.T + b, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hid = (sigmoid(o) * np.tanh(cell)) @ p.T
            ys.append(hid)
        outs.append(np.stack(ys if d == 0 else ys[::-1]))
        lasts.append(hid)
        cells.append(cell)
    want = [np.concatenate(outs, -1), np.stack(lasts), np.stack(cells)]
    assert_close(got, [v.astype(np.float32) for v in want], 2e-5)


def test_states_that_nothing_gives_are_zeros():
    net = Net()
    x, w, h = net.var("x"), net.var("w"), net.var("begin_state_0", shape="(1, 0, 5)")
    net.op("RNN", x, w, h, mode="gru", state_size=5, num_layers=1)
    feeds, params = {"x": values(4, 3, 6)}, {"w": parameters("gru", 6, 5, 1, 1)}
    want = mxnet(net, {**feeds, "begin_state_0": np.zeros((1, 3, 5), np.float32)}, params)
    assert_close(run(net, feeds, params), want)
    given = {**feeds, "begin_state_0": values(1, 3, 5)}
    assert_close(run(net, given, params), mxnet(net, given, params))


def test_states_made_by_the_network_are_spread_over_the_batch():
    net = Net()
    x, w = net.var("x"), net.var("w")
    net.op("RNN", x, w, net.op("_zeros", shape="(1, 0, 5)"), mode="gru", state_size=5, num_layers=1)
    feeds, params = {"x": values(4, 3, 6)}, {"w": parameters("gru", 6, 5, 1, 1)}
    assert_close(run(net, feeds, params), mxnet(net, feeds, params))


def test_layer_of_gluon():
    code = """
net = mx.gluon.rnn.LSTM(5, num_layers=2, bidirectional=True, layout='NTC')
net.initialize(mx.init.Normal(0.3)); net.hybridize()
x = mx.nd.array(arrays['x']); outputs['y'] = net(x).asnumpy()
import tempfile, os
with tempfile.TemporaryDirectory() as folder:
    net.export(os.path.join(folder, 'n'))
    answer['symbol'] = open(os.path.join(folder, 'n-symbol.json')).read()
    for k, v in mx.nd.load(os.path.join(folder, 'n-0000.params')).items(): outputs['p.' + k.split(':')[1]] = v.asnumpy()
"""
    x = values(3, 4, 6)
    answer, outputs = script(code, x=x)
    params = {k[2:]: v for k, v in outputs.items() if k.startswith("p.")}
    assert_close(run(answer["symbol"], {"data0": x}, params, input="data0[3,4,6]"), [outputs["y"]])


@pytest.mark.parametrize("axis", [0, 1])
def test_sequences(axis):
    x = values(4, 3, 2) if axis == 0 else values(3, 4, 2)
    lengths = {"n": np.array([1, 4, 2], np.float32)}
    check_op("SequenceMask", {"x": x, **lengths}, use_sequence_length=True, axis=axis, value=-1)
    check_op("SequenceLast", {"x": x, **lengths}, use_sequence_length=True, axis=axis)
    check_op("SequenceMask", {"x": x}, axis=axis)
    check_op("SequenceLast", {"x": x}, axis=axis)


def test_sequence_reverse():
    check_op("SequenceReverse", {"x": values(4, 3, 2), "n": np.array([1, 4, 2], np.float32)}, use_sequence_length=True)
    check_op("SequenceReverse", {"x": values(4, 3, 2)})


def test_interleaved_attention():
    qkv, att = values(5, 2, 3 * 4 * 6), np.abs(values(2 * 3, 5, 5))
    check_op("_contrib_interleaved_matmul_selfatt_qk", {"x": qkv}, heads=3, dynamic=False)
    check_op("_contrib_interleaved_matmul_selfatt_valatt", {"x": qkv, "a": att}, heads=3, dynamic=False)
    q, kv, cross = values(4, 2, 3 * 6), values(5, 2, 3 * 2 * 6), np.abs(values(2 * 3, 4, 5))
    check_op("_contrib_interleaved_matmul_encdec_qk", {"q": q, "kv": kv}, heads=3, dynamic=False)
    check_op("_contrib_interleaved_matmul_encdec_valatt", {"kv": kv, "a": cross}, heads=3, dynamic=False)


def test_interleaved_attention_with_unknown_lengths():
    net = one_op("_contrib_interleaved_matmul_selfatt_qk", {"x": values(1)}, heads=3)
    x = values(5, 2, 3 * 4 * 6)
    assert_close(run(net, {"x": x}, input="x[?,?,72]"), mxnet(net, {"x": x}))


def loops(code, **feeds):
    """Symbols that a script makes, compared with what MXNet computes from them."""
    answer, _ = script(f"d, s, w = (mx.sym.Variable(n) for n in 'dsw')\n{code}\nanswer['symbol'] = out.tojson()")
    assert_close(run(answer["symbol"], feeds), mxnet(answer["symbol"], feeds))


def test_foreach():
    code = """
o, st = mx.sym.contrib.foreach(lambda x, h: (x * h[0] + w, [h[0] + x]), d, [s])
out = mx.sym.Group([o, st[0]])
"""
    loops(code, d=values(4, 3), s=values(3), w=values(3))


def test_foreach_with_two_data_and_two_states():
    code = """
def step(xs, hs):
    a = xs[0] + hs[0]
    return [a * xs[1], a], [a, hs[1] * 0.5]
o, st = mx.sym.contrib.foreach(step, [d, d * 2], [s, s + 1])
out = mx.sym.Group(o + st)
"""
    loops(code, d=values(4, 3), s=values(3))


def test_while_loop():
    code = """
o, v = mx.sym.contrib.while_loop(lambda i, a: i <= 4, lambda i, a: ([a * w], [i + 1, mx.sym.broadcast_add(a, i)]), [s, d], max_iterations=6)
out = mx.sym.Group([v[0], v[1], mx.sym.slice_axis(o[0], axis=0, begin=0, end=4)])
"""
    loops(code, d=values(1, 3), s=np.array([1], np.float32), w=values(1, 3))


@pytest.mark.parametrize("flag", [1.0, 3.0])
def test_cond(flag):
    code = "out = mx.sym.contrib.cond(s < 2, lambda: d + w, lambda: d * w)"
    loops(code, d=values(2, 3), s=np.array([flag], np.float32), w=values(2, 3))


def test_a_layer_without_shapes():
    """The number of features follows from the number of the parameters; steps and batch stay open."""
    net = Net()
    net.op("RNN", *map(net.var, "xpsc"), mode="lstm", state_size=4, num_layers=1, name="lstm")
    params = {"p": values(144)}
    model = convert(net, params)
    assert [len(t.shape) for t in model.inputs.values()] == [3]
    x = values(5, 2, 3)
    zeros = np.zeros((1, 2, 4), np.float32)
    want = mxnet(net, {"x": x, "s": zeros, "c": zeros}, params)
    assert_close(run_model(model, {"x": x})[0], want, 1e-5)
