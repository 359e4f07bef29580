"""What is said of a whole network whose parameters are to be counted."""

from collections.abc import Sequence
from dataclasses import replace

from rnnsym.blocks import Block, Inline, Paragraph, Prose, Relation, prose
from rnnsym.equations import System
from rnnsym.expr import Array, Family, Integer, size
from rnnsym.quiz.count_slips import Counted
from rnnsym.quiz.counting import Given, parts_by_layer
from rnnsym.quiz.counting_items import listed
from rnnsym.quiz.subject import convention_note, elsewhere, equations_of, in_words, written_for

__all__ = ["both_directions", "characters", "depth", "sentences", "told_from_the_words", "vectors"]

RENAMED = {"V": ("W_s", "W_s"), "b_V": ("b_s", "b_s")}


def sentences(system: System, given: Given, steps: str) -> tuple[Block, ...]:
    """Return what is said of a classifier that looks its words up in an embedding."""
    sizes = dict(given)
    table, recurrent, head = parts_by_layer(system)
    last = " of the last layer" if depth(recurrent) > 1 else ""
    states = f"the final hidden states of both directions{last}, concatenated,"
    read = states if both_directions(recurrent) else f"the last output{last}"
    return (
        Paragraph(
            prose(
                "A classifier of sentences: an embedding looks up in its matrix ", table[0].array,
                " a vector ", _input(system), " of size ", _equal("e", sizes),
                " for each of the ", _equal("V", sizes), " words of the vocabulary; a recurrent"
                " network reads these vectors; and a dense layer with ",
                *_arrays(told_from_the_words(head)), f" turns {read} into ", _equal("q", sizes),
                " scores. The embedding is trained too.",
            )
        ),
        *_recurrent(system, given, f"; a sentence has {steps} words."),
    )  # fmt: skip


def vectors(system: System, given: Given, steps: str) -> tuple[Block, ...]:
    """Return what is said of a network that reads vectors and gives scores at every step."""
    sizes = dict(given)
    return (
        Paragraph(
            prose(
                "A network scores every step of a sequence: a recurrent network reads a vector ",
                system.input, " of size ", _equal("d", sizes), ", and ", *_at_every_step(system),
                " into ", _equal("q", sizes), " scores.",
            )
        ),
        *_recurrent(system, given, f"; a sequence has {steps} steps."),
    )  # fmt: skip


def characters(system: System, given: Given, steps: str) -> tuple[Block, ...]:
    """Return what is said of a network that reads one-hot vectors and scores what comes next."""
    number = dict(given)["d"]
    same = Relation((size("d"), size("q"), Integer(number)))
    return (
        Paragraph(
            prose(
                f"A network predicts the next character of a text. The alphabet has {number} "
                "characters. A recurrent network reads each character as a one-hot vector ",
                system.input, ", and ", *_at_every_step(system),
                " into a score for each character of the alphabet. So ", same, ".",
            )
        ),
        *_recurrent(system, given, f"; a text has {steps} characters."),
    )  # fmt: skip


def _at_every_step(system: System) -> Prose:
    recurrent, head = parts_by_layer(system)
    last = " of the last layer" if depth(recurrent) > 1 else ""
    states = f"the outputs of both directions{last} at that step, concatenated,"
    read = states if both_directions(recurrent) else f"the output{last} at that step"
    return prose("at every step a dense layer with ", *_arrays(head), f" turns {read}")


def _recurrent(system: System, given: Given, length: str) -> tuple[Block, ...]:
    """Return the equations of the recurrent network, the convention, and the other sizes."""
    others = listed((k, v) for k, v in given if k not in ("V", "d", "e", "q"))
    return (
        Paragraph(prose(f"The recurrent network is {in_words(system)}. "
                        f"Each step{written_for(system)} is computed by")),
        equations_of(system),
        *([Paragraph(elsewhere(system))] if elsewhere(system) else []),
        Paragraph(_note(system)),
        Paragraph(prose("Here ", *others, length)),
    )  # fmt: skip


def _note(system: System) -> Prose:
    """Return the convention: what the layers read may have the size of an embedding."""
    if "e" not in system.size_names:
        return convention_note(system)
    return tuple(size("e") if part == size("d") else part for part in convention_note(system))


def _arrays(head: Sequence[Counted]) -> Sequence[Inline]:
    """Return what a dense layer trains."""
    matrix, *bias = (part.array for part in head)
    more = (" and the bias vector ", bias[0]) if bias else (" and no bias vector",)
    return ("the matrix ", matrix, *more)


def _input(system: System) -> Array:
    return next(e.lhs for b in system.blocks if b.title == "embedding"
                for loop in b.loops for e in loop.equations)  # fmt: skip


def _equal(name: str, sizes: dict[str, int]) -> Relation:
    return Relation((size(name), Integer(sizes[name])))


def depth(parts: Sequence[Counted]) -> int:
    """Return how many layers a recurrent network has."""
    return max(part.layer for part in parts)


def both_directions(parts: Sequence[Counted]) -> bool:
    """Tell whether a recurrent network is bidirectional."""
    return any(part.array.family.direction for part in parts)


def told_from_the_words(parts: Sequence[Counted]) -> tuple[Counted, ...]:
    """Return the arrays with another name for a matrix V: here V is the number of words."""
    return tuple(
        replace(p, array=Array(Family(*RENAMED[p.array.name]), p.array.shape))
        if p.array.name in RENAMED else p
        for p in parts
    )  # fmt: skip
