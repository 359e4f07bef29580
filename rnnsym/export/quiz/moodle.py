"""Moodle XML: one question for each item; parts stay together in a Cloze where they can.

Moodle gives marks for answers, not for methods: the marking scheme stands in the feedback, and with
what is written by hand among the information for graders.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import singledispatch

from markupsafe import Markup

from rnnsym.blocks import Paragraph, prose
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._cloze import cloze, fits_cloze, scale
from rnnsym.export.quiz._numbered import (
    by_share,
    key_blocks,
    numbered,
    part_alone,
    plain,
    question_name,
    solution_blocks,
    typed_as_in_key,
    unmarked,
    whole_stem,
)
from rnnsym.export.quiz._package import printable, xml_bytes
from rnnsym.export.quiz._rich import rich
from rnnsym.item import (
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Ordering,
    Part,
    Words,
)
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import part_name

__all__ = ["export"]

PENALTY = "0.3333333"
LINES = 3


def export(paper: Paper) -> Exported:
    """Return a paper as one ``-moodle.xml`` file."""
    root = ET.Element("quiz")
    losses: list[str] = []
    for title, items in numbered(paper):
        root.append(_category(paper, title))
        for number, item in items:
            for question in _questions(number, item):
                root.append(question)
            losses += (f"question {number}: {loss}" for loss in _losses(item))
    ET.indent(root, " ")
    return Exported({f"{paper.name}-moodle.xml": xml_bytes(root)}, tuple(losses))


def _category(paper: Paper, title: str) -> ET.Element:
    names = [name.replace("/", "//") for name in (paper.name, title) if name]
    path = "/".join(["$course$", "rnnsym", *names])
    document = paper_document(paper, solved=False, schemes=True)
    lines = (prose(document.title), *document.lines)
    question = ET.Element("question", type="category")
    _text(ET.SubElement(question, "category"), path)
    _html(question, "info", rich(tuple(Paragraph(line) for line in lines)))
    return question


def _losses(item: Item) -> Iterator[str]:
    yield from unmarked(item)
    yield from by_share(item)
    yield from typed_as_in_key(item)
    if len(item.parts) > 1 and not fits_cloze(item):
        yield f"its {len(item.parts)} parts become questions of their own"
    if any(part.hints and _type(part.response) == "essay" for part in item.parts):
        yield "what is written by hand has no hints"
    if _is_cloze(item) and scale(item) > 1:
        yield f"it counts {scale(item) * item.marks} marks, since each gap gets whole ones"


def _is_cloze(item: Item) -> bool:
    response = item.parts[0].response
    several = len(item.parts) > 1 or (isinstance(response, Numeric) and len(response.blanks) > 1)
    return several and fits_cloze(item)


def _questions(number: int, item: Item) -> Iterator[ET.Element]:
    name = question_name(number, item)
    if len(item.parts) == 1 or _is_cloze(item):
        yield _whole(name, item)
        return
    for place in range(len(item.parts)):
        yield _whole(f"{name} {part_name(place)}", part_alone(item, place))


def _whole(name: str, item: Item) -> ET.Element:
    if _is_cloze(item):
        question = _question("cloze", name, item, cloze(item))
    else:
        [part] = item.parts
        question = _question(_type(part.response), name, item, rich(whole_stem(item)))
        _answered(part.response, question, part)
    for part in item.parts:
        for hint in part.hints:
            _html(question, "hint", rich(hint))
    return question


def _question(kind: str, name: str, item: Item, text: Markup) -> ET.Element:
    question = ET.Element("question", type=kind)
    _text(ET.SubElement(question, "name"), name)
    _html(question, "questiontext", text)
    _html(question, "generalfeedback", rich(solution_blocks(item)))
    if kind != "cloze":
        _leaf(question, "defaultgrade", str(item.marks))
    _leaf(question, "penalty", "0" if kind == "essay" else PENALTY)
    _leaf(question, "hidden", "0")
    _leaf(question, "idnumber", item.id)
    tags = ET.SubElement(question, "tags")
    facts = (item.kind, item.topic, f"level {item.level}", f"{item.minutes} minutes")
    for tag in dict.fromkeys((*facts, item.convention, *item.tags)):
        _text(ET.SubElement(tags, "tag"), tag)
    return question


# Answers


def _type(response: object) -> str:
    match response:
        case Choice():
            return "multichoice"
        case Numeric():
            return "numerical"
        case Matching() | Ordering():
            return "matching"
        case Words():
            return "shortanswer"
        case _:
            return "essay"


@singledispatch
def _answered(response: object, question: ET.Element, part: Part) -> None:
    """Add what belongs to a response.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no Moodle question for a {type(response).__name__}")


@_answered.register
def _(response: Choice, question: ET.Element, part: Part) -> None:
    del part
    _leaf(question, "single", "false" if response.several else "true")
    _leaf(question, "shuffleanswers", "false")
    _leaf(question, "answernumbering", "ABCD")
    _leaf(question, "showstandardinstruction", "0")
    _verdicts(question)
    right = sum(option.correct for option in response.options)
    wrong = len(response.options) - right
    for option in response.options:
        minus = _share(-wrong) if response.several and wrong else "0"
        answer = _answer(question, _share(right) if option.correct else minus, rich(option.content))
        _html(answer, "feedback", rich(option.why))


def _share(among: int) -> str:
    """Return a share of 100 % as Moodle writes it: 33.33333, and minus one for wrong answers."""
    return f"{100 / among:.5f}".rstrip("0").rstrip(".")


@_answered.register
def _(response: Numeric, question: ET.Element, part: Part) -> None:
    del part
    [blank] = response.blanks
    pairs = [("100", blank.value, rich(())), *(("0", w.value, rich(w.why)) for w in blank.wrong)]
    for fraction, value, why in pairs:
        answer = _answer(question, fraction, plain(value))
        _html(answer, "feedback", why)
        _leaf(answer, "tolerance", plain(blank.tolerance))
    _html(_answer(question, "0", "*"), "feedback", Markup(""))
    for name, setting in (("unitgradingtype", "0"), ("unitpenalty", "0.1"), ("showunits", "3"),
                        ("unitsleft", "0")):  # fmt: skip
        _leaf(question, name, setting)


@_answered.register
def _(response: Matching, question: ET.Element, part: Part) -> None:
    del part
    _match(question, [*((rich(p), a) for p, a in response.pairs),
                      *((Markup(""), extra) for extra in response.extras)])  # fmt: skip


@_answered.register
def _(response: Ordering, question: ET.Element, part: Part) -> None:
    del part
    _match(question, [(rich(response.steps[place]), str(place + 1)) for place in response.shown])


def _match(question: ET.Element, pairs: list[tuple[Markup, str]]) -> None:
    _leaf(question, "shuffleanswers", "false")
    _verdicts(question)
    for prompt, text in pairs:
        pair = _html(question, "subquestion", prompt)
        _text(ET.SubElement(pair, "answer"), text)


@_answered.register
def _(response: Words, question: ET.Element, part: Part) -> None:
    del part
    _leaf(question, "usecase", "0")
    for word in response.accepted:
        _html(_answer(question, "100", word.replace("*", r"\*")), "feedback", Markup(""))


@_answered.register
def _(response: FormulaAnswer | Open, question: ET.Element, part: Part) -> None:
    lines = response.lines if isinstance(response, Open) else LINES
    for name, value in (("responseformat", "editor"), ("responserequired", "0"),
                        ("responsefieldlines", str(max(LINES, lines))), ("attachments", "3"),
                        ("attachmentsrequired", "0")):  # fmt: skip
        _leaf(question, name, value)
    _html(question, "graderinfo", rich((*key_blocks(part), *part.solution)))
    _html(question, "responsetemplate", Markup(""))


def _verdicts(question: ET.Element) -> None:
    for name, text in (("correct", "Right."), ("partiallycorrect", "Partly right."),
                       ("incorrect", "Wrong.")):  # fmt: skip
        _html(question, f"{name}feedback", Markup(text))


# Elements


def _leaf(parent: ET.Element, name: str, text: str) -> ET.Element:
    """Add an element; letters that XML has not are shown as such."""
    element = ET.SubElement(parent, name)
    element.text = printable(text)
    return element


def _text(parent: ET.Element, text: str) -> None:
    _leaf(parent, "text", text)


def _html(parent: ET.Element, name: str, text: Markup) -> ET.Element:
    element = ET.SubElement(parent, name, format="html")
    _text(element, str(text))
    return element


def _answer(question: ET.Element, fraction: str, text: str) -> ET.Element:
    kind = "html" if isinstance(text, Markup) else "moodle_auto_format"
    answer = ET.SubElement(question, "answer", {"fraction": fraction, "format": kind})
    _text(answer, str(text))
    return answer
