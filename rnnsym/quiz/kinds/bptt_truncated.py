"""A gradient with full and with truncated backpropagation through time."""

from rnnsym.blocks import Prose, Relation, prose
from rnnsym.expr import Array, Family, Integer, Symbol
from rnnsym.quiz.backward_plan import truncated
from rnnsym.quiz.backward_sequence import CARRIED, Ask, Spec, sequence_kind
from rnnsym.quiz.derivation_lines import LOSS
from rnnsym.quiz.registry import Parameters

__all__ = ["KIND"]

J, K, ONE = Symbol("j"), Symbol("k"), Integer(1)
FULL = Array(Family("U", "U", "", "gradient"), (ONE, ONE))


def _note(parameters: Parameters) -> Prose:
    every = Relation((K, Integer(int(dict(parameters)["k"]))))
    after = J + 1
    return prose(
        "Truncation means here: the state of step ", J, " is detached wherever ", every,
        " divides ", J, ", so nothing flows back from step ", after, " to step ", J, " there; "
        "every step keeps its own loss. With truncation, each δ leaves out the paths that are cut. "
        "What backpropagation then gives in place of ", FULL, " is written ", truncated(FULL),
        ": it is not the derivative of ", LOSS, ".",
    )  # fmt: skip


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
        truncations=(2,),
        note=_note,
    )
)
