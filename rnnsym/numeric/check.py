"""The check: every derived gradient, run as a program, against the oracle's complex step."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsym.derive import Derivation
from rnnsym.expr import LAYER, TIME, Array, Integer, Span
from rnnsym.numeric.oracle import STEP, Key, loss_of
from rnnsym.numeric.program import identifier, run
from rnnsym.numeric.sizes import Sizes, small_sizes

__all__ = ["TOLERANCE", "CheckReport", "check_derivation", "relative_error"]

TOLERANCE = 1e-12
DIRECTIONS = 2
MAX_ENTRIES = 3000
Numbers = Any  # a NumPy array


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the check found.

    Attributes:
        errors: the largest relative error of each gradient, by name; "all, one direction" is the
            derivative along random Gaussian directions over everything at once.
        entries: how many derivatives were compared one by one (0: directions only).
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


@dataclass(frozen=True, slots=True)
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
    with np.errstate(all="ignore"):  # what overflows or is no number fails below
        outcome = run(derivation, _environment(derivation, sizes, variables, given))
        directions, derivatives, entries = _oracle(derivation, sizes, variables, given, draw)
    gradients = [_pick(outcome, v.gradient) for v in variables]
    errors: dict[str, float] = {}
    if entries:
        ends = np.cumsum([v.value.size for v in variables])[:-1]
        for v, gradient, truth in zip(
            variables, gradients, np.split(derivatives[DIRECTIONS:], ends), strict=True
        ):
            error = relative_error(gradient, truth.reshape(v.value.shape))
            errors[v.label] = max(errors.get(v.label, 0.0), error)
    for row in range(DIRECTIONS):
        along = sum(float(np.sum(g * d[row])) for g, d in zip(gradients, directions, strict=True))
        error = relative_error(np.array(along), np.array(derivatives[row]))
        name = "all, one direction"
        errors[name] = max(errors.get(name, 0.0), error)
    shown = {k: v for k, v in sizes.tables().items() if k in system.size_names}
    return CheckReport(
        str(system.model), system.model.convention, errors, entries, shown, sizes.steps, seed
    )


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
    derivation: Derivation, sizes: Sizes, variables: list[_Variable], given: dict[Key, Numbers]
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


def _oracle(
    derivation: Derivation,
    sizes: Sizes,
    variables: list[_Variable],
    given: dict[Key, Numbers],
    draw: np.random.Generator,
) -> tuple[list[Numbers], Numbers, int]:
    """Return Gaussian directions, derivatives along them and along every entry, and how many."""
    total = sum(v.value.size for v in variables)
    entries = total if total <= MAX_ENTRIES else 0
    directions: list[Numbers] = []
    known: dict[Key, Numbers] = {key: value[None] + 0j for key, value in given.items()}
    start = DIRECTIONS
    for v in variables:
        steps = np.zeros((DIRECTIONS + entries, *v.value.shape))
        steps[:DIRECTIONS] = draw.standard_normal((DIRECTIONS, *v.value.shape))
        directions.append(steps[:DIRECTIONS].copy())
        if entries:
            flat = steps.reshape(len(steps), -1)
            flat[np.arange(start, start + v.value.size), np.arange(v.value.size)] = 1.0
            start += v.value.size
        known[v.key] = v.value + 1j * STEP * steps
    loss = loss_of(derivation.system, sizes, known, derivation.truncate)
    return directions, loss.imag / STEP, entries
