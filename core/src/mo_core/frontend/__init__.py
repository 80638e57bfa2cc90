"""Front-ends: source models, their functions, converters, the convert loop, cutting and freezing.

The module `wire` (the protobuf skimmer) is public, too.
"""

from mo_core.frontend.converters import SPECIAL, Converter, ConverterTable, Effects, converter, converters_of
from mo_core.frontend.functions import Function, Library, inline
from mo_core.frontend.model import Frontend, SourceModel

__all__ = [
    "SPECIAL",
    "Converter",
    "ConverterTable",
    "Effects",
    "Frontend",
    "Function",
    "Library",
    "SourceModel",
    "converter",
    "converters_of",
    "inline",
    "wire",
]
