"""The command line as `argparse` reads it, over the table of options; and the help, by topic.

Users write an option in many ways: `--input_shape X`, `--input-shape=X`, `-b4`, a flag with or without `True`, before
or after the model. `spelled` brings all of them into one form, so that the parser is plain.
"""

from __future__ import annotations

import argparse
import os
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from mo_core.app.commands import COMMANDS, Command
from mo_core.errors import UsageError, did_you_mean
from mo_core.options import frameworks
from mo_core.options.common import TOPICS

if TYPE_CHECKING:
    from mo_core.options import Option, OptionTable

HELP = ("--help", "-h", "help")
_LOADING = ("extension", "block_plugin", "framework")
_NARROW, _WIDE = 60, 100
_OFTEN = ("input", "output", "input_shape", "mean_values", "scale_values", "layout", "compress_to_fp16", "output_dir")


@dataclass
class Arguments:
    """What was typed: the command, the words after it, and options by name with their raw values."""

    command: str = "convert"
    words: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)


def parse_arguments(argv: Sequence[str], table: OptionTable) -> Arguments:
    """Take a command line apart; `--` ends the options. Raises UsageError."""
    options, words = spelled(argv, table)
    command = COMMANDS[words.pop(0)] if words and words[0] in COMMANDS else COMMANDS["convert"]
    if len(words) > 1 and command.name == "convert" and not os.path.exists(words[0]):
        near = did_you_mean(words[0], COMMANDS)
        if near:
            raise UsageError(f'there is no command "{words[0]}"', near)
    namespace = parser("mo", command, table.options.values()).parse_args([*options, "--", *words])
    given = {name: value for name, value in vars(namespace).items() if name != "words" and value is not None}
    _check_command(command, given)
    return Arguments(command.name, namespace.words, given)


def _check_command(command: Command, given: Mapping[str, Any]) -> None:
    for other in COMMANDS.values():
        for option in other.options:
            if option.name in given and all(option.name != o.name for o in command.options):
                owners = [c.name for c in COMMANDS.values() if any(o.name == option.name for o in c.options)]
                raise UsageError(
                    f"{option.flag} is an option of mo {' and mo '.join(owners)}, not of mo {command.name}",
                    "Leave it out, or name the command first.",
                )


def spelled(argv: Sequence[str], table: OptionTable) -> tuple[list[str], list[str]]:
    """The options, each as one word `--name=value`, and the other words."""
    options: list[str] = []
    words: list[str] = []
    queue = list(reversed(argv))
    while queue:
        word = queue.pop()
        if word == "--":
            words.extend(reversed(queue))
            break
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        option, value = _split(word, table)
        if value is None and option.bare is not None:
            follows = bool(queue) and not queue[-1].startswith("-") and not os.path.exists(queue[-1])
            value = queue.pop() if follows else option.bare
        elif value is None and option.takes_value:
            if not queue or (queue[-1].startswith("--") and table.find(queue[-1].partition("=")[0]) is not None):
                raise UsageError(f"{option.flag} needs a value", f"{option.flag}: {option.help}")
            value = queue.pop()
        elif value is None:
            following = queue[-1].lower() if queue else ""
            value = queue.pop() if following in ("true", "false") else "True"
        options.append(f"{option.flag}={value}")
    return options, words


def _split(word: str, table: OptionTable) -> tuple[Option, str | None]:
    name, equals, value = word.partition("=")
    unknown = table.find(name) is None and not frameworks.owners(name.lstrip("-"))
    if unknown and not word.startswith("--") and table.find(word[:2]) is not None:
        name, equals, value = word[:2], "=", word[2:]  # -b4
    return table.require(name), value if equals else None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise UsageError(message, f"See {self.prog} --help.")


class _Collect(argparse.Action):
    """Lists are joined when an option is given several times; anything else is given once."""

    def __call__(self, parser: Any, namespace: Any, value: Any, option_string: str | None = None) -> None:
        before = getattr(namespace, self.dest)
        if before is None or before == value:
            setattr(namespace, self.dest, value)
        elif self.const in ("words", "spec"):
            setattr(namespace, self.dest, f"{before},{value}")
        else:
            raise UsageError(f'{option_string} is given twice, as "{before}" and as "{value}"', "Give it once.")


def parser(program: str, command: Command, options: Iterable[Option]) -> argparse.ArgumentParser:
    """The parser of a command, its options in groups."""
    shown = partial(argparse.HelpFormatter, width=_width(), max_help_position=32)
    made = _Parser(
        prog=f"{program} {command.name}",
        usage=f"{program} {command.name} {command.words}".rstrip() + " [options]",
        description=command.help,
        allow_abbrev=False,
        add_help=False,
        formatter_class=shown,
    )
    made.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    groups: dict[str, Any] = {}
    for option in options:
        if option.group not in groups:
            groups[option.group] = made.add_argument_group(option.group)
        groups[option.group].add_argument(
            option.flag,
            *[
                a for a in option.aliases if not a.startswith("--")
            ],  # former names: `spelled` has brought them into this
            dest=option.name,
            action=_Collect,
            const=option.kind,
            nargs=None if option.takes_value else "?",
            metavar=(option.metavar or option.kind.upper()) if option.takes_value else "True|False",
            help=_help(option).replace("%", "%%"),
        )
    return made


def _help(option: Option) -> str:
    choices = f" One of {', '.join(option.choices)}." if option.choices else ""
    default = f" Default: {option.default}." if option.default and option.kind != "spec" else ""
    return f"{option.help}{choices}{option.note and ' It ' + option.note}{option.gone}{default}".strip()


def _width() -> int:
    return max(_NARROW, min(_WIDE, shutil.get_terminal_size().columns))


def wants_help(argv: Sequence[str]) -> bool:
    """True when help is asked for."""
    return bool(argv) and (argv[0] == "help" or any(w in HELP[:2] for w in argv))


def help_text(program: str, argv: Sequence[str], table: OptionTable) -> str:
    """The help that the words around `--help` ask for: an overview, a command, a topic, an option, or all."""
    words = _asked(argv)
    if not words:
        return overview(program, table)
    word = words[0]
    topics = _topics(table)
    own = {o.name for c in COMMANDS.values() for o in c.options}
    if word in COMMANDS:
        command = COMMANDS[word]
        text = parser(program, command, command.options).format_help()
        return text + (_see_topics(program, topics) if command.model else "")
    if word == "all":
        return _options_help([o for o in table.options.values() if o.name not in own])
    if word in topics:
        return _options_help([o for o in table.options.values() if o.group == topics[word] and o.name not in own])
    option = table.find(word)
    if option is not None:
        return _options_help([option])
    known = [*COMMANDS, *topics, "all", *table.options]
    near = did_you_mean(word.lstrip("-"), known)
    raise UsageError(f'there is no help on "{word}"', near or f"See {program} --help.")


def _asked(argv: Sequence[str]) -> list[str]:
    """The words that say what help is wanted on, without the options that say what is loaded."""
    words: list[str] = []
    skip = False
    for word in argv:
        name, equals, _ = word.lstrip("-").replace("-", "_").partition("=")
        if not skip and word not in HELP and name not in _LOADING:
            words.append(word)
        skip = word.startswith("-") and name in _LOADING and not equals
    return words


def overview(program: str, table: OptionTable) -> str:
    """How the program is called, its commands, the options that most people need, and the topics."""
    lines = [f"{program} MODEL [options]", "", "Converts a trained model to OpenVINO IR: MODEL.xml and MODEL.bin.", ""]
    lines.append("Commands:")
    calls = {f"{program} {c.name} {c.words}": c.help for c in COMMANDS.values()}
    column = max(map(len, calls)) + 4
    for call, help in calls.items():
        head, *rest = textwrap.wrap(help, _width() - column)
        lines += [f"  {call}".ljust(column) + head, *(" " * column + line for line in rest)]
    lines += ["", "Often used:"]
    often = (
        "input",
        "output",
        "input_shape",
        "mean_values",
        "scale_values",
        "layout",
        "compress_to_fp16",
        "output_dir",
    )
    text = _options_help([table.require(name) for name in often], grouped=False)
    return "\n".join([*lines, text.rstrip("\n"), "", _see_topics(program, _topics(table)).rstrip("\n")]) + "\n"


def brief(program: str) -> str:
    """What is said when nothing was given."""
    return (
        f"{program} MODEL [options]    convert a model to OpenVINO IR\n{program} --help             what else there is"
    )


def _see_topics(program: str, topics: Mapping[str, str]) -> str:
    head = f"All options by topic, as in {program} --help inputs (or {program} --help all):"
    names = textwrap.wrap(" ".join(topics), _width() - 1, initial_indent="  ", subsequent_indent="  ")
    lines = [*textwrap.wrap(head, _width()), *names]
    return "\n".join([*lines, "Options may be written with - or _; flags take True or False."]) + "\n"


def _topics(table: OptionTable) -> dict[str, str]:
    """Topics by the word that names them, with the group of options."""
    found = dict(TOPICS)
    for option in table.options.values():
        if option.group not in found.values():
            found[option.frameworks[0] if option.frameworks else option.group.split()[0].lower()] = option.group
    return found


def _options_help(options: Sequence[Option], grouped: bool = True) -> str:
    made = parser("mo", COMMANDS["convert"], options)
    made.usage, made.description = argparse.SUPPRESS, None
    text = made.format_help()
    if grouped:
        return text
    heads = {f"{o.group}:" for o in options}
    return "\n".join(line for line in text.splitlines() if line and line not in heads) + "\n"
