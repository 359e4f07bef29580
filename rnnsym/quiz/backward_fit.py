"""What makes the lines of a backward pass fit for paper."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

from rnnsym.expr import Array, Plus, arrays_in
from rnnsym.quiz.backward_guesses import GUESS
from rnnsym.quiz.backward_plan import Given, Line, Plan, run
from rnnsym.quiz.by_hand import LEAST, SHOWN
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, rounded

__all__ = ["OFF", "entries", "fits"]

FAR, MOST = Decimal(16), Decimal(60)
"""The sizes that no line of a step exceeds, and no sum over all steps."""
CALM = Decimal("0.5"), Decimal("1.6")
"""Between these a tanh neither saturates nor looks like its argument."""
LIKELY = Decimal("0.05")
"""No probability is nearer to 0 or 1."""
KINK = Decimal("0.1")
FAINT = Decimal("0.1")
"""Less is hardly felt in the steps before."""
NEAR = Decimal("0.25")
"""A state is further than this from its target, unless it meets it."""
OFF = 2
"""The one step at which the only ReLU is off: neither the first nor the last of three."""


def fits(plan: Plan, lines: Iterable[Line], known: Given) -> None:
    """Look whether the values of some lines are numbers to work with by hand.

    Args:
        plan: what the lines are of.
        lines: which ones; their values and those of all lines before them are known.
        known: values.

    Raises:
        Unfair: one is not.
    """
    for line in lines:
        value = known[line.target]
        if plan.is_exact:
            _tidy(line, value)
            if plan.is_rectified:
                _bends(plan, line, known)
            elif line.target.time is not None and not all(entries(value)):
                raise Unfair(f"{line.target} has an entry of 0")
            _apart(plan, line, known)
            _independent(line, value)
        elif line.target.family == GUESS and not all(
            LIKELY <= e <= 1 - LIKELY for e in entries(value)
        ):
            raise Unfair("a probability is nearly 0 or 1")
        elif _is_affine(line) and not all(CALM[0] <= abs(e) <= CALM[1] for e in entries(value)):
            raise Unfair("a function saturates, or is taken near 0")
        elif _is_carried(plan, line) and any(abs(e) < FAINT for e in entries(value)):
            raise Unfair(f"hardly anything flows back through {line.target}")
        _misses(plan, line, known)
    answers = [known[target] for target in plan.asked if target in known]
    if plan.is_exact and len(set(answers)) < len(answers):
        raise Unfair("two answers are the same")
    if any(0 < abs(entry) < LEAST for answer in answers for entry in entries(answer)):
        raise Unfair("an answer is too small to be told from 0")


def _misses(plan: Plan, line: Line, known: Given) -> None:
    """Look for a state that nearly meets its target: nothing would come back from that step."""
    for state, target in _aims(plan, line):
        pairs = zip(entries(known[state]), entries(known[target]), strict=True)
        if any(abs(reached - aim) < NEAR for reached, aim in pairs):
            raise Unfair(f"{state} nearly meets {target}")


@lru_cache(maxsize=1024)
def _aims(plan: Plan, line: Line) -> tuple[tuple[Array, Array], ...]:
    """Return the states whose distance from their target a line holds, each with its target."""
    states = {term.given.name: term.target.name for term in plan.system.loss_terms}
    read = tuple(arrays_in(line.value))
    return tuple((a, b) for b in read for a in read if a.name == states.get(b.name))


def _is_carried(plan: Plan, line: Line) -> bool:
    """Tell whether a line is a δ that earlier steps read."""
    return line.step is not None and line.time > 1 and not plan.setting.numbers


def _is_affine(line: Line) -> bool:
    return line.step is None and line.target.name.startswith("a")


def _tidy(line: Line, value: Matrix) -> None:
    """Look for long numbers."""
    most = FAR if line.time else MOST
    for entry in entries(value):
        if rounded(entry, SHOWN) != entry or abs(entry) > most:
            raise Unfair(f"{line.target} = {entry:f} is no number for paper")


def _bends(plan: Plan, line: Line, known: Given) -> None:
    """Look for a ReLU at its kink, or without effect: the only one is off at one step."""
    if not _is_affine(line):
        return
    found = entries(known[line.target])
    if any(abs(entry) < KINK for entry in found):
        raise Unfair("a ReLU is taken near 0")
    if len(found) == 1 and (found[0] < 0) != (line.time == OFF):
        raise Unfair("the only ReLU is off at another step than the second")
    if len(found) > 1 and all(entry < 0 for entry in found):
        raise Unfair("every ReLU is off at one step")
    affine = [x.target for x in plan.forward if _is_affine(x)]
    if line.target != affine[-1]:
        return
    units = list(zip(*(entries(known[a]) for a in affine), strict=True))
    if all(e > 0 for unit in units for e in unit):
        raise Unfair("every ReLU is on at all steps")
    if any(all(e < 0 for e in unit) for unit in units):
        raise Unfair("a ReLU is off at all steps: nearly every mistake leaves its zeros right")


def _apart(plan: Plan, line: Line, known: Given) -> None:
    """Look for steps that give the same to a sum over all: one mistake would look like another."""
    if line.time or not isinstance(line.value, Plus):
        return
    found: list[list[Decimal]] = []
    for term in line.value.children:
        read = {array: known[array] for array in arrays_in(term)}
        found.append(entries(run([replace(line, value=term)], read, plan.numbers)[line.target]))
    for entry in zip(*found, strict=True):
        sizes = [abs(part) for part in entry if part]
        if len(set(sizes)) < len(sizes):
            raise Unfair(f"two steps give the same to an entry of {line.target}")


def _independent(line: Line, value: Matrix) -> None:
    """Look for a gradient with parallel columns: so are the states in it, or the errors."""
    if line.time or len(value) == 1:
        return
    for pair in combinations(zip(*value, strict=True), 2):
        rows = combinations(zip(*pair, strict=True), 2)
        if all(a * d == b * c for (a, b), (c, d) in rows):
            raise Unfair(f"columns of {line.target} are multiples of each other")


def entries(matrix: Matrix) -> list[Decimal]:
    """Return the entries of a matrix, row after row."""
    return [entry for row in matrix for entry in row]
