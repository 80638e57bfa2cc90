"""mo: converts trained models to OpenVINO IR.

import mo_core
model = mo_core.convert("model.onnx", input_shape="[1,3,224,224]")
model.save("model.xml")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mo_core.errors import InternalError, ModelError, MoError, PluginError, ShapeError, Unsupported, UsageError
from mo_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from mo_core.app.api import convert, inspect
    from mo_core.app.model import Model
    from mo_core.app.verify.engine import verify

__version__ = "0.1.0"
__all__ = [
    "InternalError",
    "MoError",
    "Model",
    "ModelError",
    "PluginError",
    "ShapeError",
    "Unsupported",
    "UsageError",
    "__version__",
    "convert",
    "hookimpl",
    "inspect",
    "verify",
]


def __getattr__(name: str) -> Any:
    """The functions are loaded when they are asked for: plug-ins import this package for `hookimpl` only."""
    if name in ("convert", "inspect", "Model"):
        from mo_core.app import api

        return getattr(api, name)
    if name == "verify":
        from mo_core.app.verify.engine import verify

        return verify
    raise AttributeError(f"module mo_core has no attribute {name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
