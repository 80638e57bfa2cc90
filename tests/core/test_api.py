"""The functions of the package, on the toy framework of the command line's tests."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import mo_core
from tests.core.test_cli import MODEL, toy  # noqa: F401 -- the fixture

EXTENSION = "toy.py"


def test_what_people_need_is_visible() -> None:
    assert {"convert", "inspect", "verify", "Model", "hookimpl", "MoError"} <= set(dir(mo_core)) & set(mo_core.__all__)
    assert all(getattr(mo_core, name) is not None for name in mo_core.__all__)


@pytest.mark.parametrize("how", ["path", "text", "input_model", "option", "bytes", "file", "stream"])
def test_a_source_may_be_given_in_many_ways(toy: Path, how: str) -> None:  # noqa: F811
    path, framework = toy / "m.toy", {"framework": "toy"}
    with open(path, "rb") as file:
        source, options = {
            "path": (path, {}),
            "text": (str(path), {}),
            "input_model": (None, {"input_model": path}),
            "option": (None, {"toy_folder": str(toy)}),
            "bytes": (path.read_bytes(), framework),
            "file": (file, {}),
            "stream": (io.BytesIO(path.read_bytes()), framework),
        }[how]
        model = mo_core.convert(source, extension=EXTENSION, **options)
        inspection = mo_core.inspect(source if how != "stream" else path, extension=EXTENSION, **options)
    assert {name: str(type_) for name, type_ in model.outputs.items()} == {"z": "f32[?,3]"}
    assert inspection.ops == {"Relu": 1, "Twice": 1}


@pytest.mark.parametrize(
    ("source", "options", "told"),
    [
        (None, {}, "there is no model to convert"),
        ("m.toy", {"input_model": "m.toy"}, "two models are given"),
        ("m.toy", {"report": "r.json"}, "Model.report.to_json"),
        ("m.toy", {"output_dir": "x"}, "Model.save"),
        ("m.toy", {"explain": "y"}, "Model.report.explain"),
        ("m.toy", {"progress": True}, "Nothing is printed"),
        (io.StringIO(MODEL), {}, "model is bytes"),
        (3, {}, "no installed front-end takes a builtins.int"),
    ],
)
def test_what_cannot_be_honoured_is_refused(toy: Path, source: object, options: dict[str, object], told: str) -> None:  # noqa: F811
    with pytest.raises(mo_core.UsageError, match=told):
        mo_core.convert(source, extension=EXTENSION, **options)


def test_a_model_shows_itself(toy: Path) -> None:  # noqa: F811
    model = mo_core.convert("m.toy", extension=EXTENSION, input_shape=[[2, 3]])
    assert repr(model).startswith('<Model "m": x f32[2,3] -> z f32[2,3]; 2 operations -> ')
    html = model._repr_html_()
    assert "<th>input x</th><td>f32[2,3]</td>" in html and "read with care" in html


def test_a_model_without_outputs_is_no_model(toy: Path) -> None:  # noqa: F811
    (toy / "none.toy").write_text('%x = Parameter : f32[2] "x"\nreturn\n')
    with pytest.raises(mo_core.ModelError, match="no outputs"):
        mo_core.convert("none.toy", extension=EXTENSION)
