"""Items drawn so that each depends on seed, paper, kind, subject and the subject's turn alone.

A longer paper, another kind, another subject or another paper changes no item.
"""

from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count, islice, zip_longest
from typing import TypeAlias

from rnnsym.errors import InputError, RnnsymError
from rnnsym.item import Item
from rnnsym.quiz import guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.limits import time_limit
from rnnsym.quiz.registry import ARRANGEMENT, Kind, Parameters
from rnnsym.quiz.selection import Asked, Selection, asked, meaning, nothing_about

__all__ = [
    "MOST", "KindError", "NoFairError", "Source", "attempts", "draw_item", "drawn", "fair", "first",
    "generate", "guarded", "in_turn", "known_subjects", "series", "turns",
]  # fmt: skip

Source: TypeAlias = Callable[[Kind, Selection, int, str], Iterator[Item]]
"""Where the items of a kind come from, for a selection's cells, a seed and a paper."""

ATTEMPTS = 200
MOST = 10_000
"""Questions on one paper."""
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
        for subject in Draw(seed, f"{name} {turn}").ranked("order", left):
            words = "/".join(value for _, value in subject)
            yield turn, subject, Draw(seed, f"{name}/{words}/{turn}")


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
    return _admitted(drawn(kind, selection, seed, paper), kind, selection)


def _admitted(items: Iterator[Item], kind: Kind, selection: Selection) -> Iterator[Item]:
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
                draw = draw.again()
                if parameters not in seen:
                    yield fair(kind.make((*parameters, arrangement)))
                    return
            yield "each was drawn before"
        except guard.Unfair as unfair:
            yield str(unfair)


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


def generate(
    selection: Selection,
    n: int,
    seed: int,
    paper: str = "",
    failed: Callable[[KindError], None] | None = None,
    source: Source = drawn,
) -> tuple[Item, ...]:
    """Return ``n`` questions, no two of which ask the same, the kinds in turn.

    Args:
        selection: what may be asked.
        n: how many.
        seed: of every choice.
        paper: tells papers of one seed apart.
        failed: told of a user's kind that fails, while the others go on; without it, one that
            fails stops everything.
        source: where the items of each kind come from.

    Raises:
        InputError: fewer such questions exist; says how many.
        KindError: a user's kind fails.
    """
    if n < 1:
        raise InputError(f"a paper has at least 1 question, not {n}")
    if n > MOST:
        raise InputError(f"{n} questions asked, but a paper has at most {MOST}")
    found, why = first(in_turn(selection, seed, paper, failed, source), n)
    if len(found) < n:
        once = " if no claim and no count stands in two" if any(i.asks for i in found) else ""
        raise InputError(
            f"{n} different questions asked, of which there are only {len(found)}{once}{why}"
        )
    return found


def first(items: Iterator[Item], n: int) -> tuple[tuple[Item, ...], str]:
    """Return the first ``n`` items, and where there are fewer, why some kinds had none."""
    found: list[Item] = []
    try:
        for item in islice(items, n):
            found.append(item)
    except NoFairError as error:
        return tuple(found), f": {error}"
    return tuple(found), ""


def _topics_in_turn(kinds: Sequence[Kind], draw: Draw) -> list[str]:
    """Return the names of kinds shuffled, no topic twice before each other one that is left."""
    by_topic: dict[str, list[str]] = {}
    for kind in draw.ranked("order", kinds, lambda kind: kind.name):
        by_topic.setdefault(kind.topic, []).append(kind.name)
    return [name for names in zip_longest(*by_topic.values()) for name in names if name]


def in_turn(
    selection: Selection,
    seed: int,
    paper: str,
    failed: Callable[[KindError], None] | None,
    source: Source = drawn,
) -> Iterator[Item]:
    """Yield items in rounds of kinds, each once a round, until every kind has run out.

    In a round the topics take turns. No two items ask the same. A kind that finds nothing fair
    leaves its place to the others.

    Raises:
        NoFairError: after the last item, why some kinds found nothing.
        KindError: a user's kind fails, and nobody is told.
    """
    taken: set[Asked] = set()
    reasons: list[str] = []
    admitted = selection.without(taken)
    left = {
        kind.name: _admitted(source(kind, admitted, seed, paper), kind, admitted)
        for kind in selection.kinds
    }
    for turn in count():
        kinds = [kind for kind in selection.kinds if kind.name in left]
        for name in _topics_in_turn(kinds, Draw(seed, f"{paper}kinds {turn}")):
            item = None
            try:
                item = next(left[name], None)
            except KindError as error:
                if failed is None:
                    raise
                failed(error)
            except NoFairError as error:
                reasons.append(str(error))
            if item is None:
                del left[name]
            else:
                taken.update(asked(item))
                yield item
        if not left:
            break
    if reasons:
        raise NoFairError("; ".join(reasons))
