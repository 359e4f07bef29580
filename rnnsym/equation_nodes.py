"""From the syntax tree of an equation to an expression, the shapes of its arrays known."""

import ast
from collections.abc import Mapping
from fractions import Fraction

from rnnsym.equation_text import Tree, shown, time_shift
from rnnsym.errors import InputError
from rnnsym.expr import (
    TIME,
    Array,
    Expr,
    Fill,
    Integer,
    Node,
    Rational,
    Tuple,
    apply,
    evaluated,
    hadamard,
    identity,
    matmul,
    maximum,
    minus,
    plus,
    scale,
    spread,
    transpose,
)
from rnnsym.sizing import Sizing

__all__ = ["build_expression"]

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
}


def build_expression(tree: Tree, arrays: Mapping[str, Array], sizing: Sizing | None = None) -> Node:
    """Return the expression of a checked tree, the shapes of its arrays known.

    Args:
        tree: what ``parse_equation`` returned.
        arrays: every name in it.
        sizing: where scalars, constants and identity matrices may stand, how far they reach.

    Raises:
        InputError: a number where only an array can stand.
        ShapeError: shapes that do not fit.
    """
    return _Builder(arrays, sizing or Sizing(())).node(tree)


class _Builder:
    """Trees to nodes."""

    def __init__(self, arrays: Mapping[str, Array], sizing: Sizing) -> None:
        self.arrays, self.sizing = arrays, sizing

    def number(self, tree: Tree) -> Expr | None:
        """Return the value of a tree made of numbers and constants only."""
        match tree:
            case ast.Constant(value) if isinstance(value, int | float):
                return Integer(1) * Rational(Fraction(str(value)))
            case ast.Name(name):
                return self.sizing.constants.get(name)
            case ast.UnaryOp(ast.USub(), operand):
                inner = self.number(operand)
                return None if inner is None else -inner
            case ast.BinOp(left, operator, right):
                a, b = self.number(left), self.number(right)
                return None if a is None or b is None else _computed(a, operator, b)
            case _:
                return None

    def node(self, tree: Tree) -> Node:
        """Return the expression of a tree."""
        if self.number(tree) is not None:
            raise InputError(f"the number {shown(tree)} needs an array beside it")
        if tree in self.sizing.places and self.sizing.is_scalar(tree):
            return spread(self._plain(tree), self.sizing.rows_at(tree))
        return self._plain(tree)

    def _plain(self, tree: Tree) -> Node:
        match tree:
            case ast.Name("I") if tree in self.sizing.places:
                return identity(self.sizing.rows_at(tree))
            case ast.Name(name):
                return self.arrays[name]
            case ast.Subscript(ast.Name(name), index):
                base = self.arrays[name]
                return Array(base.family, base.shape, None, TIME + time_shift(index))
            case ast.UnaryOp(_, operand):
                return scale(-1, self.node(operand))
            case ast.Call(_, [left, right]):
                return maximum(self._filled(left, right), self._filled(right, left))
            case ast.Call(ast.Name(name), [argument]):
                return apply(name, self.node(argument))
            case ast.Attribute(value):
                return transpose(self.node(value))
            case ast.BinOp(left, operator, right):
                return self._binary(left, _OPERATORS[type(operator)], right)
            case _:
                raise InputError(f"'{shown(tree)}' is not part of the cell language")

    def _binary(self, left: Tree, sign: str, right: Tree) -> Node:
        if sign == "@":
            return matmul(self.node(left), self.node(right))
        if sign == "*":
            return self._times(left, right)
        if sign == "/":
            return self._divided(left, right)
        first, second = self._filled(left, right), self._filled(right, left)
        return plus(first, second) if sign == "+" else minus(first, second)

    def _times(self, left: Tree, right: Tree) -> Node:
        for number, other in ((self.number(left), right), (self.number(right), left)):
            if number is not None:
                return scale(number, self.node(other))
        return hadamard(self.node(left), self.node(right))

    def _divided(self, left: Tree, right: Tree) -> Node:
        below = self.number(right)
        if below is not None:
            return scale(_computed(Integer(1), ast.Div(), below), self.node(left))
        above, inverse = self.number(left), apply("reciprocal", self.node(right))
        return hadamard(self.node(left), inverse) if above is None else scale(above, inverse)

    def _filled(self, tree: Tree, other: Tree) -> Node:
        """A number beside + or − stands for the constant vector of the other side's shape."""
        number = self.number(tree)
        return self.node(tree) if number is None else Fill(number, Tuple(*self.node(other).shape))


def _computed(a: Expr, operator: ast.operator, b: Expr) -> Expr:
    match operator:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case _ if evaluated(b) == 0:
            raise InputError("division by zero")
        case _:
            return a / b
