"""Writes net.prototxt and net.caffemodel: a network with a GatedShift layer, and weights for it."""

from pathlib import Path

import numpy as np

from mo_caffe import caffe_pb2

NET = """
name: "net"
layer { name: "clip" type: "Input" top: "clip" input_param { shape { dim: 1 dim: 8 dim: 16 } } }
layer { name: "blend" type: "GatedShift" bottom: "clip" top: "blend" gated_shift_param { steps: 2 } }
layer { name: "result" type: "ReLU" bottom: "blend" top: "result" }
"""

random = np.random.default_rng(0)
trained = caffe_pb2.NetParameter(name=b"net")
layer = trained.layer.add(name=b"blend", type=b"GatedShift")
for _ in ("weight", "bias"):
    blob = layer.blobs.add()
    blob.shape.dim.append(8)
    blob.data.extend(random.normal(size=8))

Path("net.prototxt").write_text(NET)
Path("net.caffemodel").write_bytes(trained.SerializeToString())
