"""What the checks of claims compute with numbers: steps of cells, chains of factors, clipping."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np

from rnnsym.cell import Cell
from rnnsym.equation_nodes import build_expression
from rnnsym.equation_text import parse_equation
from rnnsym.equations import System
from rnnsym.errors import InputError, one_of
from rnnsym.expr import ACTIVATIONS, STEPS, TIME, Expr, Integer, Map, apply, arrays_in, size
from rnnsym.expr import activation as function_of
from rnnsym.flow.examples import counterexample
from rnnsym.numeric.oracle import STEP, Values, loss_of
from rnnsym.numeric.sizes import small_sizes
from rnnsym.quiz.decimal_functions import FUNCTIONS
from rnnsym.quiz.decimals import Numbers, Place, Point, evaluate, sized
from rnnsym.quiz.draw import digest
from rnnsym.quiz.numbers import Matrix
from rnnsym.system import build_system, read_model

__all__ = [
    "affects",
    "clipping_keeps",
    "counterexample_explodes",
    "decays_below",
    "never_negative",
    "sides_agree",
    "steepest",
    "truncation_cuts",
]

EXACT = Decimal("1e-20")
POINTS = 2
MANY_POINTS = 8
MIDDLE, LAST = 5, 9


def sides_agree(cell: Cell, given: Mapping[str, Fraction], equation: str) -> bool:
    """Tell whether both sides of an equation are equal at random points of one step.

    Args:
        cell: whose step.
        given: arrays whose own equation is replaced by a number.
        equation: in the names of the cell file, such as ``h[t] = h[t-1]``.
    """
    left, sign, right = equation.partition(" = ")
    if not sign:
        raise InputError(f"'{equation}' is no equation")
    for name in given:
        one_of(f"array of '{cell.name}'", name, cell.written)
    arrays = {a.name: a for e in cell.equations for a in (*arrays_in(e.rhs), e.lhs)}
    arrays = {k: a if a.time is None else a.xreplace({TIME - 1: TIME}) for k, a in arrays.items()}
    difference = build_expression(parse_equation(f"({left}) - ({right})"), arrays)
    for point in range(POINTS):
        at = _worked(cell, given, point)
        if any(abs(x) > EXACT for row in evaluate(difference, at) for x in row):
            return False
    return True


def never_negative(cell: Cell, state: str, functions: Mapping[str, str]) -> bool:
    """Tell whether a state stays at 0 or above in one step that starts there.

    Args:
        cell: whose step.
        state: its name.
        functions: what some equations apply in place of their own function.
    """
    for name, function in functions.items():
        one_of(f"array of '{cell.name}'", name, cell.written)
        one_of("function", function, ACTIVATIONS)
    changed = tuple(
        replace(e, rhs=apply(functions[e.lhs.name], e.rhs.arg))
        if e.lhs.name in functions and isinstance(e.rhs, Map)
        else e
        for e in cell.equations
    )
    [after] = (e.lhs for e in changed if e.lhs.name == state)
    return all(
        entry >= 0
        for point in range(MANY_POINTS)
        for row in evaluate(after, _worked(replace(cell, equations=changed), {}, point, [state]))
        for entry in row
    )


def _worked(
    cell: Cell, given: Mapping[str, Fraction], point: int, from_zero: Collection[str] = ()
) -> Point:
    """Return one step of the cell on random numbers, the old states in ``from_zero`` ≥ 0."""
    fixed: dict[Expr, int] = {TIME: 1, STEPS: 1, size("d"): 2}
    names = enumerate(cell.size_names, 3)
    numbers: Numbers = tuple((fixed | {size(name): k for k, name in names}).items())
    known: dict[Place, Matrix] = {}

    def read(place: Place, shape: tuple[int, int]) -> Matrix:
        if place in known:
            return known[place]
        drawn = _random(point, place, shape)
        return tuple(tuple(map(abs, row)) for row in drawn) if place[0] in from_zero else drawn

    at = Point(numbers, read)
    for equation in cell.equations:
        lhs = equation.lhs
        place: Place = (lhs.name, "", None, fixed[TIME])
        if lhs.name in given:
            rows, columns = sized(lhs.shape, numbers)
            number = given[lhs.name]
            value = Decimal(number.numerator) / Decimal(number.denominator)
            known[place] = ((value,) * columns,) * rows
        else:
            known[place] = evaluate(equation.rhs, at)
    return at


def _random(point: int, place: Place, shape: tuple[int, int]) -> Matrix:
    """Return entries of both signs."""

    def entry(i: int, j: int) -> Decimal:
        drawn = int.from_bytes(digest("claim", point, place, i, j), "big")
        return Decimal(drawn % 1801 - 900).scaleb(-3) + Decimal("0.0005")

    return tuple(tuple(entry(i, j) for j in range(shape[1])) for i in range(shape[0]))


def affects(system: System, lag: int) -> bool:
    """Tell whether the output at one step is reached from the input ``lag`` steps after it."""
    sizes = small_sizes(system, steps=LAST)
    values = Values(sizes, None, {}, time=MIDDLE + lag)
    reached = {values.key(system.input)}
    for block in system.blocks:
        for values.layer in sizes.range(block.loops[0].equations[0].layer):
            for loop in block.loops:
                times = sizes.range(loop.equations[0].time)
                for values.time in times if loop.order >= 0 else reversed(times):
                    for equation in loop.equations:
                        if any(values.key(a) in reached for a in arrays_in(equation.rhs)):
                            reached.add(values.key(equation.lhs))
    values.time = MIDDLE
    return values.key(system.output) in reached


# Chains of factors


def decays_below(factor: str, steps: str, bound: str) -> bool:
    """A product of so many equal factors is below a bound."""
    return Fraction(factor) ** int(steps) < Fraction(bound)


def steepest(function: str, slope: str) -> bool:
    """The largest derivative of a function is this number."""
    lipschitz = function_of(function).lipschitz
    measured = max(_slope(function, Decimal(k) / 50) for k in range(-200, 201))
    wanted = Fraction(slope)
    return lipschitz == wanted and abs(measured - Decimal(float(wanted))) < Decimal("1e-6")


def _slope(function: str, at: Decimal) -> Decimal:
    rise = Decimal("1e-9")
    apply = FUNCTIONS[function]
    return (apply(at + rise) - apply(at - rise)) / (2 * rise)


def counterexample_explodes() -> bool:
    """A tanh net whose matrix has only eigenvalues below 1 has a gradient that explodes."""
    found = counterexample()
    return found.spectral_radius < 1 and found.norm > 1000


def truncation_cuts(window: str, lag: str) -> bool:
    """Detached every so many steps, the last loss has no gradient in the input this lag before."""
    system = build_system(read_model("vanilla", loss_at="last"))
    sizes = small_sizes(system, steps=LAST)
    values = Values(sizes, None, {}, time=1)
    arrays = [weight.array for weight in system.weights]
    arrays += [term.given for term in system.loss_terms]
    arrays += [s.array.xreplace({TIME: s.initial}) for s in system.states]
    arrays += [system.input.xreplace({TIME: Integer(k)}) for k in range(1, LAST + 1)]
    known = {
        values.key(a): np.full((1, *sizes.shape(a.shape)), 0.01 * k + 0j)
        for k, a in enumerate(arrays, 1)
    }
    values.time = LAST - int(lag)
    place = values.key(system.input)
    known[place] = known[place] + 1j * STEP
    return bool(np.all(loss_of(system, sizes, known, int(window)).imag == 0))


def clipping_keeps(how: str, vector: str) -> bool:
    """Clipping to 1, by norm or by value, keeps the direction of a gradient with two entries."""
    a, b = map(Fraction, vector.split())
    if how == "norm":
        square = a * a + b * b
        # Its length times 1/length: the square of the factor is rational, the direction exact.
        clipped = (a, b) if square <= 1 else (a / square, b / square)
    elif how == "value":
        clipped = (max(min(a, Fraction(1)), Fraction(-1)), max(min(b, Fraction(1)), Fraction(-1)))
    else:
        raise InputError(f"clipping is by norm or by value, not by '{how}'")
    return a * clipped[1] == b * clipped[0]
