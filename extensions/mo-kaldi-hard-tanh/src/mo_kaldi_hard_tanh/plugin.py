"""HardTanhComponent of a Kaldi with changes of one's own: x, held between -Limit and Limit."""

from mo_core import hookimpl
from mo_core.errors import ModelError
from mo_core.frontend import Converter, converters_of
from mo_core.ir import Value
from mo_core.ops import Clamp
from mo_kaldi.registry import kaldi_component


@kaldi_component("HardTanhComponent", ignore=["Dim"])
def hard_tanh(x: Value, *, Limit: float) -> Value:  # noqa: N803 - the token of the file
    """x has one row for each frame."""
    if not Limit > 0:
        raise ModelError(f"<Limit> is {Limit}", "Give a positive number.")
    return Clamp(x, min=-Limit, max=Limit)


@hookimpl
def mo_converters(framework: str) -> list[Converter]:
    return converters_of(hard_tanh) if framework == "kaldi" else []
