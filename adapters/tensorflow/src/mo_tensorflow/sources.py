"""What a file, folder or message is, and what is in it: the graph, its variables, its signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.errors import ModelError, UsageError, did_you_mean
from mo_core.ir.tensor import MappedFile
from mo_tensorflow.checkpoint import Checkpoint, open_checkpoint
from mo_tensorflow.graphdef import GraphDefReader
from mo_tensorflow.kinds import kind_of
from mo_tensorflow.objects import KERAS_FILES, load_file
from mo_tensorflow.objects import load as load_object
from mo_tensorflow.proto import tensorflow_pb2 as pb
from mo_tensorflow.schema import GRAPH, load
from mo_tensorflow.tensors import Tensors
from mo_tensorflow.text import kind_of_text, parse_text
from mo_tensorflow.unsigned import add_call
from mo_tensorflow.variables import Variables

if TYPE_CHECKING:
    from mo_core.options import Options

SAVED_MODEL_FILE = "saved_model.pb"
_SERVING, _DEFAULT = "serve", "serving_default"
_NO_SIGNATURES = ("__saved_model_init_op", "__saved_model_train_op")


@dataclass(frozen=True)
class Port:
    """An input or output of a signature: its key there, the tensor in the graph, and what is stated about it."""

    key: str
    tensor: str
    info: Any = None


@dataclass
class Loaded:
    """What was found.

    Attributes:
        reader: of the graph; inputs, outputs: those of the signature, in order of their keys; None: there is none.
        metadata: texts for the IR; notes: for the report.
    """

    reader: GraphDefReader
    inputs: Sequence[Port] | None = None
    outputs: Sequence[Port] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(source: Any, options: Options) -> Loaded:
    """Load a path or a message. Raises ModelError for damaged files, UsageError for what is missing or not clear."""
    if isinstance(source, Path):
        path = _saved_model_in(source) if source.is_dir() else _meta_graph_of(source)
        if path is None:
            return _checkpoint_folder(source, options)
        if path.suffix.lower() in KERAS_FILES:
            return load_file(path)
        file = MappedFile(path)
        text = kind_of_text(bytes(file.buffer[:4096]))
        if options.get("input_model_is_text") or path.suffix.lower() == ".pbtxt" or text is not None:
            message = parse_text(bytes(file.buffer), text or GRAPH)
            return _Loader(message, Tensors(), path, options).load()
        message, skim = load(file, kind_of(file, path))
        return _Loader(message, Tensors(file, skim), path, options).load()
    if not hasattr(source, "DESCRIPTOR"):
        return load_object(source)
    kind_name = source.DESCRIPTOR.full_name.removeprefix("tensorflow.")
    message = getattr(pb, kind_name).FromString(source.SerializeToString())
    return _Loader(message, Tensors(), None, options).load()


def _saved_model_in(folder: Path) -> Path | None:
    for name in (SAVED_MODEL_FILE, "saved_model.pbtxt"):
        if (folder / name).is_file():
            return folder / name
    return None


def _meta_graph_of(path: Path) -> Path:
    """The .meta file of a checkpoint that is named by another of its files."""
    stem = path.with_suffix("")
    if path.suffix == ".index" or path.suffix.startswith(".data-"):
        meta = stem.with_name(stem.name + ".meta")
        if not meta.is_file():
            raise UsageError(
                f'"{path.name}" belongs to a checkpoint, which has no graph',
                "Give the graph (.pb, .pbtxt or .meta) as the model, and the checkpoint with --input_checkpoint.",
            )
        return meta
    return path


def _checkpoint_folder(folder: Path, options: Options) -> Loaded:
    metas = sorted(folder.glob("*.meta"))
    if not metas:
        raise UsageError(f'there is no SavedModel and no meta graph in "{folder}"', "Give the file of the model.")
    prefix = None
    if (folder / "checkpoint").is_file():
        from mo_tensorflow.checkpoint import newest

        prefix = newest(folder)
    named = [m for m in metas if prefix is not None and m.name == f"{prefix.name}.meta"]
    if not named and len(metas) > 1:
        raise UsageError(
            f'there are {len(metas)} meta graphs in "{folder}"', "Give one of them with --input_meta_graph."
        )
    return find((named or metas)[0], options)


class _Loader:
    """Puts the graph of a message together with its variables and its signature."""

    def __init__(self, message: Any, tensors: Tensors, path: Path | None, options: Options) -> None:
        self.message, self.tensors, self.path, self.options = message, tensors, path, options
        self.notes: list[str] = []

    def load(self) -> Loaded:
        """Whatever the message is."""
        message = self.message
        if isinstance(message, pb.SavedModel):
            return self._meta(self._tagged(message), self._variables_beside)
        if isinstance(message, pb.MetaGraphDef):
            return self._meta(message, self._checkpoint_of_meta)
        return Loaded(self._reader(message, self._checkpoint(lambda: None)), notes=self.notes)

    def _checkpoint(self, beside: Callable[[], Checkpoint | None]) -> Checkpoint | None:
        named = self.options.get("input_checkpoint")
        return open_checkpoint(Path(named)) if named else beside()

    def _reader(self, graph: Any, checkpoint: Checkpoint | None, restore_op: str = "") -> GraphDefReader:
        if not len(graph.node) and not len(graph.library.function):
            raise ModelError("the file has no graph, so it is no TensorFlow model", "Check that it is the right file.")
        if self.options.get("tensorboard_logdir"):
            from mo_tensorflow.tensorboard import write_graph

            write_graph(graph, Path(self.options.get("tensorboard_logdir")))
        reader = GraphDefReader(graph, self.tensors)
        reader.values = Variables(reader, self.tensors, checkpoint, restore_op)
        return reader

    # -- meta graphs

    def _tagged(self, model: Any) -> Any:
        """The meta graph with the tags that are asked for; the one for serving when there are several."""
        graphs = list(model.meta_graphs)
        if not graphs:
            raise ModelError("the SavedModel has no graph", "Export it again.")
        wanted = sorted(self.options.get("saved_model_tags") or ())
        have = [sorted(g.meta_info_def.tags) for g in graphs]
        shown = "; ".join(",".join(tags) or "(none)" for tags in have)
        if wanted:
            found = [g for g, tags in zip(graphs, have) if tags == wanted]
            if not found:
                raise UsageError(f"no meta graph has the tags {','.join(wanted)}", f"The model has: {shown}.")
            return found[0]
        serving = [g for g, tags in zip(graphs, have) if _SERVING in tags]
        exact = [g for g, tags in zip(graphs, have) if tags == [_SERVING]]
        if len(graphs) > 1 and not serving:
            raise UsageError(
                f"the SavedModel has {len(graphs)} meta graphs: {shown}", "Choose with --saved_model_tags."
            )
        if len(graphs) > 1:
            self.notes.append(f'the meta graph with the tag "{_SERVING}" is taken, of: {shown}.')
        return (exact or serving or graphs)[0]

    def _variables_beside(self) -> Checkpoint | None:
        if self.path is None:
            return None
        folder = self.path.parent / "variables"
        index = folder / "variables.index"
        if index.is_file():
            return open_checkpoint(folder / "variables")
        shards = list(folder.glob("variables.data-*")) if folder.is_dir() else []
        if shards:
            raise ModelError(f'"{index}" is missing', "The variables cannot be read without it; copy the folder again.")
        return None

    def _checkpoint_of_meta(self) -> Checkpoint | None:
        if self.path is None:
            return None
        prefix = self.path.with_suffix("")
        index = prefix.with_name(prefix.name + ".index")
        beside = index.is_file() or prefix.is_file() or any(prefix.parent.glob(f"{prefix.name}.data-*"))
        return open_checkpoint(prefix) if beside else None

    def _meta(self, meta: Any, beside: Callable[[], Checkpoint | None]) -> Loaded:
        checkpoint = self._checkpoint(beside)
        key = self._signature(meta)
        call = add_call(meta, checkpoint) if key is None else None
        loaded = Loaded(self._reader(meta.graph_def, checkpoint, meta.saver_def.restore_op_name), notes=self.notes)
        if meta.meta_info_def.tensorflow_version:
            loaded.metadata["tensorflow_version"] = meta.meta_info_def.tensorflow_version
        if key is not None:
            signature = meta.signature_def[key]
            loaded.inputs = _ports(signature.inputs)
            loaded.outputs = _ports(signature.outputs)
        elif call is not None:
            others = f" (there are {', '.join(call.others)}, too)" if call.others else ""
            self.notes.append(f'the model has no signature; its function "{call.name}" is taken{others}.')
            loaded.inputs = [Port(*port) for port in call.inputs]
            loaded.outputs = [Port(*port) for port in call.outputs]
        return loaded

    def _signature(self, meta: Any) -> str | None:
        known = {k: s for k, s in meta.signature_def.items() if k not in _NO_SIGNATURES and len(s.outputs)}
        wanted = self.options.get("saved_model_signature")
        if wanted:
            if wanted not in known:
                have = ", ".join(sorted(known)) or "none"
                raise UsageError(
                    f'the model has no signature "{wanted}"', did_you_mean(wanted, known) or f"It has: {have}."
                )
            return str(wanted)
        if not known:
            return None
        chosen = _DEFAULT if _DEFAULT in known else min(known)
        if len(known) > 1:
            self.notes.append(
                f'the signature "{chosen}" is taken, of: {", ".join(sorted(known))} (--saved_model_signature chooses).'
            )
        return chosen


def _ports(infos: Any) -> list[Port]:
    return [Port(key, infos[key].name, infos[key]) for key in sorted(infos) if infos[key].name]
