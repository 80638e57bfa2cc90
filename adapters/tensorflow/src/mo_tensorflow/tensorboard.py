"""The graph of a model for TensorBoard, as an event file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mo_core.errors import UsageError
from mo_tensorflow.proto import tensorflow_pb2 as pb

_INSTALL = 'pip install "mo-tensorflow[tensorboard]"'
_SMALL = 64  # numbers in a constant that are worth being looked at


def write_graph(graph: Any, folder: Path) -> None:
    """Write the GraphDef as the file has it, without the content of its weights.

    Raises UsageError when the package tensorboard is missing, or the folder cannot be written.
    """
    try:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError as e:
        raise UsageError("--tensorboard_logdir needs the package tensorboard", _INSTALL) from e
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writer = EventFileWriter(str(folder))
        writer.add_event(event_pb2.Event(wall_time=0.0, graph_def=_light(graph).SerializeToString()))
        writer.close()
    except OSError as e:
        raise UsageError(f'--tensorboard_logdir: cannot write to "{folder}": {e.strerror or e}') from e


def _light(graph: Any) -> Any:
    light = pb.GraphDef()
    light.CopyFrom(graph)
    for node in light.node:
        tensor = node.attr["value"].tensor if node.op == "Const" and "value" in node.attr else None
        if tensor is not None and tensor.ByteSize() > _SMALL:
            kept = pb.TensorProto(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape)
            tensor.CopyFrom(kept)
    return light
