"""Reads a Kaldi model into a graph of source components, in one of three forms: frames, chunks, or utterances."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.build import slice_axis
from mo_core.errors import UsageError, nearest_first
from mo_core.frontend import SourceModel
from mo_core.ir import Foreign, Graph, Value
from mo_kaldi.changes import append_priors, drop_softmax, model_priors, read_counts
from mo_kaldi.expand import expanded
from mo_kaldi.hoist import hoist
from mo_kaldi.network import Network
from mo_kaldi.nnet1 import put_in_front
from mo_kaldi.reader import read_network
from mo_kaldi.streaming import Stream
from mo_kaldi.utterance import Utterance

if TYPE_CHECKING:
    from mo_core.options import Options


def read(source: Any, options: Options) -> SourceModel:
    """Read the network and lay it out in time. Raises ModelError, Unsupported and UsageError."""
    path = Path(source)
    network = read_network(path)
    _change(network, options)
    if options.get("feature_transform"):
        network = put_in_front(read_network(Path(options.get("feature_transform"))), network)
    network = expanded(network)
    graph = Graph(path.stem)
    roots = _roots(network, options)
    outputs, metadata = _layout(network, roots, graph, options)
    for name, value in outputs.items():
        graph.add_output(value, name)
    notes = list(network.notes)
    late = metadata.get("delay_frames", "0")
    if late != "0":
        notes.append(
            f"The results come {late} frames late: drop the first {late} rows, "
            f"and repeat the last frame {late} times at the end."
        )
    if metadata.get("rows_that_depend_on_the_end", "0") != "0":
        notes.append(
            f"The last {metadata['rows_that_depend_on_the_end']} rows depend on where the utterance ends, "
            "which a stream cannot know: they differ from those of --utterance."
        )
    facts = {"generation": network.generation}
    return SourceModel(graph, name=path.stem, metadata=metadata, names_are_tensors=True, notes=notes, facts=facts)


def _change(network: Network, options: Options) -> None:
    """The changes at the end of the network that the options ask for."""
    if options.get("counts") is not None:
        path = str(options.get("counts"))
        append_priors(network, read_counts(Path(path)) if path else model_priors(network))
    if options.get("remove_output_softmax"):
        drop_softmax(network)


def _roots(network: Network, options: Options) -> list[str]:
    """The nodes whose results are asked for: those of --output, else the outputs."""
    asked = [spec.name for spec in options.output]
    known = [n.name for n in network.nodes.values() if n.kind != "input"]
    for name in asked:
        if name not in known:
            outputs = ", ".join(f'"{n.name}"' for n in network.outputs())
            remedy = nearest_first(name, known, f"The model's outputs are {outputs}.")
            raise UsageError(f'--output: the model has no node "{name}"', remedy)
    return list(dict.fromkeys(asked)) or [n.name for n in network.outputs()]


def _layout(
    network: Network, roots: Sequence[str], graph: Graph, options: Options
) -> tuple[dict[str, Value], dict[str, str]]:
    """The outputs by name, and what the runtime info tells."""
    main, every = _main_input(network), options.get("frame_subsampling_factor")
    for option in ("chunk", "frame_subsampling_factor"):
        number = getattr(options, option)
        if number is not None and number < 1:
            raise UsageError(f"--{option} is {number}", "Give a positive number of frames.")
    metadata = {"generation": network.generation}
    if options.get("utterance"):
        if options.get("chunk") is not None:
            raise UsageError("--utterance and --chunk exclude each other", "Give one of them.")
        hoist(network, roots)
        whole = Utterance(network, roots, main, graph)
        return {name: _every(whole.result(name), every) for name in roots}, metadata
    frames = 1 if options.get("chunk") is None else options.get("chunk")
    if frames % every:
        raise UsageError(
            f"--frame_subsampling_factor {every} does not divide the {frames} frames of a call",
            f"Give --chunk {every} or a multiple of it.",
        )
    if frames > 1:
        hoist(network, roots)
    stream = Stream(network, roots, main, graph, frames, every, not options.get("remove_memory"))
    metadata["delay_frames"] = str(stream.delay)
    metadata["frames_per_call"] = str(frames)
    if stream.doubtful:
        metadata["rows_that_depend_on_the_end"] = str(stream.doubtful)
    results = {name: _every(stream.result(name), every) for name in roots}
    return {**results, **stream.states}, metadata


def _every(rows: Value, step: int) -> Value:
    return rows if step == 1 else slice_axis(rows, 0, 0, step=step)


def check_matrices(graph: Graph) -> None:
    """Raise UsageError where --input_shape leaves a component without a matrix, or an input without its columns."""
    for p in graph.inputs:
        if p.shape is not None and len(p.shape) == 2 and not isinstance(p.shape[1], int):
            raise _no_matrix(f'the input "{p.label}" is {p.type}')
    for node in graph:
        if isinstance(node, Foreign):
            for x in node.operands[:1]:  # others may be what frames are counted with
                if x.shape is not None and len(x.shape) != 2:
                    raise _no_matrix(f'{node.op} "{node.name}" reads {x.type}')


def _no_matrix(fact: str) -> UsageError:
    remedy = 'Give as many columns as the network has there, as in --input "NAME[?,40]"; mo inspect shows them.'
    return UsageError(f"{fact}, and a component takes [frames, columns]", remedy)


def _main_input(network: Network) -> str:
    """The input that has the frames: the one called `input`, or the first."""
    names = [n.name for n in network.nodes.values() if n.kind == "input"]
    return "input" if "input" in names else names[0]
