"""The command line, on a toy framework whose files are textual graphs, given as a single-file extension."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mo_core
from mo_core.app import cli

TOY = '''
import time
from mo_core import hookimpl, ops
from mo_core.errors import ModelError, UsageError
from mo_core.frontend import Frontend, SourceModel, converter, converters_of
from mo_core.options import Option
from mo_core.testing import parse


class Toy(Frontend):
    name, title, suffixes = "toy", "Toy", (".toy",)
    sources = ("toy_folder",)

    def options(self):
        return [Option("toy_folder", "path", "A folder with a model."), Option("wait", "number", "Seconds.", 0.0)]

    def read(self, source, options):
        text = open(options.toy_folder + "/m.toy" if options.toy_folder else source).read()
        if options.wait:
            open("waiting", "w").close()
            time.sleep(options.wait)
        if "crash" in text:
            raise RuntimeError("something unforeseen")
        try:
            graph = parse(text)
        except UsageError as e:
            raise ModelError(e.fact, e.remedy) from e
        return SourceModel(graph, name="toy model", names_are_tensors=True, notes=["read with care"])


class Other(Frontend):
    name, title, suffixes = "other", "Other", (".other",)

    def options(self):
        return [Option("other_file", "path", "Another.")]


@converter("Relu")
def relu(x):
    """max(x, 0)"""
    return ops.ReLU(x)


@converter("Twice")
def twice(x):
    return ops.Add(ops.Add(x, 1.0), 2.0)


@hookimpl
def mo_frontends():
    return [Toy(), Other()]


@hookimpl
def mo_converters(framework):
    import sys
    return converters_of(sys.modules[__name__]) if framework == "toy" else ()
'''

MODEL = """
%x = Parameter : f32[?n,3] "x"
%y = toy.Relu(%x) : f32[?n,3] "relu" <"y">
%z = toy.Twice(%y) : f32[?n,3] "twice" <"z">
return %z
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "m.toy").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv: str, framework: str | None = None) -> int:
    return cli.main([*argv, "--extension", "toy.py"], framework)


def written(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} - {"toy.py", "m.toy", "__pycache__"}


# -- converting


@pytest.mark.parametrize(
    "argv", [["m.toy"], ["--input_model", "m.toy"], ["--input-model=m.toy"], ["-m", "m.toy"], ["-w", "m.toy"]]
)
def test_all_ways_to_name_the_model(toy: Path, capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    assert run(*argv) == 0
    assert written(toy) == {"m.xml", "m.bin"}
    out = capsys.readouterr().out
    assert re.search(r"inputs +x +f32\[\?,3\]", out)
    assert re.search(r"outputs +z +f32\[\?,3\]", out)
    assert re.search(r"operations +2 -> \d", out)
    assert "note: read with care" in out


def test_a_front_end_may_have_another_way_to_name_the_model(toy: Path) -> None:
    assert run("--toy_folder", ".", "-n", "named") == 0
    assert written(toy) == {"named.xml", "named.bin"}


def test_output_folder_and_name(toy: Path) -> None:
    assert run("m.toy", "--output_dir", "made/for/it", "--model_name", "net") == 0
    assert written(toy / "made" / "for" / "it") == {"net.xml", "net.bin"}


def test_silence(toy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("m.toy", "--silent") == 0
    assert capfd.readouterr() == ("", "")


def test_the_report_may_go_to_a_folder_that_the_run_makes(toy: Path) -> None:
    assert run("m.toy", "--output_dir", "ir", "--report", "ir/r.json", "--silent") == 0
    assert sorted(p.name for p in (toy / "ir").iterdir()) == ["m.bin", "m.xml", "r.json"]


def test_the_report_holds_everything_as_data(toy: Path) -> None:
    assert run("m.toy", "--report", "r.json", "--silent", "--input", "y[2,3]") == 0
    data = json.loads((toy / "r.json").read_text())
    assert data["framework"] == "Toy"
    assert data["inputs"] == [{"name": "y", "names": ["y"], "element": "f32", "shape": "[2,3]"}]
    assert [p["name"] for p in data["source_inputs"]] == ["x"]
    assert data["source_ops"] == {"toy.Relu": 1, "toy.Twice": 1}
    assert set(data["seconds"]) == {"read", "front", "convert", "optimise", "write"}
    assert [Path(p).name for p in data["files"]] == ["m.xml", "m.bin"]
    assert data["peak_bytes"] > 10_000_000
    assert any("left out" in note for note in data["notes"])


def test_passes_are_dumped_checked_and_explained(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("m.toy", "--dump-passes", "dump", "--check", "--explain", "twice") == 0
    assert "twice" in capsys.readouterr().out
    files = sorted(p.name for p in (toy / "dump").iterdir())
    assert len(files) >= 2
    assert all(re.fullmatch(r"\d{3}-[\w+-]+\.(before|after)\.txt", f) for f in files)
    assert "Parameter : f32[?n,3]" in (toy / "dump" / files[0]).read_text()


def test_notes_of_former_options_reach_the_user(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("m.toy", "--keep_shape_ops") == 0
    assert "note: --keep_shape_ops: has no effect any more" in capsys.readouterr().out


# -- where things go, and where they come from


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["-o", "net.xml"], {"net.xml", "net.bin"}),
        (["--output_dir", "to/net.XML"], {"to/net.xml", "to/net.bin"}),
        (["--output_model", "to/net.xml"], {"to/net.xml", "to/net.bin"}),
        (["--output_model=net"], {"net.xml", "net.bin"}),
        (["--dry-run"], set()),
    ],
)
def test_the_target(toy: Path, words: list[str], files: set[str]) -> None:
    before = {p for p in toy.rglob("*") if p.is_file()}
    assert run("convert", "m.toy", *words) == 0
    made = {p.relative_to(toy).as_posix() for p in set(toy.rglob("*")) - before if p.is_file()}
    assert {f for f in made if "__pycache__" not in f} == files


def test_two_targets_contradict(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("m.toy", "-o", "a.xml", "-n", "b") == 2
    assert run("m.toy", "--output_model", "a.xml", "-o", "b") == 2
    assert run("m.toy", "--output_model", ".") == 2
    assert "is a folder" in capsys.readouterr().err
    assert written(toy) == set()


def test_options_from_a_file_and_from_an_ir(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "c.toml").write_text('input_model = "m.toy"\ninput_shape = [[2, 3]]\nmodel_name = "a"\nextension = "toy.py"')
    assert cli.main(["--config", "c.toml"]) == 0
    assert cli.main(["--config", "c.toml", "-n", "b", "--input_shape", "[4,3]"]) == 0
    assert written(toy) == {"c.toml", "a.xml", "a.bin", "b.xml", "b.bin"}
    assert '<input_shape value="[4,3]" />' in (toy / "b.xml").read_text()
    assert run("m.toy", "--config", "b.xml", "-n", "again") == 0
    assert '<input_shape value="[4,3]" />' in (toy / "again.xml").read_text()
    capsys.readouterr()
    for name, text in {"bad.toml": "x = = 1", "bad.xml": "<net>", "other.toml": "no_such_option = 1"}.items():
        (toy / name).write_text(text)
        assert run("m.toy", "--config", name) == 2
    assert run("m.toy", "--config", "none.toml") == 2
    err = capsys.readouterr().err
    assert "is not a TOML file" in err and "is not an IR" in err and "no option --no_such_option" in err


def test_the_report_tells_of_failures_and_may_go_to_the_terminal(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "unknown.toy").write_text(MODEL.replace("toy.Twice", "toy.Thrice"))
    assert run("unknown.toy", "--report", "r.json") == 4
    data = json.loads((toy / "r.json").read_text())
    assert (data["schema"], data["status"], data["error"]["class"]) == (1, "failed", "Unsupported")
    assert [(u["op"], u["count"]) for u in data["error"]["unsupported"]] == [("Thrice", 1)]
    capsys.readouterr()
    assert run("m.toy", "--report", "-") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "converted"
    assert "operations" in err


def test_a_name_that_is_not_there_cannot_be_explained(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("m.toy", "--explain", "twicee") == 2
    assert re.search('no node "twicee"\n.*"twice"', capsys.readouterr().err)
    assert written(toy) == set()


# -- looking


def test_inspection_converts_nothing(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "m.toy").write_text(MODEL.replace("toy.Twice", "toy.Thrice"))
    assert run("inspect", "m.toy", "--report", "i.json") == 0
    out = capsys.readouterr().out
    assert written(toy) == {"i.json"}
    assert re.search(r"inputs +x +f32\[n,3\]", out)
    assert re.search(r"Relu +1\n", out)
    assert re.search(r"Thrice +1 +not supported", out)
    assert 'Thrice is not supported: the first is "twice"; cut before it with --output y' in out
    data = json.loads((toy / "i.json").read_text())
    assert data["missing"] == [{"op": "Thrice", "count": 1, "node": "twice", "before": ["y"]}]


def test_lists(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list-ops", framework="toy") == 0
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["Relu", "Twice"]
    assert run("ops", "--framework", "other") == 0
    assert capsys.readouterr().out == ""
    assert run("ops", "m.toy") == 2
    assert run("ops", "--framework", "toi") == 2
    assert 'did you mean "toy"' in capsys.readouterr().err
    assert run("--list_passes") == 0
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    stages = [stage for stage, _ in lines]
    assert ["NORMALIZE", "constant-folding"] in lines
    assert stages == sorted(
        stages, key=["FRONT", "NORMALIZE", "PREPROCESS", "FUSE", "LAYOUT", "PRECISION", "CLEANUP"].index
    )
    assert run("--plugins") == 0
    out = capsys.readouterr().out
    assert re.search(r"toy +toy.py\n  hooks +mo_converters, mo_frontends\n  converters  Relu, Twice \(for toy\)", out)
    assert run("plugins", "--check") == 0
    assert run("plugins", "what") == 2
    capsys.readouterr()
    assert run("--version") == 0
    assert re.fullmatch(r"mo \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_help_has_every_option_and_those_of_the_front_end(
    toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mo_core.options.common import COMMON

    monkeypatch.setenv("COLUMNS", "80")
    assert run("--help", "all", framework="toy") == 0
    out = capsys.readouterr().out
    assert all(option.flag in out for option in COMMON)
    assert "Toy models:" in out and "--toy_folder" in out
    assert "--other_file" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [
        (["--help"], ["Commands:", "mo inspect MODEL", "inputs", "toy"], ["--finegrain_fusing"]),
        (["--help", "inputs"], ["Inputs and outputs:", "--input_shape", "--batch"], ["--mean_values"]),
        (["help", "toy"], ["Toy models:", "--toy_folder"], ["--batch"]),
        (["--mean-values", "--help"], ["--mean_values", " VALUES"], ["--batch"]),
        (["inspect", "--help"], ["mo inspect MODEL [options]"], []),
        (["former", "-h"], ["--keep_shape_ops"], ["--batch"]),
    ],
)
def test_help_is_by_topic(
    toy: Path, capsys: pytest.CaptureFixture[str], words: list[str], shown: list[str], hidden: list[str]
) -> None:
    assert cli.main([*words, "--extension=toy.py"]) == 0
    out = capsys.readouterr().out
    assert [w for w in shown if w not in out] == []
    assert [w for w in hidden if w in out] == []
    assert cli.main(["--help", "inputz"]) == 2
    assert 'no help on "inputz"' in capsys.readouterr().err


def test_without_arguments_the_help_is_shown(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "mo MODEL [options]" in capsys.readouterr().out


# -- mistakes


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["n.toy"], 2, r'there is no file "n.toy"\n.*"m.toy"'),
        (["https://models.example/m.toy"], 2, 'https://models.example/m.toy" is an address, and no file'),
        (["m.toy", "o.toy"], 2, '"o.toy" is one too many'),
        (["insepct", "m.toy"], 2, 'there is no command "insepct"\n.*"inspect"'),
        (["m.toy", "--input_model", "o.toy"], 2, "two models are given"),
        (["--silent"], 2, "there is no model to convert"),
        (["m.toy", "--inputs", "x"], 2, r'no option --inputs\n.*"--input"'),
        (["m.toy", "--input", "w"], 2, r'--input: the model has no "w"\n.*"x"'),
        (["m.toy", "--input", "x[1,a]"], 2, r'"a" is not a dimension\n  --input x\[1,a\]\n +\^'),
        (["m.toy", "--disable_pass", "nothing"], 2, 'no pass "nothing"'),
        (["m.toy", "--other_file", "f"], 2, "option for other models, and this is a model of toy"),
        (["m.toy", "--input_proto", "f"], 2, "option for Caffe models"),
        (["m.toy", "--framework", "kaldi", "--block_plugin", "mo-kaldi"], 2, "left out\nTake it off --block_plugin"),
        (["m.toy", "--model_name", "a/b"], 2, "Give a name without folders"),
        (["m.toy", "--output_dir", "m.toy"], 2, "cannot be written to"),
        (["m.toy", "--report", "no/such/r.json"], 2, "no folder for"),
        (["m.toy", "--block_plugin", "x", "--extension", "none.py"], 2, 'extension "none.py" does not exist'),
        (["bad.toy"], 3, "line 1 of the graph"),
        (["unknown.toy"], 4, "Thrice"),
        (["crash.toy"], 5, 'the front-end "toy" of toy.py failed: RuntimeError: something unforeseen'),
    ],
)
def test_errors_have_their_exit_code_and_no_traceback(
    toy: Path, capsys: pytest.CaptureFixture[str], argv: list[str], code: int, message: str
) -> None:
    (toy / "bad.toy").write_text("%0 = nothing")
    (toy / "unknown.toy").write_text(MODEL.replace("toy.Twice", "toy.Thrice"))
    (toy / "crash.toy").write_text("crash")
    assert run(*argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mo: error: ")
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert not [p for p in toy.iterdir() if p.suffix == ".tmp"]
    assert not [p for p in toy.iterdir() if p.suffix in (".xml", ".bin")]


def test_debugging_shows_where_an_error_came_from(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "crash.toy").write_text("crash")
    assert run("crash.toy", "--log_level", "DEBUG") == 5
    assert "Traceback" in capsys.readouterr().err


def test_what_fails_in_the_core_is_an_internal_error(
    toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr("mo_core.emit.save", fail)
    assert run("m.toy") == 70
    told = capsys.readouterr().err
    assert "internal error: RuntimeError: something unforeseen" in told and "Traceback" not in told


def test_a_program_for_one_framework_takes_no_other(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("m.toy", "--framework", "onnx", framework="toy") == 2
    assert "mo-toy: error: mo-toy converts no onnx models" in capsys.readouterr().err
    assert run("m.toy", "--other_file", "f", framework="toy") == 2
    assert "no option --other_file" in capsys.readouterr().err


# -- the process


def process(toy: Path, *argv: str) -> list[str]:
    return [sys.executable, "-m", "mo_core.app.cli", *argv, "--extension", "toy.py"]


def test_nothing_heavy_is_imported_for_a_conversion(toy: Path) -> None:
    code = (
        "import sys; from mo_core.app.cli import main\n"
        "code = main(['m.toy', '--extension', 'toy.py', '--silent'])\n"
        "heavy = {'rich', 'openvino', 'onnx', 'google.protobuf', 'numpy.testing', 'unittest'}\n"
        "assert code == 0 and not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=toy, check=True, timeout=60)


def test_an_interrupt_while_modules_are_loaded_shows_no_traceback() -> None:
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mo_core.app.arguments': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from mo_core.app.process import main\n"
        "main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (130, "mo: interrupted; earlier output is untouched\n")


@pytest.mark.skipif(os.name == "nt", reason="signals of this kind are of POSIX systems")
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_leaves_what_was_there(toy: Path, kind: signal.Signals) -> None:
    (toy / "m.xml").write_text("earlier")
    command = process(toy, "m.toy", "--wait", "60")
    if kind == signal.SIGINT:  # a parent that ignores it, as nohup's background jobs do, hands that down
        set_up = (
            "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
        )
        command = [sys.executable, "-c", set_up, *command]
    with subprocess.Popen(command, cwd=toy, stderr=subprocess.PIPE, text=True) as running:
        while not (toy / "waiting").exists() and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(kind)
        _, err = running.communicate(timeout=30)
    (toy / "waiting").unlink()
    assert running.returncode == 130
    assert err == "mo: interrupted; earlier output is untouched\n"
    assert written(toy) == {"m.xml"}
    assert (toy / "m.xml").read_text() == "earlier"


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("how", ["cat m.toy | {} /dev/stdin", "{} - < m.toy", "cat m.toy | {} --input_model -"])
def test_a_model_may_come_through_a_pipe(toy: Path, how: str) -> None:
    command = how.format(" ".join([sys.executable, "-m", "mo_core.app.cli"]))
    options = " --framework toy --extension toy.py -n piped"
    done = subprocess.run(["sh", "-c", command + options], cwd=toy, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert written(toy) == {"piped.xml", "piped.bin"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize(
    ("where", "code", "message"),
    [(">&-", 0, ""), (">&- 2>&-", 0, ""), (">/dev/full", 2, "cannot write to the standard output")],
)
def test_an_output_that_takes_nothing(toy: Path, where: str, code: int, message: str) -> None:
    command = " ".join(process(toy, "m.toy")) + " " + where
    done = subprocess.run(["sh", "-c", command], cwd=toy, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert written(toy) == {"m.xml", "m.bin"}


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_closed_pipe_is_no_error(toy: Path) -> None:
    command = " ".join(process(toy, "--list-passes")) + " | head -n 1"
    done = subprocess.run(["sh", "-c", command], cwd=toy, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_the_package_runs_as_a_module_and_shows_what_it_has() -> None:
    done = subprocess.run([sys.executable, "-m", "mo_core", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"mo {mo_core.__version__}\n")
    wrong = subprocess.run([sys.executable, "-m", "mo_core", "--nothing"], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == mo_core.UsageError.exit_code
    assert set(mo_core.__all__) <= set(dir(mo_core))


def test_the_report_of_a_failure_replaces_an_earlier_report_only(toy: Path) -> None:
    (toy / "unknown.toy").write_text(MODEL.replace("toy.Twice", "toy.Thrice"))
    before = (toy / "unknown.toy").read_text()
    assert run("unknown.toy", "--report", "unknown.toy") == 4
    assert (toy / "unknown.toy").read_text() == before
    for _ in range(2):
        assert run("unknown.toy", "--report", "r.json") == 4
        assert json.loads((toy / "r.json").read_text())["status"] == "failed"
    assert run("m.toy", "--report", "r.json", "--silent") == 0
    assert json.loads((toy / "r.json").read_text())["status"] == "converted"
