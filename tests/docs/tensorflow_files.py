"""The models that the page "TensorFlow" speaks of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.adapters.tensorflow import detectors
from tests.adapters.tensorflow.exports import keras_network
from tests.adapters.tensorflow.running import random, tf


def write(folder: Path) -> None:
    """Write one small network in all the forms of the page, and one that reads texts."""
    v1 = tf().compat.v1
    v1.disable_control_flow_v2()
    with tf().Graph().as_default() as graph, v1.Session() as session:
        images = v1.placeholder(tf().float32, [None, None, None, 3], "images")
        training, keep = v1.placeholder(tf().bool, [], "is_training"), v1.placeholder(tf().float32, [], "keep_prob")
        w = v1.get_variable("w", [3, 3, 3, 4])
        y = tf().reduce_mean(tf().nn.relu(tf().nn.conv2d(images, w, 2, "SAME")), [1, 2])
        scores = tf().multiply(tf().cond(training, lambda: y * 2.0, lambda: y), keep, name="scores")
        session.run(v1.global_variables_initializer())
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["scores"])
        (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
        (folder / "graph.pbtxt").write_text(str(frozen), encoding="utf-8")
        (folder / "inference_graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
        v1.train.Saver().save(session, str(folder / "model.ckpt"))
        signature = v1.saved_model.predict_signature_def(
            {"images": images, "is_training": training, "keep_prob": keep}, {"scores": scores}
        )
        builder = v1.saved_model.Builder(str(folder / "model_folder"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    (folder / "checkpoint_folder").mkdir()
    for file in [*folder.glob("model.ckpt.*"), folder / "checkpoint"]:
        shutil.copy(file, folder / "checkpoint_folder")
    with tf().Graph().as_default() as graph:
        texts = v1.placeholder(tf().string, [1], "texts")
        parsed = tf().io.decode_raw(texts, tf().float32, name="parsed")
        tf().linalg.matmul(parsed, random(128, 4), name="scores")
    (folder / "texts.pb").write_bytes(graph.as_graph_def().SerializeToString())
    (folder / "detector").mkdir()
    (folder / "detector" / "frozen_inference_graph.pb").write_bytes(detectors.ssd().SerializeToString())
    detectors.config(folder / "detector")
    (folder / "detector" / "ssd_v2_support.json").write_text(json.dumps(detectors.SSD_JSON), encoding="utf-8")
    keras_network().save(folder / "network.keras")
