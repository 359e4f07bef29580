"""Questions on counts: their subjects, drawn sizes, stems and parts."""

from collections.abc import Iterable, Sequence
from math import perm

from rnnsym.blocks import Block, Equations, Inline, Line, Paragraph, Prose, Relation, prose
from rnnsym.cell import cell_names
from rnnsym.equations import System
from rnnsym.expr import Integer, size
from rnnsym.item import Blank, Mark, Numeric, Part
from rnnsym.quiz.counting import Given, system_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import (
    EXAMINED,
    convention_note,
    described,
    elsewhere,
    equations_of,
    written_for,
)

__all__ = [
    "NO_BIASES", "SIZES", "about", "asked_system", "computed", "derived", "draw_numbers",
    "drawn_sizes", "listed", "model_of", "model_stem", "numeric", "size_variants", "steps_drawn",
]  # fmt: skip

SIZES = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30, 32, 40, 50, 64, 100)
"""No 2: n² would be 2n, and other slips than one would give the same number."""
STEPS = (5, 10, 15, 20, 25, 50)
"""Some are no size: however the sizes are drawn, one is left that differs from all of them."""
NO_BIASES = ("biases", "none")
"""Of a subject that leaves out all bias vectors."""


def about(
    cells: Sequence[str], conventions: Sequence[str], forms: Sequence[str] = ("{}",)
) -> Sequence[Parameters]:
    """Return the subjects: each form of each cell, in each convention that has the cell."""
    return [
        (("model", form.format(cell)), ("convention", convention))
        for convention in conventions
        for cell in cells or EXAMINED
        if convention == "textbook" or cell in cell_names(convention)
        for form in forms
    ]


def model_of(parameters: Parameters) -> tuple[str, str]:
    """Return model text and convention."""
    values = dict(parameters)
    return values["model"], values["convention"]


def asked_system(parameters: Parameters) -> System:
    """Return the index equations of what a subject, or an item, is about."""
    model, convention = model_of(parameters)
    return system_of(model, convention, bias=NO_BIASES not in parameters)


def drawn_sizes(names: Sequence[str], draw: Draw, pool: Sequence[int] = SIZES) -> Parameters:
    """Return a number for each size, no two alike; a projection p is smaller than n."""
    left = list(pool)
    found: dict[str, int] = {}
    for name in names:
        found[name] = draw.choice(name, left)
        left.remove(found[name])
    if "p" in found and "n" in found:
        found["p"], found["n"] = sorted((found["p"], found["n"]))
    return tuple((name, str(number)) for name, number in found.items())


def steps_drawn(draw: Draw, sizes: Parameters) -> Parameters:
    """Return a length of sequences, which no count of parameters depends on, unlike every size."""
    taken = {number for _, number in sizes}
    return (("T", draw.choice("T", [str(T) for T in STEPS if str(T) not in taken])),)


def size_variants(subject: Parameters) -> int:
    """Return how many ways there are to give the model's sizes different numbers."""
    return perm(len(SIZES), len(asked_system(subject).size_names))


def draw_numbers(subject: Parameters, draw: Draw) -> Parameters:
    """Return the subject with numbers for the model's sizes and the length of sequences."""
    sizes = drawn_sizes(asked_system(subject).size_names, draw)
    return (*subject, *sizes, *steps_drawn(draw, sizes))


def listed(given: Iterable[tuple[str, int]]) -> Prose:
    """Return "d = 4, n = 5"."""
    relations = (Relation((size(name), Integer(value))) for name, value in given)
    return tuple(part for i, r in enumerate(relations) for part in ((", ", r) if i else (r,)))


def model_stem(system: System, given: Given, *then: Inline) -> tuple[Block, ...]:
    """Return a model's equations, its convention, and the numbers of its sizes."""
    return (
        *computed(system),
        Paragraph(convention_note(system)),
        Paragraph(prose("Here ", *listed(given), "; ", *then)),
    )


def computed(system: System, *begin: Inline, known: bool = False) -> tuple[Block, ...]:
    """Return the equations of a model's first layer, and how the others differ.

    Args:
        system: a model with one cell.
        begin: what stands before the model in words.
        known: whether the cell's equations stand there already.
    """
    said = (*begin, *described(system), written_for(system))
    others = elsewhere(system)
    if known:
        return (Paragraph(prose(*said, " is computed as before. ", *others)),)
    first = Paragraph(prose(*said, " is computed by")), equations_of(system)
    return (*first, Paragraph(others)) if others else first


def numeric(
    ask: Prose, blanks: Sequence[Blank], solution: Sequence[Block], scheme: Sequence[Mark],
    carries: tuple[int, ...] = (), hint: str = "",
) -> Part:  # fmt: skip
    """Return a part that is answered by numbers."""
    return Part(
        (Paragraph(ask),), Numeric(tuple(blanks)), sum(mark.points for mark in scheme),
        tuple(solution), tuple(scheme), (prose(hint),) if hint else (), carries,
    )  # fmt: skip


def derived(*lines: Line) -> tuple[Block, ...]:
    """Return a solution that is a few lines."""
    return (Equations(lines),)
