"""Models as TensorFlow writes them to disk: SavedModels of both generations, meta graphs, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.adapters.tensorflow.running import Array, random, tf


class Trained:
    """A small network of the first generation with variables, in a session of its own.

    Attributes:
        x: what it is fed with; want: its result, `y`.
    """

    def __init__(self, resource: bool = False, partitions: int = 0, dtype: str = "float32") -> None:
        v1 = tf().compat.v1
        v1.disable_control_flow_v2()
        self.x = random(2, 4)
        self.graph = tf().Graph()
        with self.graph.as_default():
            x = v1.placeholder(tf().float32, [None, 4], "x")
            partitioner = v1.fixed_size_partitioner(partitions) if partitions else None
            with v1.variable_scope("dense", use_resource=resource, partitioner=partitioner):
                w = v1.get_variable("w", [4, 3], initializer=v1.random_normal_initializer(seed=1))
                b = v1.get_variable("b", [3], initializer=v1.random_normal_initializer(seed=2), partitioner=None)
            y = v1.nn.relu(tf().linalg.matmul(x, tf().convert_to_tensor(w)) + b, name="y")
            self.y, self.input = y, x
            self.saver = v1.train.Saver()
            self.session = v1.Session(graph=self.graph)
            self.session.run(v1.global_variables_initializer())
        self.want = self.session.run(y, {x: self.x})

    def checkpoint(self, folder: Path, version: int = 2) -> Path:
        """Writes `model.ckpt` with its meta graph; returns the prefix."""
        v1 = tf().compat.v1
        with self.graph.as_default():
            kind = v1.train.SaverDef.V1 if version == 1 else v1.train.SaverDef.V2
            v1.train.Saver(write_version=kind).save(self.session, str(folder / "model.ckpt"))
        return folder / "model.ckpt"

    def saved_model(self, folder: Path, tags: tuple[str, ...] = ("serve",)) -> Path:
        """Writes a SavedModel of the first generation."""
        v1 = tf().compat.v1
        with self.graph.as_default():
            signature = v1.saved_model.predict_signature_def({"features": self.input}, {"scores": self.y})
            builder = v1.saved_model.Builder(str(folder))
            builder.add_meta_graph_and_variables(self.session, list(tags), {"serving_default": signature})
            builder.save()
        return folder


def module(call: Callable[..., Any], *variables: Array) -> Any:
    """A tf.Module whose `call(x, *variables)` is a function of the second generation."""

    class Module(tf().Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.held = [tf().Variable(v) for v in variables]

        @tf().function
        def __call__(self, x: Any) -> Any:
            return call(x, *self.held)

    return Module()


def keras_network() -> Any:
    """A small Keras network."""
    layers = tf().keras.layers
    return tf().keras.Sequential(
        [layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2, activation="softmax")]
    )


def as_array(x: Any) -> Array:
    """A tensor of TensorFlow as an array."""
    return np.asarray(x)
