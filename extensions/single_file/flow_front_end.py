"""A front-end for the framework "flow", which writes its networks as JSON files."""

import json
from functools import partial

import numpy as np

from mo_core import hookimpl
from mo_core.build.states import assigned, state
from mo_core.errors import ModelError
from mo_core.frontend import Frontend, Function, Library, SourceModel, converter, converters_of
from mo_core.frontend.frames import without_frames
from mo_core.frontend.structure import Edge, Record, build
from mo_core.ir import Effects, Foreign, FunctionRef, Graph, Type, constant
from mo_core.ir.types import element_type
from mo_core.ops import Add, Less, Multiply, ReLU
from mo_core.rewriting import Stage, any_, graph_pass, in_scope, rewrites, rule, src


class FlowFrontend(Frontend):
    name, title, suffixes = "flow", "Flow", (".flow",)

    def recognises(self, path, head):
        return path.suffix == ".flow" and b'"nodes"' in head

    def read(self, source, options):
        try:
            file = json.loads(source.read_text(encoding="utf-8"))
            graph = graph_of(file, file["inputs"])
            bodies = {name: partial(graph_of, f, dict.fromkeys(f["inputs"])) for name, f in file["functions"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise ModelError(f'"{source}" is no network of flow: {e}', "Write it again with flow.") from e
        library = Library({name: Function(name, lambda _, make=make: make()) for name, make in bodies.items()}, called)
        return SourceModel(graph, name=source.stem, functions=library)

    def complete(self, model, options):
        """Variables have the shape of their first store, where the file states none."""
        stored = {n.state: n.operands[0].type for n in model.graph if isinstance(n, Foreign) and n.effect}
        for node in model.graph:
            if isinstance(node, Foreign) and node.op == "Read" and node.shape is None:
                node.retype(0, Type(node.element, stored[node.state].shape))


def graph_of(file, inputs):
    """The graph of a network, or of a function."""
    records = [
        Record(n["name"], n["op"], [edge(i) for i in n["inputs"]], n.get("attributes", {}), results=n.get("results", 1))
        for n in file["nodes"]
    ]
    graph, f32 = Graph(), element_type("f32")
    values = {k: [graph.add_input(k, f32, None if dims is None else tuple(dims))] for k, dims in inputs.items()}
    values = build(graph, without_frames(records), make, values)
    for output in map(edge, file["outputs"]):
        graph.add_output(values[output.source][output.port], output.source)
    return graph


def edge(text):
    name, _, port = text.partition(":")
    return Edge(name, int(port or 0))


def make(record, slots):
    given = record.attributes
    types = [Type(element_type("f32"), tuple(given["shape"]) if "shape" in given else None)] * record.results
    is_store = record.op in ("Store", "Check")
    return Foreign(
        "flow",
        record.op,
        slots,
        given,
        () if is_store else types,
        domain=record.domain,
        name=record.name,
        effect=is_store,
        state=given.get("variable", ""),
    )


def called(node):
    return FunctionRef(node.given["function"]) if node.op == "Call" else None


# -- converters


@converter("Const")
def const(*, value):
    return constant(np.array(value, np.float32))


@converter("Add")
def add(a, b):
    return Add(a, b)


@converter("Mul")
def mul(a, b):
    return Multiply(a, b)


@converter("Less")
def less(a, b):
    return Less(a, b)


@converter("Read", ignore=["shape"])
def read(*, variable, node):
    return state(variable, node.type)


@converter("Store")
def store(x, *, variable):
    return Effects((), [assigned(variable, x)])


@converter("Check")
def check(x):
    return ()


# -- passes


@rule(src("flow.Max0", any_("x"), slope=None))
def positive_part(x):
    """The larger of a value and zero."""
    return ReLU(x)


@graph_pass("flow-swap", stage=Stage.FRONT, framework="flow")
def swap(graph, edit):
    """A scope "swap", which exchanges two values in four nodes, gives them the other way round."""
    nodes = in_scope(graph, "swap")
    if nodes:
        a, b = nodes[0].operands
        edit.replace_region([a, b], [nodes[-2], nodes[-1]], [b, a], rule="swap")


# -- hooks


@hookimpl
def mo_frontends():
    return [FlowFrontend()]


@hookimpl
def mo_converters(framework):
    return converters_of(const, add, mul, less, read, store, check) if framework == "flow" else ()


@hookimpl
def mo_passes():
    return [rewrites("flow-max", positive_part, stage=Stage.FRONT, framework="flow"), swap]


@hookimpl
def mo_probe(path, head):
    """A network in a file called .json looks like a symbol of MXNet, too, but for its functions."""
    return "flow" if path.suffix == ".json" and b'"nodes"' in head and b'"functions"' in head else None
