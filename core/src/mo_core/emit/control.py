"""Port maps and bodies of `If`, `Loop` and `TensorIterator` in the `.xml`.

The runtime finds these elements by name, so bodies are streamed first and the maps follow with the layer ids they gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from mo_core.errors import InternalError
from mo_core.ir import Graph, Node
from mo_core.ops.control import Concatenated, If, Loop, Merged, Sliced, TensorIterator

if TYPE_CHECKING:
    from mo_core.emit.xml import XmlWriter

Write: TypeAlias = "Callable[[str], object]"


def write_bodies(writer: XmlWriter, write: Write, node: Node) -> None:
    """Write what follows the ports of a control-flow layer."""
    if isinstance(node, If):
        first = len(node.operands)
        _branch(writer, write, "then", node.then_body, [1 + i for i in node.then_inputs], first)
        _branch(writer, write, "else", node.else_body, [1 + i for i in node.else_inputs], first)
    elif isinstance(node, (Loop, TensorIterator)):
        _iteration(writer, write, node)
    else:
        raise InternalError(f"the emission does not know how {node.type_name} holds its bodies")


def _branch(writer: XmlWriter, write: Write, name: str, body: Graph, ports: Sequence[int], first_output: int) -> None:
    layers = _body(writer, write, f"{name}_body", body)
    write(f"\t\t\t<{name}_port_map>\n")
    for port, parameter in zip(ports, body.inputs):
        write(f'\t\t\t\t<input external_port_id="{port}" internal_layer_id="{layers[parameter]}" />\n')
    for i, result in enumerate(body.outputs):
        write(f'\t\t\t\t<output external_port_id="{first_output + i}" internal_layer_id="{layers[result]}" />\n')
    write(f"\t\t\t</{name}_port_map>\n")


def _iteration(writer: XmlWriter, write: Write, node: Loop | TensorIterator) -> None:
    body = node.body
    layers = _body(writer, write, "body", body)
    leading = len(node.operands) - len(node.inputs)  # the trip count and the condition of a Loop
    back_edges = []
    write("\t\t\t<port_map>\n")
    for i, port in enumerate(node.input_ports):
        parameter = layers[body.inputs[port.parameter]]
        write(f'\t\t\t\t<input external_port_id="{leading + i}" internal_layer_id="{parameter}"{_slicing(port)} />\n')
        if isinstance(port, Merged):
            back_edges.append((layers[body.outputs[port.result]], parameter))
    if isinstance(node, Loop):
        if node.current_iteration is not None:
            number = layers[body.inputs[node.current_iteration]]
            write(f'\t\t\t\t<input external_port_id="-1" internal_layer_id="{number}" purpose="current_iteration" />\n')
        condition = layers[body.outputs[node.body_condition]]
        write(
            f'\t\t\t\t<output external_port_id="-1" internal_layer_id="{condition}" purpose="execution_condition" />\n'
        )
    for i, out in enumerate(node.output_ports):
        result = layers[body.outputs[out.result]]
        external = len(node.operands) + i
        write(f'\t\t\t\t<output external_port_id="{external}" internal_layer_id="{result}"{_slicing(out)} />\n')
    write("\t\t\t</port_map>\n\t\t\t<back_edges>\n")
    for source, target in back_edges:
        write(f'\t\t\t\t<edge from-layer="{source}" to-layer="{target}" />\n')
    write("\t\t\t</back_edges>\n")


def _body(writer: XmlWriter, write: Write, tag: str, body: Graph) -> dict[Node, int]:
    write(f"\t\t\t<{tag}>\n")
    layers = writer.graph(body)
    write(f"\t\t\t</{tag}>\n")
    return layers


def _slicing(port: object) -> str:
    """How a tensor is cut into pieces or put together from them."""
    if not isinstance(port, (Sliced, Concatenated)):
        return ""
    numbers = asdict(port)
    return "".join(f' {key}="{numbers[key]}"' for key in ("axis", "start", "end", "stride", "part_size"))
