"""Runs inside the environment that has MXNet (`tools/mxnet_env.py`) and computes what it is asked for.

A message is a length, then JSON with a newline, then an archive of arrays (`numpy.savez`). Nothing of `mo` is imported.
"""

import io
import json
import os
import struct
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
for _name, _kind in (("bool", bool), ("int", int), ("float", float), ("object", object), ("complex", complex)):
    if _name not in np.__dict__:
        setattr(np, _name, _kind)
os.environ["MXNET_STORAGE_FALLBACK_LOG_VERBOSE"] = "0"
os.environ["MXNET_SUBGRAPH_VERBOSE"] = "0"

import mxnet as mx  # noqa: E402


def run(request, arrays):
    """Outputs of a symbol; inputs that are auxiliary states are found by their names."""
    with mx.util.np_shape(bool(request.get("numpy"))):
        symbol = mx.sym.load_json(request["symbol"])
        given = {k: _array(v) for k, v in arrays.items()}
        auxiliary = set(symbol.list_auxiliary_states())
        arguments = {k: given[k] for k in symbol.list_arguments()}
        states = {k: given[k] for k in auxiliary}
        executor = symbol.bind(mx.cpu(), args=arguments, aux_states=states, grad_req="null")
        return {}, {str(i): _numbers(y) for i, y in enumerate(executor.forward(is_train=False))}


def _array(a):
    return mx.nd.array(a, dtype=a.dtype) if a.ndim else mx.np.array(a, dtype=a.dtype).as_nd_ndarray()


def _numbers(y):
    return y.asnumpy()


def script(request, arrays):
    """Whatever a script leaves in `answer` (JSON) and `outputs` (arrays); it finds `arrays`, `mx` and `np`."""
    scope = {"mx": mx, "np": np, "arrays": arrays, "answer": {}, "outputs": {}}
    exec(compile(request["script"], "script", "exec"), scope)
    return scope["answer"], scope["outputs"]


def serve(incoming, outgoing):
    while True:
        head = incoming.read(8)
        if len(head) < 8:
            return
        text, _, archive = incoming.read(struct.unpack("<Q", head)[0]).partition(b"\n")
        request = json.loads(text)
        arrays = dict(np.load(io.BytesIO(archive))) if archive else {}
        try:
            answer, outputs = (script if "script" in request else run)(request, arrays)
        except Exception as e:
            answer, outputs = {"error": f"{type(e).__name__}: {e}"}, {}
        buffer = io.BytesIO()
        np.savez(buffer, **outputs)
        body = json.dumps(answer).encode() + b"\n" + buffer.getvalue()
        outgoing.write(struct.pack("<Q", len(body)) + body)
        outgoing.flush()


if __name__ == "__main__":
    if "--check" not in sys.argv:
        channel = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what MXNet prints does not disturb the channel
        serve(sys.stdin.buffer, channel)
