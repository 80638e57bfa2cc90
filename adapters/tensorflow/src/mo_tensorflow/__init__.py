"""The TensorFlow adapter of mo: frozen graphs, SavedModels, meta graphs and checkpoints, without TensorFlow."""

__version__ = "0.1.0"
