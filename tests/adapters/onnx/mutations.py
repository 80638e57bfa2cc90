"""Valid models of one node with seeded damage: attributes, inputs, types, tensors, order, or single bytes.

As a program (`python -m tests.adapters.onnx.mutations SEED COUNT`) it converts mutated models within bounded memory and
time, and prints what ended in anything but a model or an error of the user's.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

INTS = [0, 1, -1, 2, 3, -2, 4, 5, 7, 13, 255, 1000, 2**31 - 1, -(2**31), 2**31, 2**40, 2**62, -(2**63), 2**63 - 1]
REALS = [0.0, 1.0, -1.0, 0.5, 3.0, 1e30, -1e30, 1e-30, float("inf"), float("nan")]
TEXTS = ["", "x", "constant", "edge", "reflect", "SAME_UPPER", "linear", "nearest", "reverse", "a,b->c", "é", "\x00"]
SECONDS, BYTES = 20, 4 << 30
"""What one conversion may take at most."""

Random = random.Random


def graphs_of(graph: GraphProto) -> Iterator[GraphProto]:
    """The graph and those of its bodies."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs_of(attribute.g)


def change_list(values: Any, choices: list[Any], r: Random) -> None:
    """Replace, add, or take away an element, or all of them."""
    content = list(values)
    kind = r.randrange(4)
    if kind == 0:
        content = []
    elif kind == 1 or not content:
        content.append(r.choice(choices))
    elif kind == 2:
        content.pop()
    else:
        content[r.randrange(len(content))] = r.choice(choices)
    del values[:]
    values.extend(content)


def change_attribute(graph: GraphProto, node: NodeProto, r: Random) -> None:
    if not node.attribute:
        return
    a = r.choice(node.attribute)
    if a.type == AttributeProto.INT:
        a.i = r.choice(INTS)
    elif a.type == AttributeProto.FLOAT:
        a.f = r.choice(REALS)
    elif a.type == AttributeProto.STRING:
        a.s = r.choice(TEXTS).encode()
    elif a.type == AttributeProto.INTS:
        change_list(a.ints, INTS, r)
    elif a.type == AttributeProto.FLOATS:
        change_list(a.floats, REALS, r)
    elif a.type == AttributeProto.STRINGS:
        change_list(a.strings, [t.encode() for t in TEXTS], r)
    elif a.type == AttributeProto.TENSOR:
        change_content(a.t, r)
    else:
        node.attribute.remove(a)


def drop_attribute(graph: GraphProto, node: NodeProto, r: Random) -> None:
    if node.attribute:
        node.attribute.remove(r.choice(node.attribute))


def add_attribute(graph: GraphProto, node: NodeProto, r: Random) -> None:
    """One that the op has, of the type it should be, or of another."""
    try:
        known = onnx.defs.get_schema(node.op_type, domain=node.domain).attributes
    except onnx.defs.SchemaError:
        return
    if not known:
        return
    a = node.attribute.add()
    a.name = r.choice(sorted(known))
    a.type = r.choice(
        [int(known[a.name].type.value)] * 4 + [AttributeProto.FLOAT, AttributeProto.INT, AttributeProto.INTS]
    )
    a.i, a.f, a.s = r.choice(INTS), r.choice(REALS), r.choice(TEXTS).encode()
    a.ints.extend(r.choice(INTS) for _ in range(r.randrange(5)))
    a.floats.extend(r.choice(REALS) for _ in range(r.randrange(5)))


def change_inputs(graph: GraphProto, node: NodeProto, r: Random) -> None:
    change_list(node.input, ["", *(name for n in graph.node for name in (*n.input, *n.output))], r)


def change_outputs(graph: GraphProto, node: NodeProto, r: Random) -> None:
    change_list(node.output, ["", "other"], r)


def freeze_input(graph: GraphProto, node: NodeProto, r: Random) -> None:
    """An input of the graph gets numbers of a type and shape that may not be its own."""
    if not graph.input:
        return
    info = r.choice(graph.input)
    stated = info.type.tensor_type
    if stated.elem_type not in (1, 2, 3, 6, 7, 9, 10, 11):
        return
    dims = (
        [d.dim_value or 1 for d in stated.shape.dim]
        if r.random() < 0.7
        else [r.randrange(4) for _ in range(r.randrange(4))]
    )
    if np.prod([float(d) for d in dims]) > 1e4:
        return
    numbers = [r.choice([-1, 0, 1, 2, 3, 5, 1000, 2**31, 2**62]) for _ in range(int(np.prod(dims)))]
    with np.errstate(all="ignore"):
        content = np.array(numbers).astype(helper.tensor_dtype_to_np_dtype(stated.elem_type)).reshape(dims)
    graph.initializer.append(numpy_helper.from_array(content, info.name))


def change_type(graph: GraphProto, node: NodeProto, r: Random) -> None:
    if not graph.input:
        return
    stated = r.choice(graph.input).type.tensor_type
    dims = stated.shape.dim
    kind = r.randrange(5)
    if kind == 0:
        stated.elem_type = r.randrange(24)
    elif kind == 1 and dims:
        r.choice(dims).dim_value = r.choice(INTS)
    elif kind == 2 and dims:
        r.choice(dims).dim_param = r.choice("nm")
    elif kind == 3 and dims:
        del dims[-1]
    elif kind == 4:
        stated.ClearField("shape")


def change_tensor(graph: GraphProto, node: NodeProto, r: Random) -> None:
    if graph.initializer:
        change_content(r.choice(graph.initializer), r)


def change_content(tensor: TensorProto, r: Random) -> None:
    kind = r.randrange(4)
    if kind == 0:
        tensor.data_type = r.randrange(26)
    elif kind == 1:
        change_list(tensor.dims, INTS, r)
    elif kind == 2:
        tensor.raw_data = tensor.raw_data[:-1]
    elif tensor.raw_data:
        tensor.raw_data = damaged(tensor.raw_data, r)


def change_ports(graph: GraphProto, node: NodeProto, r: Random) -> None:
    ports = r.choice([graph.input, graph.output])
    if ports:
        del ports[r.randrange(len(ports))]


def repeat_node(graph: GraphProto, node: NodeProto, r: Random) -> None:
    graph.node.add().CopyFrom(node)
    if r.random() < 0.5:
        graph.node[-1].output[:] = [f"again_{name}" for name in node.output]


CHANGES: list[Callable[[GraphProto, NodeProto, Random], None]] = [
    change_attribute,
    change_attribute,
    drop_attribute,
    add_attribute,
    change_inputs,
    change_outputs,
    freeze_input,
    change_type,
    change_type,
    change_tensor,
    change_ports,
    repeat_node,
]


def damaged(content: bytes, r: Random) -> bytes:
    """Some bytes other, gone, or more."""
    data = bytearray(content)
    for _ in range(r.randrange(1, 5)):
        at = r.randrange(len(data) + 1)
        data[at : at + r.randrange(3)] = bytes(r.randrange(256) for _ in range(r.randrange(3)))
    return bytes(data)


def mutated(model: bytes, r: Random) -> bytes:
    """The model with one to three changes, or with damaged bytes."""
    if r.random() < 0.1:
        return damaged(model, r)
    proto = ModelProto.FromString(model)
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        if r.random() < 0.05 and proto.opset_import:
            proto.opset_import[0].version = r.choice([1, 6, 7, 9, 10, 11, 12, 13, 16, 18, 21, 24, 99, *INTS])
        graph = r.choice([g for g in graphs_of(proto.graph) if g.node] or [GraphProto(node=[NodeProto()])])
        try:
            r.choice(CHANGES)(graph, r.choice(graph.node), r)
        except (ValueError, TypeError):  # protobuf refuses the number
            continue
    return proto.SerializeToString()


def failure(model: bytes, folder: Path) -> str:
    """What is wrong with how a model ends; empty when it is converted, or refused as the user's."""
    import mo_core
    from mo_core.errors import InternalError, MoError, PluginError

    path = folder / "m.onnx"
    path.write_bytes(model)
    start = time.perf_counter()
    try:
        mo_core.convert(path, framework="onnx").save(folder / "m.xml")
    except (InternalError, PluginError) as e:
        return str(e)
    except MoError:
        pass
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    seconds = time.perf_counter() - start
    return f"it took {seconds:.0f} s" if seconds > SECONDS else ""


def main(seed: int, count: int) -> int:
    """Convert mutated node cases; returns the number of those that end badly."""
    import resource

    from tests.conformance.onnx_node.cases import load_cases

    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"a conversion hangs: {name}, change {number}"))
    cases = {name: case.model for name, case in load_cases().items() if len(case.model) < 100_000}
    names, r, bad = sorted(cases), Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            name = r.choice(names)
            model = mutated(cases[name], r)
            signal.alarm(3 * SECONDS)
            told = failure(model, Path(folder))
            signal.alarm(0)
            if told:
                bad += 1
                print(f"{name}, change {number}: {told}")
    return bad


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]), int(sys.argv[2])), 99))
