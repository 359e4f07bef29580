"""One question of one part in QTI 1.2, as Canvas reads it."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import singledispatch

from rnnsym.blocks import Prose
from rnnsym.export.quiz._numbered import one_line, plain, solution_blocks, whole_stem
from rnnsym.export.quiz._package import element
from rnnsym.export.quiz._rich import rich
from rnnsym.item import (
    LETTERS,
    Blank,
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Ordering,
    Words,
)
from rnnsym.record import record

__all__ = ["NEAREST", "bounds", "item_xml"]

ASKED = "response1"
NEAREST = Decimal("0.0001")
"""Canvas takes a lower bound nearer to zero than this for none."""


@record
class _Answered:
    """What a response becomes: its type, fields, what is scored, and remarks by answer."""

    type: str
    fields: tuple[ET.Element, ...]
    scored: tuple[ET.Element, ...]
    remarks: Mapping[str, Prose]
    ids: tuple[str, ...] = ()


def bounds(blank: Blank) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest number that is right; none is too near to zero."""
    low, high = blank.value - blank.tolerance, blank.value + blank.tolerance
    return (-NEAREST if abs(low) < NEAREST else low), high


def item_xml(name: str, item: Item, points: Decimal, ident: str) -> ET.Element:
    """Return a question that is worth some points."""
    [part] = item.parts
    answered = _answered(part.response)
    facts = {
        "question_type": answered.type,
        "points_possible": plain(points),
        "original_answer_ids": ",".join(answered.ids),
        "assessment_question_identifierref": f"{ident}-question",
    }
    fields = (
        element("qtimetadatafield", element("fieldlabel", key), element("fieldentry", text))
        for key, text in facts.items()
    )
    return element(
        "item",
        element("itemmetadata", element("qtimetadata", *fields)),
        element("presentation", _material(str(rich(whole_stem(item)))), *answered.fields),
        element("resprocessing", _outcomes(), *_remarked(answered.remarks), *answered.scored),
        _feedback("general_fb", str(rich(solution_blocks(item)))),
        *(_feedback(f"{key}_fb", str(rich(why))) for key, why in answered.remarks.items()),
        ident=ident, title=one_line(name),
    )  # fmt: skip


def _outcomes() -> ET.Element:
    score = {"maxvalue": "100", "minvalue": "0", "varname": "SCORE", "vartype": "Decimal"}
    return element("outcomes", element("decvar", **score))


def _remarked(remarks: Mapping[str, Prose]) -> Iterator[ET.Element]:
    yield _says(element("other"), "general_fb")
    for key in remarks:
        yield _says(_equal(key), f"{key}_fb")


def _says(test: ET.Element, feedback: str) -> ET.Element:
    shown = element("displayfeedback", feedbacktype="Response", linkrefid=feedback)
    return element("respcondition", element("conditionvar", test), shown, **{"continue": "Yes"})


def _feedback(ident: str, html: str) -> ET.Element:
    return element("itemfeedback", element("flow_mat", _material(html)), ident=ident)


def _material(text: str, kind: str = "text/html") -> ET.Element:
    return element("material", element("mattext", text, texttype=kind))


def _equal(text: str, asked: str = ASKED) -> ET.Element:
    return element("varequal", text, respident=asked)


def _scores(*tests: ET.Element, action: str = "Set", percent: str = "100") -> ET.Element:
    score = element("setvar", percent, action=action, varname="SCORE")
    return element("respcondition", element("conditionvar", *tests), score, **{"continue": "No"})


@singledispatch
def _answered(response: object) -> _Answered:
    """Return what a response becomes.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no Canvas question for a {type(response).__name__}")


def _choices(labels: Mapping[str, ET.Element]) -> ET.Element:
    shown = (element("response_label", label, ident=key) for key, label in labels.items())
    return element("render_choice", *shown)


@_answered.register
def _(response: Choice) -> _Answered:
    options = {str(1001 + i): option for i, option in enumerate(response.options)}
    # Canvas gives options no letters, but the solution names them.
    labels = {
        key: _material(str(rich((f"{letter}. ", *option.content))))
        for letter, (key, option) in zip(LETTERS, options.items(), strict=False)
    }
    several = response.several
    field = element(
        "response_lid", _choices(labels),
        ident=ASKED, rcardinality="Multiple" if several else "Single",
    )  # fmt: skip
    tests = (
        _equal(key) if option.correct else element("not", _equal(key))
        for key, option in options.items()
    )
    right = next(key for key, option in options.items() if option.correct)
    scored = _scores(element("and", *tests) if several else _equal(right))
    remarks = {key: option.why for key, option in options.items() if option.why}
    name = "multiple_answers_question" if several else "multiple_choice_question"
    return _Answered(name, (field,), (scored,), remarks, tuple(options))


@_answered.register
def _(response: Numeric) -> _Answered:
    [blank] = response.blanks
    low, high = bounds(blank)
    within = element(
        "and",
        element("vargte", plain(low), respident=ASKED),
        element("varlte", plain(high), respident=ASKED),
    )
    scored = _scores(element("or", _equal(plain(blank.value)), within))
    return _Answered("numerical_question", (_typed("Decimal"),), (scored,), {})


def _typed(kind: str = "") -> ET.Element:
    label = element("response_label", ident="answer1", rshuffle="No")
    fib = element("render_fib", label, **({"fibtype": kind} if kind else {}))
    return element("response_str", fib, ident=ASKED, rcardinality="Single")


@_answered.register
def _(response: Matching) -> _Answered:
    return _matched([(str(rich(prompt)), answer) for prompt, answer in response.pairs],
                    response.shown)  # fmt: skip


@_answered.register
def _(response: Ordering) -> _Answered:
    places = tuple(str(place + 1) for place in range(len(response.steps)))
    pairs = [(str(rich(response.steps[place])), places[place]) for place in response.shown]
    return _matched(pairs, places)


def _matched(pairs: list[tuple[str, str]], answers: tuple[str, ...]) -> _Answered:
    ids = {text: str(2001 + i) for i, text in enumerate(answers)}
    share = f"{100 / len(pairs):.2f}"
    fields: list[ET.Element] = []
    scored: list[ET.Element] = []
    prompts = [str(1001 + i) for i in range(len(pairs))]
    for key, (prompt, answer) in zip(prompts, pairs, strict=True):
        labels = {ident: _material(text, "text/plain") for text, ident in ids.items()}
        asked = f"response_{key}"
        fields.append(element("response_lid", _material(prompt), _choices(labels), ident=asked))
        scored.append(_scores(_equal(ids[answer], asked), action="Add", percent=share))
    return _Answered("matching_question", tuple(fields), tuple(scored), {}, tuple(prompts))


@_answered.register
def _(response: Words) -> _Answered:
    scored = _scores(*map(_equal, response.accepted))
    return _Answered("short_answer_question", (_typed(),), (scored,), {})


@_answered.register
def _(response: FormulaAnswer | Open) -> _Answered:
    del response
    return _Answered("essay_question", (_typed(),), (), {})
