"""Options as data, and what users write about inputs, outputs, layouts and values."""

from mo_core.options.inputs import parse_inputs, parse_outputs
from mo_core.options.table import (
    FALSE_WORDS,
    TRUE_WORDS,
    Option,
    Options,
    OptionTable,
    listed,
)

__all__ = [
    "FALSE_WORDS",
    "TRUE_WORDS",
    "Option",
    "OptionTable",
    "Options",
    "listed",
    "parse_inputs",
    "parse_outputs",
    "preparation",
]
