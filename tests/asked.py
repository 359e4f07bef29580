"""What a question asks, and what it takes for right and wrong."""

from typing import Any

import numpy as np

from rnnsym.item import Blank, Choice, Item, Numeric, Part
from rnnsym.quiz.likeness import printed

HALF_UNIT = 0.0005001


def blanks(part: Part) -> tuple[Blank, ...]:
    assert isinstance(part.response, Numeric)
    return part.response.blanks


def values(part: Part) -> list[float]:
    return [float(blank.value) for blank in blanks(part)]


def close(part: Part, *arrays: Any) -> bool:
    """Tell whether the answers are these arrays' entries, as they are rounded for print."""
    found = np.concatenate([np.ravel(a) for a in arrays])
    return found.shape == (len(values(part)),) and bool(
        np.all(np.abs(found - values(part)) < HALF_UNIT)
    )


def wrong(part: Part, name: str) -> list[float]:
    """Return what one misconception gives, in the order of the blanks."""
    found = (w for b in blanks(part) for w in b.wrong)
    return [float(w.value) for w in found if name in w.misconception.split(", or ")]


def right_options(part: Part) -> list[str]:
    assert isinstance(part.response, Choice)
    return [printed(option.content) for option in part.response.options if option.correct]


def mistakes(item: Item) -> set[str]:
    """The misconceptions that wrong options and wrong numbers are put down to."""
    found: set[str] = set()
    for part in item.parts:
        match part.response:
            case Choice(options):
                found |= {option.misconception for option in options}
            case Numeric(asked):
                wrong = (one.misconception for blank in asked for one in blank.wrong)
                found |= {name for names in wrong for name in names.split(", or ")}
            case _:
                pass
    return found
