"""Maths for HTML: MathML in pieces between which a line may break, with the words for it.

No browser breaks a MathML formula, so a long one is several ``<math>`` elements, each starting with
its sign; the formula as a whole is one thing with one name for those who hear it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from markupsafe import Markup, escape
from math_core import LatexToMathML

from rnnsym.blocks import Line, Math
from rnnsym.export.latex_math import inline_latex, math_latex
from rnnsym.export.latex_width import formula_width
from rnnsym.export.spoken import spoken

__all__ = ["TERM_SIGNS", "broken", "formula", "line_formula", "mathml", "split"]

# Points at 11 pt, on a phone: what stays together in running text, and in a display; an equation
# that leaves room for its shape and number; what a line has room for.
WHOLE = 85
UNBROKEN = 150
ROW = 165
NARROW = 230
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.")
TERM_SIGNS = frozenset({"+", "-", "=", "<", ">", r"\to", r"\le", r"\ge", r"\approx", r"\neq"})
FACTOR_SIGNS = TERM_SIGNS | {r"\odot", r"\times", r"\cdot"}
_OPEN, _CLOSE = frozenset({"{", r"\begin", r"\left"}), frozenset({"}", r"\end", r"\right"})
_CONVERTER = LatexToMathML()


@lru_cache(maxsize=4096)
def mathml(latex: str, *, display: bool = False, hidden: bool = False) -> Markup:
    """Return LaTeX as one ``<math>`` element within a line.

    Args:
        latex: without dollars.
        display: fractions and sums at the size of a display.
        hidden: read aloud as part of something else.
    """
    made = _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    made = made.replace('<math display="block">', '<math displaystyle="true">')
    # Firefox would draw these as large operators.
    made = re.sub(r"<mo([^>]*)>([⊙⊗⊕])</mo>", r'<mo\1 largeop="false">\2</mo>', made)
    # The space before a sign that starts a piece is the one between words: it ends with the line.
    made = re.sub(
        r"^(<math[^>]*>)<mrow></mrow><mo([^>]*?)(?: lspace=\"[^\"]*\")?( rspace[^>]*)?>",
        r'\1<mo form="infix"\2 lspace="0"\3>',
        made,
    )
    return Markup(made.replace("<math", '<math aria-hidden="true"', 1) if hidden else made)


@lru_cache(maxsize=4096)
def formula(math: Math, stop: str = "") -> Markup:
    """Return maths within running text, no line break before the ``stop`` that follows it."""
    latex = inline_latex(math)
    terms = list(broken(latex)) if formula_width(latex) > WHOLE else [[latex]]
    return _named(spoken(math), terms, stop)


def line_formula(line: Line) -> Markup:
    """Return an equation of a display: its left-hand side, and its right-hand side in pieces."""
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    words = f"{spoken(line.lhs)} equals {', plus '.join(spoken(side) for side in sides)}"
    left = math_latex(line.lhs)
    right = "= " + " + ".join(math_latex(side) for side in sides)
    begun: list[Sequence[str]] = [[left]]
    terms = list(broken(right))
    room = NARROW - formula_width(left)
    kind = " long" if formula_width(left) + formula_width(right) > ROW else ""
    if formula_width(left) > UNBROKEN:
        # What follows stands below it.
        begun, room, kind = list(broken(left)), NARROW, " below"
    widest = max(formula_width(piece) for pieces in (*begun, *terms) for piece in pieces)
    focus = ' tabindex="0"' if widest > room else ""
    lhs, rhs = (_spans(part, display=True) for part in (begun, terms))
    return Markup(
        f'<div class="formula{kind}" role="math" aria-label="{escape(words)}"{focus}>'
        f'<span class="lhs">{lhs}</span> <span class="rhs">{rhs}</span></div>'
    )


def _named(words: str, terms: Sequence[Sequence[str]], stop: str) -> Markup:
    if len(terms) == len(terms[0]) == 1:
        made = mathml(terms[0][0])
        rest = made.removeprefix("<math")
        return _bound(Markup(f'<math aria-label="{escape(words)}"{rest}'), stop)
    shown = _spans(terms, stop=stop)
    return Markup(f'<span role="math" aria-label="{escape(words)}">{shown}</span>')


def _bound(shown: Markup, stop: str) -> Markup:
    return Markup(f'<span class="bound">{shown}{escape(stop)}</span>') if stop else shown


def _spans(terms: Sequence[Sequence[str]], *, display: bool = False, stop: str = "") -> Markup:
    """A term that fits a line of its own is not broken; within it, lines break at any sign."""
    shown = (
        " ".join(mathml(piece, display=display, hidden=True) for piece in pieces)
        for pieces in terms
    )
    *spans, last = (Markup(f'<span class="term">{term}</span>') for term in shown)
    return Markup(" ").join([*spans, _bound(last, stop)])


def broken(latex: str) -> Iterator[Sequence[str]]:
    """Yield the terms of a formula, each in as many pieces as a narrow line needs."""
    for term in split(latex, TERM_SIGNS, nested=False):
        yield list(_pieces(term, iter((False, True))))


def _pieces(latex: str, ways: Iterator[bool]) -> Iterator[str]:
    """Break between factors, and a factor that is still too long within its brackets."""
    nested = next(ways, None) if formula_width(latex) > UNBROKEN else None
    if nested is None:
        yield latex
        return
    later = list(ways)
    for piece in split(latex, FACTOR_SIGNS, nested=nested):
        yield from _pieces(piece, iter(later))


def split(latex: str, signs: frozenset[str], *, nested: bool) -> Iterator[str]:
    """Yield what stands between signs, each piece with its sign; ``nested``: within brackets too.

    >>> list(split(r"= a_{t + 1} + (b - c)", TERM_SIGNS, nested=False))
    ['= a_{t + 1}', '{}+ (b - c)']
    """
    depth = start = 0
    tokens = [(m.start(), m.group()) for m in _TOKEN.finditer(latex)]
    for place, (at, token) in enumerate(tokens):
        if token in _OPEN or (token in ("(", "[") and not nested):
            depth += 1
        elif token in _CLOSE or (token in (")", "]") and not nested):
            depth -= 1
        elif token in signs and depth == 0 and place > 1 and tokens[place - 1][1] == " ":
            yield _signed(latex[start:at])
            start = at
    yield _signed(latex[start:])


def _signed(piece: str) -> str:
    """Write a leading sign as one between two things."""
    bare = piece.strip()
    sign = next(iter(_TOKEN.findall(bare)), "")
    return f"{{}}{bare}" if sign in FACTOR_SIGNS - {"="} and bare[len(sign) :][:1] == " " else bare
