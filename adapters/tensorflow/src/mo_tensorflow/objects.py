"""Models as objects of TensorFlow and Keras, and the files that only Keras reads: what TensorFlow itself is needed for.

An object becomes the graph of one function; what that has captured, variables above all, is read where it lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mo_core.errors import ModelError, UsageError
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Tensor
from mo_tensorflow.elements import ELEMENTS
from mo_tensorflow.graphdef import GraphDefReader
from mo_tensorflow.proto import tensorflow_pb2 as pb
from mo_tensorflow.tensors import Tensors

if TYPE_CHECKING:
    from mo_tensorflow.sources import Loaded

KERAS_FILES = (".keras", ".h5", ".hdf5")
_INSTALL = 'pip install "mo-tensorflow[tensorflow]"'


def load_file(path: Path) -> Loaded:
    """Load a file that Keras wrote. Layers that hold code of their own are refused by Keras."""
    tensorflow = _tensorflow(f'"{path.name}" is a model of Keras, and only Keras reads it')
    try:
        model = tensorflow.keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as e:  # Keras raises errors of many kinds
        reason = next((line for line in str(e).splitlines() if line.strip()), type(e).__name__)
        raise ModelError(
            f"Keras cannot load the file: {reason:.300}", "Load it yourself, and convert the object."
        ) from e
    return load(model)


def _tensorflow(why: str) -> Any:
    try:
        import tensorflow
    except ImportError as e:
        raise UsageError(why, _INSTALL) from e
    return tensorflow


def load(source: Any) -> Loaded:
    """Load an object: a Keras model, a function, a concrete function, a module with signatures, a graph."""
    from mo_tensorflow.sources import Loaded

    tensorflow = _tensorflow("the object is one of TensorFlow")
    if isinstance(source, tensorflow.compat.v1.Session):
        return _session(source)
    if isinstance(source, tensorflow.Graph) and not hasattr(source, "captures"):
        return Loaded(_reader(source, {}))
    if hasattr(source, "inputs") and hasattr(source, "layers"):
        return _keras(source)
    return _function(_concrete(source))


def _concrete(source: Any) -> Any:
    """The concrete function of an object; raises UsageError when it is not clear which."""
    signatures = getattr(source, "signatures", None)
    if signatures:
        return signatures.get("serving_default") or signatures[min(signatures)]
    if hasattr(source, "captured_inputs") and hasattr(source, "graph"):
        return source
    call = source if hasattr(source, "get_concrete_function") else getattr(source, "__call__", None)  # noqa: B004
    concrete = getattr(call, "get_concrete_function", None)
    if concrete is not None:
        traces: list[Any] = list(getattr(call, "concrete_functions", ()))  # of a function that was loaded
        if len(traces) == 1:
            return traces[0]
        try:
            return concrete()
        except (TypeError, ValueError) as e:
            remedy = "Give function.get_concrete_function(tf.TensorSpec(...), ...)."
            raise UsageError("the shapes and types of the function's inputs are not known", remedy) from e
    kind = f"{type(source).__module__}.{type(source).__name__}"
    raise UsageError(f"a {kind} is no model", "Give a Keras model, a tf.function or a concrete function.")


def _keras(model: Any) -> Loaded:
    tensorflow = _tensorflow("the object is one of Keras")
    if not model.inputs:
        raise UsageError("the Keras model is not built, so its inputs are not known", "Call it once, or build it.")
    names = [_input_name(x, i) for i, x in enumerate(model.inputs)]
    specs = [tensorflow.TensorSpec(x.shape, x.dtype, name) for x, name in zip(model.inputs, names)]

    def call(*inputs: Any) -> Any:
        outputs = tensorflow.nest.flatten(model(list(inputs) if len(inputs) > 1 else inputs[0], training=False))
        return dict(zip(_output_names(model, len(outputs)), outputs))

    return _function(tensorflow.function(call, autograph=False).get_concrete_function(*specs), names)


def _input_name(x: Any, place: int) -> str:
    return str(x.name).partition(":")[0] or f"input_{place}"


def _output_names(model: Any, count: int) -> list[str]:
    names = [str(n) for n in getattr(model, "output_names", None) or ()]
    return names if len(names) == count == len(set(names)) else [f"output_{i}" for i in range(count)]


def _function(concrete: Any, names: Sequence[str] = ()) -> Loaded:
    """A concrete function: its arguments are inputs, what it has captured is constant."""
    from mo_tensorflow.sources import Loaded, Port

    graph = concrete.graph
    variables = {id(v.handle): v for v in graph.variables}
    held = {}
    for outside, inside in graph.captures:
        content = variables.get(id(outside), outside)
        if hasattr(content, "numpy"):
            held[inside.op.name] = _tensor(content, inside.op.name)
    free = [x for x in concrete.inputs if x.op.name not in held and x.dtype.name not in ("resource", "variant")]
    outputs = concrete.structured_outputs
    named = list(outputs) if isinstance(outputs, dict) else [x.op.name for x in concrete.outputs]
    flat = dict(zip(sorted(named) if isinstance(outputs, dict) else named, concrete.outputs))
    keys = names if len(names) == len(free) else [x.op.name for x in free]
    return Loaded(
        _reader(graph, held),
        [Port(key, x.name) for key, x in zip(keys, free)],
        [Port(key, flat[key].name) for key in named],
    )


def _session(session: Any) -> Loaded:
    """A graph of the first generation with the values that its variables have."""
    from mo_tensorflow.sources import Loaded

    v1 = _tensorflow("the object is one of TensorFlow").compat.v1
    with session.graph.as_default():
        variables = v1.global_variables() + v1.local_variables()
        initialized = [v for v in variables if session.run(v1.is_variable_initialized(v))]
    held = {}
    for variable, content in zip(initialized, session.run(initialized)):
        held[_handle(variable)] = _array(np.asarray(content), variable.dtype.as_datatype_enum, variable.name)
    return Loaded(_reader(session.graph, held))


def _handle(variable: Any) -> str:
    return str(getattr(variable, "handle", variable).op.name)


def _tensor(content: Any, name: str) -> Tensor:
    return _array(content.numpy(), content.dtype.as_datatype_enum, name)


def _array(content: Any, kind: int, name: str) -> Tensor:
    element = ELEMENTS.get(kind % 100)
    if element is None:
        raise ModelError(f'the captured value "{name}" has a type that the runtime does not have')
    if element is t.string:
        return Array(np.asarray(content, dtype=object), element, np.shape(content))
    data = np.ascontiguousarray(content).reshape(np.shape(content))
    return Array(data if element.dtype is not None else data.view(element.storage), element, data.shape)


class _Held:
    """Values in memory, by the names of the nodes that stand for them."""

    def __init__(self, held: Mapping[str, Tensor]) -> None:
        self._held = held

    def find(self, node: Any) -> Tensor | None:
        """The content of a captured value or variable, or None."""
        return self._held.get(node.name)

    def table(self, node: Any) -> None:
        """Tables stay in the runtime of TensorFlow."""
        return

    def imported(self, node: Any) -> Sequence[str]:
        """Tables stay in the runtime of TensorFlow."""
        return ()


def _reader(graph: Any, held: Mapping[str, Tensor]) -> GraphDefReader:
    proto = pb.GraphDef.FromString(graph.as_graph_def().SerializeToString())
    return GraphDefReader(proto, Tensors(), _Held(held))
