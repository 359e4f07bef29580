"""What holds of the gradient flow of every net, with numbers worked out."""

from rnnsym.blocks import Listing, prose
from rnnsym.flow.examples import counterexample

__all__ = ["general_facts"]


def general_facts() -> Listing:
    """Return the facts: paths, eigenvalues, gates, clipping, truncation, initialisation."""
    found = counterexample()
    rows = "; ".join(", ".join(f"{x:g}" for x in row) for row in found.matrix)
    return Listing(
        (
            prose(
                "The gradient is the sum over all paths. It vanishes only where the products along "
                "all of them do, or where they cancel each other."
            ),
            prose(
                "Eigenvalues do not decide in a net with slopes: U = "
                f"[{rows}] has spectral radius {found.spectral_radius:.2f}, and with unit 2 of a "
                f"tanh net saturated the Jacobian over {found.steps} steps has norm "
                f"{found.norm:.0e}."
            ),
            prose(
                "Gates keep a direct path open, and so work against vanishing. They do not bound "
                "the other paths, through the recurrent weights: an LSTM or a GRU can explode."
            ),
            prose(
                "Clipping scales a gradient that is too long down to a given length, its direction "
                "kept. It cures the effect of exploding; it cannot bring back what has vanished."
            ),
            prose(
                "Truncation after every k steps drops each product that crosses a cut: at most "
                "k − 1 Jacobians are multiplied. That bounds how far a gradient can explode, and "
                "makes every longer dependence exactly 0: it does not cure vanishing."
            ),
            prose(
                "Orthogonal recurrent matrices have all singular values 1: only slopes and gates "
                "then shrink a product. A larger bias of a gate that keeps the state moves what it "
                "keeps towards 1."
            ),
        )
    )
