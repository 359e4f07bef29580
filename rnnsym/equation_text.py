"""The text of one equation: parsed with Python's ``ast`` and a whitelist, never evaluated."""

import ast
import warnings
from typing import TypeAlias

from rnnsym.cell_file import MAX_NUMBER
from rnnsym.errors import InputError, nearest
from rnnsym.expr import ACTIVATIONS

__all__ = ["Tree", "names_used", "parameters_used", "parse_equation", "shown", "time_shift"]

Tree: TypeAlias = ast.expr
MAX_LENGTH = 2000
MAX_DEPTH = 40
MAX_NODES = 400
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div)


def parse_equation(text: str) -> ast.expr:
    """Return the checked syntax tree of ``text``.

    Raises:
        InputError: a syntax error, a construct outside the cell language, or too large a text.
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"an equation of {len(text)} characters (at most {MAX_LENGTH} are read)")
    try:
        with warnings.catch_warnings():  # Python's opinion on somebody's text is not for the user
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        place = f" at column {error.offset}" if error.offset else ""
        raise InputError(f"syntax error{place}: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise InputError("the equation is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"the equation cannot be read: {error}") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise InputError(f"the equation has more than {MAX_NODES} parts")
    _check(tree, MAX_DEPTH)
    return tree


def _check(tree: ast.expr, depth: int) -> None:
    if depth == 0:
        raise InputError(f"the equation is nested more than {MAX_DEPTH} levels deep")
    match tree:
        case ast.BinOp(left, operator, right) if isinstance(operator, _OPERATORS):
            _check(left, depth - 1)
            _check(right, depth - 1)
        case ast.UnaryOp(ast.USub(), operand):
            _check(operand, depth - 1)
        case ast.Call(ast.Name("max"), [first, second], []):
            _check(first, depth - 1)
            _check(second, depth - 1)
        case ast.Call(ast.Name(name), [argument], []):
            if name not in ACTIVATIONS:
                known = [*ACTIVATIONS, "max"]
                hint = nearest(name, known)
                raise InputError(f"unknown function '{name}'{hint} (known: {', '.join(known)})")
            _check(argument, depth - 1)
        case ast.Attribute(value, "T"):
            _check(value, depth - 1)
        case ast.Subscript(ast.Name(), index):
            time_shift(index)
        case ast.Name():
            pass
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            if not abs(value) <= MAX_NUMBER:
                raise InputError(f"a number in an equation is at most {MAX_NUMBER:,}")
        case _:
            raise InputError(f"'{shown(tree)}' is not part of the cell language")


def shown(tree: ast.expr) -> str:
    """Return a piece of an equation on one short line."""
    try:
        written = " ".join(ast.unparse(tree).split())
    except RecursionError:
        return "…"
    return written if len(written) <= 60 else f"{written[:60]}…"


def time_shift(index: ast.expr) -> int:
    """Return 0 for ``t`` and −1 for ``t-1``; nothing else is an index."""
    written = shown(index).replace(" ", "")
    if written not in ("t", "t-1"):
        raise InputError(f"index [{written}]: a step reads [t] and [t-1] only")
    return 0 if written == "t" else -1


def names_used(tree: ast.expr) -> set[tuple[str, int]]:
    """Return the time-indexed names of an equation, each with its shift (0 or −1)."""
    return {
        (node.value.id, time_shift(node.slice))
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    }


def parameters_used(tree: ast.expr) -> set[str]:
    """Return the names of an equation that have no time index."""
    timed = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Subscript)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in timed}
