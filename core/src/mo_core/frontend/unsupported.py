"""What becomes of source ops without a converter: the error that says how to go on, or a custom op that keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mo_core.errors import Problem, Unsupported
from mo_core.ir import UNKNOWN, Constant, Custom, Foreign, Graph, Type, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.options.names import tensor_name

if TYPE_CHECKING:
    from mo_core.options.inputs import InputSpec

_REMEDY = "Cut the model before or after them with --input and --output, or give a converter with --extension FILE.py."
_FEW = 8
_SMALL = 64
"""Elements of a tensor that may stand in an attribute."""


def unsupported(problems: Sequence[Problem]) -> Unsupported:
    """One error for all ops that are not supported, with counts, the first node and what would help."""
    lines = []
    for p in sorted(problems, key=lambda p: (-p.count, p.op)):
        lines.append(
            f'{p.op} ({p.count} node{"s" * (p.count > 1)}, first "{p.name}"){": " + p.reason if p.reason else ""}'
        )
    count = len({p.op for p in problems})
    what = "not supported" if any(not p.reason for p in problems) else "used in a way that is not supported"
    fact = f"{count} operation{'s are' if count > 1 else ' is'} {what}: " + "; ".join(lines)
    remedy = (
        "Cut the model before or after them with --input and --output, or give a converter with --extension FILE.py."
    )
    return Unsupported(fact, remedy, problems=problems)


def named(node: Foreign) -> str:
    """An op as messages call it: with its domain where it has one."""
    return f"{node.domain}:{node.op}" if node.domain else node.op


def cut_before(graph: Graph, ops: Iterable[str]) -> list[str]:
    """The tensors that make a model without these ops when they are its outputs; empty when there is no such model.

    They are what the ops and all that follows from them read, and the outputs that do not depend on them. Linear.
    """
    bad, tainted, moving = set(ops), set[Value](), set[Value](graph.inputs)
    wanted: dict[str, None] = {}
    for node in graph:
        spoilt = any(v in tainted for v in node.operands)
        if any(v in moving for v in node.operands):
            moving.update(node.results)
        if not spoilt and not (isinstance(node, Foreign) and named(node) in bad):
            continue
        tainted.update(node.results)
        for v in node.operands:
            if v not in tainted and v in moving and isinstance(v.node, Foreign):
                wanted[tensor_name(v)] = None
    for result in graph.outputs:
        if result.source not in tainted and isinstance(result.source.node, Foreign):
            wanted[tensor_name(result.source)] = None
    return list(wanted)


def remedy(framework: str, ops: Sequence[str], before: Sequence[str], blocked: Sequence[str]) -> str:
    """How to go on without converters for these ops, the easiest way first."""
    ways = []
    if blocked:
        ways.append(f"Plug-ins are left out that may have them: {', '.join(blocked)}.")
    if before and len(before) <= _FEW:
        ways.append(f"Cut the model before them with --output {','.join(before)}.")
    elif before:
        ways.append(f"Cut the model before them: {len(before)} tensors, which mo inspect names.")
    else:
        ways.append("Cut the model after them with --input.")
    ways.append(
        f"Give a converter with --extension FILE.py: mo plugins new my-{framework}-layer --framework {framework} --op "
        f"{ops[0]} writes one to start from."
    )
    ways.append("Keep them for an extension of the runtime with --keep_unsupported.")
    return "\n".join(ways)


class Keeper:
    """Turns source ops into custom ops of an operation set that is called like the framework.

    The types of the results are those that the user gives (`--unsupported_output`), else those that the file states,
    else that of the only input that is no constant, where there is one input and one result.
    """

    def __init__(self, framework: str, given: Sequence[InputSpec]) -> None:
        self._framework = framework
        self._given = {spec.text: spec for spec in given}
        self._used: set[str] = set()
        self.kept: dict[str, int] = {}

    def keep(self, node: Foreign, slots: Sequence[Any], note: Callable[[str], None]) -> Sequence[Value]:
        """The results of the custom op for a node. Raises Unsupported when the IR cannot hold it."""
        if any(v is not None and not isinstance(v, Value) for v in slots):
            raise Unsupported(f"{node.op} takes a sequence, and the IR has none")
        if node.bodies:
            raise Unsupported(f"{node.op} has sub-graphs, and a custom operation cannot hold them")
        gaps = [str(i) for i, v in enumerate(slots) if v is None]
        given: dict[str, Any] = {"absent_inputs": ",".join(gaps)} if gaps else {}
        for key, value in node.given.items():
            form = _attribute(value)
            if form is None:
                note(f"attribute {key} is left out: the IR has no form for it")
            else:
                given[key] = form
        operands = [v for v in slots if v is not None]
        types = tuple(self._type(node, i, operands) for i in range(len(node.results)))
        self.kept[named(node)] = self.kept.get(named(node), 0) + 1
        made = Custom(
            operands, op=node.op, operation_set=self._framework, given=tuple(given.items()), result_types=types
        )
        return made.results

    def unused(self) -> list[str]:
        """The names that the user gave types for and that no kept op has."""
        return [name for name in self._given if name not in self._used]

    def _type(self, node: Foreign, index: int, operands: Sequence[Value]) -> Type:
        result = node.results[index]
        names = [*result.names, f"{node.name}:{index}", *([node.name] if not index else [])]
        found = next((name for name in names if name in self._given), None)
        moving = [v for v in operands if not isinstance(v.node, Constant)]
        stated = result.type if result.type != UNKNOWN else None
        alike = moving[0].type if len(moving) == 1 and len(node.results) == 1 else None
        if found is not None:
            self._used.add(found)
            spec = self._given[found]
            default = stated or alike or (moving[0].type if moving else Type(t.f32, None))
            shape: Any = spec.shape if spec.is_shaped else default.shape
            return Type(spec.element or (default.element if default.element is not t.dynamic else t.f32), shape)
        known = stated if stated is not None and stated.element is not t.dynamic else alike
        if known is None:
            raise Unsupported(
                f'nothing says what output {index} of {node.op} "{node.name}" is',
                f'Give its type, as in --unsupported_output "{names[0]}[1,10]{{f32}}"',
            )
        return known


def _attribute(value: Any) -> Any:
    """An attribute in a form that the IR has; None when there is none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Tensor):
        return value.numpy().reshape(-1).tolist() if value.size <= _SMALL else None
    if isinstance(value, (list, tuple)):
        forms = [_attribute(v) for v in value]
        return None if any(f is None for f in forms) else forms
    return value if isinstance(value, (bool, int, float, str, t.ElementType)) else None
