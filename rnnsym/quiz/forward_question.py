"""A forward question: what is asked, and its lines worked as far as their numbers are fair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from rnnsym.blocks import Block, Equations, Prose
from rnnsym.expr import Array, Map
from rnnsym.quiz.by_hand import LEAST, SHOWN, WORKED, at_display, tolerance
from rnnsym.quiz.decimals import Place, precise
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_draws import POOL, Pool, draw_along
from rnnsym.quiz.forward_net import Net, lines_of, place_of, rounding_to, run
from rnnsym.quiz.forward_seen import none_unseen
from rnnsym.quiz.forward_slips import Slipped
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import TIE, Line, working
from rnnsym.quiz.numbers import Matrix, distance_to_tie, plain, rounded
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.wrong_numbers import all_bend, none_cancels, unlike_start
from rnnsym.sheet.worked_lines import Row

__all__ = ["ROUNDED", "Ask", "Keys", "Question", "Values", "Worked", "without_zeros"]

ROUNDED = rounding_to(WORKED)
Values = Mapping[Place, Matrix]
Keys = Mapping[Array, Matrix]
"""The answers of a part."""
NOTHING: Values = MappingProxyType({})


class Worked(NamedTuple):
    """Lines worked exactly, and by someone who rounds each, and the answers among them."""

    exact: Values = NOTHING
    rounded: Values = NOTHING
    answers: Values = NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """One part: the lines worked in it, what is filled in, what goes wrong.

    Attributes:
        rows: in order.
        asked: arrays among their targets.
        slips: misconceptions in these lines, everything before them right.
        hints: from the gentlest on.
        zero: whether 0 is an answer like any other.
        entry: which one is asked of each array, from 0 on; None for all of them.
    """

    rows: tuple[Row, ...]
    asked: tuple[Array, ...]
    slips: tuple[Slipped, ...]
    hints: tuple[Prose, ...] = ()
    zero: bool = False
    entry: int | None = None

    def entries(self, matrix: Matrix) -> Iterator[tuple[int, int, Decimal]]:
        """Yield the entries asked of an array, each with its row and column."""
        for i, row in enumerate(matrix):
            if self.entry in {None, i}:
                yield from ((i, j, entry) for j, entry in enumerate(row))


@dataclass(frozen=True, eq=False)
class Question:
    """What all items about one subject share.

    Attributes:
        kind: the name of the kind.
        net: the lines, and what they read.
        asks: the parts.
        intro: the model, its equations and its convention.
        level: 1 to 5.
        whole: whether the net is all of its model, so that the proof runs the model itself.
        theme: what it is about besides its model, "" for nothing that other kinds ask too.
        rule: how answers are rounded, "" where it is as everywhere.
        pool: what numbers are drawn from, where it is not the common one.
    """

    kind: str
    net: Net
    asks: tuple[Ask, ...]
    intro: tuple[Block, ...]
    level: int = 3
    whole: bool = True
    theme: str = ""
    rule: str = ""
    pool: Pool = field(default_factory=lambda: POOL)
    _latest: list[Worked] = field(init=False, default_factory=list[Worked])

    @cached_property
    def exact(self) -> bool:
        """Whether there are but sums and products, so that nothing is rounded."""
        return not any(row.value.atoms(Map) for row in self.net.rows)

    def within(self, value: Decimal) -> Decimal:
        """Return how far off an answer may be: not at all, if the rule printed tells of nothing."""
        return Decimal(0) if self.exact or self.rule else tolerance(value)

    def _near(self, value: Decimal, answer: Decimal) -> bool:
        """Tell whether a number counts for an answer; an exact one is no slip of the pen off."""
        within = tolerance(answer) if self.exact else self.within(answer)
        return abs(rounded(value, SHOWN) - answer) <= within

    @cached_property
    def asked(self) -> Mapping[Array, Ask]:
        """The arrays that are asked, each with its part."""
        return {array: ask for ask in self.asks for array in ask.asked}

    @cached_property
    def printed(self) -> frozenset[str]:
        """The names on the left of the equations printed."""
        lines = (x for block in self.intro if isinstance(block, Equations) for x in block.lines)
        return frozenset(x.lhs.name for x in lines if isinstance(x.lhs, Array))

    @cached_property
    def lines(self) -> Sequence[Line]:
        """All lines, ready to be worked."""
        return lines_of(self.net.rows, self.net.numbers)

    def drawn(self, draw: Draw, fixed: Values = NOTHING) -> Parameters:
        """Return the numbers of one item; those ``fixed`` were drawn elsewhere.

        Raises:
            Unfair: no fair ones were found.
        """

        def follow(lines: Sequence[Line], given: Values, before: Worked | None) -> Worked:
            exact, by_hand, answers = before or Worked()
            now = Worked({**exact, **given}, {**by_hand, **given}, answers)
            stages.append(self.work(lines, now))
            return stages[-1]

        stages: list[Worked] = []
        drawn = draw_along(self.net, draw, self.pool, follow, fixed)
        self._latest[:] = stages[-1:]
        return drawn

    def worked(self, given: Values) -> Worked:
        """Return all lines worked; those just drawn are worked already, and looked at closer.

        Raises:
            Unfair: as ``work``.
        """
        for latest in self._latest:
            if given.items() <= latest.exact.items():
                return latest
        return self.work(self.lines, Worked(given, given))

    def misled(
        self, ask: Ask, exact: Values, keys: Keys
    ) -> Iterator[tuple[Slipped, tuple[Array, int, int], Decimal]]:
        """Yield what each misconception of a part gives for each entry where it does not count.

        Raises:
            Unfair: it changes no entry, or it changes one and counts there; where nothing is
                rounded, it nearly gives any.
        """
        for slip in ask.slips:
            then = run(slip.rows, exact, self.net.numbers, reads=slip.reads)
            told = False
            for a, key in keys.items():
                right = exact[place_of(a)]
                for i, j, value in ask.entries(then[place_of(a)]):
                    if not self._near(value, key[i][j]):
                        told = True
                        yield slip, (a, i, j), rounded(value, SHOWN)
                    elif self.exact or rounded(value, WORKED) != rounded(right[i][j], WORKED):
                        raise Unfair(f"'{slip.name}' nearly gives the key")
            if not told:
                raise Unfair(f"'{slip.name}' gives the key")

    def work(self, lines: Sequence[Line], before: Worked) -> Worked:
        """Work some lines on what is known before.

        Raises:
            Unfair: a number hides a mistake, or is not for paper.
        """
        net, now = self.net, dict[Place, Matrix]()
        exact, by_hand = dict(before.exact), dict(before.rounded)
        rounding = working(lines, by_hand, ROUNDED)
        with precise():
            for line in working(lines, exact):
                place = line.place
                all_bend(net, place, exact[place])
                next(rounding)
                if line.target in self.asked:
                    now[place] = self._answer(line.target, exact[place], by_hand[place])
                    self._unlike_other_steps(place, now[place], {**before.answers, **now})
                none_cancels(net, exact, place)
            unlike_start(exact)
            if self.whole:
                none_unseen(net, exact, before.answers, now, self.within)
        return Worked(exact, by_hand, {**before.answers, **now})

    def _answer(self, array: Array, exact: Matrix, by_hand: Matrix) -> Matrix:
        key = (_exact_key if self.exact else _key)(exact, by_hand)
        if not self.asked[array].zero and any(abs(e) < LEAST for row in key for e in row):
            raise Unfair("an answer is too small to be told from 0")
        return key

    def _unlike_other_steps(self, place: Place, key: Matrix, answers: Values) -> None:
        """Look for an answer that counts for that of the same array at another step.

        Raises:
            Unfair: there is one; who works a step again, or copies, is right by chance.
        """
        for other, matrix in answers.items():
            if other[:-1] == place[:-1] and other != place:
                pairs = zip(chain.from_iterable(key), chain.from_iterable(matrix), strict=True)
                if any(self._near(a, b) or self._near(b, a) for a, b in pairs):
                    raise Unfair("an answer counts for another step's")


def _key(exact: Matrix, by_hand: Matrix) -> Matrix:
    """Return the answer as it is shown.

    Raises:
        Unfair: someone who rounds on the way finds another one, or a tie.
    """
    if at_display(exact) != at_display(by_hand):
        raise Unfair("rounding on the way changes the answer")
    if any(distance_to_tie(entry, SHOWN) < TIE for row in by_hand for entry in row):
        raise Unfair("the answer lies between two roundings")
    return at_display(by_hand)


def _exact_key(exact: Matrix, _by_hand: Matrix) -> Matrix:
    """Return an answer that is not rounded.

    Raises:
        Unfair: it has too many decimals.
    """
    if at_display(exact) != exact:
        raise Unfair("the answer is no number for paper")
    return without_zeros(exact)


def without_zeros(matrix: Matrix) -> Matrix:
    """Return exact numbers as they are printed."""
    return tuple(tuple(map(plain, row)) for row in matrix)
