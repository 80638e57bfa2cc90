"""How converters of MXNet operators are marked.

    @mxnet_op("Activation", "_npx_activation")
    def activation(x, *, act_type: str): ...

Positional parameters are the inputs, learned ones included; keyword-only parameters are the attributes with MXNet's
defaults, read from their texts by the annotation (`mo_mxnet.attributes`). An operator that is not converted is declared
with the reason, so that the error and the documentation tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mo_core.errors import Unsupported
from mo_core.frontend import Converter, converter
from mo_core.ir import Foreign, Value
from mo_mxnet.attributes import parse

F = TypeVar("F", bound=Callable[..., object])

HINTS = (
    "cudnn_off",
    "cudnn_tune",
    "cudnn_algo_verbose",
    "cudnn_algo_fwd",
    "cudnn_algo_bwd_data",
    "cudnn_algo_bwd_filter",
    "cudnn_algo_fwd_prec",
    "cudnn_algo_bwd_prec",
    "cudnn_tensor_core_only",
    "workspace",
    "num_args",
    "op_type",
    "ctx",
)
"""Attributes that choose an implementation: nothing in the result depends on them."""


def mxnet_op(*names: str, ignore: Iterable[str] = (), overrides: bool = False) -> Callable[[F], F]:
    """Mark a function as converter of an MXNet operator under its name and its other names."""

    def mark(function: F) -> F:
        for name in names:
            converter(name, ignore=(*HINTS, *ignore), overrides=overrides)(function)
        return function

    return mark


@dataclass(frozen=True)
class Refusal(Converter):
    """An operator that is known and not converted.

    Args:
        reason: one sentence, as the error and the documentation show it.
    """

    reason: str = ""

    @property
    def refuses(self) -> bool:
        """True: a plug-in may convert the operator without overriding anything."""
        return True


def refusal(name: str, reason: str) -> Refusal:
    """The record of an operator that is not converted."""

    def refuse(*inputs: Value | None) -> Sequence[Value]:
        raise Unsupported(reason)

    return Refusal(name, refuse, ignore=frozenset("*"), reason=reason)


def refused_custom(name: str) -> Refusal:
    """The record of an operator of the user's own, such as `Custom.gate`, for which there is no converter."""
    kind = name.removeprefix("Custom.")[:60]
    return refusal(
        "Custom",
        f'the code of its type "{kind}" is not in the model; write a converter that is called "Custom.{kind}", as '
        '"Operators of your own" on the page MXNet of the documentation shows',
    )


def keywords(record: Converter, node: Foreign) -> dict[str, Any]:
    """The attributes of a node as the converter's keywords; raises ModelError for a text that cannot be read.

    Names between double underscores are notes of MXNet's on training and placement.
    """
    found: dict[str, Any] = {}
    for name, value in node.given.items():
        if name.startswith("__"):
            continue
        kind = record.attribute_types.get(name)
        found[name] = parse(name, value, kind) if kind is not None and isinstance(value, str) else value
    return found


def custom_name(node: Foreign) -> str:
    """Under which name a converter for an operator of the user's own is looked for; empty for all others."""
    kind = node.given.get("op_type")
    return f"Custom.{kind}" if node.op in ("Custom", "_npi_Custom") and isinstance(kind, str) else ""
