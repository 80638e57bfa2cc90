"""The pass that gives a detector the outputs that the runtime has for it."""

from __future__ import annotations

from pathlib import Path

from mo_core.errors import UsageError
from mo_core.ir import Graph, Value
from mo_core.rewriting import Editor
from mo_tensorflow.detectors import ssd
from mo_tensorflow.detectors.pipeline import read_pipeline
from mo_tensorflow.detectors.preprocessor import take_out_resizing

_OPTION = "tensorflow_object_detection_api_pipeline_config"
OUTPUT = "DetectionOutput"


def replace_postprocessing(graph: Graph, edit: Editor) -> None:
    """Turn the post-processing of a detector into DetectionOutput."""
    named = edit.options.get(_OPTION)
    pipeline = read_pipeline(Path(named)) if named else None
    if pipeline is None:
        return
    heads = ssd.find_heads(graph)
    if heads is None:
        raise UsageError(
            f"--{_OPTION} is given, and the model has no post-processing of the Object Detection API",
            "Leave the option out, or give the graph that was exported for inference.",
        )
    take_out_resizing(graph, edit, pipeline.fixed_size)
    put_detections(graph, edit, ssd.detection_output(heads, pipeline))


def put_detections(graph: Graph, edit: Editor, detections: Value) -> None:
    """Make the detections the output of the model, which all outputs that it had mean from now on."""
    source = edit.context.model
    assert source is not None
    last = graph.outputs[-1].source.node if graph.outputs else detections.node.operands[0].node
    value = edit.put(detections, None, last, OUTPUT)
    for result in list(graph.outputs):
        names = (result.name, result.source.node.name, *result.source.names)
        source.stand_ins.update(dict.fromkeys(names, value))
        edit.remove_output(result)
    edit.add_output(value, OUTPUT)
    gone = edit.erase_dead()
    edit.fire("post-processing", [name for node in gone for name in node.origin], OUTPUT)
