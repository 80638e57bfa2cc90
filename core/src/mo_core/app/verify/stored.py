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
