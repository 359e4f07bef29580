"""The same gradient twice: with the loss at the last step only, and with one at every step."""

from rnnsym.quiz.backward_sequence import STATES, Ask, Spec, sequence_kind

__all__ = ["KIND"]

LAST = (
    STATES,
    "no term of the loss's own before the last step",
    "the sum still runs over all steps",
)
EVERY = ("each δ of h gets a term of the loss's own as well",)
KIND = sequence_kind(
    Spec(
        "bptt_last_step",
        (
            Ask(("dU",), "with the loss at the last step only", loss_at="last", marks=LAST),
            Ask(("dU",), "with a loss at every step", marks=EVERY),
        ),
        steps=(2, 3),
        level=4,
        cells=("vanilla", "linear"),
    )
)
