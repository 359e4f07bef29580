"""Numbers in running text: two digits, and powers of ten where a number is far from 1."""

from math import exp

from rnnsym.blocks import Prose, prose
from rnnsym.expr import Symbol

__all__ = ["power", "short", "sigmoid"]

DIGITS = 2


def short(number: float) -> Prose:
    r"""Return a number with two digits.

    >>> short(0.36), short(8.9e-16)
    (('0.36',), ('8.9\xa0·\xa0', 10**(-16)))
    """
    if 1e-3 <= abs(number) < 1e4 or number == 0:
        return prose(f"{float(f'{number:.{DIGITS}g}'):g}")
    digits, exponent = f"{number:.{DIGITS - 1}e}".split("e")
    return prose(f"{digits}\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}", Symbol("10") ** int(exponent))


def power(base: float, exponent: int) -> Prose:
    """Return a power and its value.

    >>> power(0.9, 20)
    (0.9**20, ' = ', '0.12')
    """
    return prose(Symbol(f"{base:g}") ** exponent, " = ", *short(base**exponent))


def sigmoid(x: float) -> float:
    """Return σ(x)."""
    return 1 / (1 + exp(-x))
