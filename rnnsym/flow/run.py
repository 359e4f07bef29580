"""A network on random numbers, and its Jacobians along the run, from the derived expressions."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rnnsym.equations import System
from rnnsym.expr import LAYER, Array, Diag, Fill, Map, Node, Plus, Scale, arrays_in
from rnnsym.jacobian import ChainJacobians, jacobians
from rnnsym.numeric.arrays import Floats
from rnnsym.numeric.oracle import Key, Values, evaluate, forward
from rnnsym.numeric.sizes import Sizes
from rnnsym.record import record

__all__ = ["INITS", "KeepGate", "Run", "keep_gates", "random_runs", "recurrent_weights"]

INITS = ("gaussian", "orthogonal")


@record
class KeepGate:
    """A gate that multiplies its own state of the step before: f, or z where 1 − z does.

    Attributes:
        sign: 1 where the gate itself keeps the state, −1 where one minus it does.
        biases: what is added inside the gate; a bias of ``sign``·B keeps σ(B) of the state.
    """

    state: Array
    gate: Array
    sign: int
    biases: tuple[Array, ...]


def keep_gates(chain: ChainJacobians) -> Iterator[KeepGate]:
    """Yield the gates of a chain that decide how much of a state is kept, from its direct edges.

    >>> from rnnsym.jacobian import jacobians
    >>> from rnnsym.system import build_system, read_model
    >>> for name in ("vanilla", "lstm", "gru"):
    ...     [chain] = jacobians(build_system(read_model(name)))
    ...     print(name, [(str(k.gate), k.sign) for k in keep_gates(chain)])
    vanilla []
    lstm [('f[t]', 1)]
    gru [('z[t]', -1)]
    """
    by_array = {e.lhs: e.rhs for e in chain.loop.equations}
    cell = chain.block.cell
    biases = () if cell is None else tuple(b.name for b in cell.biases)
    for edge in chain.edges:
        gate, sign = _kept_by(edge.value)
        value = None if gate is None else by_array.get(gate)
        if gate is not None and isinstance(value, Map) and value.name == "sigmoid":
            inner = by_array.get(value.arg, value.arg) if isinstance(value.arg, Array) else value
            added = tuple(a for a in arrays_in(inner) if a.name in biases)
            yield KeepGate(edge.of, gate, sign, added)


def _kept_by(edge: Node | None) -> tuple[Array | None, int]:
    """Return y of diag(y) and of diag(1 − y), and the sign of y."""
    if not isinstance(edge, Diag):
        return None, 0
    if isinstance(edge.arg, Array):
        return edge.arg, 1
    one, *rest = edge.arg.children if isinstance(edge.arg, Plus) else (edge.arg,)
    if isinstance(one, Fill) and one.value == 1 and len(rest) == 1:
        [minus] = rest
        if isinstance(minus, Scale) and minus.factor == -1 and isinstance(minus.arg, Array):
            return minus.arg, -1
    return None, 0


def recurrent_weights(chain: ChainJacobians) -> frozenset[Array]:
    """Return the trained arrays in a chain's Jacobians: what a gradient meets at every step."""
    values = (b.value for b in chain.blocks if b.value is not None)
    return frozenset(a for value in values for a in arrays_in(value) if a.time is None)


@record
class Run:
    """One layer and direction of a network that one sequence has run through.

    Attributes:
        values: every array of the run, as the oracle keeps them.
        given: those it started from: inputs, weights and initial states.
        layer: the layer of ``chain`` that is looked at.
    """

    system: System
    chain: ChainJacobians
    values: Values
    given: Mapping[Key, Any]
    layer: int

    def number(self, node: Node, time: int = 0) -> Floats:
        """Return an expression's value at a step of the run."""
        self.values.layer, self.values.time = self.layer, time
        found: Floats = evaluate(node, self.values).real[0]
        return found

    def jacobian(self, time: int) -> Floats:
        """Return the Jacobian of all states at ``time`` by all states of the step before.

        A state met on the way is called by the name of its Jacobian, which is therefore kept.
        """
        order = {e.lhs: i for i, e in enumerate(self.chain.loop.equations)}
        found: dict[tuple[Array, Array], Floats] = {}
        for block in sorted(self.chain.blocks, key=lambda b: order[b.of]):
            rows, cols = (self.rows(a) for a in (block.of, block.wrt))
            value = np.zeros((rows, cols))
            if block.value is not None:
                value = self.number(block.value, time)
            if block.name is not None:
                self.values.known[self.values.key(block.name)] = value[None] + 0j
            found[block.of, block.wrt] = value
        return np.block(
            [
                [found[b.of, b.wrt] for b in self.chain.blocks if b.of == state]
                for state in self.chain.states
            ]
        )

    def products(self) -> Iterator[Floats]:
        """Yield ∂s_T/∂s_{T−k} for k = 1, 2, … along the whole run, newest Jacobian first."""
        steps = self.values.sizes.steps
        times = range(1, steps + 1)
        total: Floats | None = None
        for time in reversed(times) if self.chain.loop.order > 0 else times:
            jacobian = self.jacobian(time)
            total = jacobian if total is None else total @ jacobian
            yield total

    def layer_of(self, array: Array) -> int | None:
        """Return the layer index of an array here."""
        self.values.layer = self.layer
        return self.values.index(array.layer)

    def part(self, product: Floats, state: Array) -> Floats:
        """Return the rows and columns of one state."""
        start = 0
        for other in self.chain.states:
            end = start + self.rows(other)
            if other == state:
                return product[start:end, start:end]
            start = end
        raise AssertionError(state)

    def rows(self, state: Array) -> int:
        """Return the size of a state."""
        return self.values.sizes.number(state.shape[0], self.layer)


def random_runs(
    system: System,
    sizes: Sizes,
    *,
    seed: int,
    init: str = "gaussian",
    forget_bias: float | None = None,
) -> tuple[Run, ...]:
    """Run a network on random inputs, from zero states, with random weights and zero biases.

    Args:
        system: index equations.
        sizes: numbers for all sizes, and T.
        seed: of inputs and weights.
        init: "gaussian" draws every weight from N(0, 1/columns); "orthogonal" makes the recurrent
            matrices orthogonal, and ±1 of the vectors that stand for diagonal ones.
        forget_bias: B puts the bias of every gate that keeps a state where it keeps σ(B).

    Returns:
        Every recurrent layer from the first to the last, forward before backward.
    """
    chains = jacobians(system)
    draw = np.random.default_rng(seed)
    known: dict[Key, Any] = {}
    for time in range(1, sizes.steps + 1):
        known[_at(system.input, sizes, 0, time)] = _complex(
            draw.standard_normal(sizes.shape(system.input.shape))
        )
    shifts = {k: v for chain in chains for k, v in _biases(chain, forget_bias).items()}
    recurrent = frozenset(a for chain in chains for a in recurrent_weights(chain))
    zero = _bias_names(system)
    for weight in system.weights:
        for layer in sizes.range(weight.layer) if _layered(weight.array) else [0]:
            shape = sizes.shape(weight.array.shape, layer)
            value = draw.standard_normal(shape) / np.sqrt(shape[1])
            if weight.array.name in zero:
                value = np.full(shape, shifts.get(weight.array, 0.0))
            elif init == "orthogonal" and weight.array in recurrent:
                value = _orthogonal(value)
            known[_at(weight.array, sizes, layer, None)] = _complex(value)
    for state in system.states:
        for layer in sizes.range(state.layer) if _layered(state.array) else [0]:
            shape = sizes.shape(state.array.shape, layer)
            # A sum of exponentials starts above zero: it is divided by.
            start = np.full(shape, 1.0 if state.domain == "positive" else 0.0)
            time = sizes.number(state.initial)
            known[_at(state.array, sizes, layer, time)] = _complex(start)
    values = Values(sizes, None, dict(known), states=frozenset(s.array.name for s in system.states))
    with np.errstate(over="ignore", invalid="ignore"):
        forward(system, values)
    spans = {s.array: s.layer for s in system.states}
    runs = [
        (system.blocks.index(chain.block), layer, Run(system, chain, values, known, layer))
        for chain in chains
        for layer in sizes.range(spans[chain.states[0]])
    ]
    return tuple(run for _, _, run in sorted(runs, key=lambda place: place[:2]))


def _complex(value: Floats) -> Any:
    return value[None] + 0j


def _layered(array: Array) -> bool:
    return array.layer is not None and array.layer.has(LAYER)


def _at(array: Array, sizes: Sizes, layer: int, time: int | None) -> Key:
    index = None if array.layer is None else sizes.number(array.layer, layer)
    return array.name, array.family.direction, index, time


def _bias_names(system: System) -> frozenset[str]:
    return frozenset(b.name for block in system.blocks if block.cell for b in block.cell.biases)


def _biases(chain: ChainJacobians, forget_bias: float | None) -> Mapping[Array, float]:
    """Where a gate has two bias vectors the first carries B: they only ever act by their sum."""
    if forget_bias is None:
        return {}
    return {k.biases[0]: k.sign * forget_bias for k in keep_gates(chain) if k.biases}


def _orthogonal(value: Floats) -> Floats:
    if value.shape[1] == 1:
        return np.where(value < 0, -1.0, 1.0)
    tall = value if value.shape[0] >= value.shape[1] else value.T
    q, r = np.linalg.qr(tall)
    # The signs of R's diagonal make the draw uniform over the orthogonal matrices (Mezzadri 2007).
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    found: Floats = q if value.shape[0] >= value.shape[1] else q.T
    return found
