"""Chain models as Kaldi's recipes make them: factorised TDNN layers with residual connections, random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.adapters.kaldi import files
from tests.adapters.kaldi.files import Part


def tdnn(path: Path, layers: int, width: int, inner: int, columns: int, classes: int) -> None:
    """Write a network of `layers` factorised layers of `width` columns, with `inner` ones between the factors."""
    rng = np.random.default_rng(0)
    config = [f"input-node name=input dim={columns}"]
    parts: dict[str, Part] = {}

    def weights(outputs: int, inputs: int) -> np.ndarray:
        return rng.normal(size=(outputs, inputs), scale=inputs**-0.5).astype(np.float32)

    def add(name: str, part: Part, reads: str) -> str:
        config.append(f"component-node name={name} component={name} input={reads}")
        parts[name] = part
        return name

    def activated(name: str, reads: str, size: int) -> str:
        relu = add(f"{name}.relu", Part("RectifiedLinearComponent", [("Dim", size)]), reads)
        tokens = [("Dim", size), ("BlockDim", size), ("Epsilon", 1e-3), ("TargetRms", 1.0), ("TestMode", False)]
        stats = [("StatsMean", rng.normal(size=size).astype(np.float32)), ("StatsVar", np.ones(size, np.float32))]
        return add(f"{name}.batchnorm", Part("BatchNormComponent", [*tokens, ("Count", 10.0), *stats]), relu)

    def affine(size: int, inputs: int) -> Part:
        bias = rng.normal(size=size).astype(np.float32)
        return Part("NaturalGradientAffineComponent", [("LinearParams", weights(size, inputs)), ("BiasParams", bias)])

    first = "Append(Offset(input, -1), input, Offset(input, 1))"
    last = activated("tdnn1", add("tdnn1.affine", affine(width, 3 * columns), first), width)
    for i in range(2, layers + 2):
        step = 1 if i < 4 else 3
        linear = Part("TdnnComponent", [("TimeOffsets", [-step, 0]), ("LinearParams", weights(inner, 2 * width))])
        linear.tokens.append(("BiasParams", np.zeros(0, np.float32)))
        narrow = add(f"tdnn{i}.linear", linear, last)
        wide = affine(width, 2 * inner)
        tokens = [("TimeOffsets", [0, step]), *wide.tokens]
        done = activated(f"tdnn{i}", add(f"tdnn{i}.affine", Part("TdnnComponent", tokens), narrow), width)
        noop = Part("NoOpComponent", [("Dim", width), ("BackpropScale", 1.0)])
        last = add(f"tdnn{i}.noop", noop, f"Sum(Scale(0.66, {last}), {done})")
    add("output.affine", affine(classes, width), last)
    config.append("output-node name=output input=output.affine objective=linear")
    path.write_bytes(files.nnet3(config, parts, transitions=True))
