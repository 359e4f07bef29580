"""Two bias vectors in one gate: equal gradients, but for a candidate reset after the product."""

from rnnsym.derive import derive
from rnnsym.expr import BOUND, TIME, Array, Node, Sigma, hadamard
from rnnsym.record import record
from rnnsym.system import build_system, read_model
from rnnsym.theorems.claim import Theorem, difference

__all__ = ["BIASES", "TwoBiases"]


@record
class TwoBiases:
    """Claim: the gradient of the second bias is Σ_t of that of the first, times a gate.

    Attributes:
        pairs: (cell, first bias, second bias, gate or None) in PyTorch's convention.
    """

    pairs: tuple[tuple[str, str, str, str | None], ...]
    how: str = "normal forms"

    def residual(self, seed: int) -> float:
        """Compare the gradients of every pair."""
        return max(_difference(*pair, seed) for pair in self.pairs)


def _difference(cell: str, first: str, second: str, gate: str | None, seed: int) -> float:
    system = build_system(read_model(cell, convention="pytorch"))
    derivation = derive(system)
    one, two = (derivation.find(f"d{name}")[0].value() for name in (first, second))
    if gate is not None:
        arrays = {e.lhs.name: e.lhs for e in system.equations}
        one = _weighted(one, arrays[gate])
    return difference(one, two, system, seed)


def _weighted(total: Node, gate: Array) -> Node:
    """Multiply every summand of Σ_t by the gate's value at t."""
    if not isinstance(total, Sigma):
        raise TypeError(f"{total} is no sum over steps")
    index, first, last = total.bounds
    return Sigma(hadamard(total.body, gate.xreplace({TIME: BOUND})), index, first, last)


_SAME = TwoBiases(
    (
        ("vanilla", "b_ih", "b_hh", None),
        *(("lstm", f"b_i{k}", f"b_h{k}", None) for k in "ifgo"),
        *(("gru", f"b_i{k}", f"b_h{k}", None) for k in "rz"),
    )
)

BIASES = (
    Theorem(
        "two-biases",
        "two bias vectors have equal gradients in the RNN, the LSTM and the GRU's r and z",
        "torch.nn keeps two",
        _SAME,
    ),
    Theorem(
        "candidate-bias",
        "in a candidate reset after the product the recurrent bias receives r ⊙ what the other "
        "receives",
        "torch.nn.GRU",
        TwoBiases((("gru", "b_in", "b_hn", "r"),)),
    ),
)
