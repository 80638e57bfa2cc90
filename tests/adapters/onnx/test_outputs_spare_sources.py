"""No output replaces a file that the model is read from."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import mo_core
from mo_core.app.cli import main
from mo_core.errors import UsageError

WEIGHTS = np.arange(4, dtype=np.float32).tobytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `model.onnx`, whose weights are in `model.bin`."""
    w = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    w.external_data.add(key="location", value="model.bin")
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [w])
    onnx.save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "model.onnx")
    (tmp_path / "model.bin").write_bytes(WEIGHTS)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("output", [".", "../{name}", "other/.."])
def test_external_data_in_the_place_of_the_output_is_kept(
    folder: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    before = contents(folder)
    assert main(["model.onnx", "--output_dir", output.format(name=folder.name)]) == UsageError.exit_code
    assert contents(folder) == before
    told = capsys.readouterr().err
    assert "model.bin" in told
    assert "--model_name" in told
    assert "--output_dir" in told


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_what_is_read_are_kept_too(folder: Path, link: object) -> None:
    link(folder / "model.bin", folder / "other" / "model.bin")  # type: ignore[operator]
    before = contents(folder)
    assert main(["model.onnx", "--output_dir", "other"]) == UsageError.exit_code
    assert contents(folder) == before


def test_a_model_that_is_called_as_its_output_is_kept(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / "ir.xml")
    before = contents(folder)
    assert main(["ir.xml", "--framework", "onnx"]) == UsageError.exit_code
    assert contents(folder) == before


@pytest.mark.parametrize("words", [["model.onnx"], ["inspect", "model.onnx"]])
@pytest.mark.parametrize("report", ["model.onnx", "./model.bin"])
def test_a_report_replaces_nothing_that_is_read(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], report: str
) -> None:
    before = contents(folder)
    assert main([*words, "--model_name", "ir", "--report", report]) == UsageError.exit_code
    assert contents(folder) == before
    assert "--report" in capsys.readouterr().err


def test_saving_from_python_keeps_them(folder: Path) -> None:
    model = mo_core.convert("model.onnx")
    before = contents(folder)
    with pytest.raises(UsageError, match=r"model\.bin"):
        model.save("model.xml")
    assert contents(folder) == before


def test_another_name_or_folder_is_written_and_earlier_output_replaced(folder: Path) -> None:
    for _ in range(2):
        assert main(["model.onnx", "--model_name", "ir"]) == 0
        assert main(["model.onnx", "--output_dir", "other"]) == 0
    assert (folder / "ir.bin").read_bytes() == WEIGHTS
    assert (folder / "other" / "model.bin").read_bytes() == WEIGHTS
    assert (folder / "model.bin").read_bytes() == WEIGHTS
