"""The δ in front of every gate at one step, from the δ of the output and what comes back."""

from rnnsym.quiz.backward_gates import GateSpec, gate_kind

__all__ = ["KIND"]

KIND = gate_kind(
    GateSpec(
        "gate_gradient",
        carry=False,
        cells=("lstm", "lstm-coupled", "gru", "gru-reset-after", "mgu", "ugrnn"),
        methods=("the chain rule through every factor", "σ′ and tanh′ through the given values"),
        level=3,
        minutes=10,
    )
)
