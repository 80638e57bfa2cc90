"""The pass that gives a detector the outputs that the runtime has for it."""

from __future__ import annotations

from pathlib import Path

from mo_core.errors import MoError, UsageError
from mo_core.ir import Graph, Parameter, Value
from mo_core.rewriting import Editor
from mo_tensorflow.detectors import OPTION, masks, rcnn, rfcn, ssd
from mo_tensorflow.detectors.pipeline import FILE, Pipeline, read_pipeline
from mo_tensorflow.detectors.preprocessor import images, take_out_resizing

OUTPUT = "DetectionOutput"


def replace_postprocessing(graph: Graph, edit: Editor) -> None:
    """Turn the post-processing of a detector into DetectionOutput, when its configuration is given.

    The one beside the file is enough when the user names no outputs; otherwise a note says what it would do.
    """
    if edit.options.get(OPTION):
        pipeline = pipeline_of(edit)
        assert pipeline is not None
        edit.context.inline_calls(graph)  # exporters of TensorFlow 2 put the detector into a function
        if not has_detections(graph) and not _replace(graph, edit, pipeline):
            raise UsageError(
                f"--{OPTION} is given, and the model has no post-processing of the Object Detection API that fits it",
                "Leave the option out, or give the graph that was exported for inference.",
            )
    elif _is_detector(graph):
        _replace_unasked(graph, edit)


def _is_detector(graph: Graph) -> bool:
    """True for the graph of a detector of the Object Detection API with its post-processing."""
    return ssd.find_heads(graph) is not None or (rcnn.find_regions(graph) and rcnn.find_classified(graph)) is not None


def _replace_unasked(graph: Graph, edit: Editor) -> None:
    path = edit.context.model.path if edit.context.model is not None else None
    beside = path.parent / FILE if path is not None and path.is_file() else None
    what = "the model is a detector of the Object Detection API"
    if beside is None or not beside.is_file() or edit.options.output:
        edit.context.notes.append(
            f"{what}, and is converted operation by operation; with --{OPTION} {FILE} its post-processing is one "
            f"DetectionOutput."
        )
        return
    names = ",".join(r.name for r in graph.outputs)
    try:
        done = _replace(graph, edit, read_pipeline(beside))
    except MoError as e:
        edit.context.notes.append(f"{what}, and is converted operation by operation: {e.fact}.")
        return
    if done:
        edit.context.notes.append(
            f'{what}, and "{FILE}" is next to it: its post-processing is one DetectionOutput. '
            f"--output {names} keeps the outputs of the model."
        )


def _replace(graph: Graph, edit: Editor, pipeline: Pipeline) -> bool:
    """Replace what is there of a detector of this kind; False when there is nothing."""
    heads, regions, classified = ssd.find_heads(graph), rcnn.find_regions(graph), rcnn.find_classified(graph)
    if heads is not None and pipeline.kind == "ssd":
        detections = ssd.detection_output(heads, pipeline)
        source = take_out_resizing(graph, edit, pipeline.fixed_size)
    elif regions is not None and classified is not None and pipeline.kind == "faster_rcnn":
        boxes = put_proposals(graph, edit, pipeline)
        if boxes is None:
            return False
        detections = rcnn.detection_output(classified, boxes, pipeline)
        source = take_out_resizing(graph, edit, pipeline.fixed_size)
        rfcn.put_pooling(graph, edit, pipeline)
    else:
        return False
    put_detections(edit, detections, pipeline)
    if source is not None:
        edit.context.notes.append(_expected(source, pipeline))
    return True


def _expected(source: Parameter, pipeline: Pipeline) -> str:
    """What the caller has to do to the images, which the model did before."""
    size = pipeline.fixed_size
    if size is not None:
        return f'the model no longer resizes images: "{source.name}" takes them {size[0]} high and {size[1]} wide.'
    least, most = pipeline.aspect_sizes
    return (
        f'the model no longer resizes images: "{source.name}" takes them with {least} pixels on the shorter side '
        f"(or {most} on the longer one when that is more)."
    )


def pipeline_of(edit: Editor) -> Pipeline | None:
    """The pipeline.config that the user gives, else the one beside the model; None without one."""
    named = edit.options.get(OPTION)
    if named:
        return read_pipeline(Path(named))
    path = edit.context.model.path if edit.context.model is not None else None
    beside = None if path is None else path.resolve().parent / FILE
    return read_pipeline(beside) if beside is not None and beside.is_file() else None


def has_detections(graph: Graph) -> bool:
    """True when a description has already made the output."""
    return any(r.source.node.type_name == OUTPUT for r in graph.outputs)


def put_proposals(graph: Graph, edit: Editor, pipeline: Pipeline) -> Value | None:
    """Let Proposal give the regions of the second stage, N, P, 4; None when there is no first stage."""
    found = rcnn.find_regions(graph)
    image = None if found is None else images(graph, found.boxes)
    if found is None or image is None:
        return None
    boxes = rcnn.proposals(found, image, pipeline)
    edit.replace_region([found.boxes, found.scores], [found.proposals], [boxes], rule="first-stage")
    return boxes


def put_detections(edit: Editor, detections: Value, pipeline: Pipeline) -> None:
    """Make the detections, and the masks of what they hold, the outputs of the model."""
    third = masks.find_third(edit.graph)
    outputs = {OUTPUT: detections}
    if third is not None:
        outputs[masks.OUTPUT] = masks.connect(edit, third, detections, pipeline.suppression.total)
    edit.replace_outputs(outputs, "post-processing")
