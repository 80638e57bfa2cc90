"""What comes with the core, given through the same hooks as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mo_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from mo_core.ir import Node
    from mo_core.rewriting.passes import Pass


@hookimpl
def mo_ops() -> Sequence[type[Node]]:
    """The OpenVINO operation sets."""
    from mo_core import ops

    return ops.ALL


@hookimpl
def mo_passes() -> Sequence[Pass]:
    """The shared passes."""
    from mo_core import transforms

    return transforms.PASSES
