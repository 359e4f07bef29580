"""What comes back to h of the step before: every path through the gates, in numbers."""

from rnnsym.quiz.backward_gates import GateSpec, gate_kind

__all__ = ["KIND"]

KIND = gate_kind(
    GateSpec(
        "carry_gradient",
        carry=True,
        cells=("gru", "gru-reset-after", "mgu", "ugrnn"),
        methods=(
            "the δ in front of every gate",
            "one term for each path back to the old state",
            "all terms added, the loss's own included",
        ),
        level=4,
        minutes=9,
    )
)
