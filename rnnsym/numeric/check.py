"""The check: every derived gradient, run as a program, against the oracle's complex step."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnnsym.derive import Derivation
from rnnsym.expr import LAYER, TIME, Array, Integer, Span
from rnnsym.numeric.oracle import STEP, Key, loss_of
from rnnsym.numeric.program import identifier, run
from rnnsym.numeric.sizes import Sizes, small_sizes
from rnnsym.record import record

__all__ = ["TOLERANCE", "CheckReport", "check_derivation", "relative_error"]

TOLERANCE = 1e-12
DIRECTIONS = 2
MAX_ENTRIES = 900
Numbers = Any  # a NumPy array


@record
class CheckReport:
    """What the check found.

    Attributes:
        errors: the largest relative error of each gradient, by name; "all, one direction" is the
            derivative along random Gaussian directions over everything at once.
        entries: how many derivatives were compared one by one; 0 in a large net, where each
            array is probed along a Gaussian direction of its own.
        sizes: the numbers that stood for the symbols.
    """

    model: str
    convention: str
    errors: dict[str, float]
    entries: int
    sizes: dict[str, Any]
    steps: int
    seed: int

    @property
    def max_relative_error(self) -> float:
        """The largest of all errors."""
        return max(self.errors.values())

    @property
    def passed(self) -> bool:
        """Whether every error is at most the tolerance (a NaN is not)."""
        return all(error <= TOLERANCE for error in self.errors.values())


def relative_error(a: Numbers, b: Numbers) -> float:
    """Return max|a − b| / max(1, max|b|); infinite for another shape or a NaN."""
    if np.shape(a) != np.shape(b) or not np.all(np.isfinite(a) & np.isfinite(b)):
        return math.inf
    return float(np.max(np.abs(a - b)) / max(1.0, float(np.max(np.abs(b)))))


@record
class _Variable:
    """One differentiated array: where it is kept, and where the program leaves its gradient."""

    label: str
    key: Key
    value: Numbers
    gradient: tuple[str, tuple[int, ...]]


def check_derivation(
    derivation: Derivation, seed: int = 0, sizes: Sizes | None = None
) -> CheckReport:
    """Compare program and oracle on random numbers.

    Args:
        derivation: what is checked.
        seed: of the random numbers.
        sizes: by default pairwise-distinct small ones, T = 4, and free sizes in every layer.
    """
    system = derivation.system
    sizes = sizes or small_sizes(system)
    draw = np.random.default_rng(seed)
    variables = list(_variables(derivation, sizes, draw))
    given = dict(_given(derivation, sizes, draw))
    total = sum(v.value.size for v in variables)
    entries = total if total <= MAX_ENTRIES else 0
    own = [np.eye(v.value.size) if entries else _gaussian(1, v, draw) for v in variables]
    joint = [_gaussian(DIRECTIONS, v, draw) for v in variables]
    places = _places(variables, own, shared=not entries)
    with np.errstate(all="ignore"):  # what overflows or is no number fails below
        outcome = run(derivation, _environment(sizes, variables, given))
        slopes = _oracle(derivation, sizes, variables, given, _probes(own, joint, places))
    gradients = [_pick(outcome, v.gradient) for v in variables]
    along = np.zeros(len(slopes))
    for v, gradient, probe, together, place in zip(
        variables, gradients, own, joint, places, strict=True
    ):
        along[place] += _along(probe, gradient, v)
        along[:DIRECTIONS] += _along(together, gradient, v)
    errors: dict[str, float] = {}
    for v, place in zip(variables, places, strict=True):
        error = relative_error(along[place], slopes[place])
        errors[v.label] = max(errors.get(v.label, 0.0), error)
    errors["all, one direction"] = relative_error(along[:DIRECTIONS], slopes[:DIRECTIONS])
    shown = {k: v for k, v in sizes.tables().items() if k in system.size_names}
    return CheckReport(
        str(system.model), system.model.convention, errors, entries, shown, sizes.steps, seed
    )


def _gaussian(rows: int, variable: _Variable, draw: np.random.Generator) -> Numbers:
    return draw.standard_normal((rows, variable.value.size))


def _along(probe: Numbers, gradient: Numbers, variable: _Variable) -> Numbers:
    """Return derivatives along the rows of a probe; no numbers where the shape is wrong."""
    if np.shape(gradient) != variable.value.shape:
        return np.full(len(probe), np.nan)
    with np.errstate(all="ignore"):
        return probe @ np.ravel(gradient)


def _layers(span: Span | None, array: Array, sizes: Sizes) -> list[int]:
    if array.layer is not None and array.layer.has(LAYER):
        return sizes.range(span)
    return [0]


def _at(array: Array, sizes: Sizes, layer: int, time: int | None) -> Key:
    index = None if array.layer is None else sizes.number(array.layer, layer)
    return array.name, array.family.direction, index, time


def _variables(
    derivation: Derivation, sizes: Sizes, draw: np.random.Generator
) -> Iterator[_Variable]:
    system = derivation.system
    for weight in system.weights:
        array = weight.array
        for layer in _layers(weight.layer, array, sizes):
            key = _at(array, sizes, layer, None)
            shape = sizes.shape(array.shape, layer)
            where = () if key[2] is None else (key[2],)
            value = draw.standard_normal(shape) * 0.7
            yield _Variable(array.key, key, value, (f"d{identifier(array)}", where))
    rows = sizes.shape(system.input.shape)
    for time in range(1, sizes.steps + 1):
        name = system.input.name
        yield _Variable(
            name, (name, "", None, time), draw.standard_normal(rows), (f"d{name}", (time,))
        )
    for state in system.states:
        array = state.array
        for layer in _layers(state.layer, array, sizes):
            key = _at(array, sizes, layer, sizes.number(state.initial))
            value = draw.standard_normal(sizes.shape(array.shape, layer)) * 0.7
            if state.domain == "positive":
                value = np.abs(value) + 0.1
            where = () if key[2] is None else (key[2],)
            label = array.xreplace({TIME: Integer(0)}).key + "_0"
            yield _Variable(label, key, value, (f"d{identifier(array)}_0", where))


def _given(
    derivation: Derivation, sizes: Sizes, draw: np.random.Generator
) -> Iterator[tuple[Key, Numbers]]:
    for term in derivation.system.loss_terms:
        array = term.given
        for layer in sizes.range(term.layer):
            for time in sizes.range(term.time):
                index = time if array.time == TIME else None
                if array.time is not None and array.time != TIME:
                    index = sizes.number(array.time)
                value = draw.standard_normal(sizes.shape(array.shape, layer))
                if term.kind == "cross-entropy":  # a target is a distribution
                    value = np.exp(value) / np.exp(value).sum(axis=0)
                yield _at(array, sizes, layer, index), value


def _environment(
    sizes: Sizes, variables: list[_Variable], given: dict[Key, Numbers]
) -> dict[str, Any]:
    env: dict[str, Any] = {"T": sizes.steps, "L": sizes.depth, "B": sizes.batch}
    env |= {f"{name}_": value for name, value in sizes.tables().items()}
    for key, value in [(v.key, v.value) for v in variables] + list(given.items()):
        name, direction, *indices = key
        where = tuple(i for i in indices if i is not None)
        full = f"{name}_{direction}" if direction else name
        if where:
            env.setdefault(full, {})[where[0] if len(where) == 1 else where] = value
        else:
            env[full] = value
    return env


def _pick(outcome: dict[str, Any], place: tuple[str, tuple[int, ...]]) -> Numbers:
    name, where = place
    found = outcome[name]
    return found[where[0]] if where else found


def _places(variables: list[_Variable], own: list[Numbers], *, shared: bool) -> list[slice]:
    """Return the rows of each array's own probes; if ``shared``, arrays of one name share them."""
    known: dict[str, int] = {}
    places: list[slice] = []
    start = DIRECTIONS
    for v, probe in zip(variables, own, strict=True):
        first = known.setdefault(v.label, start) if shared else start
        places.append(slice(first, first + len(probe)))
        start = max(start, first + len(probe))
    return places


def _probes(own: list[Numbers], joint: list[Numbers], places: list[slice]) -> list[Numbers]:
    """Return for each array how every copy of the net moves it."""
    rows = max(place.stop for place in places)
    found: list[Numbers] = []
    for probe, together, place in zip(own, joint, places, strict=True):
        steps = np.zeros((rows, probe.shape[1]))
        steps[:DIRECTIONS] = together
        steps[place] = probe
        found.append(steps)
    return found


def _oracle(
    derivation: Derivation,
    sizes: Sizes,
    variables: list[_Variable],
    given: dict[Key, Numbers],
    probes: list[Numbers],
) -> Numbers:
    """Return the derivative of the loss along each row of the probes, in one evaluation."""
    known: dict[Key, Numbers] = {key: value[None] + 0j for key, value in given.items()}
    for v, steps in zip(variables, probes, strict=True):
        known[v.key] = v.value + 1j * STEP * steps.reshape(-1, *v.value.shape)
    slopes: Numbers = loss_of(derivation.system, sizes, known, derivation.truncate).imag / STEP
    return slopes
