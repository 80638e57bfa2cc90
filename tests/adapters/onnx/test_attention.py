"""Attention: what the node cases leave out, above all sizes that are not known before the model runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import ModelProto

from mo_core.errors import ModelError
from tests.adapters.onnx import running
from tests.adapters.onnx.nodes import check, node_model, numbers, run

HEADS, KV_HEADS, SIZE = 4, 2, 6


def _with_known(source: ModelProto, known: dict[int, int]) -> ModelProto:
    """The model with these dimensions known in all its inputs of four axes."""
    for info in source.graph.input:
        dims = info.type.tensor_type.shape.dim
        for axis, sizes in known.items() if len(dims) == 4 else ():
            dims[axis].dim_value = sizes
    return source


def _qkv(queries: int, keys: int, heads: int = HEADS, kv_heads: int = HEADS) -> list[np.ndarray[Any, Any]]:
    return [numbers(2, heads, queries, SIZE), numbers(2, kv_heads, keys, SIZE), numbers(2, kv_heads, keys, SIZE)]


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_sequences_of_unknown_length(causal: int, scale: float | None) -> None:
    attributes: dict[str, Any] = {"is_causal": causal} | ({} if scale is None else {"scale": scale})
    source = node_model("Attention", _qkv(3, 3), attributes, opset=24, dynamic=(0, 1, 2))
    _with_known(source, {1: HEADS, 3: SIZE})
    feeds = [dict(zip(("x0", "x1", "x2"), _qkv(n, n))) for n in (3, 7)]
    running.check(source, *feeds, oracle=running.reference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("boolean", [False, True])
def test_a_mask_of_unknown_length_may_hide_all(boolean: bool) -> None:
    rng = np.random.default_rng(0)
    mask = rng.uniform(size=(2, 1, 3, 5)) > 0.5
    mask[0, 0, 1], mask[1, 0, 2] = False, False
    given = mask if boolean else np.where(mask, rng.normal(size=mask.shape), -np.inf).astype(np.float32)
    source = node_model("Attention", [*_qkv(3, 5), given], opset=24, dynamic=(0, 1, 2, 3))
    for info in source.graph.input[:3]:
        info.type.tensor_type.shape.dim[1].dim_value = HEADS
    feeds = dict(zip(("x0", "x1", "x2", "x3"), [*_qkv(3, 5), given]))
    running.check(source, feeds, oracle=running.reference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_stages_of_the_product(mode: int) -> None:
    past = [numbers(2, KV_HEADS, 3, SIZE), numbers(2, KV_HEADS, 3, SIZE) + 1]
    inputs = [*_qkv(2, 2, HEADS, KV_HEADS), numbers(2, 5), *past]
    attributes = {"qk_matmul_output_mode": mode, "softcap": 2.0 if mode == 1 else 0.0, "is_causal": 1}
    check("Attention", inputs, attributes, opset=23, outputs=4, rtol=1e-4, atol=1e-5)


def test_packed_heads_of_unknown_batch_and_length() -> None:
    inputs = [numbers(2, 3, HEADS * SIZE), numbers(2, 5, KV_HEADS * SIZE), numbers(2, 5, KV_HEADS * SIZE)]
    attributes = {"q_num_heads": HEADS, "kv_num_heads": KV_HEADS}
    source = node_model("Attention", inputs, attributes, opset=23, dynamic=(0, 1, 2))
    for info, heads in zip(source.graph.input, (HEADS, KV_HEADS, KV_HEADS)):
        info.type.tensor_type.shape.dim[2].dim_value = heads * SIZE
    feeds = dict(zip(("x0", "x1", "x2"), inputs))
    running.check(source, feeds, oracle=running.reference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("rotated", [0, 4])
def test_rotary_embedding(packed: bool, interleaved: int, rotated: int) -> None:
    x = numbers(2, 3, HEADS * SIZE) if packed else numbers(2, HEADS, 3, SIZE)
    caches = [numbers(10, (rotated or SIZE) // 2), numbers(10, (rotated or SIZE) // 2) + 1]
    attributes = {"interleaved": interleaved, "rotary_embedding_dim": rotated} | (
        {"num_heads": HEADS} if packed else {}
    )
    inputs = [x, *caches, np.array([[0, 1, 2], [4, 9, 3]])]
    check("RotaryEmbedding", inputs, attributes, opset=23, rtol=1e-4, atol=1e-5, constants=(1, 2))


def test_packed_heads_need_their_number() -> None:
    with pytest.raises(ModelError, match="q_num_heads"):
        run("Attention", [numbers(1, 2, 8)] * 3, opset=23)


def test_heads_that_cannot_be_shared() -> None:
    with pytest.raises(ModelError, match="4 query heads cannot share 3"):
        run("Attention", _qkv(2, 2, 4, 3), opset=23)
