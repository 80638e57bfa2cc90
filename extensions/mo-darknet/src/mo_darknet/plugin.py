"""The hooks of mo-darknet. Importing this module is cheap: what reads and converts is loaded when a file is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mo_core import hookimpl
from mo_core.frontend import Converter, Frontend, SourceModel
from mo_core.options import Option

_OPTIONS = (
    Option("input_weights", "path", "The weights; default: the network's name with .weights.", metavar="PATH"),
    Option("decode_boxes", "flag", "Detection layers give rows: x, y, width, height, objectness, class scores.", False),
)


class DarknetFrontend(Frontend):
    """Darknet networks: a `.cfg`, and a `.weights` beside it or named by --input_weights."""

    name, title, distribution, suffixes = "darknet", "Darknet", "mo-darknet", (".cfg", ".weights")

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the first section; `.cfg` alone may be anything."""
        return path.suffix.lower() == ".weights" or b"[net]" in head or b"[network]" in head

    def options(self) -> Sequence[Option]:
        """The options of Darknet networks."""
        return _OPTIONS

    def read(self, source: Any, options: Any) -> SourceModel:
        """Read a network; weights stay windows."""
        from mo_darknet.network import read

        return read(Path(source), options.input_weights)


@hookimpl
def mo_frontends() -> Sequence[Frontend]:
    """The Darknet front-end."""
    return [DarknetFrontend()]


@hookimpl
def mo_converters(framework: str) -> Sequence[Converter]:
    """Converters of Darknet layers, for that framework only."""
    if framework != "darknet":
        return ()
    from mo_core.frontend import converters_of
    from mo_darknet import heads, layers

    return converters_of(layers, heads)
