"""Detectors of the Object Detection API: with a pipeline.config, their post-processing is one DetectionOutput."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, MoError, Unsupported, UsageError
from mo_tensorflow.detectors.pipeline import read_pipeline
from tests.adapters.tensorflow import detectors
from tests.adapters.tensorflow.detectors import (
    FASTER_RCNN_CONFIG,
    FASTER_RCNN_JSON,
    PREPROCESSOR,
    RFCN_CONFIG,
    SIZE,
    SSD_CONFIG,
    SSD_JSON,
    compare_detections,
    config,
    image,
)
from tests.adapters.tensorflow.running import Frozen, run, tf

PIPELINE = "tensorflow_object_detection_api_pipeline_config"
OUTPUTS = "num_detections,detection_boxes,detection_scores,detection_classes"


@pytest.fixture(scope="module")
def ssd():
    return detectors.ssd()


@pytest.fixture(scope="module")
def faster_rcnn():
    return detectors.faster_rcnn()


def converted(graph, folder, text=SSD_CONFIG, **options):
    return mo_core.convert(graph, **{PIPELINE: config(folder, text)}, **options)


@pytest.mark.parametrize("count", [1, 3])
def test_an_ssd_gives_the_detections_of_tensorflow(ssd, tmp_path, count):
    images = image(count, SIZE, SIZE, seed=count)
    wanted = detectors.detections(ssd, images)
    assert len(wanted) >= 5 * count
    (rows,) = run(ssd, {"image_tensor": images}, **{PIPELINE: config(tmp_path)}).values()
    compare_detections(rows, wanted)


def test_an_ssd_without_a_class_of_no_object_counts_its_classes_alike(tmp_path):
    graph, images = detectors.ssd(background=False), image(2, SIZE, SIZE)
    wanted = detectors.detections(graph, images)
    assert {label for _, label, *_ in wanted} == {1, 2, 3}
    text = SSD_CONFIG.replace("num_classes: 3", "num_classes: 3 add_background_class: false")
    (rows,) = run(graph, {"image_tensor": images}, **{PIPELINE: config(tmp_path, text)}).values()
    compare_detections(rows, wanted)


@pytest.mark.parametrize("build", [detectors.ssd, detectors.faster_rcnn])
def test_the_number_of_detections_of_a_class_is_limited_after_suppression(tmp_path, build):
    graph, images = build(per_class=2), image(2, SIZE, SIZE, seed=5)
    wanted = detectors.detections(graph, images)
    assert detectors.detections(build(), images) != wanted
    text = detectors.CONFIGS[build].replace("per_class: 10", "per_class: 2")
    (rows,) = run(graph, {"image_tensor": images}, **{PIPELINE: config(tmp_path, text)}).values()
    compare_detections(rows, wanted)


@pytest.mark.parametrize("count", [1, 2])
def test_a_faster_rcnn_gives_the_detections_of_tensorflow(faster_rcnn, tmp_path, count):
    images = image(count, SIZE, SIZE, seed=count)
    wanted = detectors.detections(faster_rcnn, images)
    assert len(wanted) >= 3 * count
    (rows,) = run(faster_rcnn, {"image_tensor": images}, **{PIPELINE: config(tmp_path, FASTER_RCNN_CONFIG)}).values()
    compare_detections(rows, wanted)


@pytest.mark.parametrize("count", [1, 2])
def test_a_mask_rcnn_gives_the_masks_of_its_detections(tmp_path, count):
    graph, images = detectors.mask_rcnn(), image(count, SIZE, SIZE, seed=count)
    wanted = detectors.detections(graph, images)
    rows, masks = run(graph, {"image_tensor": images}, **{PIPELINE: config(tmp_path, FASTER_RCNN_CONFIG)}).values()
    order = compare_detections(rows, wanted)
    assert masks.shape == (count, detectors.TOTAL, 3, 3)
    true = detectors.evaluate(graph, images, "detection_masks")
    counts = [sum(n == i for n, *_ in wanted) for i in range(count)]
    np.testing.assert_allclose(
        masks.reshape(-1, 3, 3)[order], np.concatenate([m[:c] for m, c in zip(true, counts)]), atol=1e-5
    )


@pytest.mark.parametrize("count", [1, 2])
def test_an_rfcn_gives_the_detections_of_tensorflow(tmp_path, count):
    graph, images = detectors.rfcn(), image(count, SIZE, SIZE, seed=count)
    wanted = detectors.detections(graph, images)
    assert len(wanted) >= 2 * count
    model = converted(graph, tmp_path, RFCN_CONFIG)
    kinds = [n.type_name for n in model.graph.walk()]
    assert kinds.count("ROIPooling") == 2
    assert not {"Loop", "TensorIterator"} & set(kinds)
    (rows,) = run(graph, {"image_tensor": images}, **{PIPELINE: config(tmp_path, RFCN_CONFIG)}).values()
    compare_detections(rows, wanted)


def test_crops_that_bins_do_not_divide_are_refused(tmp_path):
    with pytest.raises(Unsupported, match="crops of 5 x 6"):
        converted(detectors.rfcn(), tmp_path, RFCN_CONFIG.replace("crop_height: 6", "crop_height: 5"))


def test_the_first_stage_is_a_proposal(faster_rcnn, tmp_path):
    kinds = [n.type_name for n in converted(faster_rcnn, tmp_path, FASTER_RCNN_CONFIG).graph.walk()]
    assert [kinds.count(k) for k in ("Proposal", "ROIPooling", "DetectionOutput")] == [1, 1, 1]
    assert not {"Loop", "TensorIterator", "NonMaxSuppression"} & set(kinds)


@pytest.mark.parametrize("field", ["height_offset: 8 width: 16", "width_offset: 0.5 width: 16", "width: 8"])
def test_anchors_that_proposal_does_not_have_are_refused(faster_rcnn, tmp_path, field):
    text = FASTER_RCNN_CONFIG.replace("width: 16", field)
    with pytest.raises(Unsupported, match="Proposal"):
        converted(faster_rcnn, tmp_path, text)


def test_a_pipeline_of_another_kind_of_detector_is_refused(ssd, tmp_path):
    with pytest.raises(UsageError, match="post-processing"):
        converted(ssd, tmp_path, FASTER_RCNN_CONFIG)


def test_a_detector_in_a_function_is_found(tmp_path):
    detectors.saved_ssd(tmp_path / "saved_model")
    images = image(1, SIZE, SIZE, seed=3)
    wanted = detectors.detections(detectors.ssd(), images)  # the same numbers as in the SavedModel
    options = {PIPELINE: config(tmp_path)}
    model = mo_core.convert(tmp_path / "saved_model", **options)
    assert [str(kind) for kind in model.inputs.values()] == ["u8[1,32,32,3]"]
    assert not {"Loop", "TensorIterator", "Interpolate"} & {n.type_name for n in model.graph.walk()}
    for more in ({}, {"transformations_config": SSD_JSON}):
        (rows,) = run(tmp_path / "saved_model", {"input_tensor": images}, **options, **more).values()
        compare_detections(rows, wanted)


def test_the_loops_are_gone_and_the_input_has_the_size_of_the_resizer(ssd, tmp_path):
    model = converted(ssd, tmp_path)
    kinds = [n.type_name for n in model.graph.walk()]
    assert kinds.count("DetectionOutput") == 1
    assert not {"Loop", "TensorIterator", "NonMaxSuppression", "Interpolate"} & set(kinds)
    assert [str(kind) for kind in model.inputs.values()] == ["u8[?,32,32,3]"]
    assert list(model.outputs) == ["DetectionOutput"]


def test_the_user_may_give_another_size(ssd, tmp_path):
    model = converted(ssd, tmp_path, input_shape="[1,32,32,3]")
    assert [str(kind) for kind in model.inputs.values()] == ["u8[1,32,32,3]"]


def test_without_a_pipeline_the_outputs_are_those_of_the_model(ssd):
    assert list(mo_core.convert(ssd, output=OUTPUTS).outputs) == OUTPUTS.split(",")


def test_the_names_of_the_outputs_mean_the_detections(ssd, tmp_path):
    assert list(converted(ssd, tmp_path, output=OUTPUTS).outputs) == ["DetectionOutput"]
    with pytest.raises(UsageError, match="detection_boxen"):
        converted(ssd, tmp_path, output="detection_boxen")


def test_a_model_without_post_processing_is_no_detector(tmp_path):
    model = Frozen(lambda x: tf().nn.relu(x), {"x": image(1, 2, 2).astype("float32")})
    with pytest.raises(UsageError, match="no post-processing of the Object Detection API"):
        converted(model.graph, tmp_path)


@pytest.mark.parametrize("field", ["use_class_agnostic_nms: true", "soft_nms_sigma: 0.5"])
def test_a_suppression_that_the_runtime_does_not_have_is_refused(ssd, tmp_path, field):
    text = SSD_CONFIG.replace("iou_threshold: 0.5", f"iou_threshold: 0.5 {field}")
    with pytest.raises(Unsupported, match=field.partition(":")[0]):
        converted(ssd, tmp_path, text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ModelError),
        ("train_config { }", ModelError),
        ("model: 3", ModelError),
        ("model { }", ModelError),
        ("model { ssd { } faster_rcnn { } }", ModelError),
        ("model { ssd: 1 }", ModelError),
        ("model { center_net { } }", Unsupported),
        ("model { ssd {", ModelError),
        ("\0", ModelError),
    ],
)
def test_a_file_that_is_no_pipeline_is_refused(tmp_path, text, error):
    with pytest.raises(error, match=r"pipeline\.config"):
        read_pipeline(config(tmp_path, text))


def test_a_pipeline_that_is_not_there_is_told_with_what_is_near(tmp_path):
    config(tmp_path)
    with pytest.raises(UsageError, match="pipeline.config"):
        read_pipeline(tmp_path / "pipelin.config")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("iou_threshold: 0.5", "iou_threshold: many"),
        ("iou_threshold: 0.5", "iou_threshold: nan"),
        ("score_threshold: 0.3", "score_threshold: { }"),
        ("max_total_detections: 10", "max_total_detections: 0.5"),
        ("y_scale: 10.0", "y_scale: 0"),
        ("height: 32", "height: '32'"),
    ],
)
def test_a_field_of_another_kind_is_named(ssd, tmp_path, field, message):
    with pytest.raises(ModelError, match=r"in .*pipeline\.config"):
        converted(ssd, tmp_path, SSD_CONFIG.replace(field, message))


def test_a_file_cut_at_any_byte_is_an_error_or_a_shorter_pipeline(tmp_path):
    content = SSD_CONFIG.strip()
    for end in range(0, len(content), 7):
        try:
            found = read_pipeline(config(tmp_path, content[:end]))
        except MoError:
            continue
        assert found.kind == "ssd"


# -- found by itself


@pytest.mark.parametrize("build", [detectors.ssd, detectors.faster_rcnn])
def test_the_pipeline_beside_the_model_is_enough(tmp_path, build):
    file = tmp_path / "frozen_inference_graph.pb"
    graph, images = build(), image(1, SIZE, SIZE)
    file.write_bytes(graph.SerializeToString())
    config(tmp_path, detectors.CONFIGS[build])
    (rows,) = run(file, {"image_tensor": images}).values()
    compare_detections(rows, detectors.detections(graph, images))
    notes = mo_core.convert(file).report.notes
    assert any("--output detection_boxes,detection_scores" in n for n in notes)
    assert any('"image_tensor" takes them' in n for n in notes)


def test_outputs_that_are_named_stay(ssd, tmp_path):
    file = tmp_path / "frozen_inference_graph.pb"
    file.write_bytes(ssd.SerializeToString())
    config(tmp_path)
    model = mo_core.convert(file, output=OUTPUTS)
    assert list(model.outputs) == OUTPUTS.split(",")
    assert any(f"with --{PIPELINE}" in n for n in model.report.notes)
    assert len(mo_core.convert(file, disable_pass="object-detection").outputs) == 4


def test_what_a_pipeline_would_give_is_told(ssd):
    assert any(f"with --{PIPELINE}" in n for n in mo_core.convert(ssd).report.notes)
    other = Frozen(lambda x: tf().nn.relu(x), {"x": image(1, 2, 2).astype("float32")})
    assert not any("detector" in n for n in mo_core.convert(other.graph).report.notes)


@pytest.mark.parametrize(
    "text", ["model { center_net { } }", "model {", SSD_CONFIG.replace("0.5", "0.5 soft_nms_sigma: 1")]
)
def test_a_pipeline_beside_the_model_that_does_not_help_is_told(ssd, tmp_path, text):
    file = tmp_path / "frozen_inference_graph.pb"
    file.write_bytes(ssd.SerializeToString())
    config(tmp_path, text)
    model = mo_core.convert(file)
    assert len(model.outputs) == 4
    assert [str(kind) for kind in model.inputs.values()] == ["u8[?,?,?,3]"]
    assert any("operation by operation: " in n for n in model.report.notes)


# -- by descriptions of the old tool


@pytest.mark.parametrize(("build", "entries"), [(detectors.ssd, SSD_JSON), (detectors.faster_rcnn, FASTER_RCNN_JSON)])
def test_the_descriptions_of_the_old_tool_work(tmp_path, build, entries):
    graph, images = build(), image(2, SIZE, SIZE)
    wanted = detectors.detections(graph, images)
    options = {PIPELINE: config(tmp_path, detectors.CONFIGS[build]), "output": OUTPUTS}
    (rows,) = run(graph, {"image_tensor": images}, transformations_config=entries, **options).values()
    compare_detections(rows, wanted)


def test_one_description_alone_does_its_part(ssd, tmp_path):
    options = {PIPELINE: config(tmp_path), "disable_pass": "object-detection", "output": OUTPUTS}
    model = mo_core.convert(ssd, transformations_config=[PREPROCESSOR], **options)
    assert [str(kind) for kind in model.inputs.values()] == ["u8[?,32,32,3]"]
    assert list(model.outputs) == OUTPUTS.split(",")


def test_a_description_that_needs_the_pipeline_says_so(ssd):
    with pytest.raises(UsageError, match=f"needs the pipeline.config.*\n.*--{PIPELINE}"):
        mo_core.convert(ssd, transformations_config=SSD_JSON)


def test_a_description_of_another_kind_of_detector_says_so(ssd, tmp_path):
    with pytest.raises(UsageError, match="has not the first stage"):
        converted(ssd, tmp_path, FASTER_RCNN_CONFIG, transformations_config=FASTER_RCNN_JSON)


IDS = (
    *("ObjectDetectionAPIPreprocessorReplacement", "ObjectDetectionAPIPreprocessor2Replacement"),
    *("ObjectDetectionAPISSDPostprocessorReplacement", "ObjectDetectionAPIProposalReplacement"),
    *("CropAndResizeReplacement", "ObjectDetectionAPIPSROIPoolingReplacement", "SecondStagePostprocessorReplacement"),
    *("ObjectDetectionAPIDetectionOutputReplacement", "ObjectDetectionAPIMaskRCNNROIPoolingSecondReplacement"),
    *("ObjectDetectionAPIMaskRCNNSigmoidReplacement", "ObjectDetectionAPIOutputReplacement"),
    *("ObjectDetectionAPIConstValueOverride", "AutomlEfficientDet", "RetinaNetFilteredDetectionsReplacement"),
    *("TFYOLO", "TFYOLOV3", "SSDToolboxDetectionOutput"),
)


@pytest.mark.parametrize("id", IDS)
def test_every_id_of_the_old_tool_is_known(id):
    model = Frozen(lambda x: tf().nn.relu(x), {"x": image(1, 2, 2).astype("float32")})
    try:
        mo_core.convert(model.graph, transformations_config=[{"id": id, "match_kind": "general"}])
    except MoError as e:
        assert id in e.fact
        assert "no replacer is registered" not in e.fact
        assert e.remedy
