"""Saturated gates: which entries of a state are kept or written, without any exponential."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from rnnsym.blocks import Equations, Line, Paragraph, prose
from rnnsym.expr import Map, Node, apply, arrays_in, scale
from rnnsym.item import Item
from rnnsym.quiz.by_hand import at_display, minutes_for
from rnnsym.quiz.forward_items import SHORT_RULE, by_model, forward_kind
from rnnsym.quiz.forward_net import (
    GATED_UPDATE,
    Net,
    net_of,
    place_of,
    read_values,
    run,
    update_of,
)
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import Slipped, cell_slips, exchanged
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.slips import Work
from rnnsym.quiz.subject import EXAMINED, cell_of
from rnnsym.sheet.worked_lines import Row

__all__ = ["KIND"]

ENTRIES = 3
FAR = tuple(map(Decimal, ("-20", "-15", "15", "20")))
BITS = "gates rounded to bits"
"""What is right here: the gates are bits to every decimal shown."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"))
        for name in cells or EXAMINED
        if update_of(name) is not None and len(_lines(name)[1]) > 1
    ]


@lru_cache(maxsize=256)
def _lines(model: str) -> tuple[Net, tuple[Row, ...]]:
    """The gates that an update reads, each made of its pre-activation, and the update."""
    whole = net_of(model, 1, n=ENTRIES)
    found = update_of(model, n=ENTRIES)
    if found is None:
        return whole, ()
    loop, update = found
    read = set(arrays_in(update.value))
    cell = cell_of(whole.system)
    gates = {g.name for g in Work(cell, cell.equations).gates}
    rows = next(rows for chain, _, _, rows in whole.passes() if chain is loop)
    return whole, (*(r for r in rows if r.target in read and r.target.name in gates), update)


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    whole, rows = _lines(model)
    loop = next(chain for chain, _, _, lines in whole.passes() if rows[-1] in lines)
    net = whole.only(rows)
    slips = [s for s in cell_slips(whole, loop, 0, 1, rows) if s.name != BITS]
    swapped = (
        replace(slip, rows=(*rows[:-1], *slip.rows))
        for slip in exchanged(cell_of(whole.system), rows[-1])
    )
    target = rows[-1].target
    gates = "gates are" if len(rows) > 2 else "gate is"
    intro = (
        Paragraph(prose(f"In the cell “{cell_of(whole.system).title}” a state is updated by")),
        Equations(tuple(Line(row.target, row.value) for row in rows)),
        Paragraph(prose("Convention: column vectors.")),
        Paragraph(prose(f"The {gates} saturated: no exponential has to be computed.")),
    )
    far = {a.name: FAR for row in rows[:-1] for a in arrays_in(row.value)}
    ask = Ask(rows, (target,), (*slips, *_wrong_way(rows), *swapped), zero=True)
    return Question(
        "forward_saturated",
        net,
        (ask,),
        intro,
        2,
        whole=False,
        rule=SHORT_RULE,
        pool=far,
        theme=GATED_UPDATE,
    )


def _wrong_way(rows: Sequence[Row]) -> Iterator[Slipped]:
    """Yield the lines with σ falling instead of rising."""

    def turned(node: Node) -> Node:
        return apply(node.name, scale(-1, node.arg)) if isinstance(node, Map) else node

    changed = [Row(row.target, turned(row.value)) for row in rows]
    why = prose("σ rises: far below 0 it is 0, far above 0 it is 1.")
    yield Slipped("σ the wrong way round", why, tuple(changed))


def _make(parameters: Parameters) -> Item:
    """Return the item, if gates of exactly 0 and 1 give the same answer and both occur.

    Raises:
        Unfair: they do not.
    """
    question = _question(dict(parameters)["model"])
    given = read_values(question.net, parameters)
    rows = question.net.rows
    bits = [
        Row(r.target, apply("step", r.value.arg) if isinstance(r.value, Map) else r.value)
        for r in rows
    ]
    found, sharp = (run(lines, given, question.net.numbers) for lines in (rows, bits))
    place = place_of(rows[-1].target)
    if at_display(found[place]) != at_display(sharp[place]):
        raise Unfair("gates of exactly 0 and 1 give another answer")
    if any(len({*sharp[place_of(row.target)]}) == 1 for row in rows[:-1]):
        raise Unfair("a gate does the same to every entry")
    minutes = minutes_for((rows[-1].value,), question.net.numbers)
    return replace(_KIND.make(parameters), minutes=minutes)


_KIND = forward_kind("forward_saturated", ((2, 2), (3, 3)), _subjects, by_model(_question))
KIND = replace(_KIND, make=_make)
