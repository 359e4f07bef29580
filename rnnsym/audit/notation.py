r"""The parser of formulas: what students write, as a tree of signs. Nothing is ever evaluated.

The README beside this file is the table of notations; a test reads every line of it.

Binding, from loose to tight: ``+ -``, then ``@ ⊙ * · /`` from left to right, then factors that stand
side by side, then ``^T .T ' ^2`` and indices. Σ takes the product after it; ``sum_t(…)`` its brackets.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from rnnsym.audit.tokens import Token, failure, tokens
from rnnsym.audit.tree import (
    Called,
    Chain,
    Difference,
    Name,
    Number,
    Power,
    Rows,
    Stack,
    Total,
    Tree,
    Turned,
)
from rnnsym.errors import InputError
from rnnsym.expr import ACTIVATIONS

__all__ = ["FUNCTIONS", "MAX_DEPTH", "parse"]

MAX_DEPTH = 40
MAX_TOKENS = 1500

FUNCTIONS = {name: name for name in ACTIVATIONS} | {
    "sigma": "sigmoid", "sig": "sigmoid", "logistic": "sigmoid", "ReLU": "relu", "ln": "log",
    "heaviside": "step", "recip": "reciprocal", "sech": "sech", "cosh": "cosh", "sinh": "sinh",
    "diag": "diag", "softmax": "softmax", "transpose": "transpose", "concat": "concat",
    "rows": "rows", "max": "max", "maximum": "max",
}  # fmt: skip
"""What the functions of a formula are called, and what they are."""

_ACCENTS = {"tilde": "tilde", "widetilde": "tilde", "hat": "hat", "widehat": "hat", "bar": "bar",
            "overline": "bar"}  # fmt: skip
_ARROWS = {"overrightarrow": "fwd", "vec": "fwd", "overleftarrow": "bwd"}
_GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta lambda mu nu tau phi varphi Delta ell".split()
)
_PRODUCTS = ("@", "⊙", "*", "·", "/")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def parse(text: str) -> tuple[Name | None, Tree]:
    """Return the left-hand side of a formula, where it has one, and the right-hand side.

    Raises:
        InputError: what cannot be read, with a caret under the place.

    >>> parse("dL/db = sum_t(delta_a)")[0].base
    'b'
    """
    reader = _Parser(text)
    if reader.peek.kind == "end":
        raise InputError("the formula is empty")
    tree = reader.expression()
    left = None
    if reader.accept("="):
        if not isinstance(tree, Name):
            raise failure(text, tree.place, "the left-hand side of a formula is one symbol")
        left, tree = tree, reader.expression()
    if reader.peek.kind != "end":
        raise reader.fail(f"'{reader.peek.text}' has no place here")
    return left, tree


class _Parser:
    """One pass over the tokens, by precedence."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokens(text)
        if len(self.tokens) > MAX_TOKENS:
            raise InputError(f"a formula of {len(self.tokens)} signs (at most {MAX_TOKENS})")
        self.at = self.depth = 0
        self.open: list[Token] = []

    # Tokens

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

    # Expressions

    def expression(self) -> Tree:
        """Read a sum of terms."""
        place, terms = self.peek.start, [self._signed_term()]
        while (sign := self.accept("+", "-")) is not None:
            factor, tree = self._signed_term()
            terms.append((factor if sign.text == "+" else -factor, tree))
        return terms[0][1] if terms == [(1, terms[0][1])] else Difference(tuple(terms), place)

    def _signed_term(self) -> tuple[int, Tree]:
        sign = 1
        while (token := self.accept("+", "-")) is not None:
            sign = -sign if token.text == "-" else sign
        return sign, self._term()

    def _term(self) -> Tree:
        place = self.peek.start
        factors, signs = [self._factor()], list[str]()
        while True:
            if (sign := self.accept(*_PRODUCTS)) is not None:
                signs.append(sign.text)
                minus, factor = self._signed_factor()
                factors.append(Difference(((-1, factor),), factor.place) if minus else factor)
            elif self._starts_factor():
                signs.append("")
                factors.append(self._factor())
            else:
                break
        return factors[0] if not signs else Chain(tuple(factors), tuple(signs), place)

    def _signed_factor(self) -> tuple[bool, Tree]:
        minus = False
        while (token := self.accept("+", "-")) is not None:
            minus ^= token.text == "-"
        return minus, self._factor()

    def _starts_factor(self) -> bool:
        token = self.peek
        return token.kind in ("number", "word", "command", "gradient") or (
            token.kind == "sign" and token.text in ("(", "[", "{")
        )

    def _factor(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"the formula is nested more than {MAX_DEPTH} levels deep")
        tree = self._scripted(self._atom())
        self.depth -= 1
        return tree

    def _scripted(self, tree: Tree) -> Tree:
        while True:
            token = self.peek
            if self.accept(".T", "'"):
                tree = Turned(tree, token.start)
            elif self.accept("^"):
                tree = self._superscript(tree)
            elif isinstance(tree, Stack) and len(tree.blocks) == 1:
                tree = self._after_brackets(tree.blocks[0])
            elif token.text == "_" and token.kind == "sign":
                tree = self._subscripted(tree)
            elif token.text == "[" and token.kind == "sign" and not token.gap:
                tree = self._bracketed(tree)
            else:
                return tree

    def _after_brackets(self, inner: Tree) -> Tree:
        """Read [x]_{first:last}, or take [x] for (x)."""
        if self.peek.text != "_" or self.ahead(1).text != "{":
            return inner
        place = self.take().start
        self.enter("{")
        return self._rows(inner, place)

    # Atoms

    def _atom(self) -> Tree:
        token = self.peek
        if token.kind == "number":
            self.take()
            return Number(Fraction(token.text), token.start)
        if token.kind == "gradient":
            return self._gradient()
        if token.text == "sum" and token.kind in ("word", "command"):
            return self._total()
        if token.kind == "command" and token.text in ("frac", "tfrac", "dfrac"):
            return self._fraction()
        if token.kind == "command" and token.text == "nabla":
            return self._nabla()
        if self._is_base():
            return self._named()
        if token.kind == "sign" and token.text in ("(", "{"):
            self.enter(token.text)
            inner = self.expression()
            self.leave()
            return inner
        if token.kind == "sign" and token.text == "[":
            return self._stack()
        if token.kind == "command":
            raise self.fail(f"'\\{token.text}' is not a notation that is known")
        shown = "the formula ends" if token.kind == "end" else f"'{token.text}' stands"
        raise self.fail(f"{shown} where a factor is expected")

    def _is_base(self) -> bool:
        token = self.peek
        if token.text == "{" and self.ahead(2).text == "}":
            token = self.ahead(1)
        known = token.text in _GREEK or token.text in _ACCENTS or token.text in _ARROWS
        return token.kind == "word" or (
            token.kind == "command" and (known or token.text in FUNCTIONS)
        )

    def _base(self, start: int | None = None) -> tuple[str, tuple[Tree, ...]]:
        """Read a symbol's letters with its accent, and the direction that an arrow over it says."""
        start = self.at if start is None else start
        token = self.take()
        if self.at - start > MAX_DEPTH:
            raise self.fail(f"accents are nested more than {MAX_DEPTH} levels deep")
        if token.text == "{":
            found = self._base(start)
            if not self.accept("}"):
                raise self.fail("'}' is expected here")
            return found
        if token.kind == "command" and token.text in (*_ACCENTS, *_ARROWS):
            inner, subscripts = self._base(start)
            if token.text in _ACCENTS:
                return f"{inner}_{_ACCENTS[token.text]}", subscripts
            direction = Name(_ARROWS[token.text], (), (), None, token.start)
            return inner, (*subscripts, direction)
        return token.text, ()

    def _named(self) -> Tree:
        place = self.peek.start
        base, subscripts = self._base()
        if base in FUNCTIONS and self.peek.text != "_":
            return self._called(FUNCTIONS[base], place)
        return Name(base, subscripts, (), None, place)

    def _gradient(self) -> Tree:
        token = self.take()
        grouped = self.accept("(") if not token.text else None
        if not self._is_base():
            raise self.fail("the name of an array is expected after ∂L/∂")
        place = self.peek.start
        base, subscripts = self._base()
        tree: Tree = Name(base, subscripts, (), None, place)
        while True:
            if self.peek.text == "_":
                tree = self._subscripted(tree)
            elif self.peek.text == "[" and not self.peek.gap:
                tree = self._bracketed(tree)
            elif self.peek.text == "^" and self.ahead(1).text in ("(", "{"):
                if self.ahead(1).text == "{" and self.ahead(2).text != "(":
                    break
                self.take()
                tree = self._superscript(tree)
            else:
                break
        if not isinstance(tree, Name):
            raise self.fail("∂L/∂ is of one array", place)
        if (token.text or grouped) and not self.accept(token.text or ")"):
            raise self.fail(f"'{token.text or ')'}' is expected here, to close ∂L/∂{base}")
        return replace(tree, gradient=True, place=token.start)

    def _nabla(self) -> Tree:
        place = self.take().start
        tree = self._subscripted(Name("nabla", (), (), None, place))
        subscripts = tree.subscripts if isinstance(tree, Name) else ()
        if self.peek.text == "L":
            self.take()
        if len(subscripts) != 1 or not isinstance(subscripts[0], Name):
            raise self.fail("∇ is with respect to one array: \\nabla_{U_f} L", place)
        return replace(subscripts[0], gradient=True)

    def _fraction(self) -> Tree:
        place = self.take().start
        parts: list[Tree] = []
        for _ in range(2):
            self.enter("{")
            parts.append(self.expression())
            self.leave()
        return Chain(tuple(parts), ("/",), place)

    def _stack(self) -> Tree:
        place = self.peek.start
        self.enter("[")
        blocks = [self.expression()]
        while self.accept(";"):
            blocks.append(self.expression())
        self.leave()
        return Stack(tuple(blocks), place)

    def _called(self, function: str, place: int) -> Tree:
        primes, power = 0, None
        while True:
            if self.accept("'"):
                primes += 1
            elif self.peek.text == "^" and self.ahead(1).text in ("2", "{"):
                self.take()
                power = self._group(self.expression) if self.peek.text == "{" else self._atom()
            else:
                break
        if isinstance(power, Name) and power.base == "'":
            primes, power = primes + 1, None
        if self.peek.text == "(" and self.peek.kind == "sign":
            arguments = self._arguments()
        elif self._starts_factor():
            arguments = [self._factor()]
        else:
            raise self.fail(f"the argument of {function} is expected here")
        tree = self._applied(function, primes, arguments, place)
        return tree if power is None else Power(tree, power, place)

    def _arguments(self) -> list[Tree]:
        self.enter("(")
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        self.leave()
        return found

    def _applied(self, function: str, primes: int, arguments: list[Tree], place: int) -> Tree:
        if function == "concat":
            return Stack(tuple(arguments), place)
        expected = {"rows": 3, "max": 2}.get(function, 1)
        if len(arguments) != expected:
            given = len(arguments)
            raise self.fail(f"{function} takes {expected} arguments, not {given}", place)
        if function == "rows":
            return Rows(arguments[0], arguments[1], arguments[2], place)
        if function == "max":
            return Called(function, primes, Stack(tuple(arguments), place), place)
        if function == "transpose":
            return Turned(arguments[0], place)
        return Called(function, primes, arguments[0], place)

    # Scripts

    def _group(self, inner: Callable[[], Tree]) -> Tree:
        self.enter("{")
        found = inner()
        self.leave()
        return found

    def _superscript(self, tree: Tree) -> Tree:
        place = self.peek.start
        if self.peek.text == "{":
            self.enter("{")
            turned, above = self._raised()
            self.leave()
        elif self.peek.text == "'":
            self.take()
            return Turned(tree, place)
        elif self.peek.text == "T" and self.peek.kind == "word":
            self.take()
            turned, above = True, None
        elif self.peek.text == "(" and isinstance(tree, Name):
            turned, above = self._raised()
        else:
            minus, exponent = self._signed_factor()
            if minus:
                exponent = Difference(((-1, exponent),), place)
            return Power(tree, exponent, place)
        if isinstance(above, tuple):  # in brackets: a layer
            if isinstance(tree, Name) and tree.above is None:
                tree = replace(tree, above=above[0])
            else:
                tree = Power(tree, above[0], place)
        elif above is not None:
            tree = Power(tree, above, place)
        return Turned(tree, place) if turned else tree

    def _raised(self) -> tuple[bool, Tree | tuple[Tree] | None]:
        """Read what stands above: (layer), a power, T for a transpose."""
        above: Tree | tuple[Tree] | None = None
        if self.peek.text == "(":
            self.enter("(")
            above = (self.expression(),)
            self.leave()
            self.accept(",")
        if self.peek.text in ("T", "'"):
            self.take()
            return True, above
        if above is None:
            above = self.expression()
        return False, above

    def _subscripted(self, tree: Tree) -> Tree:
        place = self.take().start
        if self.peek.text == "{" and self.peek.kind == "sign":
            self.enter("{")
            found = [self.expression()]
            while self.accept(","):
                found.append(self.expression())
            self.leave()
            return self._with_subscripts(tree, tuple(found), place)
        if self.peek.kind == "number":
            token = self.take()
            found = [Number(Fraction(token.text), token.start)]
        elif self._is_base():
            at = self.peek.start
            base, marks = self._base()
            found = [Name(base, (), (), None, at), *marks]
            self._refuse_bare_shift(base, tree)
        else:
            raise self.fail("a subscript is expected here")
        return self._with_subscripts(tree, tuple(found), place)

    def _refuse_bare_shift(self, index: str, tree: Tree) -> None:
        """h_t-1 without spaces is h_{t-1} for one and h_t − 1 for another."""
        sign, number = self.peek, self.ahead(1)
        shift = sign.text in ("+", "-") and number.kind == "number"
        if index in ("t", "T") and shift and not sign.gap and not number.gap:
            name = tree.base if isinstance(tree, Name) else "…"
            written = f"{name}_{index}{sign.text}{number.text}"
            raise self.fail(
                f"'{written}' can be read in two ways: write {name}_{{{index}{sign.text}"
                f"{number.text}}}, or {name}_{index} {sign.text} {number.text} with spaces"
            )

    def _with_subscripts(self, tree: Tree, found: tuple[Tree, ...], place: int) -> Tree:
        if isinstance(tree, Name):
            return replace(tree, subscripts=(*tree.subscripts, *found))
        if isinstance(tree, Turned):
            return replace(tree, inner=self._with_subscripts(tree.inner, found, place))
        if isinstance(tree, Power):
            return replace(tree, base=self._with_subscripts(tree.base, found, place))
        raise self.fail("a subscript belongs to a symbol", place)

    def _bracketed(self, tree: Tree) -> Tree:
        """Read x[t-1], W[l], or the rows [1:n]."""
        place = self.peek.start
        self.enter("[")
        if self.peek.text == ":":
            return self._rows(tree, place)
        found = [self.expression()]
        if self.peek.text == ":":
            return self._rows(tree, place, found[0])
        while self.accept(","):
            found.append(self.expression())
        self.leave()
        if not isinstance(tree, Name):
            raise self.fail("an index belongs to a symbol", place)
        return replace(tree, indices=(*tree.indices, *found))

    def _rows(self, tree: Tree, place: int, first: Tree | None = None) -> Tree:
        if first is None and self.peek.text != ":":
            first = self.expression()
        if not self.accept(":"):
            raise self.fail("':' is expected here, as in [1:n]")
        last = None if self.peek.text in ("]", "}") else self.expression()
        self.leave()
        return Rows(tree, first, last, place)

    # Sums

    def _total(self) -> Tree:
        token = self.take()
        index, first, last = "t", None, None
        if self.accept("_"):
            index, first, last = self._bounds()
        if self.accept("^"):
            last = self._group(self.expression) if self.peek.text == "{" else self._limit()
        if token.kind == "word" and self.peek.text == "(" and not self.peek.gap:
            return self._sum_call(index, first, last, token.start)
        return Total(index, first, last, self._term(), token.start)

    def _limit(self) -> Tree:
        """Read a bound without braces, which is one sign."""
        token = self.take()
        if token.kind == "number":
            return Number(Fraction(token.text), token.start)
        return Name(token.text, (), (), None, token.start)

    def _bounds(self) -> tuple[str, Tree | None, Tree | None]:
        braces = self.peek.text == "{"
        if braces:
            self.enter("{")
        index = self._index()
        first = last = None
        if braces:
            if self.accept("="):
                first, last = self._range()
            self.leave()
        return index, first, last

    def _index(self) -> str:
        token = self.take()
        if token.kind not in ("word", "command"):
            raise self.fail("the index of the sum is expected here", token.start)
        return token.text

    def _range(self) -> tuple[Tree, Tree | None]:
        first = self.expression()
        return first, self.expression() if self.accept("..") else None

    def _sum_call(self, index: str, first: Tree | None, last: Tree | None, place: int) -> Tree:
        """Read sum_t(body), sum_t(body, 1, T) or sum(body, t=1..T)."""
        self.enter("(")
        body = self.expression()
        if self.accept(","):
            if self.ahead(1).text == "=":
                index = self._index()
                self.accept("=")
                first, last = self._range()
            else:
                first = self.expression()
                if self.accept(","):
                    last = self.expression()
        self.leave()
        return Total(index, first, last, body, place)
