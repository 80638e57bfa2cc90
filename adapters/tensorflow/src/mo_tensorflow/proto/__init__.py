"""TensorFlow's file formats: the parts of their schema that conversion needs (`make protos` compiles them)."""
