"""Manifests and ledgers: JSON Lines that tell which questions were drawn.

A manifest's first line is ``{"manifest": 1, "rnnsym": VERSION, "seed": …}``; each further line is
a paper: its name, title, form, student, and per section title and questions, each with kind, file
(of a user's kind), id and parameters. Papers are rebuilt from it. A ledger's lines are
``{"kind": …, "parameters": …}``, what earlier papers asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rnnsym.errors import InputError
from rnnsym.item import Item
from rnnsym.quiz.drawing import meaning
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.registry import Parameters, load_kind
from rnnsym.quiz.roster import Student
from rnnsym.version import VERSION

__all__ = [
    "check_version", "ledger_line", "manifest_head", "manifest_line", "paper_data", "read_ledger",
    "read_manifest", "rebuilt_paper",
]  # fmt: skip

EDITION = 1


def manifest_head(seed: int) -> str:
    """Return the first line of a manifest."""
    return _line({"manifest": EDITION, "rnnsym": VERSION, "seed": seed})


def manifest_line(paper: Paper) -> str:
    """Return the line of one paper."""
    return _line(paper_data(paper))


def paper_data(paper: Paper) -> dict[str, Any]:
    """Return what a paper is rebuilt from, as plain data."""
    student = paper.student
    sections = [
        {"title": title, "questions": [_question(item, paper.kind_files) for item in items]}
        for title, items in paper.sections
    ]
    return {
        "name": paper.name,
        "title": paper.title,
        "form": paper.form,
        "student": {"id": student.id, "name": student.name} if student else None,
        "sections": sections,
    }


def _question(item: Item, files: Mapping[str, str]) -> dict[str, object]:
    source = {"file": files[item.kind]} if files.get(item.kind) else {}
    return {"kind": item.kind, **source, "id": item.id, "parameters": dict(item.parameters)}


def _line(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Iterator[Paper]:
    """Yield the papers of a manifest, each question made again from its parameters.

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
        yield rebuilt_paper(f"{path}, line {number}", data, head["seed"])


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


def rebuilt_paper(where: str, data: Mapping[str, Any], seed: int) -> Paper:
    """Return the paper of some ``paper_data``, each question made again from its parameters.

    Raises:
        InputError: it is no such data, or a question comes out otherwise; says where.
    """
    try:
        return _paper(data, seed)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, Unfair) as error:
        what = f"{type(error).__name__} {error}"
        raise InputError(f"{where}: no paper can be rebuilt ({what})") from None


def _paper(data: Mapping[str, Any], seed: int) -> Paper:
    sections = tuple((s["title"], tuple(map(_rebuilt, s["questions"]))) for s in data["sections"])
    student = Student(**data["student"]) if data["student"] else None
    questions = [q for section in data["sections"] for q in section["questions"]]
    files = {q["kind"]: q["file"] for q in questions if "file" in q}
    return Paper(data["name"], seed, sections, data["title"], data["form"], student, files)


def _rebuilt(data: Mapping[str, Any]) -> Item:
    kind = load_kind(data.get("file", data["kind"]))
    item = kind.make(tuple(data["parameters"].items()))
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
        kind: object = data.get("kind")
        parameters: Any = data.get("parameters")
        if not isinstance(kind, str) or not hasattr(parameters, "items"):
            raise InputError(f"{path}, line {number}: a ledger's line has kind and parameters")
        yield kind, tuple(parameters.items())


def _lines_of(path: Path, what: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read the {what} {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"the {what} {path} is not UTF-8") from None
    for number, line in enumerate(text.splitlines(), 1):
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        if not isinstance(data, dict):
            raise InputError(f"{path}, line {number}: an object in braces is expected")
        yield number, data
