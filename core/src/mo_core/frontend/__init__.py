"""Front-ends: source models, converters, the convert loop, cutting and freezing.

The modules `wire` (the protobuf skimmer) and `bodies` (sub-graphs of control flow) are public, too.
"""

from mo_core.frontend.converters import SPECIAL, Converter, ConverterTable, converter, converters_of
from mo_core.frontend.model import Frontend, SourceModel

__all__ = [
    "SPECIAL",
    "Converter",
    "ConverterTable",
    "Frontend",
    "SourceModel",
    "bodies",
    "converter",
    "converters_of",
    "wire",
]
