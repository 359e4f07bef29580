"""The numbers of a worked example: drawn, worked with rounding and without, and proved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, repeat

import numpy as np

from rnnsym.derivation import Derivation
from rnnsym.equations import System
from rnnsym.errors import RnnsymError
from rnnsym.expr import Array, Map, Maximum, Node, Plus, Transpose, arrays_in, minus
from rnnsym.numeric.check import TOLERANCE as EXACT
from rnnsym.numeric.check import relative_error
from rnnsym.numeric.oracle import STEP, loss_of
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.quiz.by_hand import SHOWN, WORKED
from rnnsym.quiz.decimals import Numbers, Place, Point, evaluate
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, rounded
from rnnsym.sheet.naming import slug
from rnnsym.sheet.worked_draw import drawn, filled
from rnnsym.sheet.worked_lines import Part, Row, parts

__all__ = ["LIMIT", "TOLERANCE", "LengthError", "Worked", "example_sizes", "work"]

TOLERANCE = Decimal(1).scaleb(-SHOWN)
"""How far a gradient worked by hand may be from the exact one: a unit of its last decimal."""
ATTEMPTS = 200
KINK = Decimal("0.05")
ZERO, LEAST = Decimal("1e-20"), Decimal("0.0002")
"""A term below this has nearly no digits left after rounding: the example would not show it."""


CALM: Mapping[str, tuple[str, str, str]] = {
    "sigmoid": ("-2", "2", "0.0002"),
    "tanh": ("-1.6", "1.6", "0.0002"),
    "softplus": ("-2", "2", "0.0002"),
    "exp": ("-2", "2", "0"),
    "relu": ("0.05", "4", "0"),
    "log": ("0.1", "10", "0"),
}
"""The least and the greatest argument of each function, which then neither saturates nor is off,
and the least size of one."""


LIMIT = 140
"""Lines of the longest example that is printed."""


class LengthError(RnnsymError):
    """The example would have more lines than anybody follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """One example.

    Attributes:
        sizes: one number for each size.
        parts: the lines, by heading.
        given: the numbers handed out, in the order of print.
        exact: the value of every line at full precision.
        worked: the same, every line rounded before the next one uses it.
    """

    sizes: Sizes
    parts: tuple[Part, ...]
    given: Mapping[Array, Matrix]
    exact: Mapping[Array, Matrix]
    worked: Mapping[Array, Matrix]

    @property
    def point(self) -> Point:
        """The numbers that a student works with."""
        return _point(self.sizes, {**self.given, **self.worked})

    @property
    def results(self) -> tuple[Array, ...]:
        """What is asked for: the gradients."""
        return tuple(row.target for part in self.parts if part.result for row in part.rows)

    def result(self, target: Array) -> Matrix:
        """Return a gradient as it is given at the end."""
        return tuple(tuple(rounded(e, SHOWN) for e in row) for row in self.worked[target])

    @property
    def error(self) -> Decimal:
        """How far the gradients given are from the exact ones, at most."""
        return max(
            abs(a - b)
            for target in self.results
            for a, b in zip(
                _entries(self.result(target)), _entries(self.exact[target]), strict=True
            )
        )


def example_sizes(system: System, steps: int, chosen: Mapping[str, int]) -> Sizes:
    """Return the sizes of an example: 1, but 2 where a size of 1 would hide something.

    W − Wᵀ is 0 and a softmax 1 where there is one row only; L is 2.
    """
    turned = any(e.rhs.atoms(Transpose) for e in system.equations)
    guessed = {
        str(s)
        for term in system.loss_terms
        if term.kind == "cross-entropy"
        for s in term.target.shape[0].free_symbols
    }
    wide = {n for n in system.size_names if n in guessed or n == "L" or (turned and n != "d")}
    values = {n: chosen.get(n, 2 if n in wide else 1) for n in system.size_names}
    return uniform_sizes(replace(system, bound=values), steps)


@lru_cache(maxsize=64)
def work(derivation: Derivation, steps: int, chosen: tuple[tuple[str, int], ...] = ()) -> Worked:
    """Return the example of a model, the same at every call.

    Raises:
        LengthError: it has more lines than ``LIMIT``.
        Unfair: no draw of many stays calm, shows every term and bears the rounding.
    """
    sizes = example_sizes(derivation.system, steps, dict(chosen))
    found = tuple(parts(derivation, sizes))
    length = sum(len(part.rows) for part in found)
    if length > LIMIT:
        raise LengthError(f"it would have {length} lines; at most {LIMIT} are printed")
    draw = Draw(0, f"worked/{slug(str(derivation.system.model))}")
    reason = Unfair("no attempt")
    for _ in range(ATTEMPTS):
        try:
            return _worked(derivation, sizes, found, drawn(derivation.system, sizes, draw))
        except Unfair as error:
            reason, draw = error, draw.again()
    raise Unfair(f"none of {ATTEMPTS} draws is fit for paper: {reason}")


def _worked(
    derivation: Derivation, sizes: Sizes, found: tuple[Part, ...], given: Mapping[Array, Matrix]
) -> Worked:
    rows = [row for part in found for row in part.rows]
    given = {**given, **_before_the_start(rows, given, sizes)}
    exact = _run(rows, given, sizes, None)
    _calm(rows, _point(sizes, {**given, **exact}))
    worked = _run(rows, given, sizes, WORKED)
    example = Worked(sizes, found, given, exact, worked)
    if example.error > TOLERANCE:
        raise Unfair(f"rounding on the way changes a gradient by {example.error:.1e}")
    _prove(derivation, sizes, given, {target: exact[target] for target in example.results})
    return example


def _before_the_start(
    rows: Sequence[Row], given: Mapping[Array, Matrix], sizes: Sizes
) -> dict[Array, Matrix]:
    """Return the inputs that are read of a step that is none: zero, as the oracle reads them."""
    # By place: a layer's input has one width above and another name for it below.
    known = {_place(a) for a in (*given, *(row.target for row in rows))}
    read = {
        _place(a): a
        for row in rows
        for a in arrays_in(row.value)
        if a.family.role == "value" and _place(a) not in known
    }
    return {a: filled(repeat(Decimal(0)), a, sizes) for a in read.values()}


# Working


def _place(array: Array) -> Place:
    layer, time = (None if i is None else int(i) for i in (array.layer, array.time))
    name = f"dL/d{array.name}" if array.family.role == "gradient" else array.name
    return name, array.family.direction, layer, time


def _point(sizes: Sizes, known: Mapping[Array, Matrix]) -> Point:
    values = {_place(array): value for array, value in known.items()}
    return Point(_numbers(sizes), lambda place, _: values[place])


def _numbers(sizes: Sizes) -> Numbers:
    return tuple((symbol, int(value)) for symbol, value in sizes.rule.items())


def _run(
    rows: Sequence[Row], given: Mapping[Array, Matrix], sizes: Sizes, places: int | None
) -> dict[Array, Matrix]:
    """Return every line's value; with ``places``, each is rounded before it is used."""
    values = {_place(array): value for array, value in given.items()}
    point = Point(_numbers(sizes), lambda place, _: values[place])
    found: dict[Array, Matrix] = {}
    for row in rows:
        try:
            value = evaluate(row.value, point)
        except ArithmeticError as error:
            raise Unfair(f"{row.target} has no value: {error!r}") from None
        found[row.target] = value if places is None else _rounded(value, places)
        values[_place(row.target)] = found[row.target]
    return found


def _rounded(value: Matrix, places: int) -> Matrix:
    return tuple(tuple(rounded(entry, places) for entry in row) for row in value)


def _entries(matrix: Matrix) -> list[Decimal]:
    return [entry for row in matrix for entry in row]


# Fairness


def _calm(rows: Sequence[Row], point: Point) -> None:
    """Look at every function's argument and every term of a sum.

    Raises:
        Unfair: a function saturates, a kink is near, or a term is too small to be seen.
    """
    for row in rows:
        for node in _inner(row.value):
            if isinstance(node, Map) and node.name in CALM:
                _within(evaluate(node.arg, point), *CALM[node.name])
            elif isinstance(node, Maximum):
                difference = evaluate(minus(*node.children), point)
                if any(abs(entry) < KINK for entry in _entries(difference)):
                    raise Unfair("a kink is near")
        for term in row.value.children if isinstance(row.value, Plus) else ():
            if any(ZERO < abs(entry) < LEAST for entry in _entries(evaluate(term, point))):
                raise Unfair("a term is too small to be seen")


def _inner(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _inner(child)


def _within(matrix: Matrix, least: str, most: str, size: str) -> None:
    for entry in _entries(matrix):
        if not Decimal(least) <= entry <= Decimal(most) or abs(entry) < Decimal(size):
            raise Unfair("a function saturates, or is taken at 0")


# Proof


def _prove(
    derivation: Derivation,
    sizes: Sizes,
    given: Mapping[Array, Matrix],
    results: Mapping[Array, Matrix],
) -> None:
    """Compare the exact gradients with the complex step of the forward equations.

    Raises:
        Unfair: they differ, so nothing is printed.
    """
    known = {_place(a): np.array(m, dtype=float) for a, m in given.items()}
    copies = {place: value[None] + 0j for place, value in known.items()}
    keys = {target: _differentiated(target) for target in results}
    total = sum(known[key].size for key in keys.values())
    # One run: a copy of the net for every entry, which alone is perturbed in it.
    ends = accumulate(known[key].size for key in keys.values())
    own = {t: range(end - known[keys[t]].size, end) for t, end in zip(keys, ends, strict=True)}
    for target, key in keys.items():
        shape = known[key].shape
        copies[key] = np.repeat(copies[key], total, axis=0)
        copies[key][own[target]] += 1j * STEP * np.eye(known[key].size).reshape(-1, *shape)
    slopes = loss_of(derivation.system, sizes, copies, derivation.truncate).imag / STEP
    for target, exact in results.items():
        error = relative_error(np.array(exact, dtype=float).ravel(), slopes[own[target]])
        if not error <= EXACT:
            raise Unfair(f"the complex step gives another {target} (error {error:.1e})")


def _differentiated(target: Array) -> Place:
    """Return where the array is kept that a gradient is taken of."""
    name, direction, layer, time = _place(target)
    return name.removeprefix("dL/d"), direction, layer, time
