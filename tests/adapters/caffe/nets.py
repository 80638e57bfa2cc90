"""Caffe networks for the tests: descriptions as text, trained networks with random blobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mo_caffe import caffe_pb2

SMALL = b"""
name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "fc" type: "InnerProduct" bottom: "conv" top: "fc" inner_product_param { num_output: 5 } }
"""
SMALL_BLOBS = {"conv": ("Convolution", [(4, 3, 3, 3), (4,)]), "fc": ("InnerProduct", [(5, 144), (5,)])}


def values(shape: Sequence[int], seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(size=tuple(shape)).astype(np.float32)


def add_blob(layer: Any, array: np.ndarray[Any, Any]) -> Any:
    blob = layer.blobs.add()
    blob.shape.dim.extend(array.shape)
    (blob.double_data if array.dtype == np.float64 else blob.data).extend(array.ravel().tolist())
    return blob


def trained(blobs: dict[str, tuple[str, list[tuple[int, ...]]]]) -> Any:
    """A trained network: layers by name with their type and the shapes of their blobs."""
    net = caffe_pb2.NetParameter(name=b"trained")
    for seed, (name, (kind, shapes)) in enumerate(blobs.items()):
        layer = net.layer.add(name=name.encode(), type=kind.encode())
        for index, shape in enumerate(shapes):
            add_blob(layer, values(shape, 10 * seed + index))
    return net


def small_weights() -> bytes:
    return bytes(trained(SMALL_BLOBS).SerializeToString())
