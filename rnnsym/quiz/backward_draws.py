"""What a backward pass starts from: numbers for every array that is given, drawn small."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import cycle, islice
from typing import TypeAlias

from rnnsym.expr import Array, Map, arrays_in, source
from rnnsym.quiz.backward_fit import OFF, entries, fits
from rnnsym.quiz.backward_plan import Given, Line, Plan, run
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, as_text, read_matrix
from rnnsym.quiz.registry import Parameters
from rnnsym.record import record

__all__ = ["drawn", "label", "read"]

POOLS = {
    "smooth": {
        "weight": "-1.2 -0.8 -0.6 0.6 0.8 1.2",
        "recurrent": "-1.4 -0.6 0.6 1.4",
        "x": "-1 -0.8 -0.6 0.6 0.8 1",
        "state": "-0.6 -0.4 0.2 0.4 0.6 0.8",
        "target": "-1 -0.5 0.5 1",
    },
    "positive": {
        "weight": "-2.4 -1.6 -0.8 0.8 1.6 2.4",
        "recurrent": "-3.2 -2.4 2.4 3.2",
        "x": "-1 -0.8 -0.6 0.6 0.8 1",
        "state": "0.2 0.4 0.6 0.8",
        "target": "0.1 0.5 0.9 1",
    },
    "exact": {
        "weight": "-3 -2 -0.5 0.5 2 3",
        "recurrent": "-2 -0.5 0.5 2",
        "x": "-3 -2 -1 1 2 3",
        "state": "-4 -2 2 4",
        "error": "-3 -2 -1 1 2 3",
    },
    "matrix": {
        "weight": "-3 -2 -1 1 2 3",
        "x": "-2 -1 1 2",
        "state": "-2 -1 1 2",
        "error": "-3 -2 -1 1 2 3",
    },
    "rectified": {
        "weight": "2 3",
        "recurrent": "0.5 1.5 2",
        "x": "1 2 3",
        "x off": "-6 -5 -4 -3",
        "state": "-2 -1 2 3",
        "error": "-3 -2 -1 1 2 3",
    },
    "gates": {
        "weight": "-2.2 -1.6 1.8 2.4",
        "gate": "0.2 0.36 0.44 0.6 0.72",
        "candidate": "-0.84 -0.58 0.48 0.68 0.92",
        "state": "-0.46 -0.34 0.26 0.38",
        "adjoint": "-5 -4 3 6",
        "target": "-2 -1 1 2",
    },
    "paths": {
        "weight": "-3.4 -2.6 2.8 3.8",
        "gate": "0.14 0.28 0.64 0.76",
        "candidate": "-0.88 -0.66 0.54 0.82",
        "state": "-1.48 -0.96 0.78 1.24",
    },
}
"""Where lines are rounded, no factor is an odd number of tenths: half of its products with a
number of four decimals would be ties. A square matrix multiplies again and again: it has a pool of
its own, where there is one. Positive states come from σ, whose slopes are small: the weights are
larger, so that every path still shows. An error is how far a state is from its target, so that δ
stays short. Among gates, no number is another or one minus another, whatever the sign: who takes
one for the other gets another answer. Where paths through gates are to show beside the direct one,
all that is in them is large."""


CLASS = "class"
"""Of a target that is 1 at one class and 0 elsewhere."""
TRIES = 40
"""So many values are tried before another draw is."""
Stage: TypeAlias = tuple[Array, tuple[Line, ...]]


@lru_cache(maxsize=4096)
def label(array: Array) -> str:
    """Return the name of an array as a parameter of an item."""
    return source(array)


def drawn(plan: Plan, given: Sequence[Array], draw: Draw) -> Parameters:
    """Draw a number for every entry of what is given, as parameters of an item.

    One array after the other, each so that the lines fit that can then be worked out. Of what
    plays one part no two numbers are alike, as long as there are others left.

    Raises:
        Unfair: nothing fits, or it is not soon found.
    """
    known = _Search(plan, draw).completed(_stages(plan, tuple(given)), {}, {})
    if known is None:
        raise Unfair("no numbers fit")
    return tuple((label(array), as_text(known[array])) for array in given)


@lru_cache(maxsize=512)
def _stages(plan: Plan, given: tuple[Array, ...]) -> tuple[Stage, ...]:
    """Return what is drawn, in the order of reading, each with the lines that wait for it."""
    order = list(dict.fromkeys((*plan.given, *given)))
    waiting: dict[Array, list[Line]] = {array: [] for array in order}
    last = 0
    for line in plan.lines:
        read = (order.index(array) for array in arrays_in(line.value) if array in waiting)
        last = max([last, *read])
        waiting[order[last]].append(line)
    return tuple((array, tuple(lines)) for array, lines in waiting.items())


@record
class Part:
    """What part an array plays, from what its entries are drawn, and its shape.

    Attributes:
        state: from which value the numbers are how far off; None for numbers of their own.
    """

    name: str
    pool: tuple[Decimal, ...]
    shape: tuple[int, int]
    state: Array | None


class _Search:
    """A search for numbers that fit, depth first."""

    def __init__(self, plan: Plan, draw: Draw) -> None:
        self.plan, self.draw, self.tries = plan, draw, TRIES

    def completed(
        self, stages: Sequence[Stage], chosen: Mapping[Array, Matrix], known: Given
    ) -> Given | None:
        """Return known values and those of all stages, the first that fit; None if none is found.

        Args:
            stages: what is still to be drawn.
            chosen: numbers from pools.
            known: these numbers, each target for its error, and the lines.
        """
        if not stages:
            return known
        (array, lines), *later = stages
        part = _part(self.plan, array)
        for option in self._options(array, part, chosen):
            self.tries -= 1
            if self.tries < 0:
                return None
            value = option if part.state is None else _minus(known[part.state], option)
            if part.name != CLASS and not all(entries(value)):
                continue
            given = {**known, array: value}
            try:
                found = {**given, **run(lines, given, self.plan.numbers)}
                fits(self.plan, lines, found)
            except Unfair:
                continue
            done = self.completed(later, {**chosen, array: option}, found)
            if done is not None:
                return done
        return None

    def _options(
        self, array: Array, part: Part, chosen: Mapping[Array, Matrix]
    ) -> Iterator[Matrix]:
        """Yield values for an array: shuffled numbers in a row, from each of them on in turn."""
        if part.name == CLASS:
            classes = range(part.shape[0])
            for right in self.draw.ranked(label(array), classes):
                yield tuple((Decimal(one == right),) for one in classes)
            return
        alike = (m for a, m in chosen.items() if _part(self.plan, a).name == part.name)
        taken = {entry for value in alike for entry in entries(value)}
        rows, columns = part.shape
        left = [number for number in part.pool if number not in taken]
        enough = left and len(left) >= min(rows * columns, len(part.pool))
        numbers = self.draw.ranked(label(array), left if enough else part.pool)
        for start in range(len(numbers)):
            found = islice(cycle(numbers), start, start + rows * columns)
            yield tuple(tuple(islice(found, columns)) for _ in range(rows))


def _minus(a: Matrix, b: Matrix) -> Matrix:
    pairs = zip(a, b, strict=True)
    return tuple(tuple(x - y for x, y in zip(*rows, strict=True)) for rows in pairs)


@lru_cache(maxsize=4096)
def _part(plan: Plan, array: Array) -> Part:
    name, pools = _role(plan, array), POOLS[plan.setting.numbers or _pool_of(plan)]
    is_recurrent = name == "weight" and array.shape[0] == array.shape[1]
    pool = "" if name == CLASS else pools.get("recurrent" if is_recurrent else name, pools[name])
    states = {t.given.name: t.target.name for t in plan.system.loss_terms}
    here = (x.target for x in plan.forward if array.time is not None and x.time == int(array.time))
    state = next((a for a in here if a.name == states.get(array.name)), None)
    return Part(
        name,
        tuple(map(Decimal, pool.split())),
        plan.sizes.shape(array.shape),
        state if name == "error" else None,
    )


def _pool_of(plan: Plan) -> str:
    if not plan.is_exact:
        positive = any(state.domain == "positive" for state in plan.system.states)
        return "positive" if positive else "smooth"
    if not plan.is_scalar:
        return "matrix"
    return "rectified" if plan.is_rectified else "exact"


def _role(plan: Plan, array: Array) -> str:
    if array.time is None:
        return "weight"
    if any(array.name == term.given.name for term in plan.system.loss_terms):
        if plan.setting.loss == "cross-entropy":
            return CLASS
        return "error" if plan.is_exact and not plan.setting.numbers else "target"
    if array.family.role == "adjoint":
        return "adjoint"
    if array.name == plan.system.input.name:
        # A ReLU that is on at every step shows nothing: it is off at the second one.
        off = _pool_of(plan) == "rectified" and array.time == OFF
        return "x off" if off else "x"
    return _functions(plan).get(array.name, "state")


@lru_cache(maxsize=512)
def _functions(plan: Plan) -> dict[str, str]:
    """What a σ gives lies between 0 and 1, and what a tanh gives is not to be near 0."""
    roles = {"sigmoid": "gate", "tanh": "candidate"}
    maps = ((e.lhs.name, e.rhs) for e in plan.system.equations if e.fused)
    return {name: roles[f.name] for name, f in maps if isinstance(f, Map) and f.name in roles}


def read(given: Sequence[Array], parameters: Parameters) -> dict[Array, Matrix]:
    """Return what ``drawn`` drew."""
    values = dict(parameters)
    return {array: read_matrix(values[label(array)]) for array in given}
