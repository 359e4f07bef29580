"""Forms: papers of the same worth with other questions, and key letters that give nothing away."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rnnsym.errors import InputError
from rnnsym.item import LETTERS, Item
from rnnsym.quiz.blueprint import Blueprint
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import Selection, fair, meaning, series
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.registry import ARRANGEMENT, Kind, Parameters

__all__ = ["alike", "balanced"]

TURNS = 24
"""Arrangements tried for one question."""
TRIED = 2000
"""Items of a kind that are looked through for one that is worth as much."""


def alike(
    first: Sequence[tuple[Item, ...]], blueprint: Blueprint, seed: int, paper: str
) -> tuple[tuple[Item, ...], ...]:
    """Return a form whose questions are, one by one, of the kind, marks and level of the first's.

    Args:
        first: the items of each section of the first form.
        blueprint: what that was made by.
        seed: of every choice.
        paper: the name of this form.

    Raises:
        InputError: a kind has no other such question.
    """
    used = {meaning(item) for section in first for item in section}
    found: list[tuple[Item, ...]] = []
    for section, items in zip(blueprint.sections, first, strict=True):
        streams: dict[str, _Stream] = {}
        chosen: list[Item] = []
        for item in items:
            stream = streams.setdefault(
                item.kind, _Stream(_series(section.selection, item.kind, seed, paper), used)
            )
            chosen.append(stream.like(item))
        found.append(tuple(chosen))
    return tuple(found)


def _series(selection: Selection, kind: str, seed: int, paper: str) -> Iterator[Item]:
    chosen = next(k for k in selection.kinds if k.name == kind)
    return series(chosen, selection, seed, paper)


class _Stream:
    """Items of one kind, of which those of another worth wait for a slot of theirs."""

    def __init__(self, items: Iterator[Item], used: set[tuple[str, Parameters]]) -> None:
        self.items = items
        self.used = used
        self.waiting: list[Item] = []

    def like(self, model: Item) -> Item:
        """Return the next item of the same marks and level."""
        for item in self.waiting:
            if (item.marks, item.level) == (model.marks, model.level):
                self.waiting.remove(item)
                return item
        for _, item in zip(range(TRIED), self.items, strict=False):
            if meaning(item) in self.used:
                continue
            self.used.add(meaning(item))
            if (item.marks, item.level) == (model.marks, model.level):
                return item
            self.waiting.append(item)
        raise InputError(
            f"no other question of kind '{model.kind}' with {model.marks} marks at level "
            f"{model.level} for a further form"
        )


def balanced(
    items: Sequence[Item], kinds: Mapping[str, Kind], seed: int, paper: str
) -> tuple[Item, ...]:
    """Return the items with their options so arranged that key letters come equally often.

    An item whose options cannot be arranged otherwise, sorted numbers for example, stays.
    """
    counts: Counter[str] = Counter()
    found: list[Item] = []
    for place, item in enumerate(items):
        if len(item.key) == 1:
            letters = LETTERS[: len(item.options)]
            draw = Draw(seed, f"{paper}letters/{place}")
            rarest = min(counts[letter] for letter in letters)
            wanted = [x for x in draw.ranked("letter", letters) if counts[x] == rarest]
            found.append(_arranged(item, kinds[item.kind], wanted, draw))
            counts[found[-1].key] += 1
        else:
            found.append(item)
    return tuple(found)


def _arranged(item: Item, kind: Kind, wanted: Sequence[str], draw: Draw) -> Item:
    asked = tuple(p for p in item.parameters if p[0] != ARRANGEMENT)
    for turn in range(TURNS):
        if item.key in wanted:
            return item
        number = str(draw.integer(f"{ARRANGEMENT} {turn}", 0, 9999))
        try:
            item = fair(kind.make((*asked, (ARRANGEMENT, number))))
        except Unfair:
            continue
    return item
