"""The text format of protobuf without a schema; with one it is tested where Caffe's networks are read."""

from __future__ import annotations

import pytest

from mo_core.errors import ModelError
from mo_core.frontend.textformat import read_text


def test_fields_are_values_messages_and_lists():
    text = b"""
    # a comment
    model { kind: SIGMOID  name: 'a' "b"  scale: 0.5  scale: -1  sizes: [1, 2]  deep < on: true > }
    empty: { }
    """
    assert read_text(text, "the text") == {
        "model": {"kind": "SIGMOID", "name": "ab", "scale": [0.5, -1], "sizes": [1, 2], "deep": {"on": True}},
        "empty": {},
    }


@pytest.mark.parametrize("text", ["a {", "a: ", "a }", "a: 1 2", "a: [1", "{", 'a: "', "a " * 99 + "{", "a {" * 10_000])
def test_what_is_not_this_format_is_refused_by_line(text):
    with pytest.raises(ModelError, match="Correct the text there") as error:
        read_text(text.encode(), "the text")
    assert error.value.notes[0].startswith("line 1")


@pytest.mark.parametrize("content", [b"\0", b"PK\3\4", b"\x89HDF\r\n\x1a\n"])
def test_other_files_are_refused(content):
    with pytest.raises(ModelError, match="the text"):
        read_text(content, "the text")
