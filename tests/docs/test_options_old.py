"""The migration notes name every option that the former tool had."""

from __future__ import annotations

import re
from pathlib import Path

from mo_core.options.common import COMMON
from mo_core.options.frameworks import FRAMEWORKS

OWNED = {name for f in FRAMEWORKS for name in f.options}

PAGE = Path(__file__).resolve().parents[2] / "docs" / "options-old.md"

OURS = frozenset(
    (
        "ir_version",
        "target_openvino",
        "disable_pass",
        "enable_pass",
        "only_passes",
        "fusion_switch_file",
        "extension",
        "block_plugin",
        "report",
        "explain",
        "dump_passes",
        "check",
        "config",
        "dry_run",
        "keep_unsupported",
        "no_plugins",
        "unsupported_output",
        "output_model",
    )
)
"""Options that the former tool did not have."""


def named() -> set[str]:
    return {n.replace("-", "_") for n in re.findall(r"`--?([A-Za-z][\w-]*)", PAGE.read_text(encoding="utf-8"))}


def test_every_former_option_has_a_row():
    former = {o.name for o in COMMON} - OURS | set(OWNED)
    assert not former - named() - {"d", "k", "mf", "mo"}


def test_no_other_options_are_named():
    aliases = {a.lstrip("-").replace("-", "_") for o in COMMON for a in o.aliases}
    known = {o.name for o in COMMON} | aliases | set(OWNED) | {"version", "help", "h", "list_passes"}
    assert not named() - known
