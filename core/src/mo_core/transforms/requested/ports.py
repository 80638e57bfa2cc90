"""What users say about the axes of inputs and outputs: which port is meant, where its channels are, how to turn it."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import UsageError, nearest_first
from mo_core.ir import Graph, Parameter, Result, Value
from mo_core.ir import types as t
from mo_core.options.names import counted, listing
from mo_core.options.preparation import SEVERAL, Layout, LayoutSpec, axis_of

_IMAGE_RANKS = (4, 5)
"""Ranks of inputs that `--reverse_input_channels` takes for images when no layout says more."""


class Ports:
    """The inputs and outputs of a graph by the names users have for them."""

    def __init__(self, graph: Graph) -> None:
        self.inputs: dict[str, Parameter] = {}
        self.outputs: dict[str, Result] = {}
        self._graph = graph
        for parameter in graph.inputs:
            for name in (*parameter.names, parameter.name):
                self.inputs.setdefault(name, parameter)
        for result in graph.outputs:
            for name in (*result.source.names, result.name, result.source.node.name):
                self.outputs.setdefault(name, result)

    def input(self, name: str, option: str) -> Parameter:
        """The input of that name; raises UsageError with the nearest ones."""
        found = self.inputs.get(name)
        if found is None:
            raise self._unknown(name, option, outputs=False)
        return found

    def port(self, name: str, option: str) -> Parameter | Result:
        """The input or output of that name; raises UsageError with the nearest ones."""
        found = self.inputs.get(name) or self.outputs.get(name)
        if found is None:
            raise self._unknown(name, option, outputs=True)
        return found

    def _unknown(self, name: str, option: str, outputs: bool) -> UsageError:
        what = "input or output" if outputs else "input"
        known = [*self.inputs, *self.outputs] if outputs else self.inputs
        remedy = listing("input", [label_of(p) for p in self._graph.inputs])
        if outputs:
            remedy += f" {self.outputs_listed}"
        return UsageError(f'--{option}: the model has no {what} "{name}"', nearest_first(name, known, remedy))

    @property
    def outputs_listed(self) -> str:
        """A sentence with the names of the outputs."""
        return listing("output", [label_of(r) for r in self._graph.outputs])


Layouts = dict[Parameter | Result, LayoutSpec]


def assigned(ports: Ports, graph: Graph, specs: Sequence[LayoutSpec], option: str) -> Layouts:
    """The layouts by what they are for: named ones, or one for each input in order; raises UsageError."""
    if specs and not specs[0].name:
        if len(specs) != len(graph.inputs):
            raise UsageError(
                f"--{option} has {counted(len(specs), 'layout')}, and the model has "
                f"{counted(len(graph.inputs), 'input')}",
                f'Name them, as in --{option} "name(nchw)". {listing("input", [p.label for p in graph.inputs])}',
            )
        return dict(zip(graph.inputs, specs))
    found: Layouts = {}
    for spec in specs:
        port = ports.port(spec.name, option)
        if port in found:
            raise UsageError(f'--{option}: "{spec.name}" and "{found[port].name}" are the same', "Name it once.")
        found[port] = spec
    return found


def label_of(port: Parameter | Result) -> str:
    """How messages call an input or output."""
    value = value_of(port)
    return value.names[0] if value.names else port.name or value.label


def value_of(port: Parameter | Result) -> Value:
    """The tensor at an input or output."""
    return port if isinstance(port, Parameter) else port.source


def expanded(layout: Layout, value: Value) -> Layout:
    """The layout with `?` for each axis that `...` stands for; raises UsageError when it has another rank."""
    if value.shape is None:
        if SEVERAL in layout:
            raise UsageError(
                f'the layout {written(layout)} of "{value.label}" leaves axes open, and its rank is unknown',
                f'Give its shape: --input "{value.label}[1,3,224,224]".',
            )
        return layout
    rank, named = len(value.shape), len(layout) - (SEVERAL in layout)
    if rank != named if SEVERAL not in layout else rank < named:
        raise UsageError(
            f'the layout {written(layout)} has {named} axes, and "{value.label}" is {t.format_shape(value.shape)}',
            "Give one letter for each axis; ? for one without a meaning, ... for several.",
        )
    return tuple(a for axis in layout for a in (("?",) * (rank - named) if axis == SEVERAL else (axis,)))


def written(layout: Layout) -> str:
    """As users write it: `nchw`, or with commas where names are longer than a letter."""
    plain = all(len(a) == 1 or a == SEVERAL for a in layout)
    return f'"{"".join(layout) if plain else ",".join(layout)}"'


def attribute(layout: Layout) -> str:
    """As the runtime writes it: `[N,C,H,W]`; it knows no fused axes."""
    return f"[{','.join('?' if '*' in a else a.upper() for a in layout)}]"


def order_between(old: Layout, new: Layout, label: str) -> list[int]:
    """The places in `old` of the axes of `new`: the order of the Transpose; raises UsageError when they are others."""
    if sorted(old) != sorted(new):
        raise UsageError(
            f'"{label}": the layouts {written(old)} and {written(new)} do not name the same axes',
            "A layout can only be changed into another order of its axes.",
        )
    open_ones = [i for i, axis in enumerate(old) if axis == "?"]
    return [open_ones.pop(0) if axis == "?" else old.index(axis) for axis in new]


# -- channels


def channel_axis(parameter: Parameter, layout: Layout | None, count: int, option: str) -> tuple[int, bool]:
    """The axis of `count` channels, and whether that is only a guess.

    Raises UsageError when the layout contradicts, or when there is none and the shape leaves a doubt.
    """
    shown = f'"{parameter.label}" {t.format_shape(parameter.shape)}'
    if layout is not None:
        rank = len(parameter.shape) if parameter.shape is not None else len(layout)
        axis = axis_of(layout, "c", rank)
        if axis is None:
            raise UsageError(
                f'--{option}: the layout {written(layout)} of "{parameter.label}" has no channels',
                'Mark their axis with "c".',
            )
        dim = parameter.shape[axis] if parameter.shape is not None else None
        if isinstance(dim, int) and dim != count:
            raise UsageError(
                f"--{option}: {count} channels are given, and {shown} has {dim} (axis {axis})",
                "Give one value for each channel, or correct the layout.",
            )
        return axis, False
    fitting = _fitting(parameter, count)
    if len(fitting) == 1:
        return fitting[0], True
    fact = f"--{option}: no axis of {shown} has {count} channels"
    if fitting:
        fact = f"--{option}: axes {' and '.join(map(str, fitting))} of {shown} could both be the channels"
    remedy = f'Say which axis it is with --layout "{parameter.label}(nchw)"'
    raise UsageError(fact, remedy + (", or correct the number of values." if not fitting else "."))


def _fitting(parameter: Parameter, count: int) -> list[int]:
    """The axes that may hold the channels: the second or last one, of an image alone also the first."""
    if parameter.shape is None:
        return []
    rank = len(parameter.shape)
    usual = {1, rank - 1, 0} if rank in (1, 3) else {1, rank - 1}
    return [a for a in sorted(usual) if 0 <= a < rank and parameter.shape[a] == count]


def has_colours(parameter: Parameter, layout: Layout | None) -> bool:
    """True when an input seems to be an image with three channels."""
    if layout is not None:
        rank = len(parameter.shape) if parameter.shape is not None else len(layout)
        axis = axis_of(layout, "c", rank)
        return axis is not None and parameter.shape is not None and parameter.shape[axis] == 3
    return parameter.shape is not None and len(parameter.shape) in _IMAGE_RANKS and bool(_fitting(parameter, 3))
