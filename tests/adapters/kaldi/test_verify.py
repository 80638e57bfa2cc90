"""`mo_core.verify` of Kaldi networks: by mo's own evaluator, with the states of a stream and data from archives."""

import struct

import numpy as np

import mo_core
from tests.adapters.kaldi import files
from tests.adapters.kaldi.test_nnet1 import RATES, B, W, sized


def network(folder):
    parts = [sized("Splice", 6, 2, ("", [-1, 0, 1])), sized("AffineTransform", 5, 6, *RATES, ("", W), ("", B))]
    path = folder / "net.nnet"
    path.write_bytes(files.nnet1(parts))
    return path


def verified(source, **options):
    found = mo_core.verify(source, **options)
    assert found.passed and found.reference.startswith("mo's own evaluator"), found.text()
    return found


def test_a_stream_is_verified_over_calls_in_a_row(tmp_path):
    source = network(tmp_path)
    assert any(n.type_name == "ReadValue" for n in mo_core.convert(source).graph)
    verified(source)
    verified(source, utterance=True)


def test_a_damaged_weight_is_found(tmp_path):
    source = network(tmp_path)
    ir = mo_core.convert(source).save(tmp_path / "net.xml")
    place = ir.with_suffix(".bin").read_bytes().find(W[0].tobytes())
    data = np.frombuffer(ir.with_suffix(".bin").read_bytes(), np.uint8).copy()
    assert place >= 0
    data[place : place + 4] = np.frombuffer(np.float32(W[0, 0] + 0.1).tobytes(), np.uint8)
    data.tofile(ir.with_suffix(".bin"))
    found = mo_core.verify(source, ir)
    assert [o.name for o in found.outputs if not o.passed] == ["output"]


def test_features_come_from_an_archive(tmp_path):
    source = network(tmp_path)
    rows = np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32)
    head = b"one \0BFM " + struct.pack("<bibi", 4, 9, 4, 2)
    (tmp_path / "feats.ark").write_bytes(head + rows.tobytes())
    assert verified(source, utterance=True, data=tmp_path / "feats.ark").outputs[0].shape == (9, 5)
    lines = "\n".join("  " + " ".join(map(str, r)) for r in rows)
    (tmp_path / "text.ark").write_text(f"one  [\n{lines} ]\n")
    assert verified(source, utterance=True, data=tmp_path / "text.ark").outputs[0].shape == (9, 5)
    assert len(verified(source, data=tmp_path / "feats.ark").cases) == 1
