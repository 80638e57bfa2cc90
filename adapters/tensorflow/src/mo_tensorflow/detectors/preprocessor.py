"""The images of a detector: the loop that resizes them goes, and what it gave is expected of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mo_core.ir import Graph, Parameter, Value
from mo_core.ir.types import Dynamic
from mo_core.rewriting import Editor
from mo_tensorflow.detectors.nodes import image_input, named

if TYPE_CHECKING:
    from mo_core.options import Options

_LOOP = "(?:.*/)?Preprocessor/map/"


def take_out_resizing(graph: Graph, edit: Editor, size: tuple[int, int] | None) -> Parameter | None:
    """Let what reads the resized images read the images as they come; returns the input that they come from.

    The loop may stand before or after the normalisation, which stays. `size` (height, width) becomes that of the
    input, unless the model or the user says another.
    """
    resized = _resized(graph)
    if resized is None:
        return None
    before, after = resized
    source = image_input(before)
    edit.replace_region([before], [after], [before], rule="resizing-of-images")
    if source is not None and size is not None:
        _set_size(edit, source, size)
    return source


def _resized(graph: Graph) -> tuple[Value, Value] | None:
    """What goes into the loop, and what comes out of it."""
    given = next((n for n in named(graph, f"{_LOOP}TensorArrayUnstack/.*") if n.op == "TensorArrayScatterV3"), None)
    taken = next((n for n in named(graph, f"{_LOOP}TensorArrayStack/.*") if n.op == "TensorArrayGatherV3"), None)
    return None if given is None or taken is None else (given.operands[2], taken)


def images(graph: Graph, value: Value) -> Value | None:
    """The images N, H, W, C in the size that the network sees, of which `value` is computed."""
    resized = _resized(graph)
    return resized[1] if resized is not None else image_input(value)


def _set_size(edit: Editor, source: Parameter, size: tuple[int, int]) -> None:
    if source.shape is None or len(source.shape) != 4 or _is_shaped(edit.options, source):
        return
    n, *middle, channels = source.shape
    sizes = [s if isinstance(d, Dynamic) else d for d, s in zip(middle, size)]
    edit.retype(source, source.element, (n, *sizes, channels))
    edit.refresh(source.users())


def _is_shaped(options: Options, source: Parameter) -> bool:
    """True when the user gives the input a shape."""
    names = {source.name, *source.names}
    listed = any(s.is_shaped and (not s.text or s.name in names or s.text in names) for s in options.input)
    return listed or bool(options.input_shape)
