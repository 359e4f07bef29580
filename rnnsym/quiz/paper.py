"""Papers: items drawn so that each depends on the seed, its kind and its place in the kind only."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from rnnsym.blocks import Block, Prose, Table, prose
from rnnsym.cell import load_cell
from rnnsym.document import Document, Question
from rnnsym.errors import InputError
from rnnsym.item import Item
from rnnsym.quiz import guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.registry import ARRANGEMENT, Kind, Parameters, kind_names, load_kind
from rnnsym.quiz.responses import answer_text
from rnnsym.version import VERSION

__all__ = ["ATTEMPTS", "MOST", "draw_item", "generate", "paper"]

T = TypeVar("T")
ATTEMPTS = 200
MOST = 10_000
"""Questions on one paper."""
ROUNDING = "Numbers: keep four decimals on the way, give three; a 5 rounds away from zero."


def generate(
    n: int, seed: int, kinds: Sequence[str] = (), cells: Sequence[str] = ()
) -> tuple[Item, ...]:
    """Return ``n`` different items, the kinds in turn.

    The k-th item of a kind depends on seed, kind, k and ``cells`` only: another kind, or a longer
    paper, changes none of them.

    Args:
        n: how many.
        seed: of every choice.
        kinds: names of kinds; none means all.
        cells: names or files of cells; none means the shipped ones.

    Raises:
        InputError: an unknown kind or cell, or more questions than there are.
    """
    for cell in cells:
        load_cell(cell)
    chosen = [load_kind(name) for name in dict.fromkeys(kinds or kind_names())]
    subjects = {kind: {s: kind.variants(s) for s in kind.subjects(cells)} for kind in chosen}
    known = {kind.name: sum(variants.values()) for kind, variants in subjects.items()}
    _check_number(n, sum(known.values()))
    series = {kind.name: _series(kind, subjects[kind], seed) for kind in chosen}
    return tuple(next(series[name]) for name in islice(_rounds(known, seed, "kinds"), n))


def _check_number(n: int, known: int) -> None:
    if n < 1:
        raise InputError(f"a paper has at least 1 question, not {n}")
    if n > known:
        raise InputError(f"{n} questions asked, but there are only {known} different ones")
    if n > MOST:
        raise InputError(f"{n} questions asked, but a paper has at most {MOST}")


def _rounds(known: Mapping[T, int], seed: int, name: str) -> Iterator[T]:
    """Yield each key of ``known`` as often as it says: in rounds, each once a round, shuffled."""
    for turn in range(max(known.values(), default=0)):
        left = [option for option, times in known.items() if times > turn]
        yield from Draw(seed, f"{name} {turn}").ranked("order", left)


def _series(kind: Kind, subjects: Mapping[Parameters, int], seed: int) -> Iterator[Item]:
    """Yield the items of one kind, no two equal by meaning."""
    seen: set[Parameters] = set()
    for place, subject in enumerate(_rounds(subjects, seed, kind.name)):
        item = draw_item(kind, subject, seed, place, seen)
        seen.add(meaning(item.parameters))
        yield item


def meaning(parameters: Parameters) -> Parameters:
    """Return what is asked: everything but which options are shown and in which order."""
    return tuple(p for p in parameters if p[0] != ARRANGEMENT)


def draw_item(
    kind: Kind, subject: Parameters, seed: int, place: int, seen: set[Parameters]
) -> Item:
    """Return the first fair item among the attempts at one place.

    Raises:
        InputError: none of the attempts is fair; names kind and seed.
    """
    draw = Draw(seed, f"{kind.name}/{place}")
    # Outside the attempts: the key's place must not depend on how often a draw was refused.
    arrangement = (ARRANGEMENT, str(draw.integer(ARRANGEMENT, 0, 9999)))
    reason = ""
    for _ in range(ATTEMPTS):
        parameters = kind.draw(subject, draw)
        draw = draw.again()
        if parameters in seen:
            reason = "each was drawn before"
            continue
        try:
            return fair(kind.make((*parameters, arrangement)))
        except guard.Unfair as unfair:
            reason = str(unfair)
    asked = ", ".join(value for _, value in subject)
    raise InputError(
        f"no fair question of kind '{kind.name}' about {asked} in {ATTEMPTS} draws "
        f"(seed {seed}, place {place}); the last one: {reason}"
    )


def fair(item: Item) -> Item:
    """Return ``item`` if the guard lets it pass.

    Raises:
        Unfair: the guard's reasons.
    """
    reasons = guard.check(item)
    if reasons:
        raise guard.Unfair("; ".join(reasons))
    return item


def paper(items: Sequence[Item], seed: int, *, solved: bool) -> Document:
    """Return the paper of ``items``, or with ``solved`` its key and a table of answers."""
    questions = tuple(Question(item, i, solved) for i, item in enumerate(items, 1))
    blocks: tuple[Block | Question, ...] = questions
    if solved:
        blocks = (_answers(items), *questions)
    name = f"quiz-seed{seed}" + ("-key" if solved else "")
    title = "Quiz on recurrent networks" + (": key" if solved else "")
    return Document(name, "paper", title, _lines(items, seed), blocks)


def _lines(items: Sequence[Item], seed: int) -> tuple[Prose, ...]:
    conventions = ", ".join(dict.fromkeys(item.convention for item in items))
    marks, minutes = sum(i.marks for i in items), sum(i.minutes for i in items)
    return (
        prose(f"Convention: {conventions}, as each question says."),
        prose(f"Seed {seed}, rnnsym {VERSION}. {marks} marks, {minutes} minutes."),
        prose(ROUNDING),
    )


def _answers(items: Sequence[Item]) -> Table:
    head = (prose("Question"), prose("Answer"), prose("Marks"), prose("Topic"), prose("Id"))
    cells = (
        (str(i), answer_text(item), str(item.marks), item.topic, item.id)
        for i, item in enumerate(items, 1)
    )
    rows = tuple(tuple(prose(cell) for cell in row) for row in cells)
    return Table(head, rows, "Answers")
