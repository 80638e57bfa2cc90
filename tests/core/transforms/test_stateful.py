"""State that is kept between inferences."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.transforms.command import Command, largest_difference


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


SUM = """
    %x = Parameter : f32[1,4] "x"
    %s = Parameter : f32[1,4] "state"
    %h = Multiply(%s, 0.5) "half"
    %n = Add(%h, %x) "sum" <"next">
    %y = Tanh(%n) "tanh" <"y">
    return %y, %n
"""
LSTM = """
    %x = Parameter : f32[1,LENGTH,3] "x"
    %h = Parameter : f32[1,1,2] "h"
    %c = Parameter : f32[1,1,2] "c"
    %w = Constant random(1) : f32[1,8,3]
    %r = Constant random(2) : f32[1,8,2]
    %b = Constant random(3) : f32[1,8]
    %y, %hn, %cn = LSTMSequence(%x, %h, %c, [LENGTH], %w, %r, %b) {hidden_size=2, direction=forward} "lstm" <"y">
    return %y
"""
LOOP = """
    %x = Parameter : f32[LENGTH,4] "x"
    %s = Parameter : f32[1,4] "state"
    %y, %z = TensorIterator(%x, %s) {body=graph "body" {
      %i = Parameter : f32[1,4] "i"
      %p = Parameter : f32[1,4] "p"
      %h = Multiply(%p, 0.5) "half"
      %n = Add(%h, %i) "sum"
      %t = Tanh(%n) "tanh"
      return %t, %n
    }, input_ports=[Sliced(parameter=0, axis=0, start=0, end=-1, stride=1, part_size=1), MERGED], OUT
    return %y
""".replace("MERGED", "Merged(parameter=1, result=1)").replace(
    "OUT",
    "output_ports=[Concatenated(result=0, axis=0, start=0, end=-1, stride=1, part_size=1), LastValue(result=1)]}"
    ' : f32[LENGTH,4], f32[1,4] "loop" <"y"> <"last">',
)


def sums(x: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = []
    for row in x:
        state = state * 0.5 + row
        rows.append(np.tanh(state))
    return np.stack(rows), state


def data(*shape):
    return np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32)


def steps(model, *feeds):
    """Results of one inference after the other, from a fresh state."""
    request = model.compiled().create_infer_request()
    return [next(iter(request.infer({"x": x}).values())).copy() for x in feeds]


def test_a_pair_becomes_a_variable(command):
    model = command.convert(SUM, "--transform", "MakeStateful[param_res_names={'state':'next'}]")
    x = data(5, 1, 4)
    got = steps(model, *x)
    assert largest_difference(np.concatenate(got), sums(x[:, 0], np.zeros(4))[0]) <= 1e-5
    compiled = model.compiled()
    assert [i.get_any_name() for i in compiled.inputs] == ["x"] and [o.get_any_name() for o in compiled.outputs] == [
        "y"
    ]
    assert [s.name for s in compiled.create_infer_request().query_state()] == ["statenext"]


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        (SUM, "MakeStateful[param_res_names={'stat':'next'}]", ['no input "stat"', 'mean "state"']),
        (SUM, "MakeStateful[param_res_names={'state':'nxt'}]", ['no output "nxt"', 'mean "next"']),
        (SUM.replace("f32[1,4]", "f32[?,4]"), "MakeStateful[param_res_names={'state':'next'}]", ["[?,4]", "--batch"]),
        (SUM, "MakeStateful", ["does not know what the state is"]),
        (SUM, "MakeStatefull", ["no transformation", 'mean "MakeStateful"']),
        (SUM, "LowLatency2[use_const_initialiser=False]", ["no option", 'mean "use_const_initializer"']),
        (SUM, "LowLatency2[use_const_initializer=7]", ["True or False"]),
        (SUM, "LowLatency", ["LowLatency2 takes its place"]),
        (SUM, "Pruning,Pruning", ["twice"]),
    ],
)
def test_what_makes_no_sense_is_refused(command, capsys, text, wanted, words):
    assert command(text, "--transform", wanted) == 2
    error = capsys.readouterr().err
    assert [w for w in words if w not in error] == []


def test_a_sequence_goes_on_where_the_last_one_ended(command):
    plain = command.convert(LSTM.replace("LENGTH", "6"))
    kept = command.convert(LSTM.replace("LENGTH", "2"), "--transform", "LowLatency2")
    assert kept.layers == ["ReadValue", "ReadValue", "LSTMSequence", "Assign", "Assign"]
    x = data(1, 6, 3)
    zero = np.zeros((1, 1, 2), np.float32)
    whole = plain.run({"x": x, "h": zero, "c": zero})[0]
    parts = steps(kept, x[:, :2], x[:, 2:4], x[:, 4:])
    assert largest_difference(np.concatenate(parts, axis=2), whole) <= 1e-5


def test_a_sequence_may_begin_as_the_model_says(command):
    model = command.convert(LSTM.replace("LENGTH", "2"), "--transform", "LowLatency2[use_const_initializer=False]")
    assert sorted(i.get_any_name() for i in model.compiled().inputs) == ["c", "h", "x"]


def test_what_computed_a_first_state_goes_with_its_input(command, capsys):
    turned = LSTM.replace("LENGTH", "2").replace(
        '%h = Parameter : f32[1,1,2] "h"', '%s = Parameter : f32[1,2,1] "h"\n%h = Transpose(%s, [0,2,1]) "turned"'
    )
    model = command.convert(turned, "--transform", "LowLatency2[]")
    assert model.layers == ["ReadValue", "ReadValue", "LSTMSequence", "Assign", "Assign"]
    assert [i.get_any_name() for i in model.compiled().inputs] == ["x"]
    assert 'the first state "h" is zero' in capsys.readouterr().out


def test_a_sequence_that_is_read_backwards_keeps_nothing(command, capsys):
    model = command.convert(LSTM.replace("LENGTH", "2").replace("forward", "reverse"), "--transform", "LowLatency2")
    assert model.layers == ["LSTMSequence"]
    assert "keeps no state" in capsys.readouterr().out


def test_a_loop_goes_on_where_the_last_one_ended(command):
    model = command.convert(LOOP.replace("LENGTH", "2"), "--transform", "LowLatency2")
    assert model.layers == ["ReadValue", "TensorIterator", "Assign"]
    x = data(6, 4)
    got = steps(model, x[:2], x[2:4], x[4:])
    assert largest_difference(np.concatenate(got), sums(x, np.zeros(4))[0]) <= 1e-5


def test_a_loop_of_one_iteration_is_none_any_more(command):
    model = command.convert(LOOP.replace("LENGTH", "1"), "--transform", "LowLatency2")
    assert sorted(model.layers) == ["Add", "Assign", "Multiply", "ReadValue", "Tanh"]
    x = data(5, 1, 4)
    assert largest_difference(np.concatenate(steps(model, *x)), sums(x[:, 0], np.zeros(4))[0]) <= 1e-5


def test_a_model_without_state_is_told(command, capsys):
    command.convert(SUM, "--transform", "LowLatency2")
    assert "nothing changed" in capsys.readouterr().out
