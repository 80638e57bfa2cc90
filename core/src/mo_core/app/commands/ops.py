"""`mo ops`: the source operations that have converters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mo_core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from mo_core.app.commands import Call


def run(call: Call) -> int:
    """A line for each: framework, domain, operation, versions."""
    from mo_core.options.frameworks import canonical

    if call.arguments.words:
        raise UsageError("mo ops takes no model", "mo inspect MODEL shows the operations of a model.")
    wanted = call.value("framework")
    known = call.frontends()
    if wanted is not None and canonical(wanted) not in known:
        raise UsageError(
            f'there is no framework "{wanted}"', did_you_mean(wanted, known) or f"Known: {', '.join(known)}."
        )
    for framework in known if wanted is None else [canonical(wanted)]:
        table = call.session.converters(framework)
        for domain, op in table.ops():
            since = ", ".join(str(c.since) for c in table.versions(domain, op) if c.since)
            print(f"{framework:<12} {domain or '-':<24} {op:<36} {since}".rstrip())
    return 0
