"""A gradient with full and with truncated backpropagation through time."""

from rnnsym.quiz.backward_sequence import CARRIED, Ask, Spec, sequence_kind

__all__ = ["KIND"]

CUT = ("no carry across a cut", "all steps stay in the sum")
KIND = sequence_kind(
    Spec(
        "bptt_truncated",
        (
            Ask(("dU",), "with full backpropagation through time", marks=CARRIED),
            Ask(("dU",), "with truncation", truncated=True, marks=CUT),
        ),
        steps=(3,),
        level=4,
        cells=("vanilla", "linear"),
        truncations=(1, 2),
        note="Truncation means here: the state of step j is detached wherever k = {k} divides j, "
        "so nothing flows back from step j + 1 to step j there; every step keeps its own loss.",
    )
)
