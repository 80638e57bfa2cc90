"""The files that the page "Caffe" speaks of: a trained network, its mean image, a mapping, layers from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

NET = """
name: "net"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 32 dim: 32 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param { num_output: 8 kernel_size: 3 pad: 1 } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" }
layer { name: "scale1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "fc" type: "InnerProduct" bottom: "pool1" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
BLOBS = {
    "conv1": [(8, 3, 3, 3), (8,)],
    "bn1": [(8,), (8,), (1,)],
    "scale1": [(8,), (8,)],
    "fc": [(5, 8 * 16 * 16), (5,)],
}

CUSTOM = """
name: "custom"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "cube" type: "Cube" bottom: "data" top: "cube" cube_param { factor: 2 } }
layer { name: "half" type: "Python" bottom: "cube" top: "half"
  python_param { module: "halves" layer: "HalfLayer" param_str: "'times': 2" } }
layer { name: "relu" type: "ReLU" bottom: "half" top: "relu" }
"""

RULES = """
name: "rules"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "small" type: "Pooling" bottom: "data" top: "small" pooling_param { kernel_size: 2 stride: 2 }
  include { stage: "deploy" max_level: 1 } }
layer { name: "large" type: "Pooling" bottom: "data" top: "large" pooling_param { kernel_size: 4 stride: 4 }
  include { phase: TRAIN } }
"""


def write(folder: Path, extension: str = "", mapping: str = "") -> None:
    """Write them all; the texts are what the page shows as `layers.py` and `CustomLayersMapping.xml`."""
    from mo_caffe import caffe_pb2

    random = np.random.default_rng(0)
    trained = caffe_pb2.NetParameter(name=b"net")
    kinds = {"conv1": b"Convolution", "bn1": b"BatchNorm", "scale1": b"Scale", "fc": b"InnerProduct"}
    for name, shapes in BLOBS.items():
        layer = trained.layer.add(name=name.encode(), type=kinds[name])
        for shape in shapes:
            blob = layer.blobs.add()
            blob.shape.dim.extend(shape)
            blob.data.extend(random.uniform(0.5, 1.5, np.prod(shape)).tolist())
    (folder / "net.prototxt").write_text(NET)
    (folder / "deploy.prototxt").write_text(NET)
    (folder / "net.caffemodel").write_bytes(trained.SerializeToString())
    mean = caffe_pb2.BlobProto()
    mean.num, mean.channels, mean.height, mean.width = 1, 3, 40, 40
    mean.data.extend(random.uniform(100, 130, 3 * 40 * 40).tolist())
    (folder / "mean.binaryproto").write_bytes(mean.SerializeToString())
    (folder / "custom.prototxt").write_text(CUSTOM)
    (folder / "rules.prototxt").write_text(RULES)
    (folder / "layers.py").write_text(extension)
    (folder / "CustomLayersMapping.xml").write_text(mapping)
