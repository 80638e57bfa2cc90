"""Cutting and freezing: the part of the source graph between the inputs and outputs that the user wants.

It works on the graph as the file has it, so that names mean the names of the user's own file. Where a tensor is cut, a
new input takes its place; a value given to an input or tensor makes it a constant. What is no longer needed goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from mo_core.errors import ShapeError, UsageError
from mo_core.frontend import SourceModel
from mo_core.ir import Constant, Foreign, Graph, Node, Parameter, Type, Value, ancestors, copy_part
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, encode
from mo_core.ir.types import Dim, Dynamic, ElementType, Shape
from mo_core.ops import Convert
from mo_core.options import Options
from mo_core.options.inputs import UNSET, InputSpec, OutputSpec
from mo_core.options.names import Names, Place, counted, listing, quoted, tensor_name

if TYPE_CHECKING:
    from mo_core.options.preparation import LayoutSpec


FREE = -1
"""The batch of `--batch -1`: any number."""


@dataclass
class Request:
    """What the user wants of inputs and outputs.

    Attributes:
        inputs: listed inputs, in order; frozen: inputs that only become constants; outputs: in order (empty: all).
        shapes: for the listed inputs, else for the model's own, in order.
        batch: the batch dimension of all inputs (FREE: any); layouts: where that dimension is.
        static_shape: all dimensions must be known.
    """

    inputs: list[InputSpec] = field(default_factory=list)
    frozen: list[InputSpec] = field(default_factory=list)
    outputs: list[OutputSpec] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    batch: int | None = None
    layouts: list[LayoutSpec] = field(default_factory=list)
    static_shape: bool = False

    @classmethod
    def of(cls, options: Options) -> Request:
        """Read it from the options; raises UsageError for what cannot be read or contradicts itself."""
        request = cls(
            list(options.input),
            list(options.freeze_placeholder_with_value),
            list(options.output),
            list(options.input_shape),
            options.batch,
            _layouts(options),
            options.static_shape,
        )
        request._check()
        return request

    def _check(self) -> None:
        shaped = [s for s in self.inputs if s.shape is not UNSET]
        for other, is_given in (("--input_shape", bool(self.shapes)), ("--batch", self.batch is not None)):
            if shaped and is_given:
                fact = f'--input gives a shape for "{shaped[0].text}", and so does {other}'
                raise UsageError(fact, "Give it in one place.")
        named = [s.text for s in (*self.inputs, *self.frozen) if s.text and s.value is not None]
        twice = next((n for n in named if named.count(n) > 1), None)
        if twice is not None:
            raise UsageError(f'"{twice}" is given a value twice', "Give it once.")
        if self.inputs and self.shapes:
            self._pair()

    def _pair(self) -> None:
        open_ones = [i for i, s in enumerate(self.inputs) if s.value is None]
        places = range(len(self.inputs)) if len(self.shapes) == len(self.inputs) else open_ones
        if len(self.shapes) != len(places):
            raise UsageError(
                f"--input lists {counted(len(self.inputs), 'input')}, and --input_shape has "
                f"{counted(len(self.shapes), 'shape')}",
                'Give one shape for each, or write them after the names: --input "name[1,3,224,224]".',
            )
        for place, shape in zip(places, self.shapes):
            self.inputs[place] = replace(self.inputs[place], shape=shape)
        self.shapes = []

    @property
    def cuts(self) -> bool:
        """True when the user says what the inputs or outputs are."""
        return bool(self.inputs or self.outputs)


def _layouts(options: Options) -> list[LayoutSpec]:
    if options.batch is None or not (options.layout or options.source_layout):
        return []
    return list(options.layout or options.source_layout)


Infer: TypeAlias = "Callable[[Graph], Sequence[Type]]"
"""Gives the types of the outputs of a source graph, as far as they can be told; it may use the graph up."""


def _names_all(source: SourceModel, request: Request) -> bool:
    """False when a name of the request is none in the graph: it may be one in a function of the model."""
    given: list[InputSpec | OutputSpec] = [*request.inputs, *request.frozen, *request.outputs]
    specs = [spec for spec in given if spec.text]
    if not specs:
        return True
    names = Names(source.graph, source.names_are_tensors, source.stand_ins)
    return all(spec.text in names or spec.name in names for spec in specs)


class _Cutter:
    """One run on one source model, in place."""

    def __init__(self, source: SourceModel, request: Request, infer: Infer | None) -> None:
        self.infer = infer
        self.source, self.graph, self.request = source, source.graph, request
        self.notes: list[str] = []
        self.listed: list[Parameter] = []  # what the user's list became, in its order
        self.made: dict[Parameter, Place] = {}  # new inputs
        self.replaced: set[Value] = set()

    def run(self) -> list[str]:
        request, graph = self.request, self.graph
        unused = {p for p in graph.inputs if not p.uses}
        inputs, frozen, outputs = self._resolve()
        if request.outputs:
            self._set_outputs(outputs)
        for spec, place in inputs:
            if _is_input(place) and spec.value is None:
                self._retype(spec, place)
        self._infer([*inputs, *frozen])
        for spec, place in (*inputs, *frozen):
            self._apply(spec, place)
        if not request.outputs:
            self._drop_cut_outputs()
        if request.cuts:
            drop_effects(graph)
        erase_unused(graph)
        self._inherit_names()
        self._drop_inputs(set() if request.cuts else unused)
        if request.inputs:
            self._order_inputs()
        if request.batch is not None:
            self._set_batch(request.batch)
        if request.static_shape:
            self._check_static()
        return self.notes

    def _resolve(self) -> tuple[list[tuple[InputSpec, Place]], list[tuple[InputSpec, Place]], list[Value]]:
        request = self.request
        if not (request.cuts or request.frozen or request.shapes):
            return [], [], []
        names = Names(self.source.graph, self.source.names_are_tensors, self.source.stand_ins)
        frozen = [(spec, names.input(spec)) for spec in request.frozen]
        listed = request.inputs or self._by_order({place.value for _, place in frozen})
        listed = [spec if spec.text else self._named(i, spec) for i, spec in enumerate(listed)]
        inputs = [(spec, names.input(spec)) for spec in listed]
        seen: dict[tuple[Any, ...], str] = {}
        merged = []
        for spec, place in inputs:
            if place.key in seen:
                raise UsageError(f'"{spec.text}" and "{seen[place.key]}" are the same place', "List it once.")
            seen[place.key] = spec.text
            same = [f for f, at in frozen if at.key == place.key]
            if same and spec.value is not None:
                raise UsageError(f'"{spec.text}" is given a value twice', "Give it once.")
            frozen = [(f, at) for f, at in frozen if at.key != place.key]
            merged.append((replace(spec, value=same[0].value) if same else spec, place))
        return merged, frozen, list(dict.fromkeys(names.output(spec) for spec in request.outputs))

    def _by_order(self, frozen: set[Value]) -> list[InputSpec]:
        """--input_shape without --input: the shapes of the model's inputs in order."""
        shapes, free = self.request.shapes, [p for p in self.graph.inputs if p not in frozen]
        if not shapes:
            return []
        if len(shapes) != len(free):
            raise UsageError(
                f"the model has {counted(len(free), 'input')}, and --input_shape has {counted(len(shapes), 'shape')}",
                f'Name them, as in --input "name[1,3,224,224]". {listing("input", [p.label for p in free])}',
            )
        return [InputSpec(p.label, p.label, shape=shape) for p, shape in zip(free, shapes)]

    def _named(self, index: int, spec: InputSpec) -> InputSpec:
        """A spec without a name means the input at its place."""
        if index >= len(self.graph.inputs):
            fact = f"the model has {counted(len(self.graph.inputs), 'input')}, and more shapes are given"
            raise UsageError(fact, "Leave some out.")
        name = self.graph.inputs[index].label
        return replace(spec, text=name, name=name)

    def _set_outputs(self, values: Sequence[Value]) -> None:
        graph = self.graph
        merged = len(self.request.outputs) - sum(s.text in self.source.stand_ins for s in self.request.outputs)
        if len(values) < merged:
            self.notes.append("--output names a tensor more than once; it is one output.")
        names = {r.source: r.name for r in graph.outputs}
        for result in list(reversed(graph.outputs)):
            graph.remove_output(result)
        for value in values:
            result = graph.add_output(value, tensor_name(value))
            result.name = names.get(value, result.name)

    def _drop_cut_outputs(self) -> None:
        """A tensor that became an input is no output any more, unless nothing else would be left."""
        gone = [r for r in self.graph.outputs if r.source in self.made]
        if len(gone) < len(self.graph.outputs):
            for result in gone:
                self.graph.remove_output(result)
                self.notes.append(f'"{tensor_name(result.source)}" is an input now and no output any more.')

    # -- one place

    def _apply(self, spec: InputSpec, place: Place) -> None:
        old = place.value
        if _is_input(place) and spec.value is None:
            self.listed.append(cast(Parameter, old))
            return
        if place.node is None:
            self.replaced.add(old)
        element = spec.element or (old.element if old.element is not t.dynamic else None)
        if spec.value is not None:
            constant = self._constant(spec, old, element)
            self.graph.splice([constant], next(iter(self.graph)))
            self._connect(place, constant)
            return
        if element is None:
            element = t.f32
            self.notes.append(f'the type of "{spec.text}" is not known; f32 is assumed.')
        shape = old.shape if spec.shape is UNSET else _refined(spec.shape, old.shape)
        if shape is None:
            self.notes.append(f'the shape of the new input "{spec.text}" is not known; it can be given after the name.')
        parameter = self.graph.add_input(self._name(place), element, shape)
        self._connect(place, parameter)
        self._keep_computing_in(old.element, parameter)
        self.listed.append(parameter)
        self.made[parameter] = place

    def _name(self, place: Place) -> str:
        value = place.value
        if place.node is not None:
            return f"{place.node.label}/placeholder_port_{place.port}"
        if self.source.names_are_tensors and value.names:
            return value.names[0]
        return f"{value.node.label}/placeholder_out_port_{value.index}"

    def _connect(self, place: Place, new: Node) -> None:
        if place.node is None:  # the new input is this tensor now, under all of its names
            new.names.extend([name for name in place.value.names if name not in new.names])
            self.graph.replace(place.value, new)
        else:
            place.node.set_operand(place.operand, new)
            self.graph.refresh([place.node])

    def _inherit_names(self) -> None:
        """A tensor that only the port of a new input read is gone, and its name means that input."""
        for parameter, place in self.made.items():
            if place.node is not None and place.value.node.graph is None:
                parameter.names.extend(place.value.names)
                place.value.names = []

    def _infer(self, wanted: Sequence[tuple[InputSpec, Place]]) -> None:
        """What the part that is cut away tells about the tensors at the cut, where neither file nor user say it."""
        open_ = [
            place.value
            for spec, place in wanted
            if isinstance(place.value.node, Foreign)
            and (
                (spec.element is None and place.value.element is t.dynamic)
                or (spec.shape is UNSET and place.value.shape is None)
            )
        ]
        if not open_ or self.infer is None:
            return
        values = list(dict.fromkeys(open_))
        for value, (element, shape) in zip(values, self.infer(copy_part(self.graph, values))):
            if isinstance(value.node, Foreign):
                element = element if value.element is t.dynamic else value.element
                value.node.retype(value.index, Type(element, shape if value.shape is None else value.shape))

    def _retype(self, spec: InputSpec, place: Place) -> None:
        parameter = cast(Parameter, place.value)
        shape = parameter.shape
        if spec.shape is not UNSET:
            if shape is not None and spec.shape is not None and len(shape) != len(spec.shape):
                stated, taken = t.format_shape(shape), t.format_shape(spec.shape)
                self.notes.append(f'the model states {stated} for "{parameter.label}"; {taken} is taken.')
            shape = _refined(spec.shape, shape)
        before, readers = parameter.element, parameter.users()
        parameter.retype(spec.element or before, shape)
        parameter.refresh()
        self._keep_computing_in(before, parameter)
        self.graph.refresh([*parameter.users(), *readers])

    def _keep_computing_in(self, element: ElementType, parameter: Parameter) -> None:
        """Data of another type is converted first, where the model computes with real numbers."""
        if not element.is_real or parameter.element is element:
            return
        readers = list(parameter.uses)
        convert = Convert(parameter, destination_type=element)
        convert.name, convert.origin = f"{parameter.name}/convert", parameter.origin
        self.graph.splice([convert], next(n for n in self.graph if not isinstance(n, Parameter)))
        for node, index in readers:
            node.set_operand(index, convert)

    def _set_type(self, parameter: Parameter, element: ElementType, shape: Shape) -> None:
        parameter.retype(element, shape)
        parameter.refresh()
        self.graph.refresh(parameter.users())

    def _constant(self, spec: InputSpec, old: Value, element: ElementType | None) -> Constant:
        value = spec.value
        assert value is not None
        if element is None:
            element = t.f32 if value.dtype.kind == "f" else t.from_dtype(value.dtype)
            self.notes.append(f'the type of "{spec.text}" is not known; {element} is assumed.')
        data = _shaped(spec, _converted(spec, value, element), old.shape)
        if old.element.is_real and element.is_integer:  # the model computes with real numbers
            element = old.element
        constant = Constant(value=Array(encode(data, element), element, data.shape))
        constant.name, constant.origin = old.node.name, old.node.origin
        return constant

    # -- the inputs that stay

    def _drop_inputs(self, keep: set[Parameter]) -> None:
        graph, listed = self.graph, set(self.listed)
        gone = [p for p in graph.inputs if not p.uses and p not in keep]
        for parameter in gone:
            graph.erase(parameter)
        graph.inputs[:] = [p for p in graph.inputs if p.graph is graph]
        for parameter in gone:
            if parameter in listed:
                self.notes.append(f'the input "{parameter.label}" is not needed for the outputs; it is left out.')
        unread = [p.label for p in gone if p not in listed and p not in self.replaced]
        if unread:
            self.notes.append(f"nothing reads these inputs any more; they are left out: {quoted(unread)}.")
        still = [p.label for p in graph.inputs if p not in listed]
        if listed and still and self.request.inputs:
            self.notes.append(f"--input does not list {quoted(still)}, which the outputs still need; kept.")

    def _order_inputs(self) -> None:
        """The listed inputs first, in the order of the list."""
        first = dict.fromkeys(p for p in self.listed if p.graph is self.graph)
        wanted = [*first, *(p for p in self.graph.inputs if p not in first)]
        if wanted != self.graph.inputs:
            self.graph.order_inputs(wanted)

    def _set_batch(self, batch: int) -> None:
        free = Dynamic(name="batch")
        for place, parameter in enumerate(self.graph.inputs):
            if parameter.shape is None:
                fact = f'--batch: the shape of "{parameter.label}" is not known'
                raise UsageError(fact, f'Give it: --input "{parameter.label}[1,3,224,224]".')
            axis = self._batch_axis(place, parameter)
            if axis is None:
                continue
            dim = parameter.shape[axis]
            low, high = t.bounds(dim)
            if batch == FREE and not isinstance(dim, int):
                continue  # it is free
            if dim not in (0, 1, batch) and (isinstance(dim, int) or not low <= batch <= high):
                shown = f'"{parameter.label}" {t.format_shape(parameter.shape)}'
                raise UsageError(
                    f"--batch: dimension {axis} of {shown} is {dim}, not a batch of 1",
                    "Give the shapes with --input_shape, or say with --layout where the batch is.",
                )
            size: Dim = free if batch == FREE else batch
            shape = (*parameter.shape[:axis], size, *parameter.shape[axis + 1 :])
            self._set_type(parameter, parameter.element, shape)

    def _batch_axis(self, place: int, parameter: Parameter) -> int | None:
        from mo_core.options.preparation import axis_of

        rank = parameter.rank
        for index, spec in enumerate(self.request.layouts):
            if (spec.name in (parameter.name, *parameter.names)) if spec.name else index == place:
                axis = axis_of(spec.source, "n", rank) if spec.source is not None else 0
                return axis if axis is not None and 0 <= axis < rank else None
        return 0 if rank else None

    def _check_static(self) -> None:
        for parameter in self.graph.inputs:
            if not parameter.is_static:
                self.notes.append(
                    f'--static_shape: "{parameter.label}" {t.format_shape(parameter.shape)} has unknown dimensions, '
                    "so what depends on them is still computed at run time."
                )


def _is_input(place: Place) -> bool:
    """True for an input of the model as it is."""
    return place.node is None and isinstance(place.value, Parameter)


def _refined(wanted: Shape, stated: Shape) -> Shape:
    """The wanted shape; an unknown dimension it says nothing about keeps the identity it has in the file."""
    if wanted is None or stated is None or len(wanted) != len(stated):
        return wanted

    def pick(new: Dim, old: Dim) -> Dim:
        says_nothing = isinstance(new, Dynamic) and not new.name and t.bounds(new) == (0, t.INF)
        return old if says_nothing and isinstance(old, Dynamic) else new

    return tuple(map(pick, wanted, stated))


def _converted(spec: InputSpec, value: np.ndarray[Any, Any], element: ElementType) -> np.ndarray[Any, Any]:
    """The value as far as it has to be changed for the element type; raises UsageError when it does not fit."""
    texts = value.dtype == np.object_
    if element is t.string:
        return value if texts else np.array([str(v) for v in value.reshape(-1)], dtype=object).reshape(value.shape)
    problem = ""
    if texts:
        problem = "is a text"
    elif element.is_integer and value.size:
        low = -(2 ** (element.bits - 1)) if element.is_signed else 0
        high = 2 ** (element.bits - (1 if element.is_signed else 0)) - 1
        if value.dtype.kind == "f" and not np.array_equal(value, np.trunc(value)):
            problem = "is not whole"
        elif int(value.min()) < low or int(value.max()) > high:
            problem = f"is outside of {low}..{high}"
    if problem:
        fact = f'the value for "{spec.text}" {problem}, and its type is {element}'
        raise UsageError(fact, f"Give a value that {element} holds.")
    return value


def _shaped(spec: InputSpec, value: np.ndarray[Any, Any], stated: Shape) -> np.ndarray[Any, Any]:
    """The value in the shape that was asked for, else in the one the model states; raises UsageError.

    A single number stands for all elements.
    """
    if spec.shape is not UNSET:
        if not t.is_static(spec.shape):
            fact = f'"{spec.text}" has a value and the unknown shape {t.format_shape(spec.shape)}'
            raise UsageError(fact, "Leave the shape away, or give all of it.")
        stated = spec.shape
    if stated is None:
        return value
    if t.is_static(stated) and t.size_of(stated) == value.size:
        return value.reshape(t.static(stated))
    if value.ndim == 0 and t.is_static(stated):
        return np.broadcast_to(value, t.static(stated))
    shaped = value.reshape((1,) * len(stated)) if value.size == 1 else value
    try:
        t.merge_shape(shaped.shape, stated)
    except ShapeError:
        given, needed = t.format_shape(value.shape), t.format_shape(stated)
        fact = f'the value for "{spec.text}" has shape {given}, and {needed} is needed'
        filled = f'Say how large it is, as in "{spec.text}[1,3]->{value}": one number fills a shape that is known.'
        raise UsageError(fact, "Give as many numbers as the shape has." if value.ndim else filled) from None
    return shaped


def drop_effects(graph: Graph) -> None:
    """Let go of the effects that do not belong to what the outputs need.

    An assignment stays when its variable is read by what stays; an effect without a variable stays when all that it
    reads is there anyway.
    """
    effects = [node for node in graph if isinstance(node, Foreign) and node.effect]
    live = ancestors(graph.outputs)
    states = {node.state for node in live if isinstance(node, Foreign) and node.state}
    waiting = effects
    while waiting:
        kept = [e for e in waiting if (e.state in states if e.state else all(v.node in live for v in e.operands))]
        if not kept:
            break
        new = ancestors(kept) - live
        live |= new
        states.update(node.state for node in new if isinstance(node, Foreign) and node.state)
        waiting = [e for e in waiting if e not in live]
    for node in reversed(waiting):
        node.effect = False


def erase_unused(graph: Graph) -> None:
    """Erase every node whose results nobody reads, inputs and sinks excepted."""
    for node in reversed(graph):
        if not node.is_live:
            graph.erase_dead([node])


def cut(
    source: SourceModel, request: Request, infer: Infer | None = None, open_calls: Callable[[], None] | None = None
) -> list[str]:
    """Cut and freeze the graph of `source` in place; returns notes for the report.

    `infer` is asked about the part that is cut away, where the file states no type for a tensor that becomes an input.
    `open_calls` is called when a name is none in the graph: it may be one in a function of the model.
    Inputs that were listed come first, in that order; outputs come in the order given. Raises UsageError for names and
    shapes that do not fit the model.
    """
    if open_calls is not None and not _names_all(source, request):
        open_calls()
    return _Cutter(source, request, infer).run()
