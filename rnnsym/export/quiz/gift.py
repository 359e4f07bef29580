r"""GIFT: a text that Moodle and others read; it holds no marks, and one answer for each question.

Every text is HTML with maths, escaped for GIFT: there a backslash before n would be a new line, and
``# = ~ { } :`` begin answers, weights, feedback and numbers.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import singledispatch

from rnnsym.blocks import Prose, prose
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._numbered import (
    TYPED,
    by_share,
    numbered,
    one_line,
    part_alone,
    plain,
    question_name,
    solution_blocks,
    unmarked,
    whole_stem,
)
from rnnsym.export.quiz._rich import Blocks, rich
from rnnsym.item import Choice, FormulaAnswer, Item, Matching, Numeric, Open, Ordering, Words
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import part_name

__all__ = ["escape", "export"]

SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\#=~{}:"} | {"\n": "\\n", "\r": None})


def export(paper: Paper) -> Exported:
    """Return a paper as one ``.gift.txt`` file."""
    blocks: list[str] = []
    losses: list[str] = []
    for title, items in numbered(paper):
        blocks.append(_category(paper, title))
        for number, item in items:
            blocks += _questions(number, item)
            losses += (f"question {number}: {loss}" for loss in _losses(item))
    text = "\n\n".join(blocks) + "\n"
    return Exported({f"{paper.name}.gift.txt": text.encode()}, tuple(losses))


def escape(text: str) -> str:
    r"""Return a text in which nothing means anything to GIFT.

    >>> print(escape(r"\nabla L = {a}"))
    \\nabla L \= \{a\}
    """
    return text.translate(SIGNS)


def _category(paper: Paper, title: str) -> str:
    document = paper_document(paper, solved=False)
    lines = (rich(line).striptags() for line in (prose(document.title), *document.lines))
    comments = "\n".join(f"// {one_line(line)}" for line in lines)
    names = [one_line(name).replace("/", "//") for name in (paper.name, title) if name]
    return f"{comments}\n\n$CATEGORY: {'/'.join(['$course$', 'rnnsym', *names])}"


def _losses(item: Item) -> Iterator[str]:
    yield from unmarked(item)
    yield from by_share(item)
    if item.marks > 1:
        yield f"that it is worth {item.marks} marks"
    if len(item.parts) > 1:
        yield f"its {len(item.parts)} parts become questions of their own"
    for place, part in enumerate(item.parts):
        match part.response:
            case Numeric(blanks) if len(blanks) > 1:
                yield f"the {len(blanks)} numbers of {part_name(place)} become questions"
            case Words(accepted) if not _typed(part.response):
                yield f"'{one_line(accepted[0])}' has an arrow: it is marked by hand"
            case Words():
                yield f"{part_name(place)} {TYPED}"
            case _:
                pass
        if part.hints:
            yield f"the hints of {part_name(place)}"


def _typed(response: object) -> bool:
    """Tell whether words can be typed in: an arrow would make them a pair."""
    return isinstance(response, Words) and not any("->" in word for word in response.accepted)


def _questions(number: int, item: Item) -> Iterator[str]:
    name = question_name(number, item)
    for place in range(len(item.parts)):
        alone = part_alone(item, place)
        letter = f" {part_name(place)}" if len(item.parts) > 1 else ""
        for i, single in enumerate(_blanks(alone), 1):
            numeral = f" {i}" if single is not alone else ""
            yield _question(f"{name}{letter}{numeral}", single)


def _blanks(item: Item) -> Iterator[Item]:
    """Yield a question for each number that is asked."""
    [part] = item.parts
    response = part.response
    if not isinstance(response, Numeric) or len(response.blanks) == 1:
        yield item
        return
    for i, blank in enumerate(response.blanks, 1):
        alone = replace(part, response=Numeric((blank,)))
        yield replace(item, id=f"{item.id}-{i}", parts=(alone,))


def _question(name: str, item: Item) -> str:
    [part] = item.parts
    facts = (item.kind, item.topic, f"level {item.level}", f"{item.minutes} minutes")
    tags = dict.fromkeys((*facts, item.convention, *item.tags))
    comment = "".join(f" [tag:{one_line(tag).replace(']', ')')}]" for tag in tags)
    stem = _html(whole_stem(item))
    feedback = f"####{_html(solution_blocks(item))}"
    return (
        f"// [id:{item.id}]{comment}\n"
        f"::{escape(one_line(name))}::{stem}{{{_answers(part.response)}{feedback}}}"
    )


def _html(content: Prose | Blocks) -> str:
    return f"[html]{escape(rich(content))}"


@singledispatch
def _answers(response: object) -> str:
    """Return what stands between the braces.

    Raises:
        TypeError: not a response; names it.
    """
    raise TypeError(f"no GIFT for a {type(response).__name__}")


@_answers.register
def _(response: Choice) -> str:
    right = sum(option.correct for option in response.options)
    shares = {True: 100 / right, False: -100 / max(1, len(response.options) - right)}
    return "".join(
        f"{_sign(option.correct, shares if response.several else None)}"
        f"{_html(option.content)}{_why(option.why)}"
        for option in response.options
    )


def _sign(correct: bool, shares: dict[bool, float] | None) -> str:
    if shares is None:
        return "=" if correct else "~"
    return f"~%{f'{shares[correct]:.5f}'.rstrip('0').rstrip('.')}%"


def _why(why: Prose) -> str:
    return f"#{_html(why)}" if why else ""


@_answers.register
def _(response: Numeric) -> str:
    [blank] = response.blanks
    wrong = (f"=%0%{_number(w.value, blank.tolerance)}{_why(w.why)}" for w in blank.wrong)
    return "".join(["#=", _number(blank.value, blank.tolerance), *wrong])


def _number(value: Decimal, tolerance: Decimal) -> str:
    return f"{plain(value)}:{plain(tolerance)}"


@_answers.register
def _(response: Matching) -> str:
    pairs = [_pair(_html(prompt), answer) for prompt, answer in response.pairs]
    return "".join([*pairs, *(_pair("", extra) for extra in response.extras)])


@_answers.register
def _(response: Ordering) -> str:
    return "".join(_pair(_html(response.steps[i]), str(i + 1)) for i in response.shown)


def _pair(prompt: str, answer: str) -> str:
    return f"={prompt} -> {escape(one_line(answer))}"


@_answers.register
def _(response: Words) -> str:
    if not _typed(response):
        return ""
    return "".join(f"=%100%{_word(word)}" for word in response.accepted)


def _word(word: str) -> str:
    """A star would stand for anything."""
    return escape(one_line(word).replace("*", r"\*"))


@_answers.register
def _(response: FormulaAnswer | Open) -> str:
    del response
    return ""
