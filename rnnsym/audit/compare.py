"""Two expressions at random points: the same, different, or not to be told."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnnsym.audit.evaluate import UndefinedError, evaluate
from rnnsym.audit.place import Point
from rnnsym.audit.points import DIGITS, point
from rnnsym.audit.target import Target
from rnnsym.audit.verdict import Counterexample
from rnnsym.derivation import Derivation
from rnnsym.expr import LAYER, TIME, Node, transpose
from rnnsym.record import record

__all__ = ["Comparison", "compare", "holds", "same_everywhere"]

SEEDS = (1, 2, 3)
SAME = 1e-28  # of 40 digits a dozen may be lost on the way
CLEAR = 1e-18  # a difference below this is looked at again with twice the digits
Numbers = Any  # a NumPy array of mpmath's numbers


@record
class Comparison:
    """What random points say of two expressions; ``same`` is None where they say nothing.

    Attributes:
        same: whether the values agree at every point.
        reason: why nothing was decided.
        counterexample: the largest difference at the first point that shows one.
    """

    same: bool | None
    reason: str = ""
    counterexample: Counterexample | None = None


def compare(derivation: Derivation, target: Target, node: Node, turned: bool = False) -> Comparison:
    """Compare ``node`` with the line of ``target`` at three random points.

    Args:
        derivation: that both belong to.
        target: what the values should be.
        node: an expression of the target's shape.
        turned: compare the transpose of ``node``.
    """
    try:
        for seed in SEEDS:
            found = _at_point(derivation, target, transpose(node) if turned else node, seed)
            if found is not None:
                return found
    except UndefinedError as error:
        return Comparison(None, f"at a random point there is {error}")
    except (ArithmeticError, ValueError, MemoryError) as error:
        return Comparison(None, f"the values cannot be computed: {error}")
    return Comparison(True)


def _at_point(
    derivation: Derivation, target: Target, node: Node, seed: int, digits: int = DIGITS
) -> Comparison | None:
    """Return what one point shows, or None where it shows no difference."""
    at = point(derivation, seed, digits)
    largest: tuple[float, Counterexample] | None = None
    for here in places(at, target, node):
        given, derived = _value(node, target, here), _value(target.lhs, target, here)
        error = relative(given, derived)
        if largest is None or error > largest[0]:
            largest = error, _example(here, target, given, derived, seed)
    if largest is None or largest[0] <= SAME ** (digits / DIGITS):
        return None
    if largest[0] < CLEAR and digits == DIGITS:
        return _at_point(derivation, target, node, seed, 2 * digits)
    return Comparison(False, counterexample=largest[1])


def places(at: Point, target: Target, node: Node) -> Iterator[Point]:
    """Yield the point at every layer and step where the line holds."""
    # A parameter's gradient has no step; a formula that has one is compared at all of them.
    loose = target.lhs.time is None and node.has(TIME)
    steps = range(1, at.sizes.steps + 1)
    for layer in at.sizes.range(target.layer):
        for time in steps if loose else at.sizes.range(target.time):
            yield at.at(l=layer, t=time).on(target.step)


def _value(node: Node, target: Target, here: Point) -> Numbers:
    value = evaluate(node, here)
    if value is None:
        return np.full(here.shape(target.lhs), here.context.mpf(0), object)
    return value


def relative(given: Numbers, derived: Numbers) -> float:
    """Return the largest difference, in terms of the largest entry."""
    if given.shape != derived.shape:
        raise ValueError(f"shapes {given.shape} and {derived.shape} at one layer")
    scale = max(1e-3, *(float(abs(x)) for x in (*derived.ravel(), *given.ravel())))
    error = max(float(abs(a - b)) for a, b in zip(given.ravel(), derived.ravel(), strict=True))
    if not error < float("inf"):
        raise OverflowError("a number is too large")
    return error / scale


def _example(
    here: Point, target: Target, given: Numbers, derived: Numbers, seed: int
) -> Counterexample:
    gaps = [abs(a - b) for a, b in zip(given.ravel(), derived.ravel(), strict=True)]
    row, col = divmod(gaps.index(max(gaps)), derived.shape[1])
    formula, right = _shown(here.context, given[row, col], derived[row, col])
    names = here.derivation.system.size_names
    return Counterexample(
        sizes={k: v for k, v in here.sizes.tables().items() if k in names},
        steps=here.sizes.steps,
        seed=seed,
        layer=here.indices[LAYER] if target.layer is not None else None,
        time=here.indices[TIME] if target.time is not None else None,
        entry=(row + 1, col + 1),
        formula=formula,
        derived=right,
    )


def _shown(context: Any, given: Any, derived: Any) -> tuple[str, str]:
    """Return two numbers with as many digits as tell them apart."""
    for digits in (6, 12, 24, context.dps):
        shown = context.nstr(given, digits), context.nstr(derived, digits)
        if shown[0] != shown[1]:
            break
    return shown


def holds(at: Point, target: Target, node: Node) -> dict[tuple[int, int], Numbers]:
    """Return the values of an expression at every layer and step of a line."""
    found: dict[tuple[int, int], Numbers] = {}
    for here in places(at, target, node):
        found[here.indices[LAYER], here.indices[TIME]] = _value(node, target, here)
    return found


def same_everywhere(
    at: Point, target: Target, node: Node, values: dict[tuple[int, int], Numbers]
) -> bool:
    """Tell whether an expression has these values; stops at the first that differs."""
    seen = 0
    try:
        for here in places(at, target, node):
            key = here.indices[LAYER], here.indices[TIME]
            if key not in values or relative(_value(node, target, here), values[key]) > SAME:
                return False
            seen += 1
    except (ArithmeticError, ValueError):
        return False
    return seen == len(values)
