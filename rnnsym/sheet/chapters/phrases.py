"""Prose about a model: what stands in braces is read as a formula of that model.

The judge's own reader turns it into an expression, so that a symbol the model lacks, or shapes that
do not fit, stop the sheet.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from rnnsym.audit.notation import parse
from rnnsym.audit.reading import Reading
from rnnsym.audit.symbols import Symbols
from rnnsym.blocks import (
    Box,
    Emphasis,
    EquationRef,
    Inline,
    Listing,
    Math,
    Paragraph,
    Partial,
    Prose,
    Written,
)
from rnnsym.errors import InputError
from rnnsym.expr import TIME, Array, Expr, Family, Integer, Node
from rnnsym.sheet.naming import tied
from rnnsym.sheet.study import Study, study

__all__ = ["Phrases", "about"]

PLACE = re.compile(r"\{([^{}]*)\}|\*([^*]+)\*|`([^`]+)`")
JACOBIAN = re.compile(r"(∂⁺|∂)(?!L/)(.+)/∂(.+)")
ANYWHERE = Array(Family("", ""), (Integer(1), Integer(1)), None, TIME)


class Phrases:
    """Reads the words of a sheet about one model.

    In braces stands a formula in the notation of ``audit``, a Jacobian such as ``∂h[T]/∂h[t]``,
    the number of a line such as ``@delta_h``, or a name that is given its meaning by keyword; what
    stands between asterisks is stressed, and between backquotes stand letters and signs of maths
    that the model does not know.

    Args:
        model: what the words are about, checked.
    """

    def __init__(self, model: Study) -> None:
        self.study, self.system, self.derivation = model, model.system, model.derivation
        self._symbols = Symbols(model.derivation)

    def math(self, text: str) -> Node | Expr:
        """Return a formula.

        Raises:
            InputError: a symbol the model lacks, or shapes that do not fit.
        """
        found = Reading(self._symbols, ANYWHERE, text).value(parse(text)[1])
        return tied(self.system, found)

    def ref(self, name: str) -> EquationRef:
        """Return the number of a line of the derivation, or of the equation of an array.

        Raises:
            InputError: there is no such line.
        """
        for equation, number in self.study.numbers.forward.items():
            if name in (equation.lhs.name, equation.lhs.key):
                return EquationRef(number)
        return EquationRef(self.study.numbers.steps[self.derivation.find(name)[0]])

    def say(self, text: str, **given: Inline | Prose) -> Prose:
        """Return prose.

        >>> about("vanilla").say("{h[t-1]} is *kept*, see {@delta_h}; `k`")[2:]
        (Emphasis(text='kept'), ', see ', EquationRef(number='3'), '; ', Written(text='k'))
        """
        parts: list[Inline] = []
        end = 0
        for found in PLACE.finditer(text):
            parts += [text[end : found.start()]] if found.start() > end else []
            formula, stressed, written = found.groups()
            if formula is not None:
                parts += self._filled(formula, given)
            else:
                parts.append(Emphasis(stressed) if stressed else Written(written))
            end = found.end()
        return (*parts, *([text[end:]] if text[end:] else []))

    def _filled(self, text: str, given: dict[str, Inline | Prose]) -> list[Inline]:
        if text in given:
            value = given[text]
            return [*value] if isinstance(value, tuple) else [value]
        if text.startswith("@"):
            return [self.ref(text[1:])]
        return [self.inline(text)]

    def inline(self, text: str) -> Math:
        """Return a formula, or a Jacobian such as ``∂h[T]/∂h[t]``."""
        found = JACOBIAN.fullmatch(text)
        if found is None:
            return self.math(text)
        sign, above, below = found.groups()
        of, wrt = self.math(above), self.math(below)
        if not isinstance(of, Node) or not isinstance(wrt, Node):
            raise InputError(f"{text} is no Jacobian: it takes two vectors")
        return Partial(of, wrt, sign)

    def paragraph(self, text: str, **given: Inline | Prose) -> Paragraph:
        """Return one paragraph."""
        return Paragraph(self.say(text, **given))

    def listing(self, items: Iterable[str], marks: str = "bullets") -> Listing:
        """Return a list."""
        return Listing(tuple(self.say(item) for item in items), marks)

    def box(self, kind: str, title: str, items: Iterable[str]) -> Box:
        """Return a list in a frame."""
        return Box(kind, title, (self.listing(items),))

    def rows(self, *rows: tuple[str, ...]) -> tuple[tuple[Prose, ...], ...]:
        """Return the rows of a table."""
        return tuple(tuple(self.say(cell) for cell in row) for row in rows)


@lru_cache(maxsize=64)
def about(model: str, loss: str = "free", loss_at: str = "every") -> Phrases:
    """Return the reader of prose about a model, which is checked first."""
    return Phrases(study(model, loss=loss, loss_at=loss_at))
