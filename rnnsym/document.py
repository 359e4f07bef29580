"""A Document: blocks and questions, free of any output format; an Exporter turns it into files."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from rnnsym.blocks import Block, Prose
from rnnsym.equations import Model
from rnnsym.item import Item
from rnnsym.record import record

__all__ = ["PAPERS", "PLAIN", "Document", "Exporter", "Question", "Style"]


@record
class Question:
    """An item as a paper shows it; with ``solved`` as its key shows it."""

    item: Item
    number: int
    solved: bool = False


@record
class Document:
    """A derivation, a sheet or a paper.

    Attributes:
        name: a slug, the stem of its files.
        kind: which template sets it: "derivation", "sheet", "cheatsheet" or "paper".
        lines: what stands under the title: convention, loss, seed, version.
        models: what the blocks are about, in order; a notebook builds them.
        data: the numbers behind the blocks, by section, as JSON has them ("worked": …).
    """

    name: str
    kind: str
    title: str
    lines: tuple[Prose, ...]
    blocks: tuple[Block | Question, ...]
    models: tuple[Model, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@record
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
PAPERS = ("a4", "letter")


class Exporter(Protocol):
    """A pure function: the files of a document, by name."""

    def __call__(self, document: Document, style: Style = PLAIN, /) -> dict[str, bytes]:
        """Return the files."""
        ...
