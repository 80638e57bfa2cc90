"""What can be said about the inputs of a model before it is converted."""

from __future__ import annotations

import re

from mo_core.ir import Graph, Parameter
from mo_core.ir import types as t

_PHASES = re.compile(r"(^|[/_])(is_?)?(train(ing)?|phase(_?train)?)([/_:]|$)", re.IGNORECASE)
_KEPT = re.compile(r"keep_?prob|keep_?rate", re.IGNORECASE)
_DROPPED = re.compile(r"drop_?(out)?_?(rate|prob)?", re.IGNORECASE)


def advice(graph: Graph) -> list[str]:
    """A note for each input that is a switch of training: which value to give it."""
    notes = []
    for parameter in graph.inputs:
        value = _value(parameter)
        if value:
            option = f'--freeze_placeholder_with_value "{parameter.name}->{value}"'
            notes.append(f'the input "{parameter.name}" looks like a switch of training; {option} takes it away.')
    return notes


def _value(parameter: Parameter) -> str:
    """The value that such an input has outside of training; empty for other inputs."""
    if parameter.shape not in ((), None):
        return ""
    if parameter.element is t.boolean:
        return "False"
    if _PHASES.search(parameter.name):
        return "0"
    if parameter.element.is_real and _KEPT.search(parameter.name):
        return "1"
    if parameter.element.is_real and _DROPPED.search(parameter.name):
        return "0"
    return ""
