"""What ``rnnsym quiz generate`` is asked for, and the papers drawn for it."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rnnsym.errors import InputError
from rnnsym.record import record

if TYPE_CHECKING:
    from rnnsym.item import Item
    from rnnsym.quiz.blueprint import Blueprint, Section
    from rnnsym.quiz.drawing import KindError
    from rnnsym.quiz.paper import Paper
    from rnnsym.quiz.registry import Kind
    from rnnsym.quiz.roster import Student
    from rnnsym.quiz.selection import Selection

__all__ = ["Wanted", "blueprint_of"]


@record
class Wanted:
    """What is asked for, as it was typed: any process draws the same from it."""

    seed: int
    count: int
    topics: tuple[str, ...]
    kinds: tuple[str, ...]
    subjects: tuple[str, ...]
    levels: str
    bank: Path | None
    blueprint: Path | None
    ledger: Path | None

    def drawn(
        self, forms: Sequence[str] = (), students: "Sequence[Student]" = ()
    ) -> "Iterator[Paper]":
        """Yield one paper, or one for each form or student."""
        from rnnsym.quiz.paper import draw_papers

        return draw_papers(blueprint_of(self), self.seed, forms, students, _warn)

    def shared(self, jobs: int) -> "Iterator[Paper]":
        """Yield one paper in JSON, whose questions ``jobs`` processes draw and write."""
        from rnnsym.quiz.paper import draw_papers
        from rnnsym.quiz.pool import drawn_ahead

        written: dict[str, str] = {}
        [section] = blueprint_of(self).sections
        kinds = sorted(section.selection.kinds, key=lambda kind: kind.topic)
        names = [kind.name for kind in kinds]
        with drawn_ahead(_Questions(self), names, jobs) as pieces:

            def source(kind: "Kind", *_: object) -> "Iterator[Item]":
                for item, text in pieces(kind.name):
                    written[item.id] = text
                    yield item

            [paper] = draw_papers(blueprint_of(self), self.seed, (), (), _warn, source)
        yield replace(paper, written=written)


@record
class _Questions:
    """Draws the questions of a kind and writes them in JSON; it can be pickled."""

    wanted: Wanted

    def __call__(self, name: str) -> "Iterator[tuple[Item, str]]":
        """Yield each without its content, which would travel slowly, and its text."""
        from rnnsym.export.quiz.json import question_text
        from rnnsym.quiz.drawing import drawn

        [section] = blueprint_of(self.wanted).sections
        [kind] = [kind for kind in section.selection.kinds if kind.name == name]
        files = {name: kind.file} if kind.file else {}
        for item in drawn(kind, section.selection, self.wanted.seed):
            yield replace(item, stem=(), parts=()), question_text(item, files)


def _warn(error: "KindError") -> None:
    print(f"rnnsym: {error}; the paper is made without it", file=sys.stderr)


@lru_cache(maxsize=1)
def blueprint_of(wanted: Wanted) -> "Blueprint":
    """Return what papers hold, less what stands in the ledger; files are read once.

    Raises:
        InputError: what is asked for does not exist, or a file cannot be read.
    """
    from rnnsym.quiz.blueprint import Blueprint, Section, read_blueprint, read_levels
    from rnnsym.quiz.manifest import read_ledger
    from rnnsym.quiz.selection import Selection

    used = read_ledger(wanted.ledger) if wanted.ledger else ()
    if wanted.blueprint:
        found = read_blueprint(wanted.blueprint)
    else:
        levels = read_levels(wanted.levels)
        selection = Selection.of(wanted.kinds, wanted.topics, wanted.subjects, levels)
        found = Blueprint((Section(selection, wanted.count),))
    sections = [replace(s, selection=s.selection.without(used)) for s in found.sections]
    if wanted.bank:
        named = wanted.blueprint or wanted.kinds or wanted.topics
        sections = _from_bank(sections, wanted.bank, others=bool(named))
    return replace(found, sections=tuple(sections))


def _from_bank(sections: "Sequence[Section]", bank: Path, *, others: bool) -> "list[Section]":
    """Return the sections, with the kinds that are made of claims taking those of ``bank``.

    The other kinds stay if ``others`` is true: where they were named.
    """
    from rnnsym.quiz.claim_items import banked

    def own(selection: "Selection") -> "Selection":
        pairs = [(kind, banked(kind, str(bank))) for kind in selection.kinds]
        return replace(selection, kinds=tuple(b for k, b in pairs if others or b != k))

    found = [replace(s, selection=own(s.selection)) for s in sections]
    if found == sections or not all(s.selection.kinds for s in found):
        raise InputError(f"no question asked for is made of claims, as those of {bank} are")
    return found
