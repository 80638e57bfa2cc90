"""`mo ops`: the source operations that have converters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mo_core.app.commands import Call


def run(call: Call) -> int:
    """A line for each: framework, domain, operation, versions."""
    for framework in call.frontends():
        table = call.session.converters(framework)
        for domain, op in table.ops():
            since = ", ".join(str(c.since) for c in table.versions(domain, op) if c.since)
            print(f"{framework:<12} {domain or '-':<24} {op:<36} {since}".rstrip())
    return 0
