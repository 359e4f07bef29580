"""Show that a Jacobian over k steps is at most (γ‖U‖)ᵏ, when it vanishes, and what stays open."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Block, Inline, Paragraph, Partial, Prose, Relation, Written, prose
from rnnsym.expr import (
    STEPS,
    TIME,
    Array,
    Expr,
    Integer,
    Symbol,
    activation,
)
from rnnsym.item import Item, Mark, Open, Part, Proof
from rnnsym.quiz.derivation_flow import cell_blocks
from rnnsym.quiz.derivation_lines import DERIVATION, slope_of_relu, system_of
from rnnsym.quiz.derivation_paths import chain_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.jacobian_claims import Claim, claim_of
from rnnsym.quiz.jacobian_proof import Wanted, norms, of_one_entry, saturated
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.record import record

__all__ = ["KIND"]

NAME = "prove_bound"
CELLS = ("vanilla", "relu-rnn", "elman-output")
MATRIX, UNIT = "matrix", "one unit"
PROVEN = 3
"""Steps over which Jacobians of random nets are computed."""
LINES_A_MARK = 3
Q = Symbol("q")


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("form", form))
        for name in cells or CELLS
        if claim_of(name) is not None
        for form in (MATRIX, UNIT)
    ]


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    claim = claim_of(values["model"])
    if claim is None:
        raise Unfair(f"{values['model']} has no bound γ‖U‖")
    _prove(claim)
    words = WORDS[values["form"]]
    parts = (_bound(claim, words), _vanishes(claim, words), _left_open(claim, words))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=5 if values["form"] == MATRIX else 4,
        minutes=14,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(claim, words),
        parts=parts,
        proof=Proof(
            "Jacobians by the complex step in random nets, their largest singular values", "≤ 1e-12"
        ),
        tags=(claim.model, DERIVATION, "proof", "threshold"),
    )


@lru_cache(maxsize=256)
def _prove(claim: Claim) -> None:
    """Compute the Jacobians of random nets: below the bound, and small where it is large.

    Raises:
        Unfair: a claim does not hold.
    """
    chain = chain_of(claim.model)
    before = claim.state.xreplace({TIME: TIME - 1})
    wanted = Wanted(system_of(claim.model), chain, claim.state, before, PROVEN, False)
    gamma = float(claim.gamma)
    for scale in (1.0, 4.0):
        for norm, found in norms(wanted, claim.matrix, scale):
            if found > (gamma * norm) ** PROVEN * (1 + 1e-12):
                raise Unfair(f"{found} is above the bound {(gamma * norm) ** PROVEN}")
    if saturated(wanted, claim.matrix, 2 / gamma) > 1e-6:
        raise Unfair("with a bound above 1 no Jacobian was small")
    if of_one_entry(wanted, claim.matrix, 2 / gamma) > 0:
        raise Unfair("a matrix whose square is 0 let a signal through")


@record
class Words:
    """How sizes are written and spoken of: of matrices, or of numbers."""

    bar: str
    size: str
    name: str
    given: str
    slopes: str
    rule: str

    def sized(self, what: Inline) -> Prose:
        """Return ‖what‖ or |what|."""
        return self.bar, what, self.bar


WORDS = {
    MATRIX: Words(
        "‖",
        "norm",
        "Jacobian",
        "‖·‖ is the norm of a matrix: its largest singular value.",
        "The norm of a diagonal matrix is the size of its largest entry, and no slope is above γ",
        "The norm of a product is at most the product of the norms",
    ),
    UNIT: Words(
        "|",
        "absolute value",
        "derivative",
        "Let every vector have one entry, so that every array is a number.",
        "No slope is above γ, and none is below 0",
        "The absolute value of a product is the product of the absolute values",
    ),
}


def _over(claim: Claim) -> Partial:
    return Partial(_at(claim, STEPS), _at(claim, 0))


def _step(claim: Claim) -> Partial:
    return Partial(claim.state, _at(claim, TIME - 1))


def _at(claim: Claim, time: Expr | int) -> Array:
    return claim.state.xreplace({TIME: Integer(time) if isinstance(time, int) else time})


def _value(claim: Claim, words: Words) -> Prose:
    """Return the Jacobian of a step; with one unit, the slope times the weight."""
    one: Prose = (claim.one,)
    return one if words.bar == "‖" else ("(", claim.slope, ") · ", claim.matrix)


@lru_cache(maxsize=256)
def _stem(claim: Claim, words: Words) -> tuple[Block, ...]:
    name = activation(claim.function).text
    return (
        *cell_blocks(claim.model),
        Paragraph(
            prose(f"{words.given} γ is the largest value of the derivative of {name}, and ", Q,
                  " = γ", *words.sized(claim.matrix), ".", slope_of_relu(system_of(claim.model)))
        ),
    )  # fmt: skip


def _part(ask: Prose, scheme: Sequence[Mark], solution: Sequence[Prose], hint: str) -> Part:
    marks = sum(mark.points for mark in scheme)
    return Part(
        (Paragraph(ask),),
        Open(LINES_A_MARK * marks),
        marks,
        tuple(map(Paragraph, solution)),
        tuple(scheme),
        (prose(hint),),
    )


def _bound(claim: Claim, words: Words) -> Part:
    over, step, value = _over(claim), _step(claim), _value(claim, words)
    sized = words.sized(claim.matrix)
    bound = (*words.sized(over), " ≤ ", Q**STEPS)
    gamma = f"γ = {claim.gamma}"
    cell = chain_of(claim.model).block.cell
    rule = claim.state if cell is None else cell.written[claim.state.name]
    scheme = (
        Mark(1, "B", prose(gamma)),
        Mark(1, "M", prose(step, " = ", *value)),
        Mark(1, "M", prose("chain rule: a product of ", STEPS, " such factors")),
        Mark(1, "M", prose(f"the {words.size} of each factor is at most γ", *sized)),
        Mark(1, "A", prose("product of the bounds: ", *bound)),
    )
    solution = (
        prose("One step: in ", Relation((claim.state, rule)), " the old state is multiplied by ",
              claim.matrix, " and goes through the function, so ", step, " = ", *value, "."),
        prose("The slope: ", Written(activation(claim.function).rule), ", which is at most ", gamma,
              "."),
        prose("Several steps: by the chain rule ", over, " is a product of ", STEPS,
              f" {words.name}s, from ", Partial(_at(claim, STEPS), _at(claim, STEPS - 1)),
              " on the left to ", Partial(_at(claim, 1), _at(claim, 0)), " on the right."),
        prose(f"{words.slopes}. So the {words.size} of each factor is at most γ", *sized, " = ", Q,
              "."),
        prose(f"{words.rule}. There are ", STEPS, " factors of at most ", Q, ", so ", *bound,
              "."),
    )  # fmt: skip
    ask = prose("Give γ, and show that ", *bound, " for every ", STEPS, " ≥ 1. State each rule "
                "that you use.")  # fmt: skip
    return _part(ask, scheme, solution, "Begin with the Jacobian of one step.")


def _vanishes(claim: Claim, words: Words) -> Part:
    over, limit = _over(claim), 1 / claim.gamma
    below = prose(*words.sized(claim.matrix), f" < {limit}")
    ask = prose("For which ", *words.sized(claim.matrix), " does it follow that ", over,
                " tends to 0 as ", STEPS, " grows, whatever the inputs are? Say why.")  # fmt: skip
    scheme = (
        Mark(1, "M", prose("if ", Q, " < 1, ", Q**STEPS, " tends to 0, and what it bounds too")),
        Mark(1, "A", below),
    )
    solution = (
        prose("For ", *below, ", because then ", Q, " < 1."),
        prose(Q**STEPS, " tends to 0 as ", STEPS, " grows. ", *words.sized(over), " lies between 0 "
              "and ", Q**STEPS, ", so it tends to 0 too. No input matters: no slope is above γ."),
    )  # fmt: skip
    return _part(ask, scheme, solution, "When do the powers of a number tend to 0?")


def _left_open(claim: Claim, words: Words) -> Part:
    step = slope_of_relu(system_of(claim.model))
    small, little = (
        ("a unit that is off has the slope 0", "Where units are off, the product may even be 0")
        if step
        else ("a saturated unit has a slope near 0", "If all are like this, the product is small")
    )
    ask = prose("Now let ", Q, " > 1. Does it follow that ", *words.sized(_over(claim)),
                " grows without limit? Say what the bound says about this, and name a case that "
                "shows it.")  # fmt: skip
    alone = prose("all entries of ", claim.matrix, " but one, off its diagonal, may be 0: then the "
                  "product of two Jacobians is 0")  # fmt: skip
    also, further = (("; or ", *alone), (" Or ", *alone, ".")) if words.bar == "‖" else ((), ())
    scheme = (
        Mark(1, "B", prose("no: ", Q**STEPS, " is only a bound from above")),
        Mark(1, "B", prose(f"any right case: slopes may be far below γ ({small})", *also)),
    )
    solution = (
        prose("No. ", Q**STEPS, f" says how large the {words.size} can be at most, not how large "
              f"it is. Slopes may be far below γ: {small}. {little}, although ", Q,
              " > 1.", *further, " So ", Q, " > 1 is necessary for growth without limit, but not "
              "sufficient."),
    )  # fmt: skip
    return _part(ask, scheme, solution, "What do slopes far below γ do to the product?")


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "gradient-flow", "create", (4, 5), (9, 9), _subjects, _variants, _draw, _make)
