import numpy as np

from mo_caffe_gated_shift.plugin import gated_shift
from mo_core.testing import check_converter


def test_a_gate_that_is_half_open_gives_the_mean_of_both_steps():
    x, zero = np.array([[[2, 4, 8]]], np.float32), np.zeros(1, np.float32)
    mean = np.array([[[1, 3, 6]]], np.float32)
    options = {"keep_gated_shift": False}
    check_converter(gated_shift, "GatedShift", [x, zero, zero], mean, weights=[1, 2], options=options)
