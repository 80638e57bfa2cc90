"""Attribute types: annotations in every spelling, checked and parsed."""

from __future__ import annotations

from typing import Optional, Union

import numpy as np
import pytest

from mo_core.frontend import Converter, attribute_type
from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.ir.types import ElementType

Sizes = "tuple[int, ...]"  # an alias as text, as modules write those that the type checker reads
NAMES = {**globals()}


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", [3, np.int64(3), True], [3.5, "3", None, (3,)]),
        (int, [3], [3.5]),
        ("float", [3, 3.5, np.float32(1)], ["3", None]),
        ("bool", [True, 1, np.bool_(False)], ["True", 0.5]),
        ("str", ["a"], [1, ("a",)]),
        ("Ints", [(1, 2), [3], ()], [3, (1.5,), ("a",), None]),
        ("Sizes | None", [(1, 2), None], [3, (1.5,)]),
        ("Optional[Sizes]", [(1, 2), None], [3, (None,)]),
        (Optional[int], [1, None], ["1"]),  # noqa: UP045 - the spelling is what is tested
        (Union[int, str], [1, "a"], [1.5]),  # noqa: UP007 - the same
        (int | None, [1, None], [1.5]),
        ("Ints | int", [1, (1,)], ["1"]),
        ("tuple[int | None, ...]", [(1, None)], [(1.5,), None]),
        ("tuple[int, int]", [(1, 2)], [(1,), (1, 2, 3)]),
        (tuple[int, ...], [(1, 2)], [(1.5,)]),
        ("Reals", [(1, 2.5)], [("a",)]),
        ("Strings", [("a", "b")], ["a", (1,)]),
        ("ElementType", [t.f32], ["f32", 1]),
        (ElementType | None, [t.f32, None], ["f32"]),
        ("t.ElementType", [t.f32], ["f32"]),
        ("Graph", [Graph()], [1]),
        ("list[float]", [[1.5]], [1.5]),
        ("'int | None'", [1, None], ["1"]),
    ],
)
def test_an_annotation_in_any_spelling_accepts_its_values_and_no_others(
    annotation: object, good: list[object], bad: list[object]
) -> None:
    kind = attribute_type(annotation, NAMES)
    assert [v for v in good if not kind.accepts(v)] == []
    assert [v for v in bad if kind.accepts(v)] == []


@pytest.mark.parametrize("annotation", ["Any", "object", "OnlyForTheTypeChecker", "int | Any", "not [ python"])
def test_what_cannot_be_known_takes_anything(annotation: str) -> None:
    kind = attribute_type(annotation, {})
    assert kind.accepts("text")
    assert kind.accepts(None)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        ("int", " 3 ", 3),
        ("int", "3L", 3),
        ("float", "1e-5", 1e-5),
        ("bool", "True", True),
        ("bool", "0", False),
        ("str", "same", "same"),
        ("Ints", "(1, 2)", (1, 2)),
        ("Ints", "[1,2]", (1, 2)),
        ("Ints", "7", (7,)),
        ("Ints", "((1, 2), (3, 4))", (1, 2, 3, 4)),
        ("Ints", "()", ()),
        ("Sizes | None", "None", None),
        ("str | None", "None", None),
        ("tuple[int | None, ...]", "(1, None)", (1, None)),
        ("int | Ints", "(3,)", (3,)),
        ("Reals", "(0.5, 1)", (0.5, 1.0)),
        ("Strings", "(a, b)", ("a", "b")),
    ],
)
def test_a_text_is_parsed_by_the_annotation(annotation: str, text: str, value: object) -> None:
    assert attribute_type(annotation, NAMES).parse(text) == value


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        ("int", "x", "a whole number"),
        ("int", "None", "a whole number"),
        ("bool", "2", "True or False"),
        ("Ints | None", "(1, x)", "a list of whole numbers"),
        ("Ints", "(1, None)", "a list of whole numbers"),
        ("tuple[int, int]", "(1,)", "2 whole numbers"),
        ("Ints", "1," * 100_000, "a list of whole numbers"),
    ],
)
def test_a_text_of_another_type_is_refused_with_what_is_expected(annotation: str, text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        attribute_type(annotation, NAMES).parse(text)


def test_an_alias_that_stands_for_itself_ends() -> None:
    assert attribute_type("Loop", {"Loop": "Loop"}).accepts(1)


def test_a_converter_knows_the_types_of_its_attributes() -> None:
    def pad(x: object, *, pads: Sizes, mode: str = "constant", free=None) -> None: ...  # type: ignore[no-untyped-def, valid-type]

    types = Converter("Pad", pad).attribute_types
    assert list(types) == ["pads", "mode", "free"]
    assert types["pads"].accepts((1, 2))
    assert not types["pads"].accepts("1")
    assert not types["mode"].accepts(1)
    assert types["free"].accepts(object)
