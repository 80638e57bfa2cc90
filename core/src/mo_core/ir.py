"""The graph: values, nodes and the doubly linked, always topologically ordered list of nodes.

A node is its op: `class Convolution(Node)` with declared operands and attributes. A node also *is* the value of its
first result, so that `Add(x, b)` can be passed wherever a value is wanted; the other results are in `results[1:]`.
Building is pure: a node that was just made belongs to no graph and registers no use; `Graph.splice` puts it in,
together with whatever new nodes it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from mo_core import schema as s
from mo_core import types as t
from mo_core.errors import InternalError, MoError, ShapeError, UsageError
from mo_core.tensor import Array, Lazy, Tensor, encode
from mo_core.types import Dim, ElementType, Shape, Type

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Callable[[Any], Any]:
        return lambda cls: cls


KNOWN_LIMIT = 256
"""Values with at most this many elements carry what is known of their content (`Value.known`)."""

_STRIDE = 1 << 20

V = TypeVar("V")


class Value:
    """One result of a node.

    Attributes:
        node: the node that computes it; index: which of its results.
        element, shape: its type; a shape of None means that the rank is unknown.
        names: tensor names, as users of the runtime see them.
        known: the content as far as it is known: an array of `element.dtype` when all of it is, an object array with
            ints and `Dynamic`s when part of it is, None when nothing is (or the tensor is large).
        uses: the places that read it, `(node, operand index)`, in order of registration.
    """

    __slots__ = ("element", "index", "known", "names", "node", "shape", "uses")

    node: Node
    index: int
    element: ElementType
    shape: Shape
    names: list[str]
    known: np.ndarray[Any, Any] | None
    uses: dict[tuple[Node, int], None]

    def _init_value(self, node: Node, index: int, type_: Type) -> None:
        self.node, self.index = node, index
        self.element, self.shape = type_
        self.names, self.uses, self.known = [], {}, None

    @property
    def type(self) -> Type:
        """Element type and shape."""
        return Type(self.element, self.shape)

    @property
    def rank(self) -> int:
        """Number of dimensions; raises ShapeError when it is unknown."""
        if self.shape is None:
            raise ShapeError(f'the rank of "{self.label}" is unknown, and it is needed')
        return len(self.shape)

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The shape; raises ShapeError when the rank is unknown."""
        if self.shape is None:
            raise ShapeError(f'the rank of "{self.label}" is unknown, and it is needed')
        return self.shape

    @property
    def static_shape(self) -> tuple[int, ...]:
        """The shape as numbers; raises ShapeError when a dimension is unknown."""
        return t.static(self.shape, f'"{self.label}"')

    @property
    def is_static(self) -> bool:
        """True when every dimension is a number."""
        return t.is_static(self.shape)

    @property
    def tensor(self) -> Tensor | None:
        """The weights, when the value is a constant."""
        return self.node.value if isinstance(self.node, Constant) else None

    @property
    def const(self) -> np.ndarray[Any, Any] | None:
        """The whole content when it is known (a constant of any size, or a small computed value), else None."""
        if self.known is not None and self.known.dtype != np.object_:
            return self.known
        tensor = self.tensor
        return None if tensor is None else tensor.numpy()

    @property
    def label(self) -> str:
        """How messages call it."""
        if self.names:
            return self.names[0]
        return self.node.label + (f":{self.index}" if self.index else "")

    def users(self) -> list[Node]:
        """The nodes that read it, each once, in order."""
        return list(dict.fromkeys(node for node, _ in self.uses))


class _Result(Value):
    """A result of a node beyond the first."""

    __slots__ = ()

    def __init__(self, node: Node, index: int, type_: Type) -> None:
        self._init_value(node, index, type_)

    def __repr__(self) -> str:
        return f"<result {self.index} of {self.node!r}>"


@dataclass_transform(
    field_specifiers=(
        s.operand, s.optional, s.variadic, s.ints, s.integer, s.real, s.reals, s.boolean, s.text, s.texts, s.one_of,
        s.required_one_of, s.element, s.dims, s.hidden,
    )
)  # fmt: skip
class Node(Value):
    """Base of every operation.

    Subclasses declare operands and attributes (see `mo_core.schema`) and give `infer`; `fold` where constants matter.

    Class attributes:
        type: name in the IR (default: the class name); opset: the operation set that has it.
        commutative: operands 0 and 1 may be exchanged (patterns follow this).
        partial: `fold` also works on object arrays with `Dynamic` elements (shape arithmetic).
        pure: equal nodes on equal operands compute equal results (false for random and stateful ops).
        sink: stays although nobody reads it.

    Attributes:
        rt_info, port_info: runtime attributes of the layer, and of its results by index: `{name: {key: text}}`.
    """

    type_name: ClassVar[str] = ""
    opset: ClassVar[str] = ""
    commutative: ClassVar[bool] = False
    partial: ClassVar[bool] = False
    pure: ClassVar[bool] = True
    sink: ClassVar[bool] = False
    schema: ClassVar[s.Schema] = s.Schema((), {})
    fold: Any = None
    rt_info: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    port_info: Mapping[int, Mapping[str, Mapping[str, str]]] = MappingProxyType({})

    operands: tuple[Value, ...] = ()
    results: tuple[Value, ...]
    graph: Graph | None = None
    name: str = ""
    origin: tuple[str, ...] = ()
    _prev: Node | None = None
    _next: Node | None = None
    _order: int = 0

    def __init_subclass__(
        cls,
        *,
        opset: str | None = None,
        type: str | None = None,
        commutative: bool | None = None,
        partial: bool | None = None,
        pure: bool | None = None,
        sink: bool | None = None,
    ) -> None:
        super().__init_subclass__()
        cls.type_name = type or cls.__name__
        for key, given in (("opset", opset), ("commutative", commutative), ("partial", partial), ("pure", pure), ("sink", sink)):
            if given is not None:
                setattr(cls, key, given)
        cls.schema = s.collect(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._bind(args, kwargs)
        self._set_results(self._infer())
        self._learn()

    # -- building

    def _bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        schema, cls = self.schema, type(self)
        given = list(args)
        if len(given) > len(schema.operands):
            raise UsageError(f"{cls.__name__} takes {len(schema.operands)} operands, and {len(given)} were given")
        for field in schema.operands[len(given) :]:
            if field.name in kwargs:
                given.append(kwargs.pop(field.name))
            elif field.optional:
                given.append(None)
        if schema.variadic and len(given) == len(schema.operands):
            given[-1:] = given[-1]
        while given and given[-1] is None:
            given.pop()
        if len(given) < schema.required:
            raise UsageError(f"{cls.__name__} needs {schema.required} operands, and {len(given)} were given")
        if given:
            self.operands = tuple(
                [v if isinstance(v, Value) else _literal(v, schema, given, i, cls) for i, v in enumerate(given)]
            )
        for name, value in kwargs.items():  # the others keep the default, which is an attribute of the class
            attribute = schema.attributes.get(name)
            if attribute is None:
                raise schema.unknown(cls, name)
            try:
                setattr(self, name, attribute.normalize(value))
            except (TypeError, ValueError) as e:
                raise UsageError(f"attribute {name} of {cls.__name__} is not {attribute.kind}: {e}") from e
            except UsageError as e:
                raise e.note(f"attribute {name} of {cls.__name__}")
        for name in schema.needed:
            if name not in kwargs:
                raise UsageError(f'{cls.__name__} needs attribute "{name}"')

    def _infer(self) -> Sequence[Type]:
        try:
            inferred = self.infer()
        except MoError as e:
            raise e.note(f"{self.type_name}({', '.join(str(v.type) for v in self.operands)})")
        types = (inferred,) if isinstance(inferred, Type) else inferred
        for _, shape in types:
            if shape is not None and any(type(d) is int and d < 0 for d in shape):
                where = f"{self.type_name}({', '.join(str(v.type) for v in self.operands)})"
                raise ShapeError(f"a dimension would be negative: {t.format_shape(shape)}", where=where)
        return types

    def _set_results(self, types: Sequence[Type]) -> None:
        self._init_value(self, 0, types[0] if types else Type(t.dynamic, None))
        if len(types) == 1:
            self.results = (self,)
        else:
            self.results = (self, *[_Result(self, i, ty) for i, ty in enumerate(types) if i]) if types else ()

    def _learn(self) -> None:
        """Compute what is known of small results from what is known of the operands."""
        if self.fold is None or not self.operands:
            return
        arrays = []
        for v in self.operands:
            if v.known is None or (v.known.dtype == np.object_ and not self.partial):
                return
            arrays.append(v.known)
        if any(r.shape is not None and t.is_static(r.shape) and t.size_of(r.shape) > KNOWN_LIMIT for r in self.results):  # type: ignore[operator]
            return
        try:
            with np.errstate(all="ignore"):
                content = self.fold(*arrays)
        except (TypeError, ValueError, ArithmeticError, IndexError, AttributeError, NotImplementedError, MoError):
            return  # what cannot be computed is simply not known; the runtime will say more
        self._know(content if isinstance(content, (tuple, list)) else [content])

    def _know(self, contents: Sequence[Any]) -> None:
        for result, content in zip(self.results, contents):
            if content is not None:
                result.known = settle(content, result.element)

    def infer(self) -> Type | Sequence[Type]:
        """The result types, from `self.operands` and the attributes; raises ShapeError."""
        raise NotImplementedError(f"{type(self).__name__}.infer")

    def evolve(self, *operands: Value, **changed: Any) -> Self:
        """A new node of the same kind: other operands (default: the same), attributes as they are unless changed."""
        schema = self.schema
        attributes = {name: getattr(self, name) for name in schema.attributes}
        attributes.update(changed)
        given: Sequence[Any] = operands or self.operands
        if schema.variadic:
            fixed = len(schema.operands) - 1
            given = (*given[:fixed], given[fixed:])
        return type(self)(*given, **attributes)

    # -- looking

    @property
    def attributes(self) -> dict[str, Any]:
        """All attributes by name."""
        return {name: getattr(self, name) for name in self.schema.attributes}

    @property
    def bodies(self) -> tuple[Graph, ...]:
        """The sub-graphs of a control-flow op."""
        return ()

    @property
    def label(self) -> str:
        return self.name or (self.names[0] if self.names else self.type_name)

    @property
    def is_live(self) -> bool:
        """True when something reads a result, or the node is there for its effect."""
        return self.sink or any(r.uses for r in self.results)

    def __repr__(self) -> str:
        results = ", ".join(str(r.type) for r in self.results)
        return f'<{self.type_name} "{self.label}" -> {results}>'

    def refresh(self) -> bool:
        """Infer again after an operand changed; True when a result type or known content changed."""
        types = self._infer()
        changed = False
        for result, (element, shape) in zip(self.results, types):
            if result.element is not element or not _same(result.shape, shape):
                result.element, result.shape = element, shape
                changed = True
        before = [r.known for r in self.results]
        for r in self.results:
            r.known = None
        self._learn()
        return changed or any((a is None) != (b is None) for a, b in zip(before, [r.known for r in self.results]))

    def set_operand(self, index: int, value: Value) -> None:
        """Read `value` at `index` from now on; uses are kept when the node is in a graph."""
        old = self.operands[index]
        if old is value:
            return
        self.operands = (*self.operands[:index], value, *self.operands[index + 1 :])
        if self.graph is not None:
            old.uses.pop((self, index), None)
            value.uses[self, index] = None


def _same(a: Shape, b: Shape) -> bool:
    return (a is None and b is None) or t.same_shape(a, b)


def settle(content: Any, element: ElementType) -> np.ndarray[Any, Any] | None:
    """Known content in canonical form: `element.dtype` when every element is a number, else an object array."""
    array = np.asarray(content)
    if array.size > KNOWN_LIMIT:
        return None
    if array.dtype == np.object_ and element is not t.string:
        if any(isinstance(x, t.Dynamic) or x is None for x in array.reshape(-1)):
            return array
        array = array.astype(element.dtype if element.dtype is not None else np.float32)
    if element.dtype is not None and array.dtype != element.dtype:
        array = array.astype(element.dtype)
    return array


def _literal(value: Any, schema: s.Schema, given: Sequence[Any], index: int, cls: type[Node]) -> Value:
    """A constant for a number, list or array that stands for an operand."""
    if value is None:
        raise UsageError(f"operand {index} of {cls.__name__} is missing")
    fields = schema.operands
    last = len(fields) - 1
    element = None
    if fields[min(index, last)].like and not isinstance(value, np.ndarray):
        for i, v in enumerate(given):
            if isinstance(v, Value) and fields[min(i, last)].like:
                element = v.element if v.element is not t.dynamic else None
                break
    return constant(value, element)


class Parameter(Node, opset="opset1", sink=True):
    """An input of the model (or of a body). https://docs.openvino.ai — Parameter-1."""

    element_type: ElementType = s.element()
    dimensions: Shape = s.dims(key="shape")

    def infer(self) -> Type:
        return Type(self.element_type, self.dimensions)

    def retype(self, element: ElementType, shape: Shape) -> None:
        """Give the input another type; the graph must be refreshed behind it (`Graph.refresh`)."""
        self.element_type, self.dimensions = element, shape


class Constant(Node, opset="opset1", type="Const"):
    """A tensor.

    Attributes:
        value: the tensor; stored_as: element type of the stored form when it differs (fp16 compression): the emission
            writes a Convert behind it, or stores the tensor as it is when a value does not fit.
    """

    value: Tensor = s.hidden()
    stored_as: ElementType | None = s.hidden(default=None)

    def infer(self) -> Type:
        return Type(self.value.element, self.value.shape)

    def _learn(self) -> None:
        if self.value.size <= KNOWN_LIMIT and not isinstance(self.value, Lazy):
            self.known = self.value.numpy()


class Result(Node, opset="opset1", sink=True):
    """An output of the model (or of a body)."""

    source: s.Operand = s.operand()

    def infer(self) -> Sequence[Type]:
        return ()


def constant(value: Any, element: ElementType | None = None) -> Constant:
    """A constant from a tensor, array, number or list (whole numbers become i64, others f32 unless `element` says)."""
    if isinstance(value, Tensor):
        return Constant(value=value)
    if isinstance(value, np.ndarray):
        return Constant(value=Array(value if element is None else encode(value, element), element, value.shape))
    array = np.asarray(value)
    if element is None:
        element = t.boolean if array.dtype == np.bool_ else t.f32 if array.dtype.kind == "f" else t.i64
        if array.dtype.kind in "OSU":
            element = t.string
        if array.size == 0:
            element = t.i64
    return Constant(value=Array(encode(array, element), element, array.shape))


class Graph:
    """A list of nodes in topological order, with inputs and outputs.

    Attributes:
        inputs: the parameters in order; outputs: the results in order.
        outer: the node whose body this is, once it is one.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.inputs: list[Parameter] = []
        self.outputs: list[Result] = []
        self._first: Node | None = None
        self._last: Node | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Node]:
        """Nodes in order. The list may be edited meanwhile: nodes put in ahead are visited, erased ones are not."""
        node = self._first
        while node is not None:
            yield node
            node = node._next
            while node is not None and node.graph is not self:  # erased: its link still points onwards
                node = node._next

    def __reversed__(self) -> Iterator[Node]:
        node = self._last
        while node is not None:
            before = node._prev
            yield node
            while before is not None and before.graph is not self:
                before = before._prev
            node = before

    def __repr__(self) -> str:
        return f'<Graph "{self.name}": {self._count} nodes>'

    # -- editing

    def add(self, node: Value) -> Node:
        """Put a new node (and the new nodes it depends on) at the end."""
        self.splice([node], None)
        return node.node

    def add_input(self, name: str, element: ElementType, shape: Shape) -> Parameter:
        """Append a parameter; its tensor name is the name given."""
        parameter = Parameter(element_type=element, dimensions=shape)
        parameter.name, parameter.origin = name, (name,)
        if name:
            parameter.names.append(name)
        self._link(parameter, self._first)
        # inputs keep their order at the head of the list
        if self.inputs and self.inputs[-1].graph is self:
            self._move_after(parameter, self.inputs[-1])
        self.inputs.append(parameter)
        return parameter

    def order_inputs(self, inputs: Sequence[Parameter]) -> None:
        """Put the inputs into this order, at the head of the list."""
        for parameter in reversed(inputs):
            if parameter is not self._first:
                self._unlink(parameter)
                self._link_raw(parameter, self._first)
        self.inputs[:] = inputs

    def add_output(self, value: Value, name: str = "") -> Result:
        """Append a result; the name is added to the tensor names of the value."""
        if name and name not in value.names:
            value.names.append(name)
        result = Result(value)
        result.name = name or value.label
        self.splice([result], None)
        self.outputs.append(result)
        return result

    def splice(self, values: Iterable[Value | None], before: Node | None) -> list[Node]:
        """Put in the nodes that `values` depend on and that are in no graph yet, ahead of `before` (None: at the end).

        Returns the new nodes in order. Raises InternalError when a value would be read before it is computed.
        """
        new: list[Node] = []
        for value in values:
            if value is not None and value.node.graph is None:
                self._splice_one(value.node, before, new)
        return new

    def _splice_one(self, root: Node, before: Node | None, new: list[Node]) -> None:
        stack: list[tuple[Node, int]] = [(root, 0)]
        while stack:
            node, at = stack.pop()
            if node.graph is not None:
                continue
            operands = node.operands
            while at < len(operands) and operands[at].node.graph is not None:
                at += 1
            if at < len(operands):
                stack.append((node, at + 1))
                stack.append((operands[at].node, 0))
                continue
            if before is not None:
                self._check_order(node, before)
            self._link(node, before)
            new.append(node)

    def _check_order(self, node: Node, before: Node) -> None:
        for v in node.operands:
            source = v.node
            if source.graph is self and source._order >= before._order:
                if source.operands or isinstance(source, Parameter):
                    raise InternalError(f'"{node.label}" ({node.type_name}) would read "{v.label}" before it is computed')
                self._unlink(source)
                self._link_raw(source, before)

    def _link(self, node: Node, before: Node | None) -> None:
        self._link_raw(node, before)
        for i, v in enumerate(node.operands):
            v.uses[node, i] = None

    def _link_raw(self, node: Node, before: Node | None) -> None:
        after = self._last if before is None else before._prev
        node.graph, node._prev, node._next = self, after, before
        if after is None:
            self._first = node
        else:
            after._next = node
        if before is None:
            self._last = node
            node._order = after._order + _STRIDE if after is not None else 0
        else:
            before._prev = node
            low = after._order if after is not None else before._order - 2 * _STRIDE
            node._order = (low + before._order) // 2
            if node._order == low:
                self._renumber()
        self._count += 1

    def _unlink(self, node: Node) -> None:
        before, after = node._prev, node._next
        if before is None:
            self._first = after
        else:
            before._next = after
        if after is None:
            self._last = before
        else:
            after._prev = before
        node.graph = None
        self._count -= 1

    def _move_after(self, node: Node, anchor: Node) -> None:
        if anchor._next is node or anchor is node:
            return
        self._unlink(node)
        self._link_raw(node, anchor._next)

    def _renumber(self) -> None:
        for i, node in enumerate(self):
            node._order = i * _STRIDE

    def precedes(self, a: Node, b: Node) -> bool:
        """True when `a` stands before `b`; both are in this graph."""
        return a._order < b._order

    def replace(self, old: Value, new: Value) -> list[Node]:
        """Let every reader of `old` read `new` instead, and move the tensor names.

        Types further down are inferred again when the new value has another type. Returns the readers.
        """
        if old is new:
            return []
        users = old.users()
        for node, index in list(old.uses):
            node.set_operand(index, new)
        for name in old.names:
            if name not in new.names:
                new.names.append(name)
        old.names = []
        if old.element is not new.element or not _same(old.shape, new.shape) or (old.known is None) != (new.known is None):
            self.refresh(users)
        return users

    def refresh(self, nodes: Iterable[Node] | None = None) -> None:
        """Infer again from these nodes (default: all) downwards, as far as types change."""
        if nodes is None:
            for node in self:
                node.refresh()
            return
        # In the order of the list: where paths meet again, a node is inferred once, behind all of them.
        waiting = dict.fromkeys(nodes)
        heap = [(node._order, i, node) for i, node in enumerate(waiting)]
        heapify(heap)
        count = len(heap)
        while heap:
            node = heappop(heap)[2]
            del waiting[node]
            if node.graph is not None and node.operands and node.refresh():
                for user in (u for r in node.results for u in r.users() if u not in waiting):
                    waiting[user] = None
                    count += 1
                    heappush(heap, (user._order, count, user))

    def erase(self, node: Node) -> None:
        """Take out a node that nobody reads; its operands lose this use. Raises InternalError when it is read."""
        if any(r.uses for r in node.results):
            raise InternalError(f'"{node.label}" ({node.type_name}) is still read and cannot be erased')
        for i, v in enumerate(node.operands):
            v.uses.pop((node, i), None)
        self._unlink(node)

    def erase_dead(self, nodes: Iterable[Node]) -> list[Node]:
        """Erase those of `nodes` that nobody reads, then their operands likewise; returns the erased ones."""
        gone: list[Node] = []
        work = list(nodes)
        while work:
            node = work.pop()
            if node.graph is not self or node.is_live:
                continue
            operands = [v.node for v in node.operands]
            for body in node.bodies:
                operands.extend(release(body))
            self.erase(node)
            gone.append(node)
            work.extend(operands)
        return gone

    def dissolve(self) -> None:
        """Take all nodes out, so that they are as if just made; nothing is left of the graph."""
        for node in list(self):
            for i, v in enumerate(node.operands):
                v.uses.pop((node, i), None)
            self._unlink(node)
        self.inputs, self.outputs = [], []

    def remove_output(self, result: Result) -> None:
        """Drop an output; what only it needed becomes dead."""
        self.outputs.remove(result)
        self.erase(result)

    def remove_input(self, parameter: Parameter) -> None:
        """Drop an input that nobody reads."""
        self.erase(parameter)
        self.inputs.remove(parameter)

    # -- looking

    def walk(self) -> Iterator[Node]:
        """All nodes, those of bodies (of any depth) after the node that holds them."""
        stack: list[Iterator[Node]] = [iter(self)]
        while stack:
            for node in stack[-1]:
                yield node
                if node.bodies:
                    stack.append(iter(_chain(node.bodies)))
                    break
            else:
                stack.pop()

    def captures(self) -> list[Value]:
        """Values of outer graphs that nodes in here (bodies included) read, each once, in order."""
        found: dict[Value, None] = {}
        inside: set[int] = {id(self)}
        for node in self.walk():
            inside.update(id(b) for b in node.bodies)
            for v in node.operands:
                if v.node.graph is not None and id(v.node.graph) not in inside:
                    found[v] = None
        return list(found)

    def verify(self) -> None:
        """Check order, links and uses; raises InternalError naming the node. For tests and `--check`."""
        seen: set[Node] = set()
        for node in self:
            if node.graph is not self:
                raise InternalError(f"{node!r} is linked into a graph that it does not belong to")
            for i, v in enumerate(node.operands):
                if (node, i) not in v.uses:
                    raise InternalError(f"{node!r} reads {v!r}, which does not know")
                if v.node.graph is self and v.node not in seen:
                    raise InternalError(f"{node!r} reads {v!r}, which is computed later")
                if v.node.graph is None:
                    raise InternalError(f"{node!r} reads {v!r}, which is in no graph")
            for r in node.results:
                for user, i in r.uses:
                    if user.graph is None or user.operands[i] is not r:
                        raise InternalError(f"{r!r} lists {user!r} as a user, which it is not")
            seen.add(node)
            for body in node.bodies:
                body.verify()
        for parameter in self.inputs:
            if parameter not in seen:
                raise InternalError(f"the input {parameter!r} is not in the graph")
        for result in self.outputs:
            if result not in seen:
                raise InternalError(f"the output {result!r} is not in the graph")


def _chain(graphs: Sequence[Graph]) -> Iterator[Node]:
    for graph in graphs:
        yield from graph


def release(body: Graph) -> list[Node]:
    """Unregister what a body reads from outside, since the body goes; returns the outside nodes."""
    outside: list[Node] = []
    for node in list(body.walk()):
        for i, v in enumerate(node.operands):
            if v.node.graph is not None and v.node.graph is not node.graph:
                v.uses.pop((node, i), None)
                outside.append(v.node)
    return outside


def clone_into(source: Graph, mapping: dict[Value, Value], make: Callable[[Node], None] | None = None) -> list[Value]:
    """Copy the nodes of `source` as detached nodes, reading `mapping[v]` wherever the original read `v`.

    `mapping` must hold the parameters of `source` and is extended by every copied value. Bodies are shared, so `source`
    must not be used afterwards when it has any. Returns the values of the outputs.
    """
    for node in source:
        if isinstance(node, (Parameter, Result)):
            continue
        copy = node.evolve(*[mapping.get(v, v) for v in node.operands])
        copy.name, copy.origin = node.name, node.origin
        for old, new in zip(node.results, copy.results):
            mapping[old] = new
        if make is not None:
            make(copy)
    return [mapping.get(r.source, r.source) for r in source.outputs]
