"""ai.onnx.ml: classical models on matrices of samples and features. Trees have a module of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from mo_core.build import concat, gather, integer, ints, reshape_to, squeeze, to_element, unsqueeze
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Constant, Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ops import (
    Add,
    Divide,
    Equal,
    Exp,
    Greater,
    Less,
    LessEqual,
    Log,
    MatMul,
    Multiply,
    Negative,
    NotEqual,
    Power,
    ReduceMax,
    ReduceSum,
    Select,
    Sigmoid,
    Sign,
    Softmax,
    Sqrt,
    Subtract,
    Tanh,
    TopK,
)
from mo_onnx.registry import onnx_op

DOMAIN = "ai.onnx.ml"
Reals = Sequence[float]


def real(x: Value) -> Value:
    """As f32, in which these ops compute."""
    return to_element(x, t.f32)


def f32(values: float | Sequence[float] | np.ndarray[Any, Any]) -> Constant:
    """An f32 constant."""
    return constant(np.asarray(values, np.float32))


def as_rows(x: Value) -> Value:
    """A single sample as a matrix of one row."""
    return unsqueeze(x, 0) if x.rank == 1 else x


# -- features


@onnx_op("Scaler", DOMAIN)
def scaler(x: Value, *, offset: Reals = (0.0,), scale: Reals = (1.0,)) -> Value:
    return Multiply(Subtract(real(x), f32(offset)), f32(scale))


@onnx_op("Normalizer", DOMAIN)
def normalizer(x: Value, *, norm: str = "MAX") -> Value:
    x = real(x)
    last = ints([x.rank - 1])
    if norm == "MAX":
        divisor: Value = ReduceMax(x, last, keep_dims=True)
    elif norm == "L1":
        divisor = ReduceSum(Select(Less(x, 0.0), Negative(x), x), last, keep_dims=True)
    elif norm == "L2":
        divisor = Sqrt(ReduceSum(Multiply(x, x), last, keep_dims=True))
    else:
        raise ModelError(f'the norm of a Normalizer is "{norm}", and it is one of MAX, L1, L2')
    return Divide(x, Select(Equal(divisor, 0.0), f32(1.0), divisor))


@onnx_op("Binarizer", DOMAIN)
def binarizer(x: Value, *, threshold: float = 0.0) -> Value:
    number = f32(threshold) if x.element.is_real else constant(math.floor(threshold), x.element)
    return to_element(Greater(x, to_element(number, x.element)), x.element)


@onnx_op("Imputer", DOMAIN)
def imputer(
    x: Value,
    *,
    imputed_value_floats: Reals = (),
    imputed_value_int64s: Sequence[int] = (),
    replaced_value_float: float = 0.0,
    replaced_value_int64: int = 0,
) -> Value:
    new = imputed_value_floats if x.element.is_real else imputed_value_int64s
    if not new:
        raise ModelError(f"the Imputer of {x.element} has no value to put in")
    old = replaced_value_float if x.element.is_real else replaced_value_int64
    missing = NotEqual(x, x) if math.isnan(old) else Equal(x, constant(old, x.element))
    return Select(missing, constant(np.asarray(new), x.element), x)


@onnx_op("FeatureVectorizer", DOMAIN)
def feature_vectorizer(*columns: Value, inputdimensions: Sequence[int] = ()) -> Value:
    return concat([as_rows(real(c)) for c in columns], 1)


@onnx_op("ArrayFeatureExtractor", DOMAIN)
def array_feature_extractor(x: Value, indices: Value) -> Value:
    return gather(as_rows(x), reshape_to(indices, [-1]), -1)


@onnx_op("OneHotEncoder", DOMAIN)
def one_hot_encoder(
    x: Value, *, cats_int64s: Sequence[int] = (), cats_strings: Sequence[str] = (), zeros: int = 1
) -> Value:
    if cats_strings or not zeros:
        raise Unsupported("OneHotEncoder of texts, or one that fails for unknown categories, is not supported")
    return real(Equal(unsqueeze(to_element(x, t.i64), x.rank), ints(cats_int64s)))


@onnx_op("LabelEncoder", DOMAIN)
def label_encoder(
    x: Value,
    *,
    default_float: float = -0.0,
    default_int64: int = -1,
    default_string: str = "",
    default_tensor: Tensor | None = None,
    keys_floats: Reals = (),
    keys_int64s: Sequence[int] = (),
    keys_strings: Sequence[str] = (),
    keys_tensor: Tensor | None = None,
    values_floats: Reals = (),
    values_int64s: Sequence[int] = (),
    values_strings: Sequence[str] = (),
    values_tensor: Tensor | None = None,
    classes_strings: Sequence[str] = (),
) -> Value:
    """A table of numbers; a key that is not in there gives the default."""
    if (
        keys_strings
        or values_strings
        or classes_strings
        or t.string in (x.element, *(v.element for v in (keys_tensor, values_tensor) if v))
    ):
        raise Unsupported("LabelEncoder of texts is not supported", "Encode the labels before the model.")
    keys = keys_tensor.numpy() if keys_tensor is not None else np.asarray(keys_floats or keys_int64s)
    if values_tensor is not None:
        values, element = values_tensor.numpy(), values_tensor.element
    elif values_floats:
        values, element = np.asarray(values_floats), t.f32
    else:
        values, element = np.asarray(values_int64s), t.i64
    if len(keys) != len(values) or not len(keys):
        raise ModelError(f"LabelEncoder has {len(keys)} keys and {len(values)} values")
    default = default_float if element.is_real else default_int64
    if default_tensor is not None:
        default = default_tensor.numpy().reshape(-1)[0]
    flat = unsqueeze(x, x.rank)
    known = constant(keys, x.element)
    same: Value = Equal(flat, known)
    if np.isnan(keys.astype(np.float64)).any():
        same = Select(constant(np.isnan(keys)), NotEqual(flat, flat), same)
    place = TopK(to_element(same, t.i32), integer(1), axis=x.rank, mode="max", sort="value", stable=True)
    found = gather(constant(values, element), squeeze(place.results[1], x.rank), 0)
    return Select(to_element(squeeze(place, x.rank), t.boolean), found, constant(default, element))


@onnx_op("ZipMap", DOMAIN, ignore=["*"])
def zip_map(x: Value) -> NoReturn:
    raise Unsupported(
        "a ZipMap makes dictionaries, and the runtime has tensors only; export with zipmap=False, or end before it"
    )


# -- scores


def transformed(scores: Value, post_transform: str) -> Value:
    """What is done to scores in the end."""
    if post_transform == "NONE":
        return scores
    if post_transform == "LOGISTIC":
        return Sigmoid(scores)
    if post_transform == "SOFTMAX":
        return Softmax(scores, axis=-1)
    if post_transform == "SOFTMAX_ZERO":  # zeros stay what they are
        some = NotEqual(scores, 0.0)
        shares = Softmax(Select(some, scores, f32(-np.inf)), axis=-1)
        return Select(some, shares, f32(0.0))
    if post_transform == "PROBIT":
        return probit(scores)
    raise ModelError(f'post_transform "{post_transform}" is not known')


def probit(p: Value) -> Value:
    """The quantile of the normal distribution, by the approximation of ONNX Runtime."""
    x = Subtract(Multiply(p, 2.0), 1.0)
    log = Log(Multiply(Subtract(f32(1.0), x), Add(f32(1.0), x)))
    v = Add(Multiply(log, 0.5), 2 / (math.pi * 0.147))
    root = Sqrt(Subtract(Multiply(v, v), Multiply(log, 1 / 0.147)))
    return Multiply(Multiply(Sign(x), Sqrt(Subtract(root, v))), math.sqrt(2))


def labels_of(chosen: Value, names: Sequence[int], texts: Sequence[str | bytes], node: Foreign) -> Value | None:
    """The labels of chosen classes; texts only where nobody reads them."""
    if not node.results[0].uses:
        return None
    if texts:
        raise Unsupported("a classifier whose labels are texts is not supported; end the model at its scores")
    return gather(ints(names), chosen, 0)


def best(scores: Value) -> Value:
    """The class of the highest score, the first of several."""
    top = TopK(scores, integer(1), axis=scores.rank - 1, mode="max", sort="value", stable=True)
    return squeeze(top.results[1], scores.rank - 1)


@onnx_op("LinearRegressor", DOMAIN)
def linear_regressor(
    x: Value, *, coefficients: Reals, intercepts: Reals = (), post_transform: str = "NONE", targets: int = 1
) -> Value:
    y = linear(x, coefficients, intercepts, targets)
    return transformed(y, post_transform)


def linear(x: Value, coefficients: Reals, intercepts: Reals, rows: int) -> Value:
    """`x @ coefficients^T + intercepts`."""
    if rows < 1 or len(coefficients) % rows:
        raise ModelError(f"{len(coefficients)} coefficients cannot be divided among {rows} targets")
    y = MatMul(as_rows(real(x)), f32(np.asarray(coefficients).reshape(rows, -1)), transpose_b=True)
    return Add(y, f32(intercepts)) if intercepts else y


@onnx_op("LinearClassifier", DOMAIN)
def linear_classifier(
    x: Value,
    *,
    classlabels_ints: Sequence[int] = (),
    classlabels_strings: Sequence[str] = (),
    coefficients: Reals,
    intercepts: Reals = (),
    multi_class: int = 0,
    post_transform: str = "NONE",
    node: Foreign,
) -> Sequence[Value | None]:
    count = len(classlabels_ints) or len(classlabels_strings)
    rows = len(intercepts) or count
    scores = linear(x, coefficients, intercepts, rows)
    if rows == 1 and count == 2:
        chosen = to_element(squeeze(Greater(scores, 0.0), 1), t.i64)
        other = Negative(scores) if post_transform == "LOGISTIC" else Subtract(f32(1.0), scores)
        scores = concat([other, scores], 1)
    else:
        chosen = best(scores)
    return [labels_of(chosen, classlabels_ints, classlabels_strings, node), transformed(scores, post_transform)]


# -- support vectors


@onnx_op("SVMRegressor", DOMAIN)
def svm_regressor(
    x: Value,
    *,
    coefficients: Reals,
    kernel_params: Reals = (),
    kernel_type: str = "LINEAR",
    n_supports: int = 0,
    one_class: int = 0,
    post_transform: str = "NONE",
    rho: Reals = (),
    support_vectors: Reals = (),
) -> Value:
    x = as_rows(real(x))
    weights = f32(coefficients)
    if n_supports:
        vectors = f32(np.asarray(support_vectors).reshape(n_supports, -1))
        products = kernel(x, vectors, kernel_type, kernel_params)
    else:
        products = kernel(x, f32(np.asarray(coefficients).reshape(1, -1)), kernel_type, kernel_params)
        weights = f32([1.0])
    y: Value = Add(MatMul(products, reshape_to(weights, [-1, 1])), f32(rho[:1]))
    if one_class:
        return Select(Greater(y, 0.0), f32(1.0), f32(-1.0))
    return transformed(y, post_transform)


def kernel(x: Value, vectors: Value, kind: str, parameters: Reals) -> Value:
    """The kernel of each sample (rows of `x`) with each vector (rows)."""
    gamma, coef0, degree = parameters or (0.0, 0.0, 0.0)
    if kind == "RBF":
        squares = ReduceSum(Power(Subtract(unsqueeze(x, 1), unsqueeze(vectors, 0)), 2.0), ints([2]))
        return Exp(Multiply(squares, -gamma))
    product: Value = MatMul(x, vectors, transpose_b=True)
    if kind == "LINEAR":
        return product
    shifted = Add(Multiply(product, gamma), coef0)
    if kind == "POLY":
        return Power(shifted, degree)
    if kind == "SIGMOID":
        return Tanh(shifted)
    raise ModelError(f'the kernel "{kind}" is not known')


@onnx_op("SVMClassifier", DOMAIN)
def svm_classifier(
    x: Value,
    *,
    classlabels_ints: Sequence[int] = (),
    classlabels_strings: Sequence[str] = (),
    coefficients: Reals,
    kernel_params: Reals = (),
    kernel_type: str = "LINEAR",
    post_transform: str = "NONE",
    prob_a: Reals = (),
    prob_b: Reals = (),
    rho: Reals = (),
    support_vectors: Reals = (),
    vectors_per_class: Sequence[int] = (),
    node: Foreign,
) -> Sequence[Value | None]:
    """Of two classes: a positive decision means the first of them, and is the score of the second."""
    if len(vectors_per_class) != 2 or prob_a or prob_b or post_transform != "NONE":
        raise Unsupported(
            "SVMClassifier is supported for two classes, support vectors, and decisions without probabilities"
        )
    vectors = f32(np.asarray(support_vectors).reshape(sum(vectors_per_class), -1))
    products = kernel(as_rows(real(x)), vectors, kernel_type, kernel_params)
    decision = Add(MatMul(products, f32(np.asarray(coefficients).reshape(-1, 1))), f32(rho[:1]))
    chosen = squeeze(to_element(LessEqual(decision, 0.0), t.i64), 1)
    scores = concat([Negative(decision), decision], 1)
    return [labels_of(chosen, classlabels_ints, classlabels_strings, node), scores]
