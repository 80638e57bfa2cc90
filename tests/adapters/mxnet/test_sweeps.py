"""Parameters of the commonest operators, in all their combinations that a file may have, against MXNet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.adapters.mxnet.harness import Net, check, check_op, integers, positive, values


def product(possible=lambda case: True, **choices):
    """Every combination of the choices that is possible, as attributes."""
    return [c for each in itertools.product(*choices.values()) if possible(c := dict(zip(choices, each)))]


def named(cases):
    """Cases with names that tell their attributes."""
    return [pytest.param(c, id=" ".join(f"{k}={v}" for k, v in c.items()).replace(" ", "")[:120]) for c in cases]


def given(case):
    """The attributes of a case without those that stand for nothing."""
    return {k: v for k, v in case.items() if v is not None}


# -- windows


@pytest.mark.parametrize(
    "case",
    named(product(axes=[1, 2, 3], stride=[1, 2], pad=[0, 1], dilate=[1, 2], num_group=[1, 2])),
)
def test_convolution(case):
    axes = case["axes"]
    no_bias = case["pad"] == 0
    params = {"w": values(4, 4 // case["num_group"], *[3] * axes)} | ({} if no_bias else {"b": values(4)})
    attributes = {k: (case[k],) * axes for k in ("stride", "pad", "dilate")}
    check_op(
        "Convolution",
        {"x": values(2, 4, *[7, 6, 5][:axes])},
        params,
        kernel=(3,) * axes,
        num_filter=4,
        num_group=case["num_group"],
        no_bias=no_bias,
        dynamic=axes == 2,
        rtol=3e-5,
        **attributes,
    )


@pytest.mark.parametrize(
    "case",
    named(
        product(
            lambda c: c["adj"] < c["stride"] and (c["axes"] == 2 or c["num_group"] == 1),
            axes=[1, 2],
            stride=[1, 2, 3],
            pad=[0, 1],
            adj=[0, 1],
            dilate=[1, 2],
            num_group=[1, 2],
        )
    ),
)
def test_deconvolution(case):
    axes = case["axes"]
    check_op(
        "Deconvolution",
        {"x": values(1, 4, *[5, 4][:axes])},
        {"w": values(4, 4 // case["num_group"], *[3] * axes)},
        kernel=(3,) * axes,
        num_filter=4,
        num_group=case["num_group"],
        no_bias=True,
        dynamic=False,
        rtol=3e-5,
        **{k: (case[k],) * axes for k in ("stride", "pad", "dilate", "adj")},
    )


def _is_pooling(case):
    """Whether padding counts is asked for means only; a mean of a window that is all padding is nothing for MXNet."""
    counts = case["count_include_pad"]
    return counts is None or (case["pool_type"] == "avg" and (counts or case["stride"] < 3))


@pytest.mark.parametrize(
    "case",
    named(
        product(
            _is_pooling,
            pool_type=["max", "avg", "sum", "lp"],
            pooling_convention=["valid", "full"],
            count_include_pad=[None, True, False],
            stride=[1, 2, 3],
            pad=[0, 1],
        )
    ),
)
def test_pooling(case):
    attributes = {**given(case), "stride": (case["stride"],) * 2, "pad": (case["pad"],) * 2}
    if case["pool_type"] == "lp":
        attributes["p_value"] = 2
    check_op("Pooling", {"x": values(1, 2, 8, 7)}, kernel=(3, 3), dynamic=False, rtol=3e-5, **attributes)


@pytest.mark.parametrize("case", named(product(axes=[1, 2, 3], pool_type=["max", "avg"], whole=[True, False])))
def test_pooling_of_all_ranks(case):
    axes = case["axes"]
    attributes = {"global_pool": True} if case["whole"] else {"kernel": (2,) * axes, "stride": (2,) * axes}
    check_op("Pooling", {"x": values(2, 3, *[6, 5, 4][:axes])}, pool_type=case["pool_type"], **attributes)


@pytest.mark.parametrize("case", named(product(layout=["NHWC"], pool_type=["max", "avg"], stride=[1, 2])))
def test_pooling_with_channels_last(case):
    attributes = {**case, "stride": (case["stride"],) * 2}
    check_op("Pooling", {"x": values(2, 6, 5, 3)}, kernel=(2, 2), **attributes)


@pytest.mark.parametrize("case", named(product(scale=[2, 3, 4], channels=[1, 3], size=[1, 5])))
def test_up_sampling(case):
    x = {"x": values(2, case["channels"], case["size"], case["size"] + 1)}
    check_op("UpSampling", x, scale=case["scale"], sample_type="nearest", num_args=1)


# -- axes


@pytest.mark.parametrize("op", ["sum", "mean", "prod", "max", "min", "nansum", "nanprod"])
@pytest.mark.parametrize(
    "case",
    named(
        product(
            lambda c: c["axis"] is not None or not c["exclude"],
            axis=[None, -1, (-1, 0)],
            keepdims=[True, False],
            exclude=[True, False],
        )
    ),
)
def test_reductions(op, case):
    check_op(op, {"x": values(2, 3, 4)}, rtol=3e-5, dynamic=False, **given(case))


@pytest.mark.parametrize("op", ["_np_sum", "_npi_mean", "_np_max", "_np_min", "_np_prod", "_npi_std", "_npi_var"])
@pytest.mark.parametrize("case", named(product(axis=[None, (1,), (-1,), (0, 2)], keepdims=[True, False])))
def test_reductions_of_numpy(op, case):
    check_op(op, {"x": values(2, 3, 4)}, numpy=True, rtol=3e-5, dynamic=False, **given(case))


@pytest.mark.parametrize("op", ["argmax", "argmin"])
@pytest.mark.parametrize("case", named(product(axis=[None, 0, 1, -1], keepdims=[True, False])))
def test_places_of_extremes(op, case):
    check_op(op, {"x": values(2, 3, 4)}, dynamic=False, **given(case))


@pytest.mark.parametrize(
    "case",
    named(
        product(
            lambda c: c["ord"] == 2 or not isinstance(c["axis"], tuple),
            ord=[1, 2],
            axis=[None, 0, -1, (0, 1), (1, 2)],
            keepdims=[True, False],
        )
    ),
)
def test_norms(case):
    check_op("norm", {"x": values(2, 3, 4)}, rtol=3e-5, dynamic=False, **given(case))


@pytest.mark.parametrize("op", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("case", named(product(axis=[0, 1, 2, -1, -2], temperature=[None, 2.0])))
def test_softmax(op, case):
    check_op(op, {"x": values(2, 3, 4)}, rtol=2e-5, **given(case))


@pytest.mark.parametrize("op", ["topk"])
@pytest.mark.parametrize(
    "case",
    named(
        product(
            lambda c: c["ret_typ"] in ("indices", "both") or c["dtype"] == "float32",
            ret_typ=["value", "indices", "mask", "both"],
            axis=[0, -1, None],
            k=[1, 2],
            is_ascend=[True, False],
            dtype=["float32", "int32"],
        )
    ),
)
def test_topk(op, case):
    outputs = 2 if case["ret_typ"] == "both" else 1
    attributes = {**given(case), **({"axis": None} if case["axis"] is None else {})}
    check_op(op, {"x": values(3, 4, 5)}, outputs=outputs, dynamic=False, **attributes)


@pytest.mark.parametrize("op", ["sort", "argsort"])
@pytest.mark.parametrize("case", named(product(axis=[0, 1, -1, "None"], is_ascend=[True, False])))
def test_sorting(op, case):
    check_op(op, {"x": values(3, 4, 5)}, dynamic=False, **case)


@pytest.mark.parametrize("use_sequence_length", [True, False])
@pytest.mark.parametrize(
    ("op", "axis"),
    [("SequenceMask", 0), ("SequenceMask", 1), ("SequenceLast", 0), ("SequenceLast", 1), ("SequenceReverse", 0)],
)
def test_sequences(op, axis, use_sequence_length):
    case = {"axis": axis, "use_sequence_length": use_sequence_length}
    x = values(4, 3, 5)
    lengths = {"n": np.array([1, 3, 2] if case["axis"] == 0 else [1, 3, 2, 2], np.float32)}
    feeds = {"x": x, **(lengths if case["use_sequence_length"] else {})}
    check_op(op, feeds, **case, **({"value": -1.5} if op == "SequenceMask" else {}))


# -- shapes


SHAPES = [
    (-1,),
    (0, -1),
    (0, 0, -1),
    (-1, 0),
    (6, 20),
    (-2,),
    (-3, -3),
    (0, 0, -3),
    (0, 1, 0, -1),
    (-3, 0, -1),
]
ONE_WAY = [(-3, -2), (0, -2), (0, -3, 0), (-4, 1, 2, -2), (-4, -1, 2, -2), (0, -4, -1, 3, -2), (0, -4, 3, 1, -2)]
"""MXNet refuses these from the other end."""


@pytest.mark.parametrize(
    ("shape", "reverse"), [*((s, r) for s in SHAPES for r in (False, True)), *((s, False) for s in ONE_WAY)]
)
def test_reshape(shape, reverse):
    check_op("Reshape", {"x": values(2, 3, 4, 5)}, shape=shape, reverse=reverse)


FORWARD = product(begin=[0, 1, None, -3], end=[None, 3, -1], step=[None, 1, 2])
BACKWARD = product(begin=[None, 3, -2], end=[None, 0, -4], step=[-1, -2])


@pytest.mark.parametrize("case", named([*FORWARD, *BACKWARD]))
def test_slice(case):
    attributes = {k: (None, v) for k, v in case.items()}
    check_op("slice", {"x": values(3, 5)}, **attributes)


@pytest.mark.parametrize("case", named(product(axis=[0, 1, -1, -2], begin=[0, 1, -2], end=[None, -1, 3])))
def test_slice_axis(case):
    end = "None" if case["end"] is None else case["end"]
    check_op("slice_axis", {"x": values(4, 4, 4)}, axis=case["axis"], begin=case["begin"], end=end)


@pytest.mark.parametrize(
    "case",
    named(
        product(
            lambda c: c["num_outputs"] == 4 or not c["squeeze_axis"],
            num_outputs=[1, 2, 4],
            axis=[0, 1, -1],
            squeeze_axis=[True, False],
        )
    ),
)
def test_split(case):
    check_op("SliceChannel", {"x": values(4, 4, 4)}, outputs=case["num_outputs"], dynamic=False, **case)


@pytest.mark.parametrize(
    "case", named(product(mode=["constant", "edge", "reflect"], width=[(1, 2, 2, 1), (0, 1, 0, 0)]))
)
def test_pad(case):
    number = {"constant_value": 2.5} if case["mode"] == "constant" else {}
    check_op("Pad", {"x": values(1, 2, 4, 5)}, mode=case["mode"], pad_width=(0, 0, 0, 0, *case["width"]), **number)


@pytest.mark.parametrize("case", named(product(reps=[(2,), (1, 2), (2, 1, 3), (1, 1, 2, 2)])))
def test_tile(case):
    check_op("tile", {"x": values(2, 3)}, **case)


@pytest.mark.parametrize("case", named(product(repeats=[1, 2, 3], axis=[None, 0, 1, -1])))
def test_repeat(case):
    check_op("repeat", {"x": values(2, 3)}, dynamic=False, **given(case))


# -- indices and element types


@pytest.mark.parametrize(
    "case", named(product(axis=[0, 1, -1], mode=["clip", "wrap"], kind=["float32", "int32", "int64"]))
)
def test_take(case):
    feeds = {"x": values(4, 5), "i": np.array([[0, 3], [-1, 7]]).astype(case["kind"])}
    check_op("take", feeds, axis=case["axis"], mode=case["mode"])


@pytest.mark.parametrize("case", named(product(axis=[0, 1, -1], keepdims=[True, False], mode=["clip", "wrap"])))
def test_pick(case):
    feeds = {"x": values(3, 4), "i": integers(0, 3, 4 if case["axis"] == 0 else 3)}
    check_op("pick", feeds, **case)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "int8", "uint8", "int64"])
@pytest.mark.parametrize("source", [np.float32, np.int32, np.uint8])
def test_cast(source, dtype):
    check_op("Cast", {"x": integers(0, 100, 2, 3, dtype=source)}, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64, np.uint8])
@pytest.mark.parametrize(
    "op", ["elemwise_add", "elemwise_sub", "elemwise_mul", "broadcast_maximum", "broadcast_minimum"]
)
def test_arithmetic_by_type(op, dtype):
    feeds = {"a": integers(4, 9, 2, 3, dtype=dtype), "b": integers(0, 4, 2, 3, seed=1, dtype=dtype)}
    check_op(op, feeds)


@pytest.mark.parametrize(
    "op", ["broadcast_equal", "broadcast_greater", "broadcast_lesser_equal", "broadcast_logical_and"]
)
@pytest.mark.parametrize("shapes", [((2, 3), (1, 3)), ((2, 1, 4), (1, 3, 1)), ((1,), (1,))])
def test_broadcast_comparisons(op, shapes):
    check_op(op, {"a": integers(0, 3, *shapes[0]), "b": integers(0, 3, *shapes[1], seed=1)})


SCALARS = ["_plus_scalar", "_minus_scalar", "_rminus_scalar", "_mul_scalar", "_maximum_scalar", "_greater_scalar"]


@pytest.mark.parametrize(("dtype", "scalar"), [(np.float32, 0), (np.float32, -1.5), (np.int32, 0), (np.int32, 2)])
@pytest.mark.parametrize("op", SCALARS)
def test_scalars(op, dtype, scalar):
    check_op(op, {"x": integers(1, 5, 2, 3, dtype=dtype)}, scalar=scalar)


@pytest.mark.parametrize("scalar", [0, 2, -1.5, 0.5])
@pytest.mark.parametrize("op", ["_power_scalar", "_rpower_scalar", "_div_scalar", "_rdiv_scalar", "_mod_scalar"])
def test_scalars_with_real_numbers(op, scalar):
    if op in ("_div_scalar", "_mod_scalar"):
        scalar = scalar or 3.0
    check_op(op, {"x": positive(2, 3)}, scalar=abs(scalar) if op == "_rpower_scalar" else scalar, rtol=2e-5)


# -- activations


@pytest.mark.parametrize(
    "case", named(product(act_type=["leaky", "elu", "selu", "gelu", "rrelu"], slope=[0.1, 0.25, 1.0]))
)
@pytest.mark.parametrize("rank", [2, 4])
def test_leaky_family(case, rank):
    check_op("LeakyReLU", {"x": values(2, 3, 4, 5)[(0,) * (4 - rank)]}, rtol=2e-5, **case)


@pytest.mark.parametrize("rank", [2, 3, 4, 5])
@pytest.mark.parametrize("size", [1, 3])
def test_prelu(rank, size):
    x = values(2, 3, *[4, 3, 2][: rank - 2])
    check_op("LeakyReLU", {"x": x}, {"g": positive(size)}, act_type="prelu", dynamic=False)


@pytest.mark.parametrize("act_type", ["relu", "sigmoid", "tanh", "softrelu", "softsign"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_activations(act_type, dtype):
    x = values(2, 3, 4).astype(dtype)
    check_op("Activation", {"x": x}, act_type=act_type, rtol=2e-5 if dtype is np.float32 else 2e-3)


# -- normalisation


@pytest.mark.parametrize("case", named(product(fix_gamma=[True, False], axis=[1, -1, 2], eps=[1e-3, 2e-5])))
def test_batch_norm(case):
    shape = (2, 3, 4, 5)
    channels = shape[case["axis"]]
    params = {k: values(channels, seed=i) for i, k in enumerate("gbm")} | {"v": positive(channels)}
    if case["fix_gamma"]:
        params["g"] = np.ones(channels, np.float32)  # MXNet writes them over
    check_op("BatchNorm", {"x": values(*shape)}, params, rtol=3e-5, dynamic=False, **case)


@pytest.mark.parametrize("case", named(product(axis=[-1, 1, 2], eps=[1e-5, 1e-2])))
def test_layer_norm(case):
    channels = (2, 3, 4)[case["axis"]]
    params = {"g": values(channels), "b": values(channels, seed=1)}
    check_op("LayerNorm", {"x": values(2, 3, 4)}, params, rtol=3e-5, dynamic=False, **case)


@pytest.mark.parametrize(
    "case", named(product(mode=["instance", "channel", "spatial"], shape=[(2, 3, 4), (2, 3, 4, 5)]))
)
def test_l2_normalization(case):
    check_op("L2Normalization", {"x": values(*case["shape"])}, mode=case["mode"], rtol=3e-5)


@pytest.mark.parametrize("case", named(product(nsize=[3, 5], alpha=[1e-4, 0.1], beta=[0.75], knorm=[1, 2])))
def test_lrn(case):
    check_op("LRN", {"x": values(2, 7, 3, 4)}, rtol=3e-5, dynamic=False, **case)


# -- products


@pytest.mark.parametrize("case", named(product(flatten=[True, False], no_bias=[True, False], rank=[2, 3, 4])))
def test_fully_connected(case):
    shape = (2, 3, 4, 5)[: case["rank"]]
    width = int(np.prod(shape[1:])) if case["flatten"] else shape[-1]
    params = {"w": values(6, width)} | ({} if case["no_bias"] else {"b": values(6)})
    attributes = {"num_hidden": 6, "flatten": case["flatten"], "no_bias": case["no_bias"]}
    check_op("FullyConnected", {"x": values(*shape)}, params, rtol=3e-5, dynamic=False, **attributes)


@pytest.mark.parametrize("case", named(product(transpose_a=[True, False], transpose_b=[True, False])))
@pytest.mark.parametrize("op", ["dot", "batch_dot"])
def test_dot(op, case):
    batch = (2,) if op == "batch_dot" else ()
    a = values(*batch, *((4, 3) if case["transpose_a"] else (3, 4)))
    b = values(*batch, *((5, 4) if case["transpose_b"] else (4, 5)), seed=1)
    check_op(op, {"a": a, "b": b}, rtol=2e-5, **case)


# -- recurrent layers


@pytest.mark.parametrize(
    "case", named(product(mode=["lstm", "gru", "rnn_tanh", "rnn_relu"], bidirectional=[True, False], num_layers=[1, 3]))
)
def test_recurrent_layers(case):
    directions, hidden, features = 1 + case["bidirectional"], 4, 3
    gates = {"lstm": 4, "gru": 3}.get(case["mode"], 1) * hidden
    count = sum(
        directions * gates * ((features if layer == 0 else hidden * directions) + hidden + 2)
        for layer in range(case["num_layers"])
    )
    states = {"h": values(case["num_layers"] * directions, 2, hidden, seed=1)}
    if case["mode"] == "lstm":
        states["c"] = values(case["num_layers"] * directions, 2, hidden, seed=2)
    net = Net()
    place, _ = net.op(
        "RNN", net.var("x"), net.var("p"), *map(net.var, states), state_size=hidden, state_outputs=True, **case
    )
    net.output(*((place, i) for i in range(1 + len(states))))
    check(net, {"x": values(5, 2, features), **states}, {"p": 0.3 * values(count, seed=3)}, rtol=3e-5, dynamic=False)
