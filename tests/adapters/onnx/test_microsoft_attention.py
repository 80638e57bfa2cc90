"""The attention family of ONNX Runtime's own domain, compared with it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from mo_core.errors import Unsupported

from .running import check, one_node, onnxruntime, run
from .test_microsoft import MICROSOFT, Case, normal

RNG = np.random.default_rng(8)
real = partial(normal, RNG)

B, S, N, H = 2, 5, 3, 16
D = N * H
X = real(B, S, 16)
PROJECTION = {"w": real(16, 3 * D) / 4, "b": real(3 * D)}
RAGGED = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32)


def attention(feeds: dict[str, Any], inputs: str, name: str, outputs: int = 1, **attributes: Any) -> Case:
    return Case(
        "Attention",
        {"x": X, **feeds},
        PROJECTION,
        inputs=inputs,
        outputs=outputs,
        name=name,
        attributes={"num_heads": N, **attributes},
    )


def multi(
    feeds: dict[str, Any], inputs: str, name: str, outputs: int = 1, constants: Any = None, **attributes: Any
) -> Case:
    return Case(
        "MultiHeadAttention",
        feeds,
        constants or {},
        inputs=inputs,
        outputs=outputs,
        name=name,
        attributes={"num_heads": N, **attributes},
    )


PAST = real(2, B, N, 4, H)
Q, K, V = real(B, S, D), real(B, 7, D), real(B, 7, D)
QKV = {"q": Q, "k": K, "v": V}
OLD = {"pk": real(B, N, 4, H), "pv": real(B, N, 4, H)}

CASES = [
    attention({}, "x w b", "plain"),
    attention({}, "x w b", "causal", unidirectional=1),
    attention({}, "x w b", "scale", scale=0.5),
    attention({"m": RAGGED}, "x w b m", "mask"),
    attention({"m": RAGGED}, "x w b m", "causal mask", unidirectional=1),
    attention({"m": np.array([3, 5], np.int32)}, "x w b m", "lengths"),
    attention({"m": np.array([3, 5, 1, 0], np.int32)}, "x w b m", "ranges"),
    attention(
        {"m": RNG.integers(0, 2, (B, S, S)).astype(np.int32) | np.eye(S, dtype=np.int32)}, "x w b m", "mask of pairs"
    ),
    attention({"a": real(1, N, S, S)}, "x w b - - a", "bias"),
    attention({"p": PAST}, "x w b - p", "past", outputs=2, unidirectional=1),
    attention({"p": PAST, "m": np.ones([B, 9], np.int32)}, "x w b m p", "past mask", outputs=2, unidirectional=1),
    multi(QKV, "q k v", "plain"),
    multi(QKV, "q k v b", "bias", constants={"b": real(3 * D)}),
    multi({**QKV, "m": RNG.integers(0, 2, (B, 7)).astype(np.int32)}, "q k v - m", "mask"),
    multi({**QKV, "m": np.array([4, 7], np.int32)}, "q k v - m", "lengths"),
    multi({**QKV, "a": real(B, N, S, 7)}, "q k v - - a", "attention bias", scale=0.3),
    multi({"q": Q, "k": real(B, S, D), "v": real(B, S, D), **OLD}, "q k v - - - pk pv", "past", outputs=3),
    multi({"q": Q, "k": real(B, S, D), "v": real(B, S, D)}, "q k v", "causal", unidirectional=1),
    multi({"q": Q, "k": real(B, N, 7, H), "v": real(B, N, 7, H)}, "q k v", "cross"),
    multi({"q": Q, "k": K, "v": real(B, 7, N * 6)}, "q k v", "values of another size"),
    Case(
        "QAttention",
        {"x": RNG.integers(0, 255, (B, S, 16)).astype(np.uint8), "m": np.array([3, 5], np.int32)},
        {
            "w": RNG.integers(-127, 127, (16, 3 * D)).astype(np.int8),
            "b": real(3 * D),
            "xs": np.float32(0.01),
            "ws": np.float32(0.01),
            "xz": np.uint8(128),
            "wz": np.int8(0),
        },
        inputs="x w b xs ws m xz wz",
        attributes={"num_heads": N},
    ),
    Case(
        "RotaryEmbedding",
        {"x": real(B, S, D), "p": np.array([3])},
        {"c": np.cos(real(12, H // 2)), "s": np.sin(real(12, H // 2))},
    ),
    Case(
        "RotaryEmbedding",
        {"x": real(B, N, S, H), "p": RNG.integers(0, 12, (B, S))},
        attributes={"interleaved": 1},
        constants={"c": np.cos(real(12, H // 2)), "s": np.sin(real(12, H // 2))},
        name="interleaved",
    ),
    Case(
        "RotaryEmbedding",
        {"x": real(B, S, D), "p": RNG.integers(0, 12, (B, S))},
        name="part",
        constants={"c": np.cos(real(12, 2)), "s": np.sin(real(12, 2))},
        attributes={"num_heads": N, "rotary_embedding_dim": 4},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}-{c.name}".rstrip("-"))
def test_op(case: Case) -> None:
    for dynamic in (False, True):
        if dynamic and (case.static_only or case.name in ("ranges", "cross")):  # told apart by their shapes
            continue
        check(partly(case) if dynamic else case.model(False), case.feeds, rtol=1e-4, atol=1e-5)


def partly(case: Case) -> Any:
    """The model with dynamic batch and lengths; hidden sizes stay known, as exporters have it."""
    source = case.model(False)
    for info in source.graph.input:
        dims = info.type.tensor_type.shape.dim
        for i, d in enumerate(dims):
            if (i in (0, 1) and len(dims) < 4) or (i in (0, 2) and len(dims) == 4):
                d.dim_param = f"{info.name}{i}"
    return source


def test_decoding_step_is_attention_with_a_past() -> None:
    feeds = {"q": Q[:, :1], "k": K[:, :1], "v": V[:, :1], **OLD}
    inputs = ["q", "k", "v", "", "", "pk", "pv"]
    step = one_node("DecoderMaskedMultiHeadAttention", feeds, inputs=inputs, outputs=3, domain=MICROSOFT, num_heads=N)
    wanted = one_node(
        "MultiHeadAttention",
        feeds,
        inputs=["q", "k", "v", "", "", "", "pk", "pv"],
        outputs=3,
        domain=MICROSOFT,
        num_heads=N,
    )
    check(step, feeds, oracle=lambda _, x: onnxruntime(wanted, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("both_ways", [0, 1])
def test_relative_position_bias(both_ways: int) -> None:
    table, length, far = real(32, N), 30, 20
    source = one_node(
        "RelativePositionBias",
        {"q": np.array(length), "k": np.array(length)},
        {"t": table},
        inputs=["t", "q", "k"],
        domain=MICROSOFT,
        max_distance=far,
        is_bidirectional=both_ways,
    )
    wanted = np.empty([1, N, length, length], np.float32)
    for i in range(length):
        for j in range(length):
            buckets, back, base = 32, i - j, 0
            if both_ways:
                buckets, base, back = 16, 16 * (back < 0), abs(back)
            back, exact = max(back, 0), buckets // 2
            if back >= exact:
                spread = np.log(np.float32(back) / exact) / np.log(far / exact) * (buckets - exact)
                back = min(exact + int(spread), buckets - 1)
            wanted[0, :, i, j] = table[base + back]
    check(source, {"q": np.array(length), "k": np.array(length)}, oracle=lambda *_: [wanted])


# -- grouped queries: the runtime's kernel wants the cache in a shared buffer or as long as the past

G, KV = 4, 2
ANGLES = real(32, H // 2)
TABLES = {"c": np.cos(ANGLES), "s": np.sin(ANGLES)}
ORDER = "q k v pk pv n t c s"


def grouped(
    past: int,
    new: int,
    lengths: list[int],
    total: int,
    *,
    capacity: int | None = None,
    packed: bool = False,
    **more: Any,
) -> Any:
    """A model and its inputs: `past` keys, `new` ones; `lengths` are those of the sequences, less one."""
    batch, size = len(lengths), past if capacity is None else capacity
    feeds: dict[str, Any] = {}
    if packed:
        feeds["q"] = real(batch, new, (G + 2 * KV) * H)
    else:
        feeds.update(q=real(batch, new, G * H), k=real(batch, new, KV * H), v=real(batch, new, KV * H))
    feeds.update(pk=real(batch, KV, size, H), pv=real(batch, KV, size, H))
    feeds.update(n=np.array(lengths, np.int32) - 1, t=np.array(total, np.int32))
    order = [n if n in feeds or n in TABLES else "" for n in ORDER.split()]
    source = one_node(
        "GroupQueryAttention",
        feeds,
        TABLES,
        inputs=order,
        outputs=3,
        domain=MICROSOFT,
        num_heads=G,
        kv_num_heads=KV,
        **more,
    )
    return source, feeds


@pytest.mark.parametrize(
    "arguments",
    [
        {"past": 0, "new": 6, "lengths": [6, 6], "total": 6},
        {"past": 0, "new": 6, "lengths": [6, 6], "total": 6, "packed": True},
        {"past": 4, "new": 1, "lengths": [5, 5], "total": 5},
        {"past": 4, "new": 1, "lengths": [5, 5], "total": 5, "do_rotary": 1},
        {"past": 4, "new": 1, "lengths": [5, 5], "total": 5, "do_rotary": 1, "rotary_interleaved": 1, "packed": True},
        {"past": 9, "new": 1, "lengths": [10, 10], "total": 10, "local_window_size": 4},
        {"past": 0, "new": 6, "lengths": [6, 6], "total": 6, "softcap": 5.0, "scale": 0.4},
        {"past": 0, "new": 6, "lengths": [6, 6], "total": 6, "smooth_softmax": 1},
        {"past": 4, "new": 3, "lengths": [7], "total": 7, "do_rotary": 1},
    ],
)
def test_grouped_queries(arguments: dict[str, Any]) -> None:
    source, feeds = grouped(**arguments)
    check(source, feeds, rtol=1e-4, atol=1e-5)


def test_grouped_queries_with_a_padded_prompt() -> None:
    source, feeds = grouped(0, 6, [4, 6], 6, do_rotary=1)
    got, want = run(source, feeds)[0], onnxruntime(source, feeds)
    for g, w, rows in zip(got, want, ("y", "k", "v")):
        if rows == "y":  # behind the end of a sequence anything may stand
            np.testing.assert_allclose(g[0, :4], w[0, :4], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(g[1], w[1], rtol=1e-4, atol=1e-5)


def test_new_keys_go_behind_those_of_each_sequence() -> None:
    """Sequences of different lengths in one buffer; the kernel is asked for each of them alone."""
    source, feeds = grouped(7, 1, [5, 8], 8, capacity=8, do_rotary=1)
    got = run(source, feeds)[0]
    for i, length in enumerate((5, 8)):
        alone = {k: v[i : i + 1] for k, v in feeds.items() if k != "t"}
        alone.update(
            t=np.array(length, np.int32), pk=alone["pk"][:, :, : length - 1], pv=alone["pv"][:, :, : length - 1]
        )
        order = ORDER.split()
        one = one_node(
            "GroupQueryAttention",
            alone,
            TABLES,
            inputs=order,
            outputs=3,
            domain=MICROSOFT,
            num_heads=G,
            kv_num_heads=KV,
            do_rotary=1,
        )
        y, keys, values = onnxruntime(one, alone)
        np.testing.assert_allclose(got[0][i], y[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(got[1][i, :, :length], keys[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(got[2][i, :, :length], values[0], rtol=1e-4, atol=1e-5)


def test_quantised_cache_is_not_supported() -> None:
    source, feeds = grouped(0, 6, [6, 6], 6, k_quant_type="PER_TENSOR")
    with pytest.raises(Unsupported, match="quantised or sliding cache"):
        run(source, feeds)
