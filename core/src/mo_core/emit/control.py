"""Bodies and port maps of control flow in the `.xml`.

The runtime finds these elements by name, so bodies are streamed first and the maps follow with the layer ids they gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from mo_core.errors import bug
from mo_core.ir import Node

if TYPE_CHECKING:
    from mo_core.emit.xml import XmlWriter

Write: TypeAlias = "Callable[[str], object]"


def write_bodies(writer: XmlWriter, write: Write, node: Node) -> None:
    """Write what follows the ports of a layer with bodies."""
    if not node.port_maps:
        provider = "" if type(node).__module__.startswith("mo_core.") else type(node).__module__.partition(".")[0]
        raise bug(f"{node.type_name} has bodies and no port maps", "Its class must have port_maps.", provider=provider)
    for ports in node.port_maps:
        write(f"\t\t\t<{ports.prefix}body>\n")
        layers = writer.graph(ports.body)
        write(f"\t\t\t</{ports.prefix}body>\n\t\t\t<{ports.prefix}port_map>\n")
        for kind, connected, inner in (
            ("input", ports.inputs, ports.body.inputs),
            ("output", ports.outputs, ports.body.outputs),
        ):
            for port, place, more in connected:
                number = layers[inner[place]]
                write(f'\t\t\t\t<{kind} external_port_id="{port}" internal_layer_id="{number}"{_shown(more)} />\n')
        write(f"\t\t\t</{ports.prefix}port_map>\n")
        if ports.back_edges is not None:
            write("\t\t\t<back_edges>\n")
            for result, parameter in ports.back_edges:
                source, target = layers[ports.body.outputs[result]], layers[ports.body.inputs[parameter]]
                write(f'\t\t\t\t<edge from-layer="{source}" to-layer="{target}" />\n')
            write("\t\t\t</back_edges>\n")


def _shown(more: Mapping[str, object]) -> str:
    return "".join(f' {key}="{value}"' for key, value in more.items())
