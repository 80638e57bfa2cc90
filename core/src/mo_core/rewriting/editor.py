"""The editor: the one way in which graphs are changed after conversion, by rules and by passes on the graph.

It keeps what is easily forgotten by hand: new nodes get a name, the origin and the runtime attributes of what they
stand for; what nobody reads any more is erased; tensor names move on to what holds the same, and go with a note where
nothing does; and firings, refusals and "did anything change" are recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mo_core.errors import InternalError
from mo_core.ir import Graph, Node, Parameter, Result, Value
from mo_core.ir.types import ElementType, Shape
from mo_core.rewriting.folding import fold_all, fold_one
from mo_core.rewriting.record import Declined, Firing, Unnamed, origins
from mo_core.rewriting.regions import replace_region

if TYPE_CHECKING:
    from mo_core.rewriting.passes import Context


class Editor:
    """Edits one graph on behalf of one pass.

    Attributes:
        graph: what is edited; bodies of control flow have editors of their own.
        context: options, notes and the record of the conversion.
        changed: whether anything is different from before, in bodies, too.
    """

    def __init__(self, graph: Graph, pass_name: str, context: Context) -> None:
        self.graph, self.context = graph, context
        self.changed = False
        self._pass_name = pass_name
        self._outer: Editor | None = None

    def within(self, body: Graph) -> Editor:
        """An editor for the body of a node."""
        inner = Editor(body, self._pass_name, self.context)
        inner._outer = self
        return inner

    @property
    def options(self) -> Any:
        """The options of the conversion."""
        return self.context.options

    def _note(self, changed: bool) -> None:
        editor: Editor | None = self
        while changed and editor is not None and not editor.changed:
            editor.changed, editor = True, editor._outer

    # -- nodes

    def put(self, value: Value, before: Node | None, source: Node, name: str = "") -> Value:
        """Put in the new nodes that `value` depends on, ahead of `before` (None: at the end); returns the value.

        They are called `name` (default: `SOURCE/TYPE`) and have the origin of `source`.
        """
        new = self.graph.splice([value], before)
        for node in new:
            if node is value.node and name:
                node.name = name
            node.name = node.name or f"{source.name}/{node.type_name}"
            node.origin = node.origin or source.origin
        self._note(bool(new))
        return value

    def replace(self, root: Node, *values: Value | None, rule: str, matched: Sequence[Node] = ()) -> None:
        """Let whatever reads the results of `root` read `values`, which hold the same, and note the firing.

        New nodes are named after `root` and the `matched` ones, which went into them, and have their origin and
        runtime attributes. Tensor names move on. What nobody reads any more is erased.
        """
        nodes = tuple(dict.fromkeys((root, *matched)))
        gone = origins(nodes)
        absorb(self.graph, root, values, nodes)
        self.fire(rule, gone, values[0].node.name if values and values[0] is not None else "")

    def replace_region(
        self, inputs: Sequence[Value], outputs: Sequence[Value], new_values: Sequence[Value], rule: str
    ) -> None:
        """Let whatever reads `outputs` read `new_values`, which depend on `inputs` at most, and note the firing.

        See `mo_core.rewriting.replace_region`.
        """
        gone = replace_region(self.graph, inputs, outputs, new_values)
        self.fire(rule, origins(gone), new_values[0].node.name if new_values else "")

    def set_operand(self, node: Node, index: int, value: Value, name: str = "") -> None:
        """Let `node` read `value` at `index`; a new value goes in ahead of it, and an old one that is not read goes.

        Types further down are not inferred again before `refresh`.
        """
        old = node.operands[index]
        self.put(value, node, node, name)
        node.set_operand(index, value)
        self.graph.erase_dead([old.node])
        self._note(True)

    def redirect(self, uses: Iterable[tuple[Node, int]], value: Value) -> None:
        """Let these places read `value`, which is in the graph."""
        for node, index in list(uses):
            node.set_operand(index, value)
            self._note(True)

    def update(self, node: Node, **attributes: Any) -> None:
        """Give attributes of a node other values; types are not inferred again before `refresh`."""
        for name, value in attributes.items():
            if name not in node.schema.attributes:
                raise InternalError(f"{node!r} has no attribute {name}")
            setattr(node, name, value)
        self._note(True)

    def refresh(self, nodes: Iterable[Node] | None = None) -> None:
        """Infer types again from these nodes (default: all) downwards."""
        self.graph.refresh(nodes)

    def erase_dead(self, nodes: Iterable[Node] | None = None) -> list[Node]:
        """Erase those of `nodes` (default: all) that nobody reads, then their operands likewise; returns the erased."""
        gone = self.graph.erase_dead(list(reversed(self.graph)) if nodes is None else nodes)
        self._note(bool(gone))
        return gone

    def fold(self, nodes: Iterable[Node] | None = None, rule: str = "constant") -> None:
        """Compute those of `nodes` (default: all) that depend on constants only."""
        for node in self.graph if nodes is None else nodes:
            if node.operands and node.graph is self.graph and fold_one(self.graph, node) is not None:
                self.fire(rule, (), node.name)

    # -- inputs and outputs

    def retype(self, parameter: Parameter, element: ElementType, shape: Shape) -> None:
        """Give an input another type; what reads it is not inferred again before `refresh`."""
        parameter.retype(element, shape)
        parameter.refresh()
        self._note(True)

    def add_output(self, value: Value, name: str = "") -> Result:
        """Append an output of the graph that is edited."""
        self._note(True)
        return self.graph.add_output(value, name)

    def remove_input(self, parameter: Parameter) -> None:
        """Drop an input that nobody reads."""
        self.graph.remove_input(parameter)
        self._note(True)

    def remove_output(self, result: Result) -> None:
        """Drop an output."""
        self.graph.remove_output(result)
        self._note(True)

    def replace_outputs(self, values: Mapping[str, Value], rule: str) -> None:
        """Make these the outputs of the model, by name, in the place of those that it has, and note the firing.

        A name that `--output` may have for one of those means the new one at its place; where there is only one, that
        one, unless what it named is still computed.
        """
        graph, source = self.graph, self.context.model
        before = list(graph.outputs)
        made = [self.put(value, None, before[-1].source.node, name) for name, value in values.items()]
        for result in before:
            self.remove_output(result)
        for name, value in zip(values, made):
            self.add_output(value, name)
        gone = self.erase_dead()
        self.fire(rule, [name for node in gone for name in node.origin], next(iter(values)))
        for i, result in enumerate(before):
            old = result.source
            if source is not None and (len(made) == len(before) or (len(made) == 1 and old.node.graph is None)):
                new = made[min(i, len(made) - 1)]
                source.stand_ins.update(dict.fromkeys((result.name, old.node.name, *old.names), new))

    # -- names and attributes

    def rename(self, node: Node, name: str) -> None:
        """Call a node otherwise."""
        self._note(node.name != name)
        node.name = name

    def move_names(self, old: Value, new: Value) -> None:
        """Give the tensor names of `old` to `new`, which the user means by them from now on."""
        new.names.extend(name for name in old.names if name not in new.names)
        old.names = []
        self._note(True)

    def drop_names(self, values: Iterable[Value], rule: str) -> None:
        """Take the tensor names from values that hold something else than in the source, and note which went."""
        for value in values:
            for name in value.names:
                self.context.record.unnamed.append(Unnamed(self._pass_name, rule, name))
            self._note(bool(value.names))
            value.names = []

    def annotate(self, value: Value, key: str, info: dict[str, str]) -> None:
        """Set a runtime attribute of a result of a node."""
        node = value.node
        node.port_info = {**node.port_info, value.index: {**node.port_info.get(value.index, {}), key: info}}
        self._note(True)

    # -- the record

    def fire(self, rule: str, gone: Iterable[str], kept: str) -> None:
        """Note that something was rewritten: the source names that went into it, and the name that stayed."""
        self.context.record.fire(Firing(self._pass_name, rule, tuple(gone), kept))
        self._note(True)

    def decline(self, rule: str, node: Node, reason: str) -> None:
        """Note why a node that seemed to fit is left alone."""
        self.context.record.decline(Declined(self._pass_name, rule, node.name, origins([node]), reason))

    def excludes(self, rule: str, *nodes: Node) -> bool:
        """True when `--finegrain_fusing` names one of the nodes, which is noted."""
        covered = self.context.exclusion.covers(nodes)
        if covered:
            self.decline(rule, nodes[0], f'"{covered}" is excluded by --finegrain_fusing')
        return bool(covered)


def absorb(graph: Graph, root: Node, values: Sequence[Value | None], matched: Sequence[Node]) -> list[Node]:
    """Put `values` in the place of the results of `root`, name the new nodes, fold, and erase what became dead.

    Returns the neighbourhood: new nodes and the readers of the new values.
    """
    if len(values) < len(root.results) and any(r.uses for r in root.results[len(values) :]):
        raise InternalError(f"{root!r} has {len(root.results)} results, and its replacement {len(values)}")
    new = graph.splice(values, root)
    _inherit(new, root, values, matched)
    touched: list[Node] = list(new)
    for result, value in zip(root.results, values):
        if value is not None:
            touched.extend(graph.replace(result, value))
        elif result.uses:
            raise InternalError(f"a rule gave nothing for result {result.index} of {root!r}, which is read")
    before = [v.node for node in matched if node.graph is graph for v in node.operands]
    graph.erase_dead([*reversed(new), root, *matched])
    touched.extend(fold_all(graph, new))
    return [*touched, *before]


def _inherit(new: Sequence[Node], root: Node, values: Sequence[Value | None], matched: Sequence[Node]) -> None:
    main = values[0].node if values and values[0] is not None else None
    origin = tuple(dict.fromkeys(name for node in (root, *matched) for name in node.origin))
    heirs = {type(node): node for node in reversed(matched) if node is not root}
    for node in new:
        node.origin = node.origin or origin
        if node is main:
            node.name = node.name or root.name
            node.rt_info = {**root.rt_info, **node.rt_info} if root.rt_info else node.rt_info
        elif not node.name:
            heir = heirs.pop(type(node), None)
            if heir is not None:
                node.inherit(heir)
            node.name = node.name or f"{root.name}/{node.type_name}"
    for index, info in root.port_info.items():
        value = values[index] if index < len(values) else None
        if value is not None and value.node in new:
            value.node.port_info = {value.index: info, **value.node.port_info}
