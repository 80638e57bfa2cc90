"""Sparsemax for the OpenVINO runtime: `core.add_extension(Sparsemax)` comes before `core.read_model(...)`."""

from typing import Any

from openvino import DiscreteTypeInfo, Op

from mo_onnx_sparsemax.values import sparsemax


class Sparsemax(Op):
    """The operation Sparsemax of the operation set sparse; see `plugin` for what it computes."""

    kind = DiscreteTypeInfo("Sparsemax", "sparse")

    def __init__(self, inputs: Any = None, **attributes: float) -> None:
        super().__init__(self, inputs)
        self.attributes = {"axis": -1, "factor": 1.0, **attributes}

    @staticmethod
    def get_type_info() -> DiscreteTypeInfo:
        return Sparsemax.kind

    def visit_attributes(self, visitor: Any) -> bool:
        visitor.on_attributes(self.attributes)
        return True

    def validate_and_infer_types(self) -> None:
        self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

    def clone_with_new_inputs(self, inputs: Any) -> "Sparsemax":
        return Sparsemax(inputs, **self.attributes)

    def evaluate(self, outputs: Any, inputs: Any) -> bool:
        outputs[0].shape = inputs[0].shape
        outputs[0].data[:] = sparsemax(inputs[0].data, int(self.attributes["axis"]), self.attributes["factor"])
        return True
