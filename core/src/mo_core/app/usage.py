"""The text of `--help`, from the table of options."""

from __future__ import annotations

import textwrap

from mo_core.options import Option, OptionTable
from mo_core.options.common import COMMANDS

_WIDTH, _COLUMN = 100, 34


def usage(program: str, table: OptionTable) -> str:
    """How the program is called, and every option that means something, by group."""
    lines = [
        f"{program} MODEL [options]            convert a model to OpenVINO IR: MODEL.xml and MODEL.bin",
        f"{program} inspect MODEL [options]    show inputs, outputs and operations without converting",
        "Options may be written with - or _; flags take True or False.",
    ]
    groups: dict[str, list[Option]] = {}
    former = []
    for option in table.options.values():
        if option.note or option.gone:
            former.append(option.flag)
        else:
            groups.setdefault(option.group, []).append(option)
    for group, options in groups.items():
        lines += ["", f"{group}:", *(line for option in options for line in _entry(_head(option), _help(option)))]
    lines += ["", "Lists:", *(line for flag, text in COMMANDS for line in _entry(flag, text))]
    text = f"Known from the former tool, and answered with what replaces them: {', '.join(former)}."
    return "\n".join([*lines, "", *textwrap.wrap(text, _WIDTH)])


def _head(option: Option) -> str:
    value = f" {option.metavar or option.kind.upper()}" if option.takes_value else ""
    return ", ".join([*option.aliases, option.flag]) + value


def _help(option: Option) -> str:
    choices = f" One of {', '.join(option.choices)}." if option.choices else ""
    plain = bool(option.default)
    return f"{option.help}{choices}" + (f" Default: {option.default}." if plain else "")


def _entry(head: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH - _COLUMN) or [""]
    first = [f"  {head}"] if len(head) + 3 > _COLUMN else []
    lead = "" if first else f"  {head}"
    return [*first, f"{lead:<{_COLUMN}}{wrapped[0]}".rstrip(), *(" " * _COLUMN + line for line in wrapped[1:])]
