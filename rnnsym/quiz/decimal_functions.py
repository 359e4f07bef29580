"""Functions of a number in decimal, to the digits of the context that they are called in."""

from collections.abc import Callable
from decimal import Decimal, getcontext
from functools import lru_cache
from typing import TypeAlias

__all__ = ["FUNCTIONS"]

Function: TypeAlias = Callable[[Decimal], Decimal]


def _sigmoid(a: Decimal) -> Decimal:
    return 1 / (1 + (-a).exp())


def _tanh(a: Decimal) -> Decimal:
    small = (-2 * abs(a)).exp()
    return ((1 - small) / (1 + small)).copy_sign(a)


def _remembered(function: Function) -> Function:
    """A mistake leaves most gates as they are: three values of four were wanted just before."""

    @lru_cache(maxsize=1024)
    def value(a: Decimal, _precision: int) -> Decimal:
        return function(a)

    return lambda a: value(a, getcontext().prec)


FUNCTIONS: dict[str, Function] = {
    "sigmoid": _remembered(_sigmoid),
    "tanh": _remembered(_tanh),
    "relu": lambda a: max(a, Decimal(0)),
    "step": lambda a: Decimal(int(a > 0)),
    "exp": Decimal.exp,
    "softplus": lambda a: (1 + a.exp()).ln(),
    "log": Decimal.ln,
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a * a,
}
