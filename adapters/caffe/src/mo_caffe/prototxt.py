"""Reads .prototxt: the text format of protobuf, checked against Caffe's schema, as plain data."""

from __future__ import annotations

from mo_caffe.schema import Plain, fields_of, single
from mo_core.frontend.textformat import read_text


def read_prototxt(content: bytes) -> Plain:
    """Read the text of a network.

    Returns:
        A NetParameter as plain data (see `schema`), undeclared fields included.

    Raises:
        ModelError: the text is not of this format or contradicts the schema; line and column are in the notes.
    """
    return read_text(
        content,
        "the .prototxt",
        fields_of("NetParameter"),
        real=single,
        too_long="Give the file that describes the network; the weights belong into the .caffemodel.",
        binary="Give the .caffemodel as the model and the text of the network with --input_proto.",
    )
