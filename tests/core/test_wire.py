"""The protobuf skimmer: what it cuts, how the payloads are found again, and what it does with broken files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from mo_core.errors import ModelError
from mo_core.frontend.wire import (
    BYTES,
    FIXED32,
    VARINT,
    Message,
    Skim,
    count,
    masquerade,
    parse,
    scalars,
    skim,
    varints,
)

TENSOR = Message("TensorProto", payloads={4, 5, 7, 9, 10, 11}, reference=9)
GRAPH = Message("GraphProto", nested={5: TENSOR})
NODE = GRAPH.nested[1] = Message("NodeProto")
NODE.nested[5] = Message("AttributeProto", nested={5: TENSOR, 6: GRAPH, 10: TENSOR, 11: GRAPH})
MODEL = Message("ModelProto", nested={7: GRAPH})


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def field(number: int, content: bytes, wire: int = BYTES) -> bytes:
    return varint(number << 3 | wire) + (varint(len(content)) if wire == BYTES else b"") + content


def raw_tensor(name: str, values: np.ndarray[Any, Any]) -> TensorProto:
    return helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape, values.tobytes(), True)


def branch(name: str, payload: np.ndarray[Any, Any]) -> onnx.GraphProto:
    return helper.make_graph([helper.make_node("Constant", [], ["c"], value=raw_tensor(name, payload))], name, [], [])


def model(*initializers: TensorProto, nodes: tuple[onnx.NodeProto, ...] = ()) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph(list(nodes), "g", [], [], list(initializers)))


def content(data: bytes, found: Skim, tensor: TensorProto) -> bytes:
    return b"".join(data[w.offset : w.offset + w.length] for w in found.windows(tensor.raw_data))


# What is cut, and how it is found again ----------------------------------------------------------------------------


def test_payloads_are_cut_and_found_from_the_parsed_skeleton() -> None:
    first, second = np.arange(3000, dtype=np.float32), np.arange(5000, dtype=np.int64)
    source = model(raw_tensor("first", first), raw_tensor("second", second))
    data = source.SerializeToString()
    found = skim(data, MODEL)
    parsed = onnx.ModelProto.FromString(found.skeleton)
    assert len(found.skeleton) < 300
    assert content(data, found, parsed.graph.initializer[0]) == first.tobytes()
    assert content(data, found, parsed.graph.initializer[1]) == second.tobytes()
    for tensor, original in zip(parsed.graph.initializer, source.graph.initializer):
        tensor.raw_data = original.raw_data
    assert parsed == source


def test_a_message_below_the_threshold_stays_whole() -> None:
    data = model(raw_tensor("w", np.zeros(100, np.float32))).SerializeToString()
    found = skim(data, MODEL)
    assert found.skeleton == data
    assert found.groups == []
    assert found.windows(onnx.ModelProto.FromString(found.skeleton).graph.initializer[0].raw_data) == ()


def test_a_message_without_payloads_is_unchanged() -> None:
    data = model(nodes=tuple(helper.make_node("Relu", ["x"], ["y" * 50]) for _ in range(200))).SerializeToString()
    assert skim(data, MODEL).skeleton == data


def test_payloads_are_found_in_bodies_of_bodies() -> None:
    payload = np.arange(2000, dtype=np.float64)
    inner = branch("deep", payload)
    for _ in range(20):
        inner = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=inner)], "g", [], [])
    data = helper.make_model(inner).SerializeToString()
    found = skim(data, MODEL)
    graph = onnx.ModelProto.FromString(found.skeleton).graph
    while graph.node[0].op_type == "If":
        graph = graph.node[0].attribute[0].g
    assert content(data, found, graph.node[0].attribute[0].t) == payload.tobytes()


def test_windows_stand_in_file_order() -> None:
    data = model(*(raw_tensor(str(i), np.full(2000, i, np.float32)) for i in range(5))).SerializeToString()
    offsets = [window.offset for group in skim(data, MODEL).groups for window in group]
    assert offsets == sorted(offsets)
    assert len(offsets) == 5


def test_ordinary_bytes_are_no_reference() -> None:
    found = skim(model(raw_tensor("w", np.zeros(2000, np.float32))).SerializeToString(), MODEL)
    assert found.windows(b"") == found.windows(b"\x00" * 16) == ()


def test_a_reference_beyond_the_groups_is_refused() -> None:
    found = skim(model(raw_tensor("w", np.zeros(2000, np.float32))).SerializeToString(), MODEL)
    reference = onnx.ModelProto.FromString(found.skeleton).graph.initializer[0].raw_data
    with pytest.raises(ModelError, match="payload 9 of 1"):
        found.windows(reference[:-4] + b"\x09\x00\x00\x00")


def test_payloads_need_a_reference_field() -> None:
    with pytest.raises(ValueError, match="needs a reference"):
        Message("M", payloads={1})


# Repeated scalars --------------------------------------------------------------------------------------------------

TYPED = [
    (TensorProto.FLOAT, "float_data", np.float32),
    (TensorProto.DOUBLE, "double_data", np.float64),
    (TensorProto.INT32, "int32_data", np.int32),
    (TensorProto.INT64, "int64_data", np.int64),
    (TensorProto.UINT64, "uint64_data", np.uint64),
]


@pytest.mark.parametrize(("kind", "name", "dtype"), TYPED)
def test_packed_scalars_are_decoded(kind: int, name: str, dtype: Any) -> None:
    values = np.random.default_rng(0).normal(scale=1e6, size=3000)
    values = np.abs(values).astype(dtype) if dtype is np.uint64 else values.astype(dtype)
    data = model(helper.make_tensor("w", kind, [3000], values)).SerializeToString()
    found = skim(data, MODEL)
    tensor = onnx.ModelProto.FromString(found.skeleton).graph.initializer[0]
    windows = found.windows(tensor.raw_data)
    assert len(getattr(tensor, name)) == 0
    assert count(data, windows, dtype) == 3000
    decoded = scalars(data, windows, dtype)
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, values)


def test_one_packed_window_of_floats_is_a_view() -> None:
    data = field(4, np.arange(3000, dtype=np.float32).tobytes())
    decoded = scalars(data, skim(data, TENSOR, 0).groups[0], np.float32)
    assert np.shares_memory(decoded, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize("number", [4, 400])
@pytest.mark.parametrize("length", [1, 2, 63, 64, 65, 5000])
def test_a_run_of_unpacked_floats_is_one_window(number: int, length: int) -> None:
    values = np.arange(length, dtype=np.float32)
    run = b"".join(field(number, v.tobytes(), FIXED32) for v in values)
    data = field(8, b"name") + run + field(2, b"\x01", VARINT)
    found = skim(data, Message("M", payloads={number}, reference=9), 0)
    ((window,),) = found.groups
    assert data[window.offset : window.offset + window.length] == run
    assert count(data, (window,), np.float32) == length
    np.testing.assert_array_equal(scalars(data, (window,), np.float32), values)


@pytest.mark.parametrize("number", [7, 700])
def test_a_run_of_unpacked_integers_is_one_window(number: int) -> None:
    values = np.array([0, 1, -1, 300, 2**62, -(2**63)] * 50, np.int64)
    run = b"".join(field(number, varint(int(v) % 2**64), VARINT) for v in values)
    data = run + field(8, b"name")
    ((window,),) = skim(data, Message("M", payloads={number}, reference=9), 0).groups
    assert window.length == len(run)
    np.testing.assert_array_equal(scalars(data, (window,), np.int64), values)


def test_packed_and_unpacked_parts_are_joined_in_order() -> None:
    data = field(4, np.array([1, 2], "<f4").tobytes()) + field(4, np.float32(3).tobytes(), FIXED32) + field(4, b"")
    data += field(4, np.array([4], "<f4").tobytes())
    np.testing.assert_array_equal(scalars(data, skim(data, TENSOR, 0).groups[0], np.float32), [1, 2, 3, 4])


def test_no_payload_is_no_scalar() -> None:
    assert scalars(b"", (), np.float32).shape == (0,)
    assert varints(b"").shape == (0,)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_varints_round_trip(values: list[int]) -> None:
    assert varints(b"".join(varint(v % 2**64) for v in values)).tolist() == values


def test_varints_narrow_like_protobuf() -> None:
    assert varints(varint(2**64 - 5) + varint(2**31), np.int32).tolist() == [-5, -(2**31)]
    assert varints(b"\x00\x01", np.bool_).tolist() == [False, True]


def test_varints_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mo_core.frontend.wire._CHUNK", 16)
    values = [7**k % 2**40 for k in range(200)]
    assert varints(b"".join(map(varint, values))).tolist() == values


@pytest.mark.parametrize(
    "data", [b"\x80", b"\x01\xff", b"\x80" * 10 + b"\x01", b"\xff" * 100, b"\x00" * 5 + b"\x80" * 3]
)
def test_broken_varints_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="number"):
        varints(data)


def test_a_payload_of_broken_length_is_refused() -> None:
    data = field(4, b"12345")
    with pytest.raises(ModelError, match="field 4 has 5 bytes"):
        scalars(data, skim(data, TENSOR, 0).groups[0], np.float32)


def test_a_payload_of_another_wire_type_is_refused() -> None:
    data = field(4, b"1234", FIXED32)
    windows = skim(data, TENSOR, 0).groups[0]
    for dtype in np.float64, np.int64:
        with pytest.raises(ModelError, match="wire type 5"):
            scalars(data, windows, dtype)


# Broken files ------------------------------------------------------------------------------------------------------


def small_model() -> bytes:
    then = branch("then", np.arange(40, dtype=np.float32))
    packed = helper.make_tensor("packed", TensorProto.INT64, [9], range(9))
    nodes = (helper.make_node("If", ["x"], ["y"], then_branch=then), helper.make_node("Relu", ["y"], ["z"]))
    return model(raw_tensor("w", np.arange(60, dtype=np.float32)), packed, nodes=nodes).SerializeToString()


def read(data: bytes, threshold: int) -> None:
    """What a reader does: skim, parse, fetch every window."""
    found = skim(data, MODEL, threshold)
    parse(onnx.ModelProto.FromString, found.skeleton)
    for group in found.groups:
        for window in group:
            assert 0 <= window.offset <= window.offset + window.length <= len(data)


@pytest.mark.parametrize("threshold", [0, 64, 4096])
def test_truncation_at_every_byte_is_a_model_error_or_a_shorter_model(threshold: int) -> None:
    data = small_model()
    refused = 0
    for end in range(len(data)):
        try:
            read(data[:end], threshold)
        except ModelError:
            refused += 1
    assert refused >= len(data) - 20  # at the seams of the outermost message a prefix is a valid message
    read(data, threshold)


@given(st.binary(max_size=200))
@example(b"\x80" * 12)
@example(field(7, field(1, b"\x2a\xff")))
def test_garbage_is_a_model_error_or_a_message(data: bytes) -> None:
    try:
        read(data, 0)
    except ModelError:
        pass


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6), st.sampled_from([0, 64]))
def test_damaged_bytes_are_a_model_error_or_a_message(damage: list[tuple[int, int]], threshold: int) -> None:
    data = bytearray(small_model())
    for offset, byte in damage:
        data[offset % len(data)] = byte
    try:
        read(bytes(data), threshold)
    except ModelError:
        pass


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        (b"\x3a\x80", "ends in a number"),
        (b"\x3a" + b"\x80" * 10 + b"\x01", "more than 10 bytes"),
        (b"\x3a\x05abc", "needs 5 bytes and 3 are left"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "needs 18446744073709551615 bytes"),
        (b"\x08\x01\x3b", "wire type 3"),
        (b"\x08\x01\x3c", "wire type 4"),
        (b"\x08\x01\x3e", "wire type 6"),
        (b"\x08\x01\x3f", "wire type 7"),
        (b"\x0d\x00\x00", "needs 4 bytes and 2 are left"),
        (b"\x09", "needs 8 bytes and 0 are left"),
        (b"\x02\x00", "number 0"),
    ],
)
def test_malformed_fields_are_named(data: bytes, fact: str) -> None:
    with pytest.raises(ModelError, match=fact) as caught:
        skim(data, MODEL, 0)
    assert "at byte" in str(caught.value)
    assert "ModelProto" in str(caught.value)


def test_an_error_names_offset_and_path() -> None:
    data = field(7, field(1, field(5, b"\x08\x01\x0b")))
    with pytest.raises(ModelError) as caught:
        skim(data, MODEL, 0)
    assert f"at byte {len(data) - 1}, in ModelProto / GraphProto / NodeProto / AttributeProto" in str(caught.value)


def test_a_nested_length_may_not_leave_its_message() -> None:
    inner = field(5, b"x" * 10)[:-4]
    with pytest.raises(ModelError, match="needs 10 bytes and 6 are left"):
        skim(field(7, inner) + b"\x08\x01" * 10, MODEL, 0)


def test_nesting_is_limited() -> None:
    tree = Message("Tree")
    tree.nested[1] = tree
    data = b""
    for _ in range(99):
        data = field(1, data)
    assert skim(data, tree, 0).skeleton == data
    with pytest.raises(ModelError, match="nested more than 100 deep"):
        skim(field(1, field(1, data)), tree, 0)


def test_the_number_of_payloads_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mo_core.frontend.wire._MAX_WINDOWS", 10)
    with pytest.raises(ModelError, match="more than 10 payloads"):
        skim(field(9, b"1") * 11, TENSOR, 0)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-LFS"),
        (b"\n<!DOCTYPE html>\n<html>", "HTML"),
        (b"<html lang=en>", "HTML"),
        (b"PK\x03\x04rest", "archive"),
    ],
)
def test_what_is_no_model_at_all_is_named(head: bytes, what: str) -> None:
    assert what in masquerade(head)
    with pytest.raises(ModelError, match=what):
        skim(head, MODEL)


def test_a_model_is_taken_for_itself() -> None:
    assert masquerade(small_model()) == ""


def test_a_mapped_file_can_be_closed_after_an_error() -> None:
    data = bytearray(b"\x08\x01\x3b")
    with pytest.raises(ModelError):
        skim(data, MODEL)
    data.clear()  # raises BufferError while anything still looks at it


# Cost --------------------------------------------------------------------------------------------------------------


def executed_lines(work: Callable[[], object]) -> int:
    """Lines of Python that `work` executes: a clock that no other process disturbs."""
    lines = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(previous)
    return lines


def chain(length: int) -> bytes:
    return field(7, field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu")) * length)


def test_cost_is_linear_in_the_number_of_nodes() -> None:
    small, large = (executed_lines(lambda n=n: skim(chain(n), MODEL)) for n in (1_000, 10_000))
    assert large < 10.5 * small


def test_cost_does_not_depend_on_the_size_of_payloads() -> None:
    small, large = (
        executed_lines(lambda n=n: skim(field(7, field(5, field(9, bytes(n)))), MODEL)) for n in (20_000, 2_000_000)
    )
    assert large == small


def test_cost_is_linear_in_alternating_unpacked_fields() -> None:
    pair = field(4, b"1234", FIXED32) + field(2, b"\x01", VARINT)
    small, large = (executed_lines(lambda n=n: skim(pair * n, TENSOR, 0)) for n in (300, 3_000))
    assert large < 10.5 * small


def test_a_long_unpacked_run_costs_the_logarithm_of_its_length() -> None:
    element = field(4, b"1234", FIXED32)
    small, large = (executed_lines(lambda n=n: skim(element * n, TENSOR, 0)) for n in (1_000, 100_000))
    assert large < 2.5 * small
