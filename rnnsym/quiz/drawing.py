"""Items drawn so that each depends on seed, paper, kind and its place in the kind, and on no other.

A longer paper, another kind or another paper changes no item.
"""

from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeVar

from rnnsym.cell import load_cell
from rnnsym.errors import InputError, RnnsymError, one_of
from rnnsym.item import Item
from rnnsym.quiz import guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.limits import time_limit
from rnnsym.quiz.registry import ARRANGEMENT, TOPICS, Kind, Parameters, kind_names, load_kind

__all__ = [
    "LEVELS", "MOST", "NOTHING", "KindError", "NoFairError", "Selection", "attempts", "draw_item",
    "fair", "generate", "guarded", "meaning", "rounds", "series",
]  # fmt: skip

T = TypeVar("T")
ATTEMPTS = 200
MOST = 10_000
"""Questions on one paper."""
LEVELS = (1, 5)
UNSUITED = 40
"""So many items of a kind in a row that the selection refuses, for each subject, end a series."""


NOTHING: frozenset[tuple[str, Parameters]] = frozenset()


class KindError(RnnsymError):
    """A kind of a user's own raised, ran too long, or made something that is no fair item."""


class NoFairError(InputError):
    """No draw about a subject is fair."""


@dataclass(frozen=True)
class Selection:
    """What questions may be drawn.

    Attributes:
        kinds: of these kinds.
        cells: about these cells; none means those that are taught.
        levels: from the lowest to the highest level.
        used: meanings (see ``meaning``) that are not asked again.
    """

    kinds: tuple[Kind, ...]
    cells: tuple[str, ...] = ()
    levels: tuple[int, int] = LEVELS
    used: Container[tuple[str, Parameters]] = NOTHING

    @classmethod
    def of(
        cls,
        kinds: Sequence[str] = (),
        topics: Sequence[str] = (),
        cells: Sequence[str] = (),
        levels: tuple[int, int] = LEVELS,
        used: Container[tuple[str, Parameters]] = NOTHING,
    ) -> "Selection":
        """Return a selection by names; no kinds and no topics mean all, cells those about cells.

        Raises:
            InputError: an unknown kind, topic or cell, or levels that no such kind has.
        """
        for cell in cells:
            load_cell(cell)
        topics = [one_of("topic", topic, TOPICS) for topic in topics]
        named = kinds or kind_names()
        loaded = [load_kind(name) for name in dict.fromkeys(named)]
        chosen = [k for k in loaded if not topics or k.topic in topics]
        if cells and not kinds:
            chosen = [k for k in chosen if k.subjects(cells) != k.subjects(())]
        low, high = levels
        fitting = tuple(k for k in chosen if k.level[0] <= high and k.level[1] >= low)
        if not fitting:
            what = ", ".join(topics or kinds) or "any kind"
            raise InputError(f"no questions of {what} at level {low} to {high}")
        return cls(fitting, tuple(cells), levels, used)

    def admits(self, item: Item) -> bool:
        """Tell whether an item may be asked."""
        low, high = self.levels
        return low <= item.level <= high and meaning(item) not in self.used


def meaning(item: Item) -> tuple[str, Parameters]:
    """Return what is asked: all but which options are shown and in which order."""
    return item.kind, _asked(item.parameters)


def _asked(parameters: Parameters) -> Parameters:
    return tuple(p for p in parameters if p[0] != ARRANGEMENT)


def rounds(known: Mapping[T, int], seed: int, name: str) -> Iterator[T]:
    """Yield each key of ``known`` as often as it says: in rounds, each once a round, shuffled."""
    for turn in range(max(known.values(), default=0)):
        left = [option for option, times in known.items() if times > turn]
        yield from Draw(seed, f"{name} {turn}").ranked("order", left)


def series(kind: Kind, selection: Selection, seed: int, paper: str = "") -> Iterator[Item]:
    """Yield the items of one kind that a selection admits, no two equal by meaning.

    Args:
        kind: of which kind.
        selection: what may be asked.
        seed: of every choice.
        paper: a name that tells papers of one seed apart, such as a form or a student.

    Raises:
        KindError: a user's kind fails.
        InputError: no draw about a subject is fair.
    """
    name = f"{paper}{kind.name}"
    with guarded(kind, f"seed {seed}"):
        known = {s: kind.variants(s) for s in kind.subjects(selection.cells)}
    seen: set[Parameters] = set()
    unsuited = 0
    for place, subject in enumerate(rounds(known, seed, name)):
        item = draw_item(kind, subject, Draw(seed, f"{name}/{place}"), seen)
        seen.add(_asked(item.parameters))
        if selection.admits(item):
            unsuited = 0
            yield item
            continue
        unsuited += 1
        if unsuited > UNSUITED * len(known):
            return


def draw_item(kind: Kind, subject: Parameters, draw: Draw, seen: Container[Parameters]) -> Item:
    """Return the first fair item among the attempts at one place.

    Raises:
        NoFairError: none of the attempts is fair; names kind and seed.
        KindError: a user's kind fails.
    """
    reason = ""
    for outcome in attempts(kind, subject, draw, seen):
        if isinstance(outcome, Item):
            return outcome
        reason = outcome
    asked = ", ".join(value for _, value in subject)
    raise NoFairError(
        f"no fair question of kind '{kind.name}' about {asked} in {ATTEMPTS} draws "
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
    """Yield items in rounds of kinds, each once a round, until every kind has run out.

    A kind that finds nothing fair about a cell leaves its place to the others.
    """
    unfair: NoFairError | None = None
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
            except NoFairError as error:
                unfair, item = error, None
            if item is None:
                del left[name]
            else:
                yield item
        if not left:
            if unfair is not None and len(selection.kinds) == 1:
                raise unfair
            return
