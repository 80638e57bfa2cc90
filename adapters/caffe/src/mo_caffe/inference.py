"""What of a network remains when it runs: layers of its phase (TEST, mostly), without what only training needs."""

from __future__ import annotations

from collections.abc import Callable, Collection

from mo_caffe.schema import Plain
from mo_core.errors import ModelError

_MEASURES = {"Accuracy", "HDF5Output", "DetectionEvaluate"}

# A loss that computes something of its own on the way is replaced by that; any other loss leaves its bottom as it is.
_LOSSES = {"SoftmaxWithLoss": "Softmax", "SigmoidCrossEntropyLoss": "Sigmoid", "InfogainLoss": "Softmax"}

# How many bottoms of a loss or measure are the network's own; the others are labels. One, unless it stands here.
_PREDICTIONS = {"ContrastiveLoss": 2, "MultiBoxLoss": 3, "TripletLoss": 3}

_PLUMBING = {"Concat", "Flatten", "Reshape", "Slice", "Split"}  # what brings labels to where they are used


def inference_layers(layers: list[Plain], state: Plain | None) -> list[Plain]:
    """The layers (present-day, see `upgrade`) that run at inference.

    Args:
        layers: in the order of the file.
        state: a NetState. None takes every layer: a .caffemodel holds those of the phase that it was trained in.

    Raises:
        ModelError: a layer has both `include` and `exclude`, which Caffe forbids.
    """
    result: list[Plain] = []
    used: set[str] = set()
    labels: set[str] = set()
    for layer in reversed([layer for layer in layers if state is None or _included(layer, state)]):
        kind, bottoms, tops = layer.get("type", ""), layer.get("bottom", []), layer.get("top", [])
        if kind in _DATA_SHAPES or (kind == "Python" and not bottoms and not labels.isdisjoint(tops)):
            result.extend(reversed(_input_layers(layer, used)))
        elif kind in _PLUMBING and tops and labels.issuperset(tops) and used.isdisjoint(tops):
            labels.update(bottoms)
        elif kind == "Silence":
            result.append(layer)
        elif _is_training(kind) and used.isdisjoint(tops):
            predictions = _PREDICTIONS.get(kind, 1)
            used.update(bottoms[:predictions])
            labels.update(bottoms[predictions:])
            if kind in _LOSSES:
                result.append(_without_loss(layer))
        else:
            used.update(bottoms)
            result.append(layer)
    return result[::-1]


# Phases and stages -------------------------------------------------------------------------------------------------


def _included(layer: Plain, state: Plain) -> bool:
    include, exclude = layer.get("include", []), layer.get("exclude", [])
    if include and exclude:
        raise ModelError(f'layer "{layer.get("name", "")}" has include and exclude rules, and may have one kind only')
    if include:
        return any(_meets(rule, state) for rule in include)
    return not any(_meets(rule, state) for rule in exclude)


def _meets(rule: Plain, state: Plain) -> bool:
    level, stages = state.get("level", 0), set(state.get("stage", []))
    return (
        rule.get("phase", state["phase"]) == state["phase"]
        and rule.get("min_level", level) <= level <= rule.get("max_level", level)
        and stages.issuperset(rule.get("stage", []))
        and stages.isdisjoint(rule.get("not_stage", []))
    )


# Losses and measures -----------------------------------------------------------------------------------------------


def _is_training(kind: str) -> bool:
    return kind.endswith("Loss") or kind in _MEASURES


def _without_loss(layer: Plain) -> Plain:
    tops = layer.get("top", []) or [layer.get("name", "")]  # the second top of a loss is what it computed on the way
    axis = {key: value for key, value in layer.get("infogain_loss_param", {}).items() if key == "axis"}
    block = {"softmax_param": axis} if axis else {}
    return {**layer, **block, "type": _LOSSES[layer["type"]], "bottom": layer.get("bottom", [])[:1], "top": tops[-1:]}


# Data --------------------------------------------------------------------------------------------------------------

Dims = list[int]


def _input_layers(layer: Plain, used: Collection[str]) -> list[Plain]:
    """A layer that reads data as inputs of the network, as far as they are used: labels mostly are not."""
    tops = layer.get("top", [])
    shapes = _DATA_SHAPES.get(layer["type"], _unknown_shapes)(layer, len(tops))
    transform = {k: v for k, v in layer.get("transform_param", {}).items() if k in ("scale", "mean_value", "mean_file")}
    result = []
    for index, top in enumerate(tops):
        if top in used:
            shape = shapes[index] if index < len(shapes) else None
            made: Plain = {"name": top, "type": "Input", "top": [top]}
            if transform and index == 0:
                made["transform_param"] = transform
            result.append({**made, "input_param": {"shape": [{"dim": shape}]}} if shape else made)
    return result


_IMAGES = {"ImageData": "image_data_param", "WindowData": "", "DenseImageData": "dense_image_data_param"}


def _image_shape(layer: Plain, tops: int) -> list[Dims]:
    """-1 stands for what only the data itself says."""
    batch = -1
    size: tuple[int, int] = (-1, -1)
    for name in ("data_param", "image_data_param", "window_data_param", "dense_image_data_param"):
        block = layer.get(name, {})
        batch = block.get("batch_size", batch)
        size = (block.get("new_height", size[0]), block.get("new_width", size[1]))
    transform = layer.get("transform_param", {})
    crop = transform.get("crop_size", 0)
    channels = 3 if transform.get("force_color") else 1 if transform.get("force_gray") else -1
    if layer["type"] in _IMAGES:
        channels = 3 if layer.get(_IMAGES[layer["type"]], {}).get("is_color", True) else 1
    return [[batch, channels, *((crop, crop) if crop else (dim or -1 for dim in size))]]


def _memory_shapes(layer: Plain, tops: int) -> list[Dims]:
    block = layer.get("memory_data_param", {})
    shape = [block.get(name, -1) for name in ("batch_size", "channels", "height", "width")]
    return [shape, shape[:1]]


def _dummy_shapes(layer: Plain, tops: int) -> list[Dims]:
    block = layer.get("dummy_data_param", {})
    shapes = [shape.get("dim", []) for shape in block.get("shape", [])]
    if not shapes:
        shapes = [list(dims) for dims in zip(*(block.get(name, []) for name in ("num", "channels", "height", "width")))]
    return shapes * tops if len(shapes) == 1 else shapes


def _unknown_shapes(layer: Plain, tops: int) -> list[Dims]:
    return []


_DATA_SHAPES: dict[str, Callable[[Plain, int], list[Dims]]] = {
    "Data": _image_shape,
    "ImageData": _image_shape,
    "WindowData": _image_shape,
    "AnnotatedData": _image_shape,
    "MemoryData": _memory_shapes,
    "DummyData": _dummy_shapes,
    "HDF5Data": _unknown_shapes,
    "DenseImageData": _image_shape,
    "VideoData": _unknown_shapes,
}
