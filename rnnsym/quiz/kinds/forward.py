"""One step forward with numbers: the equations of a cell, worked with pencil and paper."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache, lru_cache
from itertools import product
from typing import TypeVar

import numpy as np

from rnnsym.blocks import Block, Equations, Line, Paragraph, Relation, prose
from rnnsym.cell import CellEquation
from rnnsym.equations import System
from rnnsym.expr import STEPS, TIME, Array, Node, arrays_in, size, source
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.numeric.oracle import Values, forward
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.decimals import Numbers, Place, sized
from rnnsym.quiz.draw import Draw, Unlike
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, as_text, number_matrix, read_matrix
from rnnsym.quiz.options import arranger, identifier, mixed, sorted_by_size
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.slips import MISCONCEPTIONS, Slip, Work
from rnnsym.quiz.step import AT_ONE, SHOWN, WORKED, answer, at_display, place_of, run
from rnnsym.quiz.subject import EXAMINED, INPUT, cell_of, convention_note, described, equations_of
from rnnsym.quiz.wrong_numbers import unlike_start
from rnnsym.system import build_system, read_model

__all__ = ["KIND", "MISCONCEPTIONS"]

NodeT = TypeVar("NodeT", bound=Node)
BOUND = 1e-12
MOST_NUMBERS = 30
"""Numbers given in one question: enough for a GRU of size 2."""
WEIGHTS = tuple(map(Decimal, ("-2", "-1.5", "-0.5", "-0.4", "0.4", "0.5", "1.5", "2")))
"""Not 1 or −1: a factor left out is to show."""
INPUTS = tuple(map(Decimal, ("-2", "-1", "-0.5", "0.5", "1", "2")))
STATES = tuple(map(Decimal, ("-0.8", "-0.6", "-0.4", "-0.2", "0.2", "0.4", "0.6", "0.8")))


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("asked", state.name))
        for name in cells or EXAMINED
        for state in cell_of(_system(name)).states
        if any(a.name == INPUT.name for a in _given(name, state.name))
    ]


@lru_cache(maxsize=256)
def _system(model: str) -> System:
    return build_system(read_model(model))


@lru_cache(maxsize=256)
def _work(model: str, asked: str) -> Work:
    """The equations that the asked state needs, in order."""
    cell = cell_of(_system(model))
    wanted = {asked}
    kept: list[CellEquation] = []
    for equation in reversed(cell.equations):
        if equation.lhs.name in wanted:
            kept.insert(0, _interned(equation))
            wanted |= {a.name for a in arrays_in(equation.rhs) if a.time == TIME}
    return Work(cell, tuple(kept))


def _interned(equation: CellEquation) -> CellEquation:
    return replace(equation, lhs=_same(equation.lhs), rhs=_same(equation.rhs))


@cache
def _same(node: NodeT) -> NodeT:
    """Return one object for equal expressions: caches then compare identities, not trees."""
    return node


@lru_cache(maxsize=256)
def _given(model: str, asked: str) -> tuple[Array, ...]:
    """The arrays that a question gives: whatever its equations read and do not define."""
    work = _work(model, asked)
    defined = {e.lhs for e in work.equations}
    read = [a for e in work.equations for a in arrays_in(e.rhs)]
    return tuple(dict.fromkeys(_same(a) for a in read if a not in defined))


@lru_cache(maxsize=256)
def _slips(model: str, asked: str, *, scalar: bool) -> tuple[tuple[str, Slip], ...]:
    """The mistakes that change something: where states have one entry, order changes nothing."""
    work = _work(model, asked)
    made = (m for m in MISCONCEPTIONS if not (scalar and m.needs_matrices))
    return tuple(
        (m.name, (replace(slip, equations=tuple(map(_interned, slip.equations))), why))
        for m in made
        for slip, why in m.apply(work)
    )


# Drawing


@lru_cache(maxsize=256)
def _sizings(model: str, asked: str) -> tuple[tuple[int, ...], ...]:
    """The sizes of 1 and 2 that leave a question of bearable length."""
    names = _system(model).size_names
    choices = list(product((1, 2), repeat=len(names)))
    lengths = {c: _length(model, asked, c) for c in choices}
    return tuple(c for c in choices if lengths[c] <= MOST_NUMBERS) or (choices[0],)


def _length(model: str, asked: str, choice: tuple[int, ...]) -> int:
    numbers = _numbers(model, choice)
    return sum(r * c for r, c in (sized(a.shape, numbers) for a in _given(model, asked)))


def _numbers(model: str, choice: Sequence[int]) -> Numbers:
    sizes = zip(_system(model).size_names, choice, strict=True)
    return ((TIME, 1), (STEPS, 1), *((size(name), value) for name, value in sizes))


def _variants(subject: Parameters) -> int:
    """At most so many: every entry takes at least four values."""
    model, asked = _asked(subject)
    return sum(4 ** _length(model, asked, choice) for choice in _sizings(model, asked))


def _asked(parameters: Parameters) -> tuple[str, str]:
    values = dict(parameters)
    return values["model"], values["asked"]


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    model, asked = _asked(subject)
    choice = draw.choice("sizes", _sizings(model, asked))
    numbers = _numbers(model, choice)
    sizes = zip(_system(model).size_names, map(str, choice), strict=True)
    given = _given(model, asked)
    unlike = {a.shape: Unlike(draw) for a in given}
    arrays_drawn = (
        (_label(a), as_text(_entries(a, sized(a.shape, numbers), unlike[a.shape], model)))
        for a in given
    )
    return (*subject, *sizes, *arrays_drawn)


@lru_cache(maxsize=1024)
def _label(array: Array) -> str:
    return source(array.xreplace(AT_ONE))


def _entries(array: Array, shape: tuple[int, int], draw: Unlike, model: str) -> Matrix:
    rows, columns = shape
    timed = INPUTS if array.name == INPUT.name else STATES
    values = WEIGHTS if array.time is None else timed
    positive = cell_of(_system(model)).domain.get(array.name) == "positive"
    allowed = [v for v in values if v > 0] if positive else values
    name = _label(array)
    return tuple(
        tuple(draw.choice(f"{name}[{i},{j}]", allowed) for j in range(columns)) for i in range(rows)
    )


# The item


def _make(parameters: Parameters) -> Item:
    model, asked = _asked(parameters)
    work = _work(model, asked)
    values = dict(parameters)
    numbers = _numbers(model, [int(values[n]) for n in _system(model).size_names])
    given = {place_of(a): read_matrix(values[_label(a)]) for a in _given(model, asked)}
    target = work.equations[-1].lhs
    exact = run(work.equations, given, numbers)
    worked = run(work.equations, given, numbers, WORKED)
    key = answer(exact[place_of(target)], worked[place_of(target)])
    unlike_start(exact)
    scalar = all(value == 1 for symbol, value in numbers if symbol != size("d"))
    wrong = [_option(slip, given, numbers) for slip in _slips(model, asked, scalar=scalar)]
    why = prose("Every line of the step, from the equations.")
    right = (key, Option(prose(number_matrix(key)), "", why))
    options = _arranged(right, wrong, arranger("forward", parameters))
    _prove(model, numbers, given, exact)
    hard = len(_given(model, asked)) > 6
    return Item(
        id=identifier("forward", parameters),
        kind="forward",
        topic="forward",
        level=3,
        minutes=10 if hard else 6,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, asked, given),
        parts=(Part((), Choice(options), 3 if hard else 2, _solution(work, worked)),),
        proof=Proof("the step again in complex floats, by a tree walk of the model", "≤ 1e-12"),
    )


def _option(
    named: tuple[str, Slip], given: dict[Place, Matrix], numbers: Numbers
) -> tuple[Matrix, Option]:
    name, (slip, why) = named
    found = run(slip.equations, given, numbers)[place_of(slip.equations[-1].lhs)]
    shown = at_display(found)
    return shown, Option(prose(number_matrix(shown)), name, why)


def _arranged(
    right: tuple[Matrix, Option], wrong: list[tuple[Matrix, Option]], arrange: Draw
) -> tuple[Option, ...]:
    key, option = right
    numbers = [entry for row in key for entry in row]
    if len(numbers) > 1:
        return mixed(option, [o for _, o in wrong], arrange)
    single = [(entry, o) for matrix, o in wrong for row in matrix for entry in row]
    return sorted_by_size((numbers[0], option), single, arrange)


def _prove(
    model: str, numbers: Numbers, given: dict[Place, Matrix], exact: dict[Place, Matrix]
) -> None:
    """Compare every number of the step with the oracle's.

    Raises:
        Unfair: they differ, so the question has no proven key.
    """
    system = _system(model)
    sizes = Sizes(system, {str(s): v for s, v in numbers if s not in (TIME, STEPS)}, 1, 1)
    values = Values(sizes, None, {})
    for weight in system.weights:
        values.known[values.key(weight.array)] = np.zeros((1, *sizes.shape(weight.array.shape)))
    for state in system.states:
        start = state.array.xreplace({TIME: state.initial})
        values.known[values.key(start)] = np.zeros((1, *sizes.shape(start.shape)))
    values.known |= {place: np.array([m], dtype=complex) for place, m in given.items()}
    forward(system, values)
    for place, matrix in exact.items():
        error = np.max(np.abs(values.known[place][0] - np.array(matrix, dtype=float)))
        if not error <= BOUND:
            raise Unfair(f"the oracle finds another {place[0]} (error {error})")


# Printing


@lru_cache(maxsize=1024)
def _at_one(node: Node) -> Node:
    return node.xreplace(AT_ONE)


def _stem(model: str, asked: str, given: dict[Place, Matrix]) -> tuple[Block, ...]:
    system = _system(model)
    target = _at_one(_work(model, asked).equations[-1].lhs)
    weights_first = sorted(_given(model, asked), key=lambda a: a.time is not None)
    lines = (Line(_at_one(a), number_matrix(given[place_of(a)])) for a in weights_first)
    return (
        Paragraph(prose(*described(system), " is computed by")),
        equations_of(system),
        Paragraph(convention_note(system)),
        Paragraph(prose("Given are")),
        Equations(tuple(lines)),
        Paragraph(prose("Compute ", target, f". Keep {WORKED} decimals on the way; give {SHOWN}.")),
    )


def _solution(work: Work, worked: dict[Place, Matrix]) -> tuple[Block, ...]:
    lines = (
        Line(_at_one(e.lhs), Relation((_at_one(e.rhs), number_matrix(worked[place_of(e.lhs)]))))
        for e in work.equations
    )
    note = f"Each line to {WORKED} decimals, as the next one uses it:"
    return Paragraph(prose(note)), Equations(tuple(lines))


KIND = Kind("forward", "forward", "apply", (3, 3), (2, 3), _subjects, _variants, _draw, _make)
