"""What stands behind a symbol or a factor: subscripts, superscripts, indices, rows; and sums."""

from dataclasses import replace
from fractions import Fraction

from rnnsym.audit.cursor import Cursor
from rnnsym.audit.tree import Difference, Name, Number, Power, Rows, Total, Tree, Turned

__all__ = ["Scripts"]


class Scripts(Cursor):
    """Reads scripts and sums."""

    def signed_factor(self) -> tuple[bool, Tree]:
        """Read a factor with the signs before it: whether they make it negative, and the factor."""
        minus = False
        while (token := self.accept("+", "-")) is not None:
            minus ^= token.text == "-"
        return minus, self.factor()

    def superscript(self, tree: Tree) -> Tree:
        """Read what stands above, after its ^."""
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
            minus, exponent = self.signed_factor()
            if isinstance(tree, Name) and tree.above is None and _holds_step(exponent):
                return replace(tree, above=exponent)
            if minus:
                exponent = Difference(((-1, exponent),), place)
            return Power(tree, exponent, place)
        if isinstance(above, tuple):  # in brackets: a layer
            if isinstance(tree, Name) and tree.above is None:
                tree = replace(tree, above=above[0])
            else:
                tree = Power(tree, above[0], place)
        elif isinstance(tree, Name) and tree.above is None and _holds_step(above):
            tree = replace(tree, above=above)
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
            self.accept(",", "^")
        if self.peek.text == "{" and self.ahead(1).text == "T" and self.ahead(2).text == "}":
            self.at += 3
            return True, above
        if self.peek.text in ("T", "'"):
            self.take()
            return True, above
        if above is None:
            above = self.expression()
        return False, above

    def subscripted(self, tree: Tree) -> Tree:
        """Read what stands below, after its _."""
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
        elif self.is_base():
            at = self.peek.start
            base, marks = self.base()
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

    def bracketed(self, tree: Tree) -> Tree:
        """Read x[t-1], W[l], or the rows [1:n]."""
        place = self.peek.start
        self.enter("[")
        if self.peek.text == ":":
            return self.rows(tree, place)
        found = [self.expression()]
        if self.peek.text == ":":
            return self.rows(tree, place, found[0])
        while self.accept(","):
            found.append(self.expression())
        self.leave()
        if not isinstance(tree, Name):
            raise self.fail("an index belongs to a symbol", place)
        return replace(tree, indices=(*tree.indices, *found))

    def rows(self, tree: Tree, place: int, first: Tree | None = None) -> Tree:
        """Read the end of [first:last], the bracket being open."""
        if first is None and self.peek.text != ":":
            first = self.expression()
        if not self.accept(":"):
            raise self.fail("':' is expected here, as in [1:n]")
        last = None if self.peek.text in ("]", "}") else self.expression()
        self.leave()
        return Rows(tree, first, last, place)

    # Sums

    def total(self) -> Tree:
        """Read a sum."""
        token = self.take()
        index, first, last = "t", None, None
        if self.accept("_"):
            index, first, last = self._bounds()
        if self.accept("^"):
            last = self.group(self.expression) if self.peek.text == "{" else self._limit()
        if token.kind == "word" and self.peek.text == "(" and not self.peek.gap:
            return self._sum_call(index, first, last, token.start)
        return Total(index, first, last, self.term(), token.start)

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


def _holds_step(tree: Tree | None) -> bool:
    """Tell whether this is t or t − 1, which no symbol is raised to."""
    match tree:
        case Name("t", (), ()):
            return True
        case Difference(terms):
            return any(_holds_step(term) for _, term in terms)
        case _:
            return False
