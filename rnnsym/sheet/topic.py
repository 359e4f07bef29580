"""Topics: what a sheet can be about, by the files of the folder ``topics``; listing imports none.

A topic's file defines ``TOPIC``, and imports what its sections need inside of them. Models come
from ``rnnsym.sheet.study.study``, which checks each before anything of it is printed.
"""

import importlib
import pkgutil
import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsym.convention import TEXTBOOK, read_convention
from rnnsym.errors import one_of
from rnnsym.record import record
from rnnsym.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import ModuleType

    from rnnsym.blocks import Block
    from rnnsym.document import Document

__all__ = [
    "Topic",
    "cell_topic",
    "chapter_topic",
    "find_topic",
    "load_topic",
    "numbered",
    "topic_document",
    "topic_names",
]

FOLDER = Path(__file__).parent / "topics"
WORD = re.compile(r"[A-Za-z0-9_-]+")


@record
class Topic:
    """What one sheet is about.

    Attributes:
        name: what a user types, e.g. gradient-flow for the file gradient_flow.py.
        line: what it holds, in one line.
        sections: its blocks in the order of print, headings from level 2.
        kind: which template sets it.
        models: the model texts that it is about; a notebook builds them.
        data: the numbers behind its blocks, by section, as JSON has them.
    """

    name: str
    title: str
    line: str
    sections: "Callable[[], Iterator[Block]]"
    kind: str = "sheet"
    models: tuple[str, ...] = ()
    data: "Callable[[], Mapping[str, Any]]" = dict[str, Any]


def topic_names() -> list[str]:
    """Return the names of the topics, from the file names alone."""
    return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules([str(FOLDER)]))


@cache
def load_topic(name: str) -> Topic:
    """Return a topic by name.

    Raises:
        InputError: no such topic; names the nearest one.
    """
    stem = one_of("topic", name, topic_names()).replace("-", "_")
    topic: Topic = importlib.import_module(f"rnnsym.sheet.topics.{stem}").TOPIC
    return topic


def cell_topic(name: str, title: str, line: str) -> Topic:
    """Return the topic of a cell that the booklet has a chapter on."""

    def sections() -> "Iterator[Block]":
        from rnnsym.sheet.chapters.ideas import idea
        from rnnsym.sheet.model_sheet import model_sections
        from rnnsym.sheet.study import study

        goals, *others = model_sections(study(name))
        yield goals
        yield from idea(name)
        yield from others

    return Topic(name, title, line, sections, models=(name,))


def chapter_topic(
    name: str, title: str, line: str, models: tuple[str, ...], kind: str = "sheet"
) -> Topic:
    """Return the topic whose sections, and data if it has any, are those of its chapter."""

    def sections() -> "Iterator[Block]":
        found: Iterator[Block] = _chapter(name).sections()
        return found

    def data() -> "Mapping[str, Any]":
        found: Callable[[], Mapping[str, Any]] = getattr(_chapter(name), "data", dict[str, Any])
        return found()

    return Topic(name, title, line, sections, kind, models, data)


def _chapter(name: str) -> "ModuleType":
    return importlib.import_module(f"rnnsym.sheet.chapters.{name.replace('-', '_')}")


def find_topic(text: str, convention: str = TEXTBOOK) -> Topic | None:
    """Return the topic that a text names, None where it is a cell or a model text.

    Raises:
        InputError: one word that is neither a topic nor a cell; names the nearest.
    """
    from rnnsym.cell import cell_names

    cells = {*cell_names(), *cell_names(convention)}
    if text in cells or not WORD.fullmatch(text):
        return None
    return load_topic(one_of("topic or cell", text, sorted({*topic_names(), *cells})))


def topic_document(topic: Topic) -> "Document":
    """Return the sheet of a topic that is not one cell."""
    from rnnsym.blocks import prose
    from rnnsym.document import Document
    from rnnsym.sheet.naming import NOTATION
    from rnnsym.system import read_model

    lines = (prose(read_convention(TEXTBOOK).line), NOTATION, prose(f"rnnsym {VERSION}"))
    return Document(
        topic.name,
        topic.kind,
        topic.title,
        lines,
        tuple(topic.sections()),
        tuple(read_model(text) for text in topic.models),
        topic.data(),
    )


def numbered(blocks: "Iterable[Block]", prefix: str) -> "tuple[Block, ...]":
    """Return blocks whose equation numbers, and the references to them, say their chapter.

    >>> from rnnsym.blocks import EquationRef, Paragraph, prose
    >>> numbered([Paragraph(prose("see ", EquationRef("7")))], "3")
    (Paragraph(content=('see ', EquationRef(number='3.7'))),)
    """
    found: tuple[Block, ...] = _prefixed(tuple(blocks), prefix)
    return found


def _prefixed(part: Any, prefix: str) -> Any:
    from rnnsym.blocks import EquationRef, Line

    match part:
        case (*several,):
            return tuple(_prefixed(one, prefix) for one in several)
        case _ if is_dataclass(part) and not isinstance(part, type):
            changed = {f.name: _prefixed(getattr(part, f.name), prefix) for f in fields(part)}
            if isinstance(part, Line | EquationRef) and part.number is not None:
                changed["number"] = f"{prefix}.{part.number}"
            return replace(part, **changed)
        case _:
            return part
