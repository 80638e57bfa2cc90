"""Classical models of ai.onnx.ml, compared with ONNX Runtime."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, Unsupported

from .running import check, one_node, onnxruntime, run
from .test_microsoft import Case, normal

RNG = np.random.default_rng(10)
real = partial(normal, RNG)

ML = "ai.onnx.ml"
X = real(6, 4)

CASES = [
    Case("Scaler", {"x": X}, attributes={"offset": [1.0, 2.0, 0.5, -1.0], "scale": [0.5, 1.0, 2.0, 3.0]}),
    Case("Scaler", {"x": RNG.integers(-5, 5, (3, 4))}, attributes={"offset": [1.5], "scale": [0.5]}, name="integers"),
    *[
        Case("Normalizer", {"x": np.abs(X) if n == "L2" else X}, attributes={"norm": n}, name=n)
        for n in ("MAX", "L1", "L2")
    ],
    Case("Binarizer", {"x": X}, attributes={"threshold": 0.3}),
    Case(
        "Imputer",
        {"x": np.where(X > 0.8, np.nan, X).astype(np.float32)},
        name="nan",
        attributes={"imputed_value_floats": [1.0, 2.0, 3.0, 4.0], "replaced_value_float": float("nan")},
    ),
    Case(
        "Imputer",
        {"x": RNG.integers(-1, 2, (3, 4))},
        attributes={"imputed_value_int64s": [9], "replaced_value_int64": -1},
    ),
    Case("FeatureVectorizer", {"a": X, "b": real(6, 2)}, attributes={"inputdimensions": [4, 2]}),
    Case("ArrayFeatureExtractor", {"x": X}, {"i": np.array([[2, 0]])}),
    Case("OneHotEncoder", {"x": np.array([[1, 5], [7, 9]])}, attributes={"cats_int64s": [1, 7, 5], "zeros": 1}),
    Case(
        "LabelEncoder",
        {"x": np.array([3, 1, 9, 2])},
        attributes={"keys_int64s": [1, 2, 3], "values_floats": [0.5, 1.5, 2.5]},
    ),
    Case(
        "LabelEncoder",
        {"x": np.array([[0.5, np.nan, 7]], np.float32)},
        name="floats",
        attributes={"keys_floats": [float("nan"), 0.5], "values_int64s": [10, 20], "default_int64": -7},
    ),
    Case(
        "LinearRegressor",
        {"x": X},
        attributes={"coefficients": RNG.normal(size=8).tolist(), "intercepts": [0.5, -1.0], "targets": 2},
    ),
    *[
        Case(
            "LinearClassifier",
            {"x": X},
            outputs=2,
            name=p.lower(),
            attributes={
                "coefficients": RNG.normal(size=12).tolist(),
                "intercepts": [0.5, -1.0, 0.1],
                "classlabels_ints": [10, 20, 30],
                "post_transform": p,
            },
        )
        for p in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")
    ],
    *[
        Case(
            "LinearClassifier",
            {"x": X},
            outputs=2,
            name=f"two {p.lower()}",
            attributes={
                "coefficients": RNG.normal(size=4).tolist(),
                "intercepts": [0.5],
                "classlabels_ints": [0, 1],
                "post_transform": p,
            },
        )
        for p in ("NONE", "LOGISTIC")
    ],
    *[
        Case(
            "SVMRegressor",
            {"x": X},
            name=k,
            attributes={
                "kernel_type": k,
                "kernel_params": [0.3, 0.5, 2.0],
                "support_vectors": RNG.normal(size=12).tolist(),
                "n_supports": 3,
                "coefficients": [0.5, -1.0, 0.7],
                "rho": [0.2],
            },
        )
        for k in ("LINEAR", "POLY", "RBF", "SIGMOID")
    ],
    Case(
        "SVMRegressor",
        {"x": X},
        name="one class",
        attributes={
            "kernel_type": "RBF",
            "kernel_params": [0.3, 0.5, 2.0],
            "support_vectors": RNG.normal(size=12).tolist(),
            "n_supports": 3,
            "coefficients": [0.5, 1.0, 0.7],
            "rho": [-0.4],
            "one_class": 1,
        },
    ),
    Case(
        "SVMClassifier",
        {"x": X},
        outputs=2,
        attributes={
            "kernel_type": "RBF",
            "kernel_params": [0.3, 0.5, 2.0],
            "support_vectors": RNG.normal(size=16).tolist(),
            "vectors_per_class": [2, 2],
            "coefficients": [0.5, 1.0, -0.7, -0.8],
            "rho": [0.1],
            "classlabels_ints": [0, 1],
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}-{c.name}".rstrip("-"))
def test_op(case: Case) -> None:
    order = list(case.feeds) + list(case.constants)
    for dynamic in (False, True):
        source = one_node(
            case.op,
            case.feeds,
            case.constants,
            inputs=order,
            outputs=case.outputs,
            domain=ML,
            version=4 if case.op == "LabelEncoder" else 3,
            dynamic=dynamic,
            given=case.attributes,
        )
        check(source, case.feeds, rtol=1e-4, atol=1e-5)


# -- trees


def tree(depth: int, number: int, modes: list[str], sparse: bool = False) -> dict[str, list[Any]]:
    """A tree with nodes counted breadth first; `sparse` ones end early on the left."""
    inner = 2**depth - 1
    nodes: dict[str, list[Any]] = {
        k: []
        for k in (
            "treeids",
            "nodeids",
            "featureids",
            "modes",
            "values",
            "truenodeids",
            "falsenodeids",
            "missing_value_tracks_true",
        )
    }
    for i in range(2 * inner + 1):
        leaf = i >= inner or (sparse and i == 1)
        row = (
            number,
            i,
            int(RNG.integers(4)),
            "LEAF" if leaf else modes[i % len(modes)],
            float(RNG.normal()),
            0 if leaf else 2 * i + 1,
            0 if leaf else 2 * i + 2,
            int(RNG.integers(2)),
        )
        for column, item in zip(nodes.values(), row):
            column.append(item)
    return nodes


def forest(trees: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    return {f"nodes_{k}": [item for t in trees for item in t[k]] for k in trees[0]}


def votes(nodes: dict[str, list[Any]], prefix: str, targets: list[int], positive: bool = False) -> dict[str, list[Any]]:
    """Each leaf says something about each of the targets."""
    rows = [
        (t, n, c, float(RNG.random() if positive else RNG.normal()))
        for t, n, m in zip(nodes["nodes_treeids"], nodes["nodes_nodeids"], nodes["nodes_modes"])
        if m == "LEAF"
        for c in targets
    ]
    return {f"{prefix}_{k}": list(column) for k, column in zip(("treeids", "nodeids", "ids", "weights"), zip(*rows))}


SAMPLES = real(40, 4)


def compare(op: str, feeds: Any, attributes: dict[str, Any], outputs: int = 1, oracle: Any = onnxruntime) -> None:
    source = one_node(op, feeds, outputs=outputs, domain=ML, version=3, dynamic=True, given=attributes)
    check(source, feeds, rtol=1e-4, atol=1e-5, oracle=oracle)


@pytest.mark.parametrize(
    "mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "mixed"]
)
def test_regression_trees(mode: str) -> None:
    modes = ["BRANCH_LEQ", "BRANCH_GT", "BRANCH_EQ", "BRANCH_LT"] if mode == "mixed" else [mode]
    nodes = forest([tree(3, 0, modes), tree(2, 1, modes, sparse=True), tree(0, 2, modes)])
    x = SAMPLES.copy()
    x[:10, nodes["nodes_featureids"][0]] = np.float32(nodes["nodes_values"][0])  # on the edge
    x[10:20] = np.nan
    compare(
        "TreeEnsembleRegressor",
        {"x": x},
        {**nodes, **votes(nodes, "target", [0, 1]), "n_targets": 2, "base_values": [0.5, -1.0]},
    )


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_what_trees_say_is_put_together(aggregate: str) -> None:
    nodes = forest([tree(2, i, ["BRANCH_LEQ"]) for i in range(5)])
    compare(
        "TreeEnsembleRegressor",
        {"x": SAMPLES},
        {**nodes, **votes(nodes, "target", [0]), "n_targets": 1, "aggregate_function": aggregate},
    )


@pytest.mark.parametrize("post", ["NONE", "SOFTMAX", "LOGISTIC"])
@pytest.mark.parametrize(
    ("labels", "targets", "positive"),
    [([3, 5, 7], [0, 1, 2], False), ([0, 1], [0, 1], True), ([0, 1], [0], False), ([0, 1], [1], True)],
)
def test_classification_trees(labels: list[int], targets: list[int], positive: bool, post: str) -> None:
    nodes = forest([tree(3, i, ["BRANCH_LEQ"]) for i in range(3)])
    said = votes(nodes, "class", targets, positive)
    if positive:
        said["class_weights"] = [w / 3 for w in said["class_weights"]]

    def oracle(source: Any, feeds: Any) -> list[Any]:
        chosen, scores = onnxruntime(source, feeds)
        if targets == [0, 1]:  # ONNX Runtime says 1 whenever its score is positive; the standard wants the top class
            chosen = np.argmax(scores, 1)
        return [chosen, scores]

    attributes = {**nodes, **said, "classlabels_int64s": labels, "post_transform": post}
    compare("TreeEnsembleClassifier", {"x": SAMPLES}, attributes, outputs=2, oracle=oracle)


def test_tree_ensemble_of_the_newest_version() -> None:
    from onnx import helper, numpy_helper

    tensor = {
        k: numpy_helper.from_array(v)
        for k, v in {
            "nodes_splits": np.array([0.1, -0.2, 0.5, 0.0], np.float32),
            "nodes_modes": np.array([0, 1, 3, 0], np.uint8),
            "leaf_weights": np.array([1.5, -2.5, 3.0, 4.0, 0.5], np.float32),
        }.items()
    }
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y0"],
        domain=ML,
        n_targets=2,
        aggregate_function=1,
        post_transform=0,
        tree_roots=[0, 3],
        nodes_featureids=[0, 1, 2, 0],
        nodes_truenodeids=[1, 0, 2, 4],
        nodes_trueleafs=[0, 1, 1, 1],
        nodes_falsenodeids=[2, 1, 3, 4],
        nodes_falseleafs=[0, 1, 1, 1],
        leaf_targetids=[0, 1, 0, 1, 1],
        **tensor,
    )
    source = one_node("TreeEnsemble", {"x": SAMPLES}, domain=ML, version=5)
    source.graph.node[0].CopyFrom(node)
    check(source, {"x": SAMPLES}, rtol=1e-5)


def test_tree_in_a_circle_is_an_error() -> None:
    nodes = forest([tree(2, 0, ["BRANCH_LEQ"])])
    nodes["nodes_truenodeids"][1] = 1
    with pytest.raises(ModelError, match="circle"):
        mo_core.convert(
            one_node("TreeEnsembleRegressor", {"x": SAMPLES}, domain=ML, given={**nodes, **votes(nodes, "target", [0])})
        )


def test_branch_to_nowhere_is_an_error() -> None:
    nodes = forest([tree(1, 0, ["BRANCH_LEQ"])])
    nodes["nodes_truenodeids"][0] = 77
    with pytest.raises(ModelError, match="leads to no node"):
        mo_core.convert(
            one_node("TreeEnsembleRegressor", {"x": SAMPLES}, domain=ML, given={**nodes, **votes(nodes, "target", [0])})
        )


def test_labels_that_are_texts_are_fine_when_nobody_reads_them() -> None:
    attributes = {
        "coefficients": [1.0, 2.0, 3.0, 4.0, 1.0, 0.0, 0.0, 0.0],
        "intercepts": [0.0, 0.5],
        "classlabels_strings": ["a", "b"],
    }
    source = one_node("LinearClassifier", {"x": X}, outputs=2, domain=ML, given=attributes)
    with pytest.raises(Unsupported, match="texts"):
        mo_core.convert(source)
    del source.graph.output[0]
    want = onnxruntime(source, {"x": X})
    np.testing.assert_allclose(run(source, {"x": X})[0][0], want[0], rtol=1e-5)


def test_dictionaries_are_refused_with_what_helps() -> None:
    source = one_node("ZipMap", {"x": X}, domain=ML, given={"classlabels_int64s": [0, 1, 2, 3]})
    with pytest.raises(Unsupported, match="zipmap=False"):
        mo_core.convert(source)
