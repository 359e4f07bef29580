"""Parameter counts: how many numbers a layer trains."""

from collections.abc import Sequence
from decimal import Decimal

from rnnsym.blocks import Block, Equations, Paragraph, prose
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import Integer, size
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import (
    PROOF,
    claims_of,
    counted,
    given_sizes,
    parts_of,
    proven,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_head_slips import biases_counted
from rnnsym.quiz.counting_items import (
    NO_BIASES,
    about,
    asked_system,
    computed,
    draw_numbers,
    listed,
    model_of,
    size_variants,
)
from rnnsym.quiz.counting_slips import WHOLE as MISCONCEPTIONS
from rnnsym.quiz.options import arranger, identifier, sorted_by_size
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of, convention_note

__all__ = ["KIND", "MISCONCEPTIONS"]

FORMS = ("{}", "bi({})", "{}*2", "bi({})*2")
BLOCKS = ("one block forgotten", "one block too many")
"""Where there are layers or directions, mistakes about those come first."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    with_biases = about(cells, ("textbook", "pytorch"), FORMS)
    without = ((*s, NO_BIASES) for s in about(cells, ("textbook",), ("{}",)) if _biased(s))
    return [*with_biases, *without]


def _biased(subject: Parameters) -> bool:
    """Tell whether a cell has biases and a recurrent matrix: else too few mistakes are left."""
    parts = parts_of(asked_system(subject))
    matrix = any(p.reads == "state" and p.sides[1] != (1, "") for p in parts)
    return matrix and any(p.reads == "1" for p in parts)


def _make(parameters: Parameters) -> Item:
    system = asked_system(parameters)
    arrange = arranger("count", parameters)
    values = dict(parameters)
    sizes = given_sizes(values, system.size_names)
    work = Work(parts_of(system), sizes, int(values["T"]))
    key = proven(work, value_of(count(system).formula, sizes))
    right = Option(prose(Integer(key)), "", prose("The sum of the entries of all trained arrays."))
    with_biases = parts_of(system_of(*model_of(parameters)))
    wrong = [
        (Decimal(total), Option(prose(Integer(total)), name, why))
        for name, total, why in claims_of(work, (*MISCONCEPTIONS, biases_counted(with_biases)))
    ]
    simple = len(parts_of(system)) == len(cell_of(system).parameters)
    options = sorted_by_size((Decimal(key), right), wrong, arrange, () if simple else BLOCKS)
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
    return (
        *computed(system),
        Paragraph(convention_note(system)),
        Paragraph(prose("With ", *listed(work.sizes), f", and sequences of {work.steps} steps, "
                        "how many trainable parameters are there in all?")),
    )  # fmt: skip


def _solution(system: System, work: Work, key: int) -> tuple[Block, ...]:
    return (
        *tally(parts_of(system), work.sizes),
        Paragraph(prose("Together, with ", size("P"), " for the number of parameters:")),
        Equations((total_line(count(system).formula, key),)),
    )


KIND = Kind(
    "count", "counts", "apply", (2, 3), (2, 3), _subjects, size_variants, draw_numbers, _make
)
