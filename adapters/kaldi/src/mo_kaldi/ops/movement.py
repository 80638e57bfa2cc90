"""Components that only move columns."""

from __future__ import annotations

from mo_core.build import gather
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir.schema import Ints
from mo_kaldi.network import whole_numbers
from mo_kaldi.registry import kaldi_component
from mo_kaldi.stream import Raw


@kaldi_component("PermuteComponent")
def permute_columns(x: Value, *, ColumnMap: Ints = (), Reorder: Ints = (), values: tuple[Raw, ...] = ()) -> Value:
    """The list has another name in each generation, and none in the oldest one."""
    places = ColumnMap or Reorder
    return _columns(x, places or whole_numbers(values[0] if values else None, "the columns of <PermuteComponent>"))


@kaldi_component("Copy")
def copy(x: Value, *, values: tuple[Raw, ...]) -> Value:
    """Columns by number; the file counts from 1."""
    places = whole_numbers(values[0] if values else None, "the columns of <Copy>")
    return _columns(x, tuple(p - 1 for p in places))


def _columns(x: Value, places: Ints) -> Value:
    width = x.dims[1]
    if not places or min(places) < 0 or (isinstance(width, int) and max(places) >= width):
        raise ModelError(f"a component takes columns {min(places, default=0)} to {max(places, default=0)} of {width}")
    return gather(x, places, 1)
