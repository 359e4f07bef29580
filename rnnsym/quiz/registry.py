"""The kinds of question, by the files of the folder ``kinds``; listing them imports none."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rnnsym.errors import one_of

if TYPE_CHECKING:
    from rnnsym.item import Item
    from rnnsym.quiz.draw import Draw

__all__ = ["ARRANGEMENT", "TOPICS", "Kind", "Parameters", "kind_names", "load_kind"]

FOLDER = Path(__file__).parent / "kinds"
ARRANGEMENT = "arrangement"
"""The parameter that decides which options are shown and in which order, not what is asked."""

TOPICS = (
    "counts", "forward", "backward", "derivations", "gradient-flow", "concepts", "shapes",
    "diagrams", "design",
)  # fmt: skip

Parameters: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A generator of questions.

    A subject is the part of the parameters that names what is asked about; the rest is drawn. An
    item is made from its parameters alone, so the same parameters give the same item anywhere.

    Attributes:
        topic: one of ``TOPICS``.
        bloom: the verb of Bloom's taxonomy: remember, understand, apply, analyse, evaluate, create.
        level: the lowest and the highest of its items, 1 to 5.
        marks: the fewest and the most of an item.
        subjects: what can be asked about the cells of these names (none: about every shipped one).
        variants: at most how many distinct questions one subject has.
        draw: the parameters of one question about a subject, without the arrangement.
        make: the item with these parameters; raises ``guard.Unfair`` where there is no fair one.
    """

    name: str
    topic: str
    bloom: str
    level: tuple[int, int]
    marks: tuple[int, int]
    subjects: Callable[[Sequence[str]], Sequence[Parameters]]
    variants: Callable[[Parameters], int]
    draw: "Callable[[Parameters, Draw], Parameters]"
    make: "Callable[[Parameters], Item]"


def kind_names() -> list[str]:
    """Return the names of the kinds, from the file names alone."""
    return sorted(found.name for found in pkgutil.iter_modules([str(FOLDER)]))


@cache
def load_kind(name: str) -> Kind:
    """Return a kind by name.

    Raises:
        InputError: no such kind; names the nearest one.
    """
    module = importlib.import_module(f"rnnsym.quiz.kinds.{one_of('kind', name, kind_names())}")
    kind: Kind = module.KIND
    return kind
