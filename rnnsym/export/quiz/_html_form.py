"""One part of a question as a form that a script marks: fields with labels, key, remarks, solution.

What the script (``templates/html/quiz.js.j2``) is told: ``data-kind`` says how the form is marked,
``data-key`` by what (JSON in base64), and a remark's ``data-when`` for which answer it is shown.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import singledispatch
from string import ascii_uppercase
from typing import TypeAlias

from markupsafe import Markup

from rnnsym.blocks import Prose, prose
from rnnsym.export.html_blocks import Page, blocks_html, prose_html
from rnnsym.export.quiz._numbered import instruction, key_blocks
from rnnsym.item import (
    LETTERS,
    SEVERAL,
    Choice,
    FormulaAnswer,
    Mark,
    Matching,
    Numeric,
    Open,
    Ordering,
    Part,
    Words,
)
from rnnsym.record import record

__all__ = ["form_html", "marks"]

LINES = Markup("\n")
ROOM = 4
_Field: TypeAlias = Callable[[Markup], Markup]
"""A field without its attributes."""


@record
class _Fields:
    """How a response is given: how it is marked, the fields, the key, and remarks by answer."""

    kind: str
    shown: Markup
    key: object = None
    remarks: tuple[tuple[str, Prose], ...] = ()


def marks(number: int) -> Markup:
    """Return what something is worth."""
    words = "mark" if number == 1 else "marks"
    return Markup('<span class="marks">({} {})</span>').format(number, words)


def form_html(part: Part, name: str, page: Page) -> Markup:
    """Return one part as a form; ``name`` is unique on the page."""
    fields = _fields(part.response, name, page)
    key = b64encode(json.dumps(fields.key).encode()).decode()
    self_marked = fields.kind == "self"
    remarks = (
        Markup('<p data-when="{}" hidden>{}</p>').format(when, prose_html(why, page))
        for when, why in fields.remarks
        if why
    )
    pieces = [
        Markup('<form class="part" autocomplete="off" data-kind="{}" data-marks="{}" data-key="{}">'
               ).format(fields.kind, part.marks, key),
        Markup('<div class="answer">\n{}\n</div>').format(fields.shown),
        *_hints(part, page),
        Markup('<p><button type="submit">{}</button></p>')
        .format("Show the solution" if self_marked else "Check"),
        Markup('<div class="result" role="status" id="{}-result"><p class="verdict"></p>\n{}</div>')
        .format(name, LINES.join(remarks)),
        _scheme(part, page) if self_marked else Markup(""),
        _solution(part, page, opened=self_marked),
        Markup("</form>"),
    ]  # fmt: skip
    return LINES.join(piece for piece in pieces if piece)


def _hints(part: Part, page: Page) -> Iterator[Markup]:
    for i, hint in enumerate(part.hints, 1):
        numeral = f" {i}" if len(part.hints) > 1 else ""
        shown = "<details><summary>Hint{}</summary><p>{}</p></details>"
        yield Markup(shown).format(numeral, prose_html(hint, page))


def _scheme(part: Part, page: Page) -> Markup:
    """The scheme to mark oneself by, shown with the solution."""
    scheme = part.scheme or (Mark(part.marks, "A", ("The answer is right.",)),)
    rows = _all(
        '<li><label><input type="checkbox" data-points="{}"> <span>{}{}:</span> <span>{}</span>'
        "</label></li>",
        ((m.points, m.kind, m.points, prose_html(m.text, page)) for m in scheme),
    )
    return Markup(
        '<fieldset class="scheme after" hidden><legend>Give yourself marks for:</legend>\n'
        '<ul class="choices">\n{}\n</ul></fieldset>'
    ).format(rows)


def _solution(part: Part, page: Page, *, opened: bool) -> Markup:
    return Markup(
        '<details class="after" hidden{}><summary>Solution and marks</summary>\n{}\n</details>'
    ).format(
        Markup(" open") if opened else "", blocks_html((*key_blocks(part), *part.solution), page)
    )


def _all(made: str, rows: Iterable[Sequence[object]]) -> Markup:
    return LINES.join(Markup(made).format(*row) for row in rows)


@singledispatch
def _fields(response: object, name: str, page: Page) -> _Fields:
    """Return the fields of a response.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no form for a {type(response).__name__}")


@_fields.register
def _(response: Choice, name: str, page: Page) -> _Fields:
    kind = "checkbox" if response.several else "radio"
    rows = _all(
        '<li><label><input type="{}" name="{}" value="{}"> <span>{}.</span> <span>{}</span>'
        "</label></li>",
        (
            (kind, name, letter, letter, prose_html(option.content, page))
            for letter, option in zip(LETTERS, response.options, strict=False)
        ),
    )
    legend = f"Choose all that apply; {SEVERAL}." if response.several else "Choose one."
    shown = Markup(
        '<fieldset><legend>{}</legend>\n<ul class="choices">\n{}\n</ul></fieldset>'
    ).format(legend, rows)
    key = [option.correct for option in response.options]
    remarks = tuple(
        (
            str(i),
            prose(f"{LETTERS[i]}: ", *option.why)
            if response.several and option.why
            else option.why,
        )
        for i, option in enumerate(response.options)
    )
    return _Fields("several" if response.several else "one", shown, key, remarks)


@_fields.register
def _(response: Numeric, name: str, page: Page) -> _Fields:
    rows = (
        (Markup("{} =").format(prose_html(blank.label, page)), _typed("decimal"))
        for blank in response.blanks
    )
    key = [
        {
            "value": float(blank.value),
            "tolerance": float(blank.tolerance),
            "wrong": [float(wrong.value) for wrong in blank.wrong],
        }
        for blank in response.blanks
    ]
    remarks = tuple(
        (f"{i}.{j}", wrong.why)
        for i, blank in enumerate(response.blanks)
        for j, wrong in enumerate(blank.wrong)
    )
    return _Fields("numbers", _rows(name, rows), key, remarks)


@_fields.register
def _(response: Matching, name: str, page: Page) -> _Fields:
    rows = (
        (Markup("{}. {}").format(i, prose_html(prompt, page)), _list(response.shown))
        for i, (prompt, _) in enumerate(response.pairs, 1)
    )
    return _Fields("lists", _rows(name, rows), [answer for _, answer in response.pairs])


@_fields.register
def _(response: Ordering, name: str, page: Page) -> _Fields:
    places = [str(i + 1) for i in range(len(response.steps))]
    rows = (
        (Markup("{}. {}").format(letter, prose_html(response.steps[i], page)), _list(places))
        for letter, i in zip(ascii_uppercase, response.shown, strict=False)
    )
    shown = blocks_html(instruction(response), page) + LINES + _rows(name, rows)
    return _Fields("lists", shown, [places[i] for i in response.shown])


@_fields.register
def _(response: Words, name: str, page: Page) -> _Fields:
    del page
    return _Fields("words", _rows(name, [("Answer:", _typed("text"))]), list(response.accepted))


@_fields.register
def _(response: FormulaAnswer | Open, name: str, page: Page) -> _Fields:
    del page
    lines = response.lines if isinstance(response, Open) else ROOM
    shown = Markup(
        '<p><label for="{0}">Your answer, here or on paper:</label></p>\n'
        '<textarea id="{0}" rows="{1}"></textarea>'
    ).format(name, min(lines, 3 * ROOM))
    return _Fields("self", shown)


def _rows(name: str, rows: Iterable[tuple[Markup | str, _Field]]) -> Markup:
    """Fields with their labels; the script says after each whether it is right."""
    made: list[Markup] = []
    for i, (label, field) in enumerate(rows, 1):
        attributes = Markup('id="{0}-{1}" aria-describedby="{0}-result"').format(name, i)
        made.append(
            Markup('<li><label for="{}-{}">{}</label> {} <span class="sign"></span></li>').format(
                name, i, label, field(attributes)
            )
        )
    return Markup('<ul class="rows">\n{}\n</ul>').format(LINES.join(made))


def _typed(mode: str) -> _Field:
    made = Markup('<input type="text" inputmode="{}" autocapitalize="off" spellcheck="false" {}>')
    return lambda attributes: made.format(mode, attributes)


def _list(choices: Sequence[str]) -> _Field:
    options = _all('<option value="{0}">{0}</option>', ((choice,) for choice in choices))
    made = Markup('<select {}><option value="">Choose …</option>\n{}</select>')
    return lambda attributes: made.format(attributes, options)
