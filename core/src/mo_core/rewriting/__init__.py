"""Rewriting: patterns, the driver, passes and their order, folding, selection and switches."""

from mo_core.errors import Decline
from mo_core.rewriting.passes import Context, Pass, Stage, graph_pass, rewrites, run
from mo_core.rewriting.pattern import any_, const, either, op, p
from mo_core.rewriting.rewrite import Instead, rule

__all__ = [
    "Context",
    "Decline",
    "Instead",
    "Pass",
    "Stage",
    "any_",
    "const",
    "either",
    "graph_pass",
    "op",
    "p",
    "rewrites",
    "rule",
    "run",
]
