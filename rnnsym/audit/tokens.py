"""The signs of a formula as people write it: ASCII, Unicode or LaTeX, cut into tokens.

Unicode is first spelled out in the signs of LaTeX and ASCII (ₜ₋₁ as _{t-1}, ᵀ as ^{T}), so that the
parser knows one notation only. Every token remembers its place in the text, for the caret.
"""

import re
import unicodedata
from collections.abc import Iterator

from rnnsym.errors import InputError
from rnnsym.expr import LABEL_COMMANDS, label_text
from rnnsym.record import record

__all__ = ["GREEK", "MAX_LENGTH", "Token", "failure", "tokens"]

MAX_LENGTH = 4000

_SUB = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-=()aehijklmnoprstuvx", strict=True)
)
_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ˡᴸᵏᵀⁿ", "0123456789+-=()lLkTn", strict=True))
_LETTERS = {label_text(f"\\{name}"): name for name in sorted(LABEL_COMMANDS)}
GREEK = {letter: name for letter, name in _LETTERS.items() if len(letter) == 1} | {
    "σ": "sigma", "τ": "tau", "ϕ": "phi", "∆": "Delta", "ℓ": "ell", "Σ": "sum", "∑": "sum",
}  # fmt: skip
"""Letters, and what LaTeX calls them."""
_TYPED_TILDE = re.compile(r"(?<=[A-Za-z])~(?=[_\[\u2080-\u209c])")  # h~_t; elsewhere TeX's space
_ACCENTS = {"\u0303": "tilde", "\u0302": "hat", "\u0304": "bar"}
_SIGNS = {
    "−": "-", "–": "-", "⋅": "·", "∙": "·", "•": "·", "×": "·", "∘": "⊙", "◦": "⊙", "∗": "*",
    "⨂": "⊗",
    "′": "'", "’": "'", "‵": "'", "½": "(1/2)", "⊤": "T", "→": "_fwd", "←": "_bwd", "…": "..",
    "∇": r"\nabla ",
}  # fmt: skip
_PAIRS = {"**": "^"}
# What LaTeX commands stand for; those that only set type are dropped.
_COMMANDS = {
    "odot": "⊙", "circ": "⊙", "bullet": "⊙", "cdot": "·", "times": "·", "ast": "*", "top": "T",
    "intercal": "T", "prime": "'", "lbrack": "[", "rbrack": "]", "dots": "..", "ldots": "..",
    "otimes": "⊗", "cdots": "..", "colon": ":", "rightarrow": "_fwd", "leftarrow": "_bwd",
}  # fmt: skip
_DROPPED = frozenset({
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl",
    "biggr", "displaystyle", "textstyle", "limits", "quad", "qquad", "mathrm", "mathbf", "mathit",
    "mathsf", "mathcal", "boldsymbol", "bm", "operatorname", "text", "textrm",
})  # fmt: skip
_GRADIENT = re.compile(r"(?:d|∂|\\partial(?![A-Za-z]))\s*(?:L|\\mathcal\s*\{\s*L\s*\})")
_OVER = re.compile(r"\s*/\s*(?:d|∂|\\partial(?![A-Za-z]))\s*(?=[A-Za-z\\(])")
_FRACTION = re.compile(r"\\[td]?frac\s*\{\s*")
_BELOW = re.compile(r"\s*\}\s*\{\s*(?:d|∂|\\partial(?![A-Za-z]))\s*")
_TOKEN = re.compile(
    r"""(?P<space>\s+|(?:np|numpy|torch|jnp|math)\.(?=[a-z])|\\[][(),;:!\ ]|~|&|\$|\\\\)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d{1,2}(?![A-Za-z0-9_]))?)
      | (?P<word>[A-Za-z][A-Za-z0-9]*)
      | \\(?P<command>[A-Za-z]+)
      | (?P<dots>\.\.+)
      | (?P<attribute>\.(?:T|transpose\(\))(?![A-Za-z0-9]))
      | (?P<sign>\*\*|[-+*/@·⊙⊗^_'()\[\]{},;:=])""",
    re.VERBOSE,
)


@record
class Token:
    """One sign: its kind (number, word, sign, gradient, end), text, and place in the formula.

    ``gap`` tells whether a space stands before it.
    """

    kind: str
    text: str
    start: int
    gap: bool = False


def failure(text: str, place: int, message: str) -> InputError:
    """Return an error with a caret under one place of the formula.

    >>> print(failure("a + ) b", 4, "a factor is missing here"))
    a factor is missing here:
      a + ) b
          ^
    """
    line = "".join(" " if c.isspace() else c for c in text)
    start = max(0, place - 60)
    shown = line[start : place + 20]
    columns = sum(not unicodedata.combining(c) for c in line[start:place])
    return InputError(f"{message}:\n  {shown}\n  {' ' * columns}^")


def _spelled(text: str) -> tuple[str, list[int]]:
    """Return the text in ASCII and LaTeX signs, and where each character comes from."""
    pieces: list[tuple[str, int]] = []
    place = 0
    while place < len(text):
        sign = text[place]
        script = next((s for s in (_SUB, _SUPER) if sign in s), None)
        if script is not None:
            end = place
            while end < len(text) and text[end] in script:
                end += 1
            inner = "".join(script[c] for c in text[place:end])
            pieces += [(f"{'_' if script is _SUB else '^'}{{", place)]
            pieces += [(c, place + k) for k, c in enumerate(inner)]
            pieces.append(("}", end - 1))
            place = end
            continue
        accent = "tilde" if _TYPED_TILDE.match(text, place) else _ACCENTS.get(sign)
        if accent and pieces:
            base, start = pieces.pop()
            pieces.append((f"\\{accent}{{{base}}}", start))
        elif sign in GREEK:
            pieces.append((f"\\{GREEK[sign]} ", place))
        else:
            pieces.append((_SIGNS.get(sign, sign), place))
        place += 1
    spelled = "".join(piece for piece, _ in pieces)
    return spelled, [place for piece, place in pieces for _ in piece]


def tokens(text: str) -> list[Token]:
    """Return the signs of a formula, closed by one of kind ``end``.

    Raises:
        InputError: too long, or a character that no notation has.
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"a formula of {len(text)} characters (at most {MAX_LENGTH} are read)")
    plain = unicodedata.normalize("NFD", text)
    spelled, places = _spelled(plain)
    return [*_scanned(plain, spelled, places), Token("end", "", len(plain))]


def _scanned(text: str, spelled: str, places: list[int]) -> Iterator[Token]:
    at, gap = 0, False
    while at < len(spelled):
        start = places[at]
        closing = _gradient(spelled, at)
        if closing is not None:
            at, mark = closing
            yield Token("gradient", mark, start, gap)
            gap = False
            continue
        found = _TOKEN.match(spelled, at)
        if found is None:
            raise failure(text, start, f"'{text[start]}' is no sign that a formula may hold")
        # The space after the command that a Greek letter is spelled by was not written.
        made = at > 0 and places[found.end() - 1] == places[at - 1]
        at = found.end()
        kind = str(found.lastgroup)
        token = _token(kind, found.group(kind), start, gap)
        gap = (kind == "space" and not made) or (gap and token is None)
        if token is not None:
            yield token


def _gradient(spelled: str, at: int) -> tuple[int, str] | None:
    r"""Match ∂L/∂, dL/d or \frac{\partial L}{\partial, told apart by what closes them."""
    frac = _FRACTION.match(spelled, at)
    head = _GRADIENT.match(spelled, frac.end() if frac else at)
    if head is None:
        return None
    over = (_BELOW if frac else _OVER).match(spelled, head.end())
    return None if over is None else (over.end(), "}" if frac else "")


def _token(kind: str, text: str, start: int, gap: bool) -> Token | None:
    if kind == "space" or (kind == "command" and text in _DROPPED):
        return None
    if kind == "command":
        meaning = _COMMANDS.get(text)
        if meaning == "T":
            return Token("word", "T", start, gap)
        if meaning is not None:
            return Token("sign", meaning, start, gap)
        return Token("command", text, start, gap)
    if kind == "dots":
        return Token("sign", "..", start, gap)
    if kind == "attribute":
        return Token("sign", ".T", start, gap)
    return Token(kind, _PAIRS.get(text, text), start, gap)
