"""A Document: blocks and questions, free of any output format; an Exporter turns it into files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rnnsym.blocks import Block, Prose
from rnnsym.item import Item

__all__ = ["Document", "Exporter", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """An item as a paper shows it; with ``solved`` as its key shows it."""

    item: Item
    number: int
    solved: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A derivation, a sheet or a paper.

    Attributes:
        name: a slug, the stem of its files.
        kind: which template sets it: "derivation", "sheet" or "paper".
        lines: what stands under the title: convention, loss, seed, version.
    """

    name: str
    kind: str
    title: str
    lines: tuple[Prose, ...]
    blocks: tuple[Block | Question, ...]


Exporter: TypeAlias = Callable[[Document], dict[str, bytes]]
"""A pure function: the files of a document, by name."""
