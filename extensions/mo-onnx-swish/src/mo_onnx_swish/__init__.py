"""The op Swish of the domain com.example for mo-onnx."""
