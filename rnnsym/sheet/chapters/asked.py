"""Questions of a sheet, and on a page of their own the answers."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import Block, Heading, Listing, PageBreak, Prose

__all__ = ["asked"]


def asked(questions: Sequence[tuple[Prose, Prose]]) -> Iterator[Block]:
    """Yield the questions, then the answers in the same order.

    Args:
        questions: each with its answer.
    """
    yield Heading("Questions", 2)
    yield Listing(tuple(question for question, _ in questions), "numbers")
    yield PageBreak()
    yield Heading("Answers", 2)
    yield Listing(tuple(answer for _, answer in questions), "numbers")
