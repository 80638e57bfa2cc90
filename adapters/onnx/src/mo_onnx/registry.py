"""How converters of ONNX ops are marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mo_core.frontend import converter

F = TypeVar("F", bound=Callable[..., object])
LEGACY = ("consumed_inputs",)  # of opset 1: a hint on memory, without meaning for the result


def onnx_op(
    op: str, domain: str = "", since: int = 1, ignore: Iterable[str] = (), overrides: bool = False
) -> Callable[[F], F]:
    """Mark a function as converter of an ONNX op from opset `since` of its domain on."""
    return converter(op, domain=domain, since=since, ignore=(*LEGACY, *ignore), overrides=overrides)
