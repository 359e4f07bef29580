"""Items of several kinds, drawn in rounds: each kind once a round."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice

from rnnsym.errors import InputError
from rnnsym.item import Item
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import KindError, NoFairError, Source, drawn, suited
from rnnsym.quiz.registry import Kind
from rnnsym.quiz.selection import Asked, Selection, asked, themes

__all__ = ["MOST", "first", "generate", "in_turn"]

MOST = 10_000
"""Questions on one paper."""


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


def in_turn(
    selection: Selection,
    seed: int,
    paper: str,
    failed: Callable[[KindError], None] | None,
    source: Source = drawn,
) -> Iterator[Item]:
    """Yield items in rounds of kinds, each once a round, until every kind has run out.

    No two items ask the same. A kind that finds nothing fair leaves its place to the others.

    Raises:
        NoFairError: after the last item, why some kinds found nothing.
        KindError: a user's kind fails, and nobody is told.
    """
    taken: set[Asked] = set()
    reasons: list[str] = []
    admitted = selection.without(taken)
    left = {
        kind: suited(source(kind, admitted, seed, paper), kind, admitted)
        for kind in selection.kinds
    }

    def following(kind: Kind) -> Item | None:
        item = None
        try:
            item = next(left[kind], None)
        except KindError as error:
            if failed is None:
                raise
            failed(error)
        except NoFairError as error:
            reasons.append(str(error))
        if item is None:
            del left[kind]
        else:
            taken.update(asked(item))
        return item

    for turn in count():
        draw = Draw(seed, f"{paper}kinds {turn}")
        yield from _round(draw.ranked("order", left, lambda kind: kind.name), following)
        if not left:
            break
    if reasons:
        raise NoFairError("; ".join(reasons))


def _round(kinds: Sequence[Kind], following: Callable[[Kind], Item | None]) -> Iterator[Item]:
    """Yield an item of each kind that has one, the topics in turn.

    One on a theme that the round has had, such as clipping, comes last.
    """
    topics: dict[str, list[Kind]] = {}
    for kind in kinds:
        topics.setdefault(kind.topic, []).append(kind)
    had: set[str] = set()
    late: list[Item] = []
    while any(topics.values()):
        for waiting in topics.values():
            while waiting:
                item = following(waiting.pop(0))
                if item and had.isdisjoint(themes(item)):
                    had |= themes(item)
                    yield item
                    break
                if item:
                    late.append(item)
    yield from late
