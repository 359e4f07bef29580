"""Which sum over the steps is the gradient of a matrix, where the loss sees the last state only?"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.blocks import (
    Block,
    Equations,
    Inline,
    Line,
    Listing,
    Paragraph,
    Partial,
    Prose,
    Relation,
    prose,
)
from rnnsym.errors import ShapeError
from rnnsym.expr import TIME, Array, Family, Node, diag, transpose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.derivation_flow import cell_blocks
from rnnsym.quiz.derivation_lines import DERIVATION, EQUAL, FAR, slope_of_relu, system_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.jacobian_claims import Claim, claim_of
from rnnsym.quiz.jacobian_sums import (
    MISCONCEPTIONS,
    Sum,
    error,
    loss_gradient,
    placed,
    read_by,
    summed,
)
from rnnsym.quiz.likeness import fingerprint, printed
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "gradient_sum"
CELLS = ("vanilla", "relu-rnn", "elman-output")
LENGTHS, LONGEST = ("2", "3"), 116


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("matrix", matrix.name))
        for name in cells or CELLS
        for matrix in _matrices(name)
    ]


@lru_cache(maxsize=256)
def _matrices(model: str) -> tuple[Array, ...]:
    """Return the matrices that the state's equation multiplies by a vector."""
    claim = claim_of(model)
    if claim is None:
        return ()
    return tuple(m for m in read_by(claim) if len(_wrong(summed(claim, m, 2))) >= WRONG)


@lru_cache(maxsize=256)
def _lengths(subject: Parameters) -> tuple[str, ...]:
    """Return how many steps give an option that fits on a line or two."""
    claim, matrix = _asked(subject)
    keys = {length: summed(claim, matrix, int(length)).value() for length in LENGTHS}
    return tuple(length for length, key in keys.items() if len(printed((key,))) <= LONGEST)


def _asked(parameters: Parameters) -> tuple[Claim, Array]:
    values = dict(parameters)
    claim = claim_of(values["model"])
    if claim is None:
        raise Unfair(f"{values['model']} is no cell of this form")
    [matrix] = [m for m in _matrices(values["model"]) if m.name == values["matrix"]]
    return claim, matrix


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, ("steps", draw.choice("steps", _lengths(subject))))


def _variants(subject: Parameters) -> int:
    return len(_lengths(subject))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    last = int(values["steps"])
    claim, matrix = _asked(parameters)
    key = summed(claim, matrix, last)
    why = prose("Every step at which the matrix acts has its path, once.")
    wrong = [o for o in _wrong(key) if _error(claim, matrix, last, o) > FAR]
    right = Option(prose(key.value()), "", why)
    options = mixed(right, wrong, arranger(NAME, parameters))
    off = _error(claim, matrix, last, right)
    if not off <= EQUAL or len(options) <= WRONG:
        raise Unfair(f"{key.value()} is off by {off}, and {len(wrong)} mistakes show")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=4,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(claim, matrix, last),
        parts=(Part((), Choice(options), 4, _solution(claim, key, matrix)),),
        proof=Proof("complex step through the equations, all options", "≤ 1e-12"),
        tags=(claim.model, DERIVATION, "sum over paths"),
    )


@lru_cache(maxsize=1024)
def _error(claim: Claim, matrix: Array, last: int, option: Option) -> float:
    [value] = [part for part in option.content if isinstance(part, Node)]
    return error(claim, matrix, last, value)


@lru_cache(maxsize=256)
def _wrong(key: Sum) -> tuple[Option, ...]:
    """What the misconceptions give, each different thing once."""
    seen = {fingerprint(key.value())}
    found: list[Option] = []
    for misconception in MISCONCEPTIONS:
        for slip, why in misconception.apply(key):
            try:
                value = slip.value()
            except ShapeError:  # nobody can compute it, so nobody would choose it
                continue
            if fingerprint(value) not in seen:
                seen.add(fingerprint(value))
                found.append(Option(prose(value), misconception.name, why))
    return tuple(found)


def _loss(array: Array) -> Array:
    """Return ∂L/∂array."""
    family = Family(array.family.name, array.family.label, array.family.direction, "gradient")
    return Array(family, array.shape, array.layer, array.time)


@lru_cache(maxsize=256)
def _stem(claim: Claim, matrix: Array, last: int) -> tuple[Block, ...]:
    g, end = loss_gradient(claim), placed(claim.state, last)
    squares = " Squares are taken entry by entry." if "²" in printed((claim.slope,)) else ""
    said = prose(
        f"The net runs for {last} steps from a given ", placed(claim.state, 0), ", which is not 0. "
        "The loss L sees ", end, " alone; ", Relation((g, _loss(end))), " is its gradient there, a "
        "column vector. A gradient has the shape of what it is taken of: its entry (i, j) belongs "
        "to entry (i, j) of ", matrix, ". diag(v) is the diagonal matrix with the entries of the "
        f"vector v.{squares}",
        slope_of_relu(system_of(claim.model)),
    )  # fmt: skip
    ask = prose("Which expression is ", _loss(matrix), "?")
    return (*cell_blocks(claim.model), Paragraph(said), Paragraph(ask))


@lru_cache(maxsize=256)
def _solution(claim: Claim, key: Sum, matrix: Array) -> tuple[Block, ...]:
    state, before = claim.state, claim.state.xreplace({TIME: TIME - 1})
    step = Relation((Partial(state, before), claim.one))
    lead = prose("One step: ", step, ". A gradient goes back by its transpose, ",
                 transpose(claim.one), ". Where ", matrix, " acts, at step ", TIME,
                 ", the gradient in ", state, " is multiplied by ", diag(claim.slope),
                 " from the left and by ", transpose(key.read), " from the right.")  # fmt: skip
    return (
        Paragraph(lead),
        Paragraph(prose(matrix, " acts at every step, and each step gives one term:")),
        Listing(tuple(_terms(claim, key))),
        Paragraph(prose("The gradient is their sum:")),
        Equations((Line(_loss(matrix), key.value()),)),
    )


def _terms(claim: Claim, key: Sum) -> Iterator[Prose]:
    for step in key.steps:
        path = [placed(claim.state, k) for k in range(key.last, step - 1, -1)]
        back: list[Inline] = [part for state in path for part in (" → ", state)][1:]
        yield prose(f"step {step}, by way of ", *back, ": ", key.term(step))


KIND = Kind(NAME, "derivations", "analyse", (4, 4), (4, 4), _subjects, _variants, _draw, _make)
