"""SavedModels, meta graphs and checkpoints of all generations: found, frozen, and computed as by TensorFlow."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, Unsupported, UsageError
from tests.adapters.tensorflow.exports import Trained, as_array, keras_network, module
from tests.adapters.tensorflow.running import compare, random, run, tf


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("resource", [False, True])
def test_a_meta_graph_gets_its_variables_from_the_checkpoint_beside_it(tmp_path, version, resource):
    trained = Trained(resource)
    trained.checkpoint(tmp_path, version)
    for source in (tmp_path / "model.ckpt.meta", tmp_path):
        compare([*run(source, {"x": trained.x}, output="y").values()], [trained.want])


@pytest.mark.parametrize("version", [1, 2])
def test_the_parts_of_a_partitioned_variable_are_restored_from_its_slices(tmp_path, version):
    trained = Trained(partitions=3)
    trained.checkpoint(tmp_path, version)
    names = [f"dense/w/part_{i}/read" for i in range(3)]
    wanted = trained.session.run([f"{n}:0" for n in names])
    compare([*run(tmp_path / "model.ckpt.meta", {}, output=",".join(names)).values()], wanted)


def test_a_variable_in_slices_is_put_together_for_a_graph_without_partitions(tmp_path):
    partitioned = Trained(partitions=3)
    whole = Trained()
    prefix = partitioned.checkpoint(tmp_path)
    (tmp_path / "graph.pb").write_bytes(whole.graph.as_graph_def().SerializeToString())
    (tmp_path / "graph.pbtxt").write_text(str(whole.graph.as_graph_def()))
    got = run(tmp_path / "graph.pb", {"x": whole.x}, output="y", input_checkpoint=prefix)
    compare([*got.values()], [partitioned.want])


def test_a_graph_takes_variables_from_a_checkpoint_or_its_folder(tmp_path):
    trained = Trained()
    prefix = trained.checkpoint(tmp_path)
    graph = trained.graph.as_graph_def()
    for checkpoint in (prefix, tmp_path, Path(f"{prefix}.index")):
        compare([*run(graph, {"x": trained.x}, output="y", input_checkpoint=checkpoint).values()], [trained.want])


def test_a_graph_with_variables_says_how_to_freeze_it():
    with pytest.raises(Unsupported, match=r'VariableV2 \(2 nodes, first "dense/w"\): .*--input_checkpoint'):
        mo_core.convert(Trained().graph.as_graph_def(), output="y")


def test_variables_that_no_output_needs_may_be_without_a_value():
    trained = Trained()
    with trained.graph.as_default():
        tf().nn.softmax(trained.input, name="other")
    got = run(trained.graph.as_graph_def(), {"x": trained.x}, output="other")
    compare([*got.values()], [as_array(tf().nn.softmax(trained.x))])


def test_the_restore_op_decides_under_which_name_a_variable_is_restored(tmp_path):
    trained = Trained()
    v1 = tf().compat.v1
    with trained.graph.as_default():
        shadow = v1.train.Saver({"dense/b/average": v1.global_variables()[1], "w": v1.global_variables()[0]})
        shadow.save(trained.session, str(tmp_path / "model.ckpt"))
    compare([*run(tmp_path / "model.ckpt.meta", {"x": trained.x}, output="y").values()], [trained.want])


def test_a_saved_model_of_the_first_generation(tmp_path):
    trained = Trained()
    folder = trained.saved_model(tmp_path / "model")
    for source in (folder, folder / "saved_model.pb"):
        converted = mo_core.convert(source)
        assert (list(converted.inputs), list(converted.outputs), converted.name) == (["features"], ["scores"], "model")
        compare([*run(source, {"features": trained.x}).values()], [trained.want])


def test_tags_choose_among_meta_graphs(tmp_path):
    folder = Trained().saved_model(tmp_path / "model", ("serve", "tpu"))
    assert list(mo_core.convert(folder).outputs) == ["scores"]
    assert list(mo_core.convert(folder, saved_model_tags="tpu,serve").outputs) == ["scores"]
    with pytest.raises(UsageError, match="no meta graph has the tags train"):
        mo_core.convert(folder, saved_model_tags="train")


def test_a_module_of_the_second_generation(tmp_path):
    w, b, x = random(4, 3), random(3, seed=1), random(2, 4, seed=2)
    model = module(lambda x, w, b: {"scores": tf().nn.relu(tf().linalg.matmul(x, w) + b)}, w, b)
    signature = model.__call__.get_concrete_function(tf().TensorSpec([None, 4], tf().float32, "features"))
    tf().saved_model.save(model, str(tmp_path), {"serving_default": signature, "other": signature})
    converted = mo_core.convert(tmp_path)
    assert (list(converted.inputs), list(converted.outputs)) == (["features"], ["scores"])
    assert any("--saved_model_signature" in note for note in converted.report.notes)
    compare([*run(tmp_path, {"features": x}).values()], [np.maximum(x @ w + b, 0)])
    assert list(mo_core.convert(tmp_path, saved_model_signature="other").outputs) == ["scores"]
    with pytest.raises(UsageError, match='no signature "othr"'):
        mo_core.convert(tmp_path, saved_model_signature="othr")


def test_a_keras_network(tmp_path):
    network, x = keras_network(), random(2, 4)
    network.export(str(tmp_path), verbose=False)
    (name,) = mo_core.convert(tmp_path).inputs
    compare([*run(tmp_path, {name: x}).values()], [as_array(network(x))])


def test_a_missing_shard_is_named(tmp_path):
    folder = Trained().saved_model(tmp_path / "model")
    (folder / "variables" / "variables.data-00000-of-00001").unlink()
    with pytest.raises(ModelError, match=r'the file "variables.data-00000-of-00001" .* is missing'):
        mo_core.convert(folder)


def test_a_missing_index_is_named(tmp_path):
    folder = Trained().saved_model(tmp_path / "model")
    (folder / "variables" / "variables.index").unlink()
    with pytest.raises(ModelError, match='variables.index" is missing'):
        mo_core.convert(folder)


def test_a_shard_that_is_too_short_is_refused(tmp_path):
    folder = Trained().saved_model(tmp_path / "model")
    shard = folder / "variables" / "variables.data-00000-of-00001"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ModelError, match="has 59 bytes, and a tensor needs"):
        mo_core.convert(folder)


def test_a_checkpoint_without_a_graph_says_what_is_missing(tmp_path):
    prefix = Trained().checkpoint(tmp_path)
    Path(f"{prefix}.meta").unlink()
    with pytest.raises(UsageError, match="belongs to a checkpoint, which has no graph"):
        mo_core.convert(Path(f"{prefix}.index"), framework="tf")


def test_a_file_under_a_wrong_name_is_taken_for_what_it_is(tmp_path):
    trained = Trained()
    folder = trained.saved_model(tmp_path / "model")
    (folder / "saved_model.pb").rename(folder / "frozen.pb")
    compare([*run(folder / "frozen.pb", {"features": trained.x}).values()], [trained.want])
    trained.checkpoint(tmp_path)
    shutil.copy(tmp_path / "model.ckpt.meta", tmp_path / "meta.pb")
    got = run(tmp_path / "meta.pb", {"x": trained.x}, output="y", input_checkpoint=tmp_path)
    compare([*got.values()], [trained.want])


def test_inputs_of_a_signature_may_be_inside_of_the_graph(tmp_path):
    v1 = tf().compat.v1
    with tf().Graph().as_default(), v1.Session() as session:
        v1.disable_control_flow_v2()
        texts = v1.placeholder(tf().string, [None], "texts")
        a, b = tf().io.decode_csv(texts, [[0.0], [0.0]], name="parsed")
        y = tf().add(a, b * 2.0)
        signature = v1.saved_model.predict_signature_def({"first": a, "second": b}, {"sum": y})
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    x = random(3)
    compare([*run(tmp_path / "model", {"first": x, "second": x}).values()], [x + 2 * x])


def test_a_model_without_signatures_is_called_as_its_object_is(tmp_path):
    w, b, x = random(4, 3), random(3, seed=1), random(2, 4, seed=2)
    shift = tf().constant(random(3, seed=3))
    model = module(lambda x, w, b: tf().nn.relu(tf().linalg.matmul(x, w) + b) * shift, w, b)
    model(x)
    tf().saved_model.save(model, str(tmp_path))
    (output,) = run(tmp_path, {"x": x}).values()
    compare([output], [np.maximum(x @ w + b, 0) * as_array(shift)])
    assert any('"__call__" is taken' in note for note in mo_core.convert(tmp_path).report.notes)


@pytest.mark.parametrize("generation", [1, 2])
def test_tables_of_numbers_have_the_content_that_their_initialiser_gives(tmp_path, generation):
    v1 = tf().compat.v1
    keys, values = np.array([7, 3, 9], np.int64), np.array([70, 30, 90], np.int64)
    x = np.array([[3, 9], [8, 7]], np.int64)
    if generation == 1:
        v1.disable_control_flow_v2()
        with tf().Graph().as_default(), v1.Session() as session:
            ids = v1.placeholder(tf().int64, [2, 2], "ids")
            table = tf().lookup.StaticHashTable(tf().lookup.KeyValueTensorInitializer(keys, values), -1)
            signature = v1.saved_model.predict_signature_def({"ids": ids}, {"y": table.lookup(ids)})
            session.run(v1.tables_initializer())
            builder = v1.saved_model.Builder(str(tmp_path / "model"))
            options = {"signature_def_map": {"serving_default": signature}, "main_op": v1.tables_initializer()}
            builder.add_meta_graph_and_variables(session, ["serve"], **options)
            builder.save()
    else:
        model = module(lambda x: model.table.lookup(x))
        model.table = tf().lookup.StaticHashTable(tf().lookup.KeyValueTensorInitializer(keys, values), -1)
        signature = model.__call__.get_concrete_function(tf().TensorSpec([2, 2], tf().int64, "ids"))
        tf().saved_model.save(model, str(tmp_path / "model"), signature)
    compare([*run(tmp_path / "model", {"ids": x}).values()], [np.array([[30, 90], [-1, 70]], np.int64)])


def test_a_table_of_texts_says_where_to_cut():
    v1 = tf().compat.v1
    with tf().Graph().as_default() as graph:
        x = v1.placeholder(tf().string, [2], "x")
        table = tf().lookup.StaticHashTable(tf().lookup.KeyValueTensorInitializer(["a"], [1.0]), 0.0)
        tf().nn.relu(table.lookup(x), name="y")
    with pytest.raises(Unsupported, match="LookupTableFindV2 .*--input"):
        mo_core.convert(graph.as_graph_def(), output="y")


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("sequences", [False, True])
def test_recurrent_layers_of_keras(tmp_path, kind, sequences):
    layers = tf().keras.layers
    layer = getattr(layers, kind)(4, return_sequences=sequences)
    network = tf().keras.Sequential([layers.Input((None, 5)), layers.Masking(), layers.Bidirectional(layer)])
    network.export(str(tmp_path), verbose=False)
    (name,) = mo_core.convert(tmp_path).inputs
    x = random(2, 7, 5)
    x[1, 5:] = 0  # what is masked
    compare([*run(tmp_path, {name: x}).values()], [as_array(network(x))])
