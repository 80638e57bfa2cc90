"""Changes that the user asks for: a softmax left out, prior probabilities taken into account."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mo_core.errors import ModelError, UsageError
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Array_, MappedFile, Tensor
from mo_kaldi.network import Component, Descriptor, Network, Node, ref
from mo_kaldi.stream import Stream

_SOFTMAX = ("SoftmaxComponent", "LogSoftmaxComponent", "Softmax")
_SMALLEST = 1e-10
"""Counts below this are those of classes that never occurred."""


def drop_softmax(network: Network) -> None:
    """Let the outputs be what the softmax at the end reads (--remove_output_softmax); outputs without one stay."""
    dropped = False
    for output in network.outputs():
        last = _last(network, output)
        if last is not None:
            output.reads = last.reads
            dropped = True
    if not dropped:
        network.notes.append("--remove_output_softmax: no output ends with a softmax.")


def append_priors(network: Network, priors: Tensor) -> None:
    """Subtract the logarithms of prior probabilities, before the softmax at the end or else at the end (--counts).

    Args:
        priors: counts or probabilities of the outputs, f32 `[columns]`.
    """
    bias = Component("FixedBiasComponent", tokens={"Bias": Array(_minus_log(priors.numpy()), t.f32)})
    for output in network.outputs():
        name = f"{output.name}/priors"
        target = _last(network, output) or output
        assert target.reads is not None
        network.components[name] = bias
        network.add(Node(name, "component", target.reads, name, priors.size))
        target.reads = ref(name)


def read_counts(path: Path) -> Tensor:
    """A vector of counts, text or binary. Raises ModelError when the file holds no such vector."""
    counts = Stream(MappedFile(path)).tensor()
    if len(counts.shape) == 2 and counts.shape[0] == 1:
        counts = Array(counts.numpy().reshape(-1), t.f32)
    if len(counts.shape) != 1 or not counts.size or not np.isfinite(counts.numpy()).all() or counts.numpy().min() < 0:
        raise ModelError(f'"{path.name}" holds no vector of counts', "Give a vector such as [ 10 20 30 ].")
    return counts


def model_priors(network: Network) -> Tensor:
    """The priors of the model. Raises UsageError when it has none."""
    if network.priors is None:
        raise UsageError("--counts is empty, and the model has no priors", "Give a file with counts.")
    return network.priors


def _last(network: Network, output: Node) -> Node | None:
    """The softmax that an output is, or None."""
    reads: Descriptor | None = output.reads
    if reads is None or reads.op != "Ref":
        return None
    node = network.nodes[reads.name]
    component = network.components.get(node.component)
    return node if component is not None and component.kind in _SOFTMAX else None


def _minus_log(counts: Array_) -> Array_:
    """Classes that never occurred get a weight so low that they never win, as in Kaldi's own tools."""
    wide = counts.astype(np.float64)
    never = wide < _SMALLEST
    wide[never] = _SMALLEST
    logs = np.log(wide / wide.sum())
    logs[never] += np.finfo(np.float32).max / 2
    return np.asarray(-logs, np.float32)
