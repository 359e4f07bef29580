"""Forms: papers of the same worth with other questions, and key letters that give nothing away."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from rnnsym.errors import InputError
from rnnsym.item import LETTERS, Item
from rnnsym.quiz.blueprint import Blueprint
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import fair, series
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.registry import ARRANGEMENT, Kind
from rnnsym.quiz.selection import Asked, Selection, asked, meaning

__all__ = ["alike", "balanced"]

TURNS = 24
"""Arrangements tried for one question."""
TRIED = 2000
"""Items of a kind that are looked through for one that is worth as much."""


def alike(
    first: Sequence[tuple[Item, ...]],
    blueprint: Blueprint,
    seed: int,
    paper: str,
    earlier: Iterable[Asked],
) -> tuple[tuple[Item, ...], ...]:
    """Return a form whose questions are, one by one, of the kind, marks and level of the first's.

    Args:
        first: the items of each section of the first form.
        blueprint: what that was made by.
        seed: of every choice.
        paper: the name of this form.
        earlier: what other forms ask.

    Raises:
        InputError: a kind has no other such question.
    """
    taken: set[Asked] = set(earlier)
    found: list[tuple[Item, ...]] = []
    for section, items in zip(blueprint.sections, first, strict=True):
        selection = section.selection.without(taken)
        streams = {k.name: _Stream(k, selection, seed, paper) for k in selection.kinds}
        chosen: list[Item] = []
        for item in items:
            chosen.append(streams[item.kind].like(item))
            taken.update(asked(chosen[-1]))
        found.append(tuple(chosen))
    return tuple(found)


class _Stream:
    """Items of one kind, of which those of another worth wait for a slot of theirs."""

    def __init__(self, kind: Kind, selection: Selection, seed: int, paper: str) -> None:
        self.items = series(kind, selection, seed, paper)
        self.selection = selection
        self.waiting: list[Item] = []

    def like(self, model: Item) -> Item:
        """Return the next item of the same marks and level that may still be asked."""
        for item in self.waiting:
            if _worth(item) == _worth(model) and self.selection.admits(item):
                self.waiting.remove(item)
                return item
        for item in islice(self.items, TRIED):
            if _worth(item) == _worth(model):
                return item
            self.waiting.append(item)
        raise InputError(
            f"no other question of kind '{model.kind}' with {model.marks} marks at level "
            f"{model.level} for a further form"
        )


def _worth(item: Item) -> tuple[int, int]:
    return item.marks, item.level


def balanced(
    items: Sequence[Item], kinds: Mapping[str, Kind], seed: int, paper: str
) -> tuple[Item, ...]:
    """Return the items with their options so arranged that key letters come equally often.

    Letters are counted among questions of as many options: a cue in one is none in another.
    An item whose options cannot be arranged otherwise, sorted numbers for example, stays.
    """
    counts: Counter[tuple[int, str]] = Counter()
    shown = Counter(name for item in items for name in item.asks)
    found: list[Item] = []
    for item in items:
        if len(item.key) == 1:
            size = len(item.options)
            letters = LETTERS[:size]
            draw = Draw(seed, f"{paper}letters/{item.id}")
            rarest = min(counts[size, letter] for letter in letters)
            wanted = [x for x in letters if counts[size, x] == rarest]
            found.append(_arranged(item, kinds[item.kind], wanted, shown, draw))
            shown.subtract(item.asks)
            shown.update(found[-1].asks)
            counts[size, found[-1].key] += 1
        else:
            found.append(item)
    return tuple(found)


def _arranged(
    item: Item, kind: Kind, wanted: Sequence[str], shown: Counter[str], draw: Draw
) -> Item:
    """Return the item with a wanted key, and no option that stands elsewhere on the paper."""
    _, parameters = meaning(item)
    other = item
    for turn in range(TURNS):
        new = (name for name in other.asks if name not in item.asks)
        if other.key in wanted and not any(shown[name] for name in new):
            return other
        number = str(draw.integer(f"{ARRANGEMENT} {turn}", 0, 9999))
        try:
            other = fair(kind.make((*parameters, (ARRANGEMENT, number))))
        except Unfair:
            continue
    return item
