"""The guard: no item leaves with two right answers, none, or two options that say the same."""

from collections.abc import Iterator
from functools import singledispatch
from itertools import combinations

from rnnsym.item import (
    LETTERS,
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Option,
    Ordering,
    Part,
    Response,
    Words,
)
from rnnsym.quiz.likeness import alike, printed

__all__ = ["TRUTH", "Unfair", "check"]

TRUTH = ("True", "False")
"""The one pair of options that may stand alone."""


class Unfair(Exception):  # noqa: N818 - a draw to be made again, not an error for anybody
    """This draw gives no fair question; the reason says why."""


def check(item: Item) -> tuple[str, ...]:
    """Return what is wrong with ``item``: nothing, for a fair one.

    Answers are compared as mathematics, at the precision shown, and as printed.
    """
    found = [reason for part in item.parts for reason in (*_of(part.response), *_marking(part))]
    for place, part in enumerate(item.parts):
        if any(not 0 <= before < place for before in part.carries):
            found.append(f"part {place + 1} carries {part.carries}, which do not come before it")
    return tuple(found)


def _marking(part: Part) -> Iterator[str]:
    points = sum(mark.points for mark in part.scheme)
    if part.marks < 1:
        yield f"a part is worth {part.marks} marks"
    if part.scheme and points != part.marks:
        yield f"the scheme gives {points} of {part.marks} marks"
    if isinstance(part.response, Numeric) and part.marks < len(part.response.blanks):
        yield f"{len(part.response.blanks)} answers are worth {part.marks} marks"
    if isinstance(part.response, Open | Ordering) and not part.scheme:
        yield f"a {type(part.response).__name__} has no scheme to be marked by"


@singledispatch
def _of(response: Response) -> Iterator[str]:
    """Yield what is wrong with a response."""
    raise TypeError(f"no guard for a {type(response).__name__}")


@_of.register
def _(response: Choice) -> Iterator[str]:
    options = response.options
    keys = [option for option in options if option.correct]
    if len(keys) != 1 and not (response.several and keys):
        yield f"{len(keys)} options are the key, not 1"
    if len(options) < 3 and [printed(o.content) for o in options] != list(TRUTH):
        yield f"only {len(options)} options"
    if len(options) > len(LETTERS):
        yield f"{len(options)} options, but {len(LETTERS)} letters"
    for a, b in combinations(options, 2):
        reason = alike(a.content, b.content)
        if reason:
            yield f"{_name(a)} and {_name(b)} {reason}"


@_of.register
def _(response: Numeric) -> Iterator[str]:
    labels = [printed(blank.label) for blank in response.blanks]
    if not labels or len(set(labels)) < len(labels):
        yield f"blanks are labelled {labels}"
    for label, blank in zip(labels, response.blanks, strict=True):
        if blank.tolerance < 0:
            yield f"{label} has the tolerance {blank.tolerance}"
        if len({wrong.value for wrong in blank.wrong}) < len(blank.wrong):
            yield f"two misconceptions give the same {label}, each for itself"
        for wrong in blank.wrong:
            if blank.accepts(wrong.value):
                yield f"'{wrong.misconception}' gives {label} within its tolerance"


@_of.register
def _(response: Matching) -> Iterator[str]:
    answers = [answer for _, answer in response.pairs]
    prompts = [printed(prompt) for prompt, _ in response.pairs]
    if len(response.pairs) < 2 or len(set(prompts)) < len(prompts):
        yield f"prompts are {prompts}"
    known = set(answers) | set(response.extras)
    if sorted(response.shown) != sorted(known) or set(answers) & set(response.extras):
        yield f"answers shown are {list(response.shown)}, not {sorted(known)}"


@_of.register
def _(response: Ordering) -> Iterator[str]:
    steps = [printed(step) for step in response.steps]
    if len(set(steps)) < len(steps):
        yield "two steps are printed alike"
    if sorted(response.shown) != list(range(len(steps))):
        yield f"the steps are shown as {response.shown}"
    elif list(response.shown) == sorted(response.shown):
        yield "the steps are shown in their right order"


@_of.register
def _(response: Words) -> Iterator[str]:
    plain = [text.strip().casefold() for text in response.accepted]
    if not plain or not all(plain) or len(set(plain)) < len(plain):
        yield f"accepted words are {list(response.accepted)}"


@_of.register
def _(response: FormulaAnswer) -> Iterator[str]:
    if not response.answer:
        yield f"no formula for {response.wrt}"


@_of.register
def _(response: Open) -> Iterator[str]:
    if response.lines < 1:
        yield f"{response.lines} lines to answer in"


def _name(option: Option) -> str:
    return f"'{option.misconception}'" if option.misconception else "the key"
