"""One step with numbers, and letters for answers: each option is what one mistake leads to."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain, dropwhile, product
from math import prod

from rnnsym.blocks import Paragraph, prose
from rnnsym.equations import Loop
from rnnsym.expr import arrays_in
from rnnsym.item import Choice, Item, Mark, Option
from rnnsym.quiz.by_hand import SHOWN, WORKED, at_display
from rnnsym.quiz.forward_blocks import method_marks
from rnnsym.quiz.forward_draws import POOL, Pool
from rnnsym.quiz.forward_items import build, forward_kind
from rnnsym.quiz.forward_net import Net, net_of, place_of, read_values, run
from rnnsym.quiz.forward_question import ROUNDED, Ask, Question
from rnnsym.quiz.forward_slips import Slipped, as_dot, cell_slips, crossed, transposed
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, number_matrix
from rnnsym.quiz.options import arranger, sorted_by_size
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import CURVED, INPUT, cell_of, described, equation_note, equations_of
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]

MOST_NUMBERS = 30
"""Numbers handed out in one question."""
NEAR = Decimal("0.7")
"""How far an option may be off, as part of a key above 1: one further off needs no work."""
CLEAR = Decimal("0.01")
"""What is less far from the key in every entry is taken for it, rounded otherwise."""
MORE: Pool = {
    "weight": tuple(map(Decimal, ("-1.2", "-1.1", "-0.9", "-0.7", "-0.3", "1.1", "1.3", "1.4"))),
    "vector": tuple(map(Decimal, ("-0.25", "-0.15", "-0.1", "0.1", "0.15", "0.25", "0.35"))),
}
"""Numbers enough for no two gates to have the same ones."""
LARGER = {sort: (*values, *MORE.get(sort, ())) for sort, values in POOL.items()}
RULE = f"Keep {WORKED} decimals on the way; the options have {SHOWN}."
RIGHT = prose("Every line worked as it stands leads to this.")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("asked", state.name))
        for name in cells or CURVED
        for state in cell_of(net_of(name, 1).system).states
        if any(a.name == INPUT.name for a in _lines(net_of(name, 1), state.name).given)
    ]


def _chain(whole: Net, asked: str) -> tuple[Loop, tuple[Row, ...]]:
    """Return the chain of a state, and its lines in one step."""
    return next(
        (loop, rows)
        for loop, *_, rows in whole.passes()
        if any(row.target.name == asked for row in rows)
    )


def _lines(whole: Net, asked: str) -> Net:
    """Return those lines of a step that a state needs."""
    wanted = {asked}
    kept: list[Row] = []
    for row in reversed(_chain(whole, asked)[1]):
        if row.target.name in wanted:
            kept.insert(0, row)
            wanted |= {a.name for a in arrays_in(row.value) if a.time == row.target.time}
    return whole.only(kept)


@lru_cache(maxsize=256)
def _sized(model: str, asked: str) -> Net:
    """Return the model at the largest sizes of 1 and 2 that leave a question short enough."""
    names = net_of(model, 1).system.size_names
    choices = product((1, 2), repeat=len(names))
    nets = [net_of(model, 1, **dict(zip(names, sizes, strict=True))) for sizes in choices]
    numbers = {net: _lines(net, asked).entries for net in nets}
    short = [net for net in nets if numbers[net] <= MOST_NUMBERS]
    return max(short or nets[:1], key=lambda net: numbers[net])


@lru_cache(maxsize=256)
def _question(model: str, asked: str) -> Question:
    whole = _sized(model, asked)
    net = _lines(whole, asked)
    intro = (
        Paragraph(prose(*described(whole.system), " is computed by")),
        equations_of(whole.system),
        Paragraph(equation_note(whole.system)),
    )
    ask = Ask(net.rows, (net.rows[-1].target,), (), zero=True)
    return Question("forward", net, (ask,), intro, whole=False, rule=RULE, pool=LARGER)


def _about(parameters: Parameters) -> Question:
    values = dict(parameters)
    return _question(values["model"], values["asked"])


# The item


def _make(parameters: Parameters) -> Item:
    """Return the item that asks for the number, with letters for answers."""
    values = dict(parameters)
    model, asked = values["model"], values["asked"]
    question = _question(model, asked)
    net = question.net
    given = read_values(net, parameters)

    answer = place_of(net.rows[-1].target)
    right = run(net.rows, given, net.numbers, ROUNDED)
    # First what refuses most draws.
    key, wrong = at_display(right[answer]), list[tuple[Matrix, Slipped]]()
    for slip in _slips(model, asked):
        found = run(slip.rows, right, net.numbers, ROUNDED)
        wrong.append((at_display(found[answer]), slip))
        if _off(wrong[-1][0], key) < CLEAR:
            raise Unfair(f"'{slip.name}' gives the key, or what is taken for it")
    options = _arranged(key, _near(key, wrong), parameters)
    item = build(question, parameters)
    [part] = item.parts
    response = Choice(options)
    scheme = _scheme(question, response.key)
    marks = sum(mark.points for mark in scheme)
    part = replace(part, response=response, marks=marks, scheme=scheme)
    return replace(item, parts=(part,))


@lru_cache(maxsize=256)
def _slips(model: str, asked: str) -> tuple[Slipped, ...]:
    """Return what goes wrong, each with the lines from the first changed one on."""
    whole = _sized(model, asked)
    loop, _ = _chain(whole, asked)
    net = _question(model, asked).net
    in_one = (
        replace(slip, rows=tuple(slip.rows[0] if r is row else r for r in net.rows))
        for row in net.rows
        for slip in (*transposed(net, row), *crossed(net, row), *as_dot(net, row))
    )
    slips = (*cell_slips(whole, loop, 0, 1, net.rows), *in_one)
    return tuple(replace(slip, rows=_from_change(slip.rows, net.rows)) for slip in slips)


def _from_change(rows: Sequence[Row], right: Sequence[Row]) -> tuple[Row, ...]:
    pairs = zip(rows, right, strict=True)
    return tuple(row for row, _ in dropwhile(lambda pair: pair[0] == pair[1], pairs))


def _near(key: Matrix, wrong: Sequence[tuple[Matrix, Slipped]]) -> list[tuple[Matrix, Slipped]]:
    """Return what nobody can leave out without any work: not too far off, nor above 1 alone."""
    size = max(Decimal(1), _largest(key))
    return [
        (matrix, slip)
        for matrix, slip in wrong
        if matrix[0][0] != key[0][0]
        and _off(matrix, key) <= NEAR * size
        and (_largest(matrix) <= 1 or size > 1)
    ]


def _largest(matrix: Matrix) -> Decimal:
    return max(abs(entry) for row in matrix for entry in row)


def _off(a: Matrix, b: Matrix) -> Decimal:
    pairs = zip(chain.from_iterable(a), chain.from_iterable(b), strict=True)
    return max(abs(x - y) for x, y in pairs)


def _arranged(
    key: Matrix, wrong: Sequence[tuple[Matrix, Slipped]], parameters: Parameters
) -> tuple[Option, ...]:
    """Return the key and three wrong options, in the order of their first entries.

    Raises:
        Unfair: too few lie on one side of the key.
    """
    right = Option(prose(number_matrix(key)), "", RIGHT)
    options = [(m[0][0], Option(prose(number_matrix(m)), slip.name, slip.why)) for m, slip in wrong]
    return sorted_by_size((key[0][0], right), options, arranger("forward", parameters))


def _scheme(question: Question, letter: str) -> tuple[Mark, ...]:
    """One mark for every entry of the answer, and those for the method."""
    net = question.net
    entries = prod(net.sizes.shape(net.rows[-1].target.shape))
    return (
        *method_marks(net.rows, net, question.printed),
        Mark(entries, "A", prose(f"option {letter}")),
    )


_NUMBERS = forward_kind("forward", ((3, 3), (3, 6)), _subjects, _about)
KIND = replace(_NUMBERS, make=_make)
