"""ai.onnx.ml: ensembles of decision trees, all trees walked at once.

Every step down the trees is a few gathers for all samples and trees; a leaf leads to itself,
so that after as many steps
as the deepest tree has levels each walk stands at its leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mo_core.build import concat, dim_size, gather, ints, slice_axis, squeeze, to_element, vector
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ops import (
    Add,
    Broadcast,
    Equal,
    Gather,
    GatherElements,
    Greater,
    IsNaN,
    LessEqual,
    Multiply,
    Negative,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Select,
    Sigmoid,
    Subtract,
)
from mo_onnx.ops.ml import DOMAIN, as_rows, best, f32, labels_of, real, transformed
from mo_onnx.registry import onnx_op

Ints = Sequence[int]
Reals = Sequence[float]
Table = npt.NDArray[np.int64]

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
DEEPEST = 512


@dataclass
class Forest:
    """Nodes of all trees, leaves included.

    Attributes:
        roots: one node for each tree; feature, split: what a node compares; equal: by equality, else by `<=`.
        then, otherwise, missing: the next node when that holds, when not, and for a NaN.
        weights: for each node a number for each target (NaN: none); depth: number of steps from a root to any leaf.
    """

    roots: Table
    feature: Table
    split: npt.NDArray[np.float32]
    equal: npt.NDArray[np.bool_]
    then: Table
    otherwise: Table
    missing: Table
    weights: npt.NDArray[np.float32]
    depth: int = 0

    def __post_init__(self) -> None:
        count = len(self.feature)
        for table in (self.then, self.otherwise, self.missing, self.roots):
            if table.size and (table.min() < 0 or table.max() >= count):
                raise ModelError("a tree has a branch that leads to no node")
        inner = (self.then != np.arange(count)) | (self.otherwise != np.arange(count))
        here = self.roots
        while np.any(inner[here]):
            here = np.unique(np.concatenate([self.then[here], self.otherwise[here]]))
            self.depth += 1
            if self.depth > DEEPEST:
                raise ModelError(f"a tree is more than {DEEPEST} levels deep, or leads in a circle")

    def leaves(self, x: Value) -> Value:
        """The leaf of each sample (rows of `x`) in each tree: samples, trees."""
        here: Value = Broadcast(constant(self.roots), vector([dim_size(x, 0), len(self.roots)]))
        for _ in range(self.depth):
            here = self._below(x, here)
        return here

    def _below(self, x: Value, here: Value) -> Value:
        def of(table: npt.NDArray[np.generic]) -> Value:
            return gather(constant(table), here, 0)

        value, split = GatherElements(x, of(self.feature), axis=1), of(self.split)
        holds: Value = LessEqual(value, split)
        if self.equal.any():
            holds = Select(of(self.equal), Equal(value, split), holds)
        below = Select(holds, of(self.then), of(self.otherwise))
        if np.array_equal(self.missing, self.otherwise):  # no comparison holds for a NaN
            return below
        return Select(IsNaN(value), of(self.missing), below)

    def scores(self, x: Value, aggregate: str, base: Reals) -> Value:
        """Samples, targets: what the leaves say, put together."""
        function, empty = {
            "SUM": (ReduceSum, 0.0),
            "AVERAGE": (ReduceSum, 0.0),
            "MIN": (ReduceMin, np.inf),
            "MAX": (ReduceMax, -np.inf),
        }[aggregate]
        weights = np.where(np.isnan(self.weights), np.float32(empty), self.weights)
        y: Value = function(Gather(constant(weights), self.leaves(x), constant(0)), ints([1]), keep_dims=False)
        if aggregate == "AVERAGE":
            y = Multiply(y, f32(1 / len(self.roots)))
        elif empty:
            y = Select(Equal(y, f32(empty)), f32(0.0), y)
        return Add(y, f32(base)) if len(base) else y


def _array(values: Sequence[float] | Tensor | None, dtype: type) -> npt.NDArray[Any]:
    return np.asarray(values.numpy() if isinstance(values, Tensor) else values or (), dtype)


def _swapped(
    modes: npt.NDArray[np.int64], split: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Whether a comparison is the opposite of `<=` or `==`, and the number for the comparison that it is then."""
    strict = (modes == 1) | (modes == 2)  # x < s is x <= the number before s
    return np.isin(modes, (2, 3, 5)), np.where(strict, np.nextafter(split, np.float32(-np.inf)), split)


def forest_of_nodes(
    treeids: Ints,
    nodeids: Ints,
    featureids: Ints,
    modes: Sequence[str],
    values: Reals | Tensor,
    truenodeids: Ints,
    falsenodeids: Ints,
    missing: Ints,
    leaves: tuple[Ints, Ints, Ints, Reals | Tensor],
    targets: int,
) -> Forest:
    """A forest from the attributes of the older ops, in which a tree and a number in it name a node."""
    tree, number = _array(treeids, np.int64), _array(nodeids, np.int64)
    count = len(tree)
    columns = (nodeids, featureids, modes, truenodeids, falsenodeids)
    if not count or any(len(c) != count for c in columns):
        raise ModelError(f"the attributes of {count} tree nodes have different lengths")
    place = {key: i for i, key in enumerate(zip(tree.tolist(), number.tolist()))}
    if any(m not in MODES and m != "LEAF" for m in modes):
        raise Unsupported(f"tree nodes of mode {sorted(set(modes) - {*MODES, 'LEAF'})} are not supported")
    kinds = np.array([MODES.index(m) if m != "LEAF" else -1 for m in modes])
    leaf, own = kinds < 0, np.arange(count)

    def linked(ids: Ints) -> Table:
        found = [i if leaf[i] else place.get((tree[i], n), -1) for i, n in enumerate(ids)]
        return np.asarray(found, np.int64)

    then, otherwise = linked(truenodeids), linked(falsenodeids)
    split = (
        np.resize(_array(values, np.float32), count)
        if isinstance(values, Tensor) or values
        else np.zeros(count, np.float32)
    )
    tracked = np.resize(_array(missing, np.bool_), count) if missing else np.zeros(count, bool)
    lost = np.where(tracked | (kinds == 5), then, otherwise)  # a NaN differs from every number
    swap, split = _swapped(kinds, split)
    weights = np.full([count, targets], np.nan, np.float32)
    for t_, n, target, weight in zip(*leaves[:3], _array(leaves[3], np.float32)):
        at = place.get((t_, n))
        if at is None or not 0 <= target < targets:
            raise ModelError(f"a leaf of tree {t_} names node {n} and target {target}, and there is no such thing")
        before = weights[at, target]
        weights[at, target] = weight if np.isnan(before) else before + weight
    _, first = np.unique(tree, return_index=True)
    children = np.zeros(count, bool)
    children[np.concatenate([then[~leaf], otherwise[~leaf]])] = True
    roots = [next((i for i in own[tree == tree[f]] if not children[i]), f) for f in sorted(first)]
    feature = np.where(leaf, 0, _array(featureids, np.int64))
    return Forest(
        np.asarray(roots, np.int64),
        feature,
        split,
        np.isin(kinds, (4, 5)),
        np.where(swap, otherwise, then),
        np.where(swap, then, otherwise),
        lost,
        weights,
    )


@onnx_op("TreeEnsembleRegressor", DOMAIN, ignore=["nodes_hitrates", "nodes_hitrates_as_tensor"])
def tree_ensemble_regressor(
    x: Value,
    *,
    aggregate_function: str = "SUM",
    base_values: Reals = (),
    base_values_as_tensor: Tensor | None = None,
    n_targets: int = 1,
    nodes_falsenodeids: Ints,
    nodes_featureids: Ints,
    nodes_missing_value_tracks_true: Ints = (),
    nodes_modes: Sequence[str],
    nodes_nodeids: Ints,
    nodes_treeids: Ints,
    nodes_truenodeids: Ints,
    nodes_values: Reals = (),
    nodes_values_as_tensor: Tensor | None = None,
    post_transform: str = "NONE",
    target_ids: Ints,
    target_nodeids: Ints,
    target_treeids: Ints,
    target_weights: Reals = (),
    target_weights_as_tensor: Tensor | None = None,
) -> Value:
    forest = forest_of_nodes(
        nodes_treeids,
        nodes_nodeids,
        nodes_featureids,
        nodes_modes,
        nodes_values_as_tensor or nodes_values,
        nodes_truenodeids,
        nodes_falsenodeids,
        nodes_missing_value_tracks_true,
        (target_treeids, target_nodeids, target_ids, target_weights_as_tensor or target_weights),
        n_targets,
    )
    base = base_values if base_values_as_tensor is None else base_values_as_tensor.numpy().tolist()
    return transformed(forest.scores(as_rows(real(x)), aggregate_function, base), post_transform)


@onnx_op("TreeEnsembleClassifier", DOMAIN, ignore=["nodes_hitrates", "nodes_hitrates_as_tensor"])
def tree_ensemble_classifier(
    x: Value,
    *,
    base_values: Reals = (),
    base_values_as_tensor: Tensor | None = None,
    class_ids: Ints,
    class_nodeids: Ints,
    class_treeids: Ints,
    class_weights: Reals = (),
    class_weights_as_tensor: Tensor | None = None,
    classlabels_int64s: Ints = (),
    classlabels_strings: Sequence[str] = (),
    nodes_falsenodeids: Ints,
    nodes_featureids: Ints,
    nodes_missing_value_tracks_true: Ints = (),
    nodes_modes: Sequence[str],
    nodes_nodeids: Ints,
    nodes_treeids: Ints,
    nodes_truenodeids: Ints,
    nodes_values: Reals = (),
    nodes_values_as_tensor: Tensor | None = None,
    post_transform: str = "NONE",
    node: Foreign,
) -> Sequence[Value | None]:
    count = len(classlabels_int64s) or len(classlabels_strings)
    weights = class_weights_as_tensor or class_weights
    voted = set(class_ids)
    one_sided = count == 2 and len(voted) == 1
    forest = forest_of_nodes(
        nodes_treeids,
        nodes_nodeids,
        nodes_featureids,
        nodes_modes,
        nodes_values_as_tensor or nodes_values,
        nodes_truenodeids,
        nodes_falsenodeids,
        nodes_missing_value_tracks_true,
        (class_treeids, class_nodeids, class_ids, weights),
        count,
    )
    base = list(base_values if base_values_as_tensor is None else base_values_as_tensor.numpy().tolist())
    scores = forest.scores(as_rows(real(x)), "SUM", base * 2 if one_sided and len(base) == 1 else base)
    if not one_sided:
        chosen = best(scores)
        return [labels_of(chosen, classlabels_int64s, classlabels_strings, node), transformed(scores, post_transform)]
    # two classes and votes for one of them: a positive score means the second class, whichever they were cast for
    score = slice_axis(scores, 1, max(voted), max(voted) + 1)
    probable = bool(np.all(_array(weights, np.float32) >= 0))
    chosen = squeeze(to_element(Greater(score, f32(0.5 if probable else 0.0)), t.i64), 1)
    if voted == {1}:
        both = transformed(scores, post_transform)
    elif post_transform == "LOGISTIC":
        both = Sigmoid(concat([Negative(score), score], 1))
    else:
        both = concat([Subtract(f32(1.0), score) if probable else Negative(score), score], 1)
    return [labels_of(chosen, classlabels_int64s, classlabels_strings, node), both]


@onnx_op("TreeEnsemble", DOMAIN, since=5, ignore=["nodes_hitrates"])
def tree_ensemble(
    x: Value,
    *,
    aggregate_function: int = 1,
    leaf_targetids: Ints,
    leaf_weights: Tensor,
    membership_values: Tensor | None = None,
    n_targets: int = 1,
    nodes_falseleafs: Ints,
    nodes_falsenodeids: Ints,
    nodes_featureids: Ints,
    nodes_missing_value_tracks_true: Ints = (),
    nodes_modes: Tensor,
    nodes_splits: Tensor,
    nodes_trueleafs: Ints,
    nodes_truenodeids: Ints,
    post_transform: int = 0,
    tree_roots: Ints,
) -> Value:
    """Inner nodes come first in our tables, leaves behind them."""
    weights = leaf_weights.numpy().astype(np.float32)
    nodes = [
        _array(nodes_featureids, np.int64),
        nodes_splits.numpy().astype(np.float32),
        nodes_modes.numpy().astype(np.int64),
        _array(nodes_truenodeids, np.int64),
        _array(nodes_trueleafs, np.int64),
        _array(nodes_falsenodeids, np.int64),
        _array(nodes_falseleafs, np.int64),
        np.resize(nodes_missing_value_tracks_true or [0], nodes_modes.size),
    ]
    targets = _array(leaf_targetids, np.int64)
    if len({len(column) for column in nodes}) != 1 or not len(nodes[0]) or targets.shape != weights.shape:
        raise ModelError("the lists that describe the nodes and leaves of a TreeEnsemble have different lengths")
    if n_targets < 1 or not np.isin(targets, range(n_targets)).all():
        raise ModelError(f"a leaf of a TreeEnsemble has a target outside of {n_targets}")
    members = membership_values.numpy().astype(np.float32) if membership_values is not None else np.zeros(0, np.float32)
    feature, split, modes, true, true_leaf, false, false_leaf, tracked = _without_sets(nodes, members)
    inner, count = len(modes), len(modes) + len(weights)
    own, padding = np.arange(inner, count), np.zeros(len(weights), np.int64)
    then, otherwise = (
        np.concatenate([ids + inner * leaf, own]) for ids, leaf in ((true, true_leaf), (false, false_leaf))
    )
    swap, split = _swapped(modes, split)
    # a tree that is one leaf is written as a node with that leaf on both sides
    swapped = np.concatenate([swap, padding > 0]) & (then != otherwise)
    lost = np.where(np.concatenate([tracked.astype(bool) | (modes == 5), padding > 0]), then, otherwise)
    table = np.full([count, n_targets], np.nan, np.float32)
    table[own, targets] = weights
    forest = Forest(
        _array(tree_roots, np.int64),
        np.concatenate([feature, padding]),
        np.concatenate([split, padding]).astype(np.float32),
        np.concatenate([np.isin(modes, (4, 5)), padding > 0]),
        np.where(swapped, otherwise, then),
        np.where(swapped, then, otherwise),
        lost,
        table,
    )
    names = ("AVERAGE", "SUM", "MIN", "MAX"), ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
    if not 0 <= aggregate_function < 4 or not 0 <= post_transform < 5:
        raise ModelError(
            f"TreeEnsemble has aggregate_function {aggregate_function} and post_transform {post_transform}"
        )
    y = transformed(forest.scores(as_rows(real(x)), names[0][aggregate_function], ()), names[1][post_transform])
    return to_element(y, x.element) if x.element.is_real else y


def _without_sets(nodes: list[npt.NDArray[Any]], members: npt.NDArray[np.float32]) -> list[npt.NDArray[Any]]:
    """A node that tests membership of a set becomes a chain of tests for equality; NaNs separate the sets.

    The columns are feature, split, mode, true branch, is it a leaf, false branch, is it a leaf, follow true for NaN.
    """
    rows = [list(row) for row in zip(*nodes)]
    sets = [part[~np.isnan(part)] for part in np.split(members, np.flatnonzero(np.isnan(members)))]
    tests = [i for i, row in enumerate(rows) if row[2] == 6]
    if len(sets) < len(tests) or any(not 0 <= row[2] <= 6 for row in rows):
        raise ModelError(
            f"a TreeEnsemble has {len(tests)} nodes that test membership and {len(sets)} sets, or unknown modes"
        )
    for i, values in zip(tests, sets):
        feature, _, _, true, true_leaf, false, false_leaf, tracked = rows[i]
        rows[i][2:5] = 4, false, false_leaf  # of an empty set nothing is a member
        at = i
        for k, value in enumerate(values):
            last = k == len(values) - 1
            rows[at] = [
                feature,
                value,
                4,
                true,
                true_leaf,
                false if last else len(rows),
                false_leaf if last else 0,
                tracked,
            ]
            if not last:
                at = len(rows)
                rows.append([])
    return [np.asarray(column, like.dtype) for column, like in zip(zip(*rows), nodes)]
