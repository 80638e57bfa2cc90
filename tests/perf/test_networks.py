"""Networks as exporters spell them: fusions change no result, and ovc does not have fewer layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mo_core import convert
from tests.perf import networks
from tests.perf.opcounts import of_mo, of_ovc

LENGTH = 24
"""What dynamic dimensions behind the first become; the first becomes 2."""


def results(xml: Path) -> list[np.ndarray]:
    """What the runtime makes of random inputs, in f32."""
    import openvino

    compiled = openvino.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    random, data = np.random.default_rng(0), {}
    for port in compiled.inputs:
        dims = enumerate(port.get_partial_shape())
        shape = [d.get_length() if d.is_static else LENGTH if i else 2 for i, d in dims]
        real = port.get_element_type() == openvino.Type.f32
        data[port] = random.standard_normal(shape, np.float32) if real else random.integers(0, 2, shape)
    found: Any = compiled(data)
    return [np.array(found[port]) for port in compiled.outputs]


@pytest.mark.slow
@pytest.mark.parametrize("build", [pytest.param(b, id=b.__name__) for b in networks.ALL])
def test_fusions_change_nothing_but_the_number_of_layers(build: Callable[[Path], Path], tmp_path: Path) -> None:
    model = build(tmp_path / "model.onnx")
    convert(model, disable_fusing=True).save(tmp_path / "unfused.xml")
    ours, theirs = of_mo(model, tmp_path), of_ovc(model, tmp_path)
    assert ours.total() <= theirs.total()
    for before, after in zip(results(tmp_path / "unfused.xml"), results(tmp_path / "mo.xml"), strict=True):
        assert np.abs(before - after).max() <= 1e-5 * np.abs(before).max()
