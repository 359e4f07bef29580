"""What a stem explains stands in it."""

from itertools import islice

import pytest

from rnnsym.blocks import Equations, Paragraph
from rnnsym.expr import Map, Node
from rnnsym.item import Item
from rnnsym.quiz.drawing import known_subjects, series
from rnnsym.quiz.registry import kind_names, load_kind
from rnnsym.quiz.selection import Selection


def _shows_sigma(item: Item) -> bool:
    lines = (line for block in item.stem if isinstance(block, Equations) for line in block.lines)
    values = (line.rhs for line in lines if isinstance(line.rhs, Node))
    return any(m.name == "sigmoid" for value in values for m in value.atoms(Map))


@pytest.mark.parametrize("name", kind_names())
def test_sigma_is_explained_only_where_it_stands(name: str) -> None:
    kind = load_kind(name)
    selection = Selection((kind,))
    for item in islice(series(kind, selection, 3), len(known_subjects(kind, selection.cells))):
        words = str([b.content for b in item.stem if isinstance(b, Paragraph)])
        if "σ is the logistic function" in words:
            assert _shows_sigma(item), item.id
