"""What makes a model ready for raw images: layouts, then per input `(reverse(x) - mean) / scale`.

It goes in ahead of the fusions, so that factors, shifts and the order of channels end up in the first layer's weights
wherever that is exact, by the same rules as everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mo_core.errors import UsageError
from mo_core.ir import Graph, Node, Parameter, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Convert, Divide, Gather, ShapeOf, Subtract, Transpose
from mo_core.options.names import counted, listing, quoted
from mo_core.options.preparation import ChannelValues, Layout, LayoutSpec
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.transforms.requested import mean_image
from mo_core.transforms.requested.ports import (
    Layouts,
    Ports,
    assigned,
    attribute,
    channel_axis,
    expanded,
    has_colours,
    label_of,
    order_between,
    value_of,
    written,
)

if TYPE_CHECKING:
    from mo_core.frontend import MeanImage
    from mo_core.options import Options

_LAYOUTS = ("layout", "source_layout", "target_layout")


def _given(*names: str) -> Callable[[Any], bool]:
    return lambda options: options is not None and any(bool(getattr(options, name)) for name in names)


# -- layouts


def _layouts(graph: Graph, options: Options) -> Layouts:
    """Source and target layout of inputs and outputs; raises UsageError."""
    ports = Ports(graph)
    found = assigned(ports, graph, options.layout, "layout")
    sources = assigned(ports, graph, options.source_layout, "source_layout")
    targets = assigned(ports, graph, options.target_layout, "target_layout")
    for port in dict.fromkeys((*sources, *targets)):
        nothing = LayoutSpec("")
        found[port] = LayoutSpec("", sources.get(port, nothing).source, targets.get(port, nothing).target)
    return found


_OUTERMOST = "it is about the inputs and outputs of the model"


@graph_pass(
    "layouts",
    stage=Stage.PREPROCESS,
    wanted=_given(*_LAYOUTS),
    before=("preprocessing",),
    outermost=_OUTERMOST,
)
def layouts(graph: Graph, edit: Editor) -> None:
    """Turn inputs and outputs into the layouts that the user wants (--layout, --target_layout)."""
    told = []
    for port, spec in _layouts(graph, edit.options).items():
        value = value_of(port)
        for layout in (spec.source, spec.target):
            if layout is not None and value.shape is not None:
                expanded(layout, value)  # the rank is checked even where nothing is to be turned
        if spec.target is None:
            continue
        if spec.source is None:
            raise UsageError(
                f'the target layout {written(spec.target)} of "{value.label}" is given, and not what its axes are now',
                f'Say it with --source_layout, or with --layout "{value.label}(nhwc->nchw)".',
            )
        source, target = expanded(spec.source, value), expanded(spec.target, value)
        if source != target:
            label = label_of(port)
            told.append(f"{label}: {written(source)} to {written(target)}".replace('"', ""))
            turn = _turn_input if isinstance(port, Parameter) else _turn_output
            turn(edit, port, order_between(target, source, label), order_between(source, target, label))
    if told:
        edit.context.info["layouts"] = "; ".join(told)


def _turn_input(edit: Editor, parameter: Any, to_source: Sequence[int], to_target: Sequence[int]) -> None:
    if parameter.shape is None:
        raise UsageError(
            f'the rank of "{parameter.label}" is unknown, so that its layout cannot be changed',
            f'Give its shape: --input "{parameter.label}[1,3,224,224]".',
        )
    readers, decoded = list(parameter.uses), _decoded(parameter)
    edit.retype(parameter, parameter.element, tuple(parameter.shape[i] for i in to_target))
    if decoded is None:
        _let_read(edit, readers, _named(Transpose(parameter, list(to_source)), parameter, "layout"))
        return
    # what decodes whole numbers stays next to the input, where mean and scale look for it
    ready = _named(Convert(parameter, destination_type=decoded), parameter, "convert")
    turned = _named(Transpose(ready, list(to_source)), parameter, "layout")
    _let_read(edit, [(n, i) for n, i in readers if isinstance(n, ShapeOf)], turned)
    for node, _ in readers:
        if not isinstance(node, ShapeOf):
            edit.replace(node, turned, rule="decoded")


def _turn_output(edit: Editor, result: Any, to_source: Sequence[int], to_target: Sequence[int]) -> None:
    value = result.source
    turned = _named(Transpose(value, list(to_target)), value.node, "layout")
    if not isinstance(value, Parameter):
        edit.move_names(value, turned)
    edit.set_operand(result, 0, turned)


@graph_pass(
    "layout-records",
    stage=Stage.CLEANUP,
    wanted=_given(*_LAYOUTS),
    after=("dead-code",),
    outermost=_OUTERMOST,
)
def layout_records(graph: Graph, edit: Editor) -> None:
    """Tell the runtime the layouts of inputs and outputs."""
    for port, spec in _layouts(graph, edit.options).items():
        layout = spec.target or spec.source
        if layout:
            edit.annotate(value_of(port), "layout", {"layout": attribute(layout)})


# -- channels


@dataclass
class _Steps:
    """What happens to one input."""

    parameter: Parameter
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    reverse: bool = False
    axis: int = 0
    image: MeanImage | None = None
    order: Sequence[int] = (0, 1, 2, 3)  # of the axes N, C, H, W, where there is an image

    def __bool__(self) -> bool:
        return bool(self.reverse or self.computes)

    @property
    def computes(self) -> bool:
        """True when the data must be real numbers."""
        return bool(self.image or self.mean or self.scale)

    def settle(self, layout: Layout | None, notes: list[str]) -> None:
        """Find the axis of the channels where it matters, and note when it is a guess."""
        told = [("mean_values", len(self.mean)), ("scale_values", len(self.scale))]
        several = [(option, count) for option, count in told if count > 1]
        several += [("reverse_input_channels", 3)] * self.reverse
        for option, count in several:
            self.axis, guessed = channel_axis(self.parameter, layout, count, option)
            if count != several[0][1]:
                first = f"{several[0][1]} channels from --{several[0][0]}"
                raise UsageError(
                    f'"{self.parameter.label}" gets {first}, and {count} from --{option}',
                    "Give as many values as there are channels.",
                )
            if guessed:
                shown = f'"{self.parameter.label}" {t.format_shape(self.parameter.shape)}'
                note = f"the channels of {shown} are taken to be axis {self.axis}; --layout says otherwise."
                notes.extend([note] * (note not in notes))

    @property
    def formula(self) -> str:
        """What the model does with the data it is given."""
        text = "reverse(x)" if self.reverse else "x"
        if self.image:
            text = f"{text} - mean image"
        if self.mean:
            text = f"{text} - {_shown(self.mean)}"
        if self.scale:
            text = f"({text}) / {_shown(self.scale)}" if self.image or self.mean else f"{text} / {_shown(self.scale)}"
        varies = self.reverse or len(self.mean) > 1 or len(self.scale) > 1
        return f"{label_of(self.parameter)}: {text}" + (f", channels are axis {self.axis}" if varies else "")

    def applied(self, x: Value) -> Value:
        """The nodes, on `x`."""
        p = self.parameter
        if self.reverse:
            x = _named(Gather(x, constant([2, 1, 0]), constant(self.axis)), p, "reverse_channels")
        if self.image:
            x = _named(Subtract(x, mean_image.beside(x, self.image, self.order)), p, "mean_image")
        if self.mean:
            x = _named(Subtract(x, self._beside(x, self.mean)), p, "mean")
        if self.scale:
            x = _named(Divide(x, self._beside(x, self.scale)), p, "scale")
        return x

    def _beside(self, x: Value, values: tuple[float, ...]) -> Node:
        rank = 0 if x.shape is None else len(x.shape)
        shape = [len(values) if axis == self.axis and len(values) > 1 else 1 for axis in range(rank)]
        return constant(np.asarray(values, np.float64).reshape(shape or ()), x.element)


def _shown(values: Sequence[float]) -> str:
    text = ", ".join(f"{v:.10g}" for v in values)
    return text if len(values) == 1 else f"[{text}]"


def _with_options(options: Any) -> bool:
    return options is not None  # the model may have a mean image, which is not known before it is read


@graph_pass("preprocessing", stage=Stage.PREPROCESS, wanted=_with_options, outermost=_OUTERMOST)
def preprocessing(graph: Graph, edit: Editor) -> None:
    """Reverse channels, subtract the mean image and mean values, divide by scale values, in this order."""
    options, context = edit.options, edit.context
    steps = {p: _Steps(p) for p in graph.inputs}
    if context.model is not None and context.model.mean_images:
        _add_images(steps, context.model.mean_images, _layouts(graph, options), context.notes)
    for p, values in _by_input(graph, options.mean_values, "mean_values").items():
        steps[p].mean = values if any(values) else ()
    for p, values in _by_input(graph, options.scale_values, "scale_values").items():
        steps[p].scale = values if any(v != 1 for v in values) else ()
    known = _present_layouts(graph, options)
    if options.scale is not None and options.scale != 1:
        _scale_all(steps.values(), options.scale, context.notes)
    if options.reverse_input_channels:
        _reverse_all(steps.values(), known, context.notes)
    wanted = [s for s in steps.values() if s]
    for s in wanted:
        s.settle(known.get(s.parameter), context.notes)
    for s in wanted:
        _insert(edit, s)
    if wanted:
        context.info["preprocessing"] = "; ".join(s.formula for s in wanted)


def _add_images(
    steps: Mapping[Parameter, _Steps], images: Mapping[str, MeanImage], layouts: Layouts, notes: list[str]
) -> None:
    left = dict(images)
    for p, made in steps.items():
        made.image = left.pop(p.name, None)
        spec = layouts.get(p)
        if made.image is not None and spec is not None and spec.source is not None and spec.target is not None:
            made.order = order_between(expanded(spec.source, p), expanded(spec.target, p), label_of(p))
    for name in left:
        notes.append(f'the mean image is not subtracted: "{name}" is no input any more.')


def _present_layouts(graph: Graph, options: Options) -> dict[Parameter, Layout]:
    """What the axes of the inputs mean now, where a target layout has been put in effect."""
    found = {}
    for port, spec in _layouts(graph, options).items():
        layout = spec.target or spec.source
        if isinstance(port, Parameter) and layout is not None:
            found[port] = layout
    return found


def _by_input(graph: Graph, values: ChannelValues, option: str) -> Mapping[Parameter, tuple[float, ...]]:
    if values.named:
        ports = Ports(graph)
        return {ports.input(name, option): numbers for name, numbers in values.named.items()}
    if values.unnamed and len(values.unnamed) != len(graph.inputs):
        raise UsageError(
            f"--{option} has values for {counted(len(values.unnamed), 'input')}, and the model has {len(graph.inputs)}",
            f'Name them, as in --{option} "name[1,2,3]". {listing("input", [p.label for p in graph.inputs])}',
        )
    return dict(zip(graph.inputs, values.unnamed))


def _scale_all(steps: Any, scale: float, notes: list[str]) -> None:
    left = []
    for s in steps:
        if s.parameter.element.is_real or _decoded(s.parameter):
            s.scale = (scale,)
        else:
            left.append(s.parameter.label)
    if left:
        notes.append(f"--scale does not divide these inputs, which hold whole numbers: {quoted(left)}.")


def _reverse_all(steps: Any, known: Mapping[Parameter, Layout], notes: list[str]) -> None:
    for s in steps:
        s.reverse = has_colours(s.parameter, known.get(s.parameter))
    if not any(s.reverse for s in steps):
        shown = [f"{s.parameter.label} {t.format_shape(s.parameter.shape)}" for s in steps]
        raise UsageError(
            f"--reverse_input_channels: no input is known to have three channels. {listing('input', shown)}",
            "Leave the option out, or give shapes with --input and say with --layout where the channels are.",
        )


# -- into the graph


def _insert(edit: Editor, steps: _Steps) -> None:
    """Put the steps between an input and its readers; shapes are read from the input itself as before."""
    p = steps.parameter
    readers = [(node, i) for node, i in p.uses if not isinstance(node, ShapeOf)]
    if p.element.is_real or not steps.computes:
        _let_read(edit, readers, steps.applied(p))
        return
    element = _decoded(p)
    if element is None:
        raise UsageError(
            f'"{p.label}" is {p.element}, and the model computes with whole numbers: there is no mean and no scale',
            f'Leave it out of the values, or give another type: --input "{p.label}{{f32}}".',
        )
    ready = steps.applied(_named(Convert(p, destination_type=element), p, "convert"))
    _let_read(edit, [], ready)
    for node, _ in readers:
        edit.replace(node, ready, rule="decoded")


def _decoded(p: Parameter) -> t.ElementType | None:
    """The one real type that the model turns whole numbers of an input into, when that is all it does with them."""
    readers = [node for node in p.users() if not isinstance(node, ShapeOf)]
    kinds = {node.element for node in readers if isinstance(node, Convert) and node.element.is_real}
    return kinds.pop() if len(kinds) == 1 and all(node.element in kinds for node in readers) else None


def _let_read(edit: Editor, readers: Sequence[tuple[Node, int]], value: Value) -> None:
    first = next((n for n in edit.graph if not isinstance(n, Parameter)), None)
    edit.put(value, first, value.node)
    edit.redirect(readers, value)


def _named(node: Node, source: Node, what: str) -> Node:
    node.name, node.origin = f"{source.name}/{what}", source.origin
    return node
