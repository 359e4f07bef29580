"""Manifests and ledgers: JSON Lines that tell which questions were drawn.

A manifest's first line is ``{"manifest": 1, "rnnsym": VERSION, "seed": …}``; each further line is
a paper: its name, title, form, student, and per section title and questions, each with kind, file
(of a user's kind), id and parameters. Papers are rebuilt from it; a user's kind is code, so none is
run because a manifest names it. A ledger's lines are ``{"kind": …, "parameters": …}``, what earlier
papers asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnsym.errors import InputError, one_of
from rnnsym.item import Item
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.registry import Kind, Parameters, kind_names, load_kind
from rnnsym.quiz.roster import Student
from rnnsym.quiz.selection import meaning
from rnnsym.texts import parse_json, read_text
from rnnsym.version import VERSION

__all__ = [
    "check_version", "head_data", "ledger_line", "manifest_head", "manifest_line", "paper_data",
    "question_data", "read_ledger", "read_manifest", "rebuilt_paper",
]  # fmt: skip

EDITION = 1
MAX_BYTES = 2**28


def manifest_head(seed: int) -> str:
    """Return the first line of a manifest."""
    return _line({"manifest": EDITION, "rnnsym": VERSION, "seed": seed})


def manifest_line(paper: Paper) -> str:
    """Return the line of one paper."""
    return _line(paper_data(paper))


def paper_data(paper: Paper) -> dict[str, Any]:
    """Return what a paper is rebuilt from, as plain data."""
    sections = [
        {"title": title, "questions": [question_data(item, paper.kind_files) for item in items]}
        for title, items in paper.sections
    ]
    return {**head_data(paper), "sections": sections}


def head_data(paper: Paper) -> dict[str, Any]:
    """Return what a paper is called and for whom it is, as plain data."""
    student = paper.student
    return {
        "name": paper.name,
        "title": paper.title,
        "form": paper.form,
        "student": {"id": student.id, "name": student.name} if student else None,
    }


def question_data(item: Item, files: Mapping[str, str]) -> dict[str, Any]:
    """Return what a question is made from again; ``files`` are those of users' kinds, by name."""
    source = {"file": files[item.kind]} if files.get(item.kind) else {}
    return {"kind": item.kind, **source, "id": item.id, "parameters": dict(item.parameters)}


def _line(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"


def read_manifest(path: Path, kinds: Sequence[Kind] = ()) -> Iterator[Paper]:
    """Yield the papers of a manifest, each question made again from its parameters.

    Args:
        path: the manifest.
        kinds: kinds of a user's own that may be run.

    Raises:
        InputError: no manifest, one of another version, or a question that comes out otherwise.
    """
    lines = _lines_of(path, "manifest")
    nothing: dict[str, Any] = {}
    _, head = next(lines, (1, nothing))
    if head.get("manifest") != EDITION or not isinstance(head.get("seed"), int):
        raise InputError(f"{path} is no manifest of rnnsym: its first line does not say so")
    check_version(str(path), head)
    for number, data in lines:
        yield rebuilt_paper(f"{path}, line {number}", data, head["seed"], kinds)


def check_version(where: str, head: Mapping[str, Any]) -> None:
    """See that what was read was made by this version.

    Raises:
        InputError: it was not; its questions may come out otherwise.
    """
    if head.get("rnnsym") != VERSION:
        raise InputError(
            f"{where} was made by rnnsym {head.get('rnnsym')}; this is {VERSION}, whose questions "
            "may differ: install that version to rebuild the papers"
        )


def rebuilt_paper(
    where: str, data: Mapping[str, Any], seed: int, kinds: Sequence[Kind] = ()
) -> Paper:
    """Return the paper of some ``paper_data``, each question made again from its parameters.

    Raises:
        InputError: it is no such data, a question comes out otherwise, or is of a user's kind that
            is not among ``kinds``; says where.
    """
    try:
        return _paper(data, seed, {kind.name: kind for kind in kinds})
    except BROKEN as error:
        what = f"{type(error).__name__} {error}"
        raise InputError(f"{where}: no paper can be rebuilt ({what})") from None


BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, MemoryError,
          RecursionError, Unfair)  # fmt: skip
"""What comes of data that are of no paper."""


def _paper(data: Mapping[str, Any], seed: int, own: Mapping[str, Kind]) -> Paper:
    sections = tuple(
        (_text(s, "title"), tuple(_rebuilt(q, own) for q in s["questions"]))
        for s in data["sections"]
    )
    given = data["student"]
    student = Student(_text(given, "id"), _text(given, "name")) if given else None
    files = {q["kind"]: q["file"] for s in data["sections"] for q in s["questions"] if "file" in q}
    name, title, form = (_text(data, key) for key in ("name", "title", "form"))
    return Paper(name, seed, sections, title, form, student, files)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise TypeError(f"'{key}' is no text")
    return value


def _texts(table: Mapping[str, Any]) -> Parameters:
    return tuple((key, _text(table, key)) for key in table)


def _rebuilt(data: Mapping[str, Any], own: Mapping[str, Kind]) -> Item:
    name = data["kind"]
    if "file" in data and name not in own:
        raise InputError(
            f"'{name}' is a kind of somebody's own: to run the code in {data['file']}, name that "
            "file with --kind"
        )
    kind = own[name] if "file" in data else load_kind(one_of("kind", name, kind_names()))
    item = kind.make(_texts(data["parameters"]))
    if item.id != data["id"]:
        raise InputError(f"question {data['id']} comes out as {item.id}: the manifest was changed")
    return item


# Ledgers


def ledger_line(item: Item) -> str:
    """Return what a ledger keeps of an item."""
    kind, parameters = meaning(item)
    return _line({"kind": kind, "parameters": dict(parameters)})


def read_ledger(path: Path) -> frozenset[tuple[str, Parameters]]:
    """Return what earlier papers asked; a ledger that does not exist yet is empty.

    Raises:
        InputError: the file is no ledger; names the line.
    """
    if not path.exists():
        return frozenset()
    return frozenset(_meanings(path))


def _meanings(path: Path) -> Iterable[tuple[str, Parameters]]:
    for number, data in _lines_of(path, "ledger"):
        try:
            asked = _text(data, "kind"), _texts(data["parameters"])
        except (KeyError, TypeError):
            where = f"{path}, line {number}"
            raise InputError(f"{where}: a ledger's line has kind and parameters") from None
        yield asked


def _lines_of(path: Path, what: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(read_text(what, path, MAX_BYTES).splitlines(), 1):
        data = parse_json(f"{path}, line {number}", line)
        if not isinstance(data, dict):
            raise InputError(f"{path}, line {number}: an object in braces is expected")
        yield number, data
