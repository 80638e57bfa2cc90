"""The convert loop: source ops become OpenVINO ops in place, and all that is not supported is reported at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mo_core.errors import ModelError, MoError, Problem, Unsupported, UsageError, bug, did_you_mean
from mo_core.frontend.converters import DOMAIN, Converter, ConverterTable
from mo_core.frontend.functions import Library, inline
from mo_core.frontend.model import Frontend, SourceModel
from mo_core.frontend.unsupported import Keeper, cut_before, named, unsupported
from mo_core.ir import UNKNOWN, Effects, Foreign, FunctionRef, Graph, Node, Pack, Result, Type, Value, release
from mo_core.options.names import counted

if TYPE_CHECKING:
    from mo_core.options import Options


class _Failure:
    """A value that could not be converted; what reads it is skipped, so that all problems are reported at once."""


class _Reported(Exception):
    """A body failed, and the problem is in the list already."""


class Conversion:
    """One run of the converters over a source model, in place."""

    def __init__(
        self,
        table: ConverterTable,
        frontend: Frontend,
        options: Options | None = None,
        functions: Library | None = None,
        tick: Callable[[int], None] | None = None,
    ) -> None:
        self.table, self.frontend, self.options = table, frontend, options
        self._functions, self._tick = functions or Library(), tick
        self._virtual: dict[Value, Any] = {}
        self._problems: dict[tuple[str, str], Problem] = {}
        self._done: list[list[Foreign]] = []
        self._patient = False  # whatever fails is not known, and no error
        self.notes: list[str] = []
        keeping = options is not None and options.keep_unsupported
        self._keeper = Keeper(frontend.name, options.unsupported_output) if keeping and options is not None else None

    def run(self, graph: Graph) -> None:
        """Convert all nodes. Raises Unsupported with every op that has no converter, or what a converter raises."""
        if self._keeper is None:
            self._survey(graph)
        if self._problems:
            error = unsupported(list(self._problems.values()))
            error.before = cut_before(graph, [p.op for p in self._problems.values()])
            raise error
        self.convert(graph)
        if self._problems:
            raise unsupported(list(self._problems.values()))
        self._spread(graph)
        self._tell_kept()

    def types(self, graph: Graph) -> list[Type]:
        """The types of the outputs, as far as the converters tell them; the graph is used up."""
        self._patient = True
        self.convert(graph)
        found = [self._virtual.get(r.source, r.source) for r in graph.outputs]
        return [v.type if isinstance(v, Value) and not isinstance(v.node, Foreign) else UNKNOWN for v in found]

    def convert(self, graph: Graph, bound: Mapping[Value, Value | Pack] | None = None) -> list[Any]:
        """Convert the nodes of one graph (bodies are converted when their node is).

        `bound` says what stands for some values inside, such as the parameters of a body. Returns the values of the
        outputs, a `Pack` for a sequence.
        """
        if len(self._done) > 64:
            raise ModelError("sub-graphs are nested more than 64 deep", "Flatten the control flow of the model.")
        self._virtual.update(bound or {})
        done: list[Foreign] = []
        self._done.append(done)
        try:
            for node in graph:
                stack = [node]
                while stack:  # the nodes of a function that is put in stand before its call
                    inner = stack.pop()
                    if isinstance(inner, Foreign):
                        stack += reversed(self._convert_node(graph, inner))
                        if self._tick is not None and not len(done) % 256:
                            self._tick(len(done))
        finally:
            self._done.pop()
        if self._problems:
            if self._done:
                raise _Reported("a body could not be converted")
            return []
        for node in reversed(done):
            for body in node.bodies:
                release(body)
            if node.graph is graph and not any(r.uses for r in node.results):
                graph.erase(node)
        return [self._virtual.get(r.source, r.source) for r in graph.outputs]

    def _spread(self, graph: Graph) -> None:
        """A sequence as output of the model becomes one output for each element, numbered."""
        outputs: list[Result] = []
        for result in list(graph.outputs):
            pack = self._virtual.get(result.source)
            if not isinstance(pack, Pack):
                outputs.append(result)
                continue
            if not pack.listed:
                raise Unsupported(
                    f'the output "{result.source.label}" is {pack.what}',
                    "Name a tensor that it is made of with --output.",
                )
            node, name = result.source.node, result.source.label
            graph.remove_output(result)
            outputs += [graph.add_output(value, f"{name}_{i}") for i, value in enumerate(pack)]
            if not any(r.uses for r in node.results):
                graph.erase(node)
        graph.outputs[:] = outputs

    def _find(self, node: Foreign) -> Converter | None:
        return converter_for(self.frontend, self.table, node)

    # -- one node

    def _convert_node(self, graph: Graph, node: Foreign) -> Sequence[Node]:
        """Convert a node, or put the function that it calls in its place: then the nodes to go on with are returned."""
        self._done[-1].append(node)
        slots = [self._virtual.get(v, v) if v is not None else None for v in node.slots]
        if any(isinstance(v, _Failure) for v in slots):
            self._fail(node)
            return ()
        converter_ = self._find(node)
        try:
            if converter_ is None and (self._keeper is None or self._functions.calls(node)):
                return self._inline(graph, node)
            values = self._keep(node, slots) if converter_ is None else self._call_or_keep(converter_, node, slots)
        except _Reported:
            self._fail(node)
            return ()
        except Unsupported as e:
            self._problem(node, f"{e.fact} ({e.remedy.removesuffix('.')})" if e.remedy else e.fact)
            self._fail(node)
            return ()
        except (MoError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as e:
            if self._patient:
                self._fail(node)
                return ()
            from_outside = converter_ is not None and bool(converter_.provider)
            if not isinstance(e, MoError) or (isinstance(e, UsageError) and from_outside):
                raise self._blame(node, converter_, e) from e
            by = f", converted by {converter_.provider}" if converter_ is not None and converter_.provider else ""
            e.note(f'{node.op} "{node.name or node.label}"{by}')
            raise
        except (MemoryError, RecursionError):
            raise
        except Exception as e:
            raise self._blame(node, converter_, e) from e
        if isinstance(values, Effects):
            self._name(node, graph.splice(values.nodes, node), ())
            values = values.values
        self._install(graph, node, values)
        return ()

    def _call_or_keep(self, c: Converter, node: Foreign, slots: list[Any]) -> Sequence[Any] | Effects:
        try:
            return self._call(c, node, slots)
        except Unsupported:
            if self._keeper is None:
                raise
            return self._keep(node, slots)

    def _keep(self, node: Foreign, slots: Sequence[Any]) -> Sequence[Value]:
        assert self._keeper is not None
        return self._keeper.keep(node, slots, partial(self._note, node))

    def _tell_kept(self) -> None:
        if self._keeper is None:
            return
        for op, count in self._keeper.kept.items():
            self.notes.append(
                f"{counted(count, op + ' node')} stay{'s an operation' if count == 1 else ' operations'} of the set "
                f'"{self.frontend.name}": the runtime needs an extension that computes them; '
                "mo inspect MODEL --scaffold DIR writes one to start from."
            )
        for name in self._keeper.unused():
            self.notes.append(f'--unsupported_output: no operation that is kept is called "{name}".')

    def _unknown_attribute(self, c: Converter, node: Foreign, name: str) -> Unsupported:
        """The error for an attribute that the converter does not take: another version of the op may have it."""
        versions = self.table.versions(c.domain, c.op)
        spans = [
            (v.since, after.since - 1)
            for v, after in zip(versions, [*versions[1:], None])
            if after and name in v.attributes
        ]
        spans += [(v.since, 0) for v in versions[-1:] if name in v.attributes]
        if not spans:
            return Unsupported(f'attribute "{name}" of {node.op} is not known', did_you_mean(name, c.attributes))
        where = ", ".join(f"{a} to {b}" if a < b else f"{a} and newer" if not b else f"{a}" for a, b in spans)
        return Unsupported(
            f'attribute "{name}" of {node.op} is one of opset {where}, and the model declares opset {node.version}',
            "Export the model again, or correct the opset that it declares.",
        )

    def _call(self, c: Converter, node: Foreign, slots: list[Any]) -> Sequence[Any] | Effects:
        given = self.frontend.prepare(c, node)
        if len(slots) > len(c.inputs) and not c.variadic:
            if any(v is not None for v in slots[len(c.inputs) :]):
                raise Unsupported(f"{node.op} has {len(slots)} inputs, and {len(c.inputs)} are known")
            slots = slots[: len(c.inputs)]
        for i in c.required_inputs:
            if i >= len(slots) or slots[i] is None:
                raise ModelError(f"{node.op} needs input `{c.inputs[i]}`, and it is not given")
        if c.variadic and not c.takes_gaps and None in slots[len(c.inputs) :]:
            place = slots.index(None, len(c.inputs)) + 1
            raise ModelError(f"{node.op} needs all of its inputs, and number {place} is not given")
        keywords = {k: self._bodies(node, v) for k, v in given.items() if k in c.attributes}
        unknown = [k for k in given if k not in c.attributes and k not in c.ignore and "*" not in c.ignore]
        if unknown:
            raise self._unknown_attribute(c, node, unknown[0])
        for name, parameter in c.attributes.items():
            if parameter.default is inspect.Parameter.empty and name not in keywords:
                raise ModelError(f'{node.op} needs attribute "{name}", and it is not given')
        for name, value in keywords.items():
            if not c.attribute_types[name].accepts(value):
                raise ModelError(
                    f'attribute "{name}" of {node.op} is {value!r:.60}, expected {c.attribute_types[name]}'
                )
        for name in c.special:
            keywords[name] = self._special(name, node)
        returned = c.function(*slots, **keywords)
        values = returned.values if isinstance(returned, Effects) else returned
        many = values if isinstance(values, (list, tuple)) and not isinstance(values, Pack) else (values,)
        for v in many:
            if v is not None and not isinstance(v, (Value, Pack)):
                raise TypeError(f"it returned {type(v).__name__}, which is no value of the graph")
        return Effects(many, returned.nodes) if isinstance(returned, Effects) else many

    def _bodies(self, node: Foreign, value: Any) -> Any:
        """An attribute, with the body of a function in the place of a reference to it."""
        if isinstance(value, FunctionRef):
            return self._functions.body(value, node)
        if isinstance(value, tuple) and any(isinstance(v, FunctionRef) for v in value):
            return tuple(self._bodies(node, v) for v in value)
        return value

    def _special(self, name: str, node: Foreign) -> Any:
        return {"node": node, "convert": self.convert, "options": self.options, "note": partial(self._note, node)}[name]

    def _note(self, node: Foreign, text: str) -> None:
        note = f'{node.op} "{node.name or node.label}": {text}'
        if note not in self.notes:  # a body may be converted several times
            self.notes.append(note)

    def _install(self, graph: Graph, node: Foreign, values: Sequence[Any]) -> None:
        if len(values) == 1 and len(node.results) > 1 and isinstance(values[0], Node):
            values = values[0].results
        flat = [v for value in values for v in (value if isinstance(value, Pack) else (value,))]
        new = graph.splice([v for v in flat if v is not None], node)
        self._name(node, new, values)
        for i, result in enumerate(node.results):
            value = values[i] if i < len(values) else None
            if isinstance(value, Pack):
                self._virtual[result] = value
            elif value is not None:
                graph.replace(result, value)
            elif result.uses:
                self._problem(node, f"output {i} cannot be computed")
                self._virtual[result] = _Failure()

    def _name(self, node: Foreign, new: Sequence[Node], values: Sequence[Any]) -> None:
        name = node.name or (node.names[0] if node.names else "")
        main = values[0].node if values and isinstance(values[0], Value) else None
        origin = (name,)
        for made in new:
            if not made.name:
                made.name = name if made is main else f"{name}/{made.type_name}"
            made.origin = made.origin or origin

    def _inline(self, graph: Graph, node: Foreign) -> list[Node]:
        """Put the body of a function in the place of its call; returns what was put in."""
        ref = self._functions.callee(node)
        if ref is None or ref.name not in self._functions.functions:
            raise Unsupported(f"{node.op} has no converter")
        return inline(graph, node, self._functions.body(ref, node))

    # -- problems

    def _survey(self, graph: Graph) -> None:
        for node in graph.walk():
            if not isinstance(node, Foreign) or self._find(node) is not None:
                continue
            if not self._functions.calls(node):
                self._problem(node, "")

    def _problem(self, node: Node, reason: str) -> None:
        op = named(node) if isinstance(node, Foreign) else node.type_name
        known = self._problems.setdefault((op, reason), Problem(op, node.name or node.label, 0, reason))
        known.count += 1

    def _fail(self, node: Foreign) -> None:
        for result in node.results:
            self._virtual[result] = _Failure()

    def _blame(self, node: Foreign, c: Converter | None, e: Exception) -> MoError:
        place = f"{c.function.__module__}.{c.function.__qualname__}" if c is not None else "inlining"
        operands = ", ".join(str(v.type) if isinstance(v, Value) else "-" for v in node.slots)
        return bug(
            f'the converter {place}{_line(e)} failed on {node.op} "{node.name or node.label}": {type(e).__name__}: {e}',
            "This is a bug of the converter; please report it with the model's node.",
            provider=c.provider if c is not None else "",
            where=f"operands {operands}; attributes {sorted(node.given)}",
        )


def _line(e: Exception) -> str:
    """Where the innermost frame of an exception is."""
    frame = e.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return ""
    return f" ({frame.tb_frame.f_code.co_filename}, line {frame.tb_lineno})"


def open_calls(model: SourceModel, table: ConverterTable, frontend: Frontend) -> None:
    """Put functions in the place of their calls, as a conversion does: what is in them gets a name, CALL/NODE."""

    def called(node: Foreign) -> FunctionRef | None:
        if converter_for(frontend, table, node) is not None or not model.functions.calls(node):
            return None
        return model.functions.callee(node)

    try:
        model.functions.expand(model.graph, called)
    except MoError as e:
        model.notes.append(f"{e.fact}; the functions of the model are left as calls here.")


def converter_for(frontend: Frontend, table: ConverterTable, node: Foreign) -> Converter | None:
    """The converter for a node: that of the front-end, or for what structuring made that of the core; None without."""
    if node.domain != DOMAIN:
        return frontend.find(table, node)
    from mo_core.frontend.control import structured  # few models have such nodes

    return structured().find(node)
