"""Plug-ins: discovery by entry points and files, blocking, and blame when one fails."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from mo_core.errors import MoError, PluginError, UsageError
from mo_core.ir import Graph
from mo_core.plugins import hookspecs

if TYPE_CHECKING:
    from mo_core.app.report import Report
    from mo_core.frontend import Converter, Frontend
    from mo_core.ir import Node
    from mo_core.options import Option
    from mo_core.rewriting.passes import Pass


@dataclass(frozen=True)
class Provider:
    """Where a plug-in comes from: entry point or file, distribution and version; the one framework that it is for."""

    name: str
    distribution: str
    version: str
    framework: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


class Plugins:
    """The plug-ins of one conversion.

    Args:
        extensions: files or folders given by `--extension`; blocked: names of plug-ins or distributions to leave out;
        framework: also load the group `mo.<framework>` (see `load_framework`).
    """

    def __init__(self, extensions: Iterable[str | Path] = (), blocked: Iterable[str] = ()) -> None:
        self._manager = pluggy.PluginManager("mo")
        self._manager.add_hookspecs(hookspecs)
        self._blocked = frozenset(blocked)
        self._providers: dict[str, Provider] = {}
        self._frameworks: set[str] = set()
        from mo_core.plugins import builtin

        self._register(builtin, Provider("builtin", "mo-core", ""))
        self._load_group("mo")
        for path in extensions:
            for file in _extension_files(Path(path)):
                self._register(_load_file(file), Provider(file.stem, str(file), ""))

    def load_framework(self, framework: str) -> None:
        """Load the plug-ins that only one front-end needs."""
        if framework not in self._frameworks:
            self._frameworks.add(framework)
            self._load_group(f"mo.{framework}")

    @property
    def providers(self) -> list[Provider]:
        """What is loaded, in order."""
        return list(self._providers.values())

    # -- the hooks

    def options(self) -> list[Option]:
        """Options of all plug-ins."""
        return [replace(o, provider=str(p)) for p, many in self._collect("mo_options") for o in many]

    def frontends(self) -> list[Frontend]:
        """Front-ends of all plug-ins; raises PluginError when two have one name."""
        found: dict[str, tuple[Provider, Frontend]] = {}
        for provider, many in self._collect("mo_frontends"):
            for frontend in many:
                if frontend.name in found:
                    raise PluginError(
                        f'the front-end "{frontend.name}" is given by {found[frontend.name][0]} and {provider}'
                    )
                found[frontend.name] = provider, frontend
        return [frontend for _, frontend in found.values()]

    def probe(self, path: Path, head: bytes) -> str | None:
        """The first answer of `mo_probe`."""
        return next((name for _, name in self._collect("mo_probe", path=path, head=head)), None)

    def ops(self) -> list[type[Node]]:
        """Operations, the built-in ones first."""
        return [o for _, many in self._collect("mo_ops") for o in many]

    def converters(self, framework: str) -> list[Converter]:
        """Converters for a framework: those of its own distribution first, then those that override them."""
        own = {str(p) for p, many in self._collect("mo_frontends") if any(f.name == framework for f in many)}
        found: list[Converter] = []
        for i, (provider, many) in enumerate(self._collect("mo_converters", framework=framework)):
            rank = 0 if str(provider) in own else i + 1
            found.extend(many if not rank else [replace(c, rank=rank, provider=str(provider)) for c in many])
        return found

    def passes(self) -> list[Pass]:
        """Passes with their distribution filled in."""
        from mo_core.rewriting.passes import provided_by

        return [p for provider, many in self._collect("mo_passes") for p in provided_by(many, str(provider))]

    def edit_pipeline(self, passes: list[Pass], options: Any) -> None:
        """Let plug-ins edit the ordered list."""
        self._collect("mo_pipeline", passes=passes, options=options)

    def around_pass(self, name: str, graph: Graph) -> ExitStack:
        """All context managers that plug-ins put around a pass, entered."""
        stack = ExitStack()
        for _, manager in self._collect("mo_around_pass", name=name, graph=graph):
            stack.enter_context(manager)
        return stack

    def emitted(self, report: Report) -> None:
        """Tell plug-ins that the files are there."""
        self._collect("mo_emitted", report=report)

    # -- loading

    def _load_group(self, group: str) -> None:
        from importlib.metadata import entry_points

        for entry in sorted(entry_points(group=group), key=lambda e: e.name):
            dist = entry.dist
            name, version = (dist.name, dist.version) if dist else (entry.value, "")
            provider = Provider(entry.name, name, version, group.partition(".")[2])
            if {entry.name, provider.distribution} & self._blocked or f"{group}:{entry.name}" in self._providers:
                continue
            try:
                plugin = entry.load()
            except Exception as e:
                raise PluginError(
                    f"the plug-in {entry.name} of {provider} cannot be imported: {type(e).__name__}: {e}",
                    f"Reinstall or remove {provider.distribution}, or leave it out with --block-plugin {entry.name}.",
                ) from e
            self._register(plugin, provider, f"{group}:{entry.name}")

    def _register(self, plugin: Any, provider: Provider, key: str = "") -> None:
        key = key or f"{provider.distribution}:{provider.name}"
        if key in self._providers:
            return
        _check_marks(plugin, provider)
        try:
            self._manager.register(plugin, key)
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as e:
            raise PluginError(
                f"the plug-in {provider.name} of {provider} does not fit: {e}", "See docs on hooks."
            ) from e
        self._providers[key] = provider

    def _collect(self, hook: str, **arguments: Any) -> list[tuple[Provider, Any]]:
        """Call every implementation, first registered first; blame the plug-in that fails."""
        results = []
        for impl in getattr(self._manager.hook, hook).get_hookimpls():
            provider = self._providers.get(impl.plugin_name, Provider(impl.plugin_name, impl.plugin_name, ""))
            if provider.framework and arguments.get("framework", provider.framework) != provider.framework:
                continue
            try:
                result = impl.function(*[arguments[name] for name in impl.argnames])
            except MoError:
                raise
            except Exception as e:
                raise PluginError(
                    f"the hook {hook} of {provider} failed: {type(e).__name__}: {e}",
                    f"Leave the plug-in out with --block-plugin {provider.name}, or report this to its author.",
                ) from e
            if result is not None:
                results.append((provider, result))
        return results


_ORDER = "Hooks collect, and the core orders: give passes `after` and `before`, and mark the hook with plain @hookimpl."
_REFUSED = ("wrapper", "hookwrapper", "tryfirst", "trylast", "optionalhook")
"""What pluggy offers in a mark and the hooks here do not have: it would be passed over without a word."""


def _check_marks(plugin: Any, provider: Provider) -> None:
    """Raise PluginError when a hook is marked as something that would have no effect."""
    for name in dir(plugin):
        function = getattr(plugin, name, None)
        mark = getattr(function, "mo_impl", None) if inspect.isroutine(function) else None
        if isinstance(mark, dict):
            refused = next((word for word in _REFUSED if mark.get(word)), None)
            if refused is not None:
                raise PluginError(
                    f"the hook {name} of {provider} is marked {refused}=True, which is not supported", _ORDER
                )


def _extension_files(path: Path) -> Sequence[Path]:
    if path.is_dir():
        return sorted(p for p in path.glob("*.py") if not p.name.startswith("_"))
    if not path.is_file():
        raise UsageError(f'the extension "{path}" does not exist', "Give a Python file or a folder of them.")
    return [path]


def _load_file(path: Path) -> ModuleType:
    """Import a single-file extension. Hook functions in it are marked with `@mo_core.hookimpl`."""
    name = f"mo_extension_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f'the extension "{path}" is not a Python file')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as e:
        import traceback

        del sys.modules[name]
        lines = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename == spec.origin]
        place = f", line {lines[-1]}" if lines else ""
        raise PluginError(f'the extension "{path}"{place} cannot be loaded: {type(e).__name__}: {e}') from e
    if not any(getattr(f, "mo_impl", None) is not None for f in vars(module).values() if inspect.isroutine(f)):
        raise PluginError(f'the extension "{path}" has no hook function', "Mark its hooks with @mo_core.hookimpl.")
    return module
