"""The hooks of mo-caffe."""

from __future__ import annotations
