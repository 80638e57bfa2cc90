"""Arrays of tensors outside of loops."""

import numpy as np
import pytest

from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf

ORDER = np.array([2, 0, 3, 1], np.int32)


def filled(data, indices, size=4, grows=False):
    """The handle and the flow of an array with elements at these indices."""
    ops = tf().raw_ops
    handle, flow = ops.TensorArrayV3(size=size, dtype=data.dtype, dynamic_size=grows)
    return handle, ops.TensorArrayScatterV3(handle=handle, indices=indices, value=data, flow_in=flow)


def check(build, **feeds):
    """Compare with no outputs given: what closes an array is none of them."""
    model = Frozen(build, feeds)
    compare(list(run(model.graph, model.feeds).values()), list(model.wants.values()))


@pytest.mark.parametrize("data", [random(4), np.arange(24, dtype=np.int32).reshape(4, 3, 2)], ids=["reals", "whole"])
class TestFilledInAnyOrder:
    def test_size(self, data):
        def build(data, indices):
            handle, flow = filled(data, indices)
            tf().raw_ops.TensorArrayCloseV3(handle=handle)
            return tf().raw_ops.TensorArraySizeV3(handle=handle, flow_in=flow)

        check(build, data=data, indices=ORDER)

    def test_one_element(self, data):
        def build(data, indices, index):
            handle, flow = filled(data, indices)
            tf().raw_ops.TensorArrayCloseV3(handle=handle)
            return tf().raw_ops.TensorArrayReadV3(handle=handle, index=index, flow_in=flow, dtype=data.dtype)

        check(build, data=data, indices=ORDER, index=np.int32(2))

    def test_all_elements(self, data):
        def build(data, indices):
            handle, flow = filled(data, indices)
            return tf().raw_ops.TensorArrayGatherV3(handle=handle, indices=[0, 1, 2, 3], flow_in=flow, dtype=data.dtype)

        check(build, data=data, indices=ORDER)


@pytest.mark.parametrize(("index", "grows"), [(1, False), (4, True), (6, True)])
def test_one_element_more_is_written(index, grows):
    size = 4 if grows else 5
    indices = np.array([2, 0, 3, 1 if grows else 4], np.int32)

    def build(data, indices, value):
        ops = tf().raw_ops
        handle, flow = filled(data, indices, size, grows)
        flow = ops.TensorArrayWriteV3(handle=handle, index=index, value=value, flow_in=flow)
        return ops.TensorArrayGatherV3(handle=handle, indices=[2, index, 0], flow_in=flow, dtype=data.dtype)

    check(build, data=random(4, 3), indices=indices, value=random(3, seed=1))
