"""Writes NAME.sha256 beside each NAME.xml, as `sha256sum --check` reads it."""

import hashlib
from pathlib import Path
from typing import Any

from mo_core import hookimpl


@hookimpl
def mo_emitted(report: Any) -> None:
    files = [Path(name) for name in report.files]
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    files[0].with_suffix(".sha256").write_text("".join(lines))
