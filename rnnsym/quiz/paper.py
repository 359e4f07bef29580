"""Papers: which items stand on them, and how paper, key and answers are laid out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

from rnnsym.blocks import Block, Heading, Prose, Table, prose
from rnnsym.convention import TEXTBOOK, convention_names, read_convention
from rnnsym.document import Document, Question
from rnnsym.item import Item
from rnnsym.quiz.blueprint import Blueprint, fill
from rnnsym.quiz.draw import digest
from rnnsym.quiz.drawing import KindError, Source, drawn
from rnnsym.quiz.forms import alike, balanced
from rnnsym.quiz.responses import answer_text
from rnnsym.quiz.roster import Student
from rnnsym.quiz.selection import Asked, meaning
from rnnsym.sheet.naming import slug
from rnnsym.version import VERSION

__all__ = [
    "Paper",
    "answer_table",
    "answers_of_forms",
    "draw_papers",
    "paper",
    "paper_document",
]

ROUNDING = (
    "Numbers: keep four decimals on the way, give three, unless a question says otherwise; a 5 "
    "rounds away from zero. Show your working, on sheets of your own: most calculations have marks "
    "for the method too."
)
MARKS = {
    "M": "M for the method, also where a number in it is wrong",
    "A": "A for a right answer",
    "B": "B for what stands on its own",
}
CARRIED = (
    " An error carried forward costs once: what follows rightly from a wrong answer before it has"
    " full marks."
)


@dataclass(frozen=True)
class Paper:
    """One paper: its questions by section, and for which form or student it was drawn.

    ``kind_files`` tells where a user's kinds come from, by name; ``written`` holds questions that
    are written in JSON already, by id.
    """

    name: str
    seed: int
    sections: tuple[tuple[str, tuple[Item, ...]], ...]
    title: str = Blueprint.title
    form: str = ""
    student: Student | None = None
    kind_files: Mapping[str, str] = field(default_factory=dict[str, str])
    written: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def items(self) -> tuple[Item, ...]:
        """All questions in order."""
        return tuple(item for _, items in self.sections for item in items)


# Several papers


def draw_papers(
    blueprint: Blueprint,
    seed: int,
    forms: Sequence[str] = (),
    roster: Sequence[Student] = (),
    failed: Callable[[KindError], None] | None = None,
    source: Source = drawn,
) -> Iterator[Paper]:
    """Yield the papers of a blueprint: one, one for each form, or one for each student.

    A student's paper depends on seed, id and version alone; forms are of equal worth, question by
    question, and their key letters come equally often.

    Args:
        blueprint: what each holds.
        seed: of every choice.
        forms: their letters.
        roster: the students.
        failed: told of a user's kind that fails, while the others go on.
        source: where the items of each kind come from, but for the forms after the first.

    Raises:
        InputError: the blueprint cannot be filled.
        KindError: a user's kind fails, and nobody is told.
    """
    name = f"quiz-seed{seed}"
    kinds = {kind.name: kind for section in blueprint.sections for kind in section.selection.kinds}
    files = {kind.name: kind.file for kind in kinds.values() if kind.file}

    def drawn_for(paper: str) -> tuple[tuple[Item, ...], ...]:
        return fill(blueprint, seed, paper, failed, source)

    def made(stem: str, items: Sequence[tuple[Item, ...]], **of: Any) -> Paper:
        sections = _titled(blueprint, items)
        return Paper(stem, seed, sections, blueprint.title, kind_files=files, **of)

    if roster:
        for student in roster:
            own = drawn_for(f"student {student.id}/")
            yield made(f"{name}-{_stem(student.id)}", own, student=student)
        return
    if not forms:
        yield made(name, drawn_for(""))
        return
    first = drawn_for(f"form {forms[0]}/")
    earlier: set[Asked] = set()
    for form in forms:
        key = f"form {form}/"
        parts = first if form == forms[0] else alike(first, blueprint, seed, key, earlier)
        earlier |= {meaning(item) for items in parts for item in items}
        items = iter(balanced([i for items in parts for i in items], kinds, seed, key))
        even = tuple(tuple(islice(items, len(part))) for part in parts)
        yield made(f"{name}-{form}", even, form=form)


def _titled(
    blueprint: Blueprint, sections: Sequence[tuple[Item, ...]]
) -> tuple[tuple[str, tuple[Item, ...]], ...]:
    titles = (section.title for section in blueprint.sections)
    return tuple(zip(titles, sections, strict=True))


def _stem(identity: str) -> str:
    """Return a file's name for a student: two ids never share one."""
    plain = slug(identity)
    return plain if plain == identity else f"{plain}-{digest(identity, size=4).hex()}"


# Documents


def paper(items: Sequence[Item], seed: int, *, solved: bool) -> Document:
    """Return the paper of ``items``, or with ``solved`` its key and a table of answers."""
    return paper_document(Paper(f"quiz-seed{seed}", seed, (("", tuple(items)),)), solved=solved)


def paper_document(paper: Paper, *, solved: bool, schemes: bool = False) -> Document:
    """Return a paper, or with ``solved`` its key and a table of answers, as a document.

    ``schemes`` tells that marking schemes stand in it, as they do in every key.
    """
    blocks = tuple(_blocks(paper, solved))
    name = paper.name + ("-key" if solved else "")
    title = paper.title + (": key" if solved else "")
    lines = (*_lines(paper), *(_marking(paper.items) if solved or schemes else ()))
    return Document(name, "paper", title, lines, blocks)


def _blocks(paper: Paper, solved: bool) -> Iterator[Block | Question]:
    if solved:
        yield answer_table(paper.items)
    number = count(1)
    for title, items in paper.sections:
        if title:
            yield Heading(title, 2)
        for item in items:
            yield Question(item, next(number), solved)


def _lines(paper: Paper) -> Iterator[Prose]:
    """What a paper carries: for whom, convention, seed and version."""
    items = paper.items
    if paper.student:
        name = f", {paper.student.name}" if paper.student.name else ""
        yield prose(f"Student {paper.student.id}{name}")
    form = f"Form {paper.form}, " if paper.form else ""
    marks, minutes = sum(i.marks for i in items), sum(i.minutes for i in items)
    yield prose(_conventions(items))
    yield prose(f"{form}Seed {paper.seed}, rnnsym {VERSION}. {marks} marks, {minutes} minutes.")
    yield prose(ROUNDING)


def _conventions(items: Sequence[Item]) -> str:
    """Which conventions the questions are in, and where which of them holds."""
    used = {word for item in items for word in (item.convention, *item.tags)}
    others = [read_convention(n).title for n in convention_names() if n in used - {TEXTBOOK}]
    stated = " or ".join([", ".join(others[:-1]), others[-1]] if len(others) > 1 else others)
    if TEXTBOOK in used:
        unnamed = f"{read_convention(TEXTBOOK).title} where a question names no other"
        stated = f"{unnamed}; {stated} where it says so" if others else unnamed
    elif len(others) > 1:
        stated += " where a question says so"
    several = "s" if len(used & set(convention_names())) > 1 else ""
    return f"Convention{several}: {stated}."


def _marking(items: Sequence[Item]) -> Iterator[Prose]:
    """What the letters of marking schemes mean, where there are any."""
    parts = [part for item in items for part in item.parts]
    used = {mark.kind for part in parts for mark in part.scheme}
    meant = "; ".join(words for kind, words in MARKS.items() if kind in used)
    if meant:
        yield prose(f"Marks: {meant}.{CARRIED if any(part.carries for part in parts) else ''}")


def answer_table(items: Sequence[Item]) -> Table:
    """Return the answers of a paper for the person who marks."""
    head = ("Question", "Answer", "Marks", "Topic", "Id")
    cells = (
        (str(i), answer_text(item), str(item.marks), item.topic, item.id)
        for i, item in enumerate(items, 1)
    )
    rows = tuple(tuple(prose(cell) for cell in row) for row in cells)
    return Table(tuple(prose(h) for h in head), rows, "Answers")


def answers_of_forms(papers: Sequence[Paper]) -> Document:
    """Return the answers of all forms side by side."""
    head = ("Question", *(paper.form for paper in papers), "Marks")
    rows = tuple(
        tuple(prose(cell) for cell in (str(i), *map(answer_text, items), str(items[0].marks)))
        for i, items in enumerate(zip(*(paper.items for paper in papers), strict=True), 1)
    )
    first = papers[0]
    table = Table(tuple(prose(h) for h in head), rows, "Answers by form")
    lines = (prose(f"Seed {first.seed}, rnnsym {VERSION}."),)
    title = f"{first.title}: answers"
    return Document(f"quiz-seed{first.seed}-answers", "sheet", title, lines, (table,))
