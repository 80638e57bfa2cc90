"""What was given as data is told as the text that says the same: in reports, and in the IR, whose options are repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mo_core
from mo_core.app import cli
from mo_core.options import OptionTable
from mo_core.options.inputs import InputSpec
from tests.core.test_cli import toy  # noqa: F401 -- the fixture

DATA: list[tuple[str, Any, str]] = [
    ("input_shape", (1, 3, 8, 8), "[1,3,8,8]"),
    ("input_shape", [1, None, "2..8", -1], "[1,?,2..8,?]"),
    ("input_shape", [[1, 3], (2,), "[...]"], "[1,3],[2],[...]"),
    ("input_shape", [[]], "[]"),
    ("input", {"x": [1, None, "..8"], "y": None}, "x[1,?,..8],y"),
    ("input", ("x", [2, 3], float), "x[2,3]{f32}"),
    ("input", [("x", [2], np.int8), "y:0", ("2:z", "u8")], "x[2]{i8},y:0,2:z{u8}"),
    ("output", ["a", "b:1", "2:c"], "a,b:1,2:c"),
    ("freeze_placeholder_with_value", {"k": 0.1, "b": True, "s": "text"}, 'k->0.1,b->True,s->"text"'),
    ("freeze_placeholder_with_value", {"a": np.array([[1, 2], [3, 4]])}, "a->[[1,2],[3,4]]"),
    ("freeze_placeholder_with_value", {"s": np.array(["a,b", 'say "c"'])}, 's->["a,b",\'say "c"\']'),
    ("mean_values", {"x": (1, 2, 3.5), "y": np.array([1e-9])}, "x[1,2,3.5],y[1e-09]"),
    ("mean_values", [[1, 2], [3]], "(1,2),(3)"),
    ("scale_values", 255, "(255)"),
    ("layout", {"x": "nhwc->nchw", "y": "[n*c,...]"}, "x([n,h,w,c]->[n,c,h,w]),y([n*c,...])"),
    ("layout", ["nhwc", "->nc"], "[n,h,w,c],->[n,c]"),
    ("target_layout", {"x": "nhwc"}, "x(->[n,h,w,c])"),
    ("transform", ("LowLatency2", {"use_const_initializer": False}), "LowLatency2[use_const_initializer=False]"),
    (
        "transform",
        [("MakeStateful", {"param_res_names": {"a": "b", "c": "d"}}), "Pruning"],
        "MakeStateful[param_res_names={'a':'b','c':'d'}],Pruning",
    ),
]


def _plain(specs: Any) -> Any:
    """Specs as what can be compared."""
    if isinstance(specs, tuple):
        return tuple(map(_plain, specs))
    if isinstance(specs, InputSpec):
        value = None if specs.value is None else np.asarray(specs.value).tolist()
        return specs.text, specs.name, specs.in_port, specs.out_port, _plain(specs.shape), specs.element, value
    return str(specs)


@pytest.mark.parametrize(("name", "data", "text"), DATA)
def test_data_is_told_as_the_text_that_says_the_same(name: str, data: Any, text: str) -> None:
    given, again = OptionTable().build({name: data}), OptionTable().build({name: text})
    assert given.values() == {name: text}
    assert _plain(getattr(given, name)) == _plain(getattr(again, name))


@pytest.mark.parametrize(
    ("data", "shape"),
    [({"input_shape": (2, 3)}, "[2,3]"), ({"input": {"x": [2, 3]}}, "[2,3]"), ({"input": ("x", [2, 3], int)}, "[2,3]")],
)
def test_an_ir_made_from_data_can_be_made_again(
    toy: Path,  # noqa: F811
    data: dict[str, Any],
    shape: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mo_core.convert("m.toy", extension="toy.py", **data).save("first.xml")
    assert cli.main(["m.toy", "--extension", "toy.py", "--config", "first.xml", "-o", "second.xml"]) == 0
    assert shape in capsys.readouterr().out
    first, second = (Path(name).read_bytes().replace(b"second", b"first") for name in ("first.xml", "second.xml"))
    assert first == second


def test_a_target_layout_may_have_the_arrow_and_a_source_layout_not() -> None:
    assert OptionTable().build({"target_layout": "->nc"}).target_layout[0].target == ("n", "c")
    for given in ({"target_layout": "nc->cn"}, {"source_layout": "->nc"}):
        with pytest.raises(mo_core.UsageError, match="only --layout takes an arrow"):
            OptionTable().build(given)
