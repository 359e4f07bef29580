"""jupyterquiz: questions in JSON that grade themselves, and the notebook that shows them.

Choices, numbers and words are graded there. Pairs become one choice each. Orders, formulas and open
questions stand in the notebook with their keys folded, to be marked by hand.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import singledispatch
from typing import Any

from markupsafe import Markup

from rnnsym.blocks import Block, Paragraph, Prose, prose
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._numbered import (
    numbered,
    part_alone,
    question_name,
    solution_blocks,
    typed_as_in_key,
    unmarked,
    whole_stem,
)
from rnnsym.export.quiz._rich import rich
from rnnsym.item import Choice, FormulaAnswer, Item, Matching, Numeric, Open, Ordering, Words
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import asked, part_name

__all__ = ["export"]

Question = dict[str, Any]
SHOW = "from jupyterquiz import display_quiz\n\ndisplay_quiz({!r}, preserve_responses=True)"


def export(paper: Paper) -> Exported:
    """Return a paper as ``-jupyter.json`` and the notebook ``-jupyter.ipynb`` that shows it."""
    questions: list[Question] = []
    by_hand: list[str] = []
    losses: list[str] = []
    for _, items in numbered(paper):
        for number, item in items:
            losses += (f"question {number}: {loss}" for loss in _losses(item))
            for place in range(len(item.parts)):
                single = part_alone(item, place)
                made = list(_graded(single.parts[0].response, _stem(number, single)))
                questions += made
                if not made:
                    by_hand.append(_printed(number, single))
    name = f"{paper.name}-jupyter.json"
    notebook = _notebook(paper, name, by_hand)
    files = {name: _json(questions), f"{paper.name}-jupyter.ipynb": _json(notebook)}
    return Exported(files, tuple(losses))


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _losses(item: Item) -> Iterator[str]:
    yield from unmarked(item)
    yield from typed_as_in_key(item)
    yield f"that it is worth {item.marks} marks, and its id {item.id}"
    if len(item.parts) > 1:
        yield f"its {len(item.parts)} parts become questions of their own"
    for place, part in enumerate(item.parts):
        match part.response:
            case Numeric(blanks) if len(blanks) > 1:
                yield f"the {len(blanks)} numbers of {part_name(place)} become questions"
            case Matching(pairs):
                yield f"the {len(pairs)} pairs of {part_name(place)} become questions"
            case Ordering() | FormulaAnswer() | Open():
                yield f"{part_name(place)} is marked by hand, with the key in the notebook"
            case _:
                pass
        if part.hints:
            yield f"the hints of {part_name(place)}"


def _stem(number: int, item: Item) -> tuple[Block, ...]:
    return (Paragraph(prose(question_name(number, item))), *whole_stem(item))


@singledispatch
def _graded(response: object, stem: tuple[Block, ...]) -> Iterator[Question]:
    """Yield the questions that a response becomes; none where it is marked by hand.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no question for a {type(response).__name__}")


@_graded.register
def _(response: Choice, stem: tuple[Block, ...]) -> Iterator[Question]:
    yield {
        "question": str(rich(stem)),
        "type": "many_choice" if response.several else "multiple_choice",
        "answers": [
            {"answer": str(rich(o.content)), "correct": o.correct, "feedback": str(rich(o.why))}
            for o in response.options
        ],
    }


@_graded.register
def _(response: Numeric, stem: tuple[Block, ...]) -> Iterator[Question]:
    for blank in response.blanks:
        wrong = [
            _range(slip.value, blank.tolerance, correct=False, why=slip.why) for slip in blank.wrong
        ]
        yield {
            "question": str(rich((*stem, Paragraph(prose(*blank.label, ":"))))),
            "type": "numeric",
            "answers": [
                _range(blank.value, blank.tolerance, correct=True, why=()),
                *wrong,
                {"type": "default", "correct": False, "feedback": "No."},
            ],
        }


def _range(value: Decimal, tolerance: Decimal, *, correct: bool, why: Prose) -> dict[str, Any]:
    if not tolerance:
        answer: dict[str, Any] = {"type": "value", "value": float(value)}
    else:
        answer = {"type": "range", "range": [float(value - tolerance), float(value + tolerance)]}
    return answer | {"correct": correct, "feedback": str(rich(why)) or "Right."}


@_graded.register
def _(response: Matching, stem: tuple[Block, ...]) -> Iterator[Question]:
    for prompt, right in response.pairs:
        yield {
            "question": str(rich((*stem, Paragraph(prompt)))),
            "type": "multiple_choice",
            "answers": [
                {"answer": str(Markup.escape(text)), "correct": text == right, "feedback": ""}
                for text in response.shown
            ],
        }


@_graded.register
def _(response: Words, stem: tuple[Block, ...]) -> Iterator[Question]:
    accepted = [
        {"answer": word, "correct": True, "match_case": False, "feedback": "Right."}
        for word in response.accepted
    ]
    yield {"question": str(rich(stem)), "type": "string", "answers": accepted}


@_graded.register
def _(response: Ordering | FormulaAnswer | Open, stem: tuple[Block, ...]) -> Iterator[Question]:
    del response, stem
    yield from ()


def _printed(number: int, item: Item) -> str:
    """Return a question that is marked by hand: as on paper, its key folded."""
    [part] = item.parts
    shown = rich((*_stem(number, item), *asked(part.response)))
    key = Markup("<details><summary>Key</summary>{}</details>").format(rich(solution_blocks(item)))
    return str(shown + key)


def _notebook(paper: Paper, name: str, by_hand: list[str]) -> dict[str, Any]:
    document = paper_document(paper, solved=False, schemes=True)
    head = Markup("<h1>{}</h1>").format(rich(prose(document.title)))
    lines = Markup("").join(Markup("<p>{}</p>").format(rich(line)) for line in document.lines)
    cells = [_cell(0, "markdown", str(head + lines)), _cell(1, "code", SHOW.format(name))]
    cells += (_cell(i, "markdown", text) for i, text in enumerate(by_hand, 2))
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cell(place: int, kind: str, source: str) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": f"cell-{place}",
        "cell_type": kind,
        "metadata": {},
        "source": source,
    }
    return plain | ({"outputs": [], "execution_count": None} if kind == "code" else {})
