"""Which way round: the outer product of a weight's gradient, the transpose on the way back."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.audit.rewrite import subtrees
from rnnsym.blocks import Block, Paragraph, Prose, Relation, prose
from rnnsym.expr import (
    BOUND,
    STEPS,
    TIME,
    Array,
    Hadamard,
    Integer,
    Node,
    Product,
    Shape,
    transpose,
)
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    FAR,
    PROOF,
    by_chain_rule,
    derivation_of,
    error,
    line,
    listed,
    model_blocks,
    named_adjoints,
    proven,
    system_of,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "orientation"
ONE = Integer(1)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("line", step.key), ("place", str(place)))
        for name in cells or EXAMINED
        for step in derivation_of(name).steps
        for place in range(len(_products(name, step.key)))
    ]


@lru_cache(maxsize=4096)
def _products(model: str, key: str) -> tuple[Product, ...]:
    """The products of two factors in a line: δ xᵀ, or Uᵀ δ."""
    _, value = line(model, key)
    found = (node for node in subtrees(value) if isinstance(node, Product))
    two = (p for p in found if len(p.children) == 2 and _kept(p) != "")
    return tuple(dict.fromkeys(two))


def _kept(product: Product) -> str:
    """Say what a product is: "outer" (δ xᵀ), "back" (Uᵀ δ), or nothing of both."""
    left, right = product.children
    if left.shape[1] == ONE and right.shape[0] == ONE:
        return "outer"
    return "back" if right.shape[1] == ONE and isinstance(right, Array) else ""


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key = values["model"], values["line"]
    _, value = line(model, key)
    product = _products(model, key)[int(values["place"])]
    right = Option(prose(_at_t(product)), "", _right(product))
    wrong = tuple(_wrong(product))
    for option in wrong:
        _rejected(model, key, product, option)
    proven(model, key, value)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=2,
        minutes=2,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, product),
        parts=(
            Part(
                (),
                Choice(mixed(right, wrong, arranger(NAME, parameters))),
                1,
                (*_beside(model, key, product), *by_chain_rule(model, key)),
            ),
        ),
        proof=Proof(f"{PROOF}; each other option put into the line gives another value or none",
                    "≤ 1e-12"),
        tags=(model, DERIVATION, "orientation"),
    )  # fmt: skip


def _beside(model: str, key: str, product: Product) -> tuple[Block, ...]:
    """Say what stands in the line beside the product that the question names."""
    system, (step, value) = system_of(model), line(model, key)
    loss, asked = system.loss_terms[0], named_adjoints(system, (step.target, product))
    named = [one for one in named_adjoints(system, (value,)) if one not in asked]
    said = [prose("Here ", *listed(named), ".")] if named else []
    if value.has(loss.given):
        said.append(prose(loss.given, " is the gradient that reaches ", loss.target,
                          " from the loss directly."))  # fmt: skip
    return tuple(map(Paragraph, said))


def _at_t(node: Node) -> Node:
    return node.xreplace({BOUND: TIME})


def _right(product: Product) -> Prose:
    if _kept(product) == "outer":
        return prose("δ has an entry for each row of the matrix, what the matrix multiplies one "
                     "for each column.")  # fmt: skip
    return prose("What goes forward through a matrix goes back through its transpose.")


def _times(shape: Shape) -> Relation:
    return Relation(shape, "×")


def _wrong(product: Product) -> Iterator[Option]:
    """Yield the same two things put together in other ways, as nodes without a check of shapes."""
    left, right = (_at_t(child) for child in product.children)
    if _kept(product) == "outer":
        read = transpose(right)
        yield Option(
            prose(Product(read, transpose(left))), "outer product turned round",
            _unlike(product, (read.shape[0], left.shape[0])),
        )  # fmt: skip
        fits = "" if left.shape == read.shape else " at best"
        inner = prose(f"A row times a column is one number{fits}, not a matrix.")
        yield Option(prose(Product(transpose(left), read)), "inner product", inner)
        entrywise = prose(f"Entry by entry, two columns give a column{fits}, not a matrix.")
        yield Option(prose(Hadamard(left, read)), "⊙ for the outer product", entrywise)
    else:
        matrix = transpose(left)
        yield Option(prose(Product(matrix, right)), "transpose missing", _forward(matrix))
        yield Option(
            prose(Product(right, left)), "factors exchanged",
            prose("A column can be multiplied from the right by a row only; ", left, " has ",
                  left.shape[0], " rows."),
        )  # fmt: skip
        row = prose("That is a row: a gradient of a column is a column here.")
        yield Option(prose(Product(transpose(right), matrix)), "row for column", row)


def _unlike(product: Product, shape: Shape) -> Prose:
    if shape == product.shape:
        return prose("δ stands on the side of what the matrix gives, the rows.")
    return prose("Its shape is ", _times(shape), ", not ", _times(product.shape), ".")


def _forward(matrix: Node) -> Prose:
    return prose(matrix, " leads forward; on the way back its transpose does.")


def _rejected(model: str, key: str, product: Product, option: Option) -> None:
    """Put an option into the line.

    Raises:
        Unfair: it gives the gradient too.
    """
    [node] = option.content
    if not isinstance(node, Node):
        raise TypeError(f"{node} is no expression")
    if _fits(node, product.shape):
        _, value = line(model, key)
        inside = node.xreplace({TIME: BOUND}) if product.has(BOUND) else node
        off = error(model, key, value.xreplace({product: inside}))
        if not off > FAR:
            raise Unfair(f"'{option.misconception}' gives {key} too (off by {off})")


def _fits(node: Node, shape: Shape) -> bool:
    """Tell whether something can be computed and has this shape."""
    a, b = (child.shape for child in node.children)
    if isinstance(node, Hadamard):
        return a == b == shape
    return a[1] == b[0] and (a[0], b[1]) == shape


@lru_cache(maxsize=4096)
def _stem(model: str, key: str, product: Product) -> tuple[Block, ...]:
    step, value = line(model, key)
    blocks = model_blocks(system_of(model), (step.target, product), all_shown=True)
    if _kept(product) == "outer":
        ask = prose("Which product does the step ", TIME, " add to ", step.target)
    else:
        through = product.children[1]
        ask = prose("What does ", through, " add to ", step.target)
        if product != value and product not in [term.value for term in step.terms]:
            ask = prose("Which product of ", through, " and a matrix stands in the line for ",
                        step.target)  # fmt: skip
        if through.has(TIME + 1):
            ask = prose(*ask, ", where ", Relation((TIME, STEPS), "<"))
    return (*blocks, Paragraph(prose(*ask, "?")))


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "understand", (2, 2), (1, 1), _subjects, _variants, _draw, _make)
