"""Parameter counts: how many numbers a layer trains."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import permutations
from math import perm

import numpy as np

from rnnsym.blocks import Block, Equations, Line, Math, Paragraph, Prose, Relation, Table, prose
from rnnsym.cell import Cell, cell_names
from rnnsym.count import count
from rnnsym.equations import System, Weight
from rnnsym.expr import LAYER, Array, Expr, Integer, Symbol, size
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Counted, Work
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier, sorted_by_size
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED, cell_of, convention_note, described, equations_of, uses
from rnnsym.system import build_system, read_model
from rnnsym.tied import TiedSizes

__all__ = ["KIND", "MISCONCEPTIONS", "parts_of"]

SIZES = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 50, 64, 100)
QUESTION = "how many trainable parameters does it have?"
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


@lru_cache(maxsize=256)
def _system(model: str, convention: str) -> System:
    return build_system(read_model(model, convention=convention))


@lru_cache(maxsize=256)
def parts_of(system: System) -> tuple[Counted, ...]:
    """Return the trained arrays of a model of one cell, layer by layer."""
    cell, tied = cell_of(system), TiedSizes(system)
    found: list[Counted] = []
    for weight in system.weights:
        for layer in _layers(weight):
            rows, columns = (_side(tied.at(s, Integer(layer))) for s in weight.array.shape)
            role = _role(cell, weight.array)
            found.append(Counted(weight.array, *role, layer, (rows, columns)))
    return tuple(found)


def _layers(weight: Weight) -> Sequence[int]:
    if weight.layer is None:
        return [1]
    return range(int(weight.layer.first), int(weight.layer.last) + 1)


def _side(length: Expr) -> tuple[int, str]:
    times, rest = length.as_coeff_Mul()
    return int(times), rest.name if isinstance(rest, Symbol) else ""


def _role(cell: Cell, array: Array) -> tuple[str, str]:
    """The affine map in which a parameter stands, and what it multiplies: x, state, other or 1."""
    block, read = uses(cell, array.name)
    if read is None:
        return block, "1"
    names = {a.name for a in read}
    states = {s.name for s in cell.states}
    return block, "x" if "x" in names else "state" if names & states else "other"


def _variants(subject: Parameters) -> int:
    return perm(len(SIZES), len(_system(*_model(subject)).size_names))


def _model(parameters: Parameters) -> tuple[str, str]:
    values = dict(parameters)
    return values["model"], values["convention"]


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    names = _system(*_model(subject)).size_names
    drawn = draw.choice("sizes", list(permutations(SIZES, len(names)))[:: len(names)])
    return (*subject, *zip(names, map(str, drawn), strict=True))


def _make(parameters: Parameters) -> Item:
    system = _system(*_model(parameters))
    arrange = arranger("count", parameters)
    values = dict(parameters)
    sizes = tuple((name, int(values[name])) for name in system.size_names)
    work = Work(parts_of(system), sizes, arrange.choice("steps", STEPS))
    key = _key(system, sizes)
    _prove(work, key)
    right = Option(prose(Integer(key)), "", prose("The sum of the entries of all trained arrays."))
    wrong = [
        (Decimal(slip.total), Option(prose(Integer(slip.total)), misconception.name, why))
        for misconception in MISCONCEPTIONS
        for slip, why in misconception.apply(work)
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
        proof=Proof("entries of NumPy arrays of these shapes, added up", "exact"),
    )


def _key(system: System, sizes: tuple[tuple[str, int], ...]) -> int:
    numbers: dict[Expr, Expr] = {size(name): Integer(value) for name, value in sizes}
    return int(count(system).formula.value.xreplace(numbers))


def _prove(work: Work, key: int) -> None:
    """Compare the formula with the sizes of arrays.

    Raises:
        Unfair: they differ, so the question has no proven key.
    """
    sizes = dict(work.sizes)
    shapes = [[a * sizes.get(name, 1) for a, name in part.sides] for part in work.parts]
    found = sum(np.empty(shape, np.int8).size for shape in shapes)
    if found != key:
        raise Unfair(f"the formula gives {key}, the arrays hold {found} numbers")


def _stem(system: System, work: Work) -> tuple[Block, ...]:
    given = (Relation((size(name), Integer(value))) for name, value in work.sizes)
    listed = (part for relation in given for part in (relation, ", "))
    return (
        Paragraph(prose(*described(system), " is computed by")),
        equations_of(system),
        Paragraph(convention_note(system)),
        Paragraph(prose("With ", *listed, f"and sequences of {work.steps} steps, ", QUESTION)),
    )


@lru_cache(maxsize=256)
def _rows(system: System) -> tuple[tuple[tuple[Counted, ...], Prose, Prose], ...]:
    """The table of arrays, those of one shape in a row, without its numbers."""
    by_shape: dict[tuple[tuple[int, str], ...], list[Counted]] = {}
    for part in parts_of(system):
        by_shape.setdefault(tuple(part.sides), []).append(part)
    found: list[tuple[tuple[Counted, ...], Prose, Prose]] = []
    for parts in by_shape.values():
        arrays = [p.array.xreplace({LAYER: Integer(p.layer)}) for p in parts]
        listed = tuple(x for i, a in enumerate(arrays) for x in ((", ", a) if i else (a,)))
        shape = prose(_length(parts[0], 0), " × ", _length(parts[0], 1))
        found.append((tuple(parts), listed, shape))
    return tuple(found)


def _length(part: Counted, side: int) -> Expr:
    times, name = part.sides[side]
    return Integer(times) * size(name) if name else Integer(times)


def _solution(system: System, work: Work, key: int) -> tuple[Block, ...]:
    sizes = dict(work.sizes)
    rows = tuple(
        (listed, shape, prose(_multiplied(len(parts), parts[0].entries(sizes))))
        for parts, listed, shape in _rows(system)
    )
    total = Line(size("P"), Relation((count(system).formula, Integer(key))))
    return (
        Table((prose("Arrays"), prose("Shape"), prose("Numbers")), rows),
        Paragraph(prose("Together, with ", size("P"), " for the number of parameters:")),
        Equations((total,)),
    )


def _multiplied(times: int, entries: int) -> Math:
    """Return what the arrays of one shape hold, e.g. 4 × 16 = 64."""
    total = Integer(times * entries)
    if times == 1:
        return total
    return Relation((Relation((Integer(times), Integer(entries)), "×"), total))


KIND = Kind("count", "counts", "apply", (2, 3), (2, 3), _subjects, _variants, _draw, _make)
