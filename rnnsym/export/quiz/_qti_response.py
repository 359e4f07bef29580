"""A response in QTI 2.1: how it is declared, shown and scored, and remarks on answers."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from functools import singledispatch
from itertools import pairwise

from rnnsym.blocks import Prose
from rnnsym.export.quiz._flow import flow
from rnnsym.export.quiz._numbered import one_line, plain
from rnnsym.export.quiz._package import element
from rnnsym.item import (
    LETTERS,
    Choice,
    FormulaAnswer,
    Matching,
    Numeric,
    Open,
    Ordering,
    Words,
)
from rnnsym.record import record

__all__ = ["Asked", "Judged", "asked_in_qti", "shares", "value", "variable"]

LINES = 3
CENT = Decimal("0.01")
MILLIONTH = Decimal("0.000001")
SLACK = Decimal("1e-9")
"""For programs that compare binary numbers: 0.55 is 0.005 from 0.545."""


@record
class Judged:
    """How the answer in one response variable is judged, once there is one.

    Attributes:
        name: of the variable.
        scored: expressions that are true for what earns marks, and these marks.
        mapped: whether its declaration says what each of its values earns.
        remarks: expressions that are true for an answer, and what is said to it.
    """

    name: str
    scored: tuple[tuple[ET.Element, Decimal], ...] = ()
    mapped: bool = False
    remarks: tuple[tuple[ET.Element, Prose], ...] = ()


@record
class Asked:
    """What one response becomes: its variables, blocks with their fields, and their judgement."""

    declared: tuple[ET.Element, ...]
    shown: tuple[ET.Element, ...]
    judged: tuple[Judged, ...] = ()


def shares(marks: int, among: int) -> list[Decimal]:
    """Return marks in shares that differ by a hundredth at most and add up to them.

    >>> [str(share) for share in shares(2, 3)]
    ['0.67', '0.66', '0.67']
    """
    sums = [(Decimal(marks) * i / among).quantize(CENT) for i in range(among + 1)]
    return [after - before for before, after in pairwise(sums)]


def variable(name: str) -> ET.Element:
    """Return the expression for what a variable holds."""
    return element("variable", identifier=name)


def value(kind: str, text: str) -> ET.Element:
    """Return the expression for a constant."""
    return element("baseValue", text, baseType=kind)


@singledispatch
def asked_in_qti(response: object, name: str, marks: int) -> Asked:
    """Return what a response becomes; ``name`` is unique in its item.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no QTI for a {type(response).__name__}")


def _declared(
    name: str, cardinality: str, kind: str, right: Sequence[str], *mapping: ET.Element
) -> ET.Element:
    key = element("correctResponse", *(element("value", text) for text in right))
    return element(
        "responseDeclaration", *([key] if right else []), *mapping,
        identifier=name, cardinality=cardinality, baseType=kind,
    )  # fmt: skip


def _mapping(marks: int, worth: dict[str, Decimal]) -> ET.Element:
    """What each value earns; never less than nothing in all, nor more than the marks."""
    entries = (element("mapEntry", mapKey=key, mappedValue=plain(x)) for key, x in worth.items())
    return element("mapping", *entries, lowerBound="0", upperBound=str(marks), defaultValue="0")


@asked_in_qti.register
def _(response: Choice, name: str, marks: int) -> Asked:
    letters = LETTERS[: len(response.options)]
    lettered = list(zip(letters, response.options, strict=True))
    shown = element(
        "choiceInteraction",
        *(element("simpleChoice", *_pieces(o.content), identifier=x) for x, o in lettered),
        responseIdentifier=name, shuffle="false", maxChoices="0" if response.several else "1",
    )  # fmt: skip
    chosen, choice = variable(name), value
    if not response.several:
        declared = _declared(name, "single", "identifier", response.key)
        right = element("match", chosen, element("correct", identifier=name))
        remarks = tuple(
            (element("match", chosen, choice("identifier", x)), option.why)
            for x, option in lettered
        )
        judged = Judged(name, ((right, Decimal(marks)),), remarks=remarks)
        return Asked((declared,), (shown,), (judged,))
    mapping = _mapping(marks, _worth(response, letters, marks))
    declared = _declared(name, "multiple", "identifier", response.key, mapping)
    remarks = tuple(
        (element("member", choice("identifier", x), chosen), option.why) for x, option in lettered
    )
    return Asked((declared,), (shown,), (Judged(name, mapped=True, remarks=remarks),))


def _worth(response: Choice, letters: str, marks: int) -> dict[str, Decimal]:
    """All right options together earn the marks, and all wrong ones lose them."""
    right = len(response.key)
    wrong = len(letters) - right
    gain = (Decimal(marks) / right).quantize(MILLIONTH, ROUND_CEILING)
    loss = (Decimal(-right) * gain / wrong).quantize(MILLIONTH) - MILLIONTH if wrong else Decimal()
    return {x: gain if x in response.key else loss for x in letters}


@asked_in_qti.register
def _(response: Numeric, name: str, marks: int) -> Asked:
    names = [f"{name}-{place}" for place in range(1, len(response.blanks) + 1)]
    declared: list[ET.Element] = []
    shown: list[ET.Element] = []
    judged: list[Judged] = []
    earned = shares(marks, len(names))
    for field, blank, share in zip(names, response.blanks, earned, strict=True):
        declared.append(_declared(field, "single", "float", [plain(blank.value)]))
        shown.append(element("p", *_pieces(blank.label), " = ", _field(field)))
        right = _near(field, blank.value, blank.tolerance)
        wrong = ((_near(field, slip.value, blank.tolerance), slip.why) for slip in blank.wrong)
        judged.append(Judged(field, ((right, share),), remarks=tuple(wrong)))
    return Asked(tuple(declared), tuple(shown), tuple(judged))


def _near(field: str, number: Decimal, tolerance: Decimal) -> ET.Element:
    """Two comparisons: players know them better than ``equal`` with a tolerance."""
    within = tolerance + SLACK
    above = element("gte", variable(field), value("float", plain(number - within)))
    below = element("lte", variable(field), value("float", plain(number + within)))
    return element("and", above, below)


def _field(name: str, length: int = 10) -> ET.Element:
    return element("textEntryInteraction", responseIdentifier=name, expectedLength=str(length))


def _pieces(content: Prose) -> Iterator[ET.Element | str]:
    """Yield prose, as ``element`` takes it."""
    holder = flow(content)
    yield holder.text or ""
    for child in holder:
        tail, child.tail = child.tail or "", None
        yield child
        yield tail


@asked_in_qti.register
def _(response: Matching, name: str, marks: int) -> Asked:
    prompts = [f"P{place}" for place in range(1, len(response.pairs) + 1)]
    answers = {text: f"A{place}" for place, text in enumerate(response.shown, 1)}
    key = [f"{p} {answers[a]}" for p, (_, a) in zip(prompts, response.pairs, strict=True)]
    left = (
        element("simpleAssociableChoice", *_pieces(prompt), identifier=x, matchMax="1")
        for x, (prompt, _) in zip(prompts, response.pairs, strict=True)
    )
    right = (
        element("simpleAssociableChoice", text, identifier=x, matchMax="0")
        for text, x in answers.items()
    )
    shown = element(
        "matchInteraction", element("simpleMatchSet", *left), element("simpleMatchSet", *right),
        responseIdentifier=name, shuffle="false", maxAssociations=str(len(prompts)),
    )  # fmt: skip
    mapping = _mapping(marks, dict(zip(key, shares(marks, len(key)), strict=True)))
    declared = _declared(name, "multiple", "directedPair", key, mapping)
    return Asked((declared,), (shown,), (Judged(name, mapped=True),))


@asked_in_qti.register
def _(response: Ordering, name: str, marks: int) -> Asked:
    steps = [f"S{place}" for place in range(1, len(response.steps) + 1)]
    choices = (
        element("simpleChoice", *_pieces(response.steps[place]), identifier=steps[place])
        for place in response.shown
    )
    shown = element("orderInteraction", *choices, responseIdentifier=name, shuffle="false")
    scored = tuple(
        (element("match", element("index", variable(name), n=str(place)),
                 value("identifier", step)), share)
        for place, (step, share) in enumerate(zip(steps, shares(marks, len(steps)), strict=True), 1)
    )  # fmt: skip
    declared = _declared(name, "ordered", "identifier", steps)
    return Asked((declared,), (shown,), (Judged(name, scored),))


@asked_in_qti.register
def _(response: Words, name: str, marks: int) -> Asked:
    accepted = [one_line(word) for word in response.accepted]
    right = (
        element("stringMatch", variable(name), value("string", word), caseSensitive="false")
        for word in accepted
    )
    declared = _declared(name, "single", "string", accepted[:1])
    shown = element("p", "Answer: ", _field(name, 30))
    judged = Judged(name, ((element("or", *right), Decimal(marks)),))
    return Asked((declared,), (shown,), (judged,))


@asked_in_qti.register
def _(response: FormulaAnswer | Open, name: str, marks: int) -> Asked:
    del marks
    lines = response.lines if isinstance(response, Open) else LINES
    shown = element(
        "extendedTextInteraction", responseIdentifier=name, expectedLines=str(max(lines, LINES))
    )
    return Asked((_declared(name, "single", "string", ()),), (shown,))
