"""Descriptions of sub-graphs that came with the old tool."""

from __future__ import annotations

import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.onnx.tiny import convolution


@pytest.mark.parametrize("id", ["ONNXMaskRCNN", "ONNXFasterRCNN", "ONNXPersonDetectionCrossroad"])
def test_an_id_of_the_old_tool_says_what_to_do(tmp_path, id):
    entry = {"id": f"{id}Replacement", "match_kind": "general", "custom_attributes": {"post_nms_count": 2000}}
    with pytest.raises(Unsupported, match=f"{id}Replacement.* is not supported.*\n.*operation by operation"):
        mo_core.convert(convolution(tmp_path / "m.onnx"), transformations_config=[entry])
