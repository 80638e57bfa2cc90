"""What users write to make a model ready for their data: values per channel, layouts, transformations.

--mean_values "(123,117,104)"   --scale_values "data[58,57,57],info[1]"   --scale_values 255
--layout "nhwc->nchw"   --layout "in(nhwc),out(nc)"   --source_layout "in[n,h,w,c]"   --layout "[n*c,...]"
--transform "LowLatency2[use_const_initializer=False],Pruning"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import UsageError, did_you_mean, nearest_first
from mo_core.ir.literals import scalar
from mo_core.options.inputs import Written, split

Layout: TypeAlias = "tuple[str, ...]"
"""Names of axes in order, lower case; `?` is an axis without a meaning, `...` any number of axes, `n*c` fused ones."""

SEVERAL = "..."


@dataclass(frozen=True)
class ChannelValues:
    """Values per channel for named inputs, or for the inputs in order (then never both)."""

    named: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    unnamed: tuple[tuple[float, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.named or self.unnamed)


@dataclass(frozen=True)
class LayoutSpec:
    """The layout of one input or output (name empty: by order): what it is, and what it is to become."""

    name: str
    source: Layout | None = None
    target: Layout | None = None


@dataclass(frozen=True)
class TransformSpec:
    """One transformation with its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


TRANSFORMS: Mapping[str, tuple[str, ...]] = {
    "LowLatency2": ("use_const_initializer",),
    "MakeStateful": ("param_res_names",),
    "Pruning": (),
}
"""The options of each transformation."""


def _listed(given: Any, option: str, remedy: str) -> Sequence[Any]:
    """One text or several; raises UsageError for anything else."""
    if isinstance(given, str) or given is None:
        return (given,) if given else ()
    if not isinstance(given, (list, tuple)):
        raise UsageError(f"--{option} takes texts, not {given!r:.60}", remedy)
    return given


def _mixed(option: str) -> UsageError:
    return UsageError(f"--{option} mixes inputs with and without names", "Name all of them or none.")


# -- values per channel

_VALUES_HELP = 'Write "(123,117,104)", or "data[123,117,104],info[0]".'


def parse_channel_values(given: Any, option: str) -> ChannelValues:
    """`--mean_values`, `--scale_values`: text, numbers, lists, or a mapping from names; raises UsageError."""
    if given is None or (isinstance(given, (str, list, tuple, Mapping)) and not given):
        return ChannelValues()
    if isinstance(given, Mapping):
        values = ChannelValues({str(name): _numbers(one, option) for name, one in given.items()})
    elif isinstance(given, str):
        values = _channel_text(Written(option, given))
    elif isinstance(given, (list, tuple)) and not all(_is_number(one) for one in given):
        values = ChannelValues({}, tuple(_numbers(one, option) for one in given))
    else:
        values = ChannelValues({}, (_numbers(given, option),))
    groups = [*values.named.values(), *values.unnamed]
    if any(v != v or abs(v) == float("inf") for group in groups for v in group):
        raise UsageError(f"--{option} holds a value that is no finite number", _VALUES_HELP)
    if option.startswith("scale") and any(v == 0 for group in groups for v in group):
        raise UsageError(f"--{option} holds 0, and inputs are divided by it", "Give 1 where nothing is to change.")
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _numbers(given: Any, option: str) -> tuple[float, ...]:
    if isinstance(given, str):
        written = Written(option, given)
        return _group(written, 0, given.strip().strip("[]()"))
    try:
        numbers = tuple(float(v) for v in np.ravel(given).tolist())
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if not numbers:
        raise UsageError(f"--{option}: {given!r:.60} is no list of numbers", _VALUES_HELP)
    return numbers


def _channel_text(written: Written) -> ChannelValues:
    items = list(split(written))
    if all(isinstance(scalar(item), (int, float)) for _, item in items):
        return ChannelValues({}, (tuple(float(scalar(item)) for _, item in items),))
    named: dict[str, tuple[float, ...]] = {}
    unnamed: list[tuple[float, ...]] = []
    for start, item in items:
        found = re.fullmatch(r"(.*?)\s*(?:\[([^\[\]()]*)\]|\(([^\[\]()]*)\))", item, re.DOTALL)
        if found is None:
            raise written.fail("values stand in brackets", start, _VALUES_HELP)
        inner = 2 if found[2] is not None else 3
        values = _group(written, start + found.start(inner), found[inner])
        if not found[1]:
            unnamed.append(values)
        elif found[1] in named:
            raise written.fail(f'values for "{found[1]}" are given twice', start, "Give them once.")
        else:
            named[found[1]] = values
    if named and unnamed:
        raise _mixed(written.option)
    return ChannelValues(named, tuple(unnamed))


def _group(written: Written, at: int, inner: str) -> tuple[float, ...]:
    values = []
    for word in re.finditer(r"[^\s,]+", inner):
        number = scalar(word[0])
        if isinstance(number, (str, bool)):
            raise written.fail(f'"{word[0][:60]}" is not a number', at + word.start(), _VALUES_HELP)
        values.append(float(number))
    if not values:
        raise written.fail("there are no values", min(at, max(len(written.text) - 1, 0)), _VALUES_HELP)
    return tuple(values)


# -- layouts

_LAYOUT_HELP = 'Write "nhwc", "in(nhwc->nchw),out(nc)" or "in[n,h,w,c]->[n,c,h,w]"; ? is an axis without a meaning.'


def parse_layouts(given: Any, option: str) -> list[LayoutSpec]:
    """`--layout` (arrows allowed), `--source_layout`, `--target_layout`: text, list, or a mapping from names.

    What stands without an arrow is the source, for `--target_layout` the target. Raises UsageError.
    """
    if isinstance(given, Mapping):
        specs = [_layout_pair(option, str(name), one) for name, one in given.items()]
    else:
        texts = [Written(option, str(one)) for one in _listed(given, option, _LAYOUT_HELP)]
        specs = [_layout_item(written, *item) for written in texts for item in split(written)]
    if any(s.name for s in specs) and not all(s.name for s in specs):
        raise _mixed(option)
    names = [s.name for s in specs if s.name]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f'--{option}: the layout of "{name}" is given twice', "Give it once.")
    return specs


def _layout_pair(option: str, name: str, given: Any) -> LayoutSpec:
    """From a text, or from source and target apart."""
    text = "->".join(map(str, given)) if isinstance(given, (list, tuple)) else str(given)
    return _layouts(Written(option, text), 0, name, text)


def _layout_item(written: Written, start: int, item: str) -> LayoutSpec:
    if item.endswith(")") and "(" in item:
        opening = item.index("(")
        return _layouts(written, start + opening + 1, item[:opening].strip(), item[opening + 1 : -1])
    left = item.partition("->")[0]
    left = left.rstrip()
    opening = left.rfind("[") if left.endswith("]") else 0
    name = left[:opening].strip()
    return _layouts(written, start + opening, name, item[opening:])


def _layouts(written: Written, at: int, name: str, text: str) -> LayoutSpec:
    left, arrow, right = text.partition("->")
    if not arrow:
        layout = _layout(written, at, text)
        return LayoutSpec(name, None, layout) if written.option == "target_layout" else LayoutSpec(name, layout)
    if written.option != "layout" and (written.option != "target_layout" or left.strip()):
        raise written.fail("only --layout takes an arrow", at + len(left), "Give this with --layout.")
    source = _layout(written, at, left) if left.strip() else None
    return LayoutSpec(name, source, _layout(written, at + len(left) + 2, right))


def _layout(written: Written, at: int, text: str) -> Layout:
    at += len(text) - len(text.lstrip())
    text = text.strip()
    if text[:1] + text[-1:] == "[]":
        at, text = at + 1, text[1:-1]
        if not text.strip():
            return ()
    pattern = r"[^,\s]+" if "," in text else r"\.\.\.|\S"
    axes: list[str] = []
    for found in re.finditer(pattern, text):
        axis = found[0].lower()
        if not re.fullmatch(r"\?|\.\.\.|[a-z]\w{0,30}(\*[a-z?]\w{0,30})*", axis):
            raise written.fail(f'"{found[0][:60]}" is no axis of a layout', at + found.start(), _LAYOUT_HELP)
        if axis != "?" and axis in axes:
            raise written.fail(f'"{axis}" stands twice in a layout', at + found.start(), _LAYOUT_HELP)
        axes.append(axis)
    if not axes:
        raise written.fail("a layout is missing", min(at, max(len(written.text) - 1, 0)), _LAYOUT_HELP)
    return tuple(axes)


def axis_of(layout: Layout, name: str, rank: int) -> int | None:
    """The place of an axis in a tensor of `rank` axes, or None; `...` takes what the named axes leave."""
    if name not in layout:
        return None
    place = layout.index(name)
    if SEVERAL in layout and layout.index(SEVERAL) < place:
        return rank - (len(layout) - place)
    return place


# -- transformations

_TRANSFORM_HELP = f'Write "LowLatency2[use_const_initializer=False]"; there are {", ".join(TRANSFORMS)}.'


def parse_transforms(given: Any, option: str = "transform") -> list[TransformSpec]:
    """`--transform`: names with options; raises UsageError for unknown ones and for what cannot be read."""
    specs = []
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping):
        given = [given]
    for one in _listed(given, option, _TRANSFORM_HELP):
        if isinstance(one, tuple) and len(one) == 2 and isinstance(one[1], Mapping):
            specs.append(_transform(Written(option, str(one[0])), 0, str(one[0]), dict(one[1])))
            continue
        written = Written(option, str(one))
        for start, item in split(written):
            name, bracket, inner = item.partition("[")
            if bracket and not inner.endswith("]"):
                raise written.fail("options of a transformation stand in brackets", start, _TRANSFORM_HELP)
            settings = _settings(written, start + len(name) + 1, inner[:-1]) if bracket else {}
            specs.append(_transform(written, start, name.strip(), settings))
    twice = next((s.name for i, s in enumerate(specs) if any(s.name == e.name for e in specs[:i])), None)
    if twice is not None:
        raise UsageError(f"--{option} names {twice} twice", "Name it once.")
    return specs


def _transform(written: Written, start: int, name: str, settings: dict[str, Any]) -> TransformSpec:
    if name == "LowLatency":
        raise written.fail("LowLatency is no longer there", start, "LowLatency2 takes its place.")
    if name not in TRANSFORMS:
        near = did_you_mean(name, TRANSFORMS)
        raise written.fail(f'there is no transformation "{name[:60]}"', start, near or _TRANSFORM_HELP)
    known = TRANSFORMS[name]
    for key in settings:
        if key not in known:
            remedy = f"It has {', '.join(known)}." if known else "It has none."
            raise written.fail(f'{name} has no option "{key}"', start, nearest_first(key, known, remedy))
    return TransformSpec(name, settings)


def _settings(written: Written, at: int, inner: str) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for piece in inner.split(";") if inner.strip() else ():
        key, equals, value = piece.partition("=")
        if not equals or not re.fullmatch(r"\w{1,60}", key.strip()):
            raise written.fail("an option is written key=value", at, _TRANSFORM_HELP)
        settings[key.strip()] = _setting(written, at + len(key) + 1, value.strip())
        at += len(piece) + 1
    return settings


def _setting(written: Written, at: int, text: str) -> Any:
    if text[:1] + text[-1:] != "{}":
        return scalar(text.strip("\"'"))
    pairs: dict[str, str] = {}
    for pair in text[1:-1].split(","):
        found = re.fullmatch(r"""\s*(["'])(.*?)\1\s*:\s*(["'])(.*?)\3\s*""", pair, re.DOTALL)
        if found is None:
            raise written.fail("a mapping is written {'a':'b','c':'d'}", at, _TRANSFORM_HELP)
        pairs[found[2]] = found[4]
    return pairs
