"""Operations that TensorFlow computes inside OpenVINO: what goes there (`groups`, `passes`), how it is written
(`program`), and the companion of the runtime that executes it (`runtime`)."""

OPERATION, SET = "TFCustomSubgraph", "tensorflow"
"""The operation of the IR that TensorFlow computes, and its operation set."""
