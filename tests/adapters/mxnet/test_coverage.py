"""Every operator that MXNet registers is converted or refused with a reason, and converters agree with its attributes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from mo_core.errors import Unsupported
from mo_core.frontend import converters_of
from mo_mxnet import ops, refused
from tests.adapters.mxnet.harness import convert, one_op, script, values

CONVERTED = {c.op: c for c in converters_of(*ops.MODULES)}
REFUSED = {r.op: r for r in refused.REFUSALS}
DOCUMENTED_ONLY = {"_npi_concatenate.dim"}
"""Attributes that MXNet lists by mistake: its structure of parameters has another name for them."""

GONE = {"CuDNNBatchNorm", "Custom.proposal"}
"""Operators of older versions that MXNet 1.9 has no more, and the one of its examples."""

LISTING = """
import ctypes
from mxnet.base import _LIB, check_call, c_str, OpHandle
names, count = ctypes.POINTER(ctypes.c_char_p)(), ctypes.c_uint()
check_call(_LIB.MXListAllOpNames(ctypes.byref(count), ctypes.byref(names)))
for name in [names[i].decode() for i in range(count.value)]:
    if 'backward' in name:
        continue
    handle = OpHandle()
    check_call(_LIB.NNGetOpHandle(c_str(name), ctypes.byref(handle)))
    texts = [ctypes.c_char_p() for _ in range(4)]
    number, lists = ctypes.c_uint(), [ctypes.POINTER(ctypes.c_char_p)() for _ in range(3)]
    check_call(_LIB.MXSymbolGetAtomicSymbolInfo(handle, *map(ctypes.byref, texts[:2]), ctypes.byref(number), *map(ctypes.byref, lists), *map(ctypes.byref, texts[2:])))
    answer[name] = [[lists[0][k].decode(), lists[1][k].decode()] for k in range(number.value)]
"""


@pytest.fixture(scope="module")
def registered():
    return script(LISTING)[0]


def test_every_operator_is_converted_or_refused(registered):
    assert len(registered) == 892
    assert set(registered) == (set(CONVERTED) | set(REFUSED)) - GONE


def test_no_operator_is_both():
    assert not set(CONVERTED) & set(REFUSED)


def test_converters_know_the_attributes_of_mxnet(registered):
    """An attribute of MXNet's own that a converter does not know would be refused in a valid model."""
    unknown = []
    for name, entries in registered.items():
        record = CONVERTED.get(name)
        if record is None or "*" in record.ignore:
            continue
        for attribute, kind in entries:
            is_input = re.search(r"NDArray|Symbol", kind) is not None
            if not is_input and attribute not in record.attributes and attribute not in record.ignore:
                unknown.append(f"{name}.{attribute}")
    assert set(unknown) == DOCUMENTED_ONLY


def test_a_refused_operator_tells_why():
    with pytest.raises(Unsupported, match="sgd_update.*updates parameters in training"):
        convert(one_op("sgd_update", {"w": values(2), "g": values(2)}, lr=0.1), input="w[2],g[2]")


def test_every_converter_is_named_in_a_test():
    texts = "".join(p.read_text(encoding="utf-8") for p in Path(__file__).parent.glob("test_*.py"))
    functions = {id(c.function): set() for c in CONVERTED.values()}
    for record in CONVERTED.values():
        functions[id(record.function)].add(record.op)
    parts = set(re.findall(r"[A-Za-z_0-9]+", texts))

    def is_named(op):
        if op in parts:
            return True
        heads = (
            "_npi_",
            "_np_",
            "_contrib_",
            "broadcast_",
            "_logical_",
            "_random_",
            "_npi_bitwise_",
            "_np_atleast_",
            "Custom.",
            "_",
            "",
        )
        tails = ("_scalar", "")
        return any(
            op.startswith(h) and op.endswith(t) and op[len(h) : len(op) - len(t)] in parts for h in heads for t in tails
        )

    missing = [sorted(names) for names in functions.values() if not any(map(is_named, names))]
    assert missing == []


EQUAL = {
    "_ravel_multi_index.shape": "MXNet refuses to compute without it",
    "ravel_multi_index.shape": "MXNet refuses to compute without it",
    "_unravel_index.shape": "MXNet refuses to compute without it",
    "unravel_index.shape": "MXNet refuses to compute without it",
    "_npi_weibull.a": "given by an input, or as a number",
    "_npi_powerd.a": "given by an input, or as a number",
    "_image_normalize.mean": "one number stands for all channels",
    "_image_normalize.std": "one number stands for all channels",
    "_npx__image_normalize.mean": "one number stands for all channels",
    "_npx__image_normalize.std": "one number stands for all channels",
}
"""Attributes whose default is spelled otherwise here, and why that is the same."""


def canonical(value):
    """A default of Python's or of MXNet's listing as one text."""
    if isinstance(value, str) and value[:1] in ("[", "("):
        value = [v for v in value[1:-1].split(",") if v.strip()]
    if isinstance(value, (tuple, list)):
        return [canonical(v) for v in value] or "None"
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


def test_defaults_are_those_of_mxnet(registered):
    """A symbol stores the attributes that were given, and leaves out the others."""
    different = set()
    for name, entries in registered.items():
        record = CONVERTED.get(name)
        parameters = inspect.signature(record.function).parameters if record is not None else {}
        for attribute, kind in entries:
            default = re.search(r"default=(.*)$", kind)
            ours = parameters.get(attribute)
            if default is None or ours is None or ours.kind is not ours.KEYWORD_ONLY:
                continue
            if canonical(ours.default) != canonical(default[1].strip().strip("'")):
                different.add(f"{name}.{attribute}")
    assert different == set(EQUAL)
