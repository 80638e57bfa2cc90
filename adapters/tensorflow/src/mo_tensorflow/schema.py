"""The messages of TensorFlow's files: parsing them cheaply, the heavy payloads left in the file."""

from __future__ import annotations

from typing import Any

from mo_core.frontend.wire import Message, Skim, parse, skim
from mo_core.ir.tensor import MappedFile
from mo_tensorflow.proto import tensorflow_pb2 as pb

TENSOR = Message("TensorProto", payloads={4, 5, 6, 7, 9, 10, 11, 12, 13, 16, 17, 18}, reference=4)
_LIST = Message("AttrValue.ListValue", nested={8: TENSOR})
_VALUE = Message("AttrValue", nested={1: _LIST, 8: TENSOR})
_FUNCTION_NAME = Message("NameAttrList", nested={2: Message("AttrEntry", nested={2: _VALUE})})
_VALUE.nested[10] = _LIST.nested[9] = _FUNCTION_NAME
_NODE = Message("NodeDef", nested={5: Message("AttrEntry", nested={2: _VALUE})})
_FUNCTION = Message("FunctionDef", nested={3: _NODE})
GRAPH = Message("GraphDef", nested={1: _NODE, 2: Message("FunctionDefLibrary", nested={1: _FUNCTION})})
META_GRAPH = Message("MetaGraphDef", nested={2: GRAPH})
SAVED_MODEL = Message("SavedModel", nested={2: META_GRAPH})
SAVED_SLICES = Message("SavedTensorSlices", nested={2: Message("SavedSlice", nested={3: TENSOR})})

CLASSES = {GRAPH: pb.GraphDef, META_GRAPH: pb.MetaGraphDef, SAVED_MODEL: pb.SavedModel}


def load(file: MappedFile, message: Message) -> tuple[Any, Skim]:
    """Parse a file as GRAPH, META_GRAPH or SAVED_MODEL; returns the message without its payloads, and their windows."""
    found = skim(file.buffer, message, forget=file.forget)
    return parse(CLASSES[message].FromString, found.skeleton), found
