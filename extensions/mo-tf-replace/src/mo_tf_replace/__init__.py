"""Sub-graphs of TensorFlow that other ones replace, found by pattern, by name scope and by a description."""
