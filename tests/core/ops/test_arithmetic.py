"""Element-wise operations: what they infer, against the table and against the runtime."""

from __future__ import annotations

import pytest

from mo_core import ops
from mo_core.ir import types as t
from tests.core.ops.runtime import Build, check, errors_test, param, types_test

p = param

TYPES: list[tuple[Build, str]] = [
    (lambda: ops.Add(p("f32[2,3]"), p("f32[3]")), "f32[2,3]"),
    (lambda: ops.Add(p("f32[?,1,4]"), p("f32[3,1]")), "f32[?,3,4]"),
    (lambda: ops.Add(p("f32[...]"), p("f32[3,1]")), "f32[...]"),
    (lambda: ops.Subtract(p("i64[]"), 1), "i64[]"),
    (lambda: ops.Multiply(p("f16[2..5,1]"), p("f16[4]")), "f16[2..5,4]"),
    (lambda: ops.Divide(p("i32[4]"), 2, m_pythondiv=False), "i32[4]"),
    (lambda: ops.Power(p("f32[2,3]"), 2.0), "f32[2,3]"),
    (lambda: ops.Mod(p("i64[2,3]"), 2), "i64[2,3]"),
    (lambda: ops.FloorMod(p("i64[2,3]"), 2), "i64[2,3]"),
    (lambda: ops.Maximum(p("f32[2,1]"), p("f32[1,3]")), "f32[2,3]"),
    (lambda: ops.Minimum(p("u8[2,1]"), 3), "u8[2,1]"),
    (lambda: ops.SquaredDifference(p("f32[2,1]"), 3.0), "f32[2,1]"),
    (lambda: ops.Equal(p("f32[2,1]"), p("f32[3]")), "boolean[2,3]"),
    (lambda: ops.NotEqual(p("boolean[2]"), p("boolean[]")), "boolean[2]"),
    (lambda: ops.Greater(p("i64[?]"), 1), "boolean[?]"),
    (lambda: ops.GreaterEqual(p("i64[?]"), 1), "boolean[?]"),
    (lambda: ops.Less(p("i64[?]"), 1), "boolean[?]"),
    (lambda: ops.LessEqual(p("i64[?]"), 1), "boolean[?]"),
    (lambda: ops.LogicalAnd(p("boolean[2,1]"), p("boolean[3]")), "boolean[2,3]"),
    (lambda: ops.LogicalOr(p("boolean[2,1]"), p("boolean[3]")), "boolean[2,3]"),
    (lambda: ops.LogicalXor(p("boolean[2,1]"), p("boolean[3]")), "boolean[2,3]"),
    (lambda: ops.BitwiseAnd(p("i32[2,1]"), p("i32[3]")), "i32[2,3]"),
    (lambda: ops.BitwiseOr(p("boolean[2]"), p("boolean[2]")), "boolean[2]"),
    (lambda: ops.BitwiseXor(p("u8[2]"), 7), "u8[2]"),
    (lambda: ops.BitwiseLeftShift(p("i32[2]"), 7), "i32[2]"),
    (lambda: ops.BitwiseRightShift(p("i32[2]"), 7), "i32[2]"),
    (lambda: ops.BitwiseNot(p("i32[2]")), "i32[2]"),
    (lambda: ops.LogicalNot(p("boolean[?,2]")), "boolean[?,2]"),
    (lambda: ops.Select(p("boolean[2,1]"), p("f32[3]"), 0.0), "f32[2,3]"),
    (lambda: ops.Round(p("f32[2]"), mode="half_away_from_zero"), "f32[2]"),
    (lambda: ops.IsNaN(p("f32[2,?]")), "boolean[2,?]"),
    (lambda: ops.IsInf(p("f32[...]"), detect_negative=False), "boolean[...]"),
    (lambda: ops.IsFinite(p("f32[2]")), "boolean[2]"),
    (lambda: ops.PReLU(p("f32[1,3,?]"), p("f32[3]")), "f32[1,3,?]"),
    (lambda: ops.PReLU(p("f32[1,3,4]"), p("f32[3,1]")), "f32[1,3,4]"),
    (lambda: ops.Elu(p("f32[2]"), alpha=0.5), "f32[2]"),
    (lambda: ops.Selu(p("f32[2]"), 1.5, 1.25), "f32[2]"),
    (lambda: ops.HardSigmoid(p("f32[2]"), 0.25, 0.5), "f32[2]"),
    (lambda: ops.Swish(p("f32[2]")), "f32[2]"),
    (lambda: ops.Swish(p("f32[2]"), 1.5), "f32[2]"),
    (lambda: ops.Gelu(p("f32[2]"), approximation_mode="TANH"), "f32[2]"),
    (lambda: ops.Clamp(p("i32[2]"), min=-1.0, max=5.5), "i32[2]"),
    (lambda: ops.Softmax(p("f32[2,?]"), axis=-1), "f32[2,?]"),
    (lambda: ops.LogSoftmax(p("f32[...]"), axis=-1), "f32[...]"),
    (lambda: ops.Convert(p("f32[2,?]"), destination_type=t.i8), "i8[2,?]"),
    (lambda: ops.ConvertLike(p("f32[2,?]"), p("boolean[]")), "boolean[2,?]"),
    (lambda: ops.FakeQuantize(p("f32[1,3,?]"), [[0.0]], [[1.0]], 0.0, 1.0, levels=256), "f32[1,3,?]"),
    (lambda: ops.FakeConvert(p("f32[1,3]"), 1.0, destination_type="f8e5m2"), "f32[1,3]"),
    (lambda: ops.Identity(p("string[1,3]")), "string[1,3]"),
    *[
        (lambda kind=kind: kind(p("f32[1,?,3..5]")), "f32[1,?,3..5]")
        for kind in (
            ops.Abs,
            ops.Acos,
            ops.Acosh,
            ops.Asin,
            ops.Asinh,
            ops.Atan,
            ops.Atanh,
            ops.Ceiling,
            ops.Cos,
            ops.Cosh,
            ops.Erf,
            ops.Exp,
            ops.Floor,
            ops.Log,
            ops.Negative,
            ops.Round,
            ops.Sign,
            ops.Sin,
            ops.Sinh,
            ops.Sqrt,
            ops.Tan,
            ops.Tanh,
            ops.ReLU,
            ops.Sigmoid,
            ops.HSigmoid,
            ops.HSwish,
            ops.Mish,
            ops.SoftPlus,
            ops.SoftSign,
            ops.Gelu,
        )
    ],
]


test_types = types_test(TYPES)


@pytest.mark.parametrize("a", "i8 u8 i32 i64 f16 f32 boolean u64".split())
@pytest.mark.parametrize("b", "i8 u8 i32 i64 f16 bf16 f32 boolean u64".split())
@pytest.mark.parametrize("shape", ["[2]", "[]"])
def test_promotion_is_the_runtimes(a: str, b: str, shape: str) -> None:
    node = ops.ConvertPromoteTypes(
        p(a + "[2]"),
        p(b + shape),
        promote_unsafe=True,
        pytorch_scalar_promotion=True,
        u64_integer_promotion_target=t.i64,
    )
    check(node)


ERRORS: list[tuple[Build, str]] = [
    (lambda: ops.Add(p("f32[2]"), p("f32[3]")), "do not broadcast"),
    (lambda: ops.Add(p("f32[2]"), p("i32[2]")), "element types differ"),
    (lambda: ops.LogicalAnd(p("f32[2]"), p("f32[2]")), "boolean"),
    (lambda: ops.LogicalNot(p("i32[2]")), "boolean"),
    (lambda: ops.BitwiseAnd(p("f32[2]"), p("f32[2]")), "whole numbers"),
    (lambda: ops.Select(p("i32[2]"), p("f32[2]"), p("f32[2]")), "boolean"),
    (lambda: ops.PReLU(p("f32[1,4,5]"), p("f32[3]")), "slopes and channels"),
    (lambda: ops.Clamp(p("f32[2]"), min=2.0, max=1.0), "empty range"),
    (lambda: ops.Softmax(p("f32[2]"), axis=1), "outside"),
    (lambda: ops.FakeQuantize(p("f32[3]"), 0.0, 1.0, 0.0, 1.0, levels=1), "levels"),
    (lambda: ops.FakeConvert(p("f32[3]"), 1.0, destination_type="f16"), "f8e4m3"),
]


test_errors = errors_test(ERRORS)


def test_a_dynamic_dimension_keeps_its_identity() -> None:
    x = p("f32[?,3]")
    y = ops.Tanh(ops.Add(ops.Multiply(x, 2.0), p("f32[3]")))
    assert y.dims[0] is x.dims[0]
