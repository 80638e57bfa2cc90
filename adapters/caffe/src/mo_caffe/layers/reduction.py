"""Softmax, sums and maxima along axes."""

from __future__ import annotations

from mo_caffe.layers.arithmetic import scaled
from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import size
from mo_core.build import concat, constant_like, flatten, integer, ints, slice_axis, to_element, unsqueeze
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Multiply, ReduceL1, ReduceMean, ReduceSum, Softmax, Subtract, TopK

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
    of one as the bottom has) the values stand beside them on axis 1. Of equal values the last counts.
    """
    if axis is not None:
        largest, places = _largest(x, top_k, t.normalize_axis(axis, x.rank))
        return largest if out_max_val else places
    largest, places = (unsqueeze(y, 1) for y in _largest(flatten(x, 1), top_k, 1))
    y = concat([places, largest], 1) if out_max_val else places
    return unsqueeze(y, *range(3, x.rank))


def _largest(x: Value, count: int, axis: int) -> tuple[Value, Value]:
    """The largest values along an axis and their places; of equal ones the last, which a search from behind finds."""
    found = TopK(slice_axis(x, axis, -1, -t.INF, -1), integer(count), axis=axis, mode="max", sort="value", stable=True)
    last = to_element(size(x, axis), t.f32)
    return found, Subtract(Subtract(last, constant_like(last, 1.0)), to_element(found.results[1], t.f32))
