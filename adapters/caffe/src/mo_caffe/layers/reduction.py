"""Softmax, sums and maxima along axes."""

from __future__ import annotations

from mo_caffe.layers.arithmetic import scaled
from mo_caffe.registry import caffe_layer
from mo_core import types as t
from mo_core.build import concat, flatten, integer, ints, to_element, unsqueeze
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import Multiply, ReduceL1, ReduceMean, ReduceSum, Softmax, TopK

_REDUCTIONS = {"SUM": ReduceSum, "ASUM": ReduceL1, "MEAN": ReduceMean}


@caffe_layer("Softmax", "softmax_param")
@caffe_layer("SoftmaxWithLoss", "softmax_param", ignore=("ignore_label", "normalize", "normalization"))
def softmax(x: Value, *, axis: int = 1) -> Value:
    return Softmax(x, axis=t.normalize_axis(axis, x.rank) if x.shape is not None else axis)


@caffe_layer("Reduction", "reduction_param")
def reduction(x: Value, *, operation: str = "SUM", axis: int = 0, coeff: float = 1.0) -> Value:
    """All axes from `axis` on become one number, which is multiplied by `coeff`."""
    axes = ints(range(t.normalize_axis(axis, x.rank), x.rank))
    if operation == "SUMSQ":
        y: Value = ReduceSum(Multiply(x, x), axes, keep_dims=False)
    elif operation in _REDUCTIONS:
        y = _REDUCTIONS[operation](x, axes, keep_dims=False)
    else:
        raise ModelError(f"the operation is {operation}, which is none of SUM, ASUM, SUMSQ, MEAN")
    return scaled(y, coeff)


@caffe_layer("ArgMax", "argmax_param")
def arg_max(x: Value, *, out_max_val: bool = False, top_k: int = 1, axis: int | None = None) -> Value:
    """Places of the largest values, as real numbers.

    Along an axis they are replaced by the values when `out_max_val`; over whole images (N, 1, top_k, and as many axes
    of one as the bottom has) the values stand beside them on axis 1. Of equal values the first counts.
    """
    if axis is not None:
        found = TopK(x, integer(top_k), axis=t.normalize_axis(axis, x.rank), mode="max", sort="value")
        return found if out_max_val else to_element(found.results[1], t.f32)
    found = TopK(flatten(x, 1), integer(top_k), axis=1, mode="max", sort="value")
    places: Value = unsqueeze(to_element(found.results[1], t.f32), 1)
    y = concat([places, unsqueeze(found, 1)], 1) if out_max_val else places
    return unsqueeze(y, *range(3, x.rank))
