"""Detectors of the Object Detection API: with a pipeline.config, their post-processing is one DetectionOutput."""

from __future__ import annotations

import pytest

import mo_core
from mo_core.errors import ModelError, MoError, Unsupported, UsageError
from mo_tensorflow.detectors.pipeline import read_pipeline
from tests.adapters.tensorflow import detectors
from tests.adapters.tensorflow.detectors import SIZE, SSD_CONFIG, compare_detections, config, image
from tests.adapters.tensorflow.running import Frozen, run, tf

PIPELINE = "tensorflow_object_detection_api_pipeline_config"
OUTPUTS = "num_detections,detection_boxes,detection_scores,detection_classes"


@pytest.fixture(scope="module")
def ssd():
    return detectors.ssd()


def converted(graph, folder, text=SSD_CONFIG, **options):
    return mo_core.convert(graph, **{PIPELINE: config(folder, text)}, **options)


@pytest.mark.parametrize("count", [1, 3])
def test_an_ssd_gives_the_detections_of_tensorflow(ssd, tmp_path, count):
    images = image(count, SIZE, SIZE, seed=count)
    wanted = detectors.detections(ssd, images)
    assert len(wanted) >= 5 * count
    (rows,) = run(ssd, {"image_tensor": images}, **{PIPELINE: config(tmp_path)}).values()
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
