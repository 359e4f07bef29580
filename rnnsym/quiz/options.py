"""Options: the key among what named misconceptions give, its place left to chance."""

from collections import Counter
from collections.abc import Collection, Sequence
from decimal import Decimal

from rnnsym.item import Option
from rnnsym.quiz.draw import Draw, digest
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import ARRANGEMENT, Parameters

__all__ = ["arranger", "identifier", "mixed", "sorted_by_size"]

WRONG = 3


def identifier(kind: str, parameters: Parameters) -> str:
    """Return the id of an item: an XML name that its kind and parameters give."""
    return f"{kind}-{digest(kind, parameters, size=6).hex()}"


def arranger(kind: str, parameters: Parameters) -> Draw:
    """Return the draw that chooses and orders the options of one question."""
    asked = tuple(p for p in parameters if p[0] != ARRANGEMENT)
    return Draw(int(dict(parameters)[ARRANGEMENT]), f"{kind}{asked}")


def mixed(
    key: Option, wrong: Sequence[Option], draw: Draw, always: Sequence[Option] = ()
) -> tuple[Option, ...]:
    """Return the key and up to three wrong options, of different kinds if possible, shuffled.

    Those of ``wrong`` that are ``always`` shown come before the others.
    """
    ranked = draw.ranked("wrong", wrong, _label)
    first = {option.misconception: option for option in reversed(ranked)}.values()
    others = [option for option in ranked if option not in first]
    drawn = [*draw.ranked("kinds", first, _label), *others]
    chosen = sorted(drawn, key=lambda option: option not in always)[:WRONG]
    return tuple(draw.ranked("order", (key, *chosen), _label))


def sorted_by_size(
    key: tuple[Decimal, Option],
    wrong: Sequence[tuple[Decimal, Option]],
    draw: Draw,
    last: Collection[str] = (),
) -> tuple[Option, ...]:
    """Return the key and three wrong options in order of size, the key at an even place.

    None is as far above the key as another is below it: the middle one would stand out.

    Args:
        key: the right number.
        wrong: the others, of which three are drawn.
        draw: draws them.
        last: misconceptions that are shown only for want of others.

    Raises:
        Unfair: a misconception gives the key, or too few lie on one side of it.
    """
    number, _ = key
    for value, option in wrong:
        if value == number:
            raise Unfair(f"'{option.misconception}' gives the key")
    claims = Counter(value for value, _ in wrong)
    distinct = [pair for pair in wrong if claims[pair[0]] == 1]
    place = draw.seed % (WRONG + 1)  # not by the numbers: a refused draw would choose it anew
    below = [pair for pair in distinct if pair[0] < number]
    above = [pair for pair in distinct if pair[0] > number]
    below, above = (
        sorted(draw.ranked(side, pairs, _claim), key=lambda pair: pair[1].misconception in last)
        for side, pairs in (("below", below), ("above", above))
    )
    chosen = below[:place]
    mirrored = {2 * number - value for value, _ in chosen}
    chosen += [pair for pair in above if pair[0] not in mirrored][: WRONG - place]
    if len(chosen) < WRONG:
        raise Unfair(f"too few misconceptions for the key at place {place + 1}")
    return tuple(option for _, option in sorted((*chosen, key), key=lambda pair: pair[0]))


def _label(option: Option) -> str:
    return f"{option.misconception}: {printed(option.content)}"


def _claim(pair: tuple[Decimal, Option]) -> str:
    return _label(pair[1])
