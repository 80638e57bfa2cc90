"""`mo plugins`: what is installed, what it brings and what it overrides; `--check` verifies all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mo_core.errors import MoError, PluginError, UsageError

if TYPE_CHECKING:
    from mo_core.app.commands import Call
    from mo_core.plugins import Provider


def run(call: Call) -> int:
    """List, and check when asked to; the exit code is that of a PluginError when a plug-in is broken."""
    words = call.arguments.words
    if words[:1] == ["new"]:
        return _new(call, words[1:])
    if words:
        raise UsageError(f'mo plugins does not know "{words[0]}"', "It takes --check, or new NAME.")
    call.frontends()
    plugins = call.session.plugins
    for provider in plugins.providers:
        print(f"{provider.name:<20} {provider}{f'  (for {provider.framework})' * bool(provider.framework)}")
        try:
            for line in _brings(call, provider):
                print(f"  {line}")
        except PluginError as e:
            plugins.broken.append((provider, e))
    for provider in plugins.blocked:
        print(f"{provider.name:<20} {provider}  left out")
    if call.value("check", False):
        plugins.broken += [(p, e) for p, e in _problems(call) if str(e) not in {str(b) for _, b in plugins.broken}]
    for provider, error in plugins.broken:
        print(f"{provider.name:<20} {provider}  broken: {error}")
    return PluginError.exit_code if plugins.broken else 0


def _new(call: Call, words: list[str]) -> int:
    """Write the package of a plug-in."""
    from mo_core.app.scaffold import write_package
    from mo_core.options.frameworks import canonical

    framework = call.framework or call.value("framework")
    if len(words) != 1 or framework is None:
        raise UsageError(
            "a new plug-in needs a name and a framework", "mo plugins new mo-caffe-swish --framework caffe"
        )
    files = write_package(Path(words[0]), canonical(framework), call.value("op", "MyLayer"))
    print("\n".join(f"written  {path}" for path in files))
    print(f"try it with: pip install -e {words[0]} && pytest {words[0]}/tests && mo plugins --check")
    return 0


def _brings(call: Call, provider: Provider) -> Iterator[str]:
    """What a plug-in gives, a line for each kind."""
    plugins = call.session.plugins
    yield f"hooks       {', '.join(plugins.hooks(provider))}"
    options = [o.flag for o in plugins.options() if o.provider == str(provider)]
    if options:
        yield f"options     {', '.join(options)}"
    if provider.name == "builtin":
        yield f"operations  {len(call.session.ops)}, and {len(call.session.passes())} passes"
    else:
        ops = [t for (_, t), op in call.session.ops.items() if op.__module__.partition(".")[0] == provider.name]
        if ops:
            yield f"operations  {', '.join(ops)}"
        passes = [p.name for p in plugins.passes_by_provider().get(provider, ())]
        if passes:
            yield f"passes      {', '.join(passes)}"
    for framework in call.session.frontends:
        given = plugins.converters_by_provider(framework).get(provider, [])
        names = [f"{c.domain}:{c.op}" if c.domain else c.op for c in given]
        if names:
            shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
            yield f"converters  {shown} (for {framework})"
        overriding = [name for name, c in zip(names, given) if c.overrides]
        if overriding:
            yield f"overrides   {', '.join(overriding)}"


def _problems(call: Call) -> Iterator[tuple[Provider, PluginError]]:
    """What would fail later: clashes, orders that contradict each other, converters whose signature does not serve."""
    session = call.session
    steps: list[Callable[[], object]] = [
        lambda: session.frontends,
        lambda: session.ops,
        session.options,
        session.passes,
    ]
    steps += [partial(session.overridden, name) for name in session.frontends]
    for step in steps:
        try:
            step()
        except MoError as e:
            yield session.plugins.blamed(str(e)), e if isinstance(e, PluginError) else PluginError(e.fact, e.remedy)
    for framework in session.frontends:
        for provider, converters in session.plugins.converters_by_provider(framework).items():
            for c in converters:
                try:
                    c.attribute_types, c.required_inputs  # noqa: B018 -- both are computed from the signature
                except Exception as e:
                    yield provider, PluginError(f"the converter for {c.op} of {provider} cannot be used: {e}")
