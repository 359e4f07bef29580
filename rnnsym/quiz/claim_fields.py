"""The fields of the tables in a bank of claims: which there are, and what they hold."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

from rnnsym.errors import InputError, nearest
from rnnsym.record import record

__all__ = [
    "CATEGORY", "CLAIM", "ESSAY", "FILE", "TERM", "Fields", "Thing", "check_fields", "is_table",
    "member", "outsider",
]  # fmt: skip

Fields: TypeAlias = Mapping[str, type[Any]]
FILE: Fields = {"title": str, "convention": str, "setting": str, "cells": list, "source": str,
        "claim": list, "term": list, "category": list, "essay": list}  # fmt: skip
COMMON: Fields = {"id": str, "texts": list, "source": str, "level": int, "cells": list}
CLAIM: Fields = {**COMMON, "true": bool, "about": str, "why": str, "misconception": str,
                 "check": list, "reasons": list}  # fmt: skip
TERM: Fields = {**COMMON, "group": str, "names": list}
ESSAY: Fields = {**COMMON, "setting": str, "points": list, "mistakes": list}
CATEGORY: Fields = {**COMMON, "members": list, "outsiders": list, "why": str, "check": list}
TEXTS = ("texts", "cells", "names", "check", "points", "mistakes")
KINDS = {str: "a text", list: "a list", int: "a whole number", bool: "true or false"}


def is_table(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether an entry of a bank is a table."""
    return isinstance(value, dict)


def check_fields(
    where: str, table: Mapping[str, Any], known: Fields, needed: Sequence[str]
) -> None:
    """Check that a table has the fields it needs, and no others, each of its type.

    Raises:
        InputError: names where, and the field at fault.
    """
    for name, value in table.items():
        if name not in known:
            hint = nearest(name, known)
            raise InputError(f"{where}: unknown field '{name}'{hint} (known: {', '.join(known)})")
        wanted = known[name]
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise InputError(f"{where}: {name} is {KINDS[wanted]}, not {value!r}")
        if name in TEXTS and not all(
            isinstance(one, str) and (one or name == "check") for one in value
        ):
            raise InputError(f"{where}: {name} is a list of texts, not {value!r}")
    for name in needed:
        if name not in table:
            raise InputError(f"{where}: the field '{name}' is missing")


@record
class Thing:
    """What belongs to a category or does not.

    Attributes:
        text: as it is printed.
        checked: as its check takes it.
        why: why it does not belong.
        source: where it is described, cited where it is printed.
    """

    text: str
    checked: str
    why: str = ""
    source: str = ""


def member(given: Any) -> Thing:
    """Read a member: a text, or a text, what the check takes for it, and its source."""
    match given:
        case str() as text if text:
            return Thing(text, text)
        case [str() as text, str() as checked] if text and checked:
            return Thing(text, checked)
        case [str() as text, str() as checked, str() as source] if text and checked and source:
            return Thing(text, checked, source=source)
        case _:
            raise InputError(
                f"a member is a text or [text, what the check takes, its source], not {given!r}"
            )


def outsider(given: Any) -> Thing:
    """Read what does not belong: a text and why, what the check takes if not the text, a source."""
    match given:
        case [str() as text, str() as why] if text and why:
            return Thing(text, text, why)
        case [str() as text, str() as why, str() as checked] if text and why and checked:
            return Thing(text, checked, why)
        case [str() as text, str() as why, str() as checked, str() as source] if all(given):
            return Thing(text, checked, why, source)
        case _:
            raise InputError(
                f"an outsider is [text, why, what the check takes, its source], not {given!r}"
            )
