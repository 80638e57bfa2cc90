"""GatedShift for the OpenVINO runtime: `core.add_extension(GatedShift)` comes before `core.read_model(...)`."""

from typing import Any

import numpy as np
from openvino import DiscreteTypeInfo, Op


class GatedShift(Op):
    """The operation GatedShift of the operation set gated_shift; see `plugin` for what it computes."""

    kind = DiscreteTypeInfo("GatedShift", "gated_shift")

    def __init__(self, inputs: Any = None, **attributes: int) -> None:
        super().__init__(self, inputs)
        self.attributes = {"steps": 1, "axis": 2, **attributes}

    @staticmethod
    def get_type_info() -> DiscreteTypeInfo:
        return GatedShift.kind

    def visit_attributes(self, visitor: Any) -> bool:
        visitor.on_attributes(self.attributes)
        return True

    def validate_and_infer_types(self) -> None:
        self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

    def clone_with_new_inputs(self, inputs: Any) -> "GatedShift":
        return GatedShift(inputs, **self.attributes)

    def evaluate(self, outputs: Any, inputs: Any) -> bool:
        x, weight, bias = (tensor.data for tensor in inputs)
        steps, axis = self.attributes["steps"], self.attributes["axis"]
        by_channel = (-1, *[1] * (x.ndim - 2))
        gate = 1 / (1 + np.exp(-(x * weight.reshape(by_channel) + bias.reshape(by_channel))))
        earlier = np.roll(x, steps, axis)
        earlier[(slice(None),) * axis + (slice(steps),)] = 0  # what came round from the end
        outputs[0].shape = x.shape
        outputs[0].data[:] = x + gate * (earlier - x)
        return True
