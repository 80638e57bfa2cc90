"""The Caffe adapter of mo: reads `.prototxt` and `.caffemodel` files and converts layers to OpenVINO's operations."""

__version__ = "0.1.0"
