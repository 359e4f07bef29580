"""Items of several numeric parts: what is worked in each, what goes wrong there, and the marks."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from rnnsym.blocks import Equations, Paragraph, Prose, prose
from rnnsym.expr import Array, arrays_in
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof, WrongNumber
from rnnsym.quiz.by_hand import EXACT_RULE, RULE, SHOWN, minutes_for
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_blocks import given_blocks, method_marks, worked_lines
from rnnsym.quiz.forward_net import place_of, read_values
from rnnsym.quiz.forward_question import Ask, Keys, Question, Values, without_zeros
from rnnsym.quiz.numbers import Matrix, plain, shown
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart
from rnnsym.sheet.arithmetic import is_data

__all__ = [
    "LINES", "SHORT_RULE", "build", "by_model", "forward_kind",
]  # fmt: skip

SHORT_RULE = f"Give {SHOWN} decimals."
WHOLE = Proof("the whole model in complex floats, by a tree walk of its equations", "≤ 1e-12")
LINES = Proof("each line again in complex floats, by a tree walk", "≤ 1e-12")
FEWEST = 4
"""Values that any number handed out may take, at least."""


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
    exact, worked, answers = question.worked(given)
    blanks = [_blanks(question, ask, answers, exact) for ask in question.asks]
    if question.exact:
        worked = {place: without_zeros(matrix) for place, matrix in exact.items()}
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
        tags=(dict(parameters)["model"], *((question.theme,) if question.theme else ())),
    )


@lru_cache(maxsize=1024)
def _minutes(question: Question) -> int:
    rows = [row for ask in question.asks for row in ask.rows if not is_data(row.value)]
    return minutes_for((row.value for row in rows), question.net.numbers)


def _blanks(question: Question, ask: Ask, answers: Values, exact: Values) -> tuple[Blank, ...]:
    keys = {a: answers[place_of(a)] for a in ask.asked}
    wrong = _wrong(question, ask, exact, keys)
    return tuple(
        Blank(_named(a, i, key), entry, question.within(entry), told_apart(wrong[a, i, j]))
        for a, key in keys.items()
        for i, j, entry in ask.entries(key)
    )


def _part(question: Question, place: int, blanks: tuple[Blank, ...], worked: Values) -> Part:
    ask = question.asks[place]
    scheme = _scheme(question, ask, blanks)
    which, then = ("", " and ") if ask.entry is None else (f"entry {ask.entry + 1} of ", " and of ")
    return Part(
        stem=(Paragraph(prose(f"Compute {which}", *listed(ask.asked, then), ".")),),
        response=Numeric(blanks),
        marks=sum(mark.points for mark in scheme),
        solution=(Equations(tuple(worked_lines(ask.rows, question.net, worked))),),
        scheme=scheme,
        hints=ask.hints,
        carries=_carries(question, place),
    )


Wrong = Mapping[tuple[Array, int, int], Sequence[WrongNumber]]


def _wrong(question: Question, ask: Ask, exact: Values, keys: Keys) -> Wrong:
    """What each misconception gives for each entry that it changes."""
    found = defaultdict[tuple[Array, int, int], list[WrongNumber]](list)
    for slip, at, entry in question.misled(ask, exact, keys):
        number = plain(entry) if question.exact else entry
        found[at].append(WrongNumber(number, slip.name, slip.why))
    return found


def _named(array: Array, i: int, key: Matrix) -> Prose:
    entries = len(key) * len(key[0])
    return prose(array) if entries == 1 else prose(f"entry {i + 1} of ", array)


def _scheme(question: Question, ask: Ask, blanks: Sequence[Blank]) -> tuple[Mark, ...]:
    """One mark for every answer, and those for the method where there are affine maps."""
    answers = (Mark(1, "A", prose(*b.label, f" = {_accepted(b)}")) for b in blanks)
    return (*method_marks(ask.rows, question.net, question.printed), *answers)


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
