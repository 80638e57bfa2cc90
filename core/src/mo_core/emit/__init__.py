"""Emission: one traversal that streams `.xml` and `.bin`, then renames both into place."""

from __future__ import annotations

from mo_core.emit.files import Emitted, save, serialize
from mo_core.emit.xml import writable

__all__ = ["Emitted", "save", "serialize", "writable"]
