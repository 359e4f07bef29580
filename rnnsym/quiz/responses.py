"""Responses as blocks: what a student is shown to answer in, and what the key says."""

from collections.abc import Iterator
from functools import singledispatch

from rnnsym.blocks import Block, Listing, Paragraph, Prose, Table, prose
from rnnsym.item import (
    LETTERS,
    SEVERAL,
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Ordering,
    Part,
    Response,
    Words,
)
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import shown

__all__ = ["answer", "answer_text", "asked", "key_blocks", "part_name", "reasons"]

GAP = "________"


def part_name(place: int) -> str:
    """Return the name of a part, from 0: "(a)", "(b)" and so on."""
    return f"({'abcdefghijklmnop'[place]})"


def answer_text(item: Item) -> str:
    """Return the answers of all parts in one line, for the person who marks."""
    texts = [_short(part.response) for part in item.parts]
    if len(texts) == 1:
        return texts[0]
    return "; ".join(f"{part_name(place)} {text}" for place, text in enumerate(texts))


@singledispatch
def asked(response: Response) -> Iterator[Block]:
    """Yield what a student is shown to answer in."""
    raise TypeError(f"no print for a {type(response).__name__}")


@asked.register
def _(response: Choice) -> Iterator[Block]:
    if response.several:
        yield Paragraph(prose(f"Choose all that apply; {SEVERAL}."))
    yield Listing(tuple(option.content for option in response.options), "letters")


@asked.register
def _(response: Numeric) -> Iterator[Block]:
    for blank in response.blanks:
        yield Paragraph(prose(*blank.label, " = ", GAP))


@asked.register
def _(response: Matching) -> Iterator[Block]:
    answers = "; ".join(
        f"{letter}. {text}" for letter, text in zip(LETTERS, response.shown, strict=False)
    )
    yield Listing(tuple(prose(*prompt, ": ", GAP) for prompt, _ in response.pairs), "numbers")
    yield Paragraph(prose("Answers: ", answers))


@asked.register
def _(response: Ordering) -> Iterator[Block]:
    yield Listing(tuple(response.steps[place] for place in response.shown), "letters")
    yield Paragraph(prose("Order: ", GAP))


@asked.register
def _(_response: Words) -> Iterator[Block]:
    yield Paragraph(prose("Answer: ", GAP))


@asked.register
def _(_response: FormulaAnswer) -> Iterator[Block]:
    yield Paragraph(prose("Formula: ", GAP, GAP))


@asked.register
def _(_response: Open) -> Iterator[Block]:
    yield from ()


@singledispatch
def _short(response: Response) -> str:
    raise TypeError(f"no answer in text for a {type(response).__name__}")


@_short.register
def _(response: Choice) -> str:
    return response.key


@_short.register
def _(response: Numeric) -> str:
    return ", ".join(shown(blank.value) for blank in response.blanks)


@_short.register
def _(response: Matching) -> str:
    places = [response.shown.index(answer) for _, answer in response.pairs]
    return " ".join(f"{i}{LETTERS[place]}" for i, place in enumerate(places, 1))


@_short.register
def _(response: Ordering) -> str:
    return "".join(LETTERS[response.shown.index(place)] for place in range(len(response.steps)))


@_short.register
def _(response: Words) -> str:
    return " or ".join(response.accepted)


@_short.register
def _(response: FormulaAnswer) -> str:
    return printed(response.answer)


@_short.register
def _(_response: Open) -> str:
    return "see scheme"


def key_blocks(part: Part) -> Iterator[Block]:
    """Yield the answer of a part, why other answers are wrong, and what marks are given for."""
    response = part.response
    yield Paragraph(prose("Answer: ", *answer(response)))
    listed = tuple(reasons(response))
    if listed:
        yield Listing(listed)
    if part.scheme:
        head = (prose("marks"), prose("for"))
        rows = tuple((prose(f"{mark.kind}{mark.points}"), mark.text) for mark in part.scheme)
        yield Table(head, rows)


def answer(response: Response) -> Prose:
    """Return the answer, as a key has it."""
    match response:
        case Numeric(blanks):
            return tuple(
                piece
                for i, blank in enumerate(blanks)
                for piece in (
                    ", " if i else "",
                    *blank.label,
                    f" = {shown(blank.value)} (± {shown(blank.tolerance)})"
                    if blank.tolerance
                    else f" = {shown(blank.value)}",
                )
                if piece != ""
            )
        case FormulaAnswer(answer=answer):
            return answer
        case _:
            return prose(_short(response))


def reasons(response: Response) -> Iterator[Prose]:
    """Yield why options are right or wrong, and numbers wrong."""
    match response:
        case Choice(options):
            letters: dict[Prose, list[str]] = {}
            for letter, option in zip(LETTERS, options, strict=False):
                letters.setdefault(option.why, []).append(letter)
            yield from (prose(f"{', '.join(of)}: ", *why) for why, of in letters.items() if why)
        case Numeric(blanks):
            for blank in blanks:
                for wrong in blank.wrong:
                    yield prose(*blank.label, f" = {shown(wrong.value)}: ", *wrong.why)
        case _:
            return
