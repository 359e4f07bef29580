"""Selections: which questions may be asked, and what counts as asking the same again."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from rnnsym.cell import cell_names, load_cell
from rnnsym.convention import convention_names
from rnnsym.errors import InputError, one_of
from rnnsym.item import Item
from rnnsym.quiz.registry import ARRANGEMENT, TOPICS, Kind, Parameters, kind_names, load_kind

__all__ = ["LEVELS", "Asked", "Selection", "asked", "meaning", "nothing_about", "themes"]

LEVELS = (1, 5)
Asked: TypeAlias = tuple[str, Parameters] | str
"""What may not be asked twice: the meaning of an item, or one of what it ``asks``."""


@dataclass(frozen=True)
class Selection:
    """What questions may be drawn.

    Attributes:
        kinds: of these kinds.
        cells: about these cells; none means those that are taught.
        levels: from the lowest to the highest level.
        used: what is not asked again, in as many collections as there are reasons for it.
    """

    kinds: tuple[Kind, ...]
    cells: tuple[str, ...] = ()
    levels: tuple[int, int] = LEVELS
    used: tuple[Container[Asked], ...] = ()

    @classmethod
    def of(
        cls,
        kinds: Sequence[str] = (),
        topics: Sequence[str] = (),
        cells: Sequence[str] = (),
        levels: tuple[int, int] = LEVELS,
    ) -> "Selection":
        """Return a selection by names; no kinds and no topics mean all, cells those about cells.

        Raises:
            InputError: an unknown kind, topic or cell, a kind that asks nothing about the cells,
                or levels that no such kind has.
        """
        for cell in cells:
            load_cell(cell)
        topics = [one_of("topic", topic, TOPICS) for topic in topics]
        loaded = [load_kind(name) for name in dict.fromkeys(kinds or kind_names())]
        chosen = [k for k in loaded if not topics or k.topic in topics]
        if cells:
            chosen = _about(chosen, cells, named=bool(kinds))
        low, high = levels
        fitting = tuple(k for k in chosen if k.level[0] <= high and k.level[1] >= low)
        if not fitting:
            what = ", ".join(topics or kinds) or "any kind"
            what += f" among {', '.join(kinds)}" if topics and kinds else ""
            about = f" about {', '.join(cells)}" if cells else ""
            raise InputError(f"no questions of {what}{about}{_at(levels, chosen)}")
        return cls(fitting, tuple(cells), levels)

    def without(self, used: Container[Asked]) -> "Selection":
        """Return a selection that admits nothing of what ``used`` holds, now or later."""
        return replace(self, used=(*self.used, used))

    def admits(self, item: Item) -> bool:
        """Tell whether an item may be asked."""
        low, high = self.levels
        again = any(one in used for used in self.used for one in asked(item))
        return low <= item.level <= high and not again


def meaning(item: Item) -> tuple[str, Parameters]:
    """Return what is asked: all but which options are shown and in which order."""
    return item.kind, tuple(p for p in item.parameters if p[0] != ARRANGEMENT)


def asked(item: Item) -> tuple[Asked, ...]:
    """Return all that no other question of the same paper may ask."""
    return meaning(item), *item.asks


def themes(item: Item) -> frozenset[str]:
    """Return the tags of an item that name no cell and no convention: what it is about."""
    return frozenset(item.tags).difference(cell_names(), convention_names())


def nothing_about(kind: Kind, cells: Sequence[str]) -> str:
    """Say that a kind has no question about these cells, and which cells it has questions about."""
    names = [name for name in cell_names() if _suits(kind, [name])]
    others = f"; it asks about {', '.join(names)}" if names else ""
    return f"kind '{kind.name}' asks nothing about {', '.join(cells)}{others}"


def _suits(kind: Kind, cells: Sequence[str]) -> bool:
    return any(kind.variants(subject) for subject in kind.subjects(cells))


def _about(kinds: Sequence[Kind], cells: Sequence[str], *, named: bool) -> list[Kind]:
    """Return the kinds that ask about these cells; one that was named and does not is refused.

    What a kind of a user's own asks about is seen when it is drawn from.
    """
    suited = [k for k in kinds if k.file or _suits(k, cells)]
    if not named:
        return [k for k in suited if k.subjects(cells) != k.subjects(())]
    for kind in kinds:
        if kind not in suited:
            raise InputError(nothing_about(kind, cells))
    return suited


def _at(levels: tuple[int, int], kinds: Sequence[Kind]) -> str:
    """Return the levels asked for and those that there are."""
    if not kinds:
        return ""
    there = min(k.level[0] for k in kinds), max(k.level[1] for k in kinds)
    asked, found = ("-".join(map(str, dict.fromkeys(ends))) for ends in (levels, there))
    return f" at level {asked}: theirs is {found}"
