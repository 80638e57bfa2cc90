"""Options as data, and what users write about inputs, outputs, layouts and values."""

from mo_core.options.inputs import parse_inputs, parse_outputs
from mo_core.options.table import (
    FALSE_WORDS,
    TRUE_WORDS,
    Arguments,
    Option,
    Options,
    OptionTable,
    listed,
    parse_arguments,
)

__all__ = [
    "FALSE_WORDS",
    "TRUE_WORDS",
    "Arguments",
    "Option",
    "OptionTable",
    "Options",
    "listed",
    "parse_arguments",
    "parse_inputs",
    "parse_outputs",
    "preparation",
]
