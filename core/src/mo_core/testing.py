"""Helpers for whoever tests a pass, an operation or a converter: text graphs in, text graphs out, and numbers compared.

from mo_core.testing import check_pass

def test_two_additions_become_one():
    check_pass(
        '''
        %x = Parameter : f32[2,3] "x"
        %a = Add(%x, 1.0)
        %b = Add(%a, 2.0)
        return %b
        ''',
        '''
        %x = Parameter : f32[2,3]
        %c = Constant 3.0 : f32[]
        %b = Add(%x, %c)
        return %b
        ''',
        my_pass,
    )
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import UsageError
from mo_core.frontend import Converter, ConverterTable, Frontend
from mo_core.frontend.conversion import Conversion
from mo_core.ir import Constant, Foreign, Graph, Node, Parameter, Result, Value, constant, text_reader
from mo_core.ir import types as t
from mo_core.ir.tensor import encode
from mo_core.ir.text import format_graph, outline
from mo_core.ir.types import Dim, Dynamic, Type
from mo_core.ops import ALL
from mo_core.options import Options, OptionTable
from mo_core.rewriting.passes import Context, Pass, order, run
from mo_core.rewriting.record import Record

__all__ = [
    "assert_close",
    "check_converter",
    "check_pass",
    "evaluate",
    "format_graph",
    "outline",
    "parse",
    "random_inputs",
]

Tensor: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


def parse(text: str, ops: Iterable[type[Node]] = ()) -> Graph:
    """Build the graph that a text describes; `ops`: operations besides those of OpenVINO and of installed plug-ins."""
    return text_reader.parse(text, (*ALL, *ops), _ops_of_plugins)


def _ops_of_plugins() -> Iterable[type[Node]]:
    from mo_core.plugins import Plugins

    return Plugins().ops().values()


RTOL = 1e-5
"""Relative to the largest value of the reference."""


def random_inputs(graph: Graph, seed: int = 0) -> list[Tensor]:
    """Seeded values for the inputs: reals around 0, whole numbers from 0 to 3; an unknown dimension gets one size.

    Raises UsageError for an input whose rank is unknown.
    """
    rng = np.random.default_rng(seed)
    sizes: dict[Dynamic, int] = {}
    return [_random(rng, p.type, sizes, p.label) for p in graph.inputs]


def _random(rng: np.random.Generator, type_: Type, sizes: dict[Dynamic, int], name: str) -> Tensor:
    if type_.shape is None:
        raise UsageError(f'the rank of "{name}" is unknown', "Give the inputs.")

    def size(dim: Dim) -> int:
        return dim if isinstance(dim, int) else sizes.setdefault(dim, min(dim.hi, max(dim.lo, 2 + len(sizes) % 4)))

    shape = tuple(map(size, type_.shape))
    if type_.element is t.boolean:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if type_.element.is_integer:
        return rng.integers(0, 4, shape).astype(type_.element.dtype or np.int32)
    return rng.standard_normal(shape).astype(type_.element.dtype or np.float32)


def evaluate(graph: Graph, *inputs: Any, engine: str = "auto") -> list[Tensor]:
    """The outputs for these inputs, in order.

    Args:
        engine: `numpy` computes by the operations' own `fold`; `runtime` runs the emitted model on OpenVINO in f32;
            `auto` takes numpy where every operation folds, else the runtime.

    Raises UsageError when the engine is not there or cannot compute an operation.
    """
    if len(inputs) != len(graph.inputs):
        raise UsageError(f"the graph has {len(graph.inputs)} inputs, and {len(inputs)} are given")
    arrays = [np.asarray(x) for x in inputs]
    if engine == "runtime":
        return _on_runtime(graph, arrays)
    unfoldable = next((n for n in graph if not _folds(n)), None)
    if unfoldable is None:
        return _in_numpy(graph, arrays)
    if engine == "numpy":
        raise UsageError(f"{unfoldable.type_name} cannot be computed by numpy", "Use the runtime.")
    return _on_runtime(graph, arrays)


def _folds(node: Node) -> bool:
    return isinstance(node, (Parameter, Constant, Result)) or (
        node.fold is not None and bool(node.operands) and node.pure
    )


def _in_numpy(graph: Graph, inputs: Sequence[Tensor]) -> list[Tensor]:
    known: dict[Value, Tensor] = dict(zip(graph.inputs, inputs))
    for node in graph:
        if isinstance(node, Constant):
            known[node] = node.value.numpy()
        elif not isinstance(node, (Parameter, Result)):
            with np.errstate(all="ignore"):
                made = node.fold(*[known[v] for v in node.operands])
            contents = made if isinstance(made, (tuple, list)) else [made]
            known.update((r, encode(c, r.element)) for r, c in zip(node.results, contents))
    return [known[r.source] for r in graph.outputs]


def _on_runtime(graph: Graph, inputs: Sequence[Tensor]) -> list[Tensor]:
    try:
        import openvino
    except ImportError as e:
        raise UsageError("the graph has operations that only the runtime computes", "pip install openvino") from e
    from mo_core.emit import serialize

    xml, weights = serialize(graph)
    data = np.frombuffer(weights or b"\0", dtype=np.uint8)
    core = openvino.Core()
    model = core.read_model(model=xml.encode(), weights=openvino.Tensor(data.copy()))
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled(dict(enumerate(inputs)))
    return [np.array(results[port]) for port in compiled.outputs]


def assert_close(
    actual: Sequence[Tensor], expected: Sequence[Tensor], rtol: float = RTOL, what: str = "output"
) -> None:
    """Raise AssertionError unless shapes are equal and no number is further off than `rtol` of the largest one."""
    if len(actual) != len(expected):
        raise AssertionError(f"{len(actual)} {what}s, and {len(expected)} are expected")
    for i, (got, wanted) in enumerate(zip(actual, expected)):
        if got.shape != wanted.shape:
            raise AssertionError(f"{what} {i} has shape {list(got.shape)}, and {list(wanted.shape)} is expected")
        if got.dtype.kind in "OSUb" or wanted.dtype.kind in "OSUb":
            wrong = int(np.count_nonzero(got != wanted))
        else:
            a, b = got.astype(np.float64), wanted.astype(np.float64)
            limit = rtol * max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0.0)))
            wrong = int(np.count_nonzero(~np.isclose(a, b, rtol=0, atol=limit, equal_nan=True)))
        if wrong:
            raise AssertionError(f"{what} {i}: {wrong} of {got.size} values differ\n got {got}\n expected {wanted}")


def check_pass(
    before: str,
    after: str | None,
    *passes: Pass,
    inputs: Sequence[Any] | None = None,
    ops: Iterable[type[Node]] = (),
    options: Options | None = None,
    rtol: float = RTOL,
) -> Record:
    """Run passes on the graph `before` and compare with the graph `after` (None: nothing must change).

    Names and the content of large constants do not count, but the names of outputs must stay, and both graphs must
    compute the same on random inputs (or on `inputs`). Returns the record of firings and declines; raises
    AssertionError.
    """
    ops = tuple(ops)
    graph, original = parse(before, ops), parse(before, ops)
    context = Context(options=options)
    run(order(list(passes)), graph, context)
    graph.verify()
    expected = outline(parse(after, ops) if after is not None else original)
    actual = outline(graph)
    if actual != expected:
        diff = difflib.unified_diff(expected.split("\n"), actual.split("\n"), "expected", "actual", lineterm="", n=1000)
        raise AssertionError("the pass gives another graph\n" + "\n".join(diff))
    names = [[r.source.names for r in g.outputs] for g in (original, graph)]
    lost = [n for old, new in zip(*names) for n in old if n not in new]
    if lost:
        raise AssertionError(f"the pass lost the names {lost} of outputs")
    feeds = random_inputs(original) if inputs is None else [np.asarray(x) for x in inputs]
    assert_close(evaluate(graph, *feeds), evaluate(original, *feeds), rtol)
    return context.record


def check_converter(
    converters: Converter | Callable[..., Any] | Iterable[Converter],
    op: str,
    inputs: Sequence[Any],
    expected: Any,
    *,
    attributes: dict[str, Any] | None = None,
    weights: Iterable[int] = (),
    options: Mapping[str, Any] | None = None,
    domain: str = "",
    version: int = 1,
    rtol: float = RTOL,
) -> Graph:
    """Convert one source op and compare what it computes with what is expected.

    Args:
        converters: functions marked by the decorator of an adapter, or the records.
        inputs: arrays; None leaves an input out. weights: places of inputs that are constants.
        expected: an array, several, or a function of the inputs that gives them.
        options: options of the conversion that differ from their defaults, and those of plug-ins.

    Returns the converted graph. Raises AssertionError, or what the converter raises.
    """
    arrays = [None if x is None else np.asarray(x) for x in inputs]
    wanted = expected(*[a for a in arrays if a is not None]) if callable(expected) else expected
    outputs = [np.asarray(x) for x in (wanted if isinstance(wanted, (tuple, list)) else [wanted])]
    graph, fixed = Graph(op), frozenset(weights)
    slots: list[Value | None] = []
    for i, array in enumerate(arrays):
        if array is None:
            slots.append(None)
        elif i in fixed:
            slots.append(graph.add(constant(array)))
        else:
            slots.append(graph.add_input(f"input{i}", t.from_dtype(array.dtype), array.shape))
    node = Foreign("test", op, slots, attributes, len(outputs), domain=domain, version=version, name=op)
    graph.add(node)
    for i, result in enumerate(node.results):
        graph.add_output(result, f"output{i}")
    chosen = Options()
    table = OptionTable()
    for name, value in (options or {}).items():
        known = table.find(name)
        chosen.__dict__[name] = value if known is None else known.convert(value)
    Conversion(ConverterTable(_records(converters)), Frontend(), chosen).run(graph)
    graph.verify()
    feeds = [a for i, a in enumerate(arrays) if a is not None and i not in fixed]
    assert_close(evaluate(graph, *feeds), outputs, rtol)
    return graph


def _records(converters: Any) -> list[Converter]:
    if isinstance(converters, Converter):
        return [converters]
    if callable(converters):
        marked: list[Converter] = getattr(converters, "mo_converters", [])
        if not marked:
            raise UsageError(f"{converters.__name__} is not marked as a converter", "Decorate it.")
        return marked
    return [record for one in converters for record in _records(one)]
