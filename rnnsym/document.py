"""A Document: blocks and questions, free of any output format; an Exporter turns it into files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rnnsym.blocks import Block, Prose
from rnnsym.item import Item

__all__ = ["PLAIN", "Document", "Exporter", "Question", "Style"]


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


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is set, where the format leaves a choice.

    Attributes:
        paper: "a4" or "letter".
        large: large print.
        templates: a folder whose templates go before rnnsym's own.
    """

    paper: str = "a4"
    large: bool = False
    templates: Path | None = None


PLAIN = Style()


class Exporter(Protocol):
    """A pure function: the files of a document, by name."""

    def __call__(self, document: Document, style: Style = PLAIN, /) -> dict[str, bytes]:
        """Return the files."""
        ...
