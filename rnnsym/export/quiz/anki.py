"""Anki: one deck of cards by topic; a card is known by its question's id, so that it is updated."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

from markupsafe import Markup

from rnnsym.blocks import Paragraph, prose
from rnnsym.errors import InputError
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._numbered import (
    instruction,
    numbered,
    one_line,
    question_name,
    solution_blocks,
)
from rnnsym.export.quiz._rich import rich
from rnnsym.item import Item
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.responses import asked, part_name

__all__ = ["export"]

MODEL_ID = 1_402_100_117
"""Of the note type; fixed, so that a later deck updates an earlier one."""
EPOCH = (1980, 1, 1, 0, 0, 0)
TIMESTAMP = 315532800.0
QUESTION = '<div class="rnnsym">{{Question}}</div>'
ANSWER = '{{FrontSide}}<hr id="answer"><div class="rnnsym">{{Answer}}</div>'
STYLE = (
    ".card { font-family: sans-serif; text-align: left; max-width: 45em; margin: auto; } "
    "table { border-collapse: collapse; } td, th { padding: 0.2em 0.5em; }"
)
INSTALL = "anki needs the package genanki: pip install 'rnnsym[anki]'"


def export(paper: Paper) -> Exported:
    """Return a paper as one ``.apkg`` file.

    Raises:
        InputError: the package genanki is not installed.
    """
    try:
        genanki: Any = import_module("genanki")  # it has no types, and is optional
    except ImportError:
        raise InputError(INSTALL) from None
    model = genanki.Model(
        MODEL_ID, "rnnsym", fields=[{"name": name} for name in ("Question", "Answer", "Id")],
        templates=[{"name": "Card", "qfmt": QUESTION, "afmt": ANSWER}], css=STYLE,
    )  # fmt: skip
    decks: dict[str, Any] = {}
    losses: list[str] = []
    for _, items in numbered(paper):
        for number, item in items:
            name = f"RNN::{one_line(item.topic).replace('::', ': ')}"
            deck = decks.setdefault(name, genanki.Deck(_number(name), name))
            fields = [_front(number, item), str(rich(solution_blocks(item))), item.id]
            # The id alone: a better wording is the same card.
            guid = genanki.guid_for(item.id)
            deck.add_note(genanki.Note(model=model, fields=fields, tags=_tags(item), guid=guid))
            losses += (f"question {number}: {loss}" for loss in _losses(item))
    packed = _packed(genanki.Package(list(decks.values())))
    return Exported({f"{paper.name}.apkg": packed}, tuple(losses))


def _number(text: str) -> int:
    """Return a fixed number of 31 bits for a deck."""
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") >> 1


def _front(number: int, item: Item) -> str:
    parts = [rich((Paragraph(prose(question_name(number, item))), *item.stem))]
    for place, part in enumerate(item.parts):
        if len(item.parts) > 1:
            parts.append(rich((Paragraph(prose(part_name(place))),)))
        shown = (*part.stem, *instruction(part.response), *asked(part.response))
        parts.append(rich(shown))
    return str(Markup("").join(parts))


def _tags(item: Item) -> list[str]:
    words = (item.kind, item.topic, f"level{item.level}", item.convention, *item.tags)
    return list(dict.fromkeys("_".join(one_line(word).split()) for word in words if word.strip()))


def _losses(item: Item) -> Iterator[str]:
    yield "marks and minutes: a card is judged by the one who learns"
    if any(part.hints for part in item.parts):
        yield "its hints"


def _packed(package: Any) -> bytes:
    """Return the package, its files dated alike whenever it is made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck.apkg"
        package.write_to_file(str(path), timestamp=TIMESTAMP)
        with zipfile.ZipFile(path) as made:
            contents = {name: made.read(name) for name in sorted(made.namelist())}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in contents.items():
            packed.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
