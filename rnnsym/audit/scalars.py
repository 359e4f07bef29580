"""Numbers, sizes and indices in a formula: the part of it that is no matrix."""

from collections.abc import Mapping

from rnnsym.audit.tree import Chain, Difference, Name, Number, Power, Tree
from rnnsym.errors import InputError
from rnnsym.expr import LAYER, Expr, Integer, Rational

__all__ = ["MAX_POWER", "scalar"]

MAX_POWER = 8


def scalar(tree: Tree, names: Mapping[str, Expr]) -> Expr | None:
    """Return a tree as a scalar, or None where something in it is none.

    Args:
        tree: what was parsed.
        names: sizes and indices that have a meaning here.

    Raises:
        InputError: a division by zero, or a power that is too high.

    >>> from rnnsym.audit.notation import parse
    >>> from rnnsym.expr import size
    >>> scalar(parse("4n(d + n)")[1], {"d": size("d"), "n": size("n")})
    4*n*(d + n)
    """
    match tree:
        case Number(value):
            return Rational(value.numerator, value.denominator)
        case Name() if not tree.gradient and tree.above is None:
            return _named(tree, names)
        case Difference(terms):
            parts = [(sign, scalar(term, names)) for sign, term in terms]
            total: Expr = Integer(0)
            for sign, part in parts:
                if part is None:
                    return None
                total = total + part * sign
            return total
        case Chain(factors, signs):
            return _product(factors, signs, names)
        case Power(base, exponent):
            return _power(scalar(base, names), scalar(exponent, names))
        case _:
            return None


def _named(tree: Name, names: Mapping[str, Expr]) -> Expr | None:
    marks = (*tree.subscripts, *tree.indices)
    name = "_".join([tree.base, *(_plain(mark) for mark in marks)])
    if name in names:
        return names[name]
    layered = names.get(name.rpartition("_")[0])
    if layered is not None and layered.has(LAYER):  # n[l], n_ℓ, n_1[l], n_{1,ℓ}
        layer = scalar(marks[-1], names)
        return None if layer is None else layered.xreplace({LAYER: layer})
    # nd is n times d, where both are sizes.
    if not marks and len(name) > 1 and all(letter in names for letter in name):
        total: Expr = Integer(1)
        for letter in name:
            total = total * names[letter]
        return total
    return None


def _plain(mark: Tree) -> str:
    """Return a subscript as a part of a name: n_1 is a size; "?" is part of none."""
    match mark:
        case Name(base, (), ()):
            return base
        case Number(value):
            return str(value)
        case _:
            return "?"


def _product(
    factors: tuple[Tree, ...], signs: tuple[str, ...], names: Mapping[str, Expr]
) -> Expr | None:
    total = scalar(factors[0], names)
    for sign, factor in zip(signs, factors[1:], strict=True):
        value = scalar(factor, names)
        if total is None or value is None or sign == "⊙":
            return None
        if sign == "/" and value == 0:
            raise InputError("a formula divides by zero")
        total = total / value if sign == "/" else total * value
    return total


def _power(base: Expr | None, exponent: Expr | None) -> Expr | None:
    if base is None or exponent is None or not exponent.is_Integer:
        return None
    if abs(int(exponent)) > MAX_POWER:
        raise InputError(f"the power {exponent} is too high (at most {MAX_POWER})")
    if base == 0 and int(exponent) < 0:
        raise InputError("a formula divides by zero")
    return base**exponent
