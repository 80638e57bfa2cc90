"""Front-ends: source models, their functions, converters, the convert loop, cutting and freezing.

The modules `wire` (the protobuf skimmer), `textformat` (protobuf as text), `structure`, `frames` and `delays` (graphs
with cycles) are public, too.
"""

from mo_core.frontend.attributes import AttributeType, attribute_type
from mo_core.frontend.converters import SPECIAL, Converter, ConverterTable, converter, converters_of
from mo_core.frontend.functions import Function, Library, inline
from mo_core.frontend.model import Frontend, MeanImage, Reference, SourceModel

__all__ = [
    "SPECIAL",
    "AttributeType",
    "Converter",
    "ConverterTable",
    "Frontend",
    "Function",
    "Library",
    "MeanImage",
    "Reference",
    "SourceModel",
    "attribute_type",
    "converter",
    "converters_of",
    "delays",
    "frames",
    "inline",
    "structure",
    "textformat",
    "wire",
]
