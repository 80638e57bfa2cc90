"""Connectionist temporal classification."""

from __future__ import annotations

from typing import NoReturn

from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_tensorflow.registry import tf_op


@tf_op("CTCGreedyDecoder", "CTCBeamSearchDecoder", "CTCLoss", "CTCLossV2", ignore=("*",))
def decoder(*inputs: Value) -> NoReturn:
    raise Unsupported("its results are sparse tensors", "Cut before it with --output, and decode outside of the model.")
