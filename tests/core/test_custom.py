"""Operations of the IR that have no class, or bodies of their own kind."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mo_core.emit import serialize
from mo_core.errors import PluginError, UsageError
from mo_core.ir import Custom, Graph, Node, PortMap, Type, copy_graph, schema
from mo_core.ir import types as t
from mo_core.testing import format_graph, parse


def test_an_operation_without_a_class_is_written_and_its_text_is_read_back() -> None:
    graph = Graph()
    x = graph.add_input("x", t.f32, (2, 3))
    given = {"beta": 2.0, "axes": np.array([1, 2]), "flag": True, "name": "<hi>", "to": t.f16}
    types = [Type(t.f32, (2, 3)), Type(t.i64, (4,))]
    node = Custom([x, x], op="Swish2", operation_set="acme", given=given, result_types=types, stateful=True)
    graph.splice([node], None)
    graph.add_output(node.results[1])
    xml = serialize(graph)[0]
    assert '<layer id="1" name="Swish2" type="Swish2" version="acme">' in xml
    assert '<data beta="2.0" axes="1,2" flag="true" name="&lt;hi&gt;" to="f16" />' in xml
    assert not node.pure and node.evolve(x, x).opset == "acme"
    twin = Custom([x], op="Same")
    assert (twin.type, twin.type_name, twin.opset) == (x.type, "Same", "extension")
    text = format_graph(copy_graph(graph))
    assert "Custom(%0, %0) {op=Swish2, operation_set=acme" in text
    assert format_graph(parse(text)) == text
    with pytest.raises(UsageError, match="no form for a set"):
        Custom([x], op="Odd", given={"a": {1}})
    with pytest.raises(UsageError, match="nothing says what its result is"):
        Custom([], op="Odd")


class Repeat(Node, opset="acme"):
    """Runs its body twice; declared as a plug-in would."""

    inputs: schema.Operands = schema.variadic()
    body: Graph = schema.hidden()

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.body,)

    @property
    def port_maps(self) -> list[PortMap]:
        return [PortMap(self.body, [(0, 0, {"axis": 1})], [(1, 0, {})], back_edges=[(0, 0)])]

    def infer(self) -> list[Type]:
        return [self.body.outputs[0].source.type]


def test_bodies_of_operations_from_outside_are_written_by_their_port_maps() -> None:
    body = parse('%a = Parameter : f32[2] "a"\n%b = ReLU(%a)\nreturn %b')
    graph = Graph()
    x = graph.add_input("x", t.f32, (2,))
    node = Repeat([x], body=body)
    graph.splice([node], None)
    graph.add_output(node)
    xml = "".join(serialize(graph)[0].split())
    assert (
        '<port_map><inputexternal_port_id="0"internal_layer_id="0"axis="1"/>'
        '<outputexternal_port_id="1"internal_layer_id="2"/></port_map>'
        '<back_edges><edgefrom-layer="2"to-layer="0"/></back_edges>' in xml
    )
    assert re.search("<body><layers><layerid=.0.name=.a.type=.Parameter.", xml)

    class Mute(Repeat, opset="acme"):
        port_maps = ()  # type: ignore[assignment]

    other = Graph()
    y = other.add_input("y", t.f32, (2,))
    made = Mute([y], body=copy_graph(body))
    other.splice([made], None)
    other.add_output(made)
    with pytest.raises(PluginError, match="Mute has bodies and no port maps"):
        serialize(other)
