"""Detectors of GluonCV with the outputs that the old tool gave them: DetectionOutput for SSD, RegionYolo for YOLO v3.

Both happen on request only (`--enable_ssd_gluoncv`, `--transformations_config` with `TFYOLOV3`): without it a detector
is converted as it is, with the results of MXNet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mo_core.build import ints, split
from mo_core.errors import UsageError
from mo_core.ir import Foreign, Node, Parameter, Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Concat,
    Convert,
    DetectionOutput,
    Divide,
    Gather,
    Multiply,
    RegionYolo,
    Reshape,
    ShapeOf,
    Subtract,
)
from mo_core.rewriting import Editor, Replacer, SubGraph, replacer
from mo_mxnet.attributes import WHOLES, parse

NMS = ("_contrib_box_nms", "_contrib_box_non_maximum_suppression")
DEVIATIONS = (0.1, 0.1, 0.2, 0.2)
"""By which GluonCV multiplies what its networks say of boxes."""


# -- SSD


@dataclass(frozen=True)
class Heads:
    """What the suppression of a single-shot detector is made from.

    Attributes:
        scores: N, anchors, classes, the background first. boxes: N, anchors, 4, what the network says.
        anchors: 1, anchors, 4, centres and sizes in pixels. suppression: the node that ends it.
    """

    scores: Value
    boxes: Value
    anchors: Value
    suppression: Foreign


def detection_output(edit: Editor) -> None:
    """Make one DetectionOutput of what follows the heads of a single-shot detector.

    Raises UsageError for a network that has no such heads.
    """
    found = next((n for n in edit.graph if isinstance(n, Foreign) and n.op in NMS), None)
    heads = None if found is None else _heads(found)
    if heads is None:
        raise UsageError(
            "--enable_ssd_gluoncv is given, and the network is no SSD of GluonCV",
            "Leave the option out: the network is converted as it is.",
        )
    image = edit.graph.inputs[0]
    edit.replace_outputs({"DetectionOutput": _detections(heads, image)}, "ssd-gluoncv")


def _heads(suppression: Foreign) -> Heads | None:
    """The heads that the rows of a suppression come from: softmax, and two Reshapes to four numbers a row."""
    scores: Value | None = None
    boxes: Value | None = None
    anchors: Value | None = None
    for node in _upwards(suppression):
        if not isinstance(node, Foreign):
            continue
        if node.op in ("softmax", "SoftmaxActivation") and scores is None:
            scores = node.results[0]
        elif node.op in ("Reshape", "reshape"):
            shape = parse("shape", str(node.given.get("shape", "()")), WHOLES)
            if tuple(shape) == (0, -1, 4) and boxes is None:
                boxes = node.results[0]
            elif tuple(shape) == (1, -1, 4) and anchors is None:
                anchors = node.results[0]
    if scores is None or boxes is None or anchors is None:
        return None
    return Heads(scores, boxes, anchors, suppression)


def _upwards(start: Node) -> Iterator[Node]:
    """The nodes that one is computed from, the nearest first; those behind the heads are not looked at."""
    seen, waiting = {start}, [start]
    for node in waiting:
        yield node
        if isinstance(node, Foreign) and node.op in ("softmax", "SoftmaxActivation", "Convolution"):
            continue
        for value in node.operands:
            if value.node not in seen:
                seen.add(value.node)
                waiting.append(value.node)


def _detections(heads: Heads, image: Parameter) -> Value:
    """Rows of image, class, score and corners from 0 to 1, as the runtime's DetectionOutput gives them."""
    given = heads.suppression.given
    top = int(str(given.get("topk", "-1")))
    x, y, w, h = split(heads.anchors, 2, 4)
    half = constant(0.5, t.f32)
    right, down = Multiply(w, half), Multiply(h, half)
    corners: list[Value] = [Subtract(x, right), Subtract(y, down), Add(x, right), Add(y, down)]
    size = Convert(Gather(ShapeOf(image), ints([3, 2, 3, 2]), constant(0, t.i64)), destination_type=t.f32)
    priors = Divide(Concat(corners, axis=2), size)
    moves = Multiply(heads.boxes, constant(list(DEVIATIONS), t.f32))
    flat = ints([0, -1])
    return DetectionOutput(
        Reshape(moves, flat, special_zero=True),
        Reshape(heads.scores, flat, special_zero=True),
        Reshape(priors, ints([1, 1, -1]), special_zero=True),
        keep_top_k=(_kept(heads.suppression) or max(top, 1),),
        nms_threshold=float(str(given.get("overlap_thresh", "0.5"))),
        background_label_id=0,
        top_k=top,
        variance_encoded_in_target=True,
        code_type="caffe.PriorBoxParameter.CENTER_SIZE",
        share_location=True,
        confidence_threshold=float(str(given.get("valid_thresh", "0"))),
        decrease_label_id=True,
        normalized=True,
    )


def _kept(suppression: Foreign) -> int:
    """How many of the rows the network keeps; 0 for all."""
    for user in suppression.results[0].users():
        if isinstance(user, Foreign) and user.op == "slice_axis" and str(user.given.get("axis")) in ("1", "-2"):
            end = str(user.given.get("end"))
            return int(end) if end.isdigit() else 0
    return 0


# -- YOLO


@replacer("TFYOLOV3", finds=True)
def yolo_v3(found: SubGraph) -> None:
    """What each of the nodes in `entry_points` reads, N, C, H, W, goes to RegionYolo; these are the outputs."""
    points = found.read_by("entry_points", "It is the node after the last convolution of a scale.")
    masks = found.lists("masks", len(points))
    values = {f"{name}/YoloRegion": _region(found, value, mask) for (name, value), mask in zip(points, masks)}
    found.edit.replace_outputs(values, found.description.id)


def _region(found: SubGraph, value: Value, mask: tuple[int, ...]) -> Value:
    sizes = {name: found.whole(name) for name in ("classes", "coords", "num")}
    anchors = found.numbers("anchors", found.attributes.get("anchors"))
    if not anchors:
        raise found.wrong('"anchors" is no list of numbers')
    return RegionYolo(
        value,
        **sizes,
        axis=1,
        end_axis=3,
        do_softmax=bool(found.attributes.get("do_softmax", False)),
        mask=mask,
        anchors=anchors,
    )


REPLACERS: Sequence[Replacer] = (yolo_v3,)
"""What the descriptions do that came with the old tool for MXNet."""
