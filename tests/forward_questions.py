"""Questions about the forward pass, and the numbers that they give."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from rnnsym.item import Item
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.numbers import read_matrix
from rnnsym.quiz.registry import load_kind
from tests.asked import blanks
from tests.nets_by_hand import Arrays, states

KINDS = {
    name: load_kind(name)
    for name in (
        "cell_update", "forward_affine", "forward_bidirectional", "forward_gates", "forward_loss",
        "forward_saturated", "forward_stacked", "forward_steps", "missing_gate", "reset_placement",
    )
}  # fmt: skip


@cache
def items(kind: str, times: int = 3) -> tuple[Item, ...]:
    """Some items about every subject of a kind."""
    known = KINDS[kind]
    return tuple(
        draw_item(known, subject, Draw(seed, f"test/{kind}"), ())
        for subject in known.subjects(())
        for seed in range(times)
    )


def given(item: Item) -> Arrays:
    """Return the numbers of the parameters, by name."""
    skipped = {"model", "convention", "asked", "arrangement", "loss", "loss at"}
    return {k: np.array(read_matrix(v), float) for k, v in item.parameters if k not in skipped}


def model(item: Item) -> str:
    return dict(item.parameters)["model"]


def all_count(item: Item, found: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether all answers of an item accept the states of these steps."""
    return all(
        blank.accepts(Decimal(str(round(np.asarray(value).item(), 3))))
        for part, step in zip(item.parts, found, strict=True)
        for blank, value in zip(
            blanks(part), (step[n] for n in step if n in states(model(item))), strict=True
        )
    )
