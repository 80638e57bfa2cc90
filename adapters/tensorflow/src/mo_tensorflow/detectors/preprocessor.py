"""The images of a detector: the loop that resizes them goes, and what it gave is expected of the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mo_core.build import to_element
from mo_core.frontend import Library
from mo_core.ir import Constant, Foreign, FunctionRef, Graph, Node, Parameter, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import Dynamic
from mo_core.ops import Add, Divide, Multiply, Subtract
from mo_core.rewriting import Editor
from mo_tensorflow.detectors.nodes import first_named, image_input, op_of, through

if TYPE_CHECKING:
    from mo_core.options import Options

_LOOP = "(?:.*/)?Preprocessor/map/"
_APART, _TOGETHER = "Preprocessor/unstack", "Preprocessor/stack"
"""Where images are taken apart, and put together again when each of them is resized."""
_MAP = "(?:.*/)?map/"
_PASSED = ("ExpandDims", "Unpack", "Squeeze", "Identity", "StopGradient", "Pack")
_RESIZED = ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")
_COMPUTED = {"Mul": Multiply, "Sub": Subtract, "Add": Add, "AddV2": Add, "RealDiv": Divide}


@dataclass(frozen=True)
class Resizing:
    """What the network sees (`after`), what stands for it without resizing (`images`), and where that comes from."""

    after: Value
    images: Value
    source: Value


def take_out_resizing(graph: Graph, edit: Editor, size: tuple[int, int] | None) -> Parameter | None:
    """Let what reads the resized images read the images as they come; returns the input that they come from.

    The normalisation stays, wherever it stands. `size` (height, width) becomes that of the input, unless the model or
    the user says another.
    """
    found = _resizing(graph, edit.context.model.functions if edit.context.model is not None else Library())
    if found is None:
        return None
    source = image_input(found.source)
    edit.replace_region([found.source], [found.after], [found.images], rule="resizing-of-images")
    if source is not None and size is not None:
        _set_size(edit, source, size)
    return source


def images(graph: Graph, value: Value) -> Value | None:
    """The images N, H, W, C in the size that the network sees, of which `value` is computed."""
    found = _resizing(graph, None)
    return found.after if found is not None else image_input(value)


def _resizing(graph: Graph, functions: Library | None) -> Resizing | None:
    """Where the images are resized; with `functions` None the images without resizing are not made."""
    given = first_named(graph, f"{_LOOP}TensorArrayUnstack/TensorArrayScatter/TensorArrayScatterV3")
    taken = first_named(graph, f"{_LOOP}TensorArrayStack/TensorArrayGatherV3")
    if given is not None and taken is not None:  # a loop of TensorFlow 1 has nothing else in it
        return Resizing(taken, given.operands[2], given.operands[2])
    apart, together = (first_named(graph, f"(?:.*/)?{name}") for name in (_APART, _TOGETHER))
    if apart is not None and together is not None:  # one image, without a loop
        return Resizing(together, apart.operands[0], apart.operands[0])
    given = first_named(graph, f"{_MAP}TensorArrayUnstack/TensorListFromTensor")
    taken = first_named(graph, f"{_MAP}TensorArrayV2Stack/TensorListStack")
    if given is None or taken is None:
        return None
    source = given.operands[0]
    if functions is None:
        return Resizing(taken, source, source)
    normal = _normalised(through(taken.operands[0], _PASSED), functions, source)
    return None if normal is None else Resizing(taken, normal, source)


def _normalised(stacked: Value, functions: Library, images: Value) -> Value | None:
    """What the body of a loop does to an image, but for resizing it, done to all images; None for something else.

    `stacked` is the result of the loop that collects them.
    """
    loop = stacked.node
    ref = loop.attributes.get("body")
    if not isinstance(loop, Foreign) or not isinstance(ref, FunctionRef):
        return None
    body = functions.body(ref, loop)
    stored = through(body.outputs[stacked.index].source, ("Identity",))
    return _applied(body, stored.node.operands[2], images) if op_of(stored) == "TensorListSetItem" else None


def _applied(body: Graph, value: Value, images: Value) -> Value | None:
    """The images, computed with as `value` is from one of them: number by number, with constants."""
    steps: list[Callable[[Value], Value]] = []
    apart = first_named(body, f"(?:.*/)?{_APART}")
    while op_of(value) not in ("TensorListGetItem", ""):
        op, operands = op_of(value), value.node.operands
        numbers = [v.node.value for v in operands if isinstance(v.node, Constant)]
        places = [i for i, v in enumerate(operands) if not isinstance(v.node, Constant)]
        if apart is not None and value.node.name.endswith(_TOGETHER):  # between the two it is resized
            value, apart = apart.operands[0], None
            continue
        if op == "Cast":
            steps.append(lambda x: to_element(x, t.f32))
        elif op in _COMPUTED and len(places) == len(numbers) == 1:
            steps.append(partial(_computed, op, constant(numbers[0].numpy()), places[0]))
        elif op not in (*_PASSED, *_RESIZED) and not _is_index(value.node):
            return None
        value = operands[places[0] if places else 0]
    for step in reversed(steps):
        images = step(images)
    return images


def _is_index(node: Node) -> bool:
    """True for what adds or takes away an axis of one element."""
    given = node.attributes
    return op_of(node) == "StridedSlice" and bool(given.get("new_axis_mask") or given.get("shrink_axis_mask"))


def _computed(op: str, number: Value, place: int, x: Value) -> Value:
    return _COMPUTED[op](*((x, number) if place == 0 else (number, x)))


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
