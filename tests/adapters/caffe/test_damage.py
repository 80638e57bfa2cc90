"""Networks with one place changed: every one of them converts, or is refused with an error of ours."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import mo_core
from mo_core.errors import InternalError, ModelError, MoError
from tests.adapters.caffe.harness import caffemodel, layer, positive, values, write

TEXT = 'name: "net"\ninput: "x" input_shape { dim: 1 dim: 4 dim: 8 dim: 8 }\n' + "".join(
    layer(*parts)
    for parts in [
        ("Convolution", "x", "conv", "convolution_param { num_output: 6 kernel_size: 3 pad: 1 group: 2 dilation: 1 }"),
        ("BatchNorm", "conv", "conv", "batch_norm_param { eps: 1e-5 }", "norm"),
        ("Scale", "conv", "conv", "scale_param { bias_term: true axis: 1 }", "scale"),
        ("ReLU", "conv", "conv", "relu_param { negative_slope: 0.1 }", "relu"),
        ("Pooling", "conv", "pool places", "pooling_param { pool: MAX kernel_size: 3 stride: 2 pad: 1 }"),
        (
            "Deconvolution",
            "pool",
            "up",
            "convolution_param { num_output: 3 kernel_size: 2 stride: 2 bias_term: false }",
        ),
        ("Crop", "up x", "crop", "crop_param { axis: 2 offset: 0 }"),
        ("Slice", "crop", "left right", "slice_param { axis: 1 slice_point: 1 }"),
        ("Concat", "right left", "concat", "concat_param { axis: 1 }"),
        ("Eltwise", "concat crop", "sum", "eltwise_param { operation: SUM coeff: 1 coeff: -1 }"),
        ("LRN", "sum", "lrn", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }"),
        ("Reshape", "lrn", "shape", "reshape_param { shape { dim: 0 dim: -1 dim: 8 } axis: 0 num_axes: -1 }"),
        ("InnerProduct", "shape", "fc", "inner_product_param { num_output: 5 axis: 1 }"),
        ("PriorBox", "pool x", "prior", "prior_box_param { min_size: 2 max_size: 4 aspect_ratio: 2 variance: 0.1 }"),
        ("ArgMax", "fc", "best", "argmax_param { top_k: 2 axis: 1 }"),
    ]
)
BLOBS = {
    "conv": [values(6, 2, 3, 3), values(6)],
    "norm": [values(6), positive(6), values(1)],
    "scale": [values(6), values(6)],
    "up": [values(6, 3, 2, 2)],
    "fc": [values(5, 192), values(5)],
}
NUMBERS = ("0", "-1", "1", "2", "7", "65536", "2147483647", "4294967295", "3000000000", "1e30", "nan", "-0.5", "")
WORDS = ("{", "}", "MAX", "AVE", "true", '"x"', '"conv"', '"pool"', "[1, 2]", "layer { }", 'type: "ReLU"', "")


def changed_text(chance: random.Random, text: str) -> str:
    """One number or word replaced, or the end cut off."""
    kind = chance.random()
    if kind < 0.05:
        return text[: chance.randrange(len(text))]
    pattern, others = (r"(?<=: )-?[\d.]+(e-?\d+)?", NUMBERS) if kind < 0.7 else (r'"\w+"|\w+|[{}]', WORDS)
    found = chance.choice(list(re.finditer(pattern, text)))
    return text[: found.start()] + chance.choice(others) + text[found.end() :]


def changed_bytes(chance: random.Random, content: bytes) -> bytes:
    """Some bits turned, bytes taken out or put in, or the end cut off."""
    start, kind = chance.randrange(len(content)), chance.random()
    if kind < 0.6:
        return content[:start] + bytes([content[start] ^ 1 << chance.randrange(8)]) + content[start + 1 :]
    if kind < 0.75:
        return content[:start] + content[start + chance.randrange(1, 20) :]
    if kind < 0.9:
        return content[:start] + chance.randbytes(chance.randrange(1, 8)) + content[start:]
    return content[:start]


def survives(folder: Path, seeds: range, change: Callable[[random.Random], None]) -> None:
    """Neither a crash nor an internal error; some of the networks still convert, most others are refused."""
    refused = 0
    for seed in seeds:
        change(random.Random(seed))
        try:
            mo_core.convert(folder / "net.caffemodel").save(folder / "m.xml")
        except InternalError:
            raise
        except MoError:
            refused += 1
    assert len(seeds) // 10 < refused < len(seeds)


ROUNDS = [range(150), pytest.param(range(150, 3000), marks=pytest.mark.slow)]


@pytest.mark.parametrize("seeds", ROUNDS, ids=["some", "many"])
def test_changed_descriptions(tmp_path: Path, seeds: range) -> None:
    write(tmp_path, TEXT, BLOBS)
    survives(tmp_path, seeds, lambda chance: _put(tmp_path / "net.prototxt", changed_text(chance, TEXT).encode()))


@pytest.mark.parametrize("seeds", ROUNDS, ids=["some", "many"])
def test_changed_weights(tmp_path: Path, seeds: range) -> None:
    write(tmp_path, TEXT, BLOBS)
    content = caffemodel(BLOBS)
    survives(tmp_path, seeds, lambda chance: _put(tmp_path / "net.caffemodel", changed_bytes(chance, content)))


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def test_the_network_as_it_is_converts(tmp_path: Path) -> None:
    assert mo_core.convert(write(tmp_path, TEXT, BLOBS)).report.outputs


def test_a_trained_layer_without_a_type_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT.replace('type: "Convolution"', "", 1), BLOBS)
    with pytest.raises(ModelError, match='layer "conv" has no type'):
        mo_core.convert(path)
