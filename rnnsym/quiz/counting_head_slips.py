"""Mistakes in the count of a whole network: a table or vectors below, a dense layer on top."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Prose, prose
from rnnsym.expr import size
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Counted, Work, bare
from rnnsym.quiz.counting_slips import WIDE, WIDE_ABOVE, each, named, unprojected, with_columns
from rnnsym.quiz.derivation_lines import listed

__all__ = ["HEAD", "ONE_HOT", "READS_VECTORS", "READS_WORDS", "TABLE", "biases_counted"]

Slips = Sequence[tuple[Work, Prose]]


@lru_cache(maxsize=512)
def biases_counted(parts: tuple[Counted, ...]) -> Misconception[Work]:
    """Return the mistake of who counts biases where there are none: ``parts`` are those with them.

    Where they are all there it is no mistake, and gives nothing.
    """
    why = prose("No biases are used here.")

    def apply(work: Work) -> Slips:
        return [(replace(work, parts=parts), why)] if parts != work.parts else []

    return Misconception("biases counted", apply)


# What is below


def _table_bias(work: Work) -> Slips:
    [part] = work.parts
    bias = replace(part, reads="1", sides=(part.sides[0], (1, "")))
    why = "A table is looked up: nothing is added, so it has no bias."
    return [(replace(work, parts=(part, bias)), prose(why))]


def _one_word(work: Work) -> Slips:
    [part] = work.parts
    why = "Every word of the vocabulary has a vector of its own."
    return [(replace(work, parts=(with_columns(part, (1, "")),)), prose(why))]


TABLE = (
    Misconception("table with a bias", _table_bias),
    Misconception("one vector for all words", _one_word),
    *named("times T"),
)
"""Of an embedding."""


def _reads_one_hot(work: Work) -> Slips:
    """The recurrent layer reads one-hot vectors."""
    why = ("The layer reads the vector of a word, of size ", size("e"),
           ", not a one-hot vector of size ", size("V"), ".")  # fmt: skip
    return each(work, lambda p: with_columns(p, (1, "V")) if p.sides[1] == (1, "e") else p, *why)


def _reads_number(work: Work) -> Slips:
    """A one-hot vector taken for the place of its 1."""
    why = "A one-hot vector is read in full: its matrix has a column for each of its entries."
    return each(work, lambda p: with_columns(p, (1, "")) if p.sides[1] == (1, "d") else p, why)


# The recurrent network


def _full_matrix(work: Work) -> Slips:
    """A matrix where the old state is multiplied entry by entry."""
    arrays = dict.fromkeys(bare(p.array) for p in work.parts if _entrywise(p))
    what = "are vectors, not matrices" if len(arrays) > 1 else "is a vector, not a matrix"
    why = (*listed(list(arrays)), f" {what}: the old state is multiplied entry by entry.")
    return each(work, lambda p: with_columns(p, p.sides[0]) if _entrywise(p) else p, *why)


def _entrywise(part: Counted) -> bool:
    return part.reads == "state" and part.sides[1] == (1, "")


READS_VECTORS = (
    *MISCONCEPTIONS,
    Misconception("full recurrent matrix", _full_matrix),
    WIDE,
    *WIDE_ABOVE,
)
"""Of a recurrent network."""
READS_WORDS = (
    *(m for m in READS_VECTORS if m.name not in ("sizes swapped", "both layers alike")),
    Misconception("layer reads one-hot vectors", _reads_one_hot),
)
"""Of one that reads the vectors of words, whose size is not d but e."""
ONE_HOT = (
    *READS_VECTORS,
    Misconception("one-hot vector taken for a number", _reads_number),
)
"""Of one that reads one-hot vectors."""


# What is on top


def _one_chain(work: Work) -> Slips:
    why = "The head reads the outputs of both directions."

    def narrow(part: Counted) -> Counted:
        times, name = part.sides[1]
        return with_columns(part, (1, name)) if times == 2 else part

    return each(work, narrow, why)


def _two_heads(work: Work) -> Slips:
    if all(part.sides[1][0] != 2 for part in work.parts):
        return []
    why = "There is one head: it reads both directions at once, and is not doubled."
    return [(replace(work, times=2 * work.times), prose(why))]


def _turned(work: Work) -> Slips:
    """A bias as long as what the head reads."""
    width = work.parts[0].sides[1]
    why = "A bias has an entry for each output of the dense layer, not for each of its inputs."

    def turned(part: Counted) -> Counted:
        return replace(part, sides=(width, part.sides[1])) if part.reads == "1" else part

    return each(work, turned, why)


def _reads_units(work: Work) -> Slips:
    why = "The dense layer reads the output, of size ", size("p"), ", not ", size("n"), "."
    return each(work, unprojected, *why)


def _reads_input(work: Work) -> Slips:
    """A head that reads the input, where that has a size d."""
    if "d" not in dict(work.sizes):
        return []
    why = "The dense layer reads the output of the recurrent network, not its input."
    return each(work, lambda p: p if p.reads == "1" else with_columns(p, (1, "d")), why)


HEAD = (
    Misconception("head reads one direction", _one_chain),
    Misconception("head doubled", _two_heads),
    Misconception("head reads n", _reads_units),
    Misconception("head reads the input", _reads_input),
    Misconception("bias as long as the input", _turned),
    *named("no biases", "times T"),
)
"""Of a dense layer on top."""
