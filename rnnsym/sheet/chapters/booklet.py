"""The booklet: all topics as chapters, in the order in which one learns them, and an index."""

from collections.abc import Iterator

from rnnsym.blocks import (
    Block,
    Contents,
    Heading,
    Listing,
    PageBreak,
    Paragraph,
    Table,
    prose,
)
from rnnsym.convention import TEXTBOOK, convention_names, read_convention
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.formula_index import formula_index
from rnnsym.sheet.topic import Topic, load_topic, numbered

__all__ = ["CHAPTERS", "sections"]

EVERYWHERE = frozenset(
    {
        "Symbols",
        "Local rules",
        "Gradients of the parameters",
        "Gradient of the input",
        "Gradients of the initial states",
        "Check",
        "Sources",
        "Questions",
        "Answers",
    }
)
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
    """Yield the booklet, headings of chapters at level 1."""
    yield from _introduction(about("lstm"))
    yield PageBreak()
    yield Contents()
    yield PageBreak()
    chapters = [block for place, topic in _chapters() for block in _chapter(place, topic)]
    yield from chapters
    yield Heading("Index of formulas", 1)
    yield Paragraph(prose("A number such as 5.3 is the third equation of chapter 5."))
    yield from formula_index(chapters)


def _chapters() -> Iterator[tuple[int, Topic]]:
    from rnnsym.sheet.chapters import why

    yield 1, Topic("why", "Why recurrent networks", "", why.sections)
    yield from ((place, load_topic(name)) for place, name in enumerate(CHAPTERS, 2))


def _chapter(place: int, topic: Topic) -> Iterator[Block]:
    yield Heading(f"{place}  {topic.title}", 1)
    yield from (_quiet(block) for block in numbered(topic.sections(), str(place)))
    yield PageBreak()


def _quiet(block: Block) -> Block:
    """Keep what every chapter has out of the table of contents."""
    if isinstance(block, Heading) and block.text in EVERYWHERE:
        return Heading(block.text, 3)
    return block


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
            "Answer the five questions at the end of a chapter; their answers are on a page of "
            "their own.",
            "The night before: the boxes “Common mistakes” and “Takeaways”, and the index of "
            "formulas at the end.",
        ),
        "numbers",
    )
    yield words.paragraph(
        "No formula here was typed in. Each was derived from the equations of the cells by rnnsym, "
        "and every gradient was compared with numbers before it was printed; each chapter says "
        "how. Where something is a rule of thumb and not a theorem it is marked as advice of the "
        "course notes."
    )
    yield Heading("Conventions", 1)
    yield words.paragraph(
        "Vectors are columns. {d} is the size of the input, {n} that of a state, {T} the number of "
        "steps. W stands before inputs, U before states, b is a bias; an index says which gate "
        "they belong to, as in {W_f}, {U_f}, {b_f}. ⊙ multiplies entry by entry, and squares of "
        "vectors are taken entry by entry. A gradient has the shape of what it is taken of; "
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
        tuple((prose(name), prose(read_convention(name).line)) for name in (TEXTBOOK, *others)),
    )
    yield Listing(
        (
            prose("The GRU: is the reset gate applied before the matrix product (here), or after?"),
            prose("Its update gate: does 1 replace the old state (here), or keep it?"),
            prose("Biases: one for each affine map (here), or two?"),
            prose("The order of the gates in packed matrices."),
        )
    )
