"""The ONNX adapter of mo: reads `.onnx` files and converts their operators to OpenVINO's."""

__version__ = "0.1.0"
