"""Numbers of layers: in the source, with `mo` without fusing, with `mo`, and with ovc.

    python -m tests.perf.opcounts [--kinds] [MODEL.onnx ...]

Without models it writes those of `models` and `networks` to a temporary folder. Counted are layers that compute: no
inputs, outputs, constants, nor Converts of constants (compressed weights). Exits with 1 when ours are more than ovc's.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import onnx

from mo_core import convert
from tests.perf import models, networks

_FREE = {"Parameter", "Result", "Const"}


def layers(xml: Path) -> Counter[str]:
    """Layers by type, those of bodies included."""
    counts: Counter[str] = Counter()
    for net in ElementTree.parse(xml).iter():
        found = net.find("layers")
        if found is None:
            continue
        kinds = {layer.get("id"): layer.get("type") for layer in found}
        source = {e.get("to-layer"): kinds[e.get("from-layer")] for e in net.iterfind("edges/edge")}
        for key, kind in kinds.items():
            if kind not in _FREE and not (kind == "Convert" and source.get(key) == "Const"):
                counts[str(kind)] += 1
    return counts


def of_source(model: Path) -> int:
    """Nodes of an ONNX file, constants left out."""
    return sum(node.op_type != "Constant" for node in onnx.load(model, load_external_data=False).graph.node)


def of_mo(model: Path, folder: Path, **options: object) -> Counter[str]:
    """Layers of what the tool writes."""
    return layers(convert(model, **options).save(folder / "mo.xml"))


def of_ovc(model: Path, folder: Path) -> Counter[str]:
    """Layers of what ovc writes."""
    import openvino

    openvino.save_model(openvino.convert_model(model), folder / "ovc.xml", compress_to_fp16=False)
    return layers(folder / "ovc.xml")


def compare(model: Path, folder: Path, kinds: bool = False) -> bool:
    """Print one line about a model; True when our layers are not more than ovc's."""
    unfused, ours = of_mo(model, folder, disable_fusing=True), of_mo(model, folder)
    try:
        theirs: Counter[str] | None = of_ovc(model, folder)
    except Exception as e:  # the runtime has exceptions of its own; ovc cannot convert everything
        theirs = None
        print(f"ovc fails on {model.name}: {str(e).strip().splitlines()[-1][:120]}")
    good = theirs is None or ours.total() <= theirs.total()
    counts = (of_source(model), unfused.total(), ours.total(), "-" if theirs is None else theirs.total())
    print(f"{model.stem:32}", *(f"{n:>8}" for n in counts), "" if good else "  more than ovc", flush=True)
    if kinds and theirs is not None:
        for sign, more in (("+", ours - theirs), ("-", theirs - ours)):
            print("   ", sign, ", ".join(f"{kind} {n}" for kind, n in sorted(more.items())) or "nothing")
    return good


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--kinds", action="store_true", help="also show in which types of layers the two differ")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = given.models or [
            models.resnet50(folder / "resnet50.onnx"),
            models.encoder(folder / "encoder.onnx"),
            *networks.write(folder),
        ]
        print(f"{'':32}", *(f"{n:>8}" for n in ("source", "unfused", "mo", "ovc")))
        results = [compare(f, folder, given.kinds) for f in files]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
