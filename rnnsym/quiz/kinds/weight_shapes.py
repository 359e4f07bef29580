"""The shapes of W, U, b and V: of one affine map of a layer, and of the readout on top of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import perm

import numpy as np

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Table, prose
from rnnsym.convention import read_convention
from rnnsym.equations import System
from rnnsym.expr import TIME, Node, size
from rnnsym.expr.rows import rows_of
from rnnsym.item import Choice, Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Counted, Work
from rnnsym.quiz.counting import blank, given_sizes, parts_by_layer
from rnnsym.quiz.counting_items import about, asked_system, drawn_sizes, listed, numeric
from rnnsym.quiz.counting_shapes import SMALL
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.shape_slips import four_options, shape_of, shapes_text
from rnnsym.quiz.subject import cell_of, convention_note, described, uses

__all__ = ["KIND", "prove"]

NAME = "weight_shapes"
FORM = "{}, dense:2"
CONVENTIONS = ("textbook", "d2l")
"""Columns, W x, and rows, x W."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [s for s in about(cells, CONVENTIONS, (FORM,)) if _maps(asked_system(s))]


@lru_cache(maxsize=256)
def _maps(system: System) -> Mapping[str, tuple[Counted, ...]]:
    """Return the arrays of each affine map of the input and the old output, and the readout's."""
    if not set(system.size_names) <= {"d", "n", "p", "q"}:
        return {}
    layer, (readout, _) = parts_by_layer(system)
    found: dict[str, tuple[Counted, ...]] = {}
    for block in dict.fromkeys(part.block for part in layer):
        parts = [part for part in layer if part.block == block]
        own = {part.reads: part for part in parts}
        if len(parts) == len(own) == 3 and {*own} == {"x", "state", "1"} and _plain(system, own):
            found[block] = (own["x"], own["state"], own["1"], readout)
    return found


def _plain(system: System, own: Mapping[str, Counted]) -> bool:
    """Tell whether two matrices multiply the input and the old output as they are."""
    cell = cell_of(system)
    reads = [(a.name, a.time) for name in ("x", "state")
             for a in uses(cell, own[name].array.name)[1] or ()]  # fmt: skip
    matrices = all(own[name].sides[1] != (1, "") for name in ("x", "state"))
    return matrices and reads == [("x", TIME), (cell.output.name, TIME - 1)]


def _variants(subject: Parameters) -> int:
    system = asked_system(subject)
    return len(_maps(system)) * perm(len(SMALL), len(system.size_names))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    system = asked_system(subject)
    block = draw.choice("map", list(_maps(system)))
    return (*subject, ("map", block), *drawn_sizes(system.size_names, draw, SMALL))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    system = asked_system(parameters)
    work = Work(_maps(system)[values["map"]], given_sizes(values, system.size_names), 1)
    turned = read_convention(values["convention"]).rows
    prove(work, turned)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="shapes",
        level=2,
        minutes=4,
        convention=values["convention"],
        parameters=parameters,
        stem=(*_said(system), Paragraph(prose("Here ", *listed(work.sizes), "."))),
        parts=(_each(system, work, turned, arranger(NAME, parameters)),
               _joined(system, work, turned)),
        proof=Proof("a step of NumPy on arrays of these shapes: no others fit", "exact"),
        tags=(cell_of(system).name, "shapes"),
    )  # fmt: skip


def prove(work: Work, turned: bool) -> None:
    """Run a step with arrays of these shapes, and with the first two matrices joined to one.

    Raises:
        Unfair: they do not fit, or give something else.
    """
    sizes = dict(work.sizes)
    old = sizes.get("p", sizes["n"])
    arrays = [np.full(shape_of(p, sizes, turned), k + 1) for k, p in enumerate(work.parts)]
    first, second, bias, readout = (array.T for array in arrays) if turned else arrays
    x, h = np.full((sizes["d"], 1), 5), np.full((old, 1), 7)
    try:
        one, two, scores = first @ x, second @ h, readout @ h
        joined = np.hstack((second, first)) @ np.vstack((h, x))
    except ValueError as error:
        raise Unfair(f"no step runs with arrays of these shapes: {error}") from None
    if {one.shape, two.shape, bias.shape} != {(sizes["n"], 1)} or len(scores) != sizes["q"]:
        raise Unfair("the arrays give other numbers of entries than they have to")
    if joined.shape != one.shape or (joined != one + two).any():
        raise Unfair("the two matrices joined give something else")


# What is said


def _shown(system: System) -> Callable[[Node], Node]:
    """Return how the convention prints a vector or a matrix."""
    convention = read_convention(system.model.convention)
    rows = rows_of(convention.product, convention.labels)
    return rows.of if rows else lambda node: node


@lru_cache(maxsize=256)
def _said(system: System) -> tuple[Block, ...]:
    shown, cell = _shown(system), cell_of(system)
    vectors = {e.lhs.name: e.lhs for e in cell.equations}
    readout = system.blocks[-1].loops[0].equations[0]
    pairs = [*((vectors[name], rhs) for name, rhs in cell.written.items()),
             (readout.lhs, readout.rhs)]  # fmt: skip
    lines = (Line(shown(a), shown(b), shape=shown(a).shape) for a, b in pairs)
    note = prose(*convention_note(system), " The readout ", readout.lhs, " has ", size("q"),
                 " entries.")  # fmt: skip
    return (
        Paragraph(prose(*described(system), " is computed by")),
        Equations(tuple(lines)),
        Paragraph(tuple(shown(part) if isinstance(part, Node) else part for part in note)),
    )


def _each(system: System, work: Work, turned: bool, draw: Draw) -> Part:
    names = [_shown(system)(part.array) for part in work.parts]
    ask = prose("What are the shapes of ", names[0], ", ", names[1], ", ", names[2], " and ",
                names[3], ", in this order, as rows × columns?")  # fmt: skip
    reads, gives = ("rows", "columns") if turned else ("columns", "rows")
    rule = (f"A matrix has as many {reads} as what it multiplies has entries, and as many {gives} "
            "as what it gives. A bias has the shape of what it is added to.")  # fmt: skip
    reason = f"A matrix has one of its {reads} for each entry of what it multiplies."
    rows = (
        (prose(name), prose(name.shape[0], " × ", name.shape[1]), prose(text))
        for name, text in zip(names, shapes_text(work, turned).split(", "), strict=True)
    )
    table = Table((prose("Array"), prose("Shape"), prose("Here")), tuple(rows))
    response = Choice(four_options(work, turned, reason, draw))
    return Part((Paragraph(ask),), response, 2, (Paragraph(prose(rule)), table))


def _joined(system: System, work: Work, turned: bool) -> Part:
    """Ask for the one matrix that multiplies the old output and the input together."""
    shown, sizes = _shown(system), dict(work.sizes)
    first, second = (shown(part.array) for part in work.parts[:2])
    x, h = shown(system.input), shown(cell_of(system).output.xreplace({TIME: TIME - 1}))
    d, n, old = sizes["d"], sizes["n"], sizes.get("p", sizes["n"])
    beside, above = "side by side", "one above the other"
    vector, vectors, matrices = ("row", beside, above) if turned else ("column", above, beside)
    put = "joined into" if turned else "stacked into"
    exchanged: Prose = prose("Rows and columns are exchanged.")
    both = prose("It multiplies the entries of both vectors.")
    stacked = prose(f"The two matrices stand {matrices} in it.")
    gives = n, [("transposed", d + old, exchanged), ("matrices the other way", 2 * n, stacked)]
    reads = d + old, [("transposed", n, exchanged), ("input only", d, both),
                      ("old output only", old, both)]  # fmt: skip
    sides = zip(("Rows", "Columns"), (reads, gives) if turned else (gives, reads), strict=True)
    product = "This row times a single matrix" if turned else "A single matrix times this column"
    many = f"{old} + {d} = {d + old}"
    size_of = f"{many} rows and {n} columns" if turned else f"{n} rows and {many} columns"
    return numeric(
        prose(h, " and ", x, f" are {put} one {vector}, {vectors}. {product} is the sum of the "
              "products with ", second, " and with ", first, ". How many rows and how many columns "
              "does this matrix have?"),
        [blank(prose(label), key, wrong) for label, (key, wrong) in sides],
        (Paragraph(prose(second, " and ", first, f" stand {matrices} in it: it has {size_of}.")),),
        [Mark(2, "B", prose("1 for rows, 1 for columns"))],
        (0,),
    )  # fmt: skip


KIND = Kind(NAME, "shapes", "apply", (2, 2), (4, 4), _subjects, _variants, _draw, _make)
