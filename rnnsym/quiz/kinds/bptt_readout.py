"""Backwards from a readout: its error, its weight, the states, and one step of descent."""

from rnnsym.quiz.backward_sequence import Ask, Spec, sequence_kind
from rnnsym.quiz.registry import Parameters

__all__ = ["KIND"]


def _readout(q: int, loss: str, at: str) -> Parameters:
    return (("q", str(q)), ("loss", loss), ("loss at", at), ("eta", "0.2"))


PATHS = ("what comes through the readout, and what comes back from the next step",)
SUM = ("a sum over the steps, each δ times the state of the step before",)
STEP = ("η times the gradient is subtracted",)
KIND = sequence_kind(
    Spec(
        "bptt_readout",
        (
            Ask(("delta_s",)),
            Ask(("dV",)),
            Ask(("delta_h",), marks=PATHS),
            Ask(("dU",), marks=SUM),
            Ask(("dU",), new=True, marks=STEP),
        ),
        steps=(2,),
        level=4,
        cells=("vanilla", "linear"),
        longest=20,
        readouts=(
            _readout(1, "squared", "every"),
            _readout(1, "squared", "last"),
            _readout(2, "cross-entropy", "every"),
            _readout(3, "cross-entropy", "last"),
        ),
    )
)
