"""Which value must a gate have had? The update of a state solved for one of its gates."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Relation, prose
from rnnsym.equations import Loop
from rnnsym.expr import Array, Constant, arrays_in
from rnnsym.item import Blank, Item, Mark, Numeric, Part, WrongNumber
from rnnsym.quiz.by_hand import EXACT_RULE, at_display, tolerance
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_draws import draw_along
from rnnsym.quiz.forward_items import LINES
from rnnsym.quiz.forward_net import (
    GATED_UPDATE,
    Net,
    holds,
    net_of,
    place_of,
    read_values,
    run,
    update_of,
)
from rnnsym.quiz.forward_question import without_zeros
from rnnsym.quiz.forward_slips import Slipped, cell_slips
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, plain, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.slips import Work
from rnnsym.quiz.subject import EXAMINED, cell_of
from rnnsym.quiz.wrong_numbers import told_apart
from rnnsym.sheet.arithmetic import number
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]

STEEP = Decimal("0.3")
"""How much the gate moves the state at least: a smaller slope blurs the answer."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("asked", gate.name))
        for name in cells or EXAMINED
        if not holds(name, Constant)
        for gate in _gates(name)
    ]


@lru_cache(maxsize=256)
def _gates(model: str) -> tuple[Array, ...]:
    """The gates that the update of a state reads."""
    found = update_of(model)
    if found is None:
        return ()
    cell = cell_of(net_of(model, 1).system)
    names = {g.name for g in Work(cell, cell.equations).gates}
    return tuple(a for a in dict.fromkeys(arrays_in(found[1].value)) if a.name in names)


@lru_cache(maxsize=256)
def _update(model: str) -> tuple[Net, Loop, Row]:
    found = update_of(model)
    assert found is not None, "a subject without an update"
    return net_of(model, 1).only([found[1]]), *found


@lru_cache(maxsize=256)
def _slips(model: str) -> tuple[Slipped, ...]:
    _, loop, row = _update(model)
    return tuple(cell_slips(net_of(model, 1), loop, 0, 1, [row]))


def _solved(row: Row, net: Net, given: Mapping[Place, Matrix], gate: Place) -> tuple[Decimal, ...]:
    """Return the state with the gate at 0 and at 1, and the gate that gives the known state.

    Raises:
        Unfair: the gate hardly moves the state.
    """
    at = place_of(row.target)
    bits = (Decimal(0), Decimal(1))
    low, high = (run([row], {**given, gate: ((bit,),)}, net.numbers)[at][0][0] for bit in bits)
    if abs(high - low) < STEEP:
        raise Unfair("the gate hardly moves the state")
    return low, high, (given[at][0][0] - low) / (high - low)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model = values["model"]
    net, _, row = _update(model)
    gate = next(a for a in _gates(model) if a.name == values["asked"])
    given = read_values(net, parameters)
    state = run(net.rows, given, net.numbers)
    low, high, exact = _solved(row, net, state, place_of(gate))
    key = at_display(((exact,),))[0][0]
    if key != exact:
        raise Unfair("the gate is not exact")
    _prove(net, row, state, place_of(gate), key)
    wrong = told_apart(_wrong(model, net, state, gate, key))
    blank = Blank(prose(gate), plain(key), Decimal(0), wrong)
    return Item(
        id=identifier("missing_gate", parameters),
        kind="missing_gate",
        topic="forward",
        level=3,
        minutes=3,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(net, row, state, gate),
        parts=(
            Part(
                (Paragraph(prose("What value did the gate ", gate, " have?")),),
                Numeric((blank,)),
                2,
                _solution(row, state, gate, (low, high, key)),
                (
                    Mark(1, "M", prose("the update solved for ", gate)),
                    Mark(1, "A", prose(gate, f" = {shown(plain(key))}")),
                ),
                (prose("The update is linear in ", gate, "."),),
            ),
        ),
        proof=LINES,
        tags=(model, GATED_UPDATE),
    )


def _wrong(
    model: str, net: Net, state: Mapping[Place, Matrix], gate: Array, key: Decimal
) -> Iterator[WrongNumber]:
    """Yield what the update gives, misread and then solved.

    Raises:
        Unfair: one gives the key.
    """
    for slip in _slips(model):
        [row] = slip.rows
        try:
            *_, found = _solved(row, net, state, place_of(gate))
        except Unfair:  # a gate that drops out cannot be solved for
            continue
        value = at_display(((found,),))[0][0]
        if abs(value - key) <= tolerance(key):
            raise Unfair(f"'{slip.name}' gives the key")
        yield WrongNumber(plain(value), slip.name, slip.why)


def _prove(net: Net, row: Row, state: Mapping[Place, Matrix], gate: Place, key: Decimal) -> None:
    """Put the gate found back into the update, in complex floats.

    Raises:
        Unfair: another state comes out.
    """
    known = {p: m for p, m in state.items() if p != place_of(row.target)}
    net.prove_lines({**known, gate: ((key,),)}, state)


def _stem(net: Net, row: Row, state: Mapping[Place, Matrix], gate: Array) -> tuple[Block, ...]:
    told = Relation((row.target, number(without_zeros(state[place_of(row.target)]))))
    given = [Relation((a, number(state[place_of(a)]))) for a in net.given if a != gate]
    title = cell_of(net.system).title
    return (
        Paragraph(prose(f"In the cell “{title}” a state is updated by")),
        Equations((Line(row.target, row.value),)),
        Paragraph(prose("Convention: as written here. All quantities are scalars.")),
        Paragraph(prose("Given: ", *listed(given, ", "), ".")),
        Paragraph(prose("The step gave ", told, ". ", EXACT_RULE)),
    )


def _solution(
    row: Row, state: Mapping[Place, Matrix], gate: Array, found: tuple[Decimal, Decimal, Decimal]
) -> tuple[Block, ...]:
    low, high, key = found
    moved, slope = state[place_of(row.target)][0][0] - low, high - low
    first, second, part, whole, value = (
        number(((plain(entry),),)) for entry in (low, high, moved, slope, key)
    )
    return (
        Paragraph(prose("The right side is ", first, " where ", gate, " is 0, and ", second,
                        " where it is 1; in between it is linear. So it is ", first, " plus ",
                        whole, " times ", gate, ", and ", gate, " is ", part, " divided by ", whole,
                        ":")),
        Equations((Line(gate, value),)),
    )  # fmt: skip


def _variants(subject: Parameters) -> int:
    return int(4 ** _update(dict(subject)["model"])[0].entries)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, *draw_along(_update(dict(subject)["model"])[0], draw))


KIND = Kind(
    "missing_gate", "forward", "analyse", (3, 3), (2, 2), _subjects, _variants, _draw, _make
)
