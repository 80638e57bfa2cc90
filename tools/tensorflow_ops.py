"""Writes the table of outputs of TensorFlow's ops, read from the op registry of the installed TensorFlow.

    .venv/bin/python tools/tensorflow_ops.py

One line an op: its name, then each output as `name` `:type attribute or type` `*attribute of the number`.
Ops with one output `output:T` of a single value are the rule and are left out.
"""

from __future__ import annotations

from pathlib import Path

TARGET = Path(__file__).parents[1] / "adapters/tensorflow/src/mo_tensorflow/op_outputs.txt"


def main() -> None:
    from tensorflow.core.framework import op_def_pb2, types_pb2
    from tensorflow.python.client import pywrap_tf_session as session

    buffer = session.TF_GetAllOpList()
    ops = op_def_pb2.OpList.FromString(session.TF_GetBuffer(buffer))
    lines = []
    for op in sorted(ops.op, key=lambda op: op.name):
        words = []
        for arg in op.output_arg:
            if arg.type_list_attr:
                words.append(f"{arg.name}**{arg.type_list_attr}")
                continue
            kind = arg.type_attr or types_pb2.DataType.Name(arg.type)
            words.append(f"{arg.name}:{kind}" + (f"*{arg.number_attr}" if arg.number_attr else ""))
        if words != ["output:T"]:
            lines.append(" ".join((op.name, *words)))
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(len(ops.op), len(lines), TARGET.stat().st_size)


if __name__ == "__main__":
    main()
