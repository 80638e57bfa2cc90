"""Runs both forms of the network on the OpenVINO runtime."""

import numpy as np
import openvino

from mo_caffe_gated_shift.runtime import GatedShift

core = openvino.Core()
core.add_extension(GatedShift)
exact = {"INFERENCE_PRECISION_HINT": "f32"}
decomposed, kept = (core.compile_model(path, "CPU", exact) for path in ("ir/net.xml", "kept/net.xml"))
clip = np.random.default_rng(1).normal(size=(1, 8, 16)).astype(np.float32)
difference = np.abs(decomposed(clip)["result"] - kept(clip)["result"]).max()
print(f"largest difference: {difference:.1e}")
