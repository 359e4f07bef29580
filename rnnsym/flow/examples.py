"""Worked numbers about gradient flow, computed rather than quoted."""

import numpy as np

from rnnsym.record import record

__all__ = ["DIRECT_EDGE", "Counterexample", "counterexample"]

DIRECT_EDGE = (0.5, 50)
"""A gate value and a number of steps: what the direct edge keeps is their power."""


@record
class Counterexample:
    """A tanh net whose recurrent matrix has only small eigenvalues, and whose gradient explodes.

    Attributes:
        matrix: U.
        slopes: tanh′ of each unit: 1 where it is at rest, 0 where it is saturated.
        spectral_radius: of U.
        norm: of the Jacobian over ``steps`` steps, (diag(slopes) U)^steps.
    """

    matrix: tuple[tuple[float, ...], ...]
    slopes: tuple[float, ...]
    steps: int
    spectral_radius: float
    norm: float


def counterexample(steps: int = 30) -> Counterexample:
    """Return the net in which the largest eigenvalue says "vanish" and the gradient explodes.

    >>> found = counterexample()
    >>> f"{found.spectral_radius:.2f}", f"{found.norm:.0e}"
    ('0.96', '2e+05')
    """
    matrix, slopes = ((1.5, -1.0), (1.0, -0.9)), (1.0, 0.0)
    weights = np.array(matrix)
    step = np.diag(slopes) @ weights
    radius = float(np.max(np.abs(np.linalg.eigvals(weights))))
    norm = float(np.linalg.norm(np.linalg.matrix_power(step, steps), 2))
    return Counterexample(matrix, slopes, steps, radius, norm)
