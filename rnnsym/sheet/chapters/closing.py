"""How a chapter ends: what was checked, sources, questions, and on a new page their answers."""

from collections.abc import Iterator, Sequence
from math import log10

from rnnsym.blocks import Block, Heading, Listing, PageBreak, Paragraph, Prose, prose
from rnnsym.expr import Symbol
from rnnsym.numeric.check import TOLERANCE
from rnnsym.sheet.model_sheet import sources
from rnnsym.sheet.study import Study

__all__ = ["checked", "closing", "question_list"]


def closing(
    studies: Sequence[Study],
    questions: Sequence[tuple[Prose, Prose]],
    further: Sequence[str] = (),
) -> Iterator[Block]:
    """Yield the end of a chapter.

    Args:
        studies: the models it is about, all checked.
        questions: each with its answer.
        further: sources beside those of the cells.
    """
    yield Heading("Check", 2)
    yield Paragraph(checked([str(study.system.model) for study in studies]))
    yield Heading("Sources", 2)
    cells = [item for b in sources(*studies) if isinstance(b, Listing) for item in b.items]
    yield Listing((*cells, *(prose(f"{source}.") for source in further)))
    yield from question_list(questions)


def question_list(questions: Sequence[tuple[Prose, Prose]]) -> Iterator[Block]:
    """Yield questions, and on a page of their own the answers."""
    yield Heading("Questions", 2)
    yield Listing(tuple(question for question, _ in questions), "numbers")
    yield PageBreak()
    yield Heading("Answers", 2)
    yield Listing(tuple(answer for _, answer in questions), "numbers")


def checked(models: Sequence[str]) -> Prose:
    """Say that these models have passed their check: without it their study would not be."""
    return prose(
        f"In the run that printed this every gradient of {'; '.join(models)} was computed on "
        "random numbers "
        "and compared with the complex step of the forward equations: largest relative error ≤ ",
        Symbol("10") ** round(log10(TOLERANCE)),
        ".",
    )  # fmt: skip
