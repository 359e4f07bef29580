"""A model over a few steps, every index a number: what a forward question is worked on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

import numpy as np

from rnnsym.equations import Block, Loop, System
from rnnsym.expr import Array, Map, Node, arrays_in, source
from rnnsym.model_text import Recurrent
from rnnsym.numeric.oracle import Values, evaluate, forward, loss_of
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.quiz.decimals import Numbers, Place
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import NONE, Line, Reads, Shown, ready, worked
from rnnsym.quiz.numbers import Matrix, read_matrix, rounded
from rnnsym.quiz.registry import Parameters
from rnnsym.sheet.arithmetic import is_data
from rnnsym.sheet.worked_lines import Row, placed
from rnnsym.system import build_system, read_model

__all__ = [
    "GATED_UPDATE", "LOSS", "Net", "Pass", "holds", "label", "lines_of", "net_of", "place_of",
    "read_values", "rounding_to", "run", "update_of",
]  # fmt: skip

BOUND = 1e-12
GATED_UPDATE = "gated update"
"""The theme of all that asks about ``update_of``: each tells half of the others' answers."""
LOSS: Place = ("L", "", None, None)
Pass = tuple[Loop, int, int, tuple[Row, ...]]
"""One pass of a loop: at which layer and time, and its lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A model unrolled, or some of its lines.

    Attributes:
        system: the model.
        sizes: its sizes and T as numbers.
        rows: the lines in the order in which they can be computed.
        given: what they read and do not define.
        numbers: sizes by symbol.
    """

    system: System
    sizes: Sizes
    rows: tuple[Row, ...]
    given: tuple[Array, ...]
    numbers: Numbers

    @property
    def entries(self) -> int:
        """How many numbers a question hands out."""
        shapes = (self.sizes.shape(a.shape) for a in self.given)
        return sum(rows * columns for rows, columns in shapes)

    def only(self, rows: Sequence[Row]) -> "Net":
        """Return the net of some lines, everything else they read given."""
        return replace(self, rows=tuple(rows), given=_given(rows))

    def passes(self) -> tuple[Pass, ...]:
        """Return the lines by loop, layer and time, in order."""
        return _passes(self)

    def prove(self, given: Mapping[Place, Matrix], found: Mapping[Place, Matrix]) -> None:
        """Compare every number of the whole model, its loss too, with the oracle's.

        Raises:
            Unfair: they differ, so the question has no proven key.
        """
        values = self._oracle(given)
        forward(self.system, values)
        if LOSS in found:
            total = loss_of(self.system, self.sizes, values.known)
            values.known[LOSS] = total.reshape(1, 1, 1)
        self._compare(values, found)

    def prove_lines(self, given: Mapping[Place, Matrix], found: Mapping[Place, Matrix]) -> None:
        """Compare every line, which is not a whole model, with the oracle's tree walk.

        Raises:
            Unfair: they differ, so the question has no proven key.
        """
        values = self._oracle(given)
        for row in self.rows:
            values.known[place_of(row.target)] = evaluate(row.value, values)
        self._compare(values, found)

    def _oracle(self, given: Mapping[Place, Matrix]) -> Values:
        known = {place: np.array([m], dtype=complex) for place, m in given.items()}
        return Values(self.sizes, None, known)

    @staticmethod
    def _compare(values: Values, found: Mapping[Place, Matrix]) -> None:
        for place, matrix in found.items():
            if place not in values.known:
                continue
            own = values.known[place][0].ravel().tolist()  # a few numbers: no work for NumPy
            pairs = zip(own, chain.from_iterable(matrix), strict=True)
            errors = [abs(a - float(b)) for a, b in pairs]
            if not all(error <= BOUND for error in errors):
                raise Unfair(f"the oracle finds another {place[0]} (error {max(errors)})")


@lru_cache(maxsize=256)
def net_of(model: str, steps: int, loss: str = "free", loss_at: str = "every", **sizes: int) -> Net:
    """Return a model unrolled over so many steps; every size that is not named is 1."""
    system = build_system(read_model(model, loss=loss, loss_at=loss_at))
    widths = {name: sizes.get(name, 1) for name in system.size_names}
    known = uniform_sizes(replace(system, bound={**widths, **system.bound}), steps)
    numbers = _one(tuple((symbol, int(value)) for symbol, value in known.rule.items()))
    net = Net(system, known, (), (), numbers)
    return net.only([row for *_, rows in net.passes() for row in rows])


@lru_cache(maxsize=256)
def holds(model: str, *nodes: type[Node]) -> bool:
    """Tell whether an equation of a model has a node of these types in it.

    Some hide in scalars (W − Wᵀ is 0) or in few digits (a constant step makes every change small).
    """
    return any(row.value.atoms(*nodes) for row in net_of(model, 1).rows)


@lru_cache(maxsize=256)
def update_of(model: str, **sizes: int) -> tuple[Loop, Row] | None:
    """Return the first state that gates alone make, by ⊙ and +, and its chain; None where none is.

    A state made with a matrix or a function is none of these: it needs more than its gates.
    """
    net = net_of(model, 1, **sizes)
    states = {s.array.name for s in net.system.states}
    for loop, _, _, rows in net.passes():
        for row in rows:
            read = list(arrays_in(row.value))
            simple = not row.value.atoms(Map) and all(a.time is not None for a in read)
            old = any(a.name in states and a.time == 0 for a in read)
            if row.target.name in states and simple and old and len(read) > 2:
                return loop, row
    return None


@lru_cache(maxsize=256)
def _passes(net: Net) -> tuple[Pass, ...]:
    return tuple(
        (loop, layer, time, _rows(loop, net.sizes, layer, time))
        for block in net.system.blocks
        for layer in _layers(block, net.sizes)
        for loop in block.loops
        for time in _times(loop, net.sizes)
    )


def _layers(block: Block, sizes: Sizes) -> list[int]:
    return sizes.range(block.layers) if isinstance(block.spec, Recurrent) else [0]


def _times(loop: Loop, sizes: Sizes) -> list[int]:
    times = sizes.range(loop.equations[0].time)
    return times if loop.order >= 0 else times[::-1]


def _rows(loop: Loop, sizes: Sizes, layer: int, time: int) -> tuple[Row, ...]:
    return tuple(
        Row(placed(e.lhs, sizes, layer, time), placed(e.rhs, sizes, layer, time))
        for e in loop.equations
    )


@lru_cache(maxsize=256)
def _one(numbers: Numbers) -> Numbers:
    return numbers


def _given(rows: Sequence[Row]) -> tuple[Array, ...]:
    """Weights first, then inputs, then states; each time in its order, by place.

    A layer's input has one width above and another name for it below, but one place.
    """
    made = {place_of(row.target) for row in rows}
    read = {place_of(a): a for row in rows for a in arrays_in(row.value)}
    kept = [a for place, a in read.items() if place not in made]
    return tuple(sorted(kept, key=lambda a: (a.time is not None, a.name != "x")))


@lru_cache(maxsize=4096)
def place_of(array: Array) -> Place:
    """Return where an array of numbered layer and step is kept."""
    layer, time = (None if i is None else int(i) for i in (array.layer, array.time))
    return array.name, array.family.direction, layer, time


@lru_cache(maxsize=4096)
def label(array: Array) -> str:
    """Return the parameter that holds an array: its text in the cell language."""
    return source(array)


def read_values(net: Net, parameters: Parameters) -> dict[Place, Matrix]:
    """Return what was drawn, by place."""
    values = dict(parameters)
    return {place_of(a): read_matrix(values[label(a)]) for a in net.given}


@lru_cache(maxsize=4096)
def lines_of(rows: tuple[Row, ...], numbers: Numbers) -> tuple[Line, ...]:
    """Return rows ready to be worked."""
    return ready(((place_of(row.target), row.target, row.value) for row in rows), numbers)


def rounding_to(places: int) -> Shown:
    """Return what rounds every value that is worked out."""

    def shown(node: Node, value: Matrix) -> Matrix:
        if is_data(node):
            return value
        return tuple([tuple([rounded(entry, places) for entry in row]) for row in value])

    return shown


def run(
    rows: Iterable[Row],
    given: Mapping[Place, Matrix],
    numbers: Numbers,
    shown: Shown | None = None,
    reads: Reads = NONE,
) -> dict[Place, Matrix]:
    """Return every array, exactly or as far as each is ``shown``.

    Raises:
        Unfair: a value has no number.
    """
    return worked(lines_of(tuple(rows), numbers), given, shown, reads)
