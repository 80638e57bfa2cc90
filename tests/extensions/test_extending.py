"""docs/extending.md: its five steps are done as it says, and what it names as examples is there and tested."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import openvino
import pytest

import mo_core
from tests.adapters.onnx.tiny import convolution
from tests.extensions import test_sample_extension, test_small_samples
from tests.extensions.environment import Environment, build_wheels
from tests.extensions.page import read_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
X = np.array([[0, 1, -2], [3, -4, 5]], np.float32)
STEPS = re.split(r"^## Step (\d): .*$", PAGE.read_text(encoding="utf-8").split("\n## Samples")[0], flags=re.MULTILINE)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    wheels = tmp_path_factory.mktemp("wheels")
    build_wheels(wheels, ROOT / "core", ROOT / "adapters" / "onnx")
    made = Environment(tmp_path_factory.mktemp("environment"), wheels)
    made.lend("onnx", "pytest", "hatchling")
    made.run("pip", "install", "mo-onnx")
    return made


def computed(xml):
    return openvino.Core().compile_model(openvino.Core().read_model(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        [X]
    )[0]


def test_the_five_steps_do_what_the_page_says(environment, tmp_path):
    """In an environment that has nothing but mo-core and mo-onnx, in a folder that has nothing at all."""
    assert STEPS[1::2] == ["1", "2", "3", "4", "5"]
    done = []
    for number, text in zip(STEPS[1::2], STEPS[2::2]):
        (tmp_path / "step.md").write_text(text, encoding="utf-8")
        page = read_page(tmp_path / "step.md")
        assert page.commands, f"step {number} has no command"
        for name, content in page.files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        for command, output in page.commands:
            code = 4 if any(line.startswith("mo: error: ") for line in output) else 0
            printed = environment.run(*as_program(command), cwd=tmp_path, code=code)
            for line in output:
                assert line in printed, f"{command} does not print {line!r}, but:\n{printed}"
        done.append(number)
    want = X / np.sqrt(1 + 3 * X**2)
    for path in ("ir/net.xml", "installed/net.xml", "early/early.xml"):
        np.testing.assert_allclose(computed(tmp_path / path), want, rtol=1e-6)


def as_program(command):
    """A command of the shell, where the shell may be another one."""
    words = shlex.split(command)
    return ["python", "-c", "import shutil, sys; shutil.copy(*sys.argv[1:])", *words[1:]] if words[0] == "cp" else words


def rows():
    table = PAGE.read_text(encoding="utf-8").split("## Old mechanism")[1].split("|---|---|---|\n")[1]
    return [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]


def test_the_table_speaks_of_every_mechanism():
    text = " ".join(row[0] for row in rows())
    named = (
        "FrontExtractorOp Op FrontReplacementSubGraph JSON CustomLayersMapping excluded_classes MO_DISABLED_TRANSFORMS"
    )
    missing = [word for word in named.split() if word.lower() not in text.lower()]
    assert not missing


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_every_example_is_there_and_tested(row):
    _, _, example = row
    name, _, test = example.strip("`").partition("::")
    if test:
        assert re.search(rf"^def {test}\(", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    else:
        assert name in test_small_samples.SAMPLES or name == test_sample_extension.SAMPLE.name


# -- examples of the table that no sample has


def kinds(model):
    return [n.type_name for n in model.graph]


def test_a_pass_is_switched_off_by_name(tmp_path):
    convolution(tmp_path / "m.onnx")
    assert "BatchNormInference" not in kinds(mo_core.convert(tmp_path / "m.onnx"))
    assert "BatchNormInference" in kinds(mo_core.convert(tmp_path / "m.onnx", disable_pass="batch-norm"))


PASS = """
from mo_core import hookimpl
from mo_core.ops import Abs
from mo_core.rewriting import Stage, any_, p, rewrites, rule

@rule(p.ReLU(any_("x")))
def absolute(x):
    return Abs(x)

@hookimpl
def mo_passes():
    return [rewrites("absolute", absolute, stage=Stage.FUSE, default=False)]
"""


def test_a_pass_is_switched_on_by_name(tmp_path):
    convolution(tmp_path / "m.onnx")
    (tmp_path / "absolute.py").write_text(PASS)
    for asked in (False, True):
        options = {"enable_pass": "absolute"} if asked else {}
        model = mo_core.convert(tmp_path / "m.onnx", extension=tmp_path / "absolute.py", **options)
        assert ("Abs" in kinds(model)) is asked


def test_a_folder_of_files(tmp_path):
    convolution(tmp_path / "m.onnx")
    folder = tmp_path / "extensions"
    folder.mkdir()
    (folder / "absolute.py").write_text(PASS.replace("default=False", "before=('activation-fusion',)"))
    (folder / "other.py").write_text(
        PASS.replace("ReLU", "Abs")
        .replace("Abs(x)", "Negative(x)")
        .replace("import Abs", "import Negative")
        .replace("absolute", "negative")
        .replace("default=False", "after=('absolute',)")
    )
    model = mo_core.convert(tmp_path / "m.onnx", extension=folder)
    assert "ReLU" not in kinds(model) and model.report.plugins[-2:] == [
        str(folder / "absolute.py"),
        str(folder / "other.py"),
    ]
