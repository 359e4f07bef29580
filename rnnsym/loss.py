"""Where the loss reaches a model, and what it hands back there."""

from collections.abc import Iterable

from rnnsym.chain import ALL_STEPS
from rnnsym.equations import LossTerm, State
from rnnsym.expr import TIME, Array, Family, minus, softmax

__all__ = ["final_terms", "output_term"]


def output_term(kind: str, output: Array) -> LossTerm:
    """Return the term of a loss of one of LOSSES on the output, summed over t where it has one."""
    span = ALL_STEPS if output.time == TIME else None
    if kind == "free":
        external = Array(Family("Delta", r"\Delta"), output.shape, None, output.time)
        return LossTerm(output, kind, external, external, span)
    target = Array(Family("target", r"\tau"), output.shape, None, output.time)
    guess = softmax(output) if kind == "cross-entropy" else output
    return LossTerm(output, kind, target, minus(guess, target), span)


def final_terms(states: Iterable[State]) -> list[LossTerm]:
    """Return a free term on the final value of every state, as frameworks allow."""
    terms: list[LossTerm] = []
    for state in states:
        array, family = state.array, state.array.family
        label = rf"\Delta_{{{family.label}}}"
        given = Family(f"Delta_{family.name}", label, family.direction)
        external = Array(given, array.shape, array.layer, state.final)
        target = array.xreplace({TIME: state.final})
        terms.append(LossTerm(target, "free", external, external, None, state.layer))
    return terms
