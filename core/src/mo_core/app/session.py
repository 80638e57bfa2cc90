"""What conversions run with: the plug-ins and the tables that they fill, each resolved once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mo_core.plugins import Plugins
from mo_core.rewriting import passes

if TYPE_CHECKING:
    from mo_core.frontend import ConverterTable, Frontend
    from mo_core.ir import Node
    from mo_core.options import Option, Options, OptionTable
    from mo_core.rewriting import Pass, Replacer

T = TypeVar("T")


class Session:
    """The plug-ins of one or more conversions. Every hook that gives data is called once.

    Args:
        extensions: files or folders with plug-ins; blocked: names of plug-ins or distributions to leave out;
        tolerant: plug-ins that cannot be loaded are kept in `plugins.broken`, and do not end the work.
    """

    def __init__(
        self, extensions: Iterable[str | Path] = (), blocked: Iterable[str] = (), *, tolerant: bool = False
    ) -> None:
        self.plugins = Plugins(extensions, blocked, tolerant=tolerant)
        self._made: dict[tuple[str, ...], Any] = {}

    def load_framework(self, framework: str) -> None:
        """Load the plug-ins that only one front-end needs; what was resolved before is resolved anew if there are."""
        before = len(self.plugins.providers)
        self.plugins.load_framework(framework)
        if len(self.plugins.providers) != before:
            self._made.clear()

    @property
    def frontends(self) -> dict[str, Frontend]:
        """Front-ends by name."""
        return self._once(("frontends",), lambda: {f.name: f for f in self.plugins.frontends()})

    @property
    def ops(self) -> dict[tuple[str, str], type[Node]]:
        """The operations of the IR by operation set and type, those from outside included."""
        return self._once(("ops",), self.plugins.ops)

    def options(self, program: str | None = None, extra: tuple[Option, ...] = ()) -> OptionTable:
        """The table of options: common ones, those of plug-ins, those of the front-ends (or of the only one)."""
        from mo_core.options import OptionTable

        def make() -> OptionTable:
            frontends = [f for f in self.frontends.values() if program in (None, f.name)]
            return OptionTable((*self.plugins.options(), *extra), frontends)

        return self._once(("options", program or "", *(o.name for o in extra)), make)

    def converters(self, framework: str) -> ConverterTable:
        """The converters for the ops of a framework."""
        from mo_core.frontend import ConverterTable

        def make() -> ConverterTable:
            return ConverterTable(self.plugins.converters(framework))

        return self._once(("converters", framework), make)

    def overridden(self, framework: str) -> list[str]:
        """What plug-ins override for a framework; raises PluginError for what they must not."""
        return self._once(("overridden", framework), self.converters(framework).check_overrides)

    def replacers(self, framework: str) -> list[Replacer]:
        """The replacers of described sub-graphs for the models of a framework."""
        return self._once(("replacers", framework), lambda: self.plugins.replacers(framework))

    def passes(self, options: Options | None = None, framework: str | None = None) -> list[Pass]:
        """The passes in running order, edited by plug-ins: all, or those that run for models of a framework."""
        ordered: list[Pass] = self._once(("passes",), lambda: passes.order(self.plugins.passes(), complete=True))
        chosen = [p for p in ordered if framework is None or p.framework in ("", framework)]
        self.plugins.edit_pipeline(chosen, options or self.options().build({}))
        return chosen

    def _once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        if key not in self._made:
            self._made[key] = make()
        result: T = self._made[key]
        return result
