"""What the course notes advise: rules of thumb, worded as theirs and never as theorems."""

from collections.abc import Iterator, Sequence

from rnnsym.equations import System
from rnnsym.model_text import Recurrent

__all__ = ["family", "form_guidance", "guidance"]

CELLS = {
    "vanilla": (
        "a vanilla network is a simple baseline: its one state sums up the past, and on long "
        "sequences its gradients vanish"
    ),
    "gru": (
        "a GRU suits smaller datasets, shorter or medium sequences, training that should be fast "
        "and models that should stay small; its memory is not kept apart from its output"
    ),
    "lstm": (
        "an LSTM suits longer sequences and dependencies, more data, and tasks where performance "
        "counts for more than simplicity; it pays with more parameters"
    ),
}
BIDIRECTIONAL = (
    "both directions are for sequences that are there as a whole and whose later part helps to "
    "read the earlier one; not for predictions made online"
)
STACKED = (
    "more layers learn features of longer range and often do better than one wider layer; two to "
    "four layers tend to be enough, since gradients then cross time and depth"
)


def family(cell: str) -> str:
    """Return the family of a cell by its name.

    >>> family("lstm-peephole")
    'lstm'
    """
    return cell.split("-", maxsplit=1)[0]


def guidance(systems: Sequence[System]) -> Iterator[str]:
    """Yield what the course notes say about the models at hand."""
    layers = [x for s in systems for x in s.model.layers if isinstance(x, Recurrent)]
    known = dict.fromkeys(family(x.cell) for x in layers)
    for name in known:
        if name in CELLS:
            yield f"According to the course notes {CELLS[name]}."
    others = [name for name in known if name not in CELLS]
    if others:
        yield f"The course notes do not treat {', '.join(others)}."
    yield from form_guidance(systems)


def form_guidance(systems: Sequence[System]) -> Iterator[str]:
    """Yield what the course notes say about directions and depth."""
    layers = [x for s in systems for x in s.model.layers if isinstance(x, Recurrent)]
    if any(x.bidirectional for x in layers):
        yield f"According to the course notes {BIDIRECTIONAL}."
    if any(s.depth != 1 for s in systems):
        yield f"According to the course notes {STACKED}."
