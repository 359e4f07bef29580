"""Maths as runs of SVG text: letters in italics, sub- and superscripts raised or lowered."""

import re
from collections.abc import Iterator
from html import escape

from rnnsym.diagram import Label
from rnnsym.expr import Array, Expr, Node, label_text, render, text_scalar
from rnnsym.expr.text import Unicode
from rnnsym.record import record

__all__ = ["svg_runs"]

SUB, SUP, END = "\ue001", "\ue002", "\ue003"
DIRECTIONS = {"fwd": "→", "bwd": "←", "": ""}
SIZES = (1.0, 0.7, 0.55)
SHIFT = {SUB: 0.25, SUP: -0.4}


class _Marked(Unicode):
    """Unicode text with marks where a script begins and ends."""

    def scalar(self, expr: Expr) -> str:
        """A size, an index or a number."""
        return text_scalar(expr)

    def array(self, node: Array) -> str:
        """Name, direction and layer above, subscript and time below."""
        family = node.family
        base, _, sub = label_text(family.label).partition("_")
        below = [sub] if sub else []
        if family.role == "adjoint":
            below = [base + (f"{SUB}{sub}{END}" if sub else "")]
            base = "δ"
        above = DIRECTIONS[family.direction]
        above += f"({text_scalar(node.layer)})" if node.layer is not None else ""
        if node.time is not None:
            below.append(text_scalar(node.time))
        printed = base + (f"{SUB}{','.join(below)}{END}" if below else "")
        printed += f"{SUP}{above}{END}" if above else ""
        return f"∂L/∂{printed}" if family.role == "gradient" else printed

    def transpose(self, inner: str) -> str:
        """X with a raised T."""
        return f"{inner}{SUP}⊤{END}"

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """[x] with the rows below."""
        return f"[{inner}]{SUB}{text_scalar(first)}:{text_scalar(last)}{END}"


MARKED = _Marked()


@record
class _Run:
    text: str
    size: float
    height: float


def _runs(marked: str) -> Iterator[_Run]:
    stack: list[tuple[float, float]] = [(SIZES[0], 0.0)]
    for part in re.split(f"([{SUB}{SUP}{END}])", marked):
        size, height = stack[-1]
        if part == END:
            stack.pop()
        elif part in SHIFT:
            smaller = SIZES[min(len(stack), len(SIZES) - 1)]
            stack.append((smaller, height + SHIFT[part] * size))
        elif part:
            yield _Run(part, size, height)


def _styled(text: str) -> str:
    """Single letters, accents with them, in italics; words such as tanh upright."""
    styled: list[str] = []
    for word in re.findall(r"[^\W\d_][\u0300-\u036f]?(?![^\W\d_])|[^\W\d_]{2,}|.", text):
        italic = word[0].isalpha() and len(word.rstrip("\u0303\u0302\u0304")) == 1
        plain = escape(word)
        styled.append(f'<tspan font-style="italic">{plain}</tspan>' if italic else plain)
    return "".join(styled)


def svg_runs(label: Label, size: float) -> str:
    """Return the inside of a text element for a label; ``size`` is its font size."""
    found: list[str] = []
    at = 0.0
    for run in (r for part in label for r in _runs(_marked(part))):
        move = round((run.height - at) * size, 2)
        at = run.height
        attributes = f' dy="{move:g}"' if move else ""
        attributes += f' font-size="{run.size * size:g}"' if run.size != 1 else ""
        styled = _styled(run.text)
        found.append(f"<tspan{attributes}>{styled}</tspan>" if attributes else styled)
    return "".join(found)


def _marked(part: Node | Expr | str) -> str:
    if isinstance(part, Node):
        return render(part, MARKED)
    return part if isinstance(part, str) else text_scalar(part)
