"""A symbol and its parameters as a graph of `Foreign` nodes: inputs as MXNet lists them, parameters as constants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mo_core.errors import ModelError
from mo_core.frontend import SourceModel
from mo_core.ir import Constant, Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import Dynamic, ElementType, Shape
from mo_mxnet import weights
from mo_mxnet.attributes import CODES, WHOLE, parse, shape_of
from mo_mxnet.bodies import foreign
from mo_mxnet.files import load
from mo_mxnet.partitions import departitioned
from mo_mxnet.symbol import Node, Symbol

if TYPE_CHECKING:
    from mo_core.options import Options

OUTPUTS: Mapping[str, str] = {"SliceChannel": "num_outputs", "split": "num_outputs"}
"""Operators whose number of outputs is an attribute."""

_REMEDY = "Give the .params file that belongs to the symbol."
_ELEMENTWISE = frozenset(
    "_plus_scalar _PlusScalar _minus_scalar _MinusScalar _mul_scalar _MulScalar _div_scalar _DivScalar "
    "_rminus_scalar _rdiv_scalar _copy identity Cast cast amp_cast BlockGrad Activation relu LeakyReLU Dropout "
    "BatchNorm BatchNorm_v1 _npi_add_scalar _npi_multiply_scalar _npi_subtract_scalar _npi_true_divide_scalar".split()
)
"""Operators whose first output has the shape of their first input."""


def read(source: Any, options: Options) -> SourceModel:
    """Read a `-symbol.json` with its `.params`, or a symbol or Gluon block in memory.

    Raises ModelError for damaged files and for files that do not belong together, UsageError for missing ones.
    """
    if isinstance(source, (str, Path)):
        files = load(Path(source), options)
    else:
        from mo_mxnet.memory import from_memory

        files = from_memory(source)
    named = {spec.name for spec in options.input}
    reader = _Reader(departitioned(files.symbol), files.params, named)
    try:
        graph = reader.graph()
    except ModelError as e:
        raise e.note(files.described) from None
    version = files.symbol.version
    facts = {"MXNet": f"{version // 10000}.{version // 100 % 100}.{version % 100}"} if version else {}
    return SourceModel(graph, notes=[*files.notes, *reader.notes], facts=facts)


class _Reader:
    """Builds the graph of one symbol; `named`: variables that the user wants as inputs."""

    def __init__(self, symbol: Symbol, params: Mapping[str, Tensor], named: set[str]) -> None:
        self._symbol, self._params, self._named = symbol, params, named
        self._graph = Graph()
        self._values: dict[tuple[int, int], Value] = {}
        self._needed = symbol.needed()
        self._readers: dict[int, list[tuple[int, int]]] = {}
        self._results = symbol.result_counts()
        for index, node in enumerate(symbol.nodes):
            if self._needed[index]:
                self._count(index, node)
        self._taken: set[str] = {n.name for n in symbol.nodes if n.is_variable}
        self.notes: list[str] = []

    def _count(self, index: int, node: Node) -> None:
        for slot, (source, _) in enumerate(node.inputs):
            self._readers.setdefault(source, []).append((index, slot))
        count = node.attributes.get(OUTPUTS.get(node.op, ""))
        if count is not None:
            self._results[index] = max(self._results[index], min(parse("num_outputs", count, WHOLE), 1 << 16))

    def graph(self) -> Graph:
        """The whole network."""
        for index, node in enumerate(self._symbol.nodes):
            if self._needed[index]:
                try:
                    self._add(index, node)
                except ModelError as e:
                    raise e.note(f'{"variable" if node.is_variable else node.op} "{node.name}"') from None
        for head in self._symbol.heads:
            self._graph.add_output(self._values[head])
        if not self._graph.outputs:
            raise ModelError("the network computes nothing")
        return self._graph

    def _add(self, index: int, node: Node) -> None:
        if node.is_variable:
            self._variable(index, node)
            return
        slots = [self._values.get(entry) for entry in node.inputs]
        label = weights.LABELS.get(node.op)
        if label is not None and label < len(slots):
            slots[label] = None
        made = foreign(self._graph, node, slots, self._results[index], self._symbol.version)
        for output, value in enumerate(made.results):
            self._values[index, output] = value
            self._names(value, node.name, output, len(made.results))

    def _names(self, value: Value, name: str, output: int, count: int) -> None:
        """The name of the node, for its first output, and the name that MXNet lists."""
        listed = f"{name}_output" if count == 1 else f"{name}_output{output}"
        for candidate in (name, listed) if output == 0 else (listed,):
            if candidate and candidate not in self._taken:
                self._taken.add(candidate)
                value.names.append(candidate)

    # -- variables

    def _variable(self, index: int, node: Node) -> None:
        readers = self._readers.get(index, [])
        tensor = self._params.get(node.name)
        if tensor is not None and node.name not in self._named:
            self._check(node, tensor, readers)
            self._values[index, 0] = self._constant(node, tensor)
            return
        roles = {weights.role(self._symbol.nodes[i].op, slot) for i, slot in readers}
        is_label = readers and all(weights.LABELS.get(self._symbol.nodes[i].op) == slot for i, slot in readers)
        if is_label and node.name not in self._named:
            self.notes.append(f'the label "{node.name}" is left out: only training reads it.')
            return
        if node.name not in self._named:
            if roles & weights.LEARNED:
                self._missing(node, readers)
            if self._is_state(node, roles):
                self._values[index, 0] = self._zeros(node)
                return
        shape, element = self._told(index)
        if "__dtype__" in node.attributes:
            element = _element(node)
        self._values[index, 0] = self._graph.add_input(node.name, element, self._stated(node) or shape)

    def _constant(self, node: Node, tensor: Tensor) -> Constant:
        made = constant(tensor)
        made.name, made.origin = node.name, (node.name,)
        made.names.append(node.name)
        self._graph.add(made)
        return made

    def _check(self, node: Node, tensor: Tensor, readers: list[tuple[int, int]]) -> None:
        """Raise ModelError when a parameter has not the shape that the symbol says."""
        patterns = [tuple(max(d, 0) for d in shape_of(node.attributes.get("__shape__", "")) or ())]
        for index, slot in readers:
            reader = self._symbol.nodes[index]
            patterns.append(weights.expected(reader.op, weights.role(reader.op, slot), reader.attributes) or ())
        for pattern in patterns:
            if pattern and not weights.fits(tensor.shape, pattern):
                wanted = ",".join("?" if d == 0 else str(d) for d in pattern)
                found = ",".join(map(str, tensor.shape))
                raise ModelError(f"the parameter has the shape [{found}], and the symbol needs [{wanted}]", _REMEDY)

    def _missing(self, node: Node, readers: list[tuple[int, int]]) -> None:
        reader = self._symbol.nodes[readers[0][0]]
        hint = ""
        if self._params and not any(n.name in self._params for n in self._symbol.nodes):
            some = next(iter(self._params))
            hint = f' It has other names, such as "{some}": save the network by export(), not save_parameters().'
        raise ModelError(
            f'the parameters have no "{node.name}", which {reader.op} "{reader.name}" reads', _REMEDY + hint
        )

    def _is_state(self, node: Node, roles: set[str]) -> bool:
        """A state that recurrent cells begin with: by its reader, or by the name that MXNet's cells give it."""
        return bool(roles & weights.STATES) or ("begin_state" in node.name and "__shape__" in node.attributes)

    def _zeros(self, node: Node) -> Constant:
        """A state to begin with, of zeros; dimensions that depend on the data are 1 and are broadcast."""
        shape = [d if d > 0 else 1 for d in shape_of(node.attributes.get("__shape__", "")) or ()]
        self.notes.append(f'the state "{node.name}" begins with zeros; --input "{node.name}" makes it an input.')
        made = constant(np.zeros(shape or (1, 1, 1)), _element(node))
        made.name, made.origin = node.name, (node.name,)
        self._graph.add(made)
        return made

    def _stated(self, node: Node) -> Shape:
        """The attribute `__shape__`, 0 and -1 standing for any; None for a state of unknown rank."""
        dims = shape_of(node.attributes.get("__shape__", ""))
        return tuple(d if d > 0 else Dynamic() for d in dims) if dims else None

    def _told(self, index: int) -> tuple[Shape, ElementType]:
        """What the first operator with learned inputs after an input tells about its shape and element type."""
        for _ in range(64):
            readers = self._readers.get(index, [])
            for reader_index, slot in readers:
                node = self._symbol.nodes[reader_index]
                learned = self._learned(node)
                if slot == 0 and learned and weights.role(node.op, 0) == "data" and "Embedding" not in node.op:
                    shapes = {role: tensor.shape for role, tensor in learned.items()}
                    element = next(iter(learned.values())).element
                    return weights.data_shape(node.op, node.attributes, shapes), element
            following = [i for i, slot in readers if slot == 0 and self._symbol.nodes[i].op in _ELEMENTWISE]
            if not following:
                break
            index = following[0]
        return None, t.dynamic

    def _learned(self, node: Node) -> dict[str, Tensor]:
        """The parameters that an operator reads, by what they are to it."""
        names = [self._symbol.nodes[source].name for source, _ in node.inputs]
        return {weights.role(node.op, i): self._params[n] for i, n in enumerate(names) if n in self._params}


def _element(node: Node) -> ElementType:
    code = node.attributes.get("__dtype__", "0")
    number = parse("__dtype__", code, WHOLE)
    return CODES.get(number, t.f32)


def complete(graph: Graph) -> None:
    """Inputs of which nothing tells the element type are of MXNet's default, f32."""
    for parameter in graph.inputs:
        if parameter.element is t.dynamic:
            parameter.retype(t.f32, parameter.shape)
            parameter.refresh()
