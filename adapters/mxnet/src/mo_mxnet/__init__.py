"""The MXNet adapter of mo: converts `-symbol.json` and `.params` files to OpenVINO IR."""

__version__ = "0.1.0"
