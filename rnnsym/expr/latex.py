"""LaTeX of expressions."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.expr._sympy import Expr, Symbol
from rnnsym.expr.activations import ACTIVATIONS
from rnnsym.expr.constant import Constant
from rnnsym.expr.indices import LAYER
from rnnsym.expr.literal import written_out
from rnnsym.expr.nodes import PRINTERS, Array, Map, Node, Sigma
from rnnsym.expr.printing import Notation, body_of, render
from rnnsym.expr.scalars import is_size_of_layer, scalar

__all__ = ["LATEX", "latex", "latex_scalar"]

_ARROWS = {"fwd": r"\overrightarrow", "bwd": r"\overleftarrow"}


def _index(name: str) -> str:
    base, _, sub = name.partition("_")
    return f"{base}_{{{sub}}}" if sub else base


def _atom(expr: Expr) -> str:
    if expr == LAYER:
        return r"\ell"
    if isinstance(expr, Constant):
        return expr.label
    if is_size_of_layer(expr):
        base, _, sub = expr.func.__name__.partition("_")
        layer = latex_scalar(expr.args[0])
        return f"{base}_{{{sub},{layer}}}" if sub else f"{base}_{{{layer}}}"
    return _index(expr.name) if isinstance(expr, Symbol) else str(expr)


@lru_cache(maxsize=512)
def latex_scalar(expr: Expr) -> str:
    """Return a size or an index in LaTeX."""
    if expr.is_Rational and expr.q != 1:
        return rf"\tfrac{{{expr.p}}}{{{expr.q}}}"
    return scalar(expr, _atom, lambda base, n: f"{base}^{{{n}}}", "")


def _braced(script: str) -> str:
    """Return a sub- or superscript, in braces where it is more than one character."""
    return script if len(script) == 1 else f"{{{script}}}"


class Latex(Notation):
    """LaTeX's mathematics."""

    times = r" \odot "
    dot = r" "
    cdot = r" \cdot "

    def scalar(self, expr: Expr) -> str:
        """A size, an index or a number."""
        return latex_scalar(expr)

    def array(self, node: Array, power: str = "") -> str:
        """base_{subscript, time}^{(layer)}, with an arrow for the direction."""
        family = node.family
        base, _, sub = family.label.partition("_")
        subs = [sub.removeprefix("{").removesuffix("}")] if sub else []
        if family.role == "adjoint":
            base, subs = r"\delta", [family.label]
        if family.direction:
            base = f"{_ARROWS[family.direction]}{{{base}}}"
        if node.time is not None:
            subs.append(latex_scalar(node.time))
        above = f"({latex_scalar(node.layer)})" if node.layer is not None else power
        printed = base + (f"_{_braced(','.join(subs))}" if subs else "")
        printed += f"^{_braced(above)}" if above else ""
        if family.role == "gradient":
            return rf"\frac{{\partial L}}{{\partial {printed}}}"
        return f"({printed})^{{{power}}}" if power and above != power else printed

    def numbers(self, rows: Sequence[Sequence[str]]) -> str:
        """A matrix in round brackets."""
        if len(rows) == len(rows[0]) == 1:
            return rows[0][0]
        printed = r" \\ ".join(" & ".join(row) for row in rows)
        return rf"\begin{{pmatrix}} {printed} \end{{pmatrix}}"

    def multiplied(self, factors: list[str]) -> str:
        """Juxtaposed, with a dot between two numbers."""
        return super().multiplied(factors).replace("·", r" \cdot ")

    def quotient(self, over: Sequence[Node], under: Sequence[Node]) -> str:
        """A fraction."""
        above, below = (
            latex(part[0]) if len(part) == 1 else self.entrywise(part) for part in (over, under)
        )
        return rf"\frac{{{above or 1}}}{{{below}}}"

    def larger(self, a: str, b: str) -> str:
        r"""\max(a, b)."""
        return rf"\max({a},\, {b})"

    def call(self, name: str, arg: Node) -> str:
        """A function's name and its argument; a square as an exponent."""
        if name == "square":
            if isinstance(arg, Map) and arg.name != "square":
                return f"{ACTIVATIONS[arg.name].latex}^{{2}}({latex(arg.arg)})"
            if isinstance(arg, Array):
                return f"{latex(arg)}^{{2}}" if written_out(arg) else self.array(arg, "2")
            return f"({latex(arg)})^{{2}}"
        known = ACTIVATIONS.get(name)
        printed = known.latex if known else rf"\operatorname{{{name}}}"
        return f"{printed}({latex(arg)})"

    def transpose(self, inner: str) -> str:
        """X^⊤, after a layer's superscript where there is one."""
        if inner.endswith(")}"):
            return inner[:-1] + r"\top}"
        return rf"{inner}^\top"

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """[x]_{first:last}."""
        return f"[{inner}]_{{{latex_scalar(first)}:{latex_scalar(last)}}}"

    def stack(self, blocks: list[str]) -> str:
        """[a; b]."""
        joined = r";\,".join(blocks)
        return f"[{joined}]"

    def total(self, node: Sigma) -> str:
        """Σ with its bounds."""
        index, first, last = (latex_scalar(e) for e in node.bounds)
        return rf"\sum_{{{index}={first}}}^{{{last}}} {body_of(node, self)}"


LATEX = Latex()


def latex(node: Node) -> str:
    r"""Return ``node`` in LaTeX.

    >>> from rnnsym.expr import Array, Family, TIME, matmul, size, transpose
    >>> U = Array(Family("U_f", "U_f"), (size("n"), size("n")))
    >>> latex(matmul(transpose(U), Array(Family("h", "h"), (size("n"), size("n")), None, TIME - 1)))
    'U_f^\\top h_{t-1}'
    """
    return render(node, LATEX)


PRINTERS["latex"] = latex
