"""Unicode text of expressions, and the cell language (plain ASCII) in which users write them."""

import re
from collections.abc import Sequence
from functools import lru_cache

from rnnsym.expr._sympy import Expr, Symbol
from rnnsym.expr.activations import ACTIVATIONS
from rnnsym.expr.constant import Constant
from rnnsym.expr.indices import LAYER, STEPS
from rnnsym.expr.nodes import PRINTERS, Array, Map, Node, Sigma
from rnnsym.expr.printing import Notation, body_of, render
from rnnsym.expr.scalars import is_size_of_layer, scalar

__all__ = [
    "LABEL_COMMANDS",
    "SOURCE",
    "UNICODE",
    "label_text",
    "source",
    "source_scalar",
    "text",
    "text_scalar",
]

_SUB = str.maketrans("0123456789+-tlknmp", "₀₁₂₃₄₅₆₇₈₉₊₋ₜₗₖₙₘₚ")
_SUPER = str.maketrans("0123456789+-()lLkT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ˡᴸᵏᵀ")
_ARROWS = {"fwd": "→", "bwd": "←", "": ""}
_ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304"}
_GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "tau": "τ",
    "phi": "φ",
    "Delta": "Δ",
    "ell": "ℓ",
}


LABEL_COMMANDS = frozenset({*_GREEK, *_ACCENTS, "mathrm", "operatorname"})
"""The commands that a symbol's LaTeX may hold."""


def label_text(label: str) -> str:
    r"""Return a LaTeX label as Unicode text.

    >>> label_text(r"a_{\tilde{c}}") == "a_c" + chr(0x303)
    True
    """
    plain = re.sub(r"\\([A-Za-z]+)", lambda m: _GREEK.get(m.group(1), m.group(0)), label)
    plain = re.sub(r"\\(tilde|hat|bar)\{(\w)\}", lambda m: m.group(2) + _ACCENTS[m.group(1)], plain)
    plain = re.sub(r"\\(mathrm|operatorname)\b", "", plain)
    return plain.replace("{", "").replace("}", "").replace("\\", "")


def _subscript(index: str) -> str:
    lowered = index.translate(_SUB)
    ascii_left = any(c.isascii() for c in lowered)
    return f"[{index}]" if ascii_left else lowered


def _atom(expr: Expr) -> str:
    if is_size_of_layer(expr):
        return f"{expr.func.__name__}{_subscript(source_scalar(expr.args[0]))}"
    if isinstance(expr, Constant):
        return label_text(expr.label)
    if isinstance(expr, Symbol):
        base, _, sub = expr.name.partition("_")
        return "ℓ" if expr == LAYER else base + _subscript(sub) if sub else base
    return str(expr)


@lru_cache(maxsize=4096)
def text_scalar(expr: Expr) -> str:
    """Return a size or an index in Unicode text."""
    if expr.is_Rational and expr.q != 1:
        return {"1/2": "½"}.get(str(expr), f"({expr})")
    return scalar(expr, _atom, lambda base, n: base + n.translate(_SUPER), "", ("+", "−"))


def _source_atom(expr: Expr) -> str:
    if is_size_of_layer(expr):
        return f"{expr.func.__name__}[{source_scalar(expr.args[0])}]"
    return expr.name if isinstance(expr, Symbol) else str(expr)


@lru_cache(maxsize=4096)
def source_scalar(expr: Expr) -> str:
    """Return a size or an index as Python would read it."""
    if expr.is_Rational and expr.q != 1:
        return f"{expr.p}/{expr.q}"
    return scalar(expr, _source_atom, lambda base, n: f"{base}**{n}", "*")


class Unicode(Notation):
    """Text for terminals that know Unicode."""

    times = " ⊙ "
    dot = " "
    minus = "−"

    def scalar(self, expr: Expr) -> str:
        """A size, an index or a number."""
        return text_scalar(expr)

    def array(self, node: Array) -> str:
        """Name, direction, layer as superscript, time as subscript."""
        family = node.family
        base = label_text(family.label)
        if family.role == "adjoint":
            base = f"δ_{base}"
        printed = base + _ARROWS[family.direction]
        if node.layer is not None:
            printed += f"({source_scalar(node.layer)})".translate(_SUPER)
        if node.time is not None:
            printed += _subscript(source_scalar(node.time))
        return f"∂L/∂{printed}" if family.role == "gradient" else printed

    def call(self, name: str, arg: Node) -> str:
        """A function's name and its argument; a square as an exponent."""
        if name == "square":
            if isinstance(arg, Map) and arg.name != "square":
                return f"{ACTIVATIONS[arg.name].text}²({text(arg.arg)})"
            return f"{text(arg)}²" if isinstance(arg, Array) else f"({text(arg)})²"
        known = ACTIVATIONS.get(name)
        return f"{known.text if known else name}({text(arg)})"

    def transpose(self, inner: str) -> str:
        """Xᵀ."""
        return f"{inner}ᵀ"

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """x[first:last]."""
        return f"{inner}[{text_scalar(first)}:{text_scalar(last)}]"

    def stack(self, blocks: list[str]) -> str:
        """[a; b]."""
        return f"[{'; '.join(blocks)}]"

    def total(self, node: Sigma) -> str:
        """Σₜ, with its bounds where they are not 1 and T."""
        index, first, last = node.bounds
        usual = first == 1 and last == STEPS
        bounds = "" if usual else f"₌{_subscript(source_scalar(first))}…{text_scalar(last)}"
        return f"Σ{_subscript(str(index))}{bounds} {body_of(node, self)}"


class Source(Notation):
    """The cell language: what cell files hold, ``--ascii`` prints and JSON stores."""

    times = " * "
    dot = " @ "
    cdot = " * "
    by = " * "

    def product_sign(self, factors: Sequence[Node]) -> str:
        """@, of numbers too."""
        del factors
        return self.dot

    def scalar(self, expr: Expr) -> str:
        """A size, an index or a number."""
        return source_scalar(expr)

    def array(self, node: Array) -> str:
        """name[layer, time], e.g. ``U_f``, ``h[t-1]``, ``W_f[l]``, ``h_fwd[l,t-1]``."""
        direction = f"_{node.family.direction}" if node.family.direction else ""
        name = node.name + direction
        indices = [source_scalar(i) for i in (node.layer, node.time) if i is not None]
        printed = f"{name}[{','.join(indices)}]" if indices else name
        return f"dL/d{printed}" if node.family.role == "gradient" else printed

    def multiplied(self, factors: list[str]) -> str:
        """Joined by *."""
        return "*".join(factors)

    def call(self, name: str, arg: Node) -> str:
        """name(argument)."""
        return f"{name}({source(arg)})"

    def transpose(self, inner: str) -> str:
        """X.T."""
        return f"{inner}.T"

    def rows(self, inner: str, first: Expr, last: Expr) -> str:
        """A call of rows, counted from 1."""
        return f"rows({inner}, {source_scalar(first)}, {source_scalar(last)})"

    def stack(self, blocks: list[str]) -> str:
        """concat(a, b)."""
        return f"concat({', '.join(blocks)})"

    def beside(self, blocks: list[str]) -> str:
        """concat(a, b)."""
        return self.stack(blocks)

    def total(self, node: Sigma) -> str:
        """sum_t(summand), with its bounds where they are not 1 and T."""
        index, first, last = node.bounds
        usual = first == 1 and last == STEPS
        bounds = "" if usual else f", {source_scalar(first)}, {source_scalar(last)}"
        return f"sum_{index}({source(node.body)}{bounds})"


UNICODE = Unicode()
SOURCE = Source()


def text(node: Node) -> str:
    """Return ``node`` as Unicode text."""
    return render(node, UNICODE)


def source(node: Node) -> str:
    """Return ``node`` in the cell language."""
    return render(node, SOURCE)


PRINTERS["text"] = text
PRINTERS["source"] = source
