"""`--tensorflow_custom_operations_config_update`: the ports of scopes, written into a file of descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mo_core.app.recognition import read
from mo_core.errors import UsageError
from mo_core.frontend import Frontend
from mo_core.options import Options
from mo_core.options.descriptions import SCOPE, parse_descriptions, read_entries, with_ports
from mo_core.rewriting.described import ports_of, scopes

OPTION = "tensorflow_custom_operations_config_update"


def fill_in(file: Path, source: Any, options: Options, frontend: Frontend) -> int:
    """Write the inputs and outputs of the scopes that a file of descriptions names into it; returns how many."""
    graph = read(frontend, source, options).graph
    found = {d.id: ports_of(scopes(d, graph)[0], graph) for d in parse_descriptions(file, OPTION) if d.kind == SCOPE}
    text = json.dumps(with_ports(read_entries(file, OPTION), found), indent=4)
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as e:
        raise UsageError(f'--{OPTION}: cannot write "{file}": {e.strerror or e}', "Name another file.") from e
    return len(found)
