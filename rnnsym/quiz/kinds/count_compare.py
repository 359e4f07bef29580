"""Two designs: which of them has fewer parameters, and by how many?"""

from collections.abc import Sequence
from itertools import combinations

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import Integer, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    count_blank,
    counted,
    parts_of,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_items import SIZES, computed, derived, listed, numeric
from rnnsym.quiz.counting_slips import STACK, named
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import NOTES, cell_of

__all__ = ["KIND"]

NAME = "count_compare"
CELLS = ("vanilla", "gru", "lstm", "mgu", "lstm-coupled", "lstm-peephole")
FORMS = ("{}", "{}*2", "bi({})")
NEAREST = 3
STEPS = 20
CALLED = ("A", "B")
SLIPS = (*STACK, *named("sizes swapped"))


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    designs = [form.format(cell) for cell in cells or CELLS for form in FORMS]
    fitting = [d for d in designs if set(system_of(d).size_names) == {"d", "n"}]
    return [
        (("first", one), ("second", two), ("convention", "textbook"))
        for one, two in combinations(fitting, 2)
    ]


def _variants(_subject: Parameters) -> int:
    return len(SIZES) * (len(SIZES) - 1)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    """Draw the sizes of the one, and for the other a size that makes the two alike."""
    values = dict(subject)
    d = draw.choice("d", SIZES)
    n = draw.choice("n", [k for k in SIZES if k != d])
    first = _total(system_of(values["first"]), d, n)
    second = system_of(values["second"])
    near = sorted((k for k in SIZES if k != d), key=lambda k: abs(_total(second, d, k) - first))
    m = draw.choice("m", near[:NEAREST])
    return (*subject, ("d", str(d)), ("n", str(n)), ("m", str(m)))


def _total(system: System, d: int, n: int) -> int:
    return value_of(count(system).formula, (("d", d), ("n", n)))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    d = int(values["d"])
    systems = [system_of(values[name]) for name in ("first", "second")]
    sizes: list[Given] = [(("d", d), ("n", int(values[name]))) for name in ("n", "m")]
    totals = [value_of(count(s).formula, g) for s, g in zip(systems, sizes, strict=True)]
    if totals[0] == totals[1]:
        raise Unfair("both designs have as many parameters")
    a, b = (_counted(*each) for each in zip(CALLED, systems, sizes, totals, strict=True))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=3,
        minutes=8,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(systems, sizes),
        parts=(a, b, _difference(totals)),
        proof=Proof(PROOF, "exact"),
        tags=(values["first"], values["second"], "compare"),
        asks=tuple(counted(*each) for each in zip(systems, sizes, strict=True)),
    )


def _stem(systems: Sequence[System], sizes: Sequence[Given]) -> tuple[Block, ...]:
    found: list[Block] = [Paragraph(prose("Two designs read the same input."))]
    shown: set[str] = set()
    for name, system, given in zip(CALLED, systems, sizes, strict=True):
        cell = cell_of(system)
        begin = prose(f"Design {name}, with ", *listed(given), ": ")
        found += computed(system, *begin, known=cell.name in shown)
        shown.add(cell.name)
    sizes_note = prose(NOTES["textbook"], " The input has ", size("d"), " entries, every state ",
                       size("n"), f"; a sequence has {STEPS} steps.")  # fmt: skip
    return (*found, Paragraph(sizes_note))


def _counted(name: str, system: System, given: Given, total: int) -> Part:
    work = Work(parts_of(system), given, STEPS)
    label = prose(f"Parameters of design {name}")
    return numeric(
        prose(f"How many parameters does design {name} have?"),
        [count_blank(label, total, work, SLIPS)],
        (*tally(parts_of(system), given), *derived(total_line(count(system).formula, total))),
        [
            Mark(1, "M", prose("all arrays with their shapes")),
            Mark(1, "A", prose("the number")),
        ],
    )


def _difference(totals: Sequence[int]) -> Part:
    a, b = totals
    claims = [
        ("sign turned round", a - b, prose("This is how many more A has than B.")),
        ("sum for difference", a + b, prose("The counts are to be subtracted, not added.")),
    ]
    fewer = "A" if a < b else "B"
    return numeric(
        prose("How many more parameters does B have than A? (Negative where B has fewer.)"),
        [blank(prose("B minus A"), b - a, claims)],
        (
            Paragraph(
                prose(
                    Integer(b),
                    " less ",
                    Integer(a),
                    " is ",
                    Integer(b - a),
                    f": design {fewer} has fewer.",
                )
            ),
        ),
        [Mark(1, "A", prose("the difference, its sign right"))],
        (0, 1),
    )


KIND = Kind(NAME, "counts", "analyse", (3, 3), (5, 5), _subjects, _variants, _draw, _make)
