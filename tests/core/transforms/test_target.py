"""Older releases: what they can express is written as they know it, and computes the same; the rest is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mo_core import ops
from mo_core.errors import Unsupported
from mo_core.ir import Constant, constant
from mo_core.ir import types as t
from mo_core.ops import Interpolate, Pad, ScaledDotProductAttention, TopK
from mo_core.options import OptionTable
from mo_core.rewriting.passes import Context
from mo_core.transforms.requested.target import CEILINGS, OLDER, target_release
from tests.core.transforms.command import Command
from tests.core.transforms.harness import check, evaluate, feed, inputs, kinds, optimise, unchanged, weights


def context(release="2022.3"):
    return Context(options=OptionTable().build({"target_openvino": release}))


def newest(graph):
    return max(int(re.sub(r"\D", "", n.opset)) for n in graph.walk())


def one(*shapes, make, element=t.f32):
    graph, values = inputs(*shapes, element=element)
    made = make(*values)
    for i, value in enumerate(made if isinstance(made, tuple) else (made,)):
        graph.add_output(value, f"y{i}")
    return graph


def indices(*numbers):
    return constant(np.array(numbers, np.int64))


WINDOW = {"strides": (2, 2), "pads_begin": (0, 0), "pads_end": (1, 1), "kernel": (3, 3), "rounding_type": "ceil"}
LATE = {"strides": (3, 3), "pads_begin": (1, 1), "pads_end": (1, 1), "kernel": (2, 2), "rounding_type": "ceil_torch"}
UNPADDED = {**LATE, "strides": (2, 2), "pads_begin": (0, 0), "pads_end": (0, 0)}
IMAGE = (1, 2, 4, 6)
CASES = {
    "Pad": lambda: one(IMAGE, make=lambda x: Pad(x, [0, 0, 1, 2], [0, 0, 0, 1], 3.0, pad_mode="constant")),
    "Pad of the edge": lambda: one(IMAGE, make=lambda x: Pad(x, [0, 0, 1, 2], [0, 0, 0, 1], pad_mode="edge")),
    "TopK": lambda: one(IMAGE, make=lambda x: TopK(x, 3, axis=3, mode="max", sort="value", stable=True).results),
    "ScatterElementsUpdate": lambda: one(
        (4, 2), make=lambda x: ops.ScatterElementsUpdate(x, [[2, 1], [0, 3]], weights(2, 2), 0)
    ),
    "ScatterNDUpdate": lambda: one((4, 2), make=lambda x: ops.ScatterNDUpdate(x, [[2], [0]], weights(2, 2))),
    "Interpolate to sizes": lambda: one(
        IMAGE,
        make=lambda x: Interpolate(x, indices(8, 9), indices(2, 3), mode="linear_onnx", shape_calculation_mode="sizes"),
    ),
    "Interpolate by scales": lambda: one(
        IMAGE,
        make=lambda x: Interpolate(
            x, np.float32([2, 1.5]), indices(2, 3), mode="cubic", shape_calculation_mode="scales", cube_coeff=-0.5
        ),
    ),
    "Interpolate of all axes": lambda: one(
        IMAGE, make=lambda x: Interpolate(x, indices(1, 2, 8, 3), mode="nearest", shape_calculation_mode="sizes")
    ),
    "Pad that takes away": lambda: one(IMAGE, make=lambda x: Pad(x, [0, 0, -1, 2], [0, 1, 2, -3], 3.0)),
    "Pad of the edge that takes away": lambda: one(
        IMAGE, make=lambda x: Pad(x, [0, 0, -1, 2], [0, 1, 2, -3], pad_mode="edge")
    ),
    "MaxPool with late windows": lambda: one(
        IMAGE, make=lambda x: ops.MaxPool14(x, dilations=(1, 1), **LATE).results[0]
    ),
    "AvgPool with late windows": lambda: one(IMAGE, make=lambda x: ops.AvgPool14(x, exclude_pad=True, **LATE)),
    "MaxPool without late windows": lambda: one(
        IMAGE, make=lambda x: ops.MaxPool14(x, dilations=(1, 1), **UNPADDED).results[0]
    ),
    "MaxPool": lambda: one(IMAGE, make=lambda x: ops.MaxPool14(x, dilations=(1, 1), **WINDOW).results[0]),
    "AvgPool": lambda: one(IMAGE, make=lambda x: ops.AvgPool14(x, exclude_pad=True, **WINDOW)),
    "AvgPool without dilation": lambda: one(
        IMAGE, make=lambda x: ops.AvgPool16(x, exclude_pad=False, dilations=(1, 1), **WINDOW)
    ),
    "EmbeddingBagOffsets": lambda: one(
        (5, 3), make=lambda x: ops.EmbeddingBagOffsets(x, indices(0, 2, 3, 4), indices(0, 2), 1)
    ),
    "EmbeddingBagPacked": lambda: one((5, 3), make=lambda x: ops.EmbeddingBagPacked(x, [[0, 2], [1, 4]])),
    "BitwiseXor of booleans": lambda: one(
        (4, 2),
        make=lambda x: ops.Select(ops.BitwiseXor(ops.Greater(x, 0.0), ops.BitwiseNot(ops.Less(x, 1.0))), 1.0, 2.0),
    ),
    "ConvertPromoteTypes": lambda: one(
        (4, 2), make=lambda x: ops.Add(*ops.ConvertPromoteTypes(x, [1, 2], promote_unsafe=True).results)
    ),
    "GroupNormalization": lambda: one(
        (2, 6, 3, 5),
        make=lambda x: ops.GroupNormalization(x, weights(6), weights(6, seed=1), num_groups=3, epsilon=1e-3),
    ),
    "attention": lambda: one((2, 4, 8), (2, 5, 8), (2, 5, 3), make=lambda q, k, v: ScaledDotProductAttention(q, k, v)),
    "attention with a mask": lambda: one(
        (2, 4, 8), (2, 5, 8), (2, 5, 3), (4, 5), make=lambda q, k, v, m: ScaledDotProductAttention(q, k, v, m, 0.7)
    ),
    "attention with a mask of truth values": lambda: one(
        (2, 4, 8),
        (2, 4, 8),
        (2, 4, 3),
        make=lambda q, k, v: ScaledDotProductAttention(q, k, v, constant(np.eye(4, dtype=bool))),
    ),
    "causal attention": lambda: one(
        (2, 4, 8), (2, 4, 8), (2, 4, 3), make=lambda q, k, v: ScaledDotProductAttention(q, k, v, causal=True)
    ),
    "Identity": lambda: one((4, 2), make=lambda x: ops.ReLU(ops.Identity(x))),
}


@pytest.mark.parametrize("name", CASES)
def test_older_versions_compute_the_same(name):
    graph = CASES[name]()
    assert newest(graph) > CEILINGS["2022.3"]
    check(graph, target_release, context=context())
    assert newest(graph) <= CEILINGS["2022.3"]


def test_every_downgrade_has_a_case():
    covered = {type(n) for make in CASES.values() for n in make().walk()}
    assert set(OLDER) - covered == {ops.BitwiseAnd, ops.BitwiseOr}  # these two go as BitwiseXor does


@pytest.mark.parametrize("release", ["2025", "2026"])
def test_newer_releases_take_everything(release):
    for make in CASES.values():
        unchanged(make(), target_release, context=context(release))


REFUSED = {
    "it is not known whether": lambda: one((1,), make=lambda x: Pad(x, ops.Convert(x, destination_type=t.i64), [0])),
    'reduction is "sum"': lambda: one(
        (4, 2), make=lambda x: ops.ScatterNDUpdate(x, [[2], [0]], weights(2, 2), reduction="sum")
    ),
    'mode "bilinear_pillow"': lambda: one(
        IMAGE, make=lambda x: Interpolate(x, [8, 9], [2, 3], mode="bilinear_pillow", shape_calculation_mode="sizes")
    ),
    'rounding "ceil_torch"': lambda: one(IMAGE, make=lambda x: ops.AvgPool14(x, exclude_pad=False, **LATE)),
    "no dilation": lambda: one(IMAGE, make=lambda x: ops.AvgPool16(x, exclude_pad=False, dilations=(2, 1), **WINDOW)),
    "came with opset14": lambda: one((2, 2), make=lambda x: ops.Inverse(x)),
    "i32 numbers": lambda: one((2, 2), make=lambda x: ops.BitwiseAnd(x, x), element=t.i32),
    'reduction "mean"': lambda: one((5, 3), make=lambda x: ops.EmbeddingBagPacked(x, [[0, 2]], reduction="mean")),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_an_older_release_lacks_is_refused(reason):
    graph = REFUSED[reason]()
    label = next(r.source.label for r in graph.outputs)
    with pytest.raises(Unsupported) as caught:
        optimise(graph, target_release, context=context())
    fact = str(caught.value)
    assert reason in fact and "OpenVINO 2022.3" in fact and f'"{label}"' in fact


def test_all_that_is_missing_is_told_at_once():
    graph = one((2, 2), make=lambda x: (ops.Inverse(x), ops.SearchSorted(x, x)))
    with pytest.raises(Unsupported, match=r"Inverse .*; SearchSorted "):
        optimise(graph, target_release, context=context())


def test_element_types_have_an_age_too():
    graph = one((2, 2), make=lambda x: ops.Add(x, ops.Convert(_small(), destination_type=t.f32)))
    with pytest.raises(Unsupported, match="element type f8e4m3"):
        optimise(graph, target_release, context=context("2023.3"))
    unchanged(
        one((2, 2), make=lambda x: ops.Add(x, ops.Convert(_small(), destination_type=t.f32))),
        target_release,
        context=context("2024"),
    )


def _small() -> Constant:
    return constant(np.float32([[1, 2], [3, 4]]), t.f8e4m3)


def test_bodies_are_looked_at(tmp_path, capsys):
    text = """
        %c = Parameter : boolean[] "c"
        %x = Parameter : f32[2,3] "x"
        %y = If(%c, %x) {then_body=graph "a" {
          %p = Parameter : f32[2,3] "p"
          %q = Pad(%p, [0,1], [0,1])
          return %q
        }, else_body=graph "b" {
          %p = Parameter : f32[2,3] "p"
          %q = Concat([%p, %p], axis=1)
          %s = Slice(%q, [0], [5], [1], [1])
          return %s
        }, then_inputs=[0], else_inputs=[0]} : f32[2,5] "if" <"y">
        return %y
    """.replace("Concat([%p, %p], axis=1)", "Concat(%p, %p) {axis=1}")
    model = Command(tmp_path).convert(text, "--target_openvino", "2022.3")
    versions = {layer.get("type"): layer.get("version") for layer in model.net.iter("layer")}
    assert versions["Pad"] == "opset1"
    assert model.run({"c": np.array(True), "x": np.ones((2, 3), np.float32)})[0].sum() == 6


def test_equal_elements_are_told_about():
    told = optimise(CASES["TopK"](), target_release, context=context())
    assert "order of equal elements" in told.notes[0]


def test_the_order_of_results_is_kept():
    graph = CASES["TopK"]()
    data = feed(graph)
    optimise(graph, target_release, context=context())
    values, places = evaluate(graph, data)
    assert np.array_equal(np.take_along_axis(data["x0"], places.astype(int), 3), values)
    assert kinds(graph) == ["TopK"]
