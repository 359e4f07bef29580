"""The kinds of question, by the files of the folder ``kinds``; listing them imports none."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rnnsym.errors import InputError, one_of
from rnnsym.quiz.limits import time_limit
from rnnsym.record import record

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


@record
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
        variants: at most how many distinct questions one subject has; 0 where it suits none.
        draw: the parameters of one question about a subject, without the arrangement.
        make: the item with these parameters; raises ``guard.Unfair`` where there is no fair one.
        file: where a kind of a user's own comes from, "" for ours.
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
    file: str = ""


def kind_names() -> list[str]:
    """Return the names of the kinds, from the file names alone."""
    return sorted(found.name for found in pkgutil.iter_modules([str(FOLDER)]))


@cache
def load_kind(name: str) -> Kind:
    """Return a kind by name, or from a Python file of a user's own that defines ``KIND``.

    Raises:
        InputError: no such kind or file, or one that defines none; names the nearest kind.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    module = importlib.import_module(f"rnnsym.quiz.kinds.{one_of('kind', name, kind_names())}")
    kind: Kind = module.KIND
    return kind


def _from_file(path: Path) -> Kind:
    spec = importlib.util.spec_from_file_location(f"rnnsym_kind_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError(f"no such kind: the file {path} does not exist")
    found = importlib.util.module_from_spec(spec)
    try:
        with time_limit(str(path)):
            spec.loader.exec_module(found)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"the kind in {path} cannot be loaded: {reason}") from error
    kind = getattr(found, "KIND", None)
    if not isinstance(kind, Kind):
        raise InputError(f"{path} defines no KIND (a rnnsym.quiz.registry.Kind), but {kind!r}")
    one_of("topic", kind.topic, TOPICS)
    if kind.name in kind_names():
        raise InputError(f"the kind in {path} is called '{kind.name}', as one of ours is")
    return replace(kind, file=str(path))
