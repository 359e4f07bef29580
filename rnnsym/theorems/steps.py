"""Jacobians between successive states in closed form."""

import numpy as np

from rnnsym.equation_nodes import build_expression
from rnnsym.equation_text import parse_equation
from rnnsym.expr import Array, diag
from rnnsym.jacobian import jacobians
from rnnsym.numeric.check import relative_error
from rnnsym.numeric.gradients import gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.record import record
from rnnsym.system import build_system, read_model
from rnnsym.theorems.claim import Theorem, difference

__all__ = ["STEPS", "Diagonal", "LinearNet"]


@record
class Diagonal:
    """Claim: ∂h_t/∂h_{t−1} is the diagonal matrix of ``entries``, in the cell language."""

    cell: str
    entries: str
    how: str = "normal forms"

    def residual(self, seed: int) -> float:
        """Compare the block of one step."""
        system = build_system(read_model(self.cell))
        arrays: dict[str, Array] = {e.lhs.name: e.lhs for e in system.equations}
        [chain] = jacobians(system)
        [block] = chain.blocks
        claimed = diag(build_expression(parse_equation(self.entries), arrays))
        return 1.0 if block.value is None else difference(block.value, claimed, system, seed)


@record
class LinearNet:
    """Claim: the adjoints of a linear net are Σ_{i=t}^T (Uᵀ)^{i−t} Vᵀ ∂L/∂o_i.

    Attributes:
        cell: a recurrent cell with matrices W and U.
    """

    cell: str = "linear"
    how: str = "the program against powers of the matrix"

    def residual(self, seed: int) -> float:
        """Run the net, and compare what the input and the initial state receive."""
        sizes = {"d": 3, "n": 4}
        system = build_system(read_model(f"{self.cell}, dense:2", sizes=sizes))
        draw = np.random.default_rng(seed)
        shapes = parameter_shapes(system).items()
        weights = {name: 0.7 * draw.standard_normal(shape) for name, shape in shapes}
        x, dy = draw.standard_normal((6, 3)), draw.standard_normal((6, 2))
        start = {"h": draw.standard_normal(4)}
        found = gradients(system, weights, x, dy, start)
        power, matrix = np.linalg.matrix_power, weights["U"].T

        def adjoint(t: int) -> np.ndarray:
            later = range(max(t, 1), 7)
            return sum(
                (power(matrix, i - t) @ weights["V"].T @ dy[i - 1] for i in later), np.zeros(4)
            )

        dx = np.stack([weights["W"].T @ adjoint(t) for t in range(1, 7)])
        return max(relative_error(found.dx, dx), relative_error(found.initial["h"], adjoint(0)))


STEPS = (
    Theorem(
        "mingru",
        "minGRU's Jacobian ∂h_t/∂h_{t−1} is diagonal: diag(1 − z_t)",
        "Feng et al. 2024 (arXiv:2410.01201)",
        Diagonal("mingru", "1 - z[t]"),
    ),
    Theorem(
        "linear",
        "the adjoint of a linear net is Σ_{i=t}^T (Uᵀ)^{i−t} Vᵀ ∂L/∂o_i",
        "Zhang et al., Dive into Deep Learning, section 9.7",
        LinearNet(),
    ),
)
