"""The companion for the OpenVINO runtime: executes the operations that were left to TensorFlow.

    from mo_tensorflow.offload.runtime import TFCustomSubgraph
    core.add_extension(TFCustomSubgraph)

comes before `core.read_model(...)`. Needs TensorFlow and OpenVINO in one environment.
"""

from __future__ import annotations

from typing import Any

import openvino as ov
from openvino import DiscreteTypeInfo, Op

from mo_tensorflow.offload import OPERATION, SET
from mo_tensorflow.offload.execution import ELEMENTS, dtype, function, output_specs, tf


class TFCustomSubgraph(Op):  # type: ignore[misc]  # the package has no types
    """Some nodes of a TensorFlow graph as one operation.

    Attributes of the layer: `program`, as `offload.program` writes it, and `input_types`, which it expects.
    """

    kind = DiscreteTypeInfo(OPERATION, SET)

    def __init__(self, inputs: Any = None, **attributes: str) -> None:
        super().__init__(self)
        self.attributes = {"program": "", "input_types": "", **attributes}
        self._function: Any = None
        if inputs is not None:  # the types follow from the attributes
            self.set_arguments(inputs)
            self.constructor_validate_and_infer_types()

    @staticmethod
    def get_type_info() -> DiscreteTypeInfo:
        """Name and operation set."""
        return TFCustomSubgraph.kind

    @property
    def _dtypes(self) -> list[Any]:
        """The types that the program expects: a device may compute whole numbers in a smaller one."""
        return [dtype(name) for name in self.attributes["input_types"].split(",") if name]

    def visit_attributes(self, visitor: Any) -> bool:
        """The program."""
        visitor.on_attributes(self.attributes)
        return True

    def validate_and_infer_types(self) -> None:
        """As TensorFlow infers them."""
        specs = []
        for i in range(self.get_input_size()):
            shape = self.get_input_partial_shape(i)
            dims = None if shape.rank.is_dynamic else [None if d.is_dynamic else d.get_length() for d in shape]
            specs.append(tf.TensorSpec(dims, self._dtypes[i]))
        for i, spec in enumerate(output_specs(self.attributes["program"], specs)):
            self.set_output_type(i, getattr(ov.Type, ELEMENTS[spec.dtype]), _partial(spec.shape))

    def clone_with_new_inputs(self, inputs: Any) -> TFCustomSubgraph:
        """The same on other inputs."""
        return TFCustomSubgraph(inputs, **self.attributes)

    def evaluate(self, outputs: Any, inputs: Any) -> bool:
        """Compute with TensorFlow."""
        if self._function is None:
            self._function = tf.function(function(self.attributes["program"]), reduce_retracing=True)
        results = self._function(*[tf.constant(x.data, kind) for x, kind in zip(inputs, self._dtypes)])
        for output, result in zip(outputs, results):
            array = result.numpy()
            output.shape = array.shape
            output.data[...] = array
        return True

    def has_evaluate(self) -> bool:
        """Yes."""
        return True


def _partial(shape: Any) -> ov.PartialShape:
    if shape.rank is None:
        return ov.PartialShape.dynamic()
    return ov.PartialShape([ov.Dimension() if d is None else ov.Dimension(d) for d in shape.as_list()])
