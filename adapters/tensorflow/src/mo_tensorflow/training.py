"""What a graph has for training, saving and watching, and nothing else depends on."""

from __future__ import annotations

import re
from typing import Any

from mo_tensorflow.graphdef import PLACEHOLDERS, GraphDefReader
from mo_tensorflow.states import VARIABLES

_NO_RESULT = frozenset(
    """
    Abort Assert Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp CloseSummaryWriter
    ControlTrigger DeleteSessionTensor DestroyResourceOp Const FlushSummaryWriter HashTable HashTableV2 InitializeTable
    InitializeTableFromTextFile InitializeTableFromTextFileV2 InitializeTableV2 IsVariableInitialized LookupTableImport
    LookupTableImportV2 MergeV2Checkpoints MutableHashTable MutableHashTableV2 NoOp Print PrintV2 QueueCloseV2
    QueueEnqueueManyV2 QueueEnqueueV2 QueueSizeV2 ReadVariableOp ReaderReadV2 RestoreV2 SaveSlices SaveV2 ScalarSummary
    ShardedFilename StackCloseV2 TensorArrayClose TensorArrayCloseV2 TensorArrayCloseV3 TextLineReaderV2
    VarIsInitializedOp WriteFile WriteSummary _Retval
    """.split()
)
"""Ops whose results are none of the model."""

_TRAINING = ("Apply", "ResourceApply", "ResourceSparseApply", "SparseApply", "ScatterAdd", "ScatterUpdate")
_WATCHING = ("Summary", "SummaryV2")
_SCOPES = re.compile(r"^(gradients|save)(_\d+)?/|/AssertGuard/|^report_uninitialized_variables")
"""Names that TensorFlow gives to what trains, saves and checks."""


def leaves(reader: GraphDefReader) -> list[str]:
    """The nodes that compute a result which no other node reads, in order."""
    read = {reader.locate(r)[0] for n in reader.nodes.values() for r in n.input if not r.startswith("^")}
    return [node.name for node in reader.nodes.values() if node.name not in read and _is_result(reader, node)]


def _is_result(reader: GraphDefReader, node: Any) -> bool:
    if node.op in _NO_RESULT or node.op in PLACEHOLDERS or node.op in VARIABLES or _SCOPES.search(node.name):
        return False
    trains = node.op.startswith(_TRAINING) or node.op.endswith(_WATCHING)
    return not trains and not _reads_a_variable(reader, node)


def _reads_a_variable(reader: GraphDefReader, node: Any) -> bool:
    """True for the identity of a variable: that of a moment of an optimiser is read by nobody."""
    if node.op != "Identity" or not len(node.input):
        return False
    source = reader.nodes.get(reader.locate(node.input[0])[0])
    return source is not None and source.op in VARIABLES
