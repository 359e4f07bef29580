"""Measured decay: the norm of ∂s_T/∂s_{T−k} for every lag k along a random run."""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from rnnsym.equations import System
from rnnsym.errors import InputError, one_of
from rnnsym.expr import Array, Node
from rnnsym.flow.bounds import ChainBounds, chain_bounds, is_parameter
from rnnsym.flow.depth import output_jacobians
from rnnsym.flow.paths import main_state
from rnnsym.flow.run import (
    INITS,
    KeepGate,
    Run,
    keep_gates,
    random_runs,
    recurrent_weights,
)
from rnnsym.jacobian import ChainJacobians
from rnnsym.numeric.arrays import Floats
from rnnsym.numeric.sizes import uniform_sizes
from rnnsym.record import record

__all__ = [
    "MAX_LAGS",
    "MAX_UNITS",
    "Curve",
    "Decay",
    "LayerDecay",
    "Setting",
    "WeightNorm",
    "measure",
    "shown_lags",
]

MAX_LAGS = 1000
MAX_UNITS = 256
MAX_BIAS = 50.0


@record
class Setting:
    """How a decay is measured.

    Attributes:
        lags: over how many steps; the run is as long.
        seed: of inputs and weights.
        init: of the recurrent matrices, one of ``INITS``.
        forget_bias: what gates that keep a state have for bias (σ of it is kept), or None for 0.
    """

    lags: int = 50
    seed: int = 0
    init: str = "gaussian"
    forget_bias: float | None = None

    def check(self) -> None:
        """Refuse what cannot be measured.

        Raises:
            InputError: names the value and what it may be.
        """
        if not 1 <= self.lags <= MAX_LAGS:
            raise InputError(f"lags are from 1 to {MAX_LAGS:,}, not {self.lags}")
        if self.seed < 0:
            raise InputError(f"a seed is 0 or more, not {self.seed}")
        one_of("initialisation", self.init, INITS)
        bias = self.forget_bias
        if bias is not None and not (isfinite(bias) and abs(bias) <= MAX_BIAS):
            raise InputError(f"a forget bias is from -{MAX_BIAS:g} to {MAX_BIAS:g}, not {bias:g}")


@record
class Curve:
    """‖∂s_T/∂s_{T−k}‖ of one state for k = 1, 2, …: largest singular values.

    None stands for a number beyond those of floating point.
    """

    state: Array
    norms: tuple[float | None, ...]


@record
class WeightNorm:
    """A recurrent matrix of the run: its largest singular value and |eigenvalue|.

    A vector that stands for a diagonal matrix has its largest entry for both.
    """

    array: Array
    largest_singular_value: float
    spectral_radius: float | None


@record
class LayerDecay:
    """What was measured of one recurrent layer in one direction.

    Attributes:
        title: "layer 2", or "layer 2 backward"; empty where the network has nothing else.
        curves: within the layer, a curve for each of its states.
        to_output: ‖dy_T/ds_{T−k}‖ of the state that is read above, along all paths through time
            and depth; None where the network has one layer.
        weights: its recurrent matrices.
        step_bound: what the norm bounds allow per step: the bound on a step of one state, the
            spectral radius of the matrix of bounds of several, with the largest entries along the
            run; None beyond floating point.
        gates: the gates that ``forget_bias`` has set.
    """

    title: str
    chain: ChainJacobians
    curves: tuple[Curve, ...]
    to_output: Curve | None
    weights: tuple[WeightNorm, ...]
    step_bound: float | None
    gates: tuple[KeepGate, ...]


@record
class Decay:
    """What was measured of one network: its recurrent layers, from the first to the last."""

    system: System
    setting: Setting
    layers: tuple[LayerDecay, ...]

    @property
    def gates(self) -> tuple[KeepGate, ...]:
        """The gates that ``forget_bias`` has set, those of a stack once."""
        return tuple(dict.fromkeys(gate for layer in self.layers for gate in layer.gates))


def measure(system: System, setting: Setting) -> Decay:
    """Run a network on random numbers and measure how its gradients decay.

    Raises:
        InputError: a size is missing or too large, or the setting makes no sense.

    >>> from rnnsym.system import build_system, read_model
    >>> system = build_system(read_model("vanilla", sizes={"d": 2, "n": 3}))
    >>> [layer] = measure(system, Setting(lags=2)).layers
    >>> len(layer.curves[0].norms)
    2
    """
    setting.check()
    sizes = uniform_sizes(system, setting.lags)
    for name, value in system.bound.items():
        if value > MAX_UNITS:
            raise InputError(f"measuring takes sizes up to {MAX_UNITS}, not {name} = {value}")
    runs = random_runs(
        system, sizes, seed=setting.seed, init=setting.init, forget_bias=setting.forget_bias
    )
    with np.errstate(over="ignore", invalid="ignore"):
        through = _to_output(runs) if len(runs) > 1 else [None] * len(runs)
        layers = tuple(
            _measured(run, setting, title, found)
            for run, title, found in zip(runs, _titles(runs), through, strict=True)
        )
    return Decay(system, setting, layers)


def _measured(run: Run, setting: Setting, title: str, to_output: Curve | None) -> LayerDecay:
    gates: tuple[KeepGate, ...] = ()
    if setting.forget_bias is not None:
        gates = tuple(k for k in keep_gates(run.chain) if k.biases)
    weights = tuple(_weight_norms(run))
    bound = _step_bound(chain_bounds(run.chain), run, weights)
    return LayerDecay(title, run.chain, _curves(run), to_output, weights, bound, gates)


def _titles(runs: tuple[Run, ...]) -> list[str]:
    """Number the recurrent layers of a network, and name the directions of each."""
    places = [(run.system.blocks.index(run.chain.block), run.layer) for run in runs]
    numbers = {place: number for number, place in enumerate(dict.fromkeys(places), 1)}
    directions = {"fwd": " forward", "bwd": " backward", "": ""}
    titles = [
        f"layer {numbers[place]}{directions[run.chain.states[0].family.direction]}"
        for run, place in zip(runs, places, strict=True)
    ]
    return titles if len(runs) > 1 else [""]


def _to_output(runs: tuple[Run, ...]) -> list[Curve | None]:
    states = [main_state(run.chain) for run in runs]
    found = output_jacobians(runs, states)
    return [
        Curve(state, tuple(spectral_norm(matrix) for matrix in matrices))
        for state, matrices in zip(states, found, strict=True)
    ]


def _curves(run: Run) -> tuple[Curve, ...]:
    norms: dict[Array, list[float | None]] = {state: [] for state in run.chain.states}
    for product in run.products():
        for state, found in norms.items():
            found.append(spectral_norm(run.part(product, state)))
    return tuple(Curve(state, tuple(found)) for state, found in norms.items())


def spectral_norm(matrix: Floats) -> float | None:
    """Return the largest singular value, or None beyond floating point."""
    if not np.isfinite(matrix).all():
        return None
    # Scaled first: squares of tiny numbers would be lost.
    scale = float(np.max(np.abs(matrix)))
    return 0.0 if scale == 0.0 else scale * float(np.linalg.norm(matrix / scale, 2))


def _weight_norms(run: Run) -> Iterator[WeightNorm]:
    for array in sorted(recurrent_weights(run.chain), key=lambda a: a.key):
        value = run.number(array)
        if value.shape[1] == 1:
            largest = float(np.max(np.abs(value)))
            yield WeightNorm(array, largest, largest)
            continue
        square = value.shape[0] == value.shape[1]
        radius = float(np.max(np.abs(np.linalg.eigvals(value)))) if square else None
        yield WeightNorm(array, float(np.linalg.norm(value, 2)), radius)


def _step_bound(bounds: ChainBounds, run: Run, weights: tuple[WeightNorm, ...]) -> float | None:
    known: dict[Node, float] = {w.array: w.largest_singular_value for w in weights}
    order = {e.lhs: i for i, e in enumerate(run.chain.loop.equations)}
    found: dict[tuple[Array, Array], float] = {}
    for bound in sorted(bounds.blocks, key=lambda b: order[b.jacobian.of]):
        for node in (n for t in bound.terms for n in (*t.norms, *t.maxima)):
            if node not in known:
                known[node] = _largest(run, node)
        total = bound.value(known)
        found[bound.jacobian.of, bound.jacobian.wrt] = total
        if bound.jacobian.name is not None:
            known[bound.jacobian.name] = total
    states = run.chain.states
    matrix = [[found[b.jacobian.of, b.jacobian.wrt] for b in bounds.blocks if b.jacobian.of == s]
              for s in states]  # fmt: skip
    table = np.array(matrix)
    return float(np.max(np.abs(np.linalg.eigvals(table)))) if np.isfinite(table).all() else None


def _largest(run: Run, node: Node) -> float:
    """Return the norm of a matrix; of a vector its largest entry, along the run where it moves."""
    times = [1] if is_parameter(node) else range(1, run.values.sizes.steps + 1)
    values = [run.number(node, time) for time in times]
    if values[0].shape[1] == 1:
        return float(max(np.max(np.abs(v)) for v in values))
    return max(spectral_norm(v) or 0.0 for v in values)


def shown_lags(lags: int) -> list[int]:
    """Return the lags of a table: 1, 2, 5, 10, 20, … and the last.

    >>> shown_lags(40)
    [1, 2, 5, 10, 20, 40]
    """
    round_ones = (10**power * k for power in range(4) for k in (1, 2, 5))
    return [*(k for k in round_ones if k < lags), lags]
