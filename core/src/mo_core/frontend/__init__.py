"""Front-ends: source models, converters, the convert loop, cutting and freezing, the protobuf skimmer."""

from mo_core.frontend.converters import SPECIAL, Converter, ConverterTable, converter, converters_of
from mo_core.frontend.model import Frontend, SourceModel

__all__ = ["SPECIAL", "Converter", "ConverterTable", "Frontend", "SourceModel", "converter", "converters_of"]
