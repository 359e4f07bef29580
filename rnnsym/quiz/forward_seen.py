"""Whether the answers show a mistake, in whatever line and step it is made."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import chain

from rnnsym.expr import Array, arrays_in
from rnnsym.quiz.by_hand import UNIT
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.forward_net import Net, Pass, lines_of, place_of
from rnnsym.quiz.forward_slips import again, cell_slips, crossed, shortened, transposed
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import Line, working
from rnnsym.quiz.numbers import Matrix
from rnnsym.sheet.worked_lines import Row

__all__ = ["none_unseen"]

ENOUGH = 12
"""Digits that tell a number with three decimals from another."""
Changes = Mapping[Array, Row]
"""Lines as a mistake leaves them, by what they are the lines of."""


def none_unseen(
    net: Net,
    known: Mapping[Place, Matrix],
    before: Iterable[Place],
    keys: Mapping[Place, Matrix],
    within: Callable[[Decimal], Decimal],
) -> None:
    """Make every mistake of the net's cells that shows in these answers if it shows anywhere.

    It is made at each step where it can be made, and at all of them.

    Args:
        net: the lines.
        known: what is given, and every line up to the answers worked without a mistake.
        before: where earlier answers are kept: what changes one of these has been looked at.
        keys: the answers.
        within: how far off an answer may be.

    Raises:
        Unfair: one changes answers, and all of them count.
    """
    with localcontext(prec=ENOUGH):
        reaching = _reaching(net, frozenset(before), frozenset(keys))
        far = {place: _limits(key, within) for place, key in keys.items()}
        for nth, (name, lines) in enumerate(reaching):
            then = dict(known)
            for line in working(lines, then):
                at = line.place
                if at in far and not _all_count(then[at], far[at]):
                    break
            else:
                reaching.insert(0, reaching.pop(nth))  # it is the likeliest to hide again
                raise Unfair(f"'{name}' leaves every answer as it is")


@lru_cache(maxsize=1024)
def _reaching(
    net: Net, before: frozenset[Place], now: frozenset[Place]
) -> list[tuple[str, tuple[Line, ...]]]:
    """Return each mistake that reaches these answers first: its name, and its lines up to them."""
    found = dict[tuple[Row, ...], str]()
    for name, rows in _mistakes(net):
        places = [place_of(row.target) for row in rows]
        if now.intersection(places) and not before.intersection(places):
            last = max(i for i, place in enumerate(places) if place in now)
            found.setdefault(rows[: last + 1], name)
    return [(name, lines_of(rows, net.numbers)) for rows, name in found.items()]


Limits = list[tuple[Decimal, Decimal]]
"""Each entry of an answer, and what is further from it before it is rounded does not count."""


def _limits(key: Matrix, within: Callable[[Decimal], Decimal]) -> Limits:
    return [(entry, within(entry) + UNIT / 2) for row in key for entry in row]


def _all_count(found: Matrix, limits: Limits) -> bool:
    pairs = zip(chain.from_iterable(found), limits, strict=True)
    return all(abs(value - right) <= far for value, (right, far) in pairs)


@lru_cache(maxsize=256)
def _mistakes(net: Net) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """Return each mistake's name, and the lines that come out otherwise than without it."""
    alike = defaultdict[Hashable, list[tuple[str, Changes]]](list)
    for one in net.passes():
        nth = Counter[Hashable]()
        for name, changed in _in_step(net, one):
            lines = (name, *((a.name, a.family, a.layer) for a in changed))
            alike[lines, nth[lines]].append((name, changed))
            nth[lines] += 1
    found = dict[tuple[Row, ...], str]()
    for steps in alike.values():
        name = steps[0][0]
        together = dict(pair for _, changed in steps for pair in changed.items())
        for changed in (*(changed for _, changed in steps), together):
            found.setdefault(tuple(_followed(net, changed)), name)
    return tuple((name, rows) for rows, name in found.items())


def _in_step(net: Net, one: Pass) -> Iterator[tuple[str, Changes]]:
    """Yield each mistake that can be made in the lines of one step."""
    loop, layer, time, lines = one
    right = {row.target: row for row in lines if row in net.rows}
    rows = tuple(right.values())
    if not rows:
        return
    for slip in (
        *cell_slips(net, loop, layer, time, rows),
        *again(net, loop, layer, time, rows),
        *(slip for row in rows for slip in (*crossed(net, row), *transposed(net, row))),
        *(slip for row in rows for slip in shortened(row)),
    ):
        changed = {row.target: row for row in slip.rows if row != right[row.target]}
        if changed:
            yield slip.name, changed


def _followed(net: Net, changed: Changes) -> Iterator[Row]:
    """Yield the changed lines and those that read what they give, in order."""
    other = set[Place]()
    for row in net.rows:
        if row.target in changed or any(place_of(a) in other for a in arrays_in(row.value)):
            other.add(place_of(row.target))
            yield changed.get(row.target, row)
