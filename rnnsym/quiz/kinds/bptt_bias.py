"""The bias against the input matrix: the same δ, with nothing beside it."""

from rnnsym.quiz.backward_sequence import CARRIED, Ask, Spec, sequence_kind

__all__ = ["KIND"]

SUMMED = ("a sum over all steps, each δ of a times what the parameter multiplies there, 1 for b",)

KIND = sequence_kind(
    Spec(
        "bptt_bias",
        (
            Ask(("delta_h",), marks=CARRIED),
            Ask(("db", "dW"), marks=SUMMED),
        ),
        steps=(2, 3),
        level=3,
        cells=("vanilla", "logistic-rnn", "linear"),
        bias=True,
    )
)
