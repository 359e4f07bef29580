"""The booklet: all topics as chapters, in the order in which one learns them, and an index."""

import re
from collections.abc import Iterable, Iterator

from rnnsym.blocks import (
    Block,
    Box,
    Contents,
    Heading,
    Listing,
    PageBreak,
    Paragraph,
    Prose,
    Table,
    Written,
    prose,
)
from rnnsym.convention import TEXTBOOK, convention_names, read_convention
from rnnsym.sheet.chapters.closing import checked
from rnnsym.sheet.chapters.counted import counted
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.formula_index import formula_index
from rnnsym.sheet.topic import Topic, load_topic, numbered

__all__ = ["CHAPTERS", "sections"]

LAST = ("Check", "Sources", "Answers")
"""Sections that the booklet gathers at its end."""
TOP = 2
"""The level of a chapter's sections."""
COUNTING, MISCOUNTS = "params", "Mistakes in counting"
SYMBOL = re.compile(r"\b([A-Za-z]_[a-z])\b")
EVERYWHERE = ("Symbols", "Questions")
CHAPTERS = (
    "vanilla",
    "bptt",
    "gradient-flow",
    "gru",
    "lstm",
    "bidirectional",
    "stacked",
    "params",
    "compare",
)


def sections() -> Iterator[Block]:
    """Yield the booklet, chapters at level 1; what all of them end with stands last."""
    yield from _introduction(about("lstm"))
    yield Contents()
    chapters = [_Chapter(place, topic) for place, topic in enumerate(_topics(), 1)]
    yield PageBreak()
    for chapter in chapters:
        yield Heading(f"{chapter.place}  {chapter.title}", 1)
        yield from chapter.body
    yield PageBreak()
    yield Heading("Answers", 1)
    for chapter in chapters:
        yield Heading(f"Answers to chapter {chapter.place}", 2)
        yield from chapter.sections["Answers"]
    yield Heading("Checks and sources", 1)
    models = [model for chapter in chapters for model in chapter.models]
    yield Paragraph(checked(list(dict.fromkeys(models))))
    yield _joined(block for chapter in chapters for block in chapter.sections.get("Sources", ()))
    yield PageBreak()
    yield Heading("Index of formulas", 1)
    yield Paragraph(prose("A number such as 5.3 is the third equation of chapter 5."))
    yield from formula_index([block for chapter in chapters for block in chapter.body])


class _Chapter:
    """A topic as a chapter: its body, and its sections that stand at the end of the booklet."""

    def __init__(self, place: int, topic: Topic) -> None:
        self.place, self.name, self.title = place, topic.name, topic.title
        self.models = topic.models
        self.body: list[Block] = []
        self.sections: dict[str, list[Block]] = {}
        here = self.body
        for block in numbered(topic.sections(), str(place)):
            if isinstance(block, Heading) and block.text in LAST:
                here = self.sections[block.text] = []
                continue
            if isinstance(block, Heading) and block.level <= TOP:
                here = self.body
            if not (isinstance(block, PageBreak) or self._said_elsewhere(block)):
                here.append(_quiet(block))

    def _said_elsewhere(self, block: Block) -> bool:
        """Tell whether a cell's chapter would say what the chapter on counting says for all."""
        return isinstance(block, Box) and block.title == MISCOUNTS and self.name != COUNTING


def _joined(blocks: Iterable[Block]) -> Listing:
    """Return lists as one, in which each item stands once."""
    items = (item for block in blocks if isinstance(block, Listing) for item in block.items)
    return Listing(tuple(dict.fromkeys(items)))


def _topics() -> Iterator[Topic]:
    from rnnsym.sheet.chapters import why

    yield Topic("why", "Why recurrent networks", "", why.sections)
    yield from map(load_topic, CHAPTERS)


def _quiet(block: Block) -> Block:
    """Keep what every chapter has out of the table of contents, and call a chapter a chapter."""
    match block:
        case Heading(text) if text in EVERYWHERE:
            return Heading(text, 3)
        case Box("goals", _, blocks):
            return Box("goals", "After this chapter you can", blocks)
        case _:
            return block


def _line(text: str) -> Prose:
    """Return a convention's line, its symbols as maths: W_x."""
    parts = SYMBOL.split(text)
    return tuple(Written(part) if i % 2 else part for i, part in enumerate(parts))


def _introduction(words: Phrases) -> Iterator[Block]:
    yield Heading("How to use this booklet", 1)
    yield words.listing(
        (
            "Each chapter begins with what an examiner may ask you to do. If you can do all of it, "
            "go on.",
            "Read the forward equations aloud: each is followed by its shape and by what it is "
            "for.",
            "Cover the backward pass and derive it yourself. Every line names the edge it comes "
            "through and the local rule (R1, R2, …) that carries it, so you see where you went "
            "another way.",
            "Work the example with a pocket calculator before you look at its numbers.",
            "Answer the questions at the end of a chapter; their answers stand behind the last "
            "chapter.",
            "The night before: the boxes “Common mistakes” and “Takeaways”, and the index of "
            "formulas at the end.",
        ),
        "numbers",
    )
    yield words.paragraph(
        "No formula here was typed in. Each was derived from the equations of the cells by rnnsym, "
        "and every gradient was compared with numbers before it was printed. Where something is a "
        "rule of thumb and not a theorem it is marked as advice of the course notes."
    )
    yield Heading("Conventions", 1)
    yield words.paragraph(
        "Vectors are columns. {d} is the size of the input, {n} that of a state, {T} the number of "
        "steps. `W` stands before inputs, `U` before states, `b` is a bias; an index says which "
        "gate they belong to, as in {W_f}, {U_f}, {b_f}. ⊙ multiplies entry by entry, and squares "
        "of vectors are taken entry by entry. A gradient has the shape of what it is taken of; "
        "{delta_f[t]} is the gradient of the loss with respect to the pre-activation {a_f[t]} of a "
        "gate, {delta_h[t]} and {delta_c[t]} with respect to a state."
    )
    yield words.paragraph(
        "Other books and libraries write the same cells in other ways, and some of them have other "
        "equations:"
    )
    others = (name for name in convention_names() if name != TEXTBOOK)
    yield Table(
        (prose("convention"), prose("how it writes")),
        tuple((prose(name), _line(read_convention(name).line)) for name in (TEXTBOOK, *others)),
    )
    yield words.paragraph("When you read one of them, ask:")
    yield words.listing(
        (
            "Is the reset gate of the GRU applied before the matrix product (here), or after?",
            "Does its update gate at 1 replace the old state (here), or keep it?",
            "Has an affine map one bias (here), or two?",
            "In which order do the gates stand where their matrices are packed into one?",
        )
    )
    yield from _beside_the_notes(words)


def _beside_the_notes(words: Phrases) -> Iterator[Block]:
    """Say where the booklet writes otherwise than the course notes, and where it adds to them."""
    place = {name: place for place, name in enumerate(CHAPTERS, 2)}
    yield Heading("Beside the course notes", 1)
    yield words.paragraph(
        "The course notes call the size of a state `h`, as they call the state itself; here it is "
        "{n}. What they write 4(`h d + h² + h`) is {lstm}. They mark the two directions of a "
        "bidirectional network by `(f)` and `(b)`, where arrows stand here. On some matters they "
        "are short or silent. There this booklet says more:",
        lstm=counted("lstm"),
    )
    yield words.listing(
        (
            "The equations of the vanilla network, its readout, backpropagation through time: "
            f"chapters {place['vanilla']} and {place['bptt']}.",
            "Exploding gradients, clipping, truncation; and that the “more stable path” of the "
            f"LSTM can still vanish: chapter {place['gradient-flow']}.",
            "The LSTM has three gates and a candidate, where the notes list four gates: chapter "
            f"{place['lstm']}.",
            "In a bidirectional network every input feeds both chains: chapter "
            f"{place['bidirectional']}.",
            f"The equation of one layer of a stack: chapter {place['stacked']}.",
            "The number of parameters of a GRU; the LSTM's, “roughly” in the notes, is exact with "
            f"one bias for each map: chapter {place['params']}.",
            "An update gate near 0 keeps the old state in the notes and here; in most libraries "
            f"it is the other way round: chapter {place['compare']}.",
        )
    )
