"""The text of claims: words, with maths between braces, read and never evaluated.

``{h[t] = (1 - z[t]) * h[t-1] + z[t] * h_tilde[t]}`` is printed as mathematics: a name with an index
is a vector, one with a capital letter a matrix, ``_tilde``, ``_fwd`` and ``_bwd`` are marks over
a letter, and what has no index at all is a count of sizes, such as ``{4*(n*d + n**2 + n)}``.
"""

import ast
import re
from collections.abc import Callable
from functools import lru_cache

from rnnsym.blocks import Inline, Math, Partial, Prose, Relation, prose
from rnnsym.errors import InputError, one_of
from rnnsym.expr import (
    ACTIVATIONS,
    LAYER,
    STEPS,
    TIME,
    Array,
    Expr,
    Family,
    Formula,
    Group,
    Integer,
    Node,
    apply,
    diag,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
    size,
    transpose,
)

__all__ = ["read_formula", "read_prose"]

ONE = Integer(1)
SIDE = size("n")
PIECE = re.compile(r"\{([^{}]*)\}")
NAME = re.compile(r"[A-Za-z]+(_[A-Za-z0-9]+)?")
LONGEST = 200
SIGN = re.compile(r" (=|≠|<|>|≤|≥|≈) ")
INDICES: dict[str, Expr] = {"t": TIME, "T": STEPS, "L": Integer(0), "l": LAYER}
PARTIALS = {"partial": "∂", "edge": "∂⁺", "total": "d"}
ROLES = {"grad": "gradient", "delta": "adjoint"}


@lru_cache(maxsize=4096)
def read_prose(text: str) -> Prose:
    """Return a text with its maths.

    Raises:
        InputError: a brace without its partner, or maths that cannot be read.

    >>> read_prose("An LSTM has {4*n} of them.")[0]
    'An LSTM has '
    """
    parts: list[Inline] = []
    for place, piece in enumerate(PIECE.split(text)):
        if place % 2:
            parts.append(_math(piece))
        elif "{" in piece or "}" in piece:
            raise InputError(f"a brace has no partner in '{text}'")
        elif piece:
            parts.append(piece)
    return prose(*parts)


def read_formula(text: str) -> Formula:
    """Return a count of sizes such as ``4*(n*d + n**2 + n)``, its factors in their order.

    Raises:
        InputError: it is not one.
    """
    return Formula(tuple(_group(term) for term in _terms(_tree(text))))


def _math(text: str) -> Math:
    sides = SIGN.split(text)
    signs = set(sides[1::2])
    if len(signs) > 1:
        raise InputError(f"one sign at a time, not {' and '.join(sorted(signs))} in '{{{text}}}'")
    found = tuple(_side(side) for side in sides[::2])
    return Relation(found, signs.pop()) if signs else found[0]


def _tree(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise InputError(f"a formula of {len(text)} characters (at most {LONGEST} are read)")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"'{{{text}}}' is no formula") from None
    for part in ast.walk(tree):
        if isinstance(part, ast.Name) and not NAME.fullmatch(part.id):
            raise InputError(f"'{part.id}' is no name: letters, and a subscript such as U_f")
    return tree


def _side(text: str) -> Math:
    tree = _tree(text)
    match tree:
        case ast.Call(ast.Name(name), [of, wrt]) if name in PARTIALS:
            return Partial(_node(of), _node(wrt), PARTIALS[name])
        case _ if _is_node(tree):
            return _node(tree)
        case _:
            return _plain(Formula(tuple(_group(term) for term in _terms(tree))))


def _plain(formula: Formula) -> Math:
    """Return a single number or letter as what it is."""
    value = formula.value
    return value if value.is_Integer or value.is_Symbol else formula


def _is_node(tree: ast.expr) -> bool:
    """Tell whether a formula is one of arrays: it has an index, a matrix, or a function."""
    return any(
        isinstance(part, ast.Subscript | ast.Call | ast.MatMult)
        or (isinstance(part, ast.Name) and _is_array(part.id))
        for part in ast.walk(tree)
    )


def _is_array(name: str) -> bool:
    return name[0] in "WUR" or name.startswith("b_") or name == "b"


# Counts


def _terms(tree: ast.expr) -> list[ast.expr]:
    match tree:
        case ast.BinOp(left, ast.Add(), right):
            return [*_terms(left), *_terms(right)]
        case _:
            return [tree]


def _group(tree: ast.expr) -> Group:
    """Return a product with at most one sum in it, its last factor."""
    factors = _factors(tree)
    *times, last = factors
    if isinstance(last, ast.BinOp) and isinstance(last.op, ast.Add):
        terms = tuple(tuple(map(_index, _factors(term))) for term in _terms(last))
        return Group(tuple(map(_index, times)), terms)
    return Group((), (tuple(map(_index, factors)),))


def _factors(tree: ast.expr) -> list[ast.expr]:
    match tree:
        case ast.BinOp(left, ast.Mult(), right):
            return [*_factors(left), *_factors(right)]
        case ast.BinOp(base, ast.Pow(), ast.Constant(int() as times)) if 0 < times < 10:
            return [base] * times
        case _:
            return [tree]


def _index(tree: ast.expr) -> Expr:
    match tree:
        case ast.Name(name):
            return INDICES.get(name) or size(name)
        case ast.Constant(int() as value):
            return Integer(value)
        case ast.BinOp(left, ast.Add(), right):
            return _index(left) + _index(right)
        case ast.BinOp(left, ast.Sub(), right):
            return _index(left) - _index(right)
        case _:
            raise InputError(f"'{ast.unparse(tree)}' is neither a number nor a size")


# Arrays


def _array(name: str, *indices: Expr) -> Array:
    """Return the array of a name: shapes are not printed, so all are as wide as they are high."""
    base, _, mark = name.partition("_")
    direction = mark if mark in ("fwd", "bwd") else ""
    label = rf"\tilde{{{base}}}" if mark == "tilde" else base if direction or not mark else name
    columns = SIDE if name[0].isupper() else ONE
    layer, time = (None, *indices)[-2:] if indices else (None, None)
    return Array(Family(name, label, direction), (SIDE, columns), layer, time)


def _role(function: str, node: Node) -> Array:
    """Return the gradient or the adjoint of an array."""
    if not isinstance(node, Array):
        raise InputError(f"{function}(…) takes the name of an array")
    old = node.family
    family = Family(f"{function}_{old.name}", old.label, old.direction, ROLES[function])
    return Array(family, node.shape, node.layer, node.time)


def _node(tree: ast.expr) -> Node:
    match tree:
        case ast.Subscript(ast.Name(name), ast.Tuple(indices)):
            return _array(name, *map(_index, indices))
        case ast.Subscript(ast.Name(name), index):
            return _array(name, _index(index))
        case ast.Name(name):
            return _array(name)
        case ast.Attribute(value, "T"):
            return transpose(_node(value))
        case ast.Call(ast.Name(name), [argument]):
            return _called(name, _node(argument))
        case ast.UnaryOp(ast.USub(), operand):
            return scale(-1, _node(operand))
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            return _joined(left, operator, right)
        case _:
            raise InputError(f"'{ast.unparse(tree)}' cannot be printed as maths")


def _called(name: str, argument: Node) -> Node:
    if name in ROLES:
        return _role(name, argument)
    if name == "diag":
        return diag(argument)
    return apply(one_of("function", name, [*ACTIVATIONS, *ROLES, "diag"]), argument)


def _joined(left: ast.expr, operator: ast.operator, right: ast.expr) -> Node:
    """Join two sides; a number beside an array is as long as it."""
    if isinstance(left, ast.Constant):
        b = _node(right)
        number = int(str(left.value))
        return scale(number, b) if isinstance(operator, ast.Mult) else (
            OPERATORS[type(operator)](fill_like(number, b), b)
        )  # fmt: skip
    return OPERATORS[type(operator)](_node(left), _node(right))


OPERATORS: dict[type[ast.operator], Callable[[Node, Node], Node]] = {
    ast.Add: plus,
    ast.Sub: minus,
    ast.Mult: hadamard,
    ast.MatMult: matmul,
}
