"""Probabilities by name: what a softmax makes of scores is worked out once, and read after that."""

from dataclasses import replace
from functools import lru_cache

from rnnsym.audit.rewrite import everywhere
from rnnsym.derivation import Step
from rnnsym.equations import Equation, System
from rnnsym.expr import Array, Family, softmax

__all__ = ["GUESS", "guessed", "guesses"]

GUESS = Family("p", "p")


@lru_cache(maxsize=256)
def guesses(system: System) -> tuple[Equation, ...]:
    """Return the probabilities that a cross-entropy takes, as equations."""
    return tuple(
        Equation(Array(GUESS, t.target.shape, None, t.target.time), softmax(t.target), t.time,
                 None, ("", ""))
        for t in system.loss_terms
        if t.kind == "cross-entropy"
    )  # fmt: skip


def guessed(system: System, step: Step) -> Step:
    """Return a line of the derivation that reads them by name."""
    named = {e.rhs: e.lhs for e in guesses(system)}
    if not named:
        return step
    terms = (replace(term, value=everywhere(term.value, named.get)) for term in step.terms)
    return replace(step, terms=tuple(terms))
