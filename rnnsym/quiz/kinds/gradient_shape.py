"""What is the shape of a gradient, an adjoint, or a product that stands in its line?"""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.audit.rewrite import subtrees
from rnnsym.blocks import Block, Inline, Paragraph, Prose, Relation, prose
from rnnsym.expr import BOUND, STEPS, TIME, Expr, Integer, Node, Shape, size, text
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.counting_items import drawn_sizes
from rnnsym.quiz.decimals import Numbers, Point, evaluate, sized
from rnnsym.quiz.derivation_lines import (
    derivation_of,
    line,
    model_blocks,
    system_of,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix
from rnnsym.quiz.options import WRONG, arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "gradient_shape"
SIZES = tuple(range(3, 13))
WHOLE = "the line"
MIXED_UP = "sizes taken for each other"
Side = tuple[int, int]


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("line", step.key), ("of", of))
        for name in cells or EXAMINED
        for step in derivation_of(name).steps
        for of in _asked(name, step.key)
    ]


@lru_cache(maxsize=4096)
def _asked(model: str, key: str) -> dict[str, Node]:
    """The gradient itself, where it is one, and the products of its line, by name."""
    step, value = line(model, key)
    found: dict[str, Node] = {WHOLE: step.target} if step.time is None else {}
    for node in subtrees(value):
        if type(node).__name__ == "Product" and len(_wrong(node.shape, model)) >= WRONG:
            found.setdefault(text(node), node)
    return found


def _wrong(shape: Shape, model: str) -> dict[Shape, tuple[str, Prose]]:
    """Shapes that misconceptions give, as symbols."""
    rows, columns = shape
    one = Integer(1)
    others = [size(name) for name in system_of(model).size_names]
    turned = prose("Rows and columns are exchanged.")
    found: dict[Shape, tuple[str, Prose]] = {}

    def add(wrong: Shape, name: str, why: Prose) -> None:
        if wrong != shape:
            found.setdefault(wrong, (name, why))

    add((columns, rows), "transposed", turned)
    if columns == one:
        add((rows, rows), "matrix for vector", prose("It is a vector: it has one column."))
        why = prose("It is a vector: its entries are not added up.")
        add((one, one), "number for vector", why)
    else:
        add((rows, one), "vector for matrix", prose("A column times a row is a matrix."))
        why = prose("What the matrix multiplies has another length than what it gives.")
        add((rows, rows), "square matrix", why)
        why = prose("A row times a column would be a number; here it is a column times a row.")
        add((one, one), "inner product", why)
    for other in others:
        add((other, columns), MIXED_UP, prose(other, " is taken for ", rows, "."))
        if columns != one:
            add((rows, other), MIXED_UP, prose(other, " is taken for ", columns, "."))
    return found


def _variants(subject: Parameters) -> int:
    names = system_of(dict(subject)["model"]).size_names
    return len(SIZES) if len(names) == 1 else len(SIZES) * (len(SIZES) - 1)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    names = system_of(dict(subject)["model"]).size_names
    return (*subject, *drawn_sizes(names, draw, SIZES))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key = values["model"], values["line"]
    system = system_of(model)
    numbers: Numbers = tuple((size(n), int(values[n])) for n in system.size_names)
    asked = _asked(model, key)[values["of"]]
    shape = sized(asked.shape, numbers)
    _, value = line(model, key)
    found = _measured(value if values["of"] == WHOLE else asked, numbers)
    if found != shape:
        raise Unfair(f"arrays of these sizes give {found}, not {shape}")
    whole = values["of"] == WHOLE
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=2,
        minutes=2,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, values["of"], numbers),
        parts=(
            Part(
                (),
                Choice(_options(asked, model, numbers, arranger(NAME, parameters))),
                1,
                _of_what(model, key) if whole else _factors(asked, numbers),
            ),
        ),
        proof=Proof("the expression computed on arrays of these sizes", "exact"),
        tags=(model, "shape"),
    )


def _options(asked: Node, model: str, numbers: Numbers, draw: Draw) -> tuple[Option, ...]:
    shape = sized(asked.shape, numbers)
    distinct: dict[Side, Option] = {}
    for wrong, (name, why) in _wrong(asked.shape, model).items():
        pair = sized(wrong, numbers)
        if pair != shape:
            distinct.setdefault(pair, Option(prose(_times(pair)), name, why))
    if len(distinct) < WRONG:
        raise Unfair("too few different shapes")
    right = Option(prose(_times(shape)), "", prose("It is ", _times(asked.shape), "."))
    ranked = draw.ranked("wrong", distinct.values(), lambda option: option.content)
    chosen = sorted(ranked, key=lambda option: option.misconception != MIXED_UP)[:WRONG]
    return tuple(draw.ranked("order", (right, *chosen), lambda option: option.content))


def _times(shape: Shape | Side) -> Relation:
    rows, columns = (Integer(s) if isinstance(s, int) else s for s in shape)
    return Relation((rows, columns), "×")


def _measured(node: Node, numbers: Numbers) -> Side:
    """Return the shape of the value of an expression, computed on arrays of ones."""
    at: dict[Expr, int] = {STEPS: 4, TIME: 2, BOUND: 2}
    ones = Point((*numbers, *at.items()), _ones)
    value = evaluate(node, ones)
    return len(value), len(value[0])


def _ones(_place: object, shape: Side) -> Matrix:
    from decimal import Decimal

    rows, columns = shape
    return ((Decimal(1),) * columns,) * rows


def _of_what(model: str, key: str) -> tuple[Block, ...]:
    of = line(model, key)[0].of
    said = prose(of, " is ", _times(of.shape), ": a gradient has the shape of what it is taken of.")
    return (Paragraph(said),)


def _factors(asked: Node, numbers: Numbers) -> tuple[Block, ...]:
    said: list[Inline] = []
    for factor in asked.children:
        said += [", "] if said else []
        said += [factor, " is ", _times(sized(factor.shape, numbers))]
    return (Paragraph(prose(*said, ": the inner sizes meet, the outer ones stay.")),)


@lru_cache(maxsize=4096)
def _said(model: str, key: str, of: str) -> tuple[Block, ...]:
    return model_blocks(system_of(model), (_asked(model, key)[of],), all_shown=True)


def _stem(model: str, key: str, of: str, numbers: Numbers) -> tuple[Block, ...]:
    given = tuple(
        piece for name, value in numbers for piece in (Relation((name, Integer(value))), ", ")
    )
    asked = _at_t(_asked(model, key)[of])
    ask = Paragraph(prose("Let ", *given[:-1], ". What is the shape of ", asked, "?"))
    return (*_said(model, key, of), ask)


def _at_t(node: Node) -> Node:
    """Return what stands in a sum at the step t."""
    return node.xreplace({BOUND: TIME})


KIND = Kind(NAME, "derivations", "understand", (2, 2), (1, 1), _subjects, _variants, _draw, _make)
