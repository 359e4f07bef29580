"""Backpropagation through two steps of two units: a transpose and outer products, in numbers."""

from rnnsym.quiz.backward_sequence import CARRIED, Ask, Spec, sequence_kind

__all__ = ["KIND"]

KIND = sequence_kind(
    Spec(
        "bptt_matrix",
        (
            Ask(("delta_h",), marks=CARRIED, first_only=True),
            Ask(
                ("dU",),
                marks=("a sum over all steps of δ times the transposed old state",),
            ),
        ),
        steps=(2,),
        level=4,
        cells=("linear", "relu-rnn"),
        sizes=(("d", 1), ("n", 2)),
    )
)
