"""`--mean_file`: the mean image of the training, subtracted in the graph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_caffe.blobs import tensor_of
from mo_caffe.caffemodel import read_binaryproto
from mo_core.errors import ModelError, UsageError
from mo_core.frontend import MeanImage
from mo_core.ir import Graph, Parameter
from mo_core.ir.tensor import MappedFile, Tensor, reshaped

if TYPE_CHECKING:
    from mo_core.options import Options


def mean_images(graph: Graph, options: Options) -> dict[str, MeanImage]:
    """What is to be subtracted from the image input, by its name. Raises UsageError, ModelError."""
    path = Path(options.get("mean_file"))
    try:
        mean = _image(path)
    except ModelError as e:
        raise e.note(f'mean file "{path}"') from None
    x_and_y = parse_offsets(options.get("mean_file_offsets"))
    return {_image_input(graph, mean).name: MeanImage(mean, (x_and_y[1], x_and_y[0]) if x_and_y else None)}


def _image(path: Path) -> Tensor:
    if not path.is_file():
        raise UsageError(f'there is no file "{path}"', "Give the .binaryproto of the mean image with --mean_file.")
    file = MappedFile(path)
    tensor = tensor_of(read_binaryproto(file.buffer), file)
    shape = tensor.shape[-3:]
    if len(shape) != 3 or tensor.size == 0 or tensor.size != shape[0] * shape[1] * shape[2]:
        raise ModelError(f"the mean image has shape {list(tensor.shape)}, and channels, height, width are needed")
    return reshaped(tensor, shape)


def _image_input(graph: Graph, mean: Tensor) -> Parameter:
    images = [p for p in graph.inputs if p.uses and (p.shape is None or _is_image(p, mean.shape[0]))]
    if len(images) != 1:
        raise UsageError(
            f"--mean_file needs one input with {mean.shape[0]} channels, and the network has {len(images)}",
            "Give --mean_values with the names of the inputs instead.",
        )
    return images[0]


def _is_image(parameter: Parameter, channels: int) -> bool:
    dims = parameter.dims
    return len(dims) == 4 and (dims[1] == channels or not isinstance(dims[1], int))


def parse_offsets(given: Any) -> tuple[int, ...]:
    """`(x,y)` from the upper left corner; empty for the centre. Raises UsageError."""
    if given is None or given == "":
        return ()
    numbers: Sequence[Any] = re.findall(r"-?\d+", given) if isinstance(given, str) else given
    try:
        x, y = map(int, numbers)
    except (TypeError, ValueError):
        raise UsageError(f"--mean_file_offsets is {given}", 'Write two numbers: "(x,y)".') from None
    if min(x, y) < 0:
        raise UsageError(f"--mean_file_offsets is {given}, and an offset is negative", 'Write "(x,y)", both 0 or more.')
    return x, y
