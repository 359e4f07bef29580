"""Why recurrent networks, what is wrong with the simple one, and what the other chapters add."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Equations, Heading, Line, Prose, Table, prose
from rnnsym.sheet.chapters.closing import question_list
from rnnsym.sheet.chapters.phrases import Phrases, about

__all__ = ["sections"]


def sections() -> Iterator[Block]:
    """Yield the chapter."""
    words = about("vanilla")
    yield words.box(
        "goals",
        "After this sheet you can",
        (
            "say what a recurrent network does that a feed-forward network cannot",
            "name the two weaknesses of the vanilla network, and the answer to each",
        ),
    )
    yield from _sequences(words)
    yield from _weaknesses(words)
    yield from _answers(words)
    yield words.box(
        "takeaways",
        "Takeaways",
        (
            "One cell, used at every step; its state is the memory.",
            "Long-range dependencies call for gates; limited capacity for depth; missing context "
            "for a second direction.",
        ),
    )
    yield from question_list(tuple(_questions(words)))


def _sequences(words: Phrases) -> Iterator[Block]:
    [first, second] = words.system.equations
    yield Heading("Sequences need memory", 2)
    yield words.paragraph(
        "A feed-forward network maps one input of a fixed size to one output. A sentence, a sound "
        "or a series of measurements has any length, and what an element means depends on those "
        "before it. A recurrent network reads such a sequence one element {x[t]} at a time and "
        "carries a *state* {h[t]} from step to step, made by the same cell at every step:"
    )
    yield Equations(tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in (first, second)))
    yield words.paragraph(
        "Three things follow. The number of parameters does not depend on the length {T}. The "
        "state is all that the network knows of the past. And training has to send gradients back "
        "through all steps: backpropagation through time."
    )


def _weaknesses(words: Phrases) -> Iterator[Block]:
    yield Heading("Two weaknesses of the vanilla network", 2)
    yield words.listing(
        (
            "*Long-range dependencies.* Between {h[t]} and {h[T]} lie {T-t} steps, and a gradient "
            "is multiplied by one Jacobian in each. It vanishes, or explodes, before it can teach "
            "the network what mattered long ago. All information is mixed into one state, and "
            "nothing decides what to keep.",
            "*Limited capacity.* One layer applies one nonlinearity per step: what it can make of "
            "its input is simple.",
        ),
        "numbers",
    )
    yield words.paragraph(
        "Besides, {h[t]} knows the past only. In a forecast that is all there is; in a sentence "
        "that is there as a whole, what follows a word often says what it means."
    )


def _answers(words: Phrases) -> Iterator[Block]:
    yield Heading("The answers", 2)
    yield Table(
        tuple(prose(x) for x in ("problem", "answer", "architecture")),
        words.rows(
            ("long-range dependencies", "gates that decide what to keep, write and show",
             "GRU, LSTM"),
            ("limited capacity", "several recurrent layers on top of each other", "stacked RNN"),
            ("context on one side only", "a second chain from the end, if the end is there",
             "bidirectional RNN"),
            ("exploding gradients", "clipping", "any of them"),
        ),
    )  # fmt: skip
    yield words.paragraph(
        "The answers are independent of each other and combine freely: layers of bidirectional "
        "LSTMs are a common choice for texts that are there as a whole."
    )


def _questions(words: Phrases) -> Iterator[tuple[Prose, Prose]]:
    yield (
        words.say("Why are gated and deep recurrent networks needed after the vanilla one?"),
        words.say(
            "It has two weaknesses. Gradients vanish or explode over many steps, so it does not "
            "learn long-range dependencies: gates answer the vanishing, clipping the exploding. "
            "And one layer can represent little: more layers answer that, and a second direction "
            "adds what comes after."
        ),
    )
    yield (
        words.say("The sequences become ten times as long. How many parameters are added?"),
        words.say("None: {W}, {U} and {b} are used again at every step."),
    )
    yield (
        words.say("What can {h[t]} not know in a network that reads from left to right?"),
        words.say("Anything after step {t}. A chain from the end adds it, if the end is there."),
    )
    yield (
        words.say("Which of the answers helps against exploding gradients?"),
        words.say("Clipping. Gates work against vanishing; depth adds one more way to explode."),
    )
