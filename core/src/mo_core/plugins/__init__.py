"""The whole extension surface on one screen (`hookspecs`), discovery, blocking, blame."""

from mo_core.plugins.manager import Plugins, Provider

__all__ = ["Plugins", "Provider"]
