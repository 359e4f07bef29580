"""Numbers behind claims about language models: perplexity, temperature, greedy choices."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import prod

from rnnsym.quiz.decimals import precise

__all__ = ["greedy_finds_best", "perplexity", "sharpens"]

EXACT = Decimal("1e-20")
SCORES = (Decimal(2), Decimal(1), Decimal(0))


def perplexity(probabilities: str, value: str) -> bool:
    """A text whose words get these probabilities has this perplexity.

    >>> perplexity("1/2 1/8", "4")
    True
    """
    with precise():
        losses = [-_decimal(p).ln() for p in _fractions(probabilities)]
        mean = sum(losses, Decimal(0)) / len(losses)
        return abs(mean.exp() - _decimal(Fraction(value))) < EXACT


def sharpens(temperature: str) -> bool:
    """Scores divided by a temperature give the likeliest word a larger probability."""
    with precise():
        divided = [score / _decimal(Fraction(temperature)) for score in SCORES]
        return _largest(divided) > _largest(SCORES)


def _largest(scores: Sequence[Decimal]) -> Decimal:
    powers = [score.exp() for score in scores]
    return max(powers) / sum(powers, Decimal(0))


def greedy_finds_best(first: str, then: str) -> bool:
    """The likeliest word at each of two steps gives the likeliest text.

    Args:
        first: the probabilities of the first word, such as "0.6 0.4".
        then: those of the second one after each first, with a stroke between: "1 | 0.7 0.3".
    """
    branches = tuple(zip(_fractions(first), map(_fractions, then.split("|")), strict=True))
    greedy = prod((max(branches)[0], max(max(branches)[1])))
    return greedy == max(one * max(two) for one, two in branches)


def _fractions(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
