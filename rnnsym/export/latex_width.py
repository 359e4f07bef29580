"""About how wide a formula comes out in print, from its LaTeX: rows are broken by it."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import zip_longest

__all__ = ["formula_width"]

# Widths in points at a text size of 11 pt, spaces beside binary signs and relations included.
SCRIPT = 0.76
LETTER, CAPITAL, DIGIT, BRACKET = 5.7, 8.2, 5.5, 4.3
SIGNS = {"+": 13.4, "-": 13.4, "=": 14.6, "<": 14.6, ">": 14.6, ",": 4.8, ";": 4.8, ".": 3.0,
         ":": 9.0, "'": 3.2, "|": 3.0, "/": 5.5, "m": 9.6, "w": 7.8, "W": 10.8, "M": 11.0,
         "i": 3.8, "j": 4.6, "l": 3.3, "t": 4.0, "f": 5.6, "r": 5.0, " ": 0.0, "&": 0.0,
         "~": 3.6}  # fmt: skip
COMMANDS = {"odot": 13.4, "times": 13.4, "cdot": 8.0, "sum": 17.6, "top": 8.4, "ell": 4.6,
            "delta": 5.3, "Delta": 9.0, "partial": 6.4, "sigma": 6.5, "quad": 11.0, "qquad": 22.0,
            "nolimits": 0.0,
            "dots": 13.0, "left": 0.0, "right": 0.0, "displaystyle": 0.0, ",": 1.8, ";": 3.0,
            "le": 14.6, "ge": 14.6, "to": 17.0, "approx": 14.6, "neq": 14.6, "in": 13.0,
            " ": 3.6, "{": 5.5, "}": 5.5, "|": 5.5, "mathrm": 0.0, "mathbf": 0.0, "bar": 0.0,
            "tilde": 0.0, "hat": 0.0, "operatorname": 3.0, "text": 0.0}  # fmt: skip
GREEK = ("alpha", "beta", "gamma", "epsilon", "varepsilon", "zeta", "eta", "lambda", "mu", "nu",
         "rho", "tau", "phi", "psi", "omega", "theta", "Sigma", "rfloor", "lfloor")  # fmt: skip
ARROWS = ("overrightarrow", "overleftarrow")
ARROW = 10.0
FRACTIONS = ("frac", "dfrac", "tfrac")
LIMITS = ("sum", "prod", "max", "min")
COLUMN_GAP = 11.0
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|.", re.DOTALL)
_MATRIX = re.compile(r"\\begin\{[a-z]*matrix\}(.*?)\\end\{[a-z]*matrix\}", re.DOTALL)


@lru_cache(maxsize=4096)
def formula_width(source: str) -> float:
    r"""Return about how many points wide a formula is at 11 pt.

    >>> round(formula_width(r"\delta_h \odot (1 - z_t)"))
    59
    """
    total = sum(_matrix(body) for body in _MATRIX.findall(source))
    return total + _run(iter(_TOKEN.findall(_MATRIX.sub("", source))))


def _matrix(body: str) -> float:
    rows = [[formula_width(cell) for cell in row.split("&")] for row in body.split(r"\\")]
    columns = [max(column) for column in zip_longest(*rows, fillvalue=0.0)]
    return sum(columns) + COLUMN_GAP * len(columns) + 2


def _run(tokens: Iterator[str], end: str = "") -> float:
    """Return the width of what stands before ``end``; scripts at one place stand one above one."""
    total = body = below = above = 0.0
    limits = False
    for token in tokens:
        if token == end:
            break
        if token == "_":
            below = SCRIPT * _argument(tokens)
            continue
        if token == "^":
            above = SCRIPT * _argument(tokens)
            continue
        if token in "}\n ":
            continue
        total += _atom(body, max(below, above), limits)
        body, below, above = _width(token, tokens), 0.0, 0.0
        limits = token[1:] in LIMITS
    return total + _atom(body, max(below, above), limits)


def _atom(body: float, scripts: float, limits: bool) -> float:
    return max(body, scripts) if limits else body + scripts


def _argument(tokens: Iterator[str]) -> float:
    token = next(tokens, "")
    while token == " ":
        token = next(tokens, "")
    return _width(token, tokens)


def _width(token: str, tokens: Iterator[str]) -> float:
    if token == "{":
        return _run(tokens, "}")
    command = token[1:]
    if not command:
        return _sign_width(token)
    if command in FRACTIONS:
        return max(_argument(tokens), _argument(tokens)) + 2.4
    if command in ARROWS:
        return max(ARROW, _argument(tokens))
    return COMMANDS.get(command, LETTER * (1 if command in GREEK else len(command)))


@cache
def _sign_width(token: str) -> float:
    if token in SIGNS:
        return SIGNS[token]
    if token.isdigit():
        return DIGIT
    if token in "()[]":
        return BRACKET
    return CAPITAL if token.isupper() else LETTER
