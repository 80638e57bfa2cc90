"""The whole extension surface on one screen (`hookspecs`), discovery, blocking, blame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mo_core.plugins.manager import Plugins, Provider

__all__ = ["Plugins", "Provider"]


def __getattr__(name: str) -> Any:
    """The manager is loaded when it is asked for: plug-ins import this package for `hookimpl` only."""
    if name in __all__:
        from mo_core.plugins import manager

        return getattr(manager, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
