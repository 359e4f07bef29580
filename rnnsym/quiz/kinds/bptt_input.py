"""What reaches the first input and the initial state: gradients of what is not trained."""

from rnnsym.quiz.backward_sequence import CARRIED, Ask, Spec, sequence_kind

__all__ = ["KIND"]

KIND = sequence_kind(
    Spec(
        "bptt_input",
        (
            Ask(("dx",), marks=CARRIED, first_only=True),
            Ask(("dh_0",), marks=("U, not W, leads to the initial state",)),
        ),
        steps=(2, 3),
        level=3,
        cells=("vanilla", "logistic-rnn", "linear"),
    )
)
