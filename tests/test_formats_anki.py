"""Anki: cards known by their questions' ids, the same bytes, imported twice by Anki itself."""

import io
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rnnsym.export.quiz.anki import export
from rnnsym.quiz.paper import Paper
from tests.conftest import optional
from tests.quiz_samples import hostile_paper, sample_paper

optional("genanki")

PAPERS = {"plain": sample_paper(), "hostile": hostile_paper()}


def package(paper: Paper) -> bytes:
    [(name, content)] = export(paper).files.items()
    assert name == f"{paper.name}.apkg"
    return content


def notes(paper: Paper, folder: Path) -> dict[str, tuple[list[str], str]]:
    """The notes of a package by id: their fields and tags."""
    with zipfile.ZipFile(io.BytesIO(package(paper))) as packed:
        packed.extract("collection.anki2", folder)
    with sqlite3.connect(folder / "collection.anki2") as database:
        rows = database.execute("select guid, flds, tags from notes").fetchall()
    return {guid: (fields.split("\x1f"), tags) for guid, fields, tags in rows}


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_every_question_is_a_card(paper: Paper, tmp_path: Path) -> None:
    found = notes(paper, tmp_path)
    assert sorted(fields[2] for fields, _ in found.values()) == sorted(i.id for i in paper.items)
    for (question, answer, _), tags in found.values():
        assert "What is it?" in question
        assert "Proof" in answer
        assert "<script" not in question + answer
        assert r"\(h_" in question
        assert "concepts" in tags.split()


def test_a_changed_wording_is_the_same_card(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = notes(sample_paper("one"), tmp_path / "a")
    after = notes(sample_paper("another"), tmp_path / "b")
    assert before.keys() == after.keys()
    assert before != after


def test_same_paper_same_bytes() -> None:
    assert package(sample_paper()) == package(sample_paper())
    other = replace(sample_paper(), title="Other")
    assert package(other) == package(sample_paper())


def test_anki_imports_twice_without_duplicates(tmp_path: Path) -> None:
    collections: Any = optional("anki.collection")
    path = tmp_path / "deck.apkg"
    path.write_bytes(package(sample_paper()))
    collection = collections.Collection(str(tmp_path / "collection.anki2"))
    try:
        for _ in range(2):
            options = collections.ImportAnkiPackageOptions()
            request = collections.ImportAnkiPackageRequest(package_path=str(path), options=options)
            collection.import_anki_package(request)
            assert collection.note_count() == len(sample_paper().items)
    finally:
        collection.close()
