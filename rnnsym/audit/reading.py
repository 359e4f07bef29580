"""From a tree of signs to an expression: the shapes decide where a sign has two meanings.

``a b``, ``a · b`` and ``a * b`` are a number times an expression, the elementwise product of two
columns, or a matrix product, whichever the shapes allow. Between two square matrices ``*`` is
elementwise, as in NumPy, and ``a b`` and ``a · b`` are matrix products, as on paper.
"""

from collections.abc import Sequence
from typing import TypeAlias

from rnnsym.audit.scalars import MAX_POWER, scalar
from rnnsym.audit.symbols import Symbols
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
    LAYER,
    STEPS,
    TIME,
    Array,
    Expr,
    Fill,
    Integer,
    Node,
    Shape,
    Symbol,
    Tuple,
    apply,
    concat,
    derivative,
    diag,
    fill_like,
    hadamard,
    matmul,
    maximum,
    plus,
    scale,
    shape_text,
    sigma,
    size,
    softmax,
    source,
    split,
    spread,
    transpose,
)

__all__ = ["Reading"]

MAX_SUMS = 3
MAX_CHAIN = 12
ONE = Integer(1)
Value: TypeAlias = Node | Expr
_SHIFTS = {"prev": -1, "next": 1}


class Reading:
    """Reads trees, for one line of a model.

    Args:
        symbols: what names mean.
        line: the array that is asked for; a symbol without layer, direction or step has the line's.
        text: the formula, for carets.
    """

    def __init__(self, symbols: Symbols, line: Array, text: str) -> None:
        self.symbols, self.line, self.text = symbols, line, text
        self.bound: dict[str, Expr] = {}

    def expression(self, tree: Tree) -> Node:
        """Return the whole formula as an expression of some shape.

        Raises:
            ShapeError: shapes that do not fit; says which.
            InputError: an unknown symbol, or what has no meaning; with a caret.
        """
        value = self._value(tree)
        return self._filled(value, self.line.shape) if isinstance(value, Expr) else value

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
            case Rows():
                return self._rows(tree)
            case Stack(blocks):
                return self._stack([self._matrix(b) for b in blocks])
            case Total():
                return self._total(tree)

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
            found = self.symbols.split(tree)
            if found is not None and found[0] in self.symbols.entries:
                return self.array(tree)
            if tree.base == "I" and found is None and not tree.subscripts:
                return _IDENTITY
        try:
            value = scalar(tree, self._names())
        except InputError as error:
            raise failure(self.text, tree.place, str(error)) from None
        if value is None:
            name = "_".join([tree.base, *self._written(tree)]) if isinstance(tree, Name) else ""
            raise failure(self.text, tree.place, self.symbols.unknown(name))
        return value

    @staticmethod
    def _written(tree: Name) -> list[str]:
        return [s.base for s in tree.subscripts if isinstance(s, Name)]

    def _names(self) -> dict[str, Expr]:
        layer = self.line.layer
        here = self.symbols.scalars if layer is None else {
            k: v.xreplace({LAYER: layer}) for k, v in self.symbols.scalars.items()
        }  # fmt: skip
        return {**here, **self.bound}

    # Symbols

    def array(self, tree: Name) -> Array:
        """Return the array that a symbol means."""
        try:
            return self._array(tree)
        except InputError as error:
            if "\n" in str(error):
                raise
            raise failure(self.text, tree.place, str(error)) from None

    def _array(self, tree: Name) -> Array:
        found = self.symbols.split(tree)
        if found is None or found[0] not in self.symbols.entries:
            name = "_".join([tree.base, *self._written(tree)])
            raise InputError(self.symbols.unknown(name))
        name, rest = found
        direction, items = "", [*rest, *tree.indices]
        for mark in [i for i in items if isinstance(i, Name) and i.base in ("fwd", "bwd")]:
            items.remove(mark)
            direction = str(mark.base) if isinstance(mark, Name) else ""
        layer = None if tree.above is None else self._index(tree.above)
        timed = self.symbols.entries[name][0].array.time is not None
        layer, time = self._placed(items, layer, timed)
        entry = self.symbols.choose(
            name, direction, layer, self.line.layer, self.line.family.direction
        )
        array = entry.array
        if tree.gradient:
            if entry.gradient is None:
                raise InputError(f"∂L/∂{name} is no line of this derivation")
            array = self._initial(entry.array, time) or entry.gradient
        if array.time is not None:
            array = array.xreplace({TIME: self._now() if time is None else time})
        elif time is not None:
            raise InputError(f"{name} has no time index")
        return self.symbols.settled(array, self.line.layer)

    def _initial(self, state: Array, time: Expr | None) -> Array | None:
        """Return ∂L/∂ of an initial state, where that is what is meant."""
        for step in self.symbols.derivation.initial:
            same = (step.of.family, step.of.layer) == (state.family, state.layer)
            if same and time is not None and step.of.time == time:
                return step.target
        return None

    def _now(self) -> Expr:
        """The step of a symbol without one: that of the innermost sum, else that of the line."""
        if self.bound:
            return list(self.bound.values())[-1]
        return TIME if self.line.time is None else self.line.time

    def _placed(
        self, items: Sequence[Tree], layer: Expr | None, timed: bool
    ) -> tuple[Expr | None, Expr | None]:
        """Tell layer and time apart: [layer, time], or one of them alone."""
        found = [self._index(item) for item in items]
        if len(found) > 2 or (len(found) == 2 and layer is not None):
            raise InputError("a symbol has at most a layer and a time index")
        if len(found) == 2:
            return found[0], found[1]
        if len(found) == 1 and layer is None and (found[0].has(LAYER) or not timed):
            return found[0], None
        return layer, found[0] if found else None

    def _index(self, tree: Tree) -> Expr:
        if isinstance(tree, Name) and tree.base in _SHIFTS and not tree.subscripts:
            return self._now() + _SHIFTS[tree.base]
        names = {"t": TIME, "T": STEPS, **{k: self._names()[k] for k in ("l", "ell", "L")}}
        value = scalar(tree, {**names, **self.bound})
        if value is None:
            written = tree.base if isinstance(tree, Name) else "this"
            known = ", ".join(dict.fromkeys([*names, *self.bound]))
            raise failure(self.text, tree.place, f"'{written}' is no index (known: {known})")
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
        if any(not isinstance(v, Node) and v.has(_IDENTITY) for _, v in terms) and (
            shapes[0][0] != shapes[0][1]
        ):
            raise failure(self.text, place, "I is the identity matrix: 1 is the vector of ones")
        shape = next((s for s in shapes if s != (ONE, ONE)), shapes[0])
        nodes = (
            _spread(v, shape) if isinstance(v, Node) else self._constant(v, shape)
            for _, v in terms
        )
        return plus(*(scale(sign, n) for (sign, _), n in zip(terms, nodes, strict=True)))

    def _constant(self, number: Expr, shape: Shape) -> Node:
        """A number beside a vector is added to each of its entries; I stands for the identity."""
        if not number.has(_IDENTITY):
            return self._filled(number, shape)
        ones = Fill(ONE, Tuple(shape[0], ONE))
        return scale(number.xreplace({_IDENTITY: ONE}), diag(ones))

    def _chain(self, tree: Chain) -> Value:
        values = [self._value(f) for f in tree.factors]
        if all(isinstance(v, Expr) for v in values):
            found = self._scalar_chain(tree, values)
            if found is not None:
                return found
        try:
            return self._grouped(values, tree.signs)
        except ShapeError as error:
            if len(values) > MAX_CHAIN:
                raise
            for attempt in (self._left_to_right, self._any_order):
                try:
                    return attempt(values, tree.signs)
                except ShapeError:
                    continue
            raise error

    def _scalar_chain(self, tree: Chain, values: list[Value]) -> Expr | None:
        total = values[0]
        for sign, value in zip(tree.signs, values[1:], strict=True):
            if not isinstance(total, Expr) or not isinstance(value, Expr):
                return None
            if sign == "/" and value == 0:
                raise failure(self.text, tree.place, "a formula divides by zero")
            total = total / value if sign == "/" else total * value
        return total if isinstance(total, Expr) else None

    def _grouped(self, values: list[Value], signs: tuple[str, ...]) -> Value:
        """Multiply what stands side by side first."""
        groups, between = [[values[0]]], list[str]()
        for sign, value in zip(signs, values[1:], strict=True):
            if sign == "":
                groups[-1].append(value)
            else:
                groups.append([value])
                between.append(sign)
        inner = [self._left_to_right(g, ("",) * (len(g) - 1)) for g in groups]
        return self._left_to_right(inner, tuple(between))

    @staticmethod
    def _left_to_right(values: list[Value], signs: tuple[str, ...]) -> Value:
        total = values[0]
        for sign, value in zip(signs, values[1:], strict=True):
            total = _times(total, sign, value)
        return total

    @staticmethod
    def _any_order(values: list[Value], signs: tuple[str, ...]) -> Value:
        """Multiply in whatever order the shapes allow, left to right where several do."""
        found: dict[tuple[int, int], Value] = {(k, k + 1): v for k, v in enumerate(values)}
        for length in range(2, len(values) + 1):
            for start in range(len(values) - length + 1):
                end = start + length
                for middle in range(end - 1, start, -1):
                    left, right = found.get((start, middle)), found.get((middle, end))
                    if left is None or right is None or (start, end) in found:
                        continue
                    try:
                        found[start, end] = _times(left, signs[middle - 1], right)
                    except ShapeError:
                        continue
        whole = found.get((0, len(values)))
        if whole is None:
            raise ShapeError("no order of these factors fits")
        return whole

    def _power(self, tree: Power) -> Value:
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
            return diag(arg)
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

    def _stack(self, blocks: list[Node]) -> Node:
        widths = {b.shape[1] for b in blocks}
        if len(widths) > 1:
            shapes = ", ".join(shape_text(b.shape) for b in blocks)
            raise ShapeError(f"blocks of shapes {shapes} do not stack: their columns differ")
        return concat(*blocks)

    def _rows(self, tree: Rows) -> Node:
        inner = self._matrix(tree.inner)
        names = self._names()
        height = inner.shape[0]
        first = ONE if tree.first is None else scalar(tree.first, names)
        last = height if tree.last is None else scalar(tree.last, names)
        if first is None or last is None:
            raise failure(self.text, tree.place, "rows are counted in sizes, as in [1:n]")
        if first == 0 or tree.last is None:  # as Python counts
            first = first + 1
        start, length = first - 1, last - first + 1
        numbers: dict[Expr, Expr] = {s: Integer(k) for k, s in enumerate(self._sizes(height), 3)}
        low, high = start.xreplace(numbers), (height - start - length).xreplace(numbers)
        if bool(low.is_negative) or bool(high.is_negative) or bool(
            length.xreplace(numbers).is_negative
        ):
            raise ShapeError(f"rows {first} to {last} of {source(inner)}, which has {height} rows")
        return inner if start == 0 and length == height else split(inner, start, length)

    @staticmethod
    def _sizes(height: Expr) -> list[Expr]:
        return sorted((size(str(s)) for s in height.free_symbols), key=str)

    def _total(self, tree: Total) -> Node:
        if len(self.bound) == MAX_SUMS:
            raise failure(self.text, tree.place, f"sums are nested more than {MAX_SUMS} deep")
        if tree.index in self.bound:
            raise failure(self.text, tree.place, f"two nested sums over {tree.index}")
        first = ONE if tree.first is None else self._index(tree.first)
        last = STEPS if tree.last is None else self._index(tree.last)
        symbol = BOUND if not self.bound else Symbol(tree.index, integer=True, positive=True)
        self.bound[tree.index] = symbol
        body = self._matrix(tree.body)
        del self.bound[tree.index]
        return sigma(body, symbol, first, last)


_IDENTITY = Symbol("I", integer=True, positive=True)


def _raised(node: Node, power: int) -> Node:
    return apply("square", node) if power == 2 else hadamard(*[node] * power)


def _times(left: Value, sign: str, right: Value) -> Value:
    """Multiply or divide two values as the sign and their shapes say."""
    if not isinstance(left, Node) or not isinstance(right, Node):
        return _scaled(left, sign, right)
    if sign == "/":
        return hadamard(left, apply("reciprocal", right))
    if sign == "@":
        return matmul(left, right)
    left, right = _spread(left, right.shape), _spread(right, left.shape)
    same, fits = left.shape == right.shape, left.shape[1] == right.shape[0]
    elementwise = same and (sign == "*" or not fits)
    if sign == "⊙" or elementwise:
        return hadamard(left, right)
    if fits:
        return matmul(left, right)
    shapes = f"{source(left)} ({shape_text(left.shape)}) and {source(right)}"
    raise ShapeError(
        f"{shapes} ({shape_text(right.shape)}) have no product: neither the same shape "
        f"nor equal inner sizes {left.shape[1]} and {right.shape[0]}"
    )


def _spread(node: Node, shape: Shape) -> Node:
    """A trained number times a column multiplies each of its rows."""
    alone = node.shape == (ONE, ONE) and shape[1] == 1
    return spread(node, shape[0]) if alone else node


def _scaled(left: Value, sign: str, right: Value) -> Value:
    if isinstance(left, Node):
        assert isinstance(right, Expr)
        if right == 0 and sign == "/":
            raise InputError("a formula divides by zero")
        number = right.xreplace({_IDENTITY: ONE})
        return scale(ONE / number if sign == "/" else number, left)
    number = left.xreplace({_IDENTITY: ONE})
    if isinstance(right, Node):
        return scale(number, apply("reciprocal", right) if sign == "/" else right)
    if right == 0 and sign == "/":
        raise InputError("a formula divides by zero")
    return left / right if sign == "/" else left * right
