"""Two bias vectors in one gate: write one gradient, and say how it compares with the other."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations

from rnnsym.blocks import Block, Equations, Line, Paragraph, prose
from rnnsym.cell import cell_names
from rnnsym.derivation import Step
from rnnsym.expr import BOUND, TIME, Array, Hadamard, Node, Sigma, arrays_in, equal, sigma
from rnnsym.item import Choice, FormulaAnswer, Item, Option, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    FAR,
    PROOF,
    by_chain_rule,
    derivation_of,
    error,
    line,
    model_blocks,
    proven,
    system_of,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "two_biases"
CONVENTION = "pytorch"
CELLS = ("vanilla", "gru", "lstm")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    shipped = cell_names(CONVENTION)
    return [
        (("model", name), ("convention", CONVENTION), ("first", first), ("second", second))
        for name in cells or CELLS
        if name in shipped
        for first, second in _pairs(name)
    ]


@lru_cache(maxsize=64)
def _pairs(model: str) -> tuple[tuple[str, str], ...]:
    """The gradients of two bias vectors of one gate, by name."""
    weights = derivation_of(model, CONVENTION).weights
    biases = [s for s in weights if s.of.shape[1] == 1 and len(s.terms) == 1]
    pairs = combinations(biases, 2)
    return tuple((a.key, b.key) for a, b in pairs if a.terms[0].source == b.terms[0].source)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, keys = values["model"], (values["first"], values["second"])
    steps = [line(model, key, CONVENTION) for key in keys]
    for key, (_, value) in zip(keys, steps, strict=True):
        proven(model, key, value, (), CONVENTION)
    (first, one), (second, other) = steps
    proven(model, keys[1], other, (_late(one),), CONVENTION)
    same = equal(one, other)
    if same != (error(model, keys[1], one, CONVENTION) < FAR):
        raise Unfair("the numbers say something else of the two gradients")
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=4,
        minutes=4,
        convention=CONVENTION,
        parameters=parameters,
        stem=_stem(model, first, second, (one, other)),
        parts=(
            _written(model, keys[1], second, other),
            _compared(steps, None if same else _factor(other), arranger(NAME, parameters)),
        ),
        proof=Proof(f"{PROOF}; one gradient put in place of the other", "≤ 1e-12"),
        tags=(model, DERIVATION, "biases"),
    )


def _late(one: Node) -> Node:
    """Return a sum over the steps with what stands in it of one step earlier.

    Raises:
        Unfair: it is no sum.
    """
    if not isinstance(one, Sigma):
        raise Unfair("the gradient is no sum over the steps")
    index, first, last = one.bounds
    return sigma(one.body.xreplace({index: index - 1}), index, first + 1, last)


def _factor(other: Node) -> Array:
    """Return the gate by which the second gradient differs from the first.

    Raises:
        Unfair: they differ by something else.
    """
    body = other.body if isinstance(other, Sigma) else other
    held = [c for c in body.children if isinstance(c, Array) and c.family.role == "value"]
    if not isinstance(body, Hadamard) or not held:
        raise Unfair("the gradients differ by no gate")
    return held[0].xreplace({BOUND: TIME})


def _stem(model: str, first: Step, second: Step, shown: Iterable[Node]) -> tuple[Block, ...]:
    source = first.terms[0].source
    if source is None:
        raise Unfair("no equation reads the bias")
    said = prose("The equation of ", source.lhs, " has two bias vectors, ", first.of, " and ",
                 second.of, ".")  # fmt: skip
    return (*model_blocks(system_of(model, CONVENTION), shown, all_shown=True), Paragraph(said))


def _written(model: str, key: str, step: Step, value: Node) -> Part:
    values = any(array.family.role == "value" for array in arrays_in(value))
    forward = " and values of the forward pass" if values else ""
    return Part(
        (Paragraph(prose("Write ", step.target, f" in terms of the δ above{forward}.")),),
        FormulaAnswer(model, step.name, prose(step.target, " = ", value)),
        1,
        by_chain_rule(model, key, CONVENTION),
    )


def _compared(lines: Sequence[tuple[Step, Node]], gate: Array | None, draw: Draw) -> Part:
    (first, _), (second, _) = lines
    same = gate is None
    why = prose("Both are terms of one sum, so the same δ reaches both, step by step.")
    otherwise = prose("Each of the two has the factor 1: both are terms of one sum.")
    if gate is not None:
        why = prose(second.of, " stands inside the product with ", gate, ": its gradient has that "
                    "factor, that of ", first.of, " has not.")  # fmt: skip
        otherwise = prose("They are not terms of one sum: ", gate, " multiplies ", second.of,
                          " but not ", first.of, ".")  # fmt: skip
    options = (
        Option(prose("They are equal, whatever the two vectors are."),
               "" if same else "factor of a bias overlooked", why if same else otherwise),
        Option(prose("They differ, for different factors multiply them in the equation."),
               "factor seen where there is none" if same else "", otherwise if same else why),
        Option(prose("They are equal only where the two vectors have the same entries."),
               "value of a parameter taken for its gradient",
               prose("The sums compare in the same way whatever entries the vectors have.")),
        Option(prose("The second sums the δ of one step earlier."),
               "bias of the old state taken to act later",
               prose("Both biases are used at every step: the sums run over the same steps.")),
    )  # fmt: skip
    return Part(
        (Paragraph(prose("How do ", first.target, " and ", second.target, " compare?")),),
        Choice(tuple(draw.ranked("order", options, lambda option: printed(option.content)))),
        1,
        (Paragraph(why), Equations(tuple(Line(step.target, value) for step, value in lines))),
        carries=(0,),
    )


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "analyse", (4, 4), (2, 2), _subjects, _variants, _draw, _make)
