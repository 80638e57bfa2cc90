"""The sub-commands of `mo`: a table of what there is, and a module for each, imported when it is called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mo_core.options.table import Option

if TYPE_CHECKING:
    from mo_core.app.arguments import Arguments
    from mo_core.app.session import Session
    from mo_core.options import OptionTable


@dataclass(frozen=True)
class Command:
    """A sub-command: `run(call)` of the module with its name does the work and returns the exit code.

    Attributes:
        name: as it is typed; words: what stands after it, for the help; help: one sentence; options: those that only
        it has; model: it takes a model, and the options that models have.
    """

    name: str
    words: str
    help: str
    options: tuple[Option, ...] = ()
    model: bool = False

    def run(self, call: Call) -> int:
        """Do the work; returns the exit code."""
        code: int = import_module(f"mo_core.app.commands.{self.name}").run(call)
        return code


@dataclass
class Call:
    """One call of the program: what it is called, its framework (of `mo-caffe`), what was typed and what is loaded."""

    program: str
    framework: str | None
    session: Session
    table: OptionTable
    arguments: Arguments

    @property
    def command(self) -> Command:
        """What is to be done."""
        return COMMANDS[self.arguments.command]

    def frontends(self) -> list[str]:
        """The names of the front-ends of this program, with the plug-ins that are for one of them alone loaded."""
        names = [name for name in self.session.frontends if self.framework in (None, name)]
        for name in names:
            self.session.load_framework(name)
        return names

    def value(self, name: str, default: Any = None) -> Any:
        """The value of an option that the command has for itself."""
        option = self.table.require(name)
        given = self.arguments.given.get(name)
        return default if given is None else option.convert(given)


INSPECTION = (
    Option(
        "nodes",
        "text",
        "List the nodes, with the types of their results and the sizes of their weights: all, or those with the text "
        "in a name or in their type (* and ? stand for any characters).",
        metavar="[PATTERN]",
        group="Inspection",
        bare="",
    ),
    Option("json", "flag", "Print JSON.", False, group="Inspection"),
    Option(
        "scaffold",
        "path",
        "Write Python files to start from: converters of what is not supported, and a runtime extension.",
        metavar="DIR",
        group="Inspection",
    ),
)
VERIFICATION = (
    Option(
        "data",
        "path",
        "What the model is fed with: an .npz, a folder of images, or a Kaldi .ark; default: random data that fits.",
        metavar="PATH",
        group="Verification",
    ),
    Option(
        "tolerance",
        "number",
        "How far real numbers may be off, as a part of the largest value of an output; default: 3e-4, with f16 "
        "weights 2e-2.",
        metavar="X",
        group="Verification",
    ),
    Option("fp16", "flag", "Also tell, for each output, what f16 weights cost.", False, group="Verification"),
    Option("cases", "integer", "How many sets of random data.", metavar="N", group="Verification"),
    Option("seed", "integer", "The seed of random data.", 0, metavar="N", group="Verification"),
    Option(
        "no_framework",
        "flag",
        "Compute the source with mo's own evaluator, also where its framework is installed.",
        False,
        group="Verification",
    ),
    Option(
        "python",
        "text",
        "The Python that has the framework of the model, when it is not this one; also MO_VERIFY_PYTHON.",
        metavar="PATH",
        group="Verification",
    ),
    Option(
        "timeout", "number", "Seconds that the framework, and the runtime, may take.", metavar="S", group="Verification"
    ),
)

COMMANDS: dict[str, Command] = {
    c.name: c
    for c in (
        Command("convert", "MODEL", "Convert a model to OpenVINO IR; the command when none is named.", model=True),
        Command(
            "inspect",
            "MODEL",
            "Show inputs, outputs and operations of a model, or of an IR, without converting.",
            INSPECTION,
            model=True,
        ),
        Command(
            "verify",
            "MODEL [IR]",
            "Compute the model and its IR on the same data, and compare them output by output.",
            VERIFICATION,
            model=True,
        ),
        Command(
            "plugins",
            "[new NAME]",
            "List the plug-ins and what they bring; --check verifies them; new writes the package of one.",
            (Option("op", "text", "With new: the operation that the plug-in converts.", "MyLayer", metavar="NAME"),),
        ),
        Command("passes", "", "List the passes in their order, with stage and provider."),
        Command("ops", "", "List the source operations that have converters."),
        Command("completion", "bash|zsh|fish", "Print the script that completes mo's words in a shell."),
    )
}

FORMER = {"--plugins": "plugins", "--list-passes": "passes", "--list-ops": "ops"}
"""Flags that are commands now."""
