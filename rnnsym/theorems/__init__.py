"""Identities between cells and published formulas, as theorems that are run."""

from rnnsym.errors import one_of
from rnnsym.theorems.biases import BIASES
from rnnsym.theorems.claim import Claim, Outcome, Theorem
from rnnsym.theorems.published import PUBLISHED
from rnnsym.theorems.relations import RELATIONS
from rnnsym.theorems.steps import STEPS

__all__ = ["THEOREMS", "Claim", "Outcome", "Theorem", "theorem"]

THEOREMS = {t.name: t for t in (*RELATIONS, *BIASES, *STEPS, *PUBLISHED)}


def theorem(name: str) -> Theorem:
    """Return the theorem called ``name``.

    Raises:
        InputError: names the nearest one.

    >>> theorem("mingru").prove().proved
    True
    """
    return THEOREMS[one_of("theorem", name, THEOREMS)]
