"""Banks of claims: what is said of recurrent networks, true or false, with its reason.

The shipped bank is the folder ``claims``, one file for each section; a user's own bank is one such
file. ``claims/README.md`` describes the format.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from rnnsym.errors import InputError, one_of
from rnnsym.quiz import claim_fields as fields
from rnnsym.quiz.claim_checks import CHECKS
from rnnsym.quiz.claim_text import read_prose
from rnnsym.record import record
from rnnsym.texts import parse_toml, read_text

__all__ = ["Category", "Claim", "Entry", "Essay", "Reason", "Section", "Term", "load"]

FOLDER = Path(__file__).parent / "claims"
T = TypeVar("T")


@record
class Reason:
    """A verdict on a claim with a reason that does not support it, or is not so, and why not."""

    verdict: bool
    text: str
    why: str


@record
class Claim:
    """One statement.

    Attributes:
        id: unique in its bank.
        true: whether it holds.
        about: what it is about; claims about one thing never stand in one question.
        texts: its wordings, at least two.
        why: why it is so, or is not so.
        misconception: what makes a false one look true, "" for a true one.
        source: a paper, a chapter, or the course notes.
        level: 1 to 5.
        cells: the cells that it is about.
        check: a function of ``claim_checks`` and its arguments: whether the statement holds.
        reasons: wrong ones, for questions that ask for verdict and reason.
    """

    id: str
    true: bool
    about: str
    texts: tuple[str, ...]
    why: str
    misconception: str
    source: str
    level: int
    cells: tuple[str, ...]
    check: tuple[str, ...]
    reasons: tuple[Reason, ...]


@record
class Term:
    """A word of the field and what it means.

    Attributes:
        group: terms of one group are asked together.
        names: the term, first as it is printed, then other ways to write it.
        texts: its definitions, at least two, none of which says the term.
    """

    id: str
    group: str
    names: tuple[str, ...]
    texts: tuple[str, ...]
    source: str
    level: int
    cells: tuple[str, ...]


@record
class Category:
    """Things that belong together, and things that do not.

    Attributes:
        texts: wordings of what the members have in common.
        members: at least three.
        outsiders: what does not belong, each with the reason.
        check: as for a claim; what it takes for a member is its last argument.
    """

    id: str
    texts: tuple[str, ...]
    members: tuple[fields.Thing, ...]
    outsiders: tuple[fields.Thing, ...]
    why: str
    source: str
    level: int
    cells: tuple[str, ...]
    check: tuple[str, ...]


@record
class Essay:
    """Something to explain.

    Attributes:
        texts: wordings of the question.
        setting: what holds for which of the things it compares, in place of a convention.
        points: the true claims that a good answer makes.
        mistakes: the false claims that a bad one makes.
    """

    id: str
    texts: tuple[str, ...]
    setting: str
    points: tuple[str, ...]
    mistakes: tuple[str, ...]
    source: str
    level: int
    cells: tuple[str, ...]


@record
class Section:
    """One file of a bank; ``setting`` says what its symbols stand for, "" where nobody asks."""

    name: str
    title: str
    convention: str
    setting: str
    claims: tuple[Claim, ...]
    terms: tuple[Term, ...]
    categories: tuple[Category, ...]
    essays: tuple[Essay, ...]

    @property
    def entries(self) -> "tuple[Entry, ...]":
        """Everything in it."""
        return (*self.claims, *self.terms, *self.categories, *self.essays)


Entry: TypeAlias = Claim | Term | Category | Essay


@lru_cache(maxsize=64)
def load(path: str = "") -> tuple[Section, ...]:
    """Return the sections of a bank: the shipped one, or that of a user's file.

    Raises:
        InputError: names the file, the entry and the field at fault.

    >>> sum(len(section.claims) for section in load()) >= 150
    True
    """
    files = [Path(path)] if path else sorted(FOLDER.glob("*.toml"))
    sections = tuple(_Reader(file).section() for file in files)
    seen: dict[str, str] = {}
    for section in sections:
        for entry in section.entries:
            if entry.id in seen:
                raise InputError(f"'{entry.id}' stands in {seen[entry.id]} and in {section.name}")
            seen[entry.id] = section.name
    truth = {claim.id: claim.true for section in sections for claim in section.claims}
    for section in sections:
        for essay in section.essays:
            wanted = dict.fromkeys(essay.points, True) | dict.fromkeys(essay.mistakes, False)
            for name, true in wanted.items():
                if truth.get(name) is not true:
                    what = f"'{essay.id}' names '{name}', which is no {str(true).lower()} claim"
                    raise InputError(f"{section.name}: {what}")
    return sections


class _Reader:
    """One file of a bank; errors name it and the entry."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = parse_toml(str(path), read_text("claim bank", path))
        fields.check_fields(str(path), self.data, fields.FILE, ("title",))
        self.cells = tuple(self.data.get("cells", ()))
        self.source = self.data.get("source", "")

    def section(self) -> Section:
        """Return the section."""
        claims = self._entries(
            "claim", fields.CLAIM, ("id", "true", "about", "texts", "why"), self._claim
        )
        terms = self._entries("term", fields.TERM, ("id", "group", "names", "texts"), self._term)
        categories = self._entries(
            "category",
            fields.CATEGORY,
            ("id", "texts", "members", "outsiders", "why"),
            self._category,
        )
        essays = self._entries("essay", fields.ESSAY, ("id", "texts", "points"), self._essay)
        convention = self.data.get("convention", "textbook")
        title, setting = self.data["title"], self.data.get("setting", "")
        return Section(
            self.path.stem, title, convention, setting, claims, terms, categories, essays
        )

    def _entries(
        self,
        name: str,
        known: fields.Fields,
        needed: Sequence[str],
        make: Callable[[Mapping[str, Any]], T],
    ) -> tuple[T, ...]:
        found: list[T] = []
        tables: list[Any] = self.data.get(name, [])
        for place, table in enumerate(tables, 1):
            where = f"{self.path}, {name} {place}"
            if not fields.is_table(table):
                raise InputError(f"{where}: entries are tables, written [[{name}]]")
            where += f" ('{table.get('id', 'without id')}')"
            fields.check_fields(where, table, known, needed)
            try:
                found.append(make({"source": self.source, "level": 2, **table}))
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        return tuple(found)

    def _common(self, table: Mapping[str, Any]) -> dict[str, Any]:
        texts = tuple(table["texts"])
        if len(set(texts)) < 2:
            raise InputError(f"texts are at least two wordings, not {len(set(texts))}")
        for text in texts:
            read_prose(text)
        if not table["source"]:
            raise InputError("it has no source, nor has the file")
        if not 1 <= table["level"] <= 5:
            raise InputError(f"level is 1 to 5, not {table['level']}")
        cells = tuple(table.get("cells", self.cells))
        return {"id": table["id"], "texts": texts, "source": table["source"],
                "level": table["level"], "cells": cells}  # fmt: skip

    def _claim(self, table: Mapping[str, Any]) -> Claim:
        true, name = table["true"], table.get("misconception", "")
        if true == bool(name):
            wants = "has no misconception" if true else "names its misconception"
            raise InputError(f"a {'true' if true else 'false'} claim {wants}")
        reasons = tuple(_reason(pair) for pair in table.get("reasons", ()))
        read_prose(table["why"])
        return Claim(
            **self._common(table), true=true, about=table["about"], why=table["why"],
            misconception=name, check=_check(table), reasons=reasons,
        )  # fmt: skip

    def _term(self, table: Mapping[str, Any]) -> Term:
        names = tuple(table["names"])
        if not names:
            raise InputError("names lists the term, and other ways to write it")
        return Term(**self._common(table), group=table["group"], names=names)

    def _category(self, table: Mapping[str, Any]) -> Category:
        members = tuple(map(fields.member, table["members"]))
        outsiders = tuple(map(fields.outsider, table["outsiders"]))
        if len(members) < 3 or not outsiders:
            raise InputError("a category has at least three members and one outsider")
        for thing in (*members, *outsiders):
            read_prose(thing.text + thing.why)
        read_prose(table["why"])
        return Category(**self._common(table), members=members, outsiders=outsiders,
                      why=table["why"], check=_check(table))  # fmt: skip

    def _essay(self, table: Mapping[str, Any]) -> Essay:
        points, mistakes = tuple(table["points"]), tuple(table.get("mistakes", ()))
        if not 4 <= len(set(points)) <= 6:
            raise InputError(f"points are four to six true claims, not {len(set(points))}")
        setting = table.get("setting", "")
        read_prose(setting)
        return Essay(**self._common(table), setting=setting, points=points, mistakes=mistakes)


def _reason(pair: Any) -> Reason:
    match pair:
        case [bool() as verdict, str() as text, str() as why] if text and why:
            read_prose(text + why)
            return Reason(verdict, text, why)
        case _:
            raise InputError(f"a reason is [true or false, text, why not], not {pair!r}")


def _check(table: Mapping[str, Any]) -> tuple[str, ...]:
    words = tuple(table.get("check", ()))
    if words:
        one_of("check", words[words[0] == "not"], CHECKS)
    return words
