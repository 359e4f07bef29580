"""A whole classifier: embedding, recurrent layers, and a dense layer on top."""

from collections.abc import Sequence
from dataclasses import replace

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Block, Paragraph, Prose, Relation, prose
from rnnsym.count import Count, count
from rnnsym.equations import System
from rnnsym.expr import Array, Family, Formula, Integer, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Counted, Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    count_blank,
    given_sizes,
    parts_by_layer,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_items import (
    about,
    derived,
    drawn_sizes,
    listed,
    model_of,
    numeric,
    steps_drawn,
)
from rnnsym.quiz.counting_slips import HEAD, TABLE, reads_words
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import (
    cell_of,
    convention_note,
    elsewhere,
    equations_of,
    in_words,
    written_for,
)

__all__ = ["KIND"]

NAME = "count_head"
FORM = "embedding:2:2, {}, dense:2"
"""Its numbers stand for symbols: an item draws its own."""
WORDS = (50, 100, 200, 500, 1000, 2000)
UNITS = (4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
CLASSES = (2, 3, 5, 7, 9)
NEEDS_D = ("sizes swapped", "both layers alike")
RENAMED = {"V": ("W_s", "W_s"), "b_V": ("b_s", "b_s")}
RECURRENT = (
    *(m for m in MISCONCEPTIONS if m.name not in NEEDS_D),
    Misconception("layer reads one-hot vectors", reads_words),
)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    forms = [FORM.format(form) for form in ("{}", "bi({})", "{}*2", "bi({})*2")]
    return [s for s in about(cells, ("textbook", "pytorch"), forms) if _plain(s)]


def _plain(subject: Parameters) -> bool:
    """Tell whether the state is the output and no name of the cell is one of the pipeline."""
    system = system_of(*model_of(subject))
    return set(system.size_names) <= {"V", "e", "n", "p", "q"}


def _variants(subject: Parameters) -> int:
    return len(WORDS) * len(UNITS) * (len(UNITS) - 1) * len(CLASSES)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    system = system_of(*model_of(subject))
    units = [name for name in system.size_names if name not in ("V", "q")]
    drawn = dict(drawn_sizes(units, draw, UNITS))
    drawn["V"] = str(draw.choice("V", WORDS))
    drawn["q"] = str(draw.choice("q", [q for q in CLASSES if str(q) not in drawn.values()]))
    sizes = tuple((name, drawn[name]) for name in system.size_names)
    return (*subject, *sizes, *steps_drawn(draw, sizes))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, convention = model_of(parameters)
    system = system_of(model, convention)
    given = given_sizes(values, system.size_names)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=3,
        minutes=8,
        convention=convention,
        parameters=parameters,
        stem=_stem(system, given, values["T"]),
        parts=tuple(_parts(system, given, int(values["T"]))),
        proof=Proof(PROOF, "exact"),
        tags=(cell_of(system).name, "head", "embedding"),
    )


def _stem(system: System, given: Given, steps: str) -> tuple[Block, ...]:
    sizes = dict(given)
    table, recurrent, head = parts_by_layer(system)
    last = " of the last layer" if _depth(recurrent) > 1 else ""
    states = f"the final hidden states of both directions{last}, concatenated,"
    read = states if _both(recurrent) else f"the last output{last}"
    matrix, bias = (part.array for part in _told_from_the_words(head))
    return (
        Paragraph(
            prose(
                "A classifier of sentences: an embedding looks up in its matrix ", table[0].array,
                " a vector ", _input(system),
                " of size ", _equal("e", sizes), " for each of the ", _equal("V", sizes),
                " words; a recurrent network reads these vectors; and a dense layer with the"
                " matrix ", matrix, " and the bias vector ", bias, f" turns {read} into ",
                _equal("q", sizes), " scores. The embedding is trained too.",
            )
        ),
        Paragraph(prose(f"The recurrent network is {in_words(system)}. "
                        f"Each step{written_for(system)} is computed by")),
        equations_of(system),
        *([Paragraph(elsewhere(system))] if elsewhere(system) else []),
        Paragraph(_note(system)),
        Paragraph(
            prose("Here ", *listed((k, v) for k, v in given if k not in ("V", "e", "q")),
                  f"; a sentence has {steps} words.")
        ),
    )  # fmt: skip


def _note(system: System) -> Prose:
    """Return the convention: what the layers read has the size of the embedding."""
    return tuple(size("e") if part == size("d") else part for part in convention_note(system))


def _input(system: System) -> Array:
    return next(e.lhs for b in system.blocks if b.title == "embedding"
                for loop in b.loops for e in loop.equations)  # fmt: skip


def _equal(name: str, sizes: dict[str, int]) -> Relation:
    return Relation((size(name), Integer(sizes[name])))


def _depth(parts: Sequence[Counted]) -> int:
    return max(part.layer for part in parts)


def _both(parts: Sequence[Counted]) -> bool:
    return any(part.array.family.direction for part in parts)


def _method(parts: Sequence[Counted]) -> str:
    """Return what is to be counted in a recurrent network."""
    several = {
        "all layers": _depth(parts) > 1,
        "both directions": _both(parts),
        "all matrices": any(p.sides[1] != (1, "") for p in parts),
        "all vectors": any(p.sides[1] == (1, "") for p in parts),
    }
    return ", ".join(name for name, there in several.items() if there)


def _told_from_the_words(parts: Sequence[Counted]) -> tuple[Counted, ...]:
    """Return the arrays with another name for a matrix V: here V is the number of words."""
    return tuple(
        replace(p, array=Array(Family(*RENAMED[p.array.name]), p.array.shape))
        if p.array.name in RENAMED else p
        for p in parts
    )  # fmt: skip


def _parts(system: System, given: Given, steps: int) -> Sequence[Part]:
    counted: Count = count(system)
    names = ("embedding", "recurrent network", "dense layer")
    methods = ("a vector for each word", _method(parts_by_layer(system)[1]),
               "what it reads, and a bias")  # fmt: skip
    marks = (1, 3, 2)
    found: list[Part] = []
    totals: list[int] = []
    every = zip(names, counted.layers, parts_by_layer(system), (TABLE, RECURRENT, HEAD),
                methods, marks, strict=True)  # fmt: skip
    for name, layer, parts, slips, method, worth in every:
        total = value_of(layer.formula, given)
        totals.append(total)
        work = Work(parts, given, steps)
        scheme = [Mark(1, "A", prose("the number"))]
        if worth > 1:
            scheme.insert(0, Mark(worth - 1, "M", prose(method)))
        found.append(
            numeric(
                prose(f"How many parameters does the {name} have?"),
                [count_blank(prose(f"Parameters of the {name}"), total, work, slips)],
                (
                    *tally(_told_from_the_words(parts), given),
                    *derived(total_line(layer.formula, total)),
                ),
                scheme,
            )
        )  # fmt: skip
    return (*found, _together(counted.formula, given, totals))


def _together(formula: Formula, given: Given, totals: Sequence[int]) -> Part:
    total = value_of(formula, given)
    table, recurrent, head = totals
    claims = [
        ("embedding forgotten", recurrent + head, prose("The embedding is trained too.")),
        ("head forgotten", table + recurrent, prose("The dense layer is trained too.")),
        ("recurrent network only", recurrent, prose("Embedding and dense layer are trained too.")),
    ]
    return numeric(
        prose("How many parameters does the classifier have in all?"),
        [blank(prose("Parameters ", size("P")), total, claims)],
        derived(total_line(formula, total)),
        [Mark(1, "A", prose("the sum of (a), (b) and (c)"))],
        (0, 1, 2),
    )


KIND = Kind(NAME, "counts", "apply", (3, 3), (7, 7), _subjects, _variants, _draw, _make)
