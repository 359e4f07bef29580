"""Blueprints: what a paper is to hold, section by section, filled exactly or refused.

A blueprint is a TOML file::

    title = "Midterm"

    [[section]]
    title = "Counting"        # heading on the paper; may be left out
    topics = ["counts"]       # or kinds = ["count", "count_stack"]; neither: every kind
    questions = 6
    marks = 32                # what they are worth together; may be left out
    minutes = 40              # how long they take together; may be left out
    level = "2-3"             # may be left out
    each = 1                  # exactly so many of each kind; may be left out
    cells = ["lstm"]          # only about these cells; may be left out
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnsym.errors import InputError, nearest
from rnnsym.item import Item
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import KindError, Source, drawn
from rnnsym.quiz.exact import Target, Worth, chosen, sums, wanted
from rnnsym.quiz.rounds import first, generate, in_turn
from rnnsym.quiz.selection import LEVELS, Asked, Selection, asked
from rnnsym.texts import parse_toml, read_text

__all__ = ["Blueprint", "Section", "fill", "read_blueprint", "read_levels"]

MOST_QUESTIONS = 100
LISTED = 8
"""So many kinds are named when a section is refused."""
CANDIDATES = (3, 12, 48)
"""So many items of each kind are drawn to choose from, the more the harder the sums are to reach.
"""


@dataclass(frozen=True)
class Section:
    """What one section holds; None where anything goes."""

    selection: Selection
    questions: int
    title: str = ""
    marks: int | None = None
    minutes: int | None = None
    each: int | None = None


@dataclass(frozen=True)
class Blueprint:
    """What a paper holds."""

    sections: tuple[Section, ...]
    title: str = "Quiz on recurrent networks"


def read_levels(text: str) -> tuple[int, int]:
    """Return the lowest and the highest of levels such as "3" or "2-4".

    >>> read_levels("2-4")
    (2, 4)
    """
    low, _, high = text.partition("-")
    try:
        found = int(low), int(high or low)
    except ValueError:
        raise InputError(f"a level is 1 to 5, or a range such as 2-4, not '{text}'") from None
    if not LEVELS[0] <= found[0] <= found[1] <= LEVELS[1]:
        raise InputError(f"levels go from 1 to 5, the lower one first, not '{text}'")
    return found


# Reading

FIELDS: Mapping[str, type] = {
    "title": str, "topics": list, "kinds": list, "cells": list, "questions": int, "marks": int,
    "minutes": int, "level": str, "each": int,
}  # fmt: skip


def read_blueprint(path: Path) -> Blueprint:
    """Read a blueprint.

    Raises:
        InputError: names file, section and field of what cannot be read.
    """
    data = parse_toml(str(path), read_text("blueprint", path))
    _check_fields(str(path), data, {"title": str, "section": list})
    tables = data.get("section", [])
    if not tables or not all(isinstance(t, dict) for t in tables):
        raise InputError(f"{path}: a blueprint has [[section]] tables, and at least one")
    sections = tuple(_section(f"{path}, section {i}", t) for i, t in enumerate(tables, 1))
    return Blueprint(sections, data.get("title", Blueprint.title))


def _check_fields(where: str, table: Mapping[str, Any], known: Mapping[str, type]) -> None:
    for name, value in table.items():
        if name not in known:
            hint = nearest(name, known)
            raise InputError(f"{where}: unknown field '{name}'{hint} (known: {', '.join(known)})")
        wanted = known[name]
        listed = wanted is not list or name == "section" or all(isinstance(v, str) for v in value)
        if not isinstance(value, wanted) or isinstance(value, bool) or not listed:
            kind = {int: "a whole number", str: "a text", list: "a list of texts"}[wanted]
            raise InputError(f"{where}: {name} is {kind}, not {value!r}")


def _section(where: str, table: Mapping[str, Any]) -> Section:
    _check_fields(where, table, FIELDS)
    for name in ("questions", "marks", "minutes", "each"):
        if table.get(name, 1) < 1:
            raise InputError(f"{where}: {name} is at least 1, not {table[name]}")
    levels = read_levels(table.get("level", "1-5"))
    try:
        selection = Selection.of(
            table.get("kinds", ()), table.get("topics", ()), table.get("cells", ()), levels
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    each = table.get("each")
    questions = table.get("questions", each * len(selection.kinds) if each else None)
    if questions is None or questions > MOST_QUESTIONS:
        raise InputError(f"{where}: questions is 1 to {MOST_QUESTIONS}, not {questions}")
    if each and questions != each * len(selection.kinds):
        raise InputError(
            f"{where}: {each} of each of {len(selection.kinds)} kinds are not {questions} questions"
        )
    return Section(selection, questions, table.get("title", ""), table.get("marks"),
                   table.get("minutes"), each)  # fmt: skip


# Filling


def fill(
    blueprint: Blueprint,
    seed: int,
    paper: str = "",
    failed: Callable[[KindError], None] | None = None,
    source: Source = drawn,
) -> tuple[tuple[Item, ...], ...]:
    """Return the items of each section, none asked twice; each kind's come from ``source``.

    Raises:
        InputError: names the section that cannot be filled, and what comes nearest.
    """
    taken: set[Asked] = set()
    found: list[tuple[Item, ...]] = []
    for number, section in enumerate(blueprint.sections, 1):
        selection = section.selection.without(taken)
        try:
            if section.marks is None and section.minutes is None and section.each is None:
                items = generate(selection, section.questions, seed, paper, failed, source)
            else:
                offered = in_turn(selection, seed, paper, failed, source)
                items = _filled(section, offered, Draw(seed, f"{paper}section {number}"))
        except InputError as error:
            title = f" '{section.title}'" if section.title else ""
            where = f"section {number}{title}: " if len(blueprint.sections) > 1 else ""
            raise InputError(f"{where}{error}") from None
        found.append(items)
        taken.update(one for item in items for one in asked(item))
    return tuple(found)


def _filled(section: Section, items: Iterator[Item], draw: Draw) -> tuple[Item, ...]:
    """Return those of the items that come to what a section is worth."""
    kinds = section.selection.kinds
    share = section.each or -(-section.questions // len(kinds))
    pools: dict[str, list[Item]] = {kind.name: [] for kind in kinds}
    order = draw.ranked("order", pools)
    target = Target(section.questions, section.marks, section.minutes, section.each)
    reached: set[Worth] = set()
    reason = ""
    for size in CANDIDATES:
        drawn = sum(map(len, pools.values()))
        more, why = first(items, max(size, 2 * share) * len(kinds) - drawn)
        reason = reason or why
        for item in more:
            pools[item.kind].append(item)
        reached = sums(target, list(pools.values()))
        if wanted(target) in reached:
            found = chosen(target, [pools[kind] for kind in order])
            if found is not None:
                return found
    raise InputError(_refusal(section, pools, wanted(target), reached) + reason)


def _refusal(
    section: Section, pools: Mapping[str, Sequence[Item]], aim: Worth, reached: set[Worth]
) -> str:
    """Say what questions a section cannot hold, and what comes nearest."""
    low, high = section.selection.levels
    kinds = ", ".join(pools) if len(pools) <= LISTED else f"{len(pools)} kinds"
    asked = f"{section.questions} questions of {kinds} at level {low}-{high}"
    if section.each:
        asked += f", {section.each} of each"
    each = section.each or 0
    few = [f"{kind}: {len(pool)}" for kind, pool in pools.items() if len(pool) < each]
    known = sum(map(len, pools.values()))
    if known < section.questions or few:
        return f"{asked}: there are too few ({'; '.join(few) or known})"
    near = sorted(reached - {aim}, key=lambda s: (abs(s[0] - aim[0]) + abs(s[1] - aim[1]), s))
    nearest = f"; the nearest is {_said(near[0])}" if near else ""
    return f"{asked} cannot come to exactly {_said(aim)}{nearest}"


def _said(worth: Worth) -> str:
    pairs = zip(worth, ("marks", "minutes"), strict=True)
    return " and ".join(f"{number} {unit}" for number, unit in pairs if number)
