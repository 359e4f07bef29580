"""Items of several numeric parts: what is worked in each, what goes wrong there, and the marks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from math import prod

from rnnsym.blocks import Block, Equations, Paragraph, Prose, prose
from rnnsym.expr import Array, Map, Node, Product, arrays_in
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.decimals import Numbers, Place, sized
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_blocks import given_blocks, worked_lines
from rnnsym.quiz.forward_net import POOL, Net, Pool, place_of, read_values, run
from rnnsym.quiz.forward_slips import Slipped
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, distance_to_tie, rounded, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.step import SHOWN, TIE, WORKED, at_display
from rnnsym.quiz.wrong_numbers import told_apart
from rnnsym.sheet.arithmetic import is_data
from rnnsym.sheet.worked_lines import Row

__all__ = [
    "LINES", "SHORT_RULE", "Ask", "Question", "build", "by_model", "forward_kind", "tolerance",
]  # fmt: skip

RULE = (
    f"Keep {WORKED} decimals on the way and give {SHOWN}; a 5 rounds away from zero. An answer "
    "about 1 % off still counts."
)
SHORT_RULE = f"Give {SHOWN} decimals."
WHOLE = Proof("the whole model in complex floats, by a tree walk of its equations", "≤ 1e-12")
LINES = Proof("each line again in complex floats, by a tree walk", "≤ 1e-12")
FEWEST = 4
"""Values that any number handed out may take, at least."""
LEAST = Decimal("0.02")
"""A smaller answer is hardly more than its tolerance."""
UNIT = Decimal(1).scaleb(-SHOWN)


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


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What all items about one subject share.

    Attributes:
        kind: the name of the kind.
        net: the lines, and what they read.
        asks: the parts.
        intro: the model, its equations and its convention.
        level: 1 to 5.
        whole: whether the net is all of its model, so that the proof runs the model itself.
        rule: how answers are rounded.
        pool: what numbers are drawn from, where it is not the common one.
    """

    kind: str
    net: Net
    asks: tuple[Ask, ...]
    intro: tuple[Block, ...]
    level: int = 3
    whole: bool = True
    rule: str = RULE
    pool: Pool = field(default_factory=lambda: POOL)

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
    exact, worked = (run(net.rows, given, net.numbers, places) for places in (None, WORKED))
    keys = [_keys(ask, exact, worked) for ask in question.asks]  # first: they refuse most draws
    blanks = [_blanks(*pair, net, exact) for pair in zip(question.asks, keys, strict=True)]
    parts = tuple(_part(question, i, one, worked) for i, one in enumerate(blanks))
    (net.prove if question.whole else net.prove_lines)(given, exact)
    values = dict(parameters)
    return Item(
        id=identifier(question.kind, parameters),
        kind=question.kind,
        topic="forward",
        level=question.level,
        minutes=_minutes(question),
        convention=values["convention"],
        parameters=parameters,
        stem=(*question.intro, *given_blocks(net, given), Paragraph(prose(question.rule))),
        parts=parts,
        proof=WHOLE if question.whole else LINES,
        tags=(values["model"],),
    )


@lru_cache(maxsize=1024)
def _minutes(question: Question) -> int:
    rows = [row for ask in question.asks for row in ask.rows if not is_data(row.value)]
    return 2 + round(sum(_work(row.value, question.net.numbers) for row in rows))


def _work(value: Node, numbers: Numbers) -> float:
    """A minute with a function in it, half of one without; a quarter for each entry more."""
    products = (node.children[0] for node in value.atoms(Product))
    more = (prod(sized(node.shape, numbers)) - 1 for node in (value, *products))
    return (1 if value.atoms(Map) else 0.5) + sum(more) / 4


Keys = Mapping[Array, Matrix]


def _keys(ask: Ask, exact: Mapping[Place, Matrix], worked: Mapping[Place, Matrix]) -> Keys:
    return {a: _key(exact[place_of(a)], worked[place_of(a)]) for a in ask.asked}


def _blanks(ask: Ask, keys: Keys, net: Net, exact: Mapping[Place, Matrix]) -> tuple[Blank, ...]:
    wrong = _wrong(ask, net, exact, keys)
    blanks = tuple(
        _blank(a, i, j, entry, len(key) * len(key[0]), wrong)
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
    marks, scheme = _scheme(ask, blanks)
    return Part(
        stem=(Paragraph(prose("Compute ", *listed(ask.asked), ".")),),
        response=Numeric(blanks),
        marks=marks,
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


Wrong = dict[tuple[Array, int, int], list[WrongNumber]]


def _wrong(ask: Ask, net: Net, exact: Mapping[Place, Matrix], keys: Keys) -> Wrong:
    """What each misconception gives for each entry that it changes.

    Raises:
        Unfair: one changes nothing that can be told from the key.
    """
    found: Wrong = {}
    for slip in ask.slips:
        then = run(slip.rows, exact, net.numbers, reads=slip.reads)
        told = False
        for a, key in keys.items():
            for i, row in enumerate(at_display(then[place_of(a)])):
                for j, entry in enumerate(row):
                    if abs(entry - key[i][j]) > tolerance(key[i][j]):
                        told = True
                        number = WrongNumber(entry, slip.name, slip.why)
                        found.setdefault((a, i, j), []).append(number)
        if not told:
            raise Unfair(f"'{slip.name}' gives the key")
    return found


def _blank(
    array: Array, i: int, j: int, value: Decimal, entries: int, wrong: Wrong
) -> Blank:  # fmt: skip
    named = prose(array) if entries == 1 else prose(f"entry {i + 1} of ", array)
    return Blank(named, value, tolerance(value), told_apart(wrong.get((array, i, j), ())))


def tolerance(value: Decimal) -> Decimal:
    """Return how far off an answer still counts: 1 %, and two units of the last decimal at least.

    >>> tolerance(Decimal("0.731")), tolerance(Decimal("-0.020"))
    (Decimal('0.007'), Decimal('0.002'))
    """
    return max(rounded(abs(value) / 100, SHOWN), 2 * UNIT)


def _scheme(ask: Ask, blanks: Sequence[Blank]) -> tuple[int, tuple[Mark, ...]]:
    """One mark for the method and one for every answer, three answers at most counted apart."""
    lines = "line" if len(ask.asked) == 1 else "lines"
    method = Mark(1, "M", prose(f"the numbers put into the {lines} of ", *listed(ask.asked)))
    if len(blanks) > 3:
        said = prose("all answers within their tolerance; 1 where one is off")
        return 3, (method, Mark(2, "A", said))
    answers = (
        Mark(1, "A", prose(*b.label, f" = {shown(b.value)} ± {shown(b.tolerance)}")) for b in blanks
    )
    return 1 + len(blanks), (method, *answers)


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
