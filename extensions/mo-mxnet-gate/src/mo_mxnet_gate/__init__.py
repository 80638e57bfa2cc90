"""The Custom operator gate for mo-mxnet."""
