"""`mo completion bash|zsh|fish`: the script that a shell reads, made by the package argcomplete."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mo_core.errors import UsageError

if TYPE_CHECKING:
    from mo_core.app.commands import Call
    from mo_core.options import OptionTable

SHELLS = ("bash", "zsh", "fish")


def run(call: Call) -> int:
    """Print the script for a shell."""
    shell = call.arguments.words[0] if call.arguments.words else ""
    if not shell:
        raise UsageError("the shell is not named", f"Write {call.program} completion and one of {', '.join(SHELLS)}.")
    if shell not in SHELLS:
        raise UsageError(f'there is no completion for the shell "{shell}"', f"Name one of {', '.join(SHELLS)}.")
    try:
        from argcomplete.shell_integration import shellcode
    except ImportError as e:
        raise UsageError("the package argcomplete is not installed", "pip install argcomplete") from e

    print(shellcode([call.program], shell=shell))
    return 0


def complete(program: str, table: OptionTable) -> None:
    """Answer the shell's question, and exit; returns when the package argcomplete is not there."""
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(whole_parser(program, table))


def whole_parser(program: str, table: OptionTable) -> argparse.ArgumentParser:
    """One parser with every option and command, for completion: the words of a command follow its name."""
    from mo_core.app.arguments import parser
    from mo_core.app.commands import COMMANDS

    made = parser(program, COMMANDS["convert"], [o for o in table.options.values() if not (o.note or o.gone)])
    made.add_argument("--help", "-h", action="store_true")
    made.add_argument("--version", action="store_true")
    words = next(a for a in made._actions if a.dest == "words")

    def completer(prefix: str, **_: object) -> list[str]:
        from argcomplete.completers import FilesCompleter

        return [name for name in COMMANDS if name.startswith(prefix)] + list(FilesCompleter()(prefix))

    words.completer = completer  # type: ignore[attr-defined]
    return made
