"""First states of LSTM cells that are a single number."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.cell_states import cell_states

DATA = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
STATE = np.random.default_rng(2).normal(size=(2, 4)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(7, 16)).astype(np.float32)


def cell(state, kind):
    return f"""
    %x = Parameter : f32[2,3] "x"
    %h = Parameter : f32[2,4] "h"
    %both = Concat(%x, %h) {{axis=1}}
    %w = Constant {W.round(3).tolist()} : f32[7,16]
    %product = MatMul(%both, %w)
    %b = Constant {[0.5] * 16} : f32[16]
    %sum = Add(%product, %b)
    %axis = Constant 1 : i64[]
    %i, %j, %f, %o = Split(%sum, %axis) {{num_splits=4}}
    %one = Constant 1.0 : f32[]
    %more = Add(%f, %one)
    %forget = Sigmoid(%more)
    %c = Constant {state} : {kind}
    %kept = Multiply(%c, %forget)
    %in = Sigmoid(%i)
    %new = Tanh(%j)
    %added = Multiply(%in, %new)
    %cell = Add(%kept, %added)
    %shown = Tanh(%cell)
    %out = Sigmoid(%o)
    %y = Multiply(%shown, %out) "y"
    return %y
    """


def test_a_state_of_one_number_gets_the_shape_of_the_cell():
    whole = cell("0.0", "f32[]").replace(
        "%kept = Multiply(%c, ", "%shape = ShapeOf(%forget)\n%wide = Broadcast(%c, %shape)\n%kept = Multiply(%wide, "
    )
    check_pass(cell("0.0", "f32[]"), whole, cell_states, inputs=[DATA, STATE])


def test_a_state_of_the_whole_shape_stays():
    check_pass(cell([[0.0] * 4] * 2, "f32[2,4]"), None, cell_states, inputs=[DATA, STATE])


def test_a_number_times_a_sigmoid_that_is_no_cell_stays():
    text = """
    %x = Parameter : f32[2,3] "x"
    %s = Sigmoid(%x)
    %c = Constant 2.0 : f32[]
    %y = Multiply(%c, %s) "y"
    return %y
    """
    check_pass(text, None, cell_states, inputs=[DATA])


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go."""
    with pytest.raises(RuntimeError, match="out-of-range"):
        evaluate(parse(cell("0.0", "f32[]")), DATA, STATE, engine="runtime")
