"""A paper as JSON with everything that its questions hold, keys and proofs among it.

Schema 1: ``rnnsym``, ``schema``, ``seed``, and the fields of a manifest's line: ``name``,
``title``, ``form``, ``student`` (null, or {id, name}) and ``sections`` [{title, questions}]. A
question has its ``number``, ``kind``, ``file`` (of a user's kind), ``id`` and ``parameters``, which
it is made from again, and what they give:

    topic, level, minutes, marks, convention, tags [text], stem [block],
    parts [{stem [block], marks, response, solution [block], scheme [{points, kind, text}],
    hints [prose], carries [number of a part before, from 0]}], proof {method, error}

A response has its ``type``:

    choice {several, options [{content, correct, misconception, why}]}
    numeric {blanks [{label, value, tolerance, wrong [{value, misconception, why}]}]}
    matching {pairs [{prompt, answer}], extras [text], shown [text]}
    ordering {steps [prose], shown [number of a step, from 0]}
    words {accepted [text]}             formula {model, wrt, answer}             open {lines}

``content``, ``why``, ``label``, ``prompt``, ``text`` of a scheme and ``answer`` of a formula are
prose; numbers with decimals are texts. Prose and blocks are as in ``export.document_json``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import singledispatch
from itertools import chain
from typing import Any

from rnnsym.blocks import Block
from rnnsym.errors import InputError
from rnnsym.export.document_json import block_json, prose_json
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._numbered import numbered, plain
from rnnsym.item import (
    Choice,
    FormulaAnswer,
    Item,
    Matching,
    Numeric,
    Open,
    Ordering,
    Part,
    Words,
)
from rnnsym.quiz.manifest import check_version, head_data, question_data, rebuilt_paper
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.registry import Kind
from rnnsym.texts import parse_json
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "export", "item_json", "question_text", "read"]

SCHEMA = 1


def export(paper: Paper) -> Exported:
    """Return a paper as one ``.json`` file; nothing is lost."""
    return Exported({f"{paper.name}.json": _paper(paper)})


def read(text: str, kinds: Sequence[Kind] = ()) -> Paper:
    """Return the paper of a ``.json`` file, each question made again from its parameters.

    Args:
        text: of the file.
        kinds: kinds of a user's own that may be run.

    Raises:
        InputError: no such file, one of another version, or a question that comes out otherwise.
    """
    data = _loaded(text)
    check_version("the paper", data)
    if type(data.get("seed")) is not int:
        raise InputError(f"the paper's seed is a whole number, not {data.get('seed')!r}")
    paper = rebuilt_paper("the paper", data, data["seed"], kinds)
    if _loaded(_paper(paper).decode()) != data:
        raise InputError(f"the paper '{paper.name}' comes out otherwise: the file was changed")
    return paper


def _loaded(text: str) -> dict[str, Any]:
    data: dict[str, Any] = parse_json("no paper in JSON", text)
    if not isinstance(data, dict) or not data.keys() >= {"schema", "sections"}:
        raise InputError("no paper in JSON: an object with schema and sections is read")
    if data["schema"] != SCHEMA:
        raise InputError(f"no paper in JSON: schema {SCHEMA} is read, not {data['schema']!r}")
    return data


def _paper(paper: Paper) -> bytes:
    def shown(number: int, item: Item) -> Iterator[str]:
        text = paper.written.get(item.id) or question_text(item, paper.kind_files)
        yield f'{{"number": {number}, {text[1:]}'

    head = {"rnnsym": VERSION, "schema": SCHEMA, "seed": paper.seed, **head_data(paper)}
    sections = (
        _listing({"title": title}, "questions", (shown(*pair) for pair in items))
        for title, items in numbered(paper)
    )
    # Question by question: all of them as one tree would take five times the room.
    return b"".join(map(str.encode, chain(_listing(head, "sections", sections), "\n")))


def _listing(data: dict[str, Any], name: str, members: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the pieces of an object whose last field lists members in pieces."""
    yield f'{_text(data)[:-1]}, "{name}": ['
    for place, pieces in enumerate(members):
        if place:
            yield ", "
        yield from pieces
    yield "]}"


def _text(data: dict[str, Any]) -> str:
    # Indented it would take five times as long, and twice the room.
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def question_text(item: Item, files: Mapping[str, str]) -> str:
    """Return a question but for its number; ``files`` are those of users' kinds, by name."""
    return _text({**question_data(item, files), **item_json(item)})


def item_json(item: Item) -> dict[str, Any]:
    """Return what a question holds besides its kind, id and parameters, as plain data."""
    return {
        "topic": item.topic,
        "level": item.level,
        "minutes": item.minutes,
        "marks": item.marks,
        "convention": item.convention,
        "tags": list(item.tags),
        "stem": _blocks(item.stem),
        "parts": [_part(part) for part in item.parts],
        "proof": {"method": item.proof.method, "error": item.proof.error},
    }


def _part(part: Part) -> dict[str, Any]:
    scheme = [
        {"points": mark.points, "kind": mark.kind, "text": prose_json(mark.text)}
        for mark in part.scheme
    ]
    return {
        "stem": _blocks(part.stem),
        "marks": part.marks,
        "response": _response(part.response),
        "solution": _blocks(part.solution),
        "scheme": scheme,
        "hints": [prose_json(hint) for hint in part.hints],
        "carries": list(part.carries),
    }


def _blocks(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    return [block_json(block) for block in blocks]


# Responses


@singledispatch
def _response(response: object) -> dict[str, Any]:
    raise TypeError(f"no JSON for a {type(response).__name__}")


@_response.register
def _(response: Choice) -> dict[str, Any]:
    options = [
        {
            "content": prose_json(option.content),
            "correct": option.correct,
            "misconception": option.misconception,
            "why": prose_json(option.why),
        }
        for option in response.options
    ]
    return {"type": "choice", "several": response.several, "options": options}


@_response.register
def _(response: Numeric) -> dict[str, Any]:
    blanks = [
        {
            "label": prose_json(blank.label),
            "value": plain(blank.value),
            "tolerance": plain(blank.tolerance),
            "wrong": [
                {
                    "value": plain(wrong.value),
                    "misconception": wrong.misconception,
                    "why": prose_json(wrong.why),
                }
                for wrong in blank.wrong
            ],
        }
        for blank in response.blanks
    ]
    return {"type": "numeric", "blanks": blanks}


@_response.register
def _(response: Matching) -> dict[str, Any]:
    pairs = [{"prompt": prose_json(p), "answer": answer} for p, answer in response.pairs]
    extras, shown = list(response.extras), list(response.shown)
    return {"type": "matching", "pairs": pairs, "extras": extras, "shown": shown}


@_response.register
def _(response: Ordering) -> dict[str, Any]:
    steps = [prose_json(step) for step in response.steps]
    return {"type": "ordering", "steps": steps, "shown": list(response.shown)}


@_response.register
def _(response: Words) -> dict[str, Any]:
    return {"type": "words", "accepted": list(response.accepted)}


@_response.register
def _(response: FormulaAnswer) -> dict[str, Any]:
    answer = prose_json(response.answer)
    return {"type": "formula", "model": response.model, "wrt": response.wrt, "answer": answer}


@_response.register
def _(response: Open) -> dict[str, Any]:
    return {"type": "open", "lines": response.lines}
