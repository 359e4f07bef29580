"""Products, where the shapes decide what a sign means."""

from typing import TypeAlias

from rnnsym.errors import InputError, ShapeError
from rnnsym.expr import (
    Expr,
    Integer,
    Node,
    Shape,
    Symbol,
    apply,
    concat,
    hadamard,
    matmul,
    scale,
    shape_text,
    source,
    spread,
    transpose,
)

__all__ = [
    "IDENTITY",
    "Value",
    "any_order",
    "grouped",
    "left_to_right",
    "spread_over",
    "stacked",
    "times",
]

ONE = Integer(1)
IDENTITY = Symbol("I", integer=True, positive=True)
"""The identity matrix, until its size is known."""
Value: TypeAlias = Node | Expr


def times(left: Value, sign: str, right: Value) -> Value:
    """Multiply or divide two values as the sign and their shapes say."""
    if not isinstance(left, Node) or not isinstance(right, Node):
        return _scaled(left, sign, right)
    if sign == "/":
        return hadamard(left, apply("reciprocal", right))
    if right.shape == (ONE, ONE) != left.shape and left.shape[1] != 1:
        right = spread(right, left.shape[1])  # a trained number behind a matrix is a column
    if sign == "@":
        return matmul(left, right)
    left, right = spread_over(left, right.shape), spread_over(right, left.shape)
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


def spread_over(node: Node, shape: Shape) -> Node:
    """A trained number times a column multiplies each of its rows."""
    alone = node.shape == (ONE, ONE) and shape[1] == 1
    return spread(node, shape[0]) if alone else node


def _scaled(left: Value, sign: str, right: Value) -> Value:
    if isinstance(left, Node):
        assert isinstance(right, Expr)
        if right == 0 and sign == "/":
            raise InputError("a formula divides by zero")
        number = right.xreplace({IDENTITY: ONE})
        return scale(ONE / number if sign == "/" else number, left)
    number = left.xreplace({IDENTITY: ONE})
    if isinstance(right, Node):
        return scale(number, apply("reciprocal", right) if sign == "/" else right)
    if right == 0 and sign == "/":
        raise InputError("a formula divides by zero")
    return left / right if sign == "/" else left * right


def grouped(values: list[Value], signs: tuple[str, ...]) -> Value:
    """Multiply what stands side by side first; a division takes one factor, as in 1/2 f."""
    groups, between = [[values[0]]], list[str]()
    for sign, value in zip(signs, values[1:], strict=True):
        if sign == "" and between[-1:] != ["/"]:
            groups[-1].append(value)
        else:
            groups.append([value])
            between.append(sign)
    inner = [left_to_right(g, ("",) * (len(g) - 1)) for g in groups]
    return left_to_right(inner, tuple(between))


def left_to_right(values: list[Value], signs: tuple[str, ...]) -> Value:
    """Multiply one after the other."""
    total = values[0]
    for sign, value in zip(signs, values[1:], strict=True):
        total = times(total, sign, value)
    return total


def any_order(values: list[Value], signs: tuple[str, ...]) -> Value:
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
                    found[start, end] = times(left, signs[middle - 1], right)
                except ShapeError:
                    continue
    whole = found.get((0, len(values)))
    if whole is None:
        raise ShapeError("no order of these factors fits")
    return whole


def stacked(blocks: list[Node]) -> Node:
    """Return blocks on top of each other, or side by side where they are rows or the shapes say so.

    Raises:
        ShapeError: they fit neither way.
    """
    heights, widths = ({b.shape[side] for b in blocks} for side in (0, 1))
    if heights == {Integer(1)} or (len(widths) > 1 and len(heights) == 1):
        return transpose(concat(*(transpose(b) for b in blocks)))
    if len(widths) > 1:
        shapes = ", ".join(shape_text(b.shape) for b in blocks)
        raise ShapeError(f"blocks of shapes {shapes} do not stack: their columns differ")
    return concat(*blocks)
