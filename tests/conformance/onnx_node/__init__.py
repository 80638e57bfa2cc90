"""The onnx package's own node cases, each through the emitted files and the OpenVINO runtime."""
