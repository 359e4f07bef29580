"""The numbers of a backward pass, worked with and without rounding, and blanks for them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from rnnsym.blocks import Prose, prose
from rnnsym.expr import Array
from rnnsym.item import Blank, WrongNumber
from rnnsym.quiz.backward_fit import entries, fits
from rnnsym.quiz.backward_plan import Given, Plan, run
from rnnsym.quiz.by_hand import LEAST, SHOWN, UNITS, tolerance
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, plain, rounded
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["SAME", "Wrong", "blanks_of", "unnoticed", "worked_out"]

SAME = Decimal("1e-20")
"""What two ways to work out one number differ by, at most."""
MOST_WRONG = 12
Wrong = tuple[str, Prose, Mapping[Array, Matrix]]
"""A misconception, why it is wrong, and what it gives for some arrays."""


def worked_out(plan: Plan, given: Given) -> tuple[dict[Array, Matrix], dict[Array, Matrix]]:
    """Return every line exactly, and as someone works it who rounds every line.

    Raises:
        Unfair: a line that nobody wants to work by hand.
    """
    forward = run(plan.forward, given, plan.numbers)
    fits(plan, plan.forward, forward)
    after = (*plan.backward, *plan.descent)
    exact = {**forward, **run(after, {**given, **forward}, plan.numbers)}
    fits(plan, after, {**given, **exact})
    return exact, exact if plan.is_exact else run(plan.lines, given, plan.numbers, plan.places)


def blanks_of(
    target: Array,
    exact: Matrix,
    worked: Matrix,
    wrong: Sequence[Wrong],
    *,
    is_plain: bool,
    is_tight: bool = False,
) -> tuple[Blank, ...]:
    """Return a blank for every entry of an array, with what misconceptions give for it.

    Where numbers are not rounded, ``is_plain``, zeros at their end are not printed, and no other
    answer counts. With ``is_tight``, no answer counts that is more than two units off.

    Raises:
        Unfair: an answer is nearly 0, rounding on the way matters, or a misconception nearly gives
            it.
    """
    found: list[Blank] = []
    for i, row in enumerate(exact):
        for j, entry in enumerate(row):
            value = _shown(worked[i][j], is_plain=is_plain)
            within = UNITS if is_tight else tolerance(value)
            within = Decimal(0) if is_plain else within
            if abs(entry) < LEAST and (entry or not is_plain):
                raise Unfair(f"{target} is {entry:f}: too small to be told from 0")
            if abs(entry - value) > within / 2:
                raise Unfair("rounding on the way changes the answer")
            blank = Blank(_entry_label(target, exact, i, j), value, within)
            place = i, j
            others = _wrong_numbers(blank, target, (exact, worked), place, wrong, is_plain)
            found.append(replace(blank, wrong=_told(others)))
    return tuple(found)


def _wrong_numbers(
    blank: Blank,
    target: Array,
    right: tuple[Matrix, Matrix],
    place: tuple[int, int],
    wrong: Sequence[Wrong],
    is_plain: bool,
) -> Iterator[WrongNumber]:
    """Yield what misconceptions give for one entry, unless they change nothing there.

    ``right`` is the answer without rounding on the way, and with it, as misconceptions are worked.
    """
    i, j = place
    exact, worked = right
    for name, why, values in wrong:
        matrix = values.get(target, ())
        if _shape(matrix) != _shape(exact):
            continue
        if abs(matrix[i][j] - exact[i][j]) < SAME or matrix[i][j] == worked[i][j]:
            continue
        value = _shown(matrix[i][j], is_plain=is_plain)
        if blank.accepts(value):
            raise Unfair(f"'{name}' nearly gives {target}")
        yield WrongNumber(value, name, why)


def _told(wrong: Iterable[WrongNumber]) -> tuple[WrongNumber, ...]:
    """Keep as many as a key has room for: one of each misconception before a second of any."""
    often = Counter[str]()
    turns: list[tuple[int, WrongNumber]] = []
    for one in told_apart(wrong):
        turns.append((often[one.misconception], one))
        often[one.misconception] += 1
    return tuple(one for _, one in sorted(turns, key=lambda turn: turn[0])[:MOST_WRONG])


def unnoticed(targets: Mapping[Array, Matrix], wrong: Sequence[Wrong]) -> str:
    """Return a misconception with which everything asked still comes out right, "" for none."""
    for name, _, values in wrong:
        asked = [(exact, values[target]) for target, exact in targets.items() if target in values]
        if asked and all(_shape(a) == _shape(b) and _same(a, b) for a, b in asked):
            return name
    return ""


def _shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix), len(matrix[0]) if matrix else 0


def _same(a: Matrix, b: Matrix) -> bool:
    pairs = zip(entries(a), entries(b), strict=True)
    return all(abs(x - y) < SAME for x, y in pairs)


def _shown(number: Decimal, *, is_plain: bool) -> Decimal:
    value = rounded(number, SHOWN)
    return plain(value) if is_plain else value


def _entry_label(target: Array, matrix: Matrix, i: int, j: int) -> Prose:
    rows, columns = len(matrix), len(matrix[0])
    if rows == columns == 1:
        return prose(target)
    if columns == 1:
        return prose(f"entry {i + 1} of ", target)
    return prose(f"row {i + 1}, column {j + 1} of ", target)
