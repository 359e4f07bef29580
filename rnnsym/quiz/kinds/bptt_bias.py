"""The bias against the input matrix: the same δ, with nothing beside it."""

from rnnsym.quiz.backward_sequence import CARRIED, SUMMED, Ask, Spec, sequence_kind

__all__ = ["KIND"]

WITH_BIAS = tuple(f"{text}, 1 for b" for text in SUMMED)

KIND = sequence_kind(
    Spec(
        "bptt_bias",
        (
            Ask(("delta_h",), marks=CARRIED),
            Ask(("db", "dW"), marks=WITH_BIAS),
        ),
        steps=(2, 3),
        level=3,
        cells=("vanilla", "logistic-rnn", "linear"),
        bias=True,
    )
)
