"""Layers that compare or move images."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from tests.adapters.caffe.harness import Array, close, inputs_of, layer, run, values

A, B = values(2, 3, 7, 8), values(2, 3, 7, 8, seed=1)


def correlate(
    a: Array, b: Array, pad: int, kernel: int, reach: int, stride_1: int, stride_2: int, subtract: bool
) -> Array:
    a, b = (np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)]) for x in (a, b))
    border = reach + kernel // 2
    height, width = (-(-(n - 2 * border) // stride_1) for n in a.shape[2:])
    radius = reach // stride_2
    moves = [(dy * stride_2, dx * stride_2) for dy in range(-radius, radius + 1) for dx in range(-radius, radius + 1)]
    y = np.zeros((a.shape[0], len(moves), height, width), np.float32)
    for c, (dy, dx) in enumerate(moves):
        for i, j in np.ndindex(height, width):
            top, left = i * stride_1 + reach, j * stride_1 + reach
            p = a[:, :, top : top + kernel, left : left + kernel]
            q = b[:, :, top + dy : top + dy + kernel, left + dx : left + dx + kernel]
            y[:, c, i, j] = (np.abs(p - q) if subtract else p * q).mean((1, 2, 3))
    return y


@pytest.mark.parametrize(
    ("pad", "kernel", "reach", "stride_1", "stride_2", "subtract"),
    [
        (2, 1, 2, 1, 1, False),
        (3, 1, 3, 1, 2, False),
        (3, 3, 2, 1, 1, False),
        (4, 3, 3, 2, 1, True),
        (0, 1, 1, 1, 1, False),
    ],
)
def test_correlation(pad: int, kernel: int, reach: int, stride_1: int, stride_2: int, subtract: bool) -> None:
    rest = (
        f"correlation_param {{ pad: {pad} kernel_size: {kernel} max_displacement: {reach} stride_1: {stride_1} "
        f"stride_2: {stride_2} {'correlation_type: SUBTRACT do_abs: true single_direction: 1' if subtract else ''} }}"
    )
    text = inputs_of({"a": A, "b": B}) + layer("Correlation", "a b", "y", rest)
    close(run(text, {"a": A, "b": B})["y"], correlate(A, B, pad, kernel, reach, stride_1, stride_2, subtract))
    a, b = values(1, 3, 9, 6, seed=2), values(1, 3, 9, 6, seed=3)  # reshaped on the runtime
    close(run(text, {"a": a, "b": b})["y"], correlate(a, b, pad, kernel, reach, stride_1, stride_2, subtract))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ("kernel_size: 2 max_displacement: 1", ModelError),
        ("kernel_size: 1 max_displacement: 9", ModelError),
        ("kernel_size: 1 max_displacement: 2000000000", Unsupported),
        ("kernel_size: 1 max_displacement: 1 correlation_type: 4", ModelError),
        ("kernel_size: 1 max_displacement: 1 stride_2: 0", ModelError),
    ],
)
def test_what_cannot_be_correlated_is_refused(fields: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="Correlation"):
        run(layer("Correlation", "a b", "y", f"correlation_param {{ {fields} }}"), {"a": A, "b": B})


@pytest.mark.parametrize(("direction", "moves"), [(0, [-4, -2, 0, 2, 4]), (1, [0, 2, 4])])
@pytest.mark.parametrize("subtract", [False, True])
def test_correlation_along_rows(direction: int, moves: list[int], subtract: bool) -> None:
    rest = (
        "correlation_param { pad: 5 kernel_size: 3 max_displacement: 5 stride_1: 2 stride_2: 2 do_abs: true "
        f"single_direction: {direction} correlation_type: {'SUBTRACT' if subtract else 'MULTIPLY'} }}"
    )
    p, q = (np.pad(x, [(0, 0), (0, 0), (0, 0), (5, 5)]) for x in (A, B))
    want = np.zeros((2, len(moves), 3, 3), np.float32)
    for c, i, j in np.ndindex(*want.shape[1:]):
        top, left, move = 2 * i, 2 * j + 5, moves[c]
        one, two = p[:, :, top : top + 3, left : left + 3], q[:, :, top : top + 3, left + move : left + move + 3]
        want[:, c, i, j] = (np.abs(one - two) if subtract else one * two).mean((1, 2, 3))
    close(run(layer("Correlation1D", "a b", "y", rest), {"a": A, "b": B})["y"], want)


def test_a_correlation_to_the_left_is_refused() -> None:
    rest = "correlation_param { pad: 5 kernel_size: 1 max_displacement: 5 single_direction: -1 }"
    with pytest.raises(Unsupported, match="single_direction -1"):
        run(layer("Correlation1D", "a b", "y", rest), {"a": A, "b": B})


def sample(x: Array, theta: Array, height: int, width: int) -> Array:
    """Bilinear, at theta (2 x 3) times (row, column, 1) of a grid from -1 on; 0 outside."""
    y = np.zeros((*x.shape[:2], height, width), np.float32)
    for n, i, j in np.ndindex(x.shape[0], height, width):
        place = theta[n] @ np.array([2 * i / height - 1, 2 * j / width - 1, 1])
        row, column = (place[0] + 1) / 2 * x.shape[2], (place[1] + 1) / 2 * x.shape[3]
        for r in (int(np.floor(row)), int(np.floor(row)) + 1):
            for c in (int(np.floor(column)), int(np.floor(column)) + 1):
                if 0 <= r < x.shape[2] and 0 <= c < x.shape[3]:
                    y[n, :, i, j] += x[n, :, r, c] * (1 - abs(row - r)) * (1 - abs(column - c))
    return y


THETA = np.array([[[1, 0, 0], [0, 1, 0]], [[0.8, 0.1, -0.2], [-0.3, 0.7, 0.1]]], np.float32)


@pytest.mark.parametrize(("fields", "size"), [("", (7, 8)), ("output_H: 4 output_W: 5", (4, 5))])
def test_spatial_transformer(fields: str, size: tuple[int, int]) -> None:
    feeds = {"x": A, "theta": THETA.reshape(2, 6)}
    got = run(layer("SpatialTransformer", "x theta", "y", f"st_param {{ {fields} }}"), feeds)
    close(got["y"], sample(A, THETA, *size), 1e-4)


def test_a_transformer_may_fix_some_coefficients() -> None:
    rest = "st_param { theta_1_1: 0.5 theta_1_2: 0 theta_2_1: 0 theta_2_2: 0.5 }"
    free = np.array([[0.1, -0.2], [0.3, 0.4]], np.float32)
    theta = np.array([[[0.5, 0, a], [0, 0.5, b]] for a, b in free], np.float32)
    got = run(layer("SpatialTransformer", "x theta", "y", rest), {"x": A, "theta": free})
    close(got["y"], sample(A, theta, 7, 8), 1e-4)


# -- warps


def warp(x: Array, flow: Array) -> Array:
    """Bilinear samples at the pixel plus the flow; 0 where that lies outside."""
    y = np.zeros((*x.shape[:2], *flow.shape[2:]), np.float32)
    height, width = x.shape[2:]
    for n, i, j in np.ndindex(x.shape[0], *flow.shape[2:]):
        column, row = j + flow[n, 0, i, j], i + flow[n, 1, i, j]
        if not (0 <= column < width and 0 <= row < height):
            continue
        left, top = int(column), int(row)
        right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
        a, b = column - left, row - top
        upper = (1 - a) * x[n, :, top, left] + a * x[n, :, top, right]
        lower = (1 - a) * x[n, :, bottom, left] + a * x[n, :, bottom, right]
        y[n, :, i, j] = (1 - b) * upper + b * lower
    return y


def test_a_warp_samples_where_the_flow_points_to() -> None:
    flow = values(2, 2, 7, 8, seed=3) * 3
    got = run(layer("FlowWarp", "a flow", "y"), {"a": A, "flow": flow})
    close(got["y"], warp(A, flow))


def test_a_warp_that_fills_with_something_else_is_refused() -> None:
    rest = "flow_warp_param { fill_value: NOT_A_NUMBER }"
    with pytest.raises(Unsupported, match="NOT_A_NUMBER"):
        run(layer("FlowWarp", "a flow", "y", rest), {"a": A, "flow": values(2, 2, 7, 8)})
