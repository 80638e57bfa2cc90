"""YOLO: the outputs of the network go to RegionYolo, with the attributes of a description."""

from __future__ import annotations

from mo_core.build import permute
from mo_core.ir import Value
from mo_core.ops import RegionYolo
from mo_core.rewriting import SubGraph, replacer

ENTRY = "It is the node after the last convolution of a scale."


@replacer("TFYOLO", finds=True)
def yolo(found: SubGraph) -> None:
    """Each output of the model, N, H, W, C, goes to RegionYolo."""
    values = {f"{r.name}/YoloRegion": _region(found, r.source, softmax=True) for r in found.graph.outputs}
    found.edit.replace_outputs(values, found.description.id)


@replacer("TFYOLOV3", finds=True)
def yolo_v3(found: SubGraph) -> None:
    """What each of the nodes in `entry_points` reads, N, H, W, C, goes to RegionYolo; these are the outputs."""
    points = found.read_by("entry_points", ENTRY)
    masks = found.lists("masks", len(points))
    values = {f"{name}/YoloRegion": _region(found, v, softmax=False, mask=m) for (name, v), m in zip(points, masks)}
    found.edit.replace_outputs(values, found.description.id)


def _region(found: SubGraph, value: Value, *, softmax: bool, mask: tuple[int, ...] = ()) -> Value:
    given = found.attributes
    sizes = {name: found.whole(name) for name in ("classes", "coords", "num")}
    return RegionYolo(
        permute(value, (0, 3, 1, 2)),
        **sizes,
        axis=1,
        end_axis=3,
        do_softmax=bool(given.get("do_softmax", softmax)),
        mask=mask,
        anchors=found.numbers("anchors", given.get("anchors", [])),
    )
