"""Real numbers to stored ones and back, and means of stored ones, as TensorFlow computes them without oneDNN.

With oneDNN, which it uses on some processors, it rounds in another way, and lacks some types.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.adapters.tensorflow.ops.stored import Kernel, Random, close, converted
from tests.adapters.tensorflow.running import tf

RANDOM = Random(6)
RNG, u8, i8, i32 = RANDOM.generator, RANDOM.u8, RANDOM.i8, RANDOM.i32
REALS = RNG.standard_normal((30, 40, 5), np.float32)
WHOLE = {
    "quint8": u8(30, 40, 5),
    "qint8": i8(30, 40, 5),
    "quint16": RNG.integers(0, 65536, (30, 40, 5)).astype(np.uint16),
    "qint16": RNG.integers(-32768, 32768, (30, 40, 5)).astype(np.int16),
    "qint32": i32(30, 40, 5, bits=31),
}
MODES = ("MIN_COMBINED", "MIN_FIRST", "SCALED")


def quantisation():
    """Numbers of 32 bits are real ones of 24 on their way."""
    limits = {"min_range": -1.7, "max_range": 2.3}
    each = {"min_range": np.float32([-1, -2, -0.5, -0.1, -3]), "max_range": np.float32([3, 2, 3.5, 3.9, 1])}
    for element, numbers in WHOLE.items():
        near = {"steps": 256, "share": 1.0} if element == "qint32" else {"steps": 1, "share": 0.01}
        for mode in MODES:
            how = {"T": getattr(tf(), element), "mode": mode}
            name = f"{element}-{mode}"
            yield Kernel("Dequantize", name=name, input=numbers, attributes={"mode": mode}, **limits)
            yield Kernel("QuantizeV2", name=name, input=REALS, attributes=how, **limits, **near)
            if mode != "MIN_FIRST":
                along = {"attributes": {**how, "axis": 2}, **each, **near}
                yield Kernel("QuantizeV2", name=name + "-axis", input=REALS, **along)
                along["attributes"] = {"mode": mode, "axis": 2}
                yield Kernel("Dequantize", name=name + "-axis", input=numbers, **along)
    narrow = {"T": tf().qint8, "mode": "SCALED", "narrow_range": True}
    yield Kernel("QuantizeV2", name="narrow", input=REALS, attributes=narrow, **limits)


IMAGE = u8(2, 9, 8, 5)
LIMITS = {"min_input": -1.3, "max_input": 2.9}


def means():
    for padding in ("SAME", "VALID"):
        how = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 2, 1], "padding": padding}
        for name, image in (("bytes", IMAGE), ("signed", i8(2, 9, 8, 5))):
            yield Kernel("QuantizedAvgPool", name=f"{name}-{padding}", input=image, attributes=how, **LIMITS)


def roundings():
    for mode in ("HALF_TO_EVEN", "HALF_AWAY_FROM_ZERO"):
        halves = np.arange(-7, 8, dtype=np.float32) / 2
        how = {"T": tf().qint8, "mode": "SCALED", "round_mode": mode}
        yield Kernel("QuantizeV2", name=mode, input=halves, min_range=-127.0, max_range=127.0, attributes=how)


KERNELS = [*quantisation(), *means(), *roundings()]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """The results of all kernels, from a process of its own: what TensorFlow uses is decided when it starts."""
    program = (
        "import sys; import numpy as np; from tests.adapters.tensorflow.ops import test_quantisation as here; "
        "from tests.adapters.tensorflow.running import Frozen; "
        "found = [list(Frozen(k.build, k.feeds()).wants.values()) for k in here.KERNELS]; "
        "np.savez(sys.argv[1], **{f'{i},{j}': v for i, row in enumerate(found) for j, v in enumerate(row)})"
    )
    file = tmp_path_factory.mktemp("kernels") / "results.npz"
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    subprocess.run([sys.executable, "-c", program, str(file)], env=environment, check=True)
    return dict(np.load(file))


@pytest.mark.parametrize("index", range(len(KERNELS)), ids=lambda i: str(KERNELS[i]))
def test_numbers_are_those_of_tensorflow(index, wanted):
    kernel = KERNELS[index]
    got = converted(kernel)
    close(got, [wanted[f"{index},{j}"] for j in range(len(got))], kernel.steps, kernel.share)
