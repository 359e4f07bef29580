"""Papers: which items stand on them, and how paper and key are laid out."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice

from rnnsym.blocks import Block, Heading, Prose, Table, prose
from rnnsym.document import Document, Question
from rnnsym.errors import InputError
from rnnsym.item import Item
from rnnsym.quiz.drawing import KindError, Selection, rounds, series
from rnnsym.quiz.responses import answer_text
from rnnsym.version import VERSION

__all__ = ["MOST", "answer_table", "generate", "paper"]

MOST = 10_000
"""Questions on one paper."""
ROUNDING = "Numbers: keep four decimals on the way, give three; a 5 rounds away from zero."


def generate(
    selection: Selection,
    n: int,
    seed: int,
    paper: str = "",
    failed: Callable[[KindError], None] | None = None,
) -> tuple[Item, ...]:
    """Return ``n`` different items, the kinds in turn.

    Args:
        selection: what may be asked.
        n: how many.
        seed: of every choice.
        paper: tells papers of one seed apart.
        failed: told of a user's kind that fails, while the others go on; without it, one that
            fails stops everything.

    Raises:
        InputError: fewer such questions exist; says how many.
        KindError: a user's kind fails.
    """
    if n < 1:
        raise InputError(f"a paper has at least 1 question, not {n}")
    if n > MOST:
        raise InputError(f"{n} questions asked, but a paper has at most {MOST}")
    found = tuple(islice(_in_turn(selection, seed, paper, failed), n))
    if len(found) < n:
        raise InputError(f"{n} questions asked, but there are only {len(found)} different ones")
    return found


def _in_turn(
    selection: Selection, seed: int, paper: str, failed: Callable[[KindError], None] | None
) -> Iterator[Item]:
    """Yield items in rounds of kinds, each once a round, until every kind has run out."""
    left = {kind.name: series(kind, selection, seed, paper) for kind in selection.kinds}
    for turn in count():
        for name in rounds(dict.fromkeys(left, 1), seed, f"{paper}kinds {turn}"):
            try:
                item = next(left[name], None)
            except KindError as error:
                if failed is None:
                    raise
                failed(error)
                item = None
            if item is None:
                del left[name]
            else:
                yield item
        if not left:
            return


def paper(
    items: Sequence[Item],
    seed: int,
    *,
    solved: bool,
    name: str = "",
    title: str = "Quiz on recurrent networks",
    lines: Sequence[Prose] = (),
    sections: Sequence[tuple[str, int]] = (),
) -> Document:
    """Return the paper of ``items``, or with ``solved`` its key and a table of answers.

    Args:
        items: its questions.
        seed: they were drawn with.
        solved: whether this is the key.
        name: the stem of its file.
        title: its title.
        lines: further lines under the title, such as form and student.
        sections: title and number of questions of each section, in order.
    """
    questions = [Question(item, i, solved) for i, item in enumerate(items, 1)]
    blocks = tuple(_sectioned(questions, sections))
    if solved:
        blocks = (answer_table(items), *blocks)
    stem = (name or f"quiz-seed{seed}") + ("-key" if solved else "")
    heading = title + (": key" if solved else "")
    return Document(stem, "paper", heading, (*lines, *_lines(items, seed)), blocks)


def _sectioned(
    questions: Sequence[Question], sections: Sequence[tuple[str, int]]
) -> Iterator[Block | Question]:
    start = 0
    for title, number in sections:
        yield Heading(title, 2)
        yield from questions[start : start + number]
        start += number
    yield from questions[start:]


def _lines(items: Sequence[Item], seed: int) -> tuple[Prose, ...]:
    conventions = ", ".join(dict.fromkeys(item.convention for item in items))
    marks, minutes = sum(i.marks for i in items), sum(i.minutes for i in items)
    return (
        prose(f"Convention: {conventions}, as each question says."),
        prose(f"Seed {seed}, rnnsym {VERSION}. {marks} marks, {minutes} minutes."),
        prose(ROUNDING),
    )


def answer_table(items: Sequence[Item]) -> Table:
    """Return the answers of a paper for the person who marks."""
    head = ("Question", "Answer", "Marks", "Topic", "Id")
    cells = (
        (str(i), answer_text(item), str(item.marks), item.topic, item.id)
        for i, item in enumerate(items, 1)
    )
    rows = tuple(tuple(prose(cell) for cell in row) for row in cells)
    return Table(tuple(prose(h) for h in head), rows, "Answers")
