"""Items of one kind, each drawn by seed, paper, kind, subject and the subject's turn alone.

A longer paper, another kind, another subject or another paper changes no item.
"""

from collections.abc import Callable, Container, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeAlias

from rnnsym.errors import InputError, RnnsymError
from rnnsym.item import Item
from rnnsym.quiz import guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.limits import time_limit
from rnnsym.quiz.registry import ARRANGEMENT, Kind, Parameters
from rnnsym.quiz.selection import Selection, meaning, nothing_about

__all__ = [
    "KindError", "NoFairError", "Source", "attempts", "draw_item", "drawn", "fair", "guarded",
    "known_subjects", "series", "suited", "turns",
]  # fmt: skip

Source: TypeAlias = Callable[[Kind, Selection, int, str], Iterator[Item]]
"""Where the items of a kind come from, for a selection's cells, a seed and a paper."""

ATTEMPTS = 200
UNSUITED = 40
"""So many items of a kind in a row that the selection refuses, for each subject, end a series."""


class KindError(RnnsymError):
    """A kind of a user's own raised, ran too long, or made something that is no fair item."""


class NoFairError(InputError):
    """A kind has no subject, or no draw about a subject is fair."""


def turns(
    kind: Kind, known: Mapping[Parameters, int], seed: int, paper: str = ""
) -> Iterator[tuple[int, Parameters, Draw]]:
    """Yield each subject as often as ``known`` says, in rounds, each once a round, shuffled.

    With each come the number of the round and a draw that no other subject has a part in.
    """
    name = f"{paper}{kind.name}"
    for turn in range(max(known.values(), default=0)):
        left = [subject for subject, times in known.items() if times > turn]
        for subject in Draw(seed, f"{name} {turn}").ranked("order", left, _text):
            words = "/".join(value for _, value in subject)
            yield turn, subject, Draw(seed, f"{name}/{words}/{turn}")


@lru_cache(maxsize=8192)
def _text(subject: Parameters) -> str:
    """Return what a subject's lot is drawn for: all papers of a roster draw it anew."""
    return str(subject)


def series(kind: Kind, selection: Selection, seed: int, paper: str = "") -> Iterator[Item]:
    """Yield the items of one kind that a selection admits, no two equal by meaning.

    Args:
        kind: of which kind.
        selection: what may be asked.
        seed: of every choice.
        paper: a name that tells papers of one seed apart, such as a form or a student.

    Raises:
        KindError: a user's kind fails.
        NoFairError: the kind has no subject, or no draw about one is fair.
    """
    return suited(drawn(kind, selection, seed, paper), kind, selection)


def suited(items: Iterator[Item], kind: Kind, selection: Selection) -> Iterator[Item]:
    """Yield those of a kind's items that a selection admits, until it hardly does so any more."""
    unsuited = 0
    for item in items:
        if selection.admits(item):
            unsuited = 0
            yield item
            continue
        unsuited += 1
        # A process that does not draw itself knows no subjects, and seldom needs to.
        if unsuited > UNSUITED and unsuited > UNSUITED * len(known_subjects(kind, selection.cells)):
            return


def drawn(kind: Kind, selection: Selection, seed: int, paper: str = "") -> Iterator[Item]:
    """Yield the items of one kind about a selection's cells, whether it admits them or not.

    So they depend on no other kind. No two are equal by meaning.

    Raises:
        KindError: a user's kind fails.
        NoFairError: the kind has no subject, or no draw about one is fair.
    """
    with guarded(kind, f"seed {seed}"):
        known = known_subjects(kind, selection.cells)
        reason = nothing_about(kind, selection.cells) if selection.cells and not known else ""
    if reason:
        raise NoFairError(reason)
    seen: set[Parameters] = set()
    spent: set[Parameters] = set()
    for turn, subject, draw in turns(kind, known, seed, paper):
        if subject in spent:
            continue
        try:
            item = draw_item(kind, subject, draw, seen)
        except NoFairError:
            if not turn:
                raise
            spent.add(subject)
            continue
        seen.add(meaning(item)[1])
        yield item


@lru_cache(maxsize=256)
def known_subjects(kind: Kind, cells: tuple[str, ...]) -> Mapping[Parameters, int]:
    """Return how often each subject of a kind may be asked about; those of no variant are left out.

    The papers of a roster all ask it.
    """
    numbers = {subject: kind.variants(subject) for subject in kind.subjects(cells)}
    return {subject: number for subject, number in numbers.items() if number}


def draw_item(kind: Kind, subject: Parameters, draw: Draw, seen: Container[Parameters]) -> Item:
    """Return the first fair item among the attempts of one turn.

    Raises:
        NoFairError: none of the attempts is fair; names kind and seed.
        KindError: a user's kind fails.
    """
    reason = ""
    for outcome in attempts(kind, subject, draw, seen):
        if isinstance(outcome, Item):
            return outcome
        reason = outcome
    raise NoFairError(
        f"no fair question of kind '{kind.name}' in {ATTEMPTS} draws "
        f"(seed {draw.seed}, {draw.question}); the last one: {reason}"
    )


def attempts(
    kind: Kind, subject: Parameters, draw: Draw, seen: Container[Parameters] = ()
) -> Iterator[Item | str]:
    """Yield why each draw was refused, and last the item that was not.

    Raises:
        KindError: a user's kind fails.
    """
    where = f"seed {draw.seed}, {draw.question}"
    # Outside the attempts: the key's place must not depend on how often a draw was refused.
    arrangement = (ARRANGEMENT, str(draw.integer(ARRANGEMENT, 0, 9999)))
    for _ in range(ATTEMPTS):
        try:
            with guarded(kind, where):
                parameters = kind.draw(subject, draw)
                if parameters not in seen:
                    yield fair(kind.make((*parameters, arrangement)))
                    return
            yield "each was drawn before"
        except guard.Unfair as unfair:
            yield str(unfair)
        draw = draw.again()


@contextmanager
def guarded(kind: Kind, where: str) -> Generator[None, None, None]:
    """Run what a user's kind does: limited in time, its errors named.

    Raises:
        KindError: it raised, or ran too long.
    """
    try:
        with time_limit(kind.name if kind.file else ""):
            yield
    except guard.Unfair:
        raise
    except Exception as error:
        if not kind.file:
            raise
        what = f"{type(error).__name__}: {error}"
        raise KindError(f"kind '{kind.name}' ({kind.file}) failed, {what} ({where})") from error


def fair(item: Item) -> Item:
    """Return ``item`` if the guard lets it pass.

    Raises:
        Unfair: the guard's reasons.
    """
    reasons = guard.check(item)
    if reasons:
        raise guard.Unfair("; ".join(reasons))
    return item
