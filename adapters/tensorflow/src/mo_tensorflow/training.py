"""What a graph has for training, saving and watching, and nothing else depends on."""

from __future__ import annotations

import re

from mo_tensorflow.graphdef import PLACEHOLDERS, GraphDefReader
from mo_tensorflow.variables import VARIABLES

_NO_RESULT = frozenset(
    """
    Abort Assert Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp CloseSummaryWriter
    ControlTrigger DeleteSessionTensor DestroyResourceOp Const FlushSummaryWriter HashTable HashTableV2 InitializeTable
    InitializeTableFromTextFile InitializeTableFromTextFileV2 InitializeTableV2 IsVariableInitialized LookupTableImport
    LookupTableImportV2 MergeV2Checkpoints MutableHashTable MutableHashTableV2 NoOp Print PrintV2 QueueCloseV2
    QueueEnqueueManyV2 QueueEnqueueV2 QueueSizeV2 ReadVariableOp ReaderReadV2 RestoreV2 SaveSlices SaveV2 ScalarSummary
    ShardedFilename TextLineReaderV2 VarIsInitializedOp WriteFile WriteSummary _Retval
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
    found = []
    for node in reader.nodes.values():
        if node.name not in read and _has_result(node.op) and not _SCOPES.search(node.name):
            found.append(node.name)
    return found


def _has_result(op: str) -> bool:
    if op in _NO_RESULT or op in PLACEHOLDERS or op in VARIABLES:
        return False
    return not op.startswith(_TRAINING) and not op.endswith(_WATCHING)
