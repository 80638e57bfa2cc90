"""From a file to a network: which generation it is, and what stands around the network."""

from __future__ import annotations

from pathlib import Path

from mo_core.errors import ModelError
from mo_core.ir.tensor import MappedFile
from mo_kaldi.network import Network
from mo_kaldi.nnet1 import read_nnet1
from mo_kaldi.nnet2 import read_nnet2
from mo_kaldi.nnet3 import read_nnet3
from mo_kaldi.stream import Stream

HEADS = ("<Nnet>", "<Nnet3>", "<TransitionModel>")


def read_network(path: Path) -> Network:
    """Read a network of any generation, with or without a transition model. Raises ModelError."""
    stream = Stream(MappedFile(path))
    start = stream.at
    tag = stream.token()
    if tag == "<TransitionModel>":
        stream.skip_past("</TransitionModel>")
        tag = stream.token()
    if tag == "<Nnet3>":
        return read_nnet3(stream)
    if tag == "<Nnet>":
        return read_nnet2(stream) if stream.peek() == "<NumComponents>" else read_nnet1(stream)
    stream.at = start
    if tag == "<DIMENSION>":
        raise ModelError(
            f'"{path.name}" is a Gaussian mixture model, and no network', "Give a neural network of Kaldi."
        )
    raise stream.fail(" or ".join(HEADS))
