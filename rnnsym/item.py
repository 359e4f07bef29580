"""An Item: one question in parts, each with its response, marks and solution, and its proof.

Nothing here knows how a question is printed or exported; a key is part of the response it answers.
"""

from decimal import Decimal
from typing import TypeAlias

from rnnsym.blocks import Block, Prose
from rnnsym.record import record

__all__ = [
    "LETTERS", "SEVERAL", "Blank", "Choice", "FormulaAnswer", "Item", "Mark", "Matching", "Numeric",
    "Open", "Option", "Ordering", "Part", "Proof", "Response", "Words", "WrongNumber",
]  # fmt: skip

LETTERS = "ABCDEFGH"
SEVERAL = (
    "a letter too many or too few is an error: one error leaves half of the marks; two errors "
    "(such as one letter in place of another) or more, or no letter at all, leave none"
)
"""How a choice of several options is marked: neither a blank nor all letters must pay."""


@record
class Option:
    """One answer to choose: right, or what a named misconception gives.

    Attributes:
        content: what is printed.
        misconception: the name of the misconception, "" for a right answer.
        why: why it is wrong, or why it is right.
    """

    content: Prose
    misconception: str
    why: Prose

    @property
    def correct(self) -> bool:
        """Whether this is right."""
        return not self.misconception


@record
class Choice:
    """One of several options is right, or with ``several`` any number of them, at least one."""

    options: tuple[Option, ...]
    several: bool = False

    @property
    def key(self) -> str:
        """The letters of the right options, such as "B" or "AD"."""
        pairs = zip(LETTERS, self.options, strict=False)
        return "".join(letter for letter, option in pairs if option.correct)


@record
class WrongNumber:
    """A number that a named misconception gives, and why it is wrong."""

    value: Decimal
    misconception: str
    why: Prose


@record
class Blank:
    """A number to fill in.

    Attributes:
        label: what it is, e.g. the array's entry.
        value: the answer, with the decimals that are shown.
        tolerance: how far off an answer still counts; admits rounding on the way.
        wrong: what the misconceptions give; none lies within the tolerance.
    """

    label: Prose
    value: Decimal
    tolerance: Decimal
    wrong: tuple[WrongNumber, ...] = ()

    def accepts(self, number: Decimal) -> bool:
        """Tell whether an answer counts as right."""
        return abs(number - self.value) <= self.tolerance


@record
class Numeric:
    """Numbers to fill in, all of them."""

    blanks: tuple[Blank, ...]


@record
class Matching:
    """Each prompt has one answer; ``extras`` answer none. Answers are plain text in every format.

    Attributes:
        pairs: prompt and answer.
        extras: answers that belong to no prompt.
        shown: all distinct answers in the order of print.
    """

    pairs: tuple[tuple[Prose, str], ...]
    extras: tuple[str, ...]
    shown: tuple[str, ...]


@record
class Ordering:
    """Steps to be put in order.

    Attributes:
        steps: in the right order.
        shown: the places of the steps (from 0) in the order of print.
    """

    steps: tuple[Prose, ...]
    shown: tuple[int, ...]


@record
class Words:
    """A word or two: whatever is ``accepted`` counts, in any case; the first is shown."""

    accepted: tuple[str, ...]


@record
class FormulaAnswer:
    """A formula written by hand, which ``rnnsym audit`` judges.

    Attributes:
        model: the model text, in the item's convention.
        wrt: what it is a gradient or an adjoint of, as ``audit`` takes it.
        answer: the derived formula, as printed.
    """

    model: str
    wrt: str
    answer: Prose


@record
class Open:
    """Something to write or draw, marked by the part's scheme; ``lines`` of room for it."""

    lines: int


Response: TypeAlias = Choice | Numeric | Matching | Ordering | Words | FormulaAnswer | Open


@record
class Mark:
    """What marks are given for: ``kind`` is "M" (method), "A" (accuracy) or "B" (on its own)."""

    points: int
    kind: str
    text: Prose


@record
class Part:
    """One part of a question.

    Attributes:
        stem: what this part asks, "" where the item's own stem asks it all.
        response: what is answered, with the key.
        marks: how many this part is worth.
        scheme: what they are given for; their points add up to ``marks`` where there are any.
        solution: the worked solution.
        hints: from the gentlest on.
        carries: the parts before (from 0) whose answers are used here: an error made there is
            carried forward and not punished again.
    """

    stem: tuple[Block, ...]
    response: Response
    marks: int
    solution: tuple[Block, ...]
    scheme: tuple[Mark, ...] = ()
    hints: tuple[Prose, ...] = ()
    carries: tuple[int, ...] = ()


@record
class Proof:
    """How the key was recomputed by a path that shares nothing with the one that made it.

    Attributes:
        method: what was done.
        error: the largest difference found, as a bound in text ("≤ 1e-12", "exact").
    """

    method: str
    error: str


@record
class Item:
    """One question.

    Attributes:
        id: derived from kind and parameters, so that it survives re-export.
        kind: which generator made it.
        topic: what it is about.
        level: 1 (recall) to 5 (proof).
        minutes: how long a student needs.
        convention: the convention that stem and key are written in.
        parameters: what was drawn, by name; they and the kind give the item again.
        stem: the question, with convention, initial states, loss and rounding rule where they
            matter.
        parts: at least one.
        tags: words to sort by, the subject's name first.
        asks: what no other question of one paper may ask, whatever its kind: the claims that
            stand in it, the layers whose numbers are counted.
    """

    id: str
    kind: str
    topic: str
    level: int
    minutes: int
    convention: str
    parameters: tuple[tuple[str, str], ...]
    stem: tuple[Block, ...]
    parts: tuple[Part, ...]
    proof: Proof
    tags: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def marks(self) -> int:
        """What all parts are worth together."""
        return sum(part.marks for part in self.parts)

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of an item that is one choice, none for others."""
        choice = self._choice
        return choice.options if choice else ()

    @property
    def solution(self) -> tuple[Block, ...]:
        """The worked solutions of all parts."""
        return tuple(block for part in self.parts for block in part.solution)

    @property
    def key(self) -> str:
        """The letters of the right options of an item that is one choice, "" for others."""
        choice = self._choice
        return choice.key if choice else ""

    @property
    def _choice(self) -> Choice | None:
        response = self.parts[0].response
        return response if len(self.parts) == 1 and isinstance(response, Choice) else None
