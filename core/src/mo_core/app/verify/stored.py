"""What an IR tells about the conversion that made it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from mo_core.errors import ModelError

_OURS = "mo-core"


def conversion_parameters(ir: Path) -> dict[str, str]:
    """The options that mo wrote into the `rt_info` of an IR; empty for an IR of another tool. Raises ModelError."""
    ours = False
    found: dict[str, str] = {}
    depth = 0
    try:
        for event, element in ElementTree.iterparse(ir, events=("start", "end")):
            depth += 1 if event == "start" else -1
            if event == "start":
                continue
            if element.tag == "MO_version" and depth == 2:
                ours = element.get("value", "").startswith(_OURS)
            elif element.tag in ("conversion_parameters", "cli_parameters") and depth == 2:
                found = {child.tag: child.get("value", "") for child in element}
            elif element.tag in ("layer", "edge"):
                element.clear()
    except (OSError, ElementTree.ParseError) as e:
        raise ModelError(f'the IR "{ir}" cannot be read: {e}', "Give the .xml that the conversion wrote.") from e
    return found if ours else {}


_BLOCK = 1 << 20


def changed_weights(ir: Path, fresh: Path) -> str:
    """The constant in which the weights of an IR differ from those of a fresh conversion; empty when none does.

    Nothing is said where the topologies differ: then the files are not meant to be the same.
    """
    if _layers(ir) != _layers(fresh):
        return ""
    place = _first_difference(ir.with_suffix(".bin"), fresh.with_suffix(".bin"))
    if place is None:
        return ""
    for name, offset, size in _constants(ir):
        if offset <= place < offset + size:
            return name
    return "(between constants)"


def made_by_this_version(ir: Path) -> bool:
    """True when this version of mo wrote the IR."""
    from mo_core import __version__

    with open(ir, "rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - (1 << 16)))
        return f'<MO_version value="{_OURS} {__version__}"'.encode() in file.read()


def _layers(ir: Path) -> bytes:
    """The topology, as it is written, without the name of the net and what is told about the conversion."""
    content = ir.read_bytes()
    return content[content.find(b"<layers") : content.find(b"</edges>")]


def _first_difference(a: Path, b: Path) -> int | None:
    with open(a, "rb") as first, open(b, "rb") as second:
        position = 0
        while True:
            x, y = first.read(_BLOCK), second.read(_BLOCK)
            if x != y:
                at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), min(len(x), len(y)))
                return position + at
            if not x:
                return None
            position += len(x)


def _constants(ir: Path) -> list[tuple[str, int, int]]:
    """Name, offset and size of every constant, those of bodies included."""
    found = []
    for _, element in ElementTree.iterparse(ir):
        if element.tag == "layer" and element.get("type") == "Const":
            data = element.find("data")
            if data is not None:
                place = int(data.get("offset", 0)), int(data.get("size", 0))
                found.append((element.get("name", ""), *place))
    return found
