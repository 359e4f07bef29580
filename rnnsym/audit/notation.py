r"""The parser of formulas: what students write, as a tree of signs. Nothing is ever evaluated.

The README beside this file is the table of notations; a test reads every line of it.

Binding, from loose to tight: ``+ -``, then ``@ ⊙ * · /`` from left to right, then factors side by
side, then ``^T .T ' ^2`` and indices. Σ takes the product after it; ``sum_t(…)`` its brackets.
"""

from dataclasses import replace
from fractions import Fraction

from rnnsym.audit.cursor import FUNCTIONS, MAX_DEPTH
from rnnsym.audit.scripts import Scripts
from rnnsym.audit.tokens import failure
from rnnsym.audit.tree import (
    Called,
    Chain,
    Difference,
    Name,
    Number,
    Power,
    Rows,
    Stack,
    Tree,
    Turned,
)
from rnnsym.errors import InputError

__all__ = ["FUNCTIONS", "MAX_DEPTH", "parse"]

_PRODUCTS = ("@", "⊙", "⊗", "*", "·", "/")


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


class _Parser(Scripts):
    """Sums, products and factors, by precedence."""

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
        return sign, self.term()

    def term(self) -> Tree:
        """Read a product."""
        place = self.peek.start
        factors, signs = [self.factor()], list[str]()
        while True:
            if (sign := self.accept(*_PRODUCTS)) is not None:
                minus, factor = self.signed_factor()
                if sign.text == "⊗":  # a ⊗ b is a bᵀ
                    factor = Turned(factor, factor.place)
                signs.append("@" if sign.text == "⊗" else sign.text)
                factors.append(Difference(((-1, factor),), factor.place) if minus else factor)
            elif self._starts_factor():
                signs.append("")
                factors.append(self.factor())
            else:
                break
        return factors[0] if not signs else Chain(tuple(factors), tuple(signs), place)

    def _starts_factor(self) -> bool:
        token = self.peek
        return token.kind in ("number", "word", "command", "gradient") or (
            token.kind == "sign" and token.text in ("(", "[", "{")
        )

    def factor(self) -> Tree:
        """Read a factor with all that stands behind it."""
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
                tree = self.superscript(tree)
            elif isinstance(tree, Stack) and (token.text == "_" or len(tree.blocks) == 1):
                tree = self._after_brackets(tree)
            elif token.text == "_" and token.kind == "sign":
                tree = self.subscripted(tree)
            elif token.text == "[" and not (token.gap or isinstance(tree, Number)):
                tree = self.bracketed(tree)
            elif isinstance(tree, Name) and self._step_follows():
                tree = self._at_step(tree)
            else:
                return tree

    def _after_brackets(self, stack: Stack) -> Tree:
        """Read [x]_{first:last}, or take [x] for (x)."""
        inner = stack.blocks[0] if len(stack.blocks) == 1 else stack
        if self.peek.text != "_":
            return inner
        place = self.take().start
        self.enter("{")
        return self.rows(inner, place)

    # Atoms

    def _atom(self) -> Tree:
        token = self.peek
        if token.kind == "number":
            self.take()
            return Number(Fraction(token.text), token.start)
        if token.kind == "gradient":
            return self._gradient()
        if token.text == "sum" and token.kind in ("word", "command"):
            return self.total()
        if token.kind == "command" and token.text in ("frac", "tfrac", "dfrac"):
            return self._fraction()
        if token.kind == "command" and token.text == "nabla":
            return self._nabla()
        if self.is_base():
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

    def _named(self) -> Tree:
        place = self.peek.start
        base, subscripts = self.base()
        if base in FUNCTIONS and self.peek.text != "_":
            return self._called(FUNCTIONS[base], place)
        near = not self.peek.gap or self.text[place] == "\\"
        if base == "delta" and near and self.is_base():  # δh, δcₜ
            at = self.peek.start
            inner, marks = self.base()
            subscripts = (*subscripts, Name(inner, (), (), None, at), *marks)
        return Name(base, subscripts, (), None, place)

    def _step_follows(self) -> bool:
        """Tell whether (t), (t+1) or (t-1) comes next."""
        texts = [self.ahead(k).text for k in range(5)]
        shifted = texts[2] in ("+", "-") and self.ahead(3).kind == "number" and texts[4] == ")"
        return (
            not self.peek.gap
            and texts[:2] in (["(", "t"], ["(", "T"])
            and (texts[2] == ")" or shifted)
        )

    def _at_step(self, name: Name) -> Name:
        self.enter("(")
        index = self.expression()
        self.leave()
        return replace(name, indices=(index,))

    def _gradient(self) -> Tree:
        token = self.take()
        grouped = self.accept("(") if not token.text else None
        if not self.is_base():
            raise self.fail("the name of an array is expected after ∂L/∂")
        place = self.peek.start
        base, subscripts = self.base()
        tree: Tree = Name(base, subscripts, (), None, place)
        while True:
            if self.peek.text == "_":
                tree = self.subscripted(tree)
            elif self.peek.text == "[" and not self.peek.gap:
                tree = self.bracketed(tree)
            elif self.peek.text == "^" and self.ahead(1).text in ("(", "{"):
                if self.ahead(1).text == "{" and self.ahead(2).text != "(":
                    break
                self.take()
                tree = self.superscript(tree)
            else:
                break
        if not isinstance(tree, Name):
            raise self.fail("∂L/∂ is of one array", place)
        if (token.text or grouped) and not self.accept(token.text or ")"):
            raise self.fail(f"'{token.text or ')'}' is expected here, to close ∂L/∂{base}")
        return replace(tree, gradient=True, place=token.start)

    def _nabla(self) -> Tree:
        place = self.take().start
        tree = self.subscripted(Name("nabla", (), (), None, place))
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
        while self.accept(";", ","):
            blocks.append(self.expression())
        self.leave()
        return Stack(tuple(blocks), place)

    def _at_power(self) -> bool:
        return self.peek.text == "^" and self.ahead(1).text in ("2", "{")

    def _called(self, function: str, place: int) -> Tree:
        primes, power = 0, None
        while True:
            if self.accept("'"):
                primes += 1
            elif self._at_power():
                self.take()
                power = self.group(self.expression) if self.peek.text == "{" else self._atom()
            else:
                break
        if isinstance(power, Name) and power.base == "'":
            primes, power = primes + 1, None
        if self.peek.text == "(" and self.peek.kind == "sign":
            arguments = self._arguments()
        elif self._starts_factor():
            arguments = [self.factor()]
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
        expected = {"rows": 3, "max": 2, "outer": 2, "dot": 2}.get(function, 1)
        if len(arguments) != expected:
            given = len(arguments)
            raise self.fail(f"{function} takes {expected} arguments, not {given}", place)
        if function == "rows":
            return Rows(arguments[0], arguments[1], arguments[2], place)
        if function in ("outer", "dot"):
            a, b = arguments
            return Chain((a, Turned(b, place) if function == "outer" else b), ("@",), place)
        if function == "max":
            return Called(function, primes, Stack(tuple(arguments), place), place)
        if function == "transpose":
            return Turned(arguments[0], place)
        return Called(function, primes, arguments[0], place)
