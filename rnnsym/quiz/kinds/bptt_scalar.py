"""Two or three steps of one unit, backwards: the δ of each step, then the gradients."""

from rnnsym.quiz.backward_sequence import CARRIED, SUMMED, Ask, Spec, sequence_kind

__all__ = ["KIND"]

KIND = sequence_kind(
    Spec(
        "bptt_scalar",
        (Ask(("delta_h",), marks=CARRIED), Ask(("dU", "dW"), marks=SUMMED)),
        steps=(2, 3),
        level=3,
    )
)
