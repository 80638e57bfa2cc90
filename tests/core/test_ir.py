"""The graph: building is pure, order is kept, uses are exact, names stay."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mo_core.errors import InternalError, ShapeError, UsageError
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Concat, Convolution, Multiply, ReLU, Reshape, ShapeOf, Split


@pytest.fixture
def graph():
    return Graph("g")


@pytest.fixture
def x(graph):
    return graph.add_input("x", t.f32, (2, 3))


def test_building_leaves_no_trace(graph, x):
    Add(ReLU(x), 1.0)
    assert not x.uses and len(graph) == 1


def test_splicing_puts_in_what_the_value_depends_on(graph, x):
    y = Multiply(Add(x, 1.0), 2.0)
    graph.add_output(y, "y")
    assert [n.type_name for n in graph] == ["Parameter", "Const", "Add", "Const", "Multiply", "Result"]
    assert [n.type_name for n in x.users()] == ["Add"]
    graph.verify()


def test_a_literal_takes_the_type_of_the_other_operand(x):
    assert Add(x, 1).b.element is t.f32
    assert Add(constant([1, 2]), 1).element is t.i64


def test_replacing_moves_readers_and_names(graph, x):
    relu = ReLU(x)
    graph.add_output(relu, "y")
    relu.names.append("inner")
    new = Add(x, 0.0)
    graph.splice([new], relu)
    graph.replace(relu, new)
    graph.erase_dead([relu])
    assert graph.outputs[0].source is new and set(new.names) == {"y", "inner"}
    graph.verify()


def test_types_further_down_follow_a_replacement(graph, x):
    relu = ReLU(x)
    y = Add(relu, 1.0)
    graph.add_output(y, "y")
    wide = graph.add_input("wide", t.f32, (7, 3))
    graph.replace(relu, wide)
    assert y.shape == (7, 3)


def test_a_value_cannot_be_read_before_it_is_computed(graph, x):
    first, second = ReLU(x), ReLU(x)
    graph.add(first)
    graph.add(second)
    with pytest.raises(InternalError, match="before it is computed"):
        graph.splice([Add(x, second)], first)


def test_constants_move_up_when_they_are_wanted_earlier(graph, x):
    first = graph.add(ReLU(x))
    c = graph.add(constant(np.ones(3, np.float32)))
    graph.splice([Add(x, c)], first)
    graph.verify()


def test_dead_code_goes_with_what_only_it_needed(graph, x):
    top = graph.add(Multiply(Add(x, 1.0), 2.0))
    gone = graph.erase_dead([top])
    assert len(gone) == 4 and len(graph) == 1 and not x.uses


def test_what_is_read_cannot_be_erased(graph, x):
    relu = ReLU(x)
    graph.add_output(relu)
    with pytest.raises(InternalError, match="still read"):
        graph.erase(relu)


def test_iteration_tolerates_edits(graph, x):
    y = x
    for _ in range(5):
        y = ReLU(y)
    graph.add_output(y)
    for node in graph:
        if node.type_name == "ReLU":
            graph.replace(node, node.operands[0])
            graph.erase(node)
    assert [n.type_name for n in graph] == ["Parameter", "Result"]


def test_many_insertions_at_one_place_keep_the_order(graph, x):
    last = graph.add(ReLU(x))
    y = x
    for _ in range(200):
        y = graph.splice([ReLU(y)], last)[0]
    graph.verify()
    assert all(graph.precedes(a, b) for a, b in zip(list(graph), list(graph)[1:]))


def test_a_deep_chain_meets_no_recursion_limit(graph, x):
    y = x
    for _ in range(20_000):
        y = ReLU(y)
    graph.add_output(y, "y")
    other = graph.add_input("other", t.f32, (5, 3))
    graph.replace(x, other)
    assert y.shape == (5, 3)
    graph.remove_output(graph.outputs[0])
    graph.erase_dead([y])
    assert len(graph) == 2


def test_several_results():
    x = Graph().add_input("x", t.f32, (4, 6))
    parts = Split(x, 1, num_splits=3)
    assert [r.shape for r in parts.results] == [(4, 2)] * 3
    assert Concat(parts.results, axis=1).shape == (4, 6)


def test_a_misspelt_attribute_is_refused_with_the_nearest(x):
    with pytest.raises(UsageError, match='did you mean "axis"'):
        Concat([x, x], axes=1)


def test_a_shape_error_tells_the_operand_types(x):
    with pytest.raises(ShapeError, match=r"Add\(f32\[2,3\], f32\[2\]\)"):
        Add(x, np.ones(2, np.float32))


def test_a_convolution_infers_with_dynamic_sizes(graph):
    n, h = t.Dynamic(), t.Dynamic()
    x = graph.add_input("i", t.f32, (n, 3, h, 32))
    y = Convolution(
        x, np.zeros((8, 3, 3, 3), np.float32), strides=(1, 2), pads_begin=(1, 1), pads_end=(1, 1), dilations=(1, 1)
    )
    assert y.shape[0] is n and y.shape[1] == 8 and y.shape[2] is h and y.shape[3] == 16


def test_shape_arithmetic_carries_identity(graph):
    n, length = t.Dynamic(), t.Dynamic()
    x = graph.add_input("i", t.f32, (n, length, 64))
    sizes = ShapeOf(x)
    assert sizes.known.tolist() == [n, length, 64]
    parts = Split(sizes, 0, num_splits=3)
    y = Reshape(
        x, Concat([parts.results[1], parts.results[0], constant([8]), constant([8])], axis=0), special_zero=False
    )
    assert y.shape == (length, n, 8, 8)


def test_evolving_keeps_attributes(x):
    joined = Concat([x, x], axis=1)
    assert joined.evolve(x, x, x).shape == (2, 9)
    assert joined.evolve(axis=0).shape == (4, 3)


def test_where_paths_meet_again_a_node_is_inferred_once(graph):
    x = graph.add_input("i", t.f32, (t.Dynamic(), 4))
    y = x
    for _ in range(60):  # 2**60 paths
        rows = [Reshape(y, [-1, 4], special_zero=False) for _ in range(2)]
        y = Concat(rows, axis=0)
    graph.add_output(y)
    x.retype(t.f32, (5, 4))
    x.refresh()
    graph.refresh(x.users())
    assert y.shape == (5 << 60, 4)


class Numbered(ReLU, opset="test"):
    """A ReLU that counts how often nodes of its kind get a place in the order."""

    given = 0

    @property
    def _order(self):
        return self.__dict__["place"]

    @_order.setter
    def _order(self, place):
        Numbered.given += 1
        self.__dict__["place"] = place


@pytest.mark.parametrize("where", ["before one node", "after one node", "everywhere"])
def test_a_run_of_insertions_does_not_number_the_graph_again_and_again(where):
    def given_each(count):
        graph, Numbered.given = Graph(), 0
        x = graph.add_input("x", t.f32, (2,))
        places = [graph.add(Numbered(x)), graph.add(Numbered(x))]
        for i in range(count):
            place = places[1] if where != "everywhere" else places[i * 7919 % len(places)]
            new = Numbered(x)
            graph.splice([new], place)
            places[1] = new if where == "after one node" else places[1]
            places.append(new)
        graph.verify()
        order = [n._order for n in graph if isinstance(n, Numbered)]
        assert order == sorted(order) and len(set(order)) == count + 2
        return Numbered.given / count

    few, many = given_each(3_000), given_each(30_000)
    assert many < 1.5 * few + 0.5 and many < 40


def test_a_chain_goes_in_before_one_node_in_one_piece():
    graph = Graph()
    x = graph.add_input("x", t.f32, (2,))
    end, y = graph.add(Numbered(x)), x
    for _ in range(30_000):
        y = Numbered(y)
    Numbered.given = 0
    graph.splice([y], end)
    assert Numbered.given == 30_000 and len(graph) == 30_002


def test_a_value_is_replaced_in_all_places_of_a_node_at_once(graph, x):
    z = graph.add_input("z", t.f32, (2, 3))
    joined = Concat([x, z, x, x], axis=0)
    graph.add_output(joined, "y")
    graph.replace(x, z)
    assert joined.operands == (z,) * 4 and not x.uses and len(z.uses) == 4
    graph.verify()


@pytest.mark.parametrize("seed", range(6))
def test_insertions_anywhere_keep_the_order(seed):
    """Numbers of neighbours never become equal, wherever the ranges that are numbered anew begin."""
    rng = np.random.default_rng(seed)
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (1,))
    nodes = [ReLU(x)]
    graph.splice(nodes, None)
    for _ in range(3000):
        places = (0, len(nodes) // 2, len(nodes) - 1, int(rng.integers(len(nodes))))
        node = ReLU(x)
        graph.splice([node], nodes[places[rng.integers(4)]])
        nodes.append(node)
    inside = list(graph)
    assert len(inside) == 3002
    assert all(graph.precedes(a, b) for a, b in pairwise(inside))
