"""The nodes of the graph: values, operations, and the three that every graph has (Parameter, Constant, Result).

A node is its op: `class Convolution(Node)` with declared operands and attributes. A node also *is* the value of its
first result, so that `Add(x, b)` can be passed wherever a value is wanted; the other results are in `results[1:]`.
Building is pure: a node that was just made belongs to no graph and registers no use (see `mo_core.ir.graph`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from mo_core.errors import MoError, PluginError, ShapeError, UsageError
from mo_core.ir import schema as s
from mo_core.ir import types as t
from mo_core.ir.axis_trait import AxisTrait
from mo_core.ir.element_trait import ElementTrait
from mo_core.ir.tensor import Absent, Array, Lazy, Tensor, encode
from mo_core.ir.types import Dim, ElementType, Shape, Type

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform

    from mo_core.ir.custom import PortMap
    from mo_core.ir.graph import Graph
else:

    def dataclass_transform(**_: Any) -> Callable[[Any], Any]:
        return lambda cls: cls


KNOWN_LIMIT = 256
"""Values with at most this many elements carry what is known of their content (`Value.known`)."""

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
            raise self._no_rank()
        return len(self.shape)

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The shape; raises ShapeError when the rank is unknown."""
        if self.shape is None:
            raise self._no_rank()
        return self.shape

    def _no_rank(self) -> ShapeError:
        fact = f'the rank of "{self.label}" is unknown, and it is needed'
        return ShapeError(fact, "Give the shapes of the inputs with --input_shape.")

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
        s.operand,
        s.optional,
        s.variadic,
        s.ints,
        s.integer,
        s.real,
        s.reals,
        s.boolean,
        s.text,
        s.texts,
        s.one_of,
        s.required_one_of,
        s.element,
        s.dims,
        s.hidden,
    )
)
class Node(Value):
    """Base of every operation.

    Subclasses declare operands and attributes (see `mo_core.ir.schema`) and give `infer`; `fold` where
    constants matter.

    Class attributes:
        type: name in the IR (default: the class name); opset: the operation set that has it.
        commutative: operands 0 and 1 may be exchanged (patterns follow this).
        partial: `fold` also works on object arrays with `Dynamic` elements (shape arithmetic).
        pure: equal nodes on equal operands compute equal results (false for random and stateful ops).
        sink: stays although nobody reads it.
        nests: it may have bodies.

    Attributes:
        rt_info, port_info: runtime attributes of the layer, and of its results by index: `{name: {key: text}}`.
    """

    type_name: ClassVar[str] = ""
    opset: ClassVar[str] = ""
    commutative: ClassVar[bool] = False
    partial: ClassVar[bool] = False
    pure: ClassVar[bool] = True
    sink: ClassVar[bool] = False
    nests: bool = False
    axis_trait: ClassVar[AxisTrait | None] = None
    element_trait: ClassVar[ElementTrait] = ElementTrait()
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
        cls.nests = cls.bodies is not Node.bodies
        cls.type_name = type or cls.__name__
        traits = {"opset": opset, "commutative": commutative, "partial": partial, "pure": pure, "sink": sink}
        for key, given in traits.items():
            if given is not None:
                setattr(cls, key, given)
        cls.schema = s.collect(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._bind(args, kwargs)
        self._settle()

    # -- building

    def _settle(self) -> None:
        """What follows from operands and attributes."""
        self._set_results(self._infer())
        self._learn()

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
                e.note(f"attribute {name} of {cls.__name__}")
                raise
        for name in schema.needed:
            if name not in kwargs:
                raise UsageError(f'{cls.__name__} needs attribute "{name}"')

    def _infer(self) -> Sequence[Type]:
        try:
            inferred = self.infer()
        except MoError as e:
            e.note(f"{self.type_name}({', '.join(str(v.type) for v in self.operands)})")
            raise
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
                if self.provider and result.shape is not None and len(np.shape(content)) != len(result.shape):
                    raise PluginError(
                        f"{self.type_name} of {self.provider} infers the shape {t.format_shape(result.shape)} and "
                        f"computes {t.format_shape(np.shape(content))}",
                        "Its infer and its fold must agree; report this to its author.",
                    )
                result.known = settle(content, result.element)

    def infer(self) -> Type | Sequence[Type]:
        """The result types, from `self.operands` and the attributes; raises ShapeError."""
        raise NotImplementedError(f"{type(self).__name__}.infer")

    def evolve(self, *operands: Value, **changed: Any) -> Self:
        """A new node of the same kind: other operands (default: the same), attributes as they are unless changed."""
        schema = self.schema
        given: Sequence[Any] = operands or self.operands
        own = {name: value for name, value in vars(self).items() if name in schema.attributes}
        if not changed and all(isinstance(v, Value) for v in given):  # nothing that has to be brought into form
            made = type(self).__new__(type(self))
            vars(made).update(own, operands=tuple(given))
            made._settle()
            return made
        if schema.variadic:
            fixed = len(schema.operands) - 1
            given = (*given[:fixed], given[fixed:])
        return type(self)(*given, **{**own, **changed})

    def inherit(self, node: Node) -> None:
        """Have the name, the origin and the runtime attributes of `node`, as far as it has none of its own."""
        self.name = self.name or node.name
        self.origin = self.origin or node.origin
        if node.rt_info:
            self.rt_info = {**node.rt_info, **self.rt_info}
        if node.port_info:
            self.port_info = {**node.port_info, **self.port_info}

    # -- looking

    @property
    def attributes(self) -> dict[str, Any]:
        """All attributes by name."""
        return {name: getattr(self, name) for name in self.schema.attributes}

    @property
    def layer_data(self) -> list[tuple[str, str]]:
        """The attributes of the layer in the IR: names and texts."""
        attributes = [(a, getattr(self, name)) for name, a in self.schema.attributes.items() if a.xml is not None]
        return [(a.key or a.name, a.xml(value)) for a, value in attributes if a.xml is not None and value is not None]

    @property
    def bodies(self) -> tuple[Graph, ...]:
        """The sub-graphs of a control-flow op."""
        return ()

    @property
    def port_maps(self) -> Sequence[PortMap]:
        """How the ports of the layer and its bodies belong together, in the order of the IR."""
        return ()

    @property
    def label(self) -> str:
        return self.name or (self.names[0] if self.names else self.type_name)

    @property
    def provider(self) -> str:
        """The package that declares the operation, where that is not the core: the one to blame."""
        package = type(self).__module__.partition(".")[0]
        return "" if package in ("mo_core", "tests", "__main__") else package

    @property
    def is_live(self) -> bool:
        """True when something reads a result, or the node is there for its effect."""
        return bool(self.uses) or self.sink or any(r.uses for r in self.results[1:])

    def __repr__(self) -> str:
        results = ", ".join(str(r.type) for r in self.results)
        return f'<{self.type_name} "{self.label}" -> {results}>'

    def refresh(self) -> bool:
        """Infer again after an operand changed; True when a result type or known content changed."""
        types = self._infer()
        changed = False
        for result, (element, shape) in zip(self.results, types):
            if result.element is not element or not same_type_shape(result.shape, shape):
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

    def exchange(self, old: Value, new: Value) -> None:
        """Read `new` wherever `old` is read now; uses are kept when the node is in a graph."""
        if old is new:
            return
        places = [i for i, v in enumerate(self.operands) if v is old]
        self.operands = tuple([new if v is old else v for v in self.operands])
        for i in places if self.graph is not None else ():
            old.uses.pop((self, i), None)
            new.uses[self, i] = None


def same_type_shape(a: Shape, b: Shape) -> bool:
    """True when both are unknown, or known to be equal."""
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

    @property
    def layer_data(self) -> list[tuple[str, str]]:
        shape = "..." if self.dimensions is None else ",".join(map(str, self.dimensions))
        return [("element_type", self.element_type.name), ("shape", shape)]

    def retype(self, element: ElementType, shape: Shape) -> None:
        """Give the input another type; the graph must be refreshed after it (`Graph.refresh`)."""
        self.element_type, self.dimensions = element, shape


class Constant(Node, opset="opset1", type="Const"):
    """A tensor.

    Attributes:
        value: the tensor; stored_as: element type of the stored form when it differs (fp16 compression): the emission
            writes a Convert after it, or stores the tensor as it is when a value does not fit.
    """

    value: Tensor = s.hidden()
    stored_as: ElementType | None = s.hidden(default=None)

    def __init__(self, *, value: Tensor, stored_as: ElementType | None = None) -> None:
        # there are as many of them as of all other nodes together: without the general way
        self.value = value
        if stored_as is not None:
            self.stored_as = stored_as
        self._init_value(self, 0, Type(value.element, value.shape))
        self.results = (self,)
        self._learn()

    def infer(self) -> Type:
        return Type(self.value.element, self.value.shape)

    def _learn(self) -> None:
        if self.value.size <= KNOWN_LIMIT and not isinstance(self.value, (Lazy, Absent)):
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
