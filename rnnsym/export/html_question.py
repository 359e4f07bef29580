"""Questions as HTML: to be answered on paper, or with their keys."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import singledispatch
from itertools import repeat

from markupsafe import Markup

from rnnsym.document import Question
from rnnsym.export.html_blocks import Anchor, Page, blocks_html, prose_html
from rnnsym.item import (
    SEVERAL,
    Choice,
    FormulaAnswer,
    Matching,
    Numeric,
    Open,
    Ordering,
    Part,
    Words,
)
from rnnsym.quiz.responses import answer, reasons

__all__ = ["question_html"]

LINES = Markup("\n")
PARTS = "abcdefghijklmnopqrstuvwxyz"


def question_html(question: Question, page: Page) -> Markup:
    """Return one question, its parts, and where it is solved its keys and solutions."""
    item = question.item
    # Headings within a question are not among the contents, nor are its lines linked to.
    inner = replace(page, coming=repeat(Anchor("", "h4")), numbers=frozenset[str]())
    name = f"question-{question.number}"
    shown = [
        Markup('<section class="question" aria-labelledby="{0}">\n<h2 id="{0}">{1}</h2>').format(
            name, _title(question)
        ),
        blocks_html(item.stem, inner),
    ]
    for letter, part in zip(PARTS, item.parts, strict=False):
        if len(item.parts) > 1:
            shown.append(Markup("<h3>({}) {}</h3>").format(letter, _marks(part.marks)))
        shown += _part(part, inner, solved=question.solved)
    if question.solved:
        proof = f"Proof: {item.proof.method} ({item.proof.error})."
        shown.append(Markup('<p class="proof">{}</p>').format(proof))
    return LINES.join([*(x for x in shown if x), Markup("</section>")])


def _title(question: Question) -> Markup:
    marks = _marks(question.item.marks)
    return Markup("Question {} {}").format(question.number, marks)


def _marks(marks: int) -> Markup:
    words = "mark" if marks == 1 else "marks"
    return Markup('<span class="marks">({} {})</span>').format(marks, words)


def _part(part: Part, page: Page, *, solved: bool) -> Iterator[Markup]:
    yield blocks_html(part.stem, page)
    yield asked(part.response, page)
    if not solved:
        return
    yield Markup('<p class="answer"><strong>Answer: {}</strong></p>').format(
        prose_html(answer(part.response), page)
    )
    yield _listed("whys", (prose_html(why, page) for why in reasons(part.response)))
    yield blocks_html(part.solution, page)
    yield _listed(
        "scheme",
        (
            Markup("{}{}: {}").format(mark.kind, mark.points, prose_html(mark.text, page))
            for mark in part.scheme
        ),
    )


def _listed(name: str, contents: Iterable[Markup]) -> Markup:
    items = LINES.join(Markup("<li>{}</li>").format(content) for content in contents)
    return Markup('<ul class="{}">\n{}\n</ul>').format(name, items) if items else Markup("")


# What stands on the paper


@singledispatch
def asked(response: object, page: Page) -> Markup:
    """Return what there is to choose from or to fill in.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no HTML for a {type(response).__name__}")


def _ordered(contents: Iterator[Markup], kind: str = "A") -> Markup:
    items = (Markup("<li>{}</li>").format(content) for content in contents)
    return Markup('<ol class="options" type="{}">\n{}\n</ol>').format(kind, LINES.join(items))


@asked.register
def _(response: Choice, page: Page) -> Markup:
    options = _ordered(prose_html(option.content, page) for option in response.options)
    lead = Markup("<p>Choose all that apply; {}.</p>\n").format(SEVERAL)
    return lead + options if response.several else options


@asked.register
def _(response: Numeric, page: Page) -> Markup:
    blanks = (
        Markup('<li>{} = <span class="blank"></span></li>').format(prose_html(blank.label, page))
        for blank in response.blanks
    )
    return Markup('<ul class="blanks">\n{}\n</ul>').format(LINES.join(blanks))


@asked.register
def _(response: Matching, page: Page) -> Markup:
    prompts = (
        Markup('{} <span class="blank"></span>').format(prose_html(prompt, page))
        for prompt, _ in response.pairs
    )
    return _ordered(prompts, "1") + LINES + _ordered(Markup.escape(x) for x in response.shown)


@asked.register
def _(response: Ordering, page: Page) -> Markup:
    return _ordered(prose_html(response.steps[place], page) for place in response.shown)


@asked.register
def _(response: Words | FormulaAnswer, page: Page) -> Markup:
    del response, page
    return Markup('<p>Answer: <span class="blank"></span></p>')


@asked.register
def _(response: Open, page: Page) -> Markup:
    del page
    return Markup('<div class="room" style="--lines: {}"></div>').format(response.lines)
