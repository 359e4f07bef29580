"""Items of several numeric parts: what is worked in each, what goes wrong there, and the marks."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache

from rnnsym.blocks import Block, Equations, Paragraph, Prose, prose
from rnnsym.expr import Array, Map, arrays_in
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.by_hand import EXACT_RULE, RULE, SHOWN, WORKED, at_display, minutes_for, tolerance
from rnnsym.quiz.decimals import Place
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_blocks import given_blocks, method_marks, worked_lines
from rnnsym.quiz.forward_net import POOL, Net, Pool, place_of, read_values, run
from rnnsym.quiz.forward_seen import none_unseen
from rnnsym.quiz.forward_slips import Slipped
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.line_by_line import TIE
from rnnsym.quiz.numbers import Matrix, distance_to_tie, plain, rounded, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import none_at_zero, none_cancels, told_apart, unlike_start
from rnnsym.sheet.arithmetic import is_data
from rnnsym.sheet.worked_lines import Row

__all__ = [
    "LINES", "SHORT_RULE", "Ask", "Question", "build", "by_model", "forward_kind",
]  # fmt: skip

SHORT_RULE = f"Give {SHOWN} decimals."
WHOLE = Proof("the whole model in complex floats, by a tree walk of its equations", "≤ 1e-12")
LINES = Proof("each line again in complex floats, by a tree walk", "≤ 1e-12")
FEWEST = 4
"""Values that any number handed out may take, at least."""
LEAST = Decimal("0.02")
"""A smaller answer is hardly more than its tolerance."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """One part: the lines worked in it, what is filled in, what goes wrong.

    Attributes:
        rows: in order.
        asked: arrays among their targets.
        slips: misconceptions in these lines, everything before them right.
        hints: from the gentlest on.
        zero: whether 0 is an answer like any other.
    """

    rows: tuple[Row, ...]
    asked: tuple[Array, ...]
    slips: tuple[Slipped, ...]
    hints: tuple[Prose, ...] = ()
    zero: bool = False


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
        rule: how answers are rounded, "" where it is as everywhere.
        pool: what numbers are drawn from, where it is not the common one.
    """

    kind: str
    net: Net
    asks: tuple[Ask, ...]
    intro: tuple[Block, ...]
    level: int = 3
    whole: bool = True
    rule: str = ""
    pool: Pool = field(default_factory=lambda: POOL)

    @cached_property
    def exact(self) -> bool:
        """Whether there are but sums and products, so that nothing is rounded."""
        return not any(row.value.atoms(Map) for row in self.net.rows)

    def within(self, value: Decimal) -> Decimal:
        """Return how far off an answer may be: not at all, if the rule printed tells of nothing."""
        return Decimal(0) if self.exact or self.rule else tolerance(value)

    def counts(self, value: Decimal, answer: Decimal) -> bool:
        """Tell whether a number, as it is shown, counts for an answer."""
        return abs(rounded(value, SHOWN) - answer) <= self.within(answer)

    def drawn(self, draw: Draw) -> Parameters:
        """Return the numbers of one item."""
        return self.net.drawn(draw, self.pool)


def forward_kind(
    name: str,
    range_of: tuple[tuple[int, int], tuple[int, int]],
    subjects: Callable[[Sequence[str]], Sequence[Parameters]],
    about: Callable[[Parameters], Question],
) -> Kind:
    """Return the kind whose items are built of questions.

    Args:
        name: of the kind.
        range_of: lowest and highest level, fewest and most marks.
        subjects: as a kind has them; each names its "model" and its "convention".
        about: the question about a subject, also when numbers follow it; the same object at
            every call.
    """

    def variants(subject: Parameters) -> int:
        return int(FEWEST ** about(subject).net.entries)

    def draw(subject: Parameters, draw: Draw) -> Parameters:
        return (*subject, *about(subject).drawn(draw))

    def make(parameters: Parameters) -> Item:
        return build(about(parameters), parameters)

    levels, marks = range_of
    return Kind(name, "forward", "apply", levels, marks, subjects, variants, draw, make)


def by_model(question: Callable[[str], Question]) -> Callable[[Parameters], Question]:
    """Return ``question`` as ``forward_kind`` takes it, where the model is all it depends on."""
    return lambda parameters: question(dict(parameters)["model"])


def build(question: Question, parameters: Parameters) -> Item:
    """Return the item with these numbers.

    Raises:
        Unfair: rounding, a tie, a misconception that cannot be told, or a proof that fails.
    """
    net = question.net
    given = read_values(net, parameters)
    exact = run(net.rows, given, net.numbers)
    unlike_start(exact)
    none_at_zero(net.rows, exact)
    worked = run(net.rows, given, net.numbers, WORKED)
    key = _exact_key if question.exact else _key
    keys = [  # first: they refuse most draws
        {a: key(exact[place_of(a)], worked[place_of(a)]) for a in ask.asked}
        for ask in question.asks
    ]
    none_cancels(net.rows, exact, net.numbers)
    if question.whole:
        answers = {place_of(a): key for ask in keys for a, key in ask.items()}
        none_unseen(net, exact, answers, question.counts)
    blanks = [_blanks(question, *pair, exact) for pair in zip(question.asks, keys, strict=True)]
    if question.exact:
        worked = {place: _plain(matrix) for place, matrix in exact.items()}
    parts = tuple(_part(question, i, one, worked) for i, one in enumerate(blanks))
    (net.prove if question.whole else net.prove_lines)(given, exact)
    rule = question.rule or (EXACT_RULE if question.exact else RULE)
    return Item(
        id=identifier(question.kind, parameters),
        kind=question.kind,
        topic="forward",
        level=question.level,
        minutes=_minutes(question),
        convention=dict(parameters)["convention"],
        parameters=parameters,
        stem=(*question.intro, *given_blocks(net, given), Paragraph(prose(rule))),
        parts=parts,
        proof=WHOLE if question.whole else LINES,
        tags=(dict(parameters)["model"],),
    )


@lru_cache(maxsize=1024)
def _minutes(question: Question) -> int:
    rows = [row for ask in question.asks for row in ask.rows if not is_data(row.value)]
    return minutes_for((row.value for row in rows), question.net.numbers)


Keys = Mapping[Array, Matrix]


def _blanks(
    question: Question, ask: Ask, keys: Keys, exact: Mapping[Place, Matrix]
) -> tuple[Blank, ...]:
    wrong = _wrong(question, ask, exact, keys)
    blanks = tuple(
        Blank(_named(a, i, key), entry, question.within(entry), told_apart(wrong[a, i, j]))
        for a, key in keys.items()
        for i, row in enumerate(key)
        for j, entry in enumerate(row)
    )
    if not ask.zero and any(abs(blank.value) < LEAST for blank in blanks):
        raise Unfair("an answer is too small to be told from 0")
    return blanks


def _part(
    question: Question, place: int, blanks: tuple[Blank, ...], worked: Mapping[Place, Matrix]
) -> Part:
    ask = question.asks[place]
    scheme = _scheme(question.net, ask, blanks)
    return Part(
        stem=(Paragraph(prose("Compute ", *listed(ask.asked), ".")),),
        response=Numeric(blanks),
        marks=sum(mark.points for mark in scheme),
        solution=(Equations(tuple(worked_lines(ask.rows, question.net, worked))),),
        scheme=scheme,
        hints=ask.hints,
        carries=_carries(question, place),
    )


def _key(exact: Matrix, worked: Matrix) -> Matrix:
    """Return the answer as it is shown.

    Raises:
        Unfair: someone who rounds on the way finds another one, or a tie.
    """
    if at_display(exact) != at_display(worked):
        raise Unfair("rounding on the way changes the answer")
    if any(distance_to_tie(entry, SHOWN) < TIE for row in worked for entry in row):
        raise Unfair("the answer lies between two roundings")
    return at_display(worked)


def _exact_key(exact: Matrix, _worked: Matrix) -> Matrix:
    """Return an answer that is not rounded.

    Raises:
        Unfair: it has too many decimals.
    """
    if at_display(exact) != exact:
        raise Unfair("the answer is no number for paper")
    return _plain(exact)


def _plain(matrix: Matrix) -> Matrix:
    return tuple(tuple(map(plain, row)) for row in matrix)


Wrong = Mapping[tuple[Array, int, int], Sequence[WrongNumber]]


def _wrong(question: Question, ask: Ask, exact: Mapping[Place, Matrix], keys: Keys) -> Wrong:
    """What each misconception gives for each entry that it changes.

    Raises:
        Unfair: one changes nothing that can be told from the key.
    """
    found = defaultdict[tuple[Array, int, int], list[WrongNumber]](list)
    for slip in ask.slips:
        then = run(slip.rows, exact, question.net.numbers, reads=slip.reads)
        told = False
        for a, key in keys.items():
            for i, row in enumerate(at_display(then[place_of(a)])):
                for j, entry in enumerate(row):
                    if not question.counts(entry, key[i][j]):
                        told = True
                        number = plain(entry) if question.exact else entry
                        found[a, i, j].append(WrongNumber(number, slip.name, slip.why))
        if not told:
            raise Unfair(f"'{slip.name}' gives the key")
    return found


def _named(array: Array, i: int, key: Matrix) -> Prose:
    entries = len(key) * len(key[0])
    return prose(array) if entries == 1 else prose(f"entry {i + 1} of ", array)


def _scheme(net: Net, ask: Ask, blanks: Sequence[Blank]) -> tuple[Mark, ...]:
    """One mark for every answer, and those for the method where there are affine maps."""
    answers = (Mark(1, "A", prose(*b.label, f" = {_accepted(b)}")) for b in blanks)
    return (*method_marks(ask.rows, net), *answers)


def _accepted(blank: Blank) -> str:
    about = f" ± {shown(blank.tolerance)}" if blank.tolerance else ""
    return f"{shown(blank.value)}{about}"


@lru_cache(maxsize=1024)
def _carries(question: Question, place: int) -> tuple[int, ...]:
    """The parts whose lines this part's lines read."""
    made = {
        place_of(row.target): before
        for before, ask in enumerate(question.asks[:place])
        for row in ask.rows
    }
    read = (place_of(a) for row in question.asks[place].rows for a in arrays_in(row.value))
    return tuple(sorted({made[p] for p in read if p in made}))
