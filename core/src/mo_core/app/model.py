"""A converted model, as the Python API gives it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from copy import copy
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mo_core import emit
from mo_core.app.report import Port, Report, format_bytes
from mo_core.errors import UsageError
from mo_core.ir import Constant, Graph
from mo_core.ir.types import Type

if TYPE_CHECKING:
    from mo_core.app.progress import Progress
    from mo_core.app.session import Session
    from mo_core.app.verify.result import Verification
    from mo_core.frontend import Frontend, MeanImage, Reference
    from mo_core.ir.sources import SourceFiles
    from mo_core.options import Options


class Model:
    """A converted model.

    Attributes:
        graph: of OpenVINO ops.
        report: what happened.
        name: of the output files.
        sources: the files that it was read from, which no output may replace.
        mean_images: what it subtracts from inputs, by their names.
    """

    def __init__(
        self,
        graph: Graph,
        report: Report,
        name: str,
        rt_info: dict[str, object],
        options: Options,
        session: Session,
        sources: SourceFiles,
        source: Any = None,
        frontend: Frontend | None = None,
        mean_images: Mapping[str, MeanImage] = MappingProxyType({}),
    ) -> None:
        self.graph, self.report, self.name, self.sources = graph, report, name, sources
        self._rt_info, self._options, self._session = rt_info, options, session
        self._source, self._frontend, self.mean_images = source, frontend, mean_images
        self.kept: object = None  # what must live as long as the weights are windows of it

    @property
    def inputs(self) -> dict[str, Type]:
        """Name to type of every input, in order."""
        return {p.label: p.type for p in self.graph.inputs}

    @property
    def outputs(self) -> dict[str, Type]:
        """Name to type of every output, in order."""
        # in IR version 10 tensors have no names, and outputs are called like the nodes that compute them
        return {Port.of(r.source, r.name).name: r.source.type for r in self.graph.outputs}

    @property
    def weights_bytes(self) -> int:
        """Bytes of all constants; equal ones, which are written once, are counted each time."""
        return sum(n.value.nbytes for n in self.graph.walk() if isinstance(n, Constant))

    def __repr__(self) -> str:
        described = [f"{name} {type_}" for ports in (self.inputs, self.outputs) for name, type_ in ports.items()]
        split = len(self.inputs)
        before, after = (sum(ops.values()) for ops in (self.report.source_ops, self.report.ops))
        return (
            f'<Model "{self.name}": {", ".join(described[:split]) or "no inputs"} -> {", ".join(described[split:])}; '
            f"{before} operations -> {after}, weights {format_bytes(self.weights_bytes)}>"
        )

    def _repr_html_(self) -> str:
        """As a notebook shows it: the summary of the report as a table."""
        rows = [("model", f"{self.report.framework} {self.name}".strip())]
        rows += [(f"{what} {name}", str(type_)) for what, ports in self._ports() for name, type_ in ports.items()]
        before, after = (sum(ops.values()) for ops in (self.report.source_ops, self.report.ops))
        rows += [("operations", f"{before} -> {after}"), ("weights", format_bytes(self.weights_bytes))]
        rows += [("note", note) for note in self.report.notes]
        cells = "".join(f"<tr><th>{escape(head)}</th><td>{escape(text)}</td></tr>" for head, text in rows)
        return f"<table>{cells}</table>"

    def _ports(self) -> list[tuple[str, dict[str, Type]]]:
        return [("input", self.inputs), ("output", self.outputs)]

    def save(self, path: str | os.PathLike[str], progress: Progress | None = None) -> Path:
        """Write `path` (`.xml`) and the `.bin` next to it, both or none; returns the path of the `.xml`."""
        start = time.perf_counter()
        emitted = emit.save(
            self.graph,
            path,
            name=self.name,
            rt_info=self._rt_info,
            version=int(self._options.ir_version),
            advance=progress.advance if progress is not None else None,
            sources=self.sources,
        )
        self.report.emitted(emitted, time.perf_counter() - start)
        self._session.plugins.emitted(self.report)
        assert emitted.xml is not None
        return emitted.xml

    @property
    def options(self) -> Options:
        """The options that it was converted with."""
        return self._options

    def verify(self, ir: str | os.PathLike[str] | None = None, **settings: Any) -> Verification:
        """Compute the source and the IR on the same data and compare them; see `mo_core.verify`.

        Args:
            ir: the `.xml` of this model; default: what `save` would write.
            settings: `data`, `seed`, `cases`, `tolerance`, `fp16`, `framework`, `python`, `timeout`.
        """
        from mo_core.app.verify.engine import Settings, verify_model

        return verify_model(self, ir, Settings.of(settings))

    def again(self, *, unoptimised: bool = False, **changes: Any) -> Model:
        """The model converted again from its source, with other values of some options.

        `unoptimised`: without the passes that nobody asked for, so that each source op is what its converter made.
        """
        if self._frontend is None:
            raise UsageError(
                "the model was not made by convert, so it cannot be converted again", "Use mo_core.convert."
            )
        options = copy(self._options)
        options.__dict__.update(changes)
        from mo_core.app.convert import run

        return run(self._source, options, self._session, self._frontend, unoptimised=unoptimised)

    def reference(self, folder: Path) -> Reference | None:
        """How its framework computes the source, if it can; `folder` is for files that are written for that."""
        return self._frontend.reference(self._source, self._options, folder) if self._frontend is not None else None

    def to_openvino(self) -> Any:
        """The model in the OpenVINO runtime (`openvino.Model`), without files. Needs the package openvino."""
        try:
            import openvino
        except ImportError as e:
            raise UsageError("the package openvino is not installed", "pip install openvino") from e
        import numpy as np

        xml, weights = emit.serialize(
            self.graph, name=self.name, rt_info=self._rt_info, version=int(self._options.ir_version)
        )
        data = np.frombuffer(weights, dtype=np.uint8)
        core = openvino.Core()
        return core.read_model(
            model=xml.encode(), weights=openvino.Tensor(data.copy() if data.size else np.zeros(1, np.uint8))
        )
