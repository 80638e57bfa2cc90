"""Texts and files: what the runtime does not compute."""

from __future__ import annotations

from typing import NoReturn

from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_tensorflow.registry import tf_op

_TEXTS = """
    AsString DecodeProtoV2 EncodeProto ParseExample ParseExampleV2 ParseSequenceExample ParseSequenceExampleV2
    ParseSingleExample ParseSingleSequenceExample ParseTensor RegexFullMatch RegexReplace SerializeTensor
    StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength StringLower StringNGrams StringSplit
    StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber
    StringUpper Substr UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode
    UnsortedSegmentJoin EncodeBase64 RaggedTensorToVariant RaggedTensorFromVariant RaggedGather
    RaggedRange RaggedCross RaggedBincount
"""
_FILES = """
    ReadFile MatchingFiles WholeFileReader WholeFileReaderV2 TFRecordReader TFRecordReaderV2 FixedLengthRecordReader
    FixedLengthRecordReaderV2 ReaderReadUpToV2 ReaderRead
"""


@tf_op(*_TEXTS.split(), ignore=("*",))
def texts(*inputs: Value) -> NoReturn:
    raise Unsupported("texts and ragged tensors are not computed by the runtime", "Cut after it with --input.")


@tf_op(*_FILES.split(), ignore=("*",))
def files(*inputs: Value) -> NoReturn:
    raise Unsupported("files are not read by the runtime", "Cut after it with --input.")


@tf_op("PyFunc", "PyFuncStateless", "EagerPyFunc", ignore=("*",))
def python_function(*inputs: Value) -> NoReturn:
    raise Unsupported("a Python function is not part of the file", "Cut around it, or give a converter for it.")
