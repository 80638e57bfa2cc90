"""How OpenCV computes a Caffe model: what `opencv_program.py` is told."""

from __future__ import annotations

from pathlib import Path

from mo_caffe.network import read_network
from mo_caffe.reader import content, files_of
from mo_core.frontend import Reference
from mo_core.options import Options


def reference(source: Path, options: Options) -> Reference | None:
    """The files, and which layer computes which blob; None without a .prototxt, which OpenCV needs."""
    model, proto, _ = files_of(source, options.get("input_proto"))
    if proto is None:
        return None
    network = read_network(
        content(proto),
        phase=options.get("caffe_phase") or "TEST",
        stages=options.get("caffe_stage") or (),
        level=options.get("caffe_level"),
    )
    layers: dict[str, list[tuple[str, int]]] = {}
    for layer in network.layers:
        for top in layer.outputs:
            layers.setdefault(top.name, []).append((layer.name, top.port))
    task = {
        "proto": str(proto.absolute()),
        "model": str(model.absolute()) if model is not None else "",
        "layers": layers,
    }
    return Reference("OpenCV", Path(__file__).with_name("opencv_program.py"), "cv2", "mo-caffe[verify]", task)
