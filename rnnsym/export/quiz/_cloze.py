"""Moodle's Cloze: several answers within one text, such as ``{2:NUMERICAL:=0.46:0.001#Yes}``."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import singledispatch
from math import gcd, lcm

from markupsafe import Markup

from rnnsym.blocks import Paragraph, Prose, prose
from rnnsym.export.quiz._numbered import instruction, plain
from rnnsym.export.quiz._rich import Blocks, joined, rich, tagged, words
from rnnsym.item import LETTERS, Choice, Item, Matching, Numeric, Ordering, Part, Words
from rnnsym.quiz.responses import part_name

__all__ = ["cloze", "fits_cloze", "scale"]

GAP_SIGN = re.compile(r"\{(?=\s*\d*:|#)")


def fits_cloze(item: Item) -> bool:
    """Tell whether all parts can be answered within one text."""
    return all(_fits(part) for part in item.parts)


def _fits(part: Part) -> bool:
    match part.response:
        case Choice(several=several):
            return not several
        case Words(accepted):
            return not any(sign in word for word in accepted for sign in "~\\&<>")
        case Numeric() | Matching() | Ordering():
            return True
        case _:
            return False


def scale(item: Item) -> int:
    """Return by what marks are multiplied so that each gap gets a whole number of them."""
    gaps = [(part.marks, _gaps(part)) for part in item.parts]
    return lcm(*(count // gcd(marks, count) for marks, count in gaps))


def _gaps(part: Part) -> int:
    match part.response:
        case Numeric(blanks):
            return len(blanks)
        case Matching(pairs):
            return len(pairs)
        case Ordering(steps):
            return len(steps)
        case _:
            return 1


def cloze(item: Item) -> Markup:
    """Return the whole question with its gaps."""
    parts = (piece for place in range(len(item.parts)) for piece in _part(item, place))
    return joined([_asked(item.stem), *parts])


def _asked(blocks: Blocks) -> Markup:
    """Return what is asked, in which no gap can begin."""
    return Markup(GAP_SIGN.sub("&#123;", rich(blocks)))


def _part(item: Item, place: int) -> Iterator[Markup]:
    part = item.parts[place]
    if len(item.parts) > 1:
        yield rich((Paragraph(prose(part_name(place))),))
    yield _asked((*part.stem, *instruction(part.response)))
    yield _gapped(part.response, part.marks * scale(item) // _gaps(part))


@singledispatch
def _gapped(response: object, weight: int) -> Markup:
    """Return the gaps of a response, each of some weight.

    Raises:
        TypeError: it does not fit; names it.
    """
    raise TypeError(f"no Cloze for a {type(response).__name__}")


@_gapped.register
def _(response: Choice, weight: int) -> Markup:
    # A drop-down list shows no maths; the solution names options by their letters.
    answers = [
        _answer(100 * o.correct, rich((f"{letter}. ", *o.content)), o.why)
        for letter, o in zip(LETTERS, response.options, strict=False)
    ]
    return _row(_gap(weight, "MULTICHOICE_V", answers))


@_gapped.register
def _(response: Numeric, weight: int) -> Markup:
    rows: list[Markup] = []
    for blank in response.blanks:
        answers = [_number(100, blank.value, blank.tolerance, ())]
        answers += (_number(0, w.value, blank.tolerance, w.why) for w in blank.wrong)
        rows.append(_row(rich((*blank.label, " = ")), _gap(weight, "NUMERICAL", answers)))
    return joined(rows)


@_gapped.register
def _(response: Matching, weight: int) -> Markup:
    rows = (
        _row(rich((*prompt, ": ")), _list(weight, answer, response.shown))
        for prompt, answer in response.pairs
    )
    return joined(rows)


@_gapped.register
def _(response: Ordering, weight: int) -> Markup:
    places = [str(i + 1) for i in range(len(response.steps))]
    rows = (
        _row(_list(weight, places[shown], places), rich((" ", *response.steps[shown])))
        for shown in response.shown
    )
    return joined(rows)


@_gapped.register
def _(response: Words, weight: int) -> Markup:
    answers = [_answer(100, words(word), ()) for word in response.accepted]
    return _row(_gap(weight, "SHORTANSWER", answers))


def _row(*parts: Markup) -> Markup:
    return tagged("p", joined(parts))


def _list(weight: int, right: str, shown: Sequence[str]) -> Markup:
    answers = [_answer(100 * (text == right), words(text), ()) for text in shown]
    return _gap(weight, "MULTICHOICE", answers)


def _gap(weight: int, kind: str, answers: Sequence[str]) -> Markup:
    return Markup(f"{{{weight}:{kind}:{'~'.join(answers)}}}")


def _number(percent: int, value: Decimal, tolerance: Decimal, why: Prose) -> str:
    return _answer(percent, Markup(f"{plain(value)}:{plain(tolerance)}"), why)


def _answer(percent: int, text: Markup, why: Prose) -> str:
    feedback = f"#{_quoted(rich(why))}" if why else ""
    return f"%{percent}%{_quoted(text)}{feedback}"


def _quoted(text: str) -> str:
    """Escape what ends an answer; a tilde cannot be, and is shown by a sign that looks like it."""
    quoted = str(text).replace("}", r"\}").replace("#", r"\#").replace("~", "∼")
    return f"{quoted} " if quoted.endswith("\\") else quoted
