"""Emission: what the runtime reads, equal tensors once, atomic, the same bytes each time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import numpy as np
import openvino as ov
import pytest

from mo_core import emit
from mo_core.app.report import Report
from mo_core.errors import UsageError
from mo_core.ir import Constant, Graph, constant, tensor
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Lazy, Mapped, MappedFile
from mo_core.ops import Add, MatMul, Multiply, ReLU, Split

CORE = ov.Core()


def run(xml, *inputs):
    compiled = CORE.compile_model(CORE.read_model(str(xml)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(v) for v in compiled(list(inputs)).values()]


def affine(scale=2.0, shape=(1, t.Dynamic(name="n"), 4)):
    graph = Graph()
    x = graph.add_input("x", t.f32, shape)
    graph.add_output(Multiply(Add(x, np.arange(4, dtype=np.float32)), scale), "y")
    return graph


def test_the_runtime_computes_what_was_written(tmp_path):
    emitted = emit.save(affine(), tmp_path / "m.xml")
    x = np.ones((1, 2, 4), np.float32)
    np.testing.assert_array_equal(run(emitted.xml, x)[0], (x + np.arange(4)) * 2)
    assert emitted.layers["Const"] == 2 and emitted.bin_bytes == os.path.getsize(tmp_path / "m.bin")


@pytest.mark.parametrize("version", [10, 11])
def test_both_versions_are_read_with_names(tmp_path, version):
    emit.save(affine(), tmp_path / "m.xml", version=version)
    model = CORE.read_model(tmp_path / "m.xml")
    assert "x" in model.inputs[0].names and "y" in model.outputs[0].names
    assert model.inputs[0].partial_shape == ov.PartialShape([1, -1, 4])


def test_awkward_names_survive(tmp_path):
    graph = Graph()
    name = 'a,b\\c <"&">\n\u00e9'
    graph.add_output(ReLU(graph.add_input(name, t.f32, (1,))), "out,1")
    emit.save(graph, tmp_path / "m.xml")
    model = CORE.read_model(tmp_path / "m.xml")
    assert model.inputs[0].names == {name} and model.outputs[0].names == {"out,1"}


def test_outputs_keep_their_order_and_may_share_a_value(tmp_path):
    graph = Graph()
    x = graph.add_input("x", t.f32, (4,))
    parts = Split(x, 0, num_splits=2)
    graph.add_output(parts.results[1], "second")
    graph.add_output(parts.results[0], "first")
    graph.add_output(x, "same")
    emit.save(graph, tmp_path / "m.xml")
    results = run(tmp_path / "m.xml", np.arange(4, dtype=np.float32))
    assert [r.tolist() for r in results] == [[2, 3], [0, 1], [0, 1, 2, 3]]


def test_equal_tensors_are_stored_once(tmp_path):
    data = np.random.default_rng(0).standard_normal((64, 300)).astype(np.float32)
    (tmp_path / "source").write_bytes(data.tobytes() + data.tobytes())
    file = MappedFile(tmp_path / "source")
    graph = Graph()
    y = graph.add_input("x", t.f32, (2, 64))
    copies = [
        Mapped(file, 0, t.f32, data.shape),
        Mapped(file, data.nbytes, t.f32, data.shape),
        Array(data.copy()),
        Lazy(lambda a: a + 0, (Array(data),), t.f32, data.shape),
    ]
    for i, c in enumerate(copies):
        graph.add_output(MatMul(y, Constant(value=c), transpose_a=False, transpose_b=False), f"y{i}")
    emitted = emit.save(graph, tmp_path / "m.xml")
    assert emitted.bin_bytes == data.nbytes and emitted.shared_bytes == 3 * data.nbytes
    for r in run(tmp_path / "m.xml", np.ones((2, 64), np.float32)):
        np.testing.assert_allclose(r, np.ones((2, 64)) @ data, rtol=1e-4, atol=1e-4)


def test_tensors_that_differ_in_one_byte_are_kept_apart(tmp_path):
    data = np.zeros(100_000, np.float32)
    other = data.copy()
    other[70_001] = 1
    graph = Graph()
    graph.add_output(constant(data), "a")
    graph.add_output(constant(other), "b")
    assert emit.save(graph, tmp_path / "m.xml").bin_bytes == 2 * data.nbytes


def test_a_large_window_is_copied_whole(tmp_path):
    data = np.random.default_rng(1).standard_normal(700_001).astype(np.float32)
    (tmp_path / "source").write_bytes(b"header" + data.tobytes())
    graph = Graph()
    window = Mapped(MappedFile(tmp_path / "source"), 6, t.f32, data.shape)
    graph.add_output(Constant(value=window), "a")
    graph.add_output(constant(np.array([3.0, 4.0], np.float32)), "b")
    emit.save(graph, tmp_path / "m.xml")
    stored = (tmp_path / "m.bin").read_bytes()
    assert stored[: data.nbytes] == data.tobytes()
    assert np.frombuffer(stored[-8:], np.float32).tolist() == [3, 4]


def test_fp16_storage_with_decompression(tmp_path):
    graph = affine(scale=np.full((1, 1, 4), 0.1, np.float32))
    for node in graph:
        if isinstance(node, Constant):
            node.stored_as = t.f16
    emitted = emit.save(graph, tmp_path / "m.xml")
    assert emitted.bin_bytes == 16 and emitted.layers["Convert"] == 2 and not emitted.kept_full
    assert "decompression" in (tmp_path / "m.xml").read_text()
    np.testing.assert_allclose(
        run(tmp_path / "m.xml", np.zeros((1, 1, 4), np.float32))[0][0, 0], np.arange(4) * 0.1, rtol=1e-3
    )


def test_what_does_not_fit_fp16_stays_as_it_is(tmp_path):
    graph = affine(scale=np.array([1, 1e6, 1, 1], np.float32))
    for node in graph:
        if isinstance(node, Constant):
            node.stored_as = t.f16
            node.name = "big" if node.value.numpy().max() > 1e5 else "small"
    emitted = emit.save(graph, tmp_path / "m.xml")
    assert emitted.kept_full == ["big"] and emitted.layers["Convert"] == 1
    assert run(tmp_path / "m.xml", np.ones((1, 1, 4), np.float32))[0][0, 0, 1] == 2e6


def test_infinities_may_be_stored_as_fp16(tmp_path):
    graph = Graph()
    graph.add_output(Constant(value=Array(np.array([-np.inf, 1], np.float32)), stored_as=t.f16), "y")
    assert not emit.save(graph, tmp_path / "m.xml").kept_full


def test_the_same_graph_gives_the_same_bytes_whatever_the_hash_seed(tmp_path):
    code = (
        "import sys, numpy as np\nfrom mo_core import emit\nfrom mo_core.ir import types as t\nfrom mo_core.ir import Graph\nfrom mo_core.ops import *\n"
        "g = Graph(); x = g.add_input('x', t.f32, (1, 8))\n"
        "for i in range(20): g.add_output(Add(ReLU(x), float(i)), f'y{i}')\n"
        "emit.save(g, sys.argv[1])\n"
    )
    found = set()
    for seed in ("0", "1", "77"):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", code, str(folder / "m.xml")], check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        found.add((folder / "m.xml").read_bytes() + (folder / "m.bin").read_bytes())
    assert len(found) == 1


def test_a_failed_run_leaves_what_was_there(tmp_path):
    emit.save(affine(), tmp_path / "m.xml")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def fail(a):
        raise OSError(errno.ENOSPC, "No space left on device")

    graph = Graph()
    graph.add_output(Constant(value=Lazy(fail, (Array(np.zeros(4, np.float32)),), t.f32, (4,))), "y")
    with pytest.raises(UsageError, match="No space left"):
        emit.save(graph, tmp_path / "m.xml")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    def interrupt(a):
        raise KeyboardInterrupt

    graph = Graph()
    graph.add_output(Constant(value=Lazy(interrupt, (Array(np.zeros(4, np.float32)),), t.f32, (4,))), "y")
    with pytest.raises(KeyboardInterrupt):
        emit.save(graph, tmp_path / "m.xml")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, which only Linux has")
def test_a_full_disk_is_a_usage_error(tmp_path, monkeypatch):
    class Full(emit.files.Output):
        def __init__(self, file):
            super().__init__(open("/dev/full", "r+b", buffering=0))  # noqa: SIM115

    monkeypatch.setattr(emit.files, "Output", Full)
    with pytest.raises(UsageError, match="No space left"):
        emit.save(affine(), tmp_path / "m.xml")
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_weights(tmp_path):
    code = (
        "import sys, resource, numpy as np\nfrom mo_core import emit\nfrom mo_core.ir import types as t\nfrom mo_core.ir import Graph, Constant\n"
        "from mo_core.ops import *\nfrom mo_core.ir.tensor import *\n"
        "f = MappedFile(sys.argv[1]); g = Graph(); x = g.add_input('x', t.f32, (1, 1024))\n"
        "for i in range(int(sys.argv[3])):\n"
        "    w = Mapped(f, i * 4194304, t.f32, (1024, 1024))\n"
        "    w = lazy(lambda a, k=i: a + np.float32(k), w, by_rows=True) if i % 2 else w\n"
        "    x = MatMul(x, Constant(value=w), transpose_a=False, transpose_b=False)\n"
        "g.add_output(x, 'y'); emit.save(g, sys.argv[2])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    source = tmp_path / "source"
    with open(source, "wb") as file:
        file.truncate(64 * 4194304)
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", code, str(source), str(tmp_path / "m.xml"), n], check=True, capture_output=True
            ).stdout
        )
        for n in ("4", "64")
    ]
    assert peaks[1] - peaks[0] < 48 * 1024  # KiB; the weights differ by 240 MiB


def test_chunk_size_does_not_matter(tmp_path, monkeypatch):
    data = np.random.default_rng(2).standard_normal((300, 100)).astype(np.float32)
    graph = Graph()
    graph.add_output(Constant(value=Lazy(lambda a: a * 3, (Array(data),), t.f32, data.shape, by_rows=True)), "y")
    emit.save(graph, tmp_path / "a.xml")
    monkeypatch.setattr(tensor, "CHUNK_BYTES", 1000)
    emit.save(graph, tmp_path / "b.xml")
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes() == (data * 3).tobytes()


@pytest.mark.parametrize(
    "names", [("a\x01", "a\x02"), ("a\udcb2", "a\udcb3"), ("\ud800", "\ud801"), ("\uffff", "\ufffe")]
)
def test_names_that_xml_cannot_hold_stay_apart_and_are_told(tmp_path, names):
    graph = Graph()
    for name in names:
        graph.add_output(ReLU(graph.add_input(name, t.f32, (1,))), f"out {name}")
    emitted = emit.save(graph, tmp_path / "m.xml")
    model = CORE.read_model(str(emitted.xml))
    written = [port.any_name for port in (*model.inputs, *model.outputs)]
    assert len(set(written)) == 4
    assert set(names) <= set(emitted.respelled)
    report = Report()
    report.emitted(emitted, 0.0)
    assert any("XML cannot hold" in note for note in report.notes)


def test_bytes_that_are_no_utf8_are_spelled_as_bytes_and_other_names_as_they_are(tmp_path):
    graph = Graph()
    for name in (b"\xb2\xe31".decode("utf-8", "surrogateescape"), "päivä\x85"):
        graph.add_output(ReLU(graph.add_input(name, t.f32, (1,))), f"out {name}")
    emitted = emit.save(graph, tmp_path / "m.xml")
    assert [port.any_name for port in CORE.read_model(str(emitted.xml)).inputs] == [r"\xb2\xe31", "päivä\x85"]
    assert not [n for n in emitted.respelled if "päivä" in n]


@pytest.mark.skipif(os.name == "nt", reason="the system has no advisory locks")
def test_what_a_killed_run_left_is_cleared_away_and_what_another_run_writes_is_not(tmp_path):
    import fcntl

    left, held, fresh, other = (
        tmp_path / name for name in (".m.bin.a.tmp", ".m.xml.b.tmp", ".m.bin.c.tmp", ".n.bin.d.tmp")
    )
    for file in (left, held, fresh, other):
        file.write_bytes(b"weights")
        os.utime(file, (0, 0) if file is not fresh else None)
    with open(held, "r+b") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        emit.save(affine(), tmp_path / "m.xml")
    assert {p.name for p in tmp_path.iterdir()} == {"m.xml", "m.bin", held.name, fresh.name, other.name}
