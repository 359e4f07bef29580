"""From a tree of signs to an expression: the shapes decide where a sign has two meanings.

``a b``, ``a · b`` and ``a * b`` are a number times an expression, the elementwise product of two
columns, or a matrix product, whichever the shapes allow. Between two square matrices ``*`` is
elementwise, as in NumPy, and ``a b`` and ``a · b`` are matrix products, as on paper.
"""

from rnnsym.audit.layers import from_above
from rnnsym.audit.products import (
    IDENTITY,
    Value,
    any_order,
    grouped,
    left_to_right,
    spread_over,
    stacked,
)
from rnnsym.audit.references import References, written
from rnnsym.audit.scalars import MAX_POWER, scalar
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
    Total,
    Tree,
    Turned,
)
from rnnsym.errors import InputError, ShapeError
from rnnsym.expr import (
    ACTIVATIONS,
    BOUND,
    STEPS,
    Expr,
    Fill,
    Integer,
    Node,
    Shape,
    Symbol,
    Tuple,
    apply,
    derivative,
    diag,
    fill_like,
    hadamard,
    matmul,
    maximum,
    plus,
    scale,
    sigma,
    size,
    softmax,
    source,
    split,
    transpose,
)

__all__ = ["Reading"]

MAX_SUMS = 3
MAX_CHAIN = 12
ONE = Integer(1)


class Reading(References):
    """Reads trees, for one line of a model."""

    def expression(self, tree: Tree) -> Node:
        """Return the whole formula as an expression of some shape.

        Raises:
            ShapeError: shapes that do not fit; says which.
            InputError: an unknown symbol, or what has no meaning; with a caret.
        """
        value = self._value(tree)
        return self._filled(value, self.line.shape) if isinstance(value, Expr) else value

    def value(self, tree: Tree) -> Value:
        """Return what a formula means: an expression, or a number that stands alone."""
        return self._value(tree)

    # Values

    def _value(self, tree: Tree) -> Value:
        match tree:
            case Number() | Name():
                return self._leaf(tree)
            case Difference(terms):
                return self._sum([(sign, self._value(term)) for sign, term in terms], tree.place)
            case Chain():
                return self._chain(tree)
            case Turned(inner):
                value = self._value(inner)
                return transpose(value) if isinstance(value, Node) else value
            case Power():
                return self._power(tree)
            case Called():
                return self._called(tree)
            case Stack(blocks):
                return stacked([self._matrix(block) for block in blocks])
            case Rows() | Total():
                return self._rows(tree) if isinstance(tree, Rows) else self._total(tree)

    def _matrix(self, tree: Tree) -> Node:
        value = self._value(tree)
        if isinstance(value, Node):
            return value
        raise failure(self.text, tree.place, f"a vector or matrix is expected, not {value}")

    @staticmethod
    def _filled(number: Expr, shape: Shape) -> Node:
        return Fill(number, Tuple(*shape))

    def _leaf(self, tree: Number | Name) -> Value:
        if isinstance(tree, Name):
            if tree.base == "I" and not tree.subscripts and "I" not in self.symbols.entries:
                return IDENTITY
            found = self.symbols.split(tree)
            if found is not None and found[0] in self.symbols.entries:
                return self.shown(self.array(tree))
        try:
            value = scalar(tree, self.names())
        except InputError as error:
            raise failure(self.text, tree.place, str(error)) from None
        pair = self.symbols.apart(tree) if value is None and isinstance(tree, Name) else None
        if pair is not None:
            return self._chain(Chain(pair, ("",), tree.place))
        gradient = self.differential(tree) if value is None and isinstance(tree, Name) else None
        if gradient is not None:
            return self.shown(self.array(gradient))
        if value is None:
            name = written(tree) if isinstance(tree, Name) else ""
            raise failure(self.text, tree.place, self.symbols.unknown(name))
        return value

    # Operations

    def _sum(self, terms: list[tuple[int, Value]], place: int) -> Value:
        shapes = [v.shape for _, v in terms if isinstance(v, Node)]
        if not shapes:
            total: Expr = Integer(0)
            for sign, value in terms:
                assert isinstance(value, Expr)
                total = total + sign * value
            return total
        if any(not isinstance(v, Node) and v.has(IDENTITY) for _, v in terms) and (
            shapes[0][0] != shapes[0][1]
        ):
            raise failure(self.text, place, "I is the identity matrix: 1 is the vector of ones")
        shape = next((s for s in shapes if s != (ONE, ONE)), shapes[0])
        nodes = (
            spread_over(v, shape) if isinstance(v, Node) else self._constant(v, shape)
            for _, v in terms
        )
        return plus(*(scale(sign, n) for (sign, _), n in zip(terms, nodes, strict=True)))

    def _constant(self, number: Expr, shape: Shape) -> Node:
        """A number beside a vector is added to each of its entries; I stands for the identity."""
        if not number.has(IDENTITY):
            return self._filled(number, shape)
        ones = Fill(ONE, Tuple(shape[0], ONE))
        return scale(number.xreplace({IDENTITY: ONE}), diag(ones))

    def _chain(self, tree: Chain) -> Value:
        values = self._factors(tree)
        if all(isinstance(v, Expr) for v in values):
            found = self._scalar_chain(tree, values)
            if found is not None:
                return found
        try:
            return grouped(values, tree.signs)
        except ShapeError as error:
            if len(values) > MAX_CHAIN:
                raise
            for attempt in (left_to_right, any_order):
                try:
                    return attempt(values, tree.signs)
                except ShapeError:
                    continue
            raise error

    def _factors(self, tree: Chain) -> list[Value]:
        """Return the values of factors; ones before a column or after a row have its length."""
        values = [self._value(f) for f in tree.factors]
        for k, (sign, after) in enumerate(zip(tree.signs, values[1:], strict=True)):
            ones = values[k] == 1 and (sign == "@" or isinstance(tree.factors[k], Turned))
            if ones and isinstance(after, Node):
                values[k] = self._filled(ONE, (ONE, after.shape[0]))
        for k, (before, sign) in enumerate(zip(values, tree.signs, strict=False), 1):
            ones = values[k] == 1 and sign in ("@", "")
            if ones and isinstance(before, Node) and before.shape[0] == 1:
                values[k] = self._filled(ONE, (before.shape[1], ONE))
            elif ones and isinstance(before, Node) and isinstance(tree.factors[k], Turned):
                values[k] = self._filled(ONE, (ONE, before.shape[0]))  # 1 1ᵀ is square
        return values

    def _scalar_chain(self, tree: Chain, values: list[Value]) -> Expr | None:
        total = values[0]
        for sign, value in zip(tree.signs, values[1:], strict=True):
            if not isinstance(total, Expr) or not isinstance(value, Expr):
                return None
            if sign == "/" and value == 0:
                raise failure(self.text, tree.place, "a formula divides by zero")
            total = total / value if sign == "/" else total * value
        return total if isinstance(total, Expr) else None

    def _power(self, tree: Power) -> Value:
        named = tree.base.base if isinstance(tree.base, Name) else ""
        if named == "e" and named not in self.symbols.entries:
            return apply("exp", self._matrix(tree.exponent))
        base, exponent = self._value(tree.base), scalar(tree.exponent, {})
        if exponent is None or not exponent.is_Integer or abs(int(exponent)) > MAX_POWER:
            raise failure(
                self.text, tree.place, f"a power is an integer of at most {MAX_POWER} here"
            )
        count = int(exponent)
        if not isinstance(base, Node):
            if base == 0 and count < 0:
                raise failure(self.text, tree.place, "a formula divides by zero")
            return base**exponent
        if base.shape[1] != 1 and base.shape[0] == base.shape[1]:
            if count < 1:
                raise failure(self.text, tree.place, "the inverse of a matrix is not known")
            return matmul(*[base] * count)
        if count == 0:
            return fill_like(1, base)
        raised = base if count in (1, -1) else _raised(base, abs(count))
        return raised if count > 0 else apply("reciprocal", raised)

    def _called(self, tree: Called) -> Value:
        if tree.function == "max" and isinstance(tree.argument, Stack):
            return self._maximum([self._value(b) for b in tree.argument.blocks], tree.place)
        arg, name = self._matrix(tree.argument), tree.function
        if name in ACTIVATIONS and tree.primes <= 1:
            node = apply(name, arg)
            return derivative(node) if tree.primes else node
        if tree.primes:
            raise failure(self.text, tree.place, f"this derivative of {name} is not known")
        if name == "diag":
            return diag(transpose(arg) if arg.shape[0] == 1 else arg)
        if name == "softmax":
            return softmax(arg)
        grown, shrunk = apply("exp", arg), apply("exp", scale(-1, arg))
        sign = -1 if name == "sinh" else 1
        double = plus(grown, scale(sign, shrunk))
        if name == "sech":
            return scale(2, apply("reciprocal", double))
        return scale(ONE / 2, double)

    def _maximum(self, values: list[Value], place: int) -> Node:
        shapes = [v.shape for v in values if isinstance(v, Node)]
        if not shapes:
            raise failure(self.text, place, "max is of two vectors, or of a vector and a number")
        a, b = (v if isinstance(v, Node) else self._filled(v, shapes[0]) for v in values)
        return maximum(a, b)

    def _rows(self, tree: Rows) -> Node:
        inner = self._matrix(tree.inner)
        names = self.names()
        turned = inner.shape[0] == 1
        inner = transpose(inner) if turned else inner
        height = inner.shape[0]
        first = ONE if tree.first is None else scalar(tree.first, names)
        last = height if tree.last is None else scalar(tree.last, names)
        if first is None or last is None:
            raise failure(self.text, tree.place, "rows are counted in sizes, as in [1:n]")
        first, last = (from_above(self.symbols.system, e, self.line.layer) for e in (first, last))
        if first == 0 or tree.last is None:  # as Python counts
            first = first + 1
        start, length = first - 1, last - first + 1
        sizes = sorted((size(str(s)) for s in height.free_symbols), key=str)
        numbers: dict[Expr, Expr] = {s: Integer(k) for k, s in enumerate(sizes, 3)}
        low, high = start.xreplace(numbers), (height - start - length).xreplace(numbers)
        if any(bool(e.is_negative) for e in (low, high, length.xreplace(numbers))):
            raise ShapeError(f"rows {first} to {last} of {source(inner)}, which has {height} rows")
        cut = inner if start == 0 and length == height else split(inner, start, length)
        return transpose(cut) if turned else cut

    def _total(self, tree: Total) -> Node:
        if len(self.bound) == MAX_SUMS:
            raise failure(self.text, tree.place, f"sums are nested more than {MAX_SUMS} deep")
        if tree.index in self.bound:
            raise failure(self.text, tree.place, f"two nested sums over {tree.index}")
        first = ONE if tree.first is None else self.index(tree.first)
        last = STEPS if tree.last is None else self.index(tree.last)
        symbol = BOUND if not self.bound else Symbol(tree.index, integer=True, positive=True)
        self.bound[tree.index] = symbol
        body = self._matrix(tree.body)
        del self.bound[tree.index]
        return sigma(body, symbol, first, last)


def _raised(node: Node, power: int) -> Node:
    return apply("square", node) if power == 2 else hadamard(*[node] * power)
