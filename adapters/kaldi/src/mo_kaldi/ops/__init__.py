"""Converters of components, by family."""

from mo_kaldi.ops import (
    activation,
    attention,
    control,
    convolution,
    elementwise,
    matmul,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
)

MODULES = (
    activation,
    attention,
    control,
    convolution,
    elementwise,
    matmul,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
)
