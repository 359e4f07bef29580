"""One cell in two conventions: the same gates, but not as many numbers."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import perm

from rnnsym.blocks import Block, Line, Paragraph, Prose, prose
from rnnsym.convention import TEXTBOOK, read_convention
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    claims_of,
    counted,
    given_sizes,
    number,
    parts_of,
    proven,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_items import SIZES, derived, drawn_sizes, listed, numeric, steps_drawn
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of, equations_of

__all__ = ["KIND"]

NAME = "count_convention"
DESIGNS = (
    ("gru", "textbook"), ("gru", "d2l"), ("gru", "flax"), ("gru-reset-before", "keras"),
    ("gru", "keras"), ("gru", "pytorch"), ("gru", "onnx"),
    ("lstm", "textbook"), ("lstm", "keras"), ("lstm", "flax"), ("lstm", "pytorch"),
    ("vanilla", "textbook"), ("vanilla", "keras"), ("vanilla", "flax"), ("vanilla", "pytorch"),
)  # fmt: skip
FAMILIES = {"gru": "A GRU layer", "lstm": "An LSTM layer", "vanilla": "A vanilla layer"}
NAMES = ("d", "n")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("cell", family), ("first", " ".join(a)), ("second", " ".join(b)))
        for family in FAMILIES
        if not cells or family in cells
        for a, b in combinations([d for d in DESIGNS if d[0].startswith(family)], 2)
        if _formula_differs(system_of(*a), system_of(*b))
    ]


@lru_cache(maxsize=256)
def _formula_differs(a: System, b: System) -> bool:
    return count(a).formula.value != count(b).formula.value


def _variants(_subject: Parameters) -> int:
    return perm(len(SIZES), len(NAMES))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    sizes = drawn_sizes(NAMES, draw)
    return (*subject, *sizes, *steps_drawn(draw, sizes))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    systems = [system_of(*_design(values[which])) for which in ("first", "second")]
    given = given_sizes(values, NAMES)
    steps = int(values["T"])
    totals = [value_of(count(system).formula, given) for system in systems]
    a, b = (
        _counted(system, Work(parts_of(system), given, steps), total, other)
        for system, total, other in zip(systems, totals, reversed(totals), strict=True)
    )
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=3,
        minutes=6,
        convention=systems[0].model.convention,
        parameters=parameters,
        stem=_stem(values["cell"], systems, given, steps),
        parts=(a, b, _difference(systems, given, totals)),
        proof=Proof(PROOF, "exact"),
        tags=(values["cell"], "conventions", *(s.model.convention for s in systems)),
        asks=tuple(counted(system, given) for system in systems),
    )


def _design(text: str) -> tuple[str, str]:
    cell, convention = text.split()
    return cell, convention


def _stem(family: str, systems: Sequence[System], given: Given, steps: int) -> tuple[Block, ...]:
    found: list[Block] = [
        Paragraph(prose(f"{FAMILIES[family]} is written in two ways, each with arrays of its own."))
    ]
    for system in systems:
        found += [Paragraph(prose(*_titled(system), " computes")), equations_of(system)]
    sizes = prose("Each trains every array of its equations. The input has ", size("d"),
                  " entries, the state has ", size("n"), "; here ", *listed(given),
                  f", and a sequence has {steps} steps.")  # fmt: skip
    return (*found, Paragraph(sizes))


def _titled(system: System) -> Prose:
    title = read_convention(system.model.convention).title
    return prose(f"{title}: the cell “{cell_of(system).title}”")


def _short(system: System) -> str:
    """Return the convention's name without what its title adds to it."""
    title = read_convention(system.model.convention).title
    return "textbook" if system.model.convention == TEXTBOOK else title.partition(" (")[0]


def _counted(system: System, work: Work, total: int, other: int) -> Part:
    layer = f"the {_short(system)} layer"
    swapped = ("other convention", other, prose("This is the count of the other layer."))
    return numeric(
        prose(
            f"How many parameters does {layer} have, that of the cell “{cell_of(system).title}”?"
        ),
        [blank(prose(f"Parameters of {layer}"), proven(work, total), [*claims_of(work), swapped])],
        (*tally(work.parts, work.sizes), *derived(total_line(count(system).formula, total))),
        [
            Mark(1, "M", prose("the shape of every array in the equations, biases included")),
            Mark(1, "A", prose("the number")),
        ],
    )


def _difference(systems: Sequence[System], given: Given, totals: Sequence[int]) -> Part:
    n = dict(given)["n"]
    key = abs(totals[0] - totals[1])
    vectors = [sum(p.reads == "1" for p in parts_of(system)) for system in systems]
    more = abs(vectors[0] - vectors[1])
    if more * n != key:
        raise Unfair(f"{more} more bias vectors of {n} entries do not make {key}")
    claims = [
        ("one number for a vector", more, prose("Each of these vectors has n entries.")),
        ("one vector only", n, prose("Compare the bias vectors of all the affine maps.")),
    ]
    low, high = sorted(vectors)
    return numeric(
        prose("By how many do the two counts differ?"),
        [blank(prose("Difference"), key, [c for c in claims if c[1] != key])],
        (
            Paragraph(prose(f"The matrices are alike. There are {high} bias vectors in one and "
                            f"{low} in the other, so the counts differ by")),
            *derived(Line(number(more) * size("n"), number(key))),
        ),
        [Mark(1, "A", prose("the difference, all of it in bias vectors"))],
        (0, 1),
    )  # fmt: skip


KIND = Kind(NAME, "counts", "analyse", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
