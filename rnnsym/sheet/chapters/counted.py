"""Parameters of models in running text: a formula, and the number at given sizes."""

from collections.abc import Mapping
from functools import lru_cache

from rnnsym.blocks import Math, Prose, Relation
from rnnsym.convention import TEXTBOOK
from rnnsym.expr import Expr, Formula, Integer, size
from rnnsym.sheet.study import study

__all__ = ["at", "counted", "given", "parameters_of"]


def parameters_of(text: str, sizes: Mapping[str, int], convention: str = TEXTBOOK) -> int:
    """Return how many parameters a model has; its derivation has passed its check.

    >>> parameters_of("gru", {"d": 4, "n": 5}), parameters_of("gru", {"d": 4, "n": 5}, "pytorch")
    (150, 165)
    """
    formula, bound = _formula(text, convention)
    return at(formula, {**bound, **sizes})


@lru_cache(maxsize=64)
def _formula(text: str, convention: str) -> tuple[Formula, Mapping[str, int]]:
    """The count of a model and the sizes that its text gives: chapters ask for them often."""
    found = study(text, convention)
    return found.count.formula, found.system.bound


def at(formula: Formula, sizes: Mapping[str, int]) -> int:
    """Return what a formula comes to."""
    numbers: dict[Expr, Expr] = {size(name): Integer(value) for name, value in sizes.items()}
    return int(formula.value.xreplace(numbers))


def counted(text: str, sizes: Mapping[str, int] | None = None) -> Math:
    """Return the number of parameters as a formula, and with sizes what it comes to."""
    formula, _ = _formula(text, TEXTBOOK)
    return formula if sizes is None else Relation((formula, Integer(parameters_of(text, sizes))))


def given(sizes: Mapping[str, int]) -> Prose:
    """Return the sizes with their numbers.

    >>> given({"d": 4, "n": 5})[1:]
    (', ', Relation(sides=(n, 5), sign='='))
    """
    found = (Relation((size(name), Integer(value))) for name, value in sizes.items())
    return tuple(part for x in found for part in (", ", x))[1:]
