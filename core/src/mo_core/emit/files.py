"""Saving: temporary names in the target folder, then an atomic rename of both files."""

from __future__ import annotations

import errno
import glob
import io
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from mo_core.emit.output import Output
from mo_core.emit.weights import WeightsWriter
from mo_core.emit.xml import XmlWriter
from mo_core.errors import UsageError
from mo_core.ir import Graph
from mo_core.ir.sources import SourceFiles


@dataclass
class Emitted:
    """What was written.

    Attributes:
        xml, bin: the files; xml_bytes, bin_bytes: their sizes; shared_bytes: what equal tensors saved;
        layers: layers by IR type; kept_full: constants that did not fit fp16 and stayed as they were;
        respelled: names that XML cannot hold, as the model has them.
    """

    xml: Path | None = None
    bin: Path | None = None
    xml_bytes: int = 0
    bin_bytes: int = 0
    shared_bytes: int = 0
    layers: dict[str, int] = field(default_factory=dict)
    kept_full: list[str] = field(default_factory=list)
    respelled: list[str] = field(default_factory=list)


def save(
    graph: Graph,
    path: str | os.PathLike[str],
    *,
    name: str = "",
    rt_info: Mapping[str, object] | None = None,
    version: int = 11,
    advance: Callable[[int], None] | None = None,
    sources: SourceFiles | None = None,
) -> Emitted:
    """Write `path` (`.xml`) and the `.bin` beside it.

    An interrupted or failed run leaves what was there before. Raises UsageError when the folder cannot be written, or
    when one of the files would replace one of `sources`. `advance` is told the bytes of weights as they are written.
    """
    xml = Path(path)
    if xml.suffix != ".xml":
        xml = xml.with_name(xml.name + ".xml")
    binary = xml.with_suffix(".bin")
    for target in (xml, binary):
        if sources is not None:
            sources.guard(target, "Give another name with --model_name, or another folder with --output_dir.")
    temporary: list[Path] = []
    locks: list[int] = []
    try:
        xml.parent.mkdir(parents=True, exist_ok=True)
        for target in (xml, binary):
            _clear_abandoned(target)
            handle, made = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
            locks.append(handle)
            _lock(handle)
            temporary.append(Path(made))
        # "r+": the new files are empty, and to truncate them makes ext4 write them to the disk when they are closed
        with (
            open(temporary[0], "r+", encoding="utf-8", newline="\n", buffering=1 << 20) as text,
            open(temporary[1], "r+b", buffering=0) as raw,
        ):
            emitted = _write(graph, text, raw, name or xml.stem, rt_info or {}, version, advance)  # type: ignore[arg-type]
        for made_path in temporary:
            os.chmod(made_path, 0o666 & ~_umask())
        emitted.xml_bytes = temporary[0].stat().st_size
        # weights first: a reader that sees the new topology must never see the old weights
        os.replace(temporary[1], binary)
        os.replace(temporary[0], xml)
    except OSError as e:
        raise UsageError(f'cannot write "{e.filename or xml}": {e.strerror or e}', _remedy(e)) from e
    finally:
        for handle in locks:
            os.close(handle)
        for made_path in temporary:
            made_path.unlink(missing_ok=True)
    emitted.xml, emitted.bin = xml, binary
    return emitted


def _remedy(error: OSError) -> str:
    if error.errno == errno.ENAMETOOLONG:
        return "Give a shorter name with --model_name."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space or choose another --output_dir."
    return "Choose another --output_dir."


def serialize(
    graph: Graph, *, name: str = "model", rt_info: Mapping[str, object] | None = None, version: int = 11
) -> tuple[str, bytes]:
    """The two files in memory, as the runtime's `read_model(model=…, weights=…)` takes them."""
    text, raw = io.StringIO(), io.BytesIO()
    _write(graph, text, raw, name, rt_info or {}, version, None)
    return text.getvalue(), raw.getvalue()


def _write(
    graph: Graph,
    text: io.TextIOBase,
    raw: io.BytesIO,
    name: str,
    rt_info: Mapping[str, object],
    version: int,
    advance: Callable[[int], None] | None,
) -> Emitted:
    with closing(Output(raw)) as output:
        weights = WeightsWriter(output, advance)
        writer = XmlWriter(text, weights, version)  # type: ignore[arg-type]
        writer.model(graph, name, rt_info)
        weights.flush()
        output.drain()
    return Emitted(
        bin_bytes=weights.size,
        shared_bytes=weights.shared,
        layers=dict(sorted(writer.layers.items())),
        kept_full=weights.kept_full,
        respelled=list(writer.respelled),
    )


_ABANDONED = 60.0
"""Seconds after which a temporary file that nobody holds is one of a run that was killed."""


def _clear_abandoned(target: Path) -> None:
    """Remove what runs that were killed have left beside the target: they are as large as the weights."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        try:
            if time.time() - left.stat().st_mtime < _ABANDONED:
                continue
            handle = os.open(left, os.O_RDWR)
            try:
                if _lock(handle):
                    left.unlink(missing_ok=True)
            finally:
                os.close(handle)
        except OSError:
            continue  # somebody else's


def _lock(handle: int) -> bool:
    """Hold an open file until it is closed; False when another process holds it, or the system has no such locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
