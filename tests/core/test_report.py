from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest

from mo_core.app.progress import Progress
from mo_core.app.report import Report, format_bytes, peak_memory
from mo_core.emit import Emitted
from mo_core.errors import UsageError
from mo_core.frontend import Frontend, SourceModel
from mo_core.ir import Foreign, Graph
from mo_core.ir import types as t
from mo_core.ir.types import Dynamic, Type
from mo_core.rewriting.passes import Context
from mo_core.rewriting.record import Declined, Firing, Unnamed
from mo_core.testing import parse


class Toy(Frontend):
    name, title = "toy", "Toy"


RESULT = """
    %x = Parameter : f32[?,3] "x"
    %y = ReLU(%x) "relu"
    %z = Exp(%y) "exp" <"z", "alias">
    return %z
"""


def source() -> SourceModel:
    graph = Graph("net")
    x = graph.add_input("x", t.f32, (Dynamic(), 3))
    weights = graph.add(Foreign("toy", "Const", [], {}, [Type(t.f32, (3,))], name="w"))
    graph.add_output(
        graph.add(Foreign("toy", "Dense", [x, weights], {}, [Type(t.f32, (Dynamic(), 3))], name="dense")), "z"
    )
    return SourceModel(graph, name="net")


def report() -> Report:
    made = Report()
    made.source(source(), Toy())
    made.seconds.update(read=0.25, convert=0.5)
    context = Context(seconds={"merge": 0.1}, info={"channels": "RGB to BGR"})
    context.record.fire(Firing("merge", "merge-adds", ("add1", "add2"), "conv"))
    context.record.decline(Declined("merge", "merge-adds", "add3", ("a3",), "the factor is not constant"))
    made.finish(parse(RESULT), context)
    emitted = Emitted(
        Path("net.xml"), Path("net.bin"), xml_bytes=2048, bin_bytes=5 << 20, shared_bytes=1024, kept_full=["w"]
    )
    made.emitted(emitted, 0.25)
    return made


def test_all_stages_are_in_the_data() -> None:
    data = json.loads(report().to_json())
    assert data["source_ops"] == {"toy.Const": 1, "toy.Dense": 1}
    assert data["ops"] == {"Exp": 1, "ReLU": 1}
    assert data["outputs"] == [{"name": "z", "names": ["z", "alias"], "element": "f32", "shape": "[?,3]"}]
    assert data["seconds"] == {"read": 0.25, "convert": 0.5, "write": 0.25}
    assert data["files"] == {"net.xml": 2048, "net.bin": 5 << 20}
    assert data["firings"] == [{"pass_name": "merge", "rule": "merge-adds", "gone": ["add1", "add2"], "kept": "conv"}]
    assert data["declines"][0]["reason"] == "the factor is not constant"
    assert data["rewrites"] == {"merge/merge-adds": 1}
    assert data["notes"] == ['1 constant does not fit f16 and stays f32: "w".']


def test_the_summary_is_short_and_says_what_matters() -> None:
    lines = report().summary().split("\n")
    assert lines[0] == "Toy model net"
    assert [line.split() for line in lines[1:3]] == [["inputs", "x", "f32[?,3]"], ["outputs", "z", "f32[?,3]"]]
    text = "\n".join(lines)
    assert "operations  1 -> 2 (1 Exp, 1 ReLU)" in text
    assert "rewrites    1 (1 merge)" in text
    assert "channels    RGB to BGR" in text
    assert "weights     5.0 MiB, 1.0 KiB saved by sharing equal ones" in text
    assert "time        1.00 s (read 0.25, convert 0.50, write 0.25)" in text
    assert "written     net.bin (5.0 MiB)" in text
    assert lines[-1].startswith("note: 1 constant")
    assert len(lines) < 15


def test_many_inputs_are_counted_not_listed() -> None:
    made = Report()
    made.inputs = [made_port for made_port in report().inputs for _ in range(30)]
    assert "and 22 more" in made.summary()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("add1", '"add1":\n  merge/merge-adds joined "add1", "add2" into "conv"'),
        ("merge@conv", '"conv":\n  merge/merge-adds joined "add1", "add2" into "conv"'),
        ("merge-adds@a3", '"a3":\n  merge/merge-adds did not fire at "add3": the factor is not constant'),
        ("other@conv", 'no rule matched at "other@conv"'),
        ("dense", 'no rule matched at "dense"'),
    ],
)
def test_firings_and_declines_are_explained(query: str, expected: str) -> None:
    assert report().explain(query).startswith(expected)
    with pytest.raises(UsageError, match='has no node "add4"\ndid you mean "add'):
        report().explain("add4")


def test_sizes_are_readable() -> None:
    assert [format_bytes(n) for n in (0, 1023, 1024, 102_236_160, 5 << 30)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "97.5 MiB",
        "5.00 GiB",
    ]


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory()
    held = bytearray(before + (64 << 20))
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory() >= before + (48 << 20)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def work(progress: Progress) -> None:
    with progress:
        progress.stage("read")
        for i in range(3):
            progress.tick(256 * i)
        progress.stage("write", total=200)
        progress.advance(100)


def test_quick_work_shows_nothing_on_a_terminal() -> None:
    stream = Terminal()
    work(Progress(stream=stream))
    assert stream.getvalue() == ""


def test_long_work_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 2))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    terminal, log = Terminal(), io.StringIO()
    work(Progress(stream=log))
    assert log.getvalue() == ""
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)  # as if rich were not there
    work(Progress(stream=terminal))
    shown = terminal.getvalue()
    assert "reading 256" in shown and "writing 50%" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_bar_is_drawn_with_rich() -> None:
    pytest.importorskip("rich")
    terminal = Terminal()
    work(Progress("always", terminal))
    assert "reading" in terminal.getvalue()


def test_lines_for_logs() -> None:
    log = io.StringIO()
    work(Progress("lines", log))
    assert log.getvalue() == "reading\nwriting 0%, 0 B of 200 B\n"
    log = io.StringIO()
    work(Progress("off", log))
    assert log.getvalue() == ""


def test_a_terminal_that_goes_away_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)
    work(Progress("always", Broken()))


def test_names_that_went_are_told_with_what_keeps_them() -> None:
    made = report()
    assert "names gone" not in made.summary()
    made.record.unnamed.append(Unnamed("stride-optimization", "stride-into-convolution", "feature_map"))
    assert 'names gone  "feature_map": no tensor holds what the source has there' in made.summary()
    told = made.explain("feature_map")
    assert 'took the tensor name "feature_map" away' in told and "--output" in told
    assert json.loads(made.to_json())["unnamed"][0]["name"] == "feature_map"


def test_what_was_taken_out_is_explained() -> None:
    made = report()
    made.record.fire(Firing("constant-folding", "constant", ("shift",), ""))
    assert made.explain("shift") == '"shift":\n  constant-folding/constant took "shift" out'
