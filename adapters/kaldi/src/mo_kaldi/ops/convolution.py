"""Convolutions over time and height, over the planes of a row, and over the columns of a row."""

from __future__ import annotations

import math

import numpy as np

from mo_core.build import permute, reshape_to, unsqueeze
from mo_core.errors import ModelError
from mo_core.ir import Constant, Value
from mo_core.ir import tensor as tensors_
from mo_core.ir.schema import Ints
from mo_core.ir.tensor import Array_, Tensor
from mo_core.ops import Add, Convolution
from mo_kaldi.ops.pooling import flat
from mo_kaldi.registry import Frames, kaldi_component


@kaldi_component("TimeHeightConvolutionComponent", ignore=("RequiredTimeOffsets", "Model", "ConvolutionModel"))
def time_height_convolution(
    x: Value,
    *,
    NumFiltersIn: int,
    NumFiltersOut: int,
    HeightIn: int,
    HeightOut: int,
    HeightSubsampleOut: int = 1,
    Offsets: Ints,
    LinearParams: Tensor,
    BiasParams: Tensor,
    frames: Frames | None = None,
) -> Value:
    """One convolution over the plane of frames and heights; offsets that are not evenly spaced get filters of zeros."""
    times, heights = Offsets[::2], Offsets[1::2]
    taps = _taps(times), _taps(heights)
    (first, step, count), (low, rise, tall) = taps
    shape = NumFiltersOut, len(times), NumFiltersIn
    if LinearParams.shape != (NumFiltersOut, len(times) * NumFiltersIn) or min(HeightIn, HeightOut) < 1:
        raise ModelError(f"a convolution of {len(times)} offsets has filters {list(LinearParams.shape)}")

    def spread(weights: Array_) -> Array_:
        filters = np.zeros((NumFiltersOut, NumFiltersIn, count, tall), np.float32)
        for i, (time, height) in enumerate(zip(times, heights)):
            filters[:, :, (time - first) // step, (height - low) // rise] = weights.reshape(shape)[:, i]
        return filters

    filters = tensors_.lazy(spread, LinearParams, shape=(NumFiltersOut, NumFiltersIn, count, tall))
    start, more, at = frames if frames is not None else (0, 0, 0)
    # rows are [frame, height, filter]: a picture of one channel a filter, as high as there are frames
    picture = permute(unsqueeze(reshape_to(x, [-1, HeightIn, NumFiltersIn]), 0), (0, 3, 1, 2))
    last = first + step * (count - 1)
    below = (HeightOut - 1) * HeightSubsampleOut + low + rise * (tall - 1) - (HeightIn - 1)
    y: Value = Convolution(
        picture,
        Constant(value=filters),
        strides=(1, HeightSubsampleOut),
        pads_begin=(start - at - first, -low),
        pads_end=(last - more, below),
        dilations=(step, rise),
    )
    y = Add(y, Constant(value=tensors_.reshaped(BiasParams, (1, NumFiltersOut, 1, 1))))
    return reshape_to(permute(y, (0, 2, 3, 1)), [-1, HeightOut * NumFiltersOut])


def _taps(offsets: tuple[int, ...]) -> tuple[int, int, int]:
    """First offset, step and number of an even grid that holds all offsets."""
    low = min(offsets)
    step = math.gcd(*(o - low for o in offsets)) or 1
    count = (max(offsets) - low) // step + 1
    if count > 4096:
        raise ModelError(f"a convolution reaches from offset {low} to {max(offsets)}")
    return low, step, count


@kaldi_component("ConvolutionComponent")
def convolution(
    x: Value,
    *,
    InputXDim: int,
    InputYDim: int,
    InputZDim: int,
    FiltXDim: int,
    FiltYDim: int,
    FiltXStep: int,
    FiltYStep: int,
    InputVectorization: int = 0,
    FilterParams: Tensor,
    BiasParams: Tensor,
) -> Value:
    size = FiltXDim * FiltYDim * InputZDim
    if len(FilterParams.shape) != 2 or FilterParams.shape[1] != size:
        raise ModelError(f"a convolution has filters {list(FilterParams.shape)}, expected {size} numbers each")
    count = FilterParams.shape[0]
    if InputVectorization:  # z varies fastest, then y
        planes = permute(reshape_to(x, [-1, InputXDim, InputYDim, InputZDim]), (0, 3, 1, 2))
    else:
        planes = permute(reshape_to(x, [-1, InputXDim, InputZDim, InputYDim]), (0, 2, 1, 3))

    def laid_out(weights: Array_) -> Array_:
        return np.ascontiguousarray(weights.reshape(count, FiltXDim, FiltYDim, InputZDim).transpose(0, 3, 1, 2))

    filters = tensors_.lazy(laid_out, FilterParams, shape=(count, InputZDim, FiltXDim, FiltYDim))
    y: Value = Convolution(
        planes,
        Constant(value=filters),
        strides=(FiltXStep, FiltYStep),
        pads_begin=(0, 0),
        pads_end=(0, 0),
        dilations=(1, 1),
    )
    y = Add(y, Constant(value=tensors_.reshaped(BiasParams, (1, count, 1, 1))))
    return flat(permute(y, (0, 2, 3, 1)))


@kaldi_component("ConvolutionalComponent")
def convolution_over_bands(
    x: Value, *, PatchDim: int, PatchStep: int, PatchStride: int, Filters: Tensor, Bias: Tensor
) -> Value:
    """nnet1: frames are spliced, and patches of some bands of all frames move over the bands."""
    return _over_bands(x, PatchDim, PatchStep, PatchStride, Filters, Bias)


@kaldi_component("Convolutional1dComponent")
def convolution_over_bands_of_nnet2(
    x: Value,
    *,
    PatchDim: int,
    PatchStep: int,
    PatchStride: int,
    AppendedConv: bool = False,
    FilterParams: Tensor,
    BiasParams: Tensor,
) -> Value:
    """As in nnet1; `AppendedConv`: what the file calls a patch counts filters of the convolution before."""
    return _over_bands(x, PatchDim, PatchStep, PatchStride, FilterParams, BiasParams)


def _over_bands(x: Value, patch: int, step: int, stride: int, filters: Tensor, bias: Tensor) -> Value:
    """Rows are `[spliced frame, band]`; results are `[place of the patch, filter]`."""
    count, size = filters.shape if len(filters.shape) == 2 else (0, 0)
    if min(patch, step, stride) < 1 or size % patch or bias.shape != (count,) or patch > stride:
        raise ModelError(f"a convolution of patches of {patch} bands of {stride} has filters {list(filters.shape)}")
    frames = size // patch

    def laid_out(weights: Array_) -> Array_:
        return weights.reshape(count, frames, patch)

    kernel = tensors_.lazy(laid_out, filters, shape=(count, frames, patch))
    bands = reshape_to(x, [-1, frames, stride])
    y: Value = Convolution(
        bands, Constant(value=kernel), strides=(step,), pads_begin=(0,), pads_end=(0,), dilations=(1,)
    )
    y = Add(y, Constant(value=tensors_.reshaped(bias, (1, count, 1))))
    return flat(permute(y, (0, 2, 1)))


@kaldi_component("Convolutional2DComponent")
def convolution_of_maps(
    x: Value,
    *,
    FmapXLen: int,
    FmapYLen: int,
    FiltXLen: int,
    FiltYLen: int,
    FiltXStep: int,
    FiltYStep: int,
    ConnectFmap: int,
    Filters: Tensor,
    Bias: Tensor,
) -> Value:
    """nnet1: maps of frames and bands. `ConnectFmap` 1: the maps vary fastest, else the bands of one frame do."""
    if min(FmapXLen, FmapYLen, FiltXLen, FiltYLen, FiltXStep, FiltYStep) < 1 or len(Filters.shape) != 2:
        raise ModelError("a Convolutional2DComponent has sizes below 1, or no matrix of filters")
    count, maps = Filters.shape[0], Filters.shape[1] // (FiltXLen * FiltYLen)
    if ConnectFmap == 1:
        planes = permute(reshape_to(x, [-1, FmapXLen, FmapYLen, maps]), (0, 3, 1, 2))
    else:
        planes = permute(reshape_to(x, [-1, FmapXLen, maps, FmapYLen]), (0, 2, 1, 3))

    def laid_out(weights: Array_) -> Array_:
        return np.ascontiguousarray(weights.reshape(count, FiltXLen, FiltYLen, maps).transpose(0, 3, 1, 2))

    kernel = tensors_.lazy(laid_out, Filters, shape=(count, maps, FiltXLen, FiltYLen))
    y: Value = Convolution(
        planes,
        Constant(value=kernel),
        strides=(FiltXStep, FiltYStep),
        pads_begin=(0, 0),
        pads_end=(0, 0),
        dilations=(1, 1),
    )
    y = Add(y, Constant(value=tensors_.reshaped(Bias, (1, count, 1, 1))))
    return flat(permute(y, (0, 2, 3, 1)))
