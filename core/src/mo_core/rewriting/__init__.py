"""Rewriting: patterns, the driver, the editor, passes and their order, folding, selection and switches."""

from mo_core.errors import Decline
from mo_core.rewriting.described import Replacer, SubGraph, replacer
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Context, Pass, Stage, graph_pass, observers, rewrites, run
from mo_core.rewriting.pattern import any_, const, either, op, p, src
from mo_core.rewriting.regions import in_scope, replace_region
from mo_core.rewriting.rewrite import Instead, rule

__all__ = [
    "Context",
    "Decline",
    "Editor",
    "Instead",
    "Pass",
    "Replacer",
    "Stage",
    "SubGraph",
    "any_",
    "const",
    "either",
    "graph_pass",
    "in_scope",
    "observers",
    "op",
    "p",
    "replace_region",
    "replacer",
    "rewrites",
    "rule",
    "run",
    "src",
]
