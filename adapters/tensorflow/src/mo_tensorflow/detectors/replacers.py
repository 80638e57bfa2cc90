"""The ids of the descriptions that came with the old tool (`--transformations_config`), and what they do here.

The descriptions name nodes of one version of the Object Detection API. The replacers find theirs by what all versions
have in common, so that a description works for models of another version, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import Unsupported, UsageError
from mo_core.rewriting import Replacer, SubGraph, replacer
from mo_tensorflow.detectors import OPTION, rcnn, retinanet, rfcn, ssd, toolbox, yolo
from mo_tensorflow.detectors.passes import pipeline_of, put_detections, put_proposals
from mo_tensorflow.detectors.pipeline import Pipeline
from mo_tensorflow.detectors.preprocessor import take_out_resizing


@replacer("ObjectDetectionAPIPreprocessorReplacement", finds=True)
def preprocessor(found: SubGraph) -> None:
    """The loop that resizes the images goes; the input gets the size that the pipeline.config says."""
    pipeline = pipeline_of(found.edit)
    take_out_resizing(found.graph, found.edit, pipeline.fixed_size if pipeline is not None else None)


@replacer("ObjectDetectionAPISSDPostprocessorReplacement", finds=True)
def ssd_postprocessor(found: SubGraph) -> None:
    """The post-processing of a single-shot detector becomes DetectionOutput."""
    heads = ssd.find_heads(found.graph)
    if heads is None:
        raise _not_there(found, "the post-processing of a single-shot detector")
    pipeline = _pipeline(found)
    put_detections(found.edit, ssd.detection_output(heads, pipeline, _clips_before(found)), pipeline)


@replacer("ObjectDetectionAPIProposalReplacement", finds=True)
def proposal(found: SubGraph) -> None:
    """The first stage of a two-stage detector becomes Proposal."""
    if put_proposals(found.graph, found.edit, _pipeline(found)) is None:
        raise _not_there(found, "the first stage of a two-stage detector")


@replacer("ObjectDetectionAPIDetectionOutputReplacement", finds=True)
def second_stage(found: SubGraph) -> None:
    """The second stage of a two-stage detector becomes DetectionOutput."""
    classified, regions = rcnn.find_classified(found.graph), rcnn.find_proposals(found.graph)
    if classified is None or regions is None:
        raise _not_there(found, "the second stage of a two-stage detector")
    pipeline = _pipeline(found)
    put_detections(found.edit, rcnn.detection_output(classified, regions, pipeline, _clips_before(found)), pipeline)


@replacer("ObjectDetectionAPIPSROIPoolingReplacement", finds=True)
def pooling(found: SubGraph) -> None:
    """The loops that crop features in R-FCN become ROIPooling."""
    if not rfcn.put_pooling(found.graph, found.edit, _pipeline(found)):
        raise _not_there(found, "the crops of R-FCN")


def _pipeline(found: SubGraph) -> Pipeline:
    pipeline = pipeline_of(found.edit)
    if pipeline is None:
        raise UsageError(
            f'"{found.description.id}" needs the pipeline.config of the detector ({found.description.where})',
            f"Give it with --{OPTION}.",
        )
    return pipeline


def _clips_before(found: SubGraph) -> bool:
    """True when the description says that boxes are clipped before the suppression, and not after."""
    return found.attributes.get("clip_before_nms") is True and found.attributes.get("clip_after_nms") is not True


def _not_there(found: SubGraph, what: str) -> UsageError:
    return UsageError(
        f'"{found.description.id}": the model has not {what} of the Object Detection API ({found.description.where})',
        "Leave the description out: the model is converted operation by operation, with the outputs that it has.",
    )


def _as_it_is(id: str, reason: str) -> Replacer:
    """A replacer for what needs nothing here."""

    def run(found: SubGraph) -> None:
        return None

    run.__doc__ = f"Nothing: {reason}."
    return Replacer(id, run, finds=True)


def _refused(id: str, what: str, remedy: str) -> Replacer:
    def run(found: SubGraph) -> None:
        raise Unsupported(f'"{found.description.id}" ({what}) is not supported ({found.description.where})', remedy)

    run.__doc__ = f"Not supported: {what}."
    return Replacer(id, run, finds=True)


_LEAVE_OUT = "Leave the description out: the model is converted operation by operation, with the outputs that it has."
REPLACERS: Sequence[Replacer] = (
    preprocessor,
    Replacer("ObjectDetectionAPIPreprocessor2Replacement", preprocessor.run, finds=True),
    ssd_postprocessor,
    proposal,
    second_stage,
    Replacer("SecondStagePostprocessorReplacement", second_stage.run, finds=True),
    _as_it_is("CropAndResizeReplacement", "CropAndResize is converted to ROIPooling without it"),
    _as_it_is("ObjectDetectionAPIOutputReplacement", "the outputs are what the other replacers have made"),
    _as_it_is("ObjectDetectionAPIConstValueOverride", "the number of regions is the one in the model"),
    pooling,
    _as_it_is("ObjectDetectionAPIMaskRCNNROIPoolingSecondReplacement", "the masks read the detections without it"),
    _as_it_is("ObjectDetectionAPIMaskRCNNSigmoidReplacement", "the masks are those of the model, with their sigmoid"),
    _refused("AutomlEfficientDet", "EfficientDet of AutoML", _LEAVE_OUT),
    retinanet.retinanet,
    yolo.yolo,
    yolo.yolo_v3,
    toolbox.ssd_toolbox,
)
"""All of them; the hook `mo_replacers` gives them."""
