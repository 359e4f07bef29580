"""What a theorem claims: something that is computed and compared, and so can turn out false."""

from typing import Protocol

import numpy as np

from rnnsym.equations import System
from rnnsym.expr import TIME, Array, Node, Sigma, equal
from rnnsym.numeric.check import TOLERANCE, relative_error
from rnnsym.numeric.oracle import Values, evaluate
from rnnsym.numeric.sizes import small_sizes
from rnnsym.record import record

__all__ = ["Claim", "Outcome", "Theorem", "difference"]


class Claim(Protocol):
    """Two things that are said to be equal."""

    @property
    def how(self) -> str:
        """How they are compared."""
        ...

    def residual(self, seed: int) -> float:
        """Return the largest relative difference found; 0 where the formulas are the same."""
        ...


@record
class Outcome:
    """What came of a theorem."""

    theorem: "Theorem"
    residual: float

    @property
    def proved(self) -> bool:
        """Whether the two sides agree (a NaN does not)."""
        return self.residual <= TOLERANCE


@record
class Theorem:
    """One line of ``rnnsym prove``.

    Attributes:
        name: what a user types.
        statement: what holds, and under which condition.
        source: where it is stated or used.
        claim: what is run.
    """

    name: str
    statement: str
    source: str
    claim: Claim

    def prove(self, seed: int = 0) -> Outcome:
        """Run it."""
        return Outcome(self, self.claim.residual(seed))


def difference(a: Node, b: Node, system: System, seed: int) -> float:
    """Return 0 where the normal forms agree, else the relative error at random numbers.

    Args:
        a: an expression at one step, or a sum over steps.
        b: another; two sums over the same steps are compared summand by summand.
        system: where their sizes come from.
        seed: of the numbers.

    >>> from rnnsym.expr import minus, scale
    >>> from rnnsym.system import build_system, read_model
    >>> system = build_system(read_model("vanilla"))
    >>> h = system.output
    >>> difference(minus(h, scale(2, h)), scale(-1, h), system, seed=0)
    0.0
    """
    if isinstance(a, Sigma) and isinstance(b, Sigma) and a.bounds == b.bounds:
        free = {a.bounds[0]: TIME}
        a, b = a.body.xreplace(free), b.body.xreplace(free)
    if equal(a, b):
        return 0.0
    draw = np.random.default_rng(seed)
    values = Values(small_sizes(system), None, {}, time=2)
    for array in sorted(a.atoms(Array) | b.atoms(Array), key=str):
        shape = values.sizes.shape(array.shape)
        values.known[values.key(array)] = draw.uniform(0.2, 0.9, (1, *shape)) + 0j
    return relative_error(evaluate(a, values).real, evaluate(b, values).real)
