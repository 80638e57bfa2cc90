"""Variables that are assigned to before they are read."""

import numpy as np
import pytest

from tests.adapters.tensorflow.running import check, random, tf

FIRST, SECOND, THIRD = (random(2, 3, seed=i) for i in range(3))
X = random(seed=9)


def _after(update, make):
    with tf().control_dependencies([update]):
        return make()


def _reference(kind="float32"):
    """A variable of the first generation with its first assignment."""
    raw = tf().raw_ops
    variable = raw.VariableV2(shape=[2, 3], dtype=kind)
    return variable, raw.Assign(ref=variable, value=FIRST.astype(kind))


@pytest.mark.parametrize("kind", ["float32", "float16", "float64", "int32", "uint8"])
def test_a_constant_that_is_assigned_first(kind):
    def build(x):
        variable, assigned = _reference(kind)
        return _after(assigned, lambda: x + variable)

    check(build, x=np.array(2, kind))


@pytest.mark.parametrize("op", ["AssignAdd", "AssignSub"])
def test_a_variable_is_read_before_and_after_it_changes(op):
    def build(x):
        variable, assigned = _reference()
        before = _after(assigned, lambda: variable * x)
        changed = _after(before, lambda: getattr(tf().raw_ops, op)(ref=variable, value=SECOND))
        return _after(changed, lambda: variable - before)

    check(build, x=X)


@pytest.mark.parametrize("op", ["AssignAdd", "AssignSub"])
def test_an_assignment_stands_for_its_variable(op):
    def build(x):
        variable, assigned = _reference()
        changed = getattr(tf().raw_ops, op)(ref=assigned, value=SECOND)
        return variable * (changed - x)

    check(build, x=X)


def test_what_is_assigned_may_be_computed():
    def build(x):
        variable, assigned = _reference()
        again = _after(assigned, lambda: tf().raw_ops.Assign(ref=variable, value=SECOND * x))
        return _after(again, lambda: variable + 1)

    check(build, x=X)


def test_a_resource_is_changed_again_and_again():
    def build(x):
        raw = tf().raw_ops
        handle = raw.VarHandleOp(shape=[2, 3], dtype="float32")
        update = raw.AssignVariableOp(resource=handle, value=FIRST)
        update = _after(update, lambda: raw.AssignAddVariableOp(resource=handle, value=SECOND * x))
        between = _after(update, lambda: raw.ReadVariableOp(resource=handle, dtype="float32"))
        update = _after(between, lambda: raw.AssignSubVariableOp(resource=handle, value=THIRD))
        return between, _after(update, lambda: raw.ReadVariableOp(resource=handle, dtype="float32"))

    check(build, x=X)


def test_a_function_changes_the_variable_that_it_is_given():
    def build(x):
        raw = tf().raw_ops
        handle = raw.VarHandleOp(shape=[2, 3], dtype="float32")
        update = raw.AssignVariableOp(resource=handle, value=FIRST)

        @tf().function
        def changed(resource, more):
            raw.AssignAddVariableOp(resource=resource, value=SECOND * more)
            return raw.ReadVariableOp(resource=resource, dtype="float32")

        return _after(update, lambda: changed(handle, x))

    check(build, x=X)
