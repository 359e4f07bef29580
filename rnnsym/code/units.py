"""A model cut into units: each loop's equations and adjoint lines, in names of their own.

What a unit reads from outside comes in as an argument; the edges that lead out of it go out as
gradients. So the code of a stack is one pair of functions, called for every layer.
"""

from collections.abc import Iterator, Mapping
from keyword import kwlist

from rnnsym.derivation import Derivation, Step, Term
from rnnsym.equations import Block, Loop
from rnnsym.expr import LAYER, TIME, Array, Expr, Family, Map, Node, Span, arrays_in, rebuild
from rnnsym.numeric.notation import identifier
from rnnsym.record import record

__all__ = [
    "LocalEquation",
    "LocalLine",
    "Read",
    "Unit",
    "arrays_in",
    "key_of",
    "shifted",
    "units_of",
]

# What the code around the equations calls its own.
_OWN = """T B L np p params dtype steps work t at mask hold off now before after forward backward
cache times flat total work firsts final gradients sigmoid softmax x_ self torch few count parts
product products blocks k row rows half add multiply subtract square tanh exp log"""
RESERVED = frozenset((*kwlist, *_OWN.split()))


@record
class LocalEquation:
    """``lhs[t] = rhs``, without layer and direction."""

    lhs: Array
    rhs: Node


@record
class LocalLine:
    """An adjoint line: what the unit's own equations give, and whether more comes from outside.

    Attributes:
        terms: in the target's index.
        of: the array whose adjoint ``target`` is.
    """

    target: Array
    of: Array
    terms: tuple[Node, ...]
    factor: Node | None
    incoming: bool


@record
class Read:
    """An array that a unit reads from outside, under its local and its own name.

    Attributes:
        terms: the gradient that the unit sends there.
    """

    local: Array
    array: Array
    terms: tuple[Node, ...]


@record
class Unit:
    """One loop of a model.

    Attributes:
        name: of the functions.
        order: +1 forward in time, −1 backward, 0 once.
        layers: the layers it runs for, or None where its layer is fixed or absent.
        states: local arrays carried from step to step, with their domain.
        weights: local arrays.
        gradients: the terms of each weight's gradient.
        suffix: the layer and direction in the keys of its arrays, an f-string's text.
    """

    name: str
    block: Block
    order: int
    layers: Span | None
    equations: tuple[LocalEquation, ...]
    reads: tuple[Read, ...]
    states: tuple[tuple[Array, str], ...]
    weights: tuple[Array, ...]
    lines: tuple[LocalLine, ...]
    gradients: tuple[tuple[Array, tuple[Node, ...]], ...]
    suffix: str
    original: Mapping[str, Array]


def shifted(node: Node, by: int) -> Node:
    """Return ``node`` with its time index moved."""
    return node.xreplace({TIME: TIME + by}) if by else node


def units_of(derivation: Derivation) -> tuple[Unit, ...]:
    """Return the units of a model, in the order in which they are computed."""
    taken: set[str] = set()
    found: list[Unit] = []
    for block in derivation.system.blocks:
        for loop in block.loops:
            unit = _Cutter(derivation, block, loop).unit()
            name, number = unit, 2
            while name in taken:
                name, number = f"{unit}_{number}", number + 1
            taken.add(name)
            found.append(_Cutter(derivation, block, loop).cut(name))
    return tuple(found)


class _Cutter:
    def __init__(self, derivation: Derivation, block: Block, loop: Loop) -> None:
        self.derivation, self.block, self.loop = derivation, block, loop
        system = derivation.system
        self.own = {_place(e.lhs) for e in loop.equations}
        self.names = {e.lhs.family for e in loop.equations}
        self.weights = {_place(w.array): w.array for w in system.weights}
        # ∂L/∂y of a y = f(a) is written inside the adjoint of a.
        self.fused = {
            e.lhs.family: e.rhs.arg.family
            for e in system.equations
            if e.fused and isinstance(e.rhs, Map) and isinstance(e.rhs.arg, Array)
        }
        self.sizes = {s.partition("[")[0] for s in system.size_names}
        directions = {e.lhs.family.direction for e in loop.equations}
        self.direction = directions.pop() if len(directions) == 1 else ""

    def unit(self) -> str:
        """Return the name that the unit would like to have."""
        last = self.loop.equations[-1].lhs
        spec = self.block.spec
        if self.block.cell is not None and spec is not None and self._recurs():
            stem = self.block.cell.name
        else:
            stem = {"x": "embedding"}.get(last.name, f"output_{last.name}")
            stem = "dense" if str(spec).startswith("dense") else stem
        plain = "".join(c if c.isalnum() else "_" for c in stem).strip("_") or "cell"
        plain = f"cell_{plain}" if plain[0].isdigit() else plain
        return f"{plain}_{self.direction}" if self.direction else plain

    def _recurs(self) -> bool:
        states = {_place(s.array) for s in self.derivation.system.states}
        return bool(self.own & states)

    def cut(self, name: str) -> Unit:
        """Return the unit."""
        system = self.derivation.system
        equations = [
            LocalEquation(self._array(e.lhs), self.local(e.rhs)) for e in self.loop.equations
        ]
        used = dict.fromkeys(a for e in self.loop.equations for a in arrays_in(e.rhs))
        families = dict.fromkeys(_place(a) for a in used if _place(a) in self.weights)
        weights = tuple(self._array(self.weights[f]) for f in families)
        stage = next(s for s in self.derivation.stages if s.loop is self.loop)
        steps = {_place(s.of): s for s in self.derivation.weights}
        state_of = {_place(s.array): s for s in system.states}
        return Unit(
            name=name,
            block=self.block,
            order=self.loop.order,
            layers=next((e.layer for e in self.loop.equations), None),
            equations=tuple(equations),
            reads=tuple(self._reads(used)),
            states=tuple(
                (self._array(s.array), s.domain) for f, s in state_of.items() if f in self.own
            ),
            weights=weights,
            lines=tuple(self._line(s) for s in stage.steps),
            gradients=tuple((self._array(steps[f].of), self._inside(steps[f])) for f in families),
            suffix=self._suffix(),
            original={self._array(e.lhs).name: e.lhs for e in self.loop.equations},
        )

    def _suffix(self) -> str:
        marked = [e.lhs for e in self.loop.equations] + [
            self.weights[_place(a)]
            for e in self.loop.equations
            for a in arrays_in(e.rhs)
            if _place(a) in self.weights
        ]
        array = marked[-1]
        return array.key[len(array.name) :].replace("[l", "[{layer}")

    def _reads(self, used: Mapping[Array, None]) -> Iterator[Read]:
        seen: set[Family] = set()
        for array in used:
            if _place(array) in self.own or _place(array) in self.weights or array.family in seen:
                continue
            seen.add(array.family)
            fixed = array.time is not None and not array.time.has(TIME)
            plain = array if fixed else Array(array.family, array.shape, array.layer, TIME)
            yield Read(self._array(plain), plain, self._outgoing(array.family))

    def _outgoing(self, family: Family) -> tuple[Node, ...]:
        for step in (*self.derivation.adjoints, *self.derivation.inputs):
            if step.of.family == self.fused.get(family, family):
                terms = self._inside(step)
                if terms:
                    return terms
        return ()

    def _is_inside(self, term: Term) -> bool:
        return term.source is not None and any(term.source is e for e in self.loop.equations)

    def _inside(self, step: Step) -> tuple[Node, ...]:
        return tuple(self.local(_in_source_layer(t)) for t in step.terms if self._is_inside(t))

    def _line(self, step: Step) -> LocalLine:
        factor = None if step.factor is None else self.local(step.factor)
        incoming = any(not self._is_inside(t) and not _final_only(t) for t in step.terms)
        return LocalLine(
            self._array(step.target), self._array(step.of), self._inside(step), factor, incoming
        )

    def local(self, node: Node) -> Node:
        """Return an expression in the unit's own names."""
        if isinstance(node, Array):
            return self._array(node)
        return rebuild(node, tuple(self.local(c) for c in node.children))

    def _is_taken(self, name: str) -> bool:
        """Tell whether a name would hide one of the code's own; an underscore sets it apart."""
        return name in RESERVED or name in self.sizes or name.endswith("_")

    def _array(self, array: Array) -> Array:
        family = array.family
        name = family.name if family.direction == self.direction else identifier(array)
        name = f"{name}_" if self._is_taken(name) else name
        value = family.role == "value" and _place(array) not in self.weights
        if value and family in self.names and _place(array) not in self.own:
            name = f"{name}_below"
        time = array.time
        if _place(array) not in self.weights and family.role != "gradient":
            fixed = time is None or not time.has(TIME)
            time = TIME if fixed else time
        return Array(Family(name, name, "", family.role), array.shape, None, time)


def key_of(weight: Array) -> str:
    """Return a weight's name in the model, for a weight in a unit's own names."""
    return weight.name.removesuffix("_")


def _final_only(term: Term) -> bool:
    """Tell whether this is a gradient that arrives at a chain's last step only: a final state's."""
    return (
        term.source is None
        and term.time is not None
        and term.time.first == term.time.last
        and isinstance(term.value, Array)
        and term.value.name.startswith("Delta_")
    )


def _in_source_layer(term: Term) -> Node:
    """Return a term with its layer index written as its source's own."""
    layer = term.index[0]
    if not layer.has(LAYER) or layer == LAYER:
        return term.value
    return term.value.xreplace({LAYER: 2 * LAYER - layer})


def _place(array: Array) -> tuple[Family, Expr | None]:
    """Return what tells arrays apart whatever their time: a family at a layer."""
    return array.family, array.layer
