"""YOLO: the outputs of the network go to RegionYolo, with the attributes of a description."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import permute
from mo_core.errors import UsageError, nearest_first
from mo_core.ir import Value
from mo_core.ops import RegionYolo
from mo_core.rewriting import SubGraph, replacer


@replacer("TFYOLO", finds=True)
def yolo(found: SubGraph) -> None:
    """Each output of the model, N, H, W, C, goes to RegionYolo."""
    values = {f"{r.name}/YoloRegion": _region(found, r.source, softmax=True) for r in found.graph.outputs}
    found.edit.replace_outputs(values, found.description.id)


@replacer("TFYOLOV3", finds=True)
def yolo_v3(found: SubGraph) -> None:
    """What each of the nodes in `entry_points` reads, N, H, W, C, goes to RegionYolo; these are the outputs."""
    by_name = {n.name: n for n in found.graph if n.operands}
    points = found.texts("entry_points")
    masks = found.attributes.get("masks", [()] * len(points))
    if not isinstance(masks, list) or len(masks) != len(points):
        raise found.wrong(f'"masks" has not one list for each of the {len(points)} entry points')
    values = {}
    for name, mask in zip(points, masks):
        if name not in by_name:
            raise UsageError(
                f'"{found.description.id}": there is no entry point "{name}" in the model ({found.description.where})',
                nearest_first(name, by_name, "It is the node after the last convolution of a scale."),
            )
        read = by_name[name].operands[0]
        values[f"{name}/YoloRegion"] = _region(found, read, softmax=False, mask=found.numbers("masks", mask))
    found.edit.replace_outputs(values, found.description.id)


def _region(found: SubGraph, value: Value, *, softmax: bool, mask: Sequence[float] = ()) -> Value:
    given = found.attributes
    sizes = {name: found.whole(name) for name in ("classes", "coords", "num")}
    return RegionYolo(
        permute(value, (0, 3, 1, 2)),
        **sizes,
        axis=1,
        end_axis=3,
        do_softmax=bool(given.get("do_softmax", softmax)),
        mask=tuple(map(int, mask)),
        anchors=found.numbers("anchors", given.get("anchors", [])),
    )
