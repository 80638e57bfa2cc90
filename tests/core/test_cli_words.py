"""What the program says: the overview at 80 columns, names that were meant, and how to go on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mo_core
from mo_core.app import cli
from tests.core.test_cli import run, toy  # noqa: F401 -- the fixture


@pytest.mark.parametrize("framework", [None, "caffe", "tensorflow"])
def test_the_overview_has_its_columns_apart(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    framework: str | None,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["--help"], framework) == 0
    out = capsys.readouterr().out
    assert re.search(r"completion bash\|zsh\|fish  Print the script", out)
    assert max(map(len, out.splitlines())) <= 80


def test_dashes_do_not_make_names_alike(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert run("m.toy", "--bogus") == 2
    assert "did you mean" not in capsys.readouterr().err
    assert run("m.toy", "--outptu", "y") == 2
    assert 'did you mean "--output"' in capsys.readouterr().err


def test_an_extension_that_ends_the_program_is_an_error(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    (toy / "ends.py").write_text("raise SystemExit(3)")
    assert cli.main(["m.toy", "--extension", "ends.py"]) == 5
    assert 'the extension "ends.py", line 1 cannot be loaded: SystemExit: 3' in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_what_is_said_of_a_piped_model_names_no_temporary_file(toy: Path) -> None:  # noqa: F811
    command = " ".join([sys.executable, "-m", "mo_core.app.cli", "-", "--extension", "toy.py", "--framework", "toy"])
    done = subprocess.run(["sh", "-c", command + " < m.toy"], cwd=toy, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == 'load it with openvino.Core().compile_model("model.xml")'
    nameless = command.replace(" --framework toy", "")
    done = subprocess.run(["sh", "-c", f": | {nameless}"], cwd=toy, capture_output=True, text=True, timeout=60)
    assert done.stderr.startswith('mo: error: "-" is an empty file')


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device of Linux")
def test_a_device_is_no_model(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert run("/dev/zero") == 2
    assert '"/dev/zero" is a device' in capsys.readouterr().err


def test_a_link_to_nothing_is_told_from_a_file_that_is_not_there(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    (toy / "link.toy").symlink_to("gone.toy")
    assert run("link.toy") == 2
    assert '"link.toy" is a link to "gone.toy", where no file is' in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "inspect"])
def test_a_command_without_a_model_names_itself(toy: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:  # noqa: F811
    assert run(command) == 2
    err = capsys.readouterr().err
    assert f"there is no model to {command}" in err and f"Write mo {command} MODEL" in err


def test_the_command_that_verifies_names_what_the_ir_does_not_tell(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    (toy / "switches").write_text("no-ops:on")
    assert run("m.toy", "--fusion_switch_file", "switches", "--batch", "2", "--report", "r.json") == 0
    check = capsys.readouterr().out.splitlines()[-1].partition("right with: ")[2]
    assert check == "mo verify m.toy m.xml --fusion_switch_file switches --extension toy.py"


def test_a_name_that_is_too_long_is_said_to_be(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert run("m.toy", "-n", "x" * 300) == 2
    assert capsys.readouterr().err.endswith("Give a shorter name with --model_name.\n")


@pytest.mark.parametrize(
    "words",
    [
        ["{}"],
        ["verify", "m.toy", "{}.xml"],
        ["m.toy", "--config", "{}"],
        ["m.toy", "-o", "{}"],
        ["m.toy", "--extension={}"],
    ],
)
def test_a_path_that_no_system_takes_is_a_usage_error(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    assert cli.main([*(word.format("x" * 300) for word in words), "--extension", "toy.py"]) == 2
    assert "File name too long" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--seed", "-5"], ["--cases", "-1"], ["--timeout", "0"], ["--timeout", "nan"], ["--tolerance", "inf"]]
)
def test_settings_of_a_verification_that_cannot_be_meant(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    assert run("verify", "m.toy", *words) == 2
    assert f"{words[0]} is {words[1]}" in capsys.readouterr().err.replace("0.0", "0")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--mean_values", "(1,2),(3)"], "There are no inputs."),
        (["--reverse_input_channels"], "There are no inputs."),
        (["--layout", "x(nc)"], 'There are no inputs. The outputs are "z".'),
    ],
)
def test_a_model_without_inputs_is_said_to_have_none(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    assert run("m.toy", "--input", "x[2,3]->1.5", *words) == 2
    assert told in capsys.readouterr().err


def test_a_number_for_an_input_of_unknown_size_has_a_remedy(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("m.toy", "--input", "x->1.5") == 2
    assert 'as in "x[1,3]->1.5": one number fills' in capsys.readouterr().err


def test_a_model_that_was_read_as_another_framework_says_so(
    toy: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    (toy / "m.toy").write_text("no graph")
    assert run("m.toy", "--framework", "toy") == 3
    assert "read as a Toy model, as --framework says" in capsys.readouterr().err
    assert run("m.toy") == 3
    assert "--framework" not in capsys.readouterr().err


def test_bytes_that_are_no_model_are_not_called_by_a_temporary_name() -> None:
    with pytest.raises(mo_core.UsageError, match='"<bytes>" looks like no model'):
        mo_core.convert(b"nothing of the kind")
