"""Plug-ins: discovery by entry points and files, blocking, and blame when one fails."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from mo_core.errors import MoError, PluginError, UsageError
from mo_core.ir import Graph
from mo_core.options import frameworks
from mo_core.plugins import hookspecs
from mo_core.plugins.discovery import EntryPoint, entry_points

if TYPE_CHECKING:
    from mo_core.app.report import Report
    from mo_core.frontend import Converter, Frontend
    from mo_core.ir import Node
    from mo_core.options import Option, Options
    from mo_core.rewriting import Pass, Replacer


T = TypeVar("T")

EVERY = "*"
"""Blocks all plug-ins that are not the front-end of a framework."""


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
        extensions: files or folders given by `--extension`; blocked: names of plug-ins or distributions to leave out
        (`*`: all that are installed and no front-end of a framework, as `--no-plugins` says);
        tolerant: a plug-in that cannot be loaded goes to `broken` and is left out, instead of ending the work.

    The environment variable `MO_DISABLE_PLUGINS` blocks plug-ins, too: names separated by commas, `1` for all.
    """

    def __init__(
        self, extensions: Iterable[str | Path] = (), blocked: Iterable[str] = (), *, tolerant: bool = False
    ) -> None:
        self._manager = pluggy.PluginManager("mo")
        self._manager.add_hookspecs(hookspecs)
        self._blocked = frozenset(blocked) | _blocked_by_environment()
        self._providers: dict[str, Provider] = {}
        self._frameworks: set[str] = set()
        self._tolerant = tolerant
        self.blocked: list[Provider] = []
        self.broken: list[tuple[Provider, PluginError]] = []
        from mo_core.plugins import builtin

        self._register(builtin, Provider("builtin", "mo-core", ""))
        self._load_group("mo")
        for path in extensions:
            for file in _extension_files(Path(path)):
                provider = Provider(file.stem, str(file), "")
                with self._blaming(provider):
                    self._register(_load_file(file), provider)

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
        from mo_core.options import Option

        return [replace(o, provider=str(p)) for p, o in self._data("mo_options", Option)]

    def frontends(self) -> list[Frontend]:
        """Front-ends of all plug-ins; raises PluginError when two have one name."""
        from mo_core.frontend import Frontend

        found: dict[str, tuple[Provider, Frontend]] = {}
        for provider, frontend in self._data("mo_frontends", Frontend):
            if frontend.name in found:
                raise PluginError(
                    f'the front-end "{frontend.name}" is given by {found[frontend.name][0]} and {provider}',
                    f"Leave one of them out with --block-plugin {provider.name}.",
                )
            if provider.distribution not in frameworks.DISTRIBUTIONS:
                frontend.provider = str(provider)
            found[frontend.name] = provider, frontend
        return [frontend for _, frontend in found.values()]

    def probe(self, path: Path, head: bytes) -> str | None:
        """The first answer of `mo_probe`."""
        return next((name for _, name in self._collect("mo_probe", path=path, head=head)), None)

    def ops(self) -> dict[tuple[str, str], type[Node]]:
        """Operations by operation set and type; raises PluginError when two plug-ins give one."""
        from mo_core.ir import Node

        found: dict[tuple[str, str], tuple[Provider, type[Node]]] = {}
        for provider, op in self._data("mo_ops", type):
            if not issubclass(op, Node):
                raise _rubbish(provider, "mo_ops", op)
            known = found.setdefault((op.opset, op.type_name), (provider, op))
            if known[1] is not op and provider is not known[0]:
                raise PluginError(
                    f"the operation {op.type_name} of {op.opset or 'no operation set'} is given by {known[0]} and "
                    f"{provider}",
                    f"Leave one of them out with --block-plugin {provider.name}; give the operation another opset.",
                )
        return {key: op for key, (_, op) in found.items()}

    def converters(self, framework: str) -> list[Converter]:
        """Converters for a framework: those of its own distribution first, then those that override them.

        Raises PluginError when two plug-ins override the same op: neither is meant by chance.
        """
        from mo_core.frontend import Converter

        own = {str(p) for p, many in self._collect("mo_frontends") if any(f.name == framework for f in many)}
        ranks: dict[Provider, int] = {}
        found: list[Converter] = []
        for provider, c in self._data("mo_converters", Converter, framework=framework):
            rank = 0 if str(provider) in own else ranks.setdefault(provider, len(ranks) + 1)
            found.append(replace(c, rank=rank, provider=str(provider)) if rank else c)
        return found

    def passes(self) -> list[Pass]:
        """Passes with their distribution filled in."""
        from mo_core.rewriting.passes import Pass

        return [replace(p, provider=str(provider)) for provider, p in self._data("mo_passes", Pass)]

    def replacers(self, framework: str) -> list[Replacer]:
        """Replacers of described sub-graphs; raises PluginError when two have one id."""
        found: dict[str, Replacer] = {}
        for provider, many in self._collect("mo_replacers", framework=framework):
            for one in many:
                if one.id in found:
                    raise PluginError(f'the replacer "{one.id}" is given by {found[one.id].provider} and {provider}')
                found[one.id] = replace(one, provider=str(provider))
        return list(found.values())

    def edit_pipeline(self, passes: list[Pass], options: Options) -> None:
        """Let plug-ins edit the ordered list."""
        from mo_core.rewriting.passes import Pass

        for provider, _ in self._collect("mo_pipeline", passes=passes, options=options):
            raise _rubbish(provider, "mo_pipeline", _)
        if not all(isinstance(p, Pass) for p in passes):
            names = ", ".join(str(p) for p in self._implementing("mo_pipeline"))
            raise PluginError(f"the hook mo_pipeline of {names} put something into the list that is not a pass")

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
        for entry in entry_points(group):
            provider = Provider(entry.name, entry.distribution, entry.version, group.partition(".")[2])
            if self._is_blocked(entry, provider) or f"{group}:{entry.name}" in self._providers:
                continue
            with self._blaming(provider):
                try:
                    plugin = entry.load()
                except (Exception, SystemExit) as e:
                    raise PluginError(
                        f"the plug-in {entry.name} of {provider} cannot be imported: {type(e).__name__}: {e}",
                        f"Reinstall or remove {provider.distribution}, or leave it out with "
                        f"--block-plugin {entry.name}.",
                    ) from e
                self._register(plugin, provider, f"{group}:{entry.name}")

    def _is_blocked(self, entry: EntryPoint, provider: Provider) -> bool:
        if {entry.name, provider.distribution} & self._blocked:
            self.blocked.append(provider)
            return True
        return EVERY in self._blocked and provider.distribution not in frameworks.DISTRIBUTIONS

    @contextmanager
    def _blaming(self, provider: Provider) -> Iterator[None]:
        try:
            yield
        except PluginError as e:
            if not self._tolerant:
                raise
            self.broken.append((provider, e))

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

    def _data(self, hook: str, kind: type[T], **arguments: Any) -> list[tuple[Provider, T]]:
        """What the implementations of a hook give, one by one; raises PluginError for what is of another kind."""
        items: list[tuple[Provider, T]] = []
        for provider, many in self._collect(hook, **arguments):
            if isinstance(many, (str, bytes)) or not isinstance(many, Iterable):
                raise _rubbish(provider, hook, many)
            for item in many:
                if not isinstance(item, kind):
                    raise _rubbish(provider, hook, item)
                items.append((provider, item))
        return items

    def _implementing(self, hook: str) -> list[Provider]:
        return [self._providers[i.plugin_name] for i in getattr(self._manager.hook, hook).get_hookimpls()]

    def converters_by_provider(self, framework: str) -> dict[Provider, list[Converter]]:
        """The converters for a framework, by who gives them."""
        from mo_core.frontend import Converter

        return _grouped(self._data("mo_converters", Converter, framework=framework))

    def passes_by_provider(self) -> dict[Provider, list[Pass]]:
        """The passes, by who gives them."""
        from mo_core.rewriting.passes import Pass

        return _grouped(self._data("mo_passes", Pass))

    def blamed(self, text: str) -> Provider:
        """The plug-in that a message names; the last one when it names none."""
        return next((p for p in reversed(self.providers) if str(p) in text), self.providers[-1])

    def hooks(self, provider: Provider) -> list[str]:
        """The names of the hooks that a plug-in implements."""
        key = next(k for k, p in self._providers.items() if p is provider)
        return sorted(c.name for c in self._manager.get_hookcallers(self._manager.get_plugin(key)) or ())

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


def _grouped(items: Iterable[tuple[Provider, T]]) -> dict[Provider, list[T]]:
    grouped: dict[Provider, list[T]] = {}
    for provider, item in items:
        grouped.setdefault(provider, []).append(item)
    return grouped


def _rubbish(provider: Provider, hook: str, item: object) -> PluginError:
    shown = repr(item)
    return PluginError(
        f"the hook {hook} of {provider} gives {shown if len(shown) <= 60 else shown[:57] + '...'}, a "
        f"{type(item).__name__}",
        f"The page on hooks says what it must give; leave the plug-in out with --block-plugin {provider.name}.",
    )


def _blocked_by_environment() -> frozenset[str]:
    text = os.environ.get("MO_DISABLE_PLUGINS", "").strip()
    if text.lower() in ("1", "true", "yes", "on", "all"):
        return frozenset((EVERY,))
    return frozenset(w for w in map(str.strip, text.split(",")) if w and w != "0")


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
    except (Exception, SystemExit) as e:
        import traceback

        del sys.modules[name]
        lines = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename == spec.origin]
        place = f", line {lines[-1]}" if lines else ""
        raise PluginError(f'the extension "{path}"{place} cannot be loaded: {type(e).__name__}: {e}') from e
    if not any(getattr(f, "mo_impl", None) is not None for f in vars(module).values() if inspect.isroutine(f)):
        raise PluginError(f'the extension "{path}" has no hook function', "Mark its hooks with @mo_core.hookimpl.")
    return module
