"""Reads components of any kind: tokens with values, up to the end tag. Nothing in here knows a single kind."""

from __future__ import annotations

from collections.abc import Collection

from mo_core.errors import ModelError
from mo_kaldi.network import Component
from mo_kaldi.stream import Raw, Stream

_GROUPS = ("<Model>", "<ConvolutionModel>", "</ConvolutionModel>")
"""Tokens that frame others, and have no value."""
_MOST_TOKENS = 4096
_DEEPEST = 16


def read_component(stream: Stream, kind: str, depth: int = 0) -> Component:
    """Read what stands after the opening tag `<kind>`, end tag included."""
    if depth > _DEEPEST:
        raise stream.fail("components nested less deep")
    found = Component(kind, stream.at)
    end = f"</{kind}>"
    values = list(_own_values(stream, found))
    for _ in range(_MOST_TOKENS):
        start = stream.at
        token = stream.token()
        if token == end:
            found.values = tuple(values)
            return found
        if token in _GROUPS:
            continue
        if not token.startswith("<") or token.startswith("</"):
            stream.at = start
            raise stream.fail(f"{end} or a token of <{kind}>")
        name = token[1:-1]
        if name.endswith("Component"):
            found.parts.append(read_component(stream, name, depth + 1))
            continue
        given = stream.values()
        found.tokens[name] = given[0] if given else True
        values += given[1:]
    raise stream.fail(end)


def skip_component(stream: Stream, kind: str) -> Component:
    """Read a component; where its values cannot be told apart, go on after its end tag."""
    start = stream.at
    try:
        return read_component(stream, kind)
    except ModelError as e:
        stream.at = start
        stream.skip_past(f"</{kind}>")
        return Component(kind, start, problem=e)


def read_nnet1_component(stream: Stream, kind: str, kinds: Collection[str]) -> Component:
    """Read a component of the first generation: sizes, tokens, and an end mark that older files do not have."""
    found = Component(kind, stream.at)
    values = list(_own_values(stream, found))
    for _ in range(_MOST_TOKENS):
        token = stream.peek()
        if token == "<!EndOfComponent>":
            stream.token()
            break
        if token == "</Nnet>" or token[1:-1].lower() in kinds:
            break
        if not token.startswith("<") or token.startswith("</"):
            raise stream.fail("<!EndOfComponent> or the next component")
        stream.token()
        given = stream.values()
        found.tokens[token[1:-1]] = given[0] if given else True
        values += given[1:]
    found.values = tuple(values)
    return found


def _own_values(stream: Stream, component: Component) -> list[Raw]:
    """Values right after the opening tag."""
    try:
        return stream.values()
    except ModelError as e:
        e.note(f"component <{component.kind}>")
        raise
