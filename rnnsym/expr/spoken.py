"""Words for expressions, as one reads them aloud: what a formula is to someone who cannot see it.

Brackets are spoken ("the quantity …, end quantity"), and a comma ends an index before the next
term, so that two different expressions never sound the same by accident of grouping.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from rnnsym.expr._sympy import Expr, Symbol
from rnnsym.expr.constant import Constant
from rnnsym.expr.formula import Formula, formula_in
from rnnsym.expr.nodes import Array, Map, Node, Sigma
from rnnsym.expr.printing import ATOM, Notation, body_of, inside, render
from rnnsym.expr.scalars import is_size_of_layer, scalar

__all__ = ["spoken_formula", "spoken_label", "spoken_node", "spoken_scalar"]

_DIRECTIONS = {"fwd": " forward", "bwd": " backward", "": ""}
_POWERS = {"2": "squared", "3": "cubed"}
_FUNCTIONS = {"exp": "the exponential", "log": "the logarithm", "diag": "the diagonal matrix"}
_PLACE = re.compile(r" (of layer|at step) ")
_COMPOUND = re.compile(r"\(| of (?!layer )")


@cache
def spoken_label(label: str) -> str:
    r"""Return a LaTeX label in words.

    >>> spoken_label(r"a_{\tilde{c}}"), spoken_label(r"\Delta")
    ('a c tilde', 'capital delta')
    """
    words = re.sub(r"\\(tilde|hat|bar)\{(\w)\}", r" \2 \1 ", label)
    words = re.sub(r"\\(mathrm|operatorname)\b", " ", words)
    words = re.sub(r"\\([A-Z]\w*)", lambda m: f" capital {m[1].lower()} ", words)
    words = re.sub(r"\\(\w+)", r" \1 ", words)
    return " ".join(re.sub(r"[_{}]", " ", words).replace("'", " prime").split())


def _atom(expr: Expr) -> str:
    if isinstance(expr, Constant):
        return spoken_label(expr.label)
    if is_size_of_layer(expr):
        return f"{spoken_label(expr.func.__name__)} of layer {spoken_scalar(expr.args[0])}"
    return spoken_label(expr.name) if isinstance(expr, Symbol) else str(expr)


def _power(base: str, exponent: str) -> str:
    return f"{base} {_POWERS.get(exponent, f'to the power {exponent}')}"


@lru_cache(maxsize=4096)
def spoken_scalar(expr: Expr) -> str:
    """Return a size, an index or a number in words.

    >>> from rnnsym.expr.indices import TIME, size
    >>> spoken_scalar(TIME - 1), spoken_scalar(4 * size("n") * size("d"))
    ('t minus 1', '4 d n')
    """
    if expr.is_Rational and expr.q != 1:
        return f"{'minus ' if expr.p < 0 else ''}{abs(expr.p)} over {expr.q}"
    return scalar(expr, _atom, _power, " ", (" plus ", " minus ")).strip()


class Spoken(Notation):
    """English."""

    times = " elementwise times "
    dot = " times "
    cdot = " times "
    by = " times "
    minus = "−"

    def scalar(self, expr: Expr) -> str:
        """A size, an index or a number."""
        return spoken_scalar(expr)

    def array(self, node: Array) -> str:
        """Name, direction, layer, step."""
        family = node.family
        name = spoken_label(family.label)
        if family.role == "adjoint":
            name = f"delta {name}"
        name += _DIRECTIONS[family.direction]
        if node.layer is not None:
            name += f" of layer {spoken_scalar(node.layer)}"
        if node.time is not None:
            name += f" at step {spoken_scalar(node.time)}"
        gradient = family.role == "gradient"
        return f"the derivative of L with respect to {name}" if gradient else name

    def multiplied(self, factors: list[str]) -> str:
        """Sizes one after the other, "times" before brackets and between numbers."""
        printed, *rest = factors
        for factor in rest:
            numbers = printed[-1].isdigit() and factor[0].isdigit()
            printed += f" times {factor}" if numbers or factor[0] == "(" else f" {factor}"
        return printed

    def identity(self, rows: Expr) -> str:
        """The identity matrix."""
        del rows
        return "the identity matrix"

    def quotient(self, over: Sequence[Node], under: Sequence[Node]) -> str:
        """Elementwise division of products."""
        above, below = (self.entrywise(part) for part in (over, under))
        return f"{above or 1} divided by {f'({below})' if len(under) > 1 else below}"

    def larger(self, a: str, b: str) -> str:
        """The larger of two, entry by entry."""
        return f"the larger of ({a}) and ({b})"

    def call(self, name: str, arg: Node) -> str:
        """A function's name and its argument; squares follow what they square."""
        inner = inside(arg, self, ATOM - 1)
        if name != "square":
            return f"{_FUNCTIONS.get(name, name)} of {inner}"
        if isinstance(arg, Map) and arg.name != "square":
            return f"{arg.name} squared of {inside(arg.arg, self, ATOM - 1)}"
        return _marked(inner, "squared")

    def transpose(self, inner: str) -> str:
        """X transpose."""
        return _marked(inner, "transpose")

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """Rows first to last."""
        return f"rows {spoken_scalar(first)} to {spoken_scalar(last)} of {inner}"

    def stack(self, blocks: list[str]) -> str:
        """A on top of b."""
        return f"the stack ({' on top of '.join(blocks)})"

    def beside(self, blocks: list[str]) -> str:
        """A beside b."""
        return f"the row ({' beside '.join(blocks)})"

    def total(self, node: Sigma) -> str:
        """The sum over an index."""
        index, first, last = (spoken_scalar(e) for e in node.bounds)
        return f"the sum over {index} from {first} to {last} of {body_of(node, self)}"


def _marked(inner: str, word: str) -> str:
    """Say "squared" or "transpose" right after a name, before its layer and step."""
    place = None if _COMPOUND.search(inner) else _PLACE.search(inner)
    at = place.start() if place else len(inner)
    return f"{inner[:at]} {word}{inner[at:]}"


SPOKEN = Spoken()


def spoken_node(node: Node) -> str:
    """Return an expression in words.

    >>> from rnnsym.expr import Array, Family, TIME, matmul, plus, size, transpose
    >>> n = size("n")
    >>> U, Delta, delta = (Array(Family(x, x, "", role), shape, None, time) for x, role, shape, time
    ...     in (("U_f", "value", (n, n), None), ("Delta", "value", (n, 1), TIME),
    ...         ("f", "adjoint", (n, 1), TIME + 1)))
    >>> spoken_node(plus(Delta, matmul(transpose(U), delta)))
    'Delta at step t, plus U f transpose times delta f at step t plus 1'
    """
    return _words(render(node, SPOKEN))


def spoken_formula(formula: Formula) -> str:
    """Return a count in words."""
    return _words(formula_in(formula, SPOKEN))


def _words(printed: str) -> str:
    """Say the signs that the printing rules write themselves: +, − and brackets."""
    words = re.sub(r"(^|\()(\d+) \+ ", r"\1\2 plus ", printed)
    words = re.sub(r"(^|\()(\d+) − ", r"\1\2 minus ", words)
    words = words.replace(" + ", ", plus ").replace(" − ", ", minus ").replace("−", "minus ")
    return words.replace("(", "the quantity ").replace(")", ", end quantity")
