"""Parsed options as a user would write them: what was given as data is told as text, which gives the same when read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mo_core.ir import types as t
from mo_core.options.inputs import UNSET, InputSpec, Literal, OutputSpec
from mo_core.options.preparation import ChannelValues, Layout, LayoutSpec, TransformSpec


def spelled(parsed: Any) -> str | None:
    """The text for the specs of an option, `name[1,3]{f32},other`; None for what is none of them."""
    if isinstance(parsed, ChannelValues):
        return ",".join([*(f"{n}[{_numbers(v)}]" for n, v in parsed.named.items()), *map(_group, parsed.unnamed)])
    if not isinstance(parsed, tuple):
        return None
    texts = [_spec(one) for one in parsed]
    return None if None in texts else ",".join(map(str, texts))


def _spec(one: Any) -> str | None:
    if isinstance(one, InputSpec):
        return _input(one)
    if isinstance(one, OutputSpec):
        return one.text
    if isinstance(one, LayoutSpec):
        return _layouts(one)
    if isinstance(one, TransformSpec):
        settings = ";".join(f"{key}={_setting(value)}" for key, value in one.options.items())
        return f"{one.name}[{settings}]" if settings else one.name
    if one is None or (isinstance(one, tuple) and all(isinstance(d, (int, t.Dynamic)) for d in one)):
        return _shape(one)
    return None


def _input(spec: InputSpec) -> str:
    shape = "" if spec.shape is UNSET else _shape(spec.shape)
    element = "" if spec.element is None else f"{{{spec.element.name}}}"
    value = "" if spec.value is None else f"->{_value(spec.value)}"
    return f"{spec.text}{shape}{element}{value}"


def _shape(shape: Any) -> str:
    return t.format_shape(shape)


def _value(value: Literal) -> str:
    def text(item: Any) -> str:
        if isinstance(item, list):
            return f"[{','.join(map(text, item))}]"
        if isinstance(item, bytes):
            item = item.decode("utf-8", "surrogateescape")
        if isinstance(item, str):
            return f"'{item}'" if '"' in item else f'"{item}"'
        return str(item)

    return text(np.asarray(value).tolist())


def _layouts(spec: LayoutSpec) -> str:
    source, target = ("" if one is None else _layout(one) for one in (spec.source, spec.target))
    pair = source if spec.target is None else f"{source}->{target}"
    return f"{spec.name}({pair})" if spec.name else pair


def _layout(layout: Layout) -> str:
    return f"[{','.join(layout)}]"


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"'{a}':'{b}'" for a, b in value.items()) + "}"
    return str(value)


def _group(values: tuple[float, ...]) -> str:
    return f"({_numbers(values)})"


def _numbers(values: tuple[float, ...]) -> str:
    return ",".join(str(int(v)) if v.is_integer() else repr(v) for v in values)
