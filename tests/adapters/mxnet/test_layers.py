"""Layers with windows, learned inputs and statistics, against MXNet."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.mxnet.harness import (
    Net,
    assert_close,
    check,
    check_op,
    integers,
    mxnet,
    one_op,
    positive,
    run,
    values,
)

IMAGE = {"data": values(2, 4, 9, 8)}


@pytest.mark.parametrize("act_type", "relu sigmoid tanh softrelu softsign".split())
def test_activation(act_type):
    check_op("Activation", IMAGE, act_type=act_type)


@pytest.mark.parametrize("act_type", "leaky elu selu gelu rrelu".split())
def test_leaky_relu(act_type):
    check_op("LeakyReLU", IMAGE, act_type=act_type, slope=0.3)


@pytest.mark.parametrize("rank", [2, 3, 4, 5])
@pytest.mark.parametrize("count", [1, 4])
def test_prelu(rank, count):
    data = values(*(2, 4, 5, 3, 2)[:rank])
    check_op("LeakyReLU", {"data": data}, {"y_gamma": values(count)}, act_type="prelu")


def test_hard_sigmoid():
    check_op("hard_sigmoid", IMAGE)
    check_op("hard_sigmoid", IMAGE, alpha=0.3, beta=0.4)


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("op", ["softmax", "log_softmax", "softmin"])
def test_softmax(op, axis):
    check_op(op, IMAGE, axis=axis)
    check_op(op, IMAGE, axis=axis, temperature=2.5)


@pytest.mark.parametrize("axis", [1, 2])
def test_softmax_of_sequences(axis):
    lengths = integers(1, 5, 3, 6 if axis == 1 else 5, dtype=np.int32)
    check_op("softmax", {"data": values(3, 5, 6), "length": lengths}, axis=axis, use_length=True)


@pytest.mark.parametrize("mode", ["instance", "channel"])
def test_softmax_activation(mode):
    check_op("SoftmaxActivation", IMAGE, mode=mode)


@pytest.mark.parametrize("attributes", [{}, {"multi_output": True}, {"preserve_shape": True}])
def test_softmax_output(attributes):
    labels = np.zeros((2, 9, 8) if attributes.get("multi_output") else (2, 4, 9), np.float32)
    net = one_op("SoftmaxOutput", {"data": IMAGE["data"], "label": labels}, **attributes)
    assert_close(run(net, IMAGE), mxnet(net, {**IMAGE, "label": labels}))


@pytest.mark.parametrize("op", "LinearRegressionOutput LogisticRegressionOutput MAERegressionOutput SVMOutput".split())
def test_regression(op):
    data = {"data": values(3, 4)}
    label = np.zeros((3,) if op == "SVMOutput" else (3, 4), np.float32)
    net = one_op(op, {**data, "label": label})
    assert_close(run(net, data), mxnet(net, {**data, "label": label}))


def test_softmax_cross_entropy():
    check_op("softmax_cross_entropy", {"data": values(3, 5), "label": integers(0, 5, 3)})


def test_clip():
    check_op("clip", IMAGE, a_min=-0.5, a_max=0.75)
    check_op("clip", {"data": integers(-9, 9, 20, dtype=np.int32)}, a_min=-3, a_max=4)


# -- convolutions


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_convolution(axes, groups, bias):
    data = values(2, 4, *(9, 8, 7)[:axes])
    params = {"weight": values(6, 4 // groups, *(3, 2, 3)[:axes], seed=1)}
    if bias:
        params["bias"] = values(6, seed=2)
    check_op(
        "Convolution",
        {"data": data},
        params,
        kernel=(3, 2, 3)[:axes],
        stride=(2, 1, 2)[:axes],
        pad=(1, 0, 2)[:axes],
        dilate=(1, 2, 1)[:axes],
        num_filter=6,
        num_group=groups,
        no_bias=not bias,
        rtol=2e-5,
    )


def test_convolution_by_default():
    check_op("Convolution", IMAGE, {"w": values(3, 4, 3, 3), "b": values(3)}, kernel=(3, 3), num_filter=3, rtol=2e-5)


def test_convolution_with_channels_last():
    data, weight, bias = values(2, 9, 8, 4), values(6, 3, 3, 4), values(6)
    net = one_op("Convolution", {"data": data}, {"w": weight, "b": bias}, kernel=(3, 3), num_filter=6, layout="NHWC")
    first = one_op("Convolution", {"data": data}, {"w": weight, "b": bias}, kernel=(3, 3), num_filter=6)
    want = mxnet(first, {"data": data.transpose(0, 3, 1, 2)}, {"w": weight.transpose(0, 3, 1, 2), "b": bias})
    assert_close(run(net, {"data": data}, {"w": weight, "b": bias}), [want[0].transpose(0, 2, 3, 1)], 2e-5)


def test_convolution_of_data_as_filters():
    check_op(
        "Convolution",
        {"data": values(1, 4, 9, 9), "w": values(3, 4, 3, 3)},
        kernel=(3, 3),
        num_filter=3,
        no_bias=True,
        dynamic=False,
        rtol=2e-5,
    )


DECONVOLUTIONS = [
    {},
    {"stride": (2, 3), "pad": (1, 0)},
    {"stride": (2, 3), "pad": (1, 1), "adj": (1, 2)},
    {"stride": (2, 2), "dilate": (2, 1), "pad": (1, 1)},
    {"num_group": 2, "stride": (2, 2)},
]


@pytest.mark.parametrize("attributes", DECONVOLUTIONS)
def test_deconvolution(attributes):
    groups = attributes.get("num_group", 1)
    params = {"w": values(4, 6 // groups, 3, 3, seed=1), "b": values(6, seed=2)}
    check_op("Deconvolution", IMAGE, params, kernel=(3, 3), num_filter=6, no_bias=False, rtol=2e-5, **attributes)


TARGETS = [
    ((17, 16), (1, 1), (0, 1)),
    ((18, 15), (1, 1), (1, 0)),
    ((19, 17), (0, 0), (0, 0)),
    ((15, 14), (2, 2), (0, 1)),
]


@pytest.mark.parametrize(("target", "pad", "adj"), TARGETS)
def test_deconvolution_to_a_size_is_one_with_the_paddings_that_follow(target, pad, adj):
    """MXNet's back-end for the processor refuses `target_shape`, though the paddings are those it computes itself."""
    params = {"w": values(4, 6, 3, 3, seed=1)}
    common = {"kernel": (3, 3), "stride": (2, 2), "num_filter": 6}
    want = mxnet(one_op("Deconvolution", IMAGE, params, pad=pad, adj=adj, **common), IMAGE, params)
    net = one_op("Deconvolution", IMAGE, params, target_shape=target, pad=(7, 7), adj=(1, 1), **common)
    assert_close(run(net, IMAGE, params), want, 2e-5)
    assert_close(run(net, IMAGE, params, dynamic=True), want, 2e-5)


@pytest.mark.parametrize("axes", [1, 3])
def test_deconvolution_over_other_axes(axes):
    data = values(2, 4, *(5, 4, 3)[:axes])
    weight = {"w": values(4, 3, *(3, 2, 3)[:axes])}
    check_op(
        "Deconvolution",
        {"data": data},
        weight,
        kernel=(3, 2, 3)[:axes],
        stride=(2, 1, 2)[:axes],
        num_filter=3,
        rtol=2e-5,
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_deformable_convolution(groups):
    feeds = {"data": values(2, 4, 7, 6), "offset": values(2, 2 * 9 * groups, 7, 6, seed=1)}
    params = {"w": values(6, 4, 3, 3, seed=2), "b": values(6, seed=3)}
    attributes = {"kernel": (3, 3), "pad": (1, 1), "num_filter": 6, "num_deformable_group": groups}
    check_op("_contrib_DeformableConvolution", feeds, params, rtol=3e-5, **attributes)
    mask = {"mask": positive(2, 9 * groups, 7, 6)}
    check_op("_contrib_ModulatedDeformableConvolution", {**feeds, **mask}, params, rtol=3e-5, **attributes)


# -- pooling


@pytest.mark.parametrize("convention", ["valid", "full"])
@pytest.mark.parametrize("pool_type", ["max", "avg", "sum", "lp"])
@pytest.mark.parametrize("pad", [(0, 0), (1, 1)])
def test_pooling(pool_type, convention, pad):
    attributes = {
        "kernel": (3, 2),
        "stride": (2, 2),
        "pad": pad,
        "pool_type": pool_type,
        "p_value": 2 if pool_type == "lp" else ...,
    }
    check_op(
        "Pooling",
        {"data": positive(2, 4, 9, 7)},
        pooling_convention=convention,
        dynamic=convention == "valid",
        **attributes,
    )


@pytest.mark.parametrize("convention", ["valid", "full"])
@pytest.mark.parametrize("size", [8, 9, 10])
@pytest.mark.parametrize("counted", [True, False])
def test_mean_pooling_counts_padding_or_not(counted, size, convention):
    attributes = {
        "kernel": (3, 3),
        "stride": (2, 2),
        "pad": (1, 1),
        "pool_type": "avg",
        "pooling_convention": convention,
    }
    check_op("Pooling", {"data": positive(2, 4, size, size)}, count_include_pad=counted, **attributes)


@pytest.mark.parametrize("axes", [1, 3])
@pytest.mark.parametrize("pool_type", ["max", "avg"])
def test_pooling_over_other_axes(axes, pool_type):
    data = {"data": values(2, 4, *(9, 8, 7)[:axes])}
    check_op("Pooling", data, kernel=(3,) * axes, stride=(2,) * axes, pad=(1,) * axes, pool_type=pool_type)


def test_pooling_with_stride_of_one_by_default():
    check_op("Pooling", IMAGE, kernel=(2, 2))


def test_pooling_of_the_same_size():
    """MXNet's own kernel for it reads beyond its attributes, so numpy is the reference."""
    data = values(2, 4, 9)
    net = one_op("Pooling", {"data": data}, kernel=(3,), stride=(2,), pooling_convention="same")
    padded = np.pad(data, [(0, 0), (0, 0), (0, 2)], constant_values=-np.inf)
    assert_close(run(net, {"data": data}), [np.stack([padded[..., i : i + 3].max(-1) for i in range(0, 9, 2)], -1)])


@pytest.mark.parametrize("pool_type", ["max", "avg"])
def test_pooling_with_channels_last(pool_type):
    check_op("Pooling", {"data": values(2, 9, 8, 4)}, kernel=(3, 3), stride=(2, 2), pool_type=pool_type, layout="NHWC")


@pytest.mark.parametrize("pool_type", ["max", "avg", "sum"])
def test_pooling_of_whole_images(pool_type):
    check_op("Pooling", IMAGE, kernel=(1, 1), global_pool=True, pool_type=pool_type)


@pytest.mark.parametrize("output_size", [..., 1, (3, 2), (4, 5)])
def test_adaptive_pooling(output_size):
    check_op("_contrib_AdaptiveAvgPooling2D", {"data": values(2, 4, 9, 8)}, output_size=output_size)


# -- normalisation


def statistics(channels):
    return {
        "gamma": positive(channels),
        "beta": values(channels),
        "moving_mean": values(channels, seed=1),
        "moving_var": positive(channels, seed=2),
    }


@pytest.mark.parametrize("fix_gamma", [True, False, ...])
@pytest.mark.parametrize("rank", [2, 3, 4, 5])
def test_batch_norm(rank, fix_gamma):
    check_op("BatchNorm", {"data": values(*(2, 4, 5, 3, 2)[:rank])}, statistics(4), fix_gamma=fix_gamma, rtol=2e-5)


@pytest.mark.parametrize("axis", [-1, 2, 0])
def test_batch_norm_along_another_axis(axis):
    check_op(
        "BatchNorm",
        {"data": values(3, 4, 5, 6)},
        statistics((3, 4, 5, 6)[axis]),
        axis=axis,
        fix_gamma=False,
        eps=1e-2,
        rtol=2e-5,
    )


def test_batch_norm_without_files_of_its_own_statistics_before_version_9():
    net = Net(version=800)
    net.op("BatchNorm", net.var("data"), net.var("bn_gamma"), net.var("bn_beta"), name="bn", fix_gamma=False)
    named = {f"bn_{k}": v for k, v in statistics(4).items()}
    new = Net()
    new.op("BatchNorm", new.var("data"), *(new.var(k) for k in named), name="bn", fix_gamma=False)
    assert_close(run(net, IMAGE, named), mxnet(new, IMAGE, named), 2e-5)


def test_layer_norm():
    check_op("LayerNorm", IMAGE, {"g": positive(8), "b": values(8)}, rtol=2e-5)
    check_op("LayerNorm", IMAGE, {"g": positive(4), "b": values(4)}, axis=1, eps=1e-3, rtol=2e-5)


def test_layer_norm_with_its_statistics():
    net = one_op("LayerNorm", IMAGE, {"g": positive(8), "b": values(8)}, outputs=3, output_mean_var=True)
    check(net, IMAGE, {"g": positive(8), "b": values(8)}, rtol=2e-5)


def test_group_norm():
    check_op("GroupNorm", IMAGE, {"g": positive(2), "b": values(2)}, num_groups=2, rtol=2e-5, dynamic=False)
    check_op("GroupNorm", IMAGE, {"g": positive(4), "b": values(4)}, num_groups=4, rtol=2e-5, dynamic=False)


@pytest.mark.parametrize("rank", [3, 4])
def test_instance_norm(rank):
    check_op("InstanceNorm", {"data": values(*(2, 4, 9, 8)[:rank])}, {"g": positive(4), "b": values(4)}, rtol=2e-5)


@pytest.mark.parametrize("mode", ["instance", "channel", "spatial"])
def test_l2_normalization(mode):
    check_op("L2Normalization", IMAGE, mode=mode, rtol=2e-5)


@pytest.mark.parametrize("nsize", [3, 5])
def test_lrn(nsize):
    check_op("LRN", IMAGE, nsize=nsize, alpha=0.01, beta=0.6, knorm=1.5, rtol=2e-5)


def test_moments():
    check_op("moments", IMAGE, outputs=2, axes=(0, 2, 3), rtol=2e-5)
    check_op("moments", IMAGE, outputs=2, axes=(1,), keepdims=True, rtol=2e-5)


# -- products


@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_fully_connected(flatten, bias):
    params = {"w": values(5, 6 * 7 if flatten else 7, seed=1), **({"b": values(5)} if bias else {})}
    check_op(
        "FullyConnected", {"data": values(3, 6, 7)}, params, num_hidden=5, flatten=flatten, no_bias=not bias, rtol=2e-5
    )


@pytest.mark.parametrize("a", [True, False])
@pytest.mark.parametrize("b", [True, False])
def test_dot(a, b):
    check_op(
        "batch_dot",
        {"a": values(2, 3, 4) if not a else values(2, 4, 3), "b": values(2, 4, 5) if not b else values(2, 5, 4)},
        transpose_a=a,
        transpose_b=b,
    )
    check_op(
        "dot",
        {"a": values(3, 4) if not a else values(4, 3), "b": values(4, 5) if not b else values(5, 4)},
        transpose_a=a,
        transpose_b=b,
    )
    check_op(
        "dot",
        {"a": values(2, 3, 4) if not a else values(4, 2, 3), "b": values(4, 5, 2) if not b else values(5, 2, 4)},
        transpose_a=a,
        transpose_b=b,
    )


def test_dot_of_vectors():
    check_op("dot", {"a": values(4), "b": values(4, seed=1)})


@pytest.mark.parametrize(
    "shapes", [((4,), (4,)), ((3, 4), (4,)), ((3, 4), (4, 5)), ((2, 3, 4), (4,)), ((2, 3, 4), (6, 4, 5))]
)
def test_dot_of_the_numpy_interface(shapes):
    check_op("_np_dot", {"a": values(*shapes[0]), "b": values(*shapes[1], seed=1)}, numpy=True, rtol=2e-5)


def test_matmul():
    check_op("_npi_matmul", {"a": values(2, 3, 4), "b": values(4, 5)}, numpy=True)


def test_tensordot():
    pair = {"a": values(2, 3, 4), "b": values(4, 3, 5)}
    check_op("_npi_tensordot", pair, numpy=True, a_axes_summed=(1, 2), b_axes_summed=(1, 0), rtol=2e-5)
    check_op("_npi_tensordot_int_axes", {"a": values(2, 3, 4), "b": values(3, 4, 5)}, numpy=True, axes=2, rtol=2e-5)


def test_einsum():
    check_op(
        "_npi_einsum", {"a": values(2, 3, 4), "b": values(2, 4, 5)}, numpy=True, num_args=2, subscripts="bij, bjk->bik"
    )


def test_gemm():
    feeds = {"a": values(2, 4, 3), "b": values(2, 4, 5), "c": values(2, 3, 5)}
    check_op("_linalg_gemm", feeds, transpose_a=True, alpha=2.0, beta=0.5, rtol=2e-5)
    check_op("_linalg_gemm2", {"a": feeds["a"], "b": feeds["b"]}, transpose_a=True, alpha=2.0, rtol=2e-5)
    check_op("_linalg_gemm2", {"a": values(4, 2, 3), "b": values(3, 2, 5)}, axis=0, rtol=2e-5)


@pytest.mark.parametrize("transpose", [True, False])
def test_syrk(transpose):
    check_op("_linalg_syrk", {"a": values(2, 3, 4)}, transpose=transpose, alpha=1.5, rtol=2e-5)


def test_khatri_rao():
    check_op("khatri_rao", {"a": values(2, 4), "b": values(3, 4), "c": values(2, 4, seed=3)}, num_args=3)
