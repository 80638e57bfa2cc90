"""Mask R-CNN: the masks of what DetectionOutput has found."""

from __future__ import annotations

from dataclasses import dataclass

from mo_core.build import constant_like, gather, reshape_to, slice_axis, to_element
from mo_core.ir import Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ops import Maximum, Subtract
from mo_core.rewriting import Editor
from mo_tensorflow.detectors.nodes import first_named, named
from mo_tensorflow.detectors.ssd import before_reshape
from mo_tensorflow.detectors.suppression import XYWH

OUTPUT = "detection_masks"
_STACKS = (
    ("/TensorArrayStack/TensorArrayGatherV3", "/TensorArrayStack_2/TensorArrayGatherV3"),
    ("/stack_6", "/stack_8"),
)
"""The ends of the names of boxes and classes, of loops over images and without one."""


@dataclass(frozen=True)
class Third:
    """The third stage.

    Attributes:
        boxes: of the detections, N, D, 4 as y0, x0, y1, x1; classes: N, D, counted from 0 without that of no object.
        crop: the node that crops the boxes; masks: N, D, H, W, of the class that was found.
    """

    boxes: Value
    classes: Value
    crop: Node
    masks: Value


def find_third(graph: Graph) -> Third | None:
    """The stage that computes masks; None where there is none, or nobody asks for masks."""
    masks = next((r.source for r in graph.outputs if r.name == OUTPUT), None) or first_named(graph, f"(?:.*/)?{OUTPUT}")
    crops = [n for n in named(graph, ".*") if n.op == "CropAndResize"]
    if masks is None or len(crops) < 2:
        return None
    boxes = before_reshape(crops[-1].operands[1])
    classes = _classes_with(graph, boxes)
    return None if classes is None else Third(boxes, classes, crops[-1], masks)


def _classes_with(graph: Graph, boxes: Value) -> Value | None:
    """The classes that the suppression gives with these boxes, which it stacks first, then scores, then classes."""
    name = boxes.node.name
    for of_boxes, of_classes in _STACKS:
        wanted = name.removesuffix(of_boxes) + of_classes
        found = next((n for n in graph if name.endswith(of_boxes) and n.name == wanted), None)
        if found is not None:
            return found
    return None


def connect(edit: Editor, third: Third, detections: Value, count: int) -> Value:
    """Let the third stage read the detections, 1, 1, N * count, 7; returns the masks."""
    rows = reshape_to(detections, (-1, 7))
    boxes = reshape_to(gather(slice_axis(rows, 1, 3), XYWH, 1), (-1, count, 4))
    # a row that holds nothing is as one of the first class in the first image
    classes = _at_least_zero(Subtract(slice_axis(rows, 1, 1, 2), constant_like(rows, 1)))
    images = _at_least_zero(reshape_to(slice_axis(rows, 1, 0, 1), (-1,)))
    new = [boxes, reshape_to(classes, (-1, count)), to_element(images, t.i32)]
    edit.replace_region([], [third.boxes, third.classes, third.crop.operands[2]], new, rule="detections-for-masks")
    return third.masks


def _at_least_zero(value: Value) -> Value:
    return Maximum(value, constant_like(value, 0))
