"""The parser's place in a formula: its tokens, its open brackets, its symbols' letters."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from rnnsym.audit.tokens import GREEK, Token, failure, tokens
from rnnsym.audit.tree import Name, Tree
from rnnsym.errors import InputError
from rnnsym.expr import ACTIVATIONS

__all__ = ["FUNCTIONS", "MAX_DEPTH", "Cursor"]

MAX_DEPTH = 40
MAX_TOKENS = 1500

FUNCTIONS = {name: name for name in ACTIVATIONS} | {
    "sigma": "sigmoid", "sig": "sigmoid", "logistic": "sigmoid", "ReLU": "relu", "ln": "log",
    "heaviside": "step", "recip": "reciprocal", "sech": "sech", "cosh": "cosh", "sinh": "sinh",
    "diag": "diag", "softmax": "softmax", "transpose": "transpose", "concat": "concat",
    "rows": "rows", "outer": "outer", "dot": "dot", "matmul": "dot", "max": "max", "maximum": "max",
}  # fmt: skip
"""What the functions of a formula are called, and what they are."""

_ACCENTS = {"tilde": "tilde", "widetilde": "tilde", "hat": "hat", "widehat": "hat", "bar": "bar",
            "overline": "bar"}  # fmt: skip
_ARROWS = {"overrightarrow": "fwd", "vec": "fwd", "overleftarrow": "bwd"}
_LETTERS = frozenset({*GREEK.values(), "varepsilon", "varphi"}) - {"sum"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Cursor(ABC):
    """One pass over the tokens."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokens(text)
        if len(self.tokens) > MAX_TOKENS:
            raise InputError(f"a formula of {len(self.tokens)} signs (at most {MAX_TOKENS})")
        self.at = self.depth = 0
        self.open: list[Token] = []

    @abstractmethod
    def expression(self) -> Tree:
        """Read a sum of terms."""

    @abstractmethod
    def term(self) -> Tree:
        """Read a product."""

    @abstractmethod
    def factor(self) -> Tree:
        """Read a factor with all that stands behind it."""

    @property
    def peek(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def ahead(self, by: int) -> Token:
        """The token ``by`` after the next."""
        return self.tokens[min(self.at + by, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.peek
        self.at += token.kind != "end"
        return token

    def accept(self, *signs: str) -> Token | None:
        """Take the next token if it is one of these signs."""
        return self.take() if self.peek.kind == "sign" and self.peek.text in signs else None

    def fail(self, message: str, place: int | None = None) -> InputError:
        """Return an error at a place, or at the next token."""
        return failure(self.text, self.peek.start if place is None else place, message)

    def enter(self, bracket: str) -> None:
        """Take an opening bracket."""
        token = self.accept(bracket)
        if token is None:
            raise self.fail(f"'{bracket}' is expected here")
        self.open.append(token)

    def leave(self) -> None:
        """Take the bracket that closes the last one opened."""
        opened = self.open.pop()
        closing = _CLOSING[opened.text]
        if self.accept(closing) is None:
            if self.peek.kind == "end":
                raise self.fail(f"'{opened.text}' is never closed", opened.start)
            raise self.fail(f"'{closing}' is expected here, for the '{opened.text}' before it")

    def group(self, inner: Callable[[], Tree]) -> Tree:
        """Read something in braces."""
        self.enter("{")
        found = inner()
        self.leave()
        return found

    # Symbols

    def is_base(self) -> bool:
        """Tell whether a symbol starts here, perhaps alone in braces."""
        token = self.peek
        if token.text == "{" and self.ahead(2).text == "}":
            token = self.ahead(1)
        known = token.text in _LETTERS or token.text in _ACCENTS or token.text in _ARROWS
        return token.kind == "word" or (
            token.kind == "command" and (known or token.text in FUNCTIONS)
        )

    def base(self, start: int | None = None) -> tuple[str, tuple[Tree, ...]]:
        """Read a symbol's letters with its accent, and the direction that an arrow over it says."""
        start = self.at if start is None else start
        token = self.take()
        if self.at - start > MAX_DEPTH:
            raise self.fail(f"accents are nested more than {MAX_DEPTH} levels deep")
        if token.text == "{":
            found = self.base(start)
            if not self.accept("}"):
                raise self.fail("'}' is expected here")
            return found
        if token.kind == "command" and token.text in (*_ACCENTS, *_ARROWS):
            inner, subscripts = self.base(start)
            if token.text in _ACCENTS:
                return f"{inner}_{_ACCENTS[token.text]}", subscripts
            direction = Name(_ARROWS[token.text], (), (), None, token.start)
            return inner, (*subscripts, direction)
        return token.text, ()
