"""The three Jacobians between successive states, always named, and the unrolled sum over paths.

1. The edge ∂⁺s_t/∂s_{t−1}: s's own equation, gates and other states held fixed (diag f_t).
2. The block ∂s_t/∂q_{t−1}: one step, the other states of t−1 held fixed (peepholes add terms).
3. The total ds_t/ds_{t−1}: along the graph, what s_{t−1} does to the other states included.
"""

from collections.abc import Collection, Iterator
from itertools import pairwise, product

from rnnsym.equations import Block, Equation, Loop, System
from rnnsym.errors import InputError
from rnnsym.expr import (
    TIME,
    Array,
    Expr,
    Family,
    Integer,
    Map,
    Node,
    activation,
    arrays_in,
    diag,
    plus,
)
from rnnsym.expr.forward import Seeds, chain, identity, jacobian
from rnnsym.record import record

__all__ = [
    "ChainJacobians",
    "StateJacobian",
    "TooManyPathsError",
    "jacobians",
    "step_paths",
    "traced",
    "unrolled",
]

MOST_PATHS = 2000


class TooManyPathsError(InputError):
    """The Jacobians of one step would be too long to write out."""


@record
class StateJacobian:
    """One Jacobian.

    Attributes:
        kind: "edge", "block" or "total".
        of, wrt: the state at t, and the state one step before it in the chain's direction.
        name: how later lines call it (J_ch), None for edges and totals.
        value: None is the zero matrix.
    """

    kind: str
    of: Array
    wrt: Array
    name: Array | None
    value: Node | None


@record
class ChainJacobians:
    """The Jacobians of one chain: one layer in one direction.

    Attributes:
        block, loop: the layer of the model, and the equations of one step.
    """

    title: str
    block: Block
    loop: Loop
    states: tuple[Array, ...]
    edges: tuple[StateJacobian, ...]
    blocks: tuple[StateJacobian, ...]
    totals: tuple[StateJacobian, ...]


def jacobians(system: System) -> tuple[ChainJacobians, ...]:
    """Return the Jacobians of every recurrent chain of a model.

    Raises:
        TooManyPathsError: more than MOST_PATHS products would stand in one of them.

    >>> from rnnsym.expr import text
    >>> from rnnsym.system import build_system, read_model
    >>> [chain] = jacobians(build_system(read_model("lstm")))
    >>> [text(edge.value) for edge in chain.edges if edge.value is not None]
    ['diag(fₜ)']
    """
    found: list[ChainJacobians] = []
    if step_paths(system) > MOST_PATHS:
        raise TooManyPathsError(
            f"'{system.model}' has {step_paths(system):,} paths through one step; Jacobians are "
            f"written out up to {MOST_PATHS:,}"
        )
    for block in system.blocks:
        if block.cell is None:
            continue
        for loop in block.loops:
            direction = loop.equations[0].lhs.family.direction
            states = [s.array for s in system.states if _defined(s.array, loop)]
            if states:
                title = f"{block.spec}" + (f", {direction}" if direction else "")
                found.append(_Chain(title, block, loop, tuple(states)).all(block.cell.written))
    return tuple(found)


def _defined(state: Array, loop: Loop) -> bool:
    return any(e.lhs == state for e in loop.equations)


def step_paths(system: System) -> int:
    """Return the most paths through one step that lead to one state, without writing them out."""
    states = {state.array.family for state in system.states}
    most = 0
    for loop in (loop for b in system.blocks if b.cell is not None for loop in b.loops):
        paths: dict[Array, int] = {}
        for equation in loop.equations:
            read = arrays_in(equation.rhs)
            paths[equation.lhs] = sum(paths.get(a, int(a.family in states)) for a in read)
            most = max(most, paths[equation.lhs])
    return most


def traced(chain: ChainJacobians, of: Array, wrt: Array) -> tuple[tuple[Equation, Node], ...]:
    """Return the equations that lead from ``wrt`` to ``of``, a state at t, in their order.

    With each comes the Jacobian of its left-hand side, written out: the last one is the block.
    """
    values: dict[Array, Node | None] = {wrt: identity(wrt)}
    for equation in chain.loop.equations:
        values[equation.lhs] = _Chain.through(equation, values.get)
        if equation.lhs == of:
            break
    needed = {of}
    for equation in reversed(chain.loop.equations):
        if equation.lhs in needed:
            needed |= set(arrays_in(equation.rhs))
    found = ((e, values.get(e.lhs)) for e in chain.loop.equations if e.lhs in needed)
    return tuple((equation, value) for equation, value in found if value is not None)


class _Chain:
    """One loop of equations, differentiated forwards."""

    def __init__(self, title: str, block: Block, loop: Loop, states: tuple[Array, ...]) -> None:
        self.title, self.block, self.loop, self.states = title, block, loop, states
        self.before: Expr = TIME - loop.order

    def all(self, written: Collection[str]) -> ChainJacobians:
        """Return edges, blocks and totals."""
        blocks = {(s, q): self._block(s, q) for s in self.states for q in self.states}
        return ChainJacobians(
            self.title,
            self.block,
            self.loop,
            self.states,
            tuple(self._edge(s, written) for s in self.states),
            tuple(blocks.values()),
            tuple(self._total(s, blocks) for s in self.states),
        )

    def _at(self, state: Array) -> Array:
        return state.xreplace({TIME: self.before})

    def _edge(self, state: Array, written: Collection[str]) -> StateJacobian:
        """Differentiate s's own equation; whatever else has a name is held fixed."""
        wrt = self._at(state)
        inner: dict[Array, Node | None] = {wrt: identity(state)}
        for equation in self.loop.equations:
            own = equation.lhs == state or _is_inner(equation, written)
            inner[equation.lhs] = self.through(equation, inner.get) if own else None
        value = inner.pop(state)
        return StateJacobian("edge", state, wrt, None, value)

    def _block(self, of: Array, wrt: Array) -> StateJacobian:
        """Differentiate the whole step; a state met on the way is called by its Jacobian's name."""
        start = self._at(wrt)
        values: dict[Array, Node | None] = {start: identity(wrt)}
        for equation in self.loop.equations:
            value = self.through(equation, values.get)
            if equation.lhs == of:
                return StateJacobian("block", of, start, jacobian_name(of, wrt), value)
            named = value is not None and equation.lhs in self.states
            values[equation.lhs] = jacobian_name(equation.lhs, wrt) if named else value
        raise AssertionError(of)

    def _total(
        self, state: Array, blocks: dict[tuple[Array, Array], StateJacobian]
    ) -> StateJacobian:
        terms: list[Node] = []
        for other in self.states:
            block = blocks[state, other]
            inside = self._within(other, state)
            if block.value is not None and block.name is not None and inside is not None:
                terms.append(chain(block.name, inside.xreplace({TIME: self.before})))
        value = plus(*terms) if terms else None
        return StateJacobian("total", state, self._at(state), None, value)

    def _within(self, of: Array, wrt: Array) -> Node | None:
        """Return ∂of_t/∂wrt_t inside one step: 0 unless ``of`` is computed from ``wrt``."""
        values: dict[Array, Node | None] = {wrt: identity(wrt)}
        for equation in self.loop.equations:
            if equation.lhs != wrt:
                values[equation.lhs] = self.through(equation, values.get)
        return values[of]

    @staticmethod
    def through(equation: Equation, seeds: Seeds) -> Node | None:
        rhs = equation.rhs
        if isinstance(rhs, Map) and isinstance(rhs.arg, Array):
            inner = seeds(rhs.arg)
            slope = activation(rhs.name).derivative(rhs.arg, equation.lhs)
            return None if inner is None else chain(diag(slope), inner)
        return jacobian(rhs, seeds)


def _is_inner(equation: Equation, written: Collection[str]) -> bool:
    """Tell whether an equation only names a pre-activation on the way."""
    return equation.lhs.name not in written


def jacobian_name(of: Array, wrt: Array) -> Array:
    """Return the array that stands for ∂of_t/∂wrt_{t−1}, e.g. J_ch at t."""
    a, b = of.family, wrt.family
    family = Family(f"J_{a.name}{b.name}", f"J_{{{a.label}{b.label}}}", a.direction)
    return Array(family, (of.shape[0], wrt.shape[0]), of.layer, TIME)


def unrolled(chains: ChainJacobians, steps: int) -> Iterator[tuple[Array, Array, tuple[Node, ...]]]:
    """Yield, for every pair of states, the paths from step 0 to ``steps`` as products of Jacobians.

    Blocks that are zero carry no path.
    """
    nonzero = {(b.of, b.wrt.family): b.name for b in chains.blocks if b.value is not None}
    forward = chains.blocks[0].wrt.time == TIME - 1
    for of, wrt in product(chains.states, repeat=2):
        paths: list[Node] = []
        for middle in product(chains.states, repeat=steps - 1):
            stops = (of, *middle, wrt)
            names = [nonzero.get((a, b.family)) for a, b in pairwise(stops)]
            times = range(steps, 0, -1) if forward else range(1, steps + 1)
            placed = [
                n.xreplace({TIME: Integer(k)}) for n, k in zip(names, times, strict=True) if n
            ]
            if len(placed) == steps:
                product_: Node = placed[0]
                for factor in placed[1:]:
                    product_ = chain(product_, factor)
                paths.append(product_)
        last = Integer(steps) if forward else Integer(1)
        first = Integer(0) if forward else Integer(steps + 1)
        yield of.xreplace({TIME: last}), wrt.xreplace({TIME: first}), tuple(paths)
