"""The Kaldi adapter of mo; its front-end does not exist yet."""

__version__ = "0.1.0"
