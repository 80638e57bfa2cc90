"""`--config`: options from a TOML file, or those that an IR was made with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mo_core.errors import UsageError

_LIMIT = 1 << 20


def read(path: str) -> dict[str, Any]:
    """The options by name, as written. Raises UsageError for a file that is neither."""
    file = Path(path)
    if not file.is_file():
        raise UsageError(f'--config: there is no file "{path}"', "Name a TOML file, or the .xml of an IR.")
    return _from_ir(file) if file.suffix.lower() == ".xml" else _from_toml(file)


def _from_toml(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    if file.stat().st_size > _LIMIT:
        raise UsageError(f'--config: "{file}" is too large for a file of options', "Name a TOML file.")
    try:
        with open(file, "rb") as stream:
            return tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as e:
        raise UsageError(
            f'--config: "{file}" is not a TOML file: {e}', 'Write lines like  batch = 4  or  input = "x".'
        ) from e


def _from_ir(file: Path) -> dict[str, Any]:
    """The options in the `rt_info` of an IR. Paths are not among them: the IR does not depend on where things lie."""
    from xml.etree import ElementTree

    given: dict[str, Any] = {}
    inside = False
    try:
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            if element.tag in ("conversion_parameters", "cli_parameters"):
                inside = event == "start"
            elif inside and event == "start" and "value" in element.attrib:
                given[element.tag] = element.attrib["value"]
            if event == "end" and not inside:
                element.clear()
    except ElementTree.ParseError as e:
        raise UsageError(f'--config: "{file}" is not an IR: {e}', "Name a TOML file, or the .xml of an IR.") from e
    if not given:
        raise UsageError(f'--config: "{file}" does not say how it was made', "Name an IR that mo wrote.")
    return given
