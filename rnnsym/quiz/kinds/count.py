"""Parameter counts: how many numbers a layer trains."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations
from math import perm

from rnnsym.blocks import Block, Equations, Paragraph, Relation, prose
from rnnsym.cell import cell_names
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import Integer, size
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import (
    PROOF,
    claims_of,
    counted,
    parts_of,
    proven,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_items import SIZES
from rnnsym.quiz.counting_slips import WHOLE as MISCONCEPTIONS
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import arranger, identifier, sorted_by_size
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of, convention_note, described, equations_of

__all__ = ["KIND", "MISCONCEPTIONS"]

QUESTION = "how many trainable parameters are there in all?"
STEPS = (5, 10, 20, 50)
FORMS = ("{}", "bi({})", "{}*2", "bi({})*2")
CONVENTIONS = ("textbook", "pytorch")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    found: list[Parameters] = []
    for convention in CONVENTIONS:
        shipped = cell_names(convention)
        asked = cells or EXAMINED
        for cell in asked if convention == "textbook" else [c for c in asked if c in shipped]:
            found += ((("model", form.format(cell)), ("convention", convention)) for form in FORMS)
    return found


def _variants(subject: Parameters) -> int:
    return perm(len(SIZES), len(system_of(*_model(subject)).size_names))


def _model(parameters: Parameters) -> tuple[str, str]:
    values = dict(parameters)
    return values["model"], values["convention"]


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    names = system_of(*_model(subject)).size_names
    drawn = draw.choice("sizes", list(permutations(SIZES, len(names)))[:: len(names)])
    return (*subject, *zip(names, map(str, drawn), strict=True))


def _make(parameters: Parameters) -> Item:
    system = system_of(*_model(parameters))
    arrange = arranger("count", parameters)
    values = dict(parameters)
    sizes = tuple((name, int(values[name])) for name in system.size_names)
    work = Work(parts_of(system), sizes, arrange.choice("steps", STEPS))
    key = proven(work, value_of(count(system).formula, sizes))
    right = Option(prose(Integer(key)), "", prose("The sum of the entries of all trained arrays."))
    wrong = [
        (Decimal(total), Option(prose(Integer(total)), name, why))
        for name, total, why in claims_of(work, MISCONCEPTIONS)
    ]
    options = sorted_by_size((Decimal(key), right), wrong, arrange)
    simple = len(parts_of(system)) == len(cell_of(system).parameters)
    return Item(
        id=identifier("count", parameters),
        kind="count",
        topic="counts",
        level=2 if simple else 3,
        minutes=3 if simple else 5,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(system, work),
        parts=(Part((), Choice(options), 2 if simple else 3, _solution(system, work, key)),),
        proof=Proof(PROOF, "exact"),
        asks=(counted(system, sizes),),
    )


def _stem(system: System, work: Work) -> tuple[Block, ...]:
    given = (Relation((size(name), Integer(value))) for name, value in work.sizes)
    listed = (part for relation in given for part in (relation, ", "))
    return (
        Paragraph(prose(*described(system), " is computed by")),
        equations_of(system),
        Paragraph(convention_note(system)),
        Paragraph(prose("With ", *listed, f"and sequences of {work.steps} steps, ", QUESTION)),
    )


def _solution(system: System, work: Work, key: int) -> tuple[Block, ...]:
    return (
        *tally(parts_of(system), work.sizes),
        Paragraph(prose("Together, with ", size("P"), " for the number of parameters:")),
        Equations((total_line(count(system).formula, key),)),
    )


KIND = Kind("count", "counts", "apply", (2, 3), (2, 3), _subjects, _variants, _draw, _make)
